"""Is an upload read as strictly as on the platform? (contract 6.2)"""

import pytest
from bulk_client import run_job
from simple_salesforce import Salesforce

from sfsync.fake import FakeOrg


@pytest.fixture
def account(org: FakeOrg) -> str:
    """An account with a value in each kind of field."""
    return org.add(
        "Account",
        Name="A",
        Number__c="n1",
        Phone="1",
        Vip__c=True,
        Score__c=1.5,
        NumberOfEmployees=3,
        Until__c="2026-01-01",
    )


def failed(sf: Salesforce, text: str | bytes, operation: str = "update", **more: str) -> str:
    """Run a job that must fail as a whole and return its error message."""
    job = run_job(sf, text, operation, **more)
    shown = job.look()
    assert (shown["state"], shown["numberRecordsProcessed"]) == ("Failed", 0)
    message: str = shown["errorMessage"]
    return message


def test_an_empty_cell_says_nothing_and_na_empties(
    org: FakeOrg, sf: Salesforce, account: str
) -> None:
    """Contract 6.2: empty is unchanged, #N/A is null; cells are not trimmed."""
    before = org.record("Account", account)
    text = f"Id,Phone,Until__c,Score__c,Description\n{account},,#N/A,#N/A, x \n"
    assert run_job(sf, text).errors() == []
    after = org.record("Account", account)
    assert (after["Phone"], after["Until__c"], after["Score__c"]) == ("1", None, None)
    assert after["Description"] == " x "
    assert before["Score__c"] == 1.5


@pytest.mark.parametrize(
    ("field", "cell", "value"),
    [
        ("Vip__c", "false", False),
        ("Vip__c", "0", False),
        ("Vip__c", "1", True),
        ("NumberOfEmployees", "12", 12),
        ("Score__c", "2", 2.0),
        ("Score__c", "-0.5", -0.5),
        ("Until__c", "2026-02-03", "2026-02-03"),
        ("Target_At__c", "2026-02-03T10:11:12Z", "2026-02-03T10:11:12.000+0000"),
        ("Target_At__c", "2026-02-03T10:11:12.000+02:00", "2026-02-03T08:11:12.000+0000"),
        ("Tags__c", "A;C", "A;C"),
        ("Number__c", "007", "007"),
    ],
)
def test_cells_are_read_by_the_type_of_their_field(
    org: FakeOrg, sf: Salesforce, account: str, field: str, cell: str, value: object
) -> None:
    """Contract 6.2: dates, datetimes with zone, booleans; the header in any case."""
    assert run_job(sf, f"ID,{field.upper()}\n{account},{cell}\n").errors() == []
    assert org.record("Account", account)[field] == value


@pytest.mark.parametrize(
    ("field", "cell", "code"),
    [
        ("Vip__c", "maybe", "INVALID_TYPE_ON_FIELD_IN_RECORD"),
        ("NumberOfEmployees", "1.5", "INVALID_TYPE_ON_FIELD_IN_RECORD"),
        ("NumberOfEmployees", " 12", "INVALID_TYPE_ON_FIELD_IN_RECORD"),
        ("Score__c", "1_0", "INVALID_TYPE_ON_FIELD_IN_RECORD"),
        ("Score__c", "nan", "INVALID_TYPE_ON_FIELD_IN_RECORD"),
        ("Until__c", "03.02.2026", "INVALID_TYPE_ON_FIELD_IN_RECORD"),
        ("Until__c", "2026-02-30", "INVALID_TYPE_ON_FIELD_IN_RECORD"),
        ("Target_At__c", "2026-02-03 10:11:12", "INVALID_TYPE_ON_FIELD_IN_RECORD"),
        ("Target_At__c", "2026-02-03 10:11:12Z", "INVALID_TYPE_ON_FIELD_IN_RECORD"),
        ("Target_At__c", "2026-02-03T10:11:12", "INVALID_TYPE_ON_FIELD_IN_RECORD"),
        ("OwnerId", "bogus", "MALFORMED_ID"),
        ("OwnerId", "001000000000zzzAAA", "MALFORMED_ID"),
        ("Number__c", "x" * 21, "STRING_TOO_LONG"),
        ("Age__c", "1", "INVALID_FIELD_FOR_INSERT_UPDATE"),
    ],
)
def test_a_bad_row_fails_alone(
    org: FakeOrg, sf: Salesforce, account: str, field: str, cell: str, code: str
) -> None:
    """Contract 6.2, 5.2: the other rows are written."""
    other = org.add("Account", Name="B")
    job = run_job(sf, f"Id,Name,{field}\n{account},X,{cell}\n{other},Y,\n")
    (refused,) = job.file("failedResults")
    assert refused["sf__Error"].startswith(f"{code}:")
    assert refused["sf__Error"].endswith(f":{field} --")
    assert (refused["sf__Id"], refused[field]) == (account, cell)
    names = (org.record("Account", account)["Name"], org.record("Account", other)["Name"])
    assert names == ("A", "Y")


def test_a_row_of_the_wrong_form_fails_alone(org: FakeOrg, sf: Salesforce, account: str) -> None:
    """Contract 6.2: a space next to a quote is an error of the row; a wrong number of columns."""
    good = [
        f'"{account}","a ""b""","c\nd"',
        f'{account}, e ," f "',
    ]
    bad = {
        f'{account}, "x",y': "a quote stands after ' '",
        f'{account},"x" ,y': "a quote stands before ' '",
        f'{account},x"y,z': "a quote stands after 'x'",
        f"{account},x": "the row has 2 columns, the header 3",
        f"{account},x,y,z": "the row has 4 columns, the header 3",
        f'{account},x,"y': "a quoted cell has no end",
    }
    lines = ["Id,Phone,Description", good[0], *list(bad)[:5], *good[1:], list(bad)[5]]
    job = run_job(sf, "\n".join(lines))
    assert job.errors() == sorted(
        [f"API_ERROR:CSV: {each}:--" for each in bad.values()]
        + [f"DUPLICATE_VALUE:Duplicate id specified: {account}:--"]
    )
    assert org.record("Account", account)["Description"] == "c\nd"
    assert org.record("Account", account)["Phone"] == 'a "b"'


@pytest.mark.parametrize(
    ("delimiter", "mark"),
    [
        ("BACKQUOTE", "`"),
        ("CARET", "^"),
        ("COMMA", ","),
        ("PIPE", "|"),
        ("SEMICOLON", ";"),
        ("TAB", "\t"),
    ],
)
def test_uploads_and_results_have_the_delimiter_of_the_job(
    org: FakeOrg, sf: Salesforce, account: str, delimiter: str, mark: str
) -> None:
    """Contract 6.2: six delimiters; with another one the header is one unknown field."""
    text = f'Id{mark}Phone\r\n{account}{mark}"a{mark}b"\r\n'
    job = run_job(sf, text, columnDelimiter=delimiter, lineEnding="CRLF")
    (row,) = job.file("successfulResults", mark)
    assert row["Phone"] == org.record("Account", account)["Phone"] == f"a{mark}b"
    assert job.ask("GET", "/successfulResults").text.count("\r\n") == 2
    other = "COMMA" if delimiter != "COMMA" else "PIPE"
    message = failed(sf, text, columnDelimiter=other, lineEnding="CRLF")
    assert message == f"InvalidBatch : Field name not found : Id{mark}Phone"


@pytest.mark.parametrize(
    ("ending", "text"),
    [
        ("LF", "Name\r\nA\r\n"),
        ("LF", "Name\nA\r\n"),
        ("LF", "Name\rA\r"),
        ("LF", "Name\nA\r"),
        ("CRLF", "Name\nA\n"),
        ("CRLF", "Name\r\nA\n"),
        ("CRLF", "Name\rA\r"),
    ],
)
def test_another_line_ending_than_the_job_says_fails_it(
    org: FakeOrg, sf: Salesforce, ending: str, text: str
) -> None:
    """Contract 6.2: LF or CRLF, throughout."""
    assert failed(sf, text, "insert", lineEnding=ending) == (
        "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is "
        f"{ending}"
    )
    assert org.records("Account") == []


def test_line_breaks_in_quotes_are_values(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 6.2: whatever the line ending; the last line needs none, empty lines are nothing."""
    run_job(sf, 'Name,Description\nA,"1\r\n2"\n\nB,"3\n4"', "insert")
    run_job(sf, 'Name,Description\r\nC,"5\n6"\r\n\r\n', "insert", lineEnding="CRLF")
    assert [each["Description"] for each in org.records("Account")] == ["1\r\n2", "3\n4", "5\n6"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Id,Nope__c\n", "Field name not found : Nope__c"),
        ("Id, Phone\n", "Field name not found :  Phone"),
        ("\ufeffId\n", "Field name not found : \ufeffId"),
        ("Id,BillingAddress\n", "Field name not found : BillingAddress"),
        ("Id,Nobody.Email\n", "Field name not found : Nobody.Email"),
        ("Id,Owner.Nope__c\n", "Field name not found : Owner.Nope__c"),
        ("Id,Phone,phone\n", "Duplicate field name in the header : Phone"),
        ("Id,Parent.Phone\n", "Field name provided, Phone does not match an External ID"),
        ('Id,"Phone" \n', "Failed to parse CSV header. a quote stands before ' '"),
        ("", "Failed to parse CSV header. The upload is empty"),
        (b"Id\n\xff\n", "The upload is not UTF-8 at byte 3"),
        ("Id," + ",".join(f"F{at}" for at in range(5_000)) + "\n", "The header has more than"),
        ("Id,Phone\n1," + "x" * 131_073 + "\n", "Failed to parse CSV at line 2"),
    ],
)
def test_what_is_wrong_with_the_header_fails_the_job(
    sf: Salesforce, text: str | bytes, message: str
) -> None:
    """Contract 6.1, 6.2: Failed, InvalidBatch."""
    assert failed(sf, text).startswith(f"InvalidBatch : {message}")


def test_a_hidden_field_is_not_found(org: FakeOrg, sf: Salesforce, account: str) -> None:
    """Contract 6.1, 8.11."""
    org.hide_field("Account", "Phone")
    text = f"Id,Phone\n{account},1\n"
    assert failed(sf, text).endswith("Field name not found : Phone")
    job = run_job(sf, text)
    assert job.file("unprocessedrecords") == [{"Id": account, "Phone": "1"}]


def test_a_row_needs_its_id(org: FakeOrg, sf: Salesforce, account: str) -> None:
    """Contract 5.2: an update without Id, of nothing, of another object, of a deleted record."""
    gone = org.add("Account", Name="B", IsDeleted=True)
    contact = org.add("Contact", LastName="Li")
    job = run_job(sf, f'Id,Phone\n"",1\n001000000000zzzAAA,1\n{contact},1\n{gone},1\nbogus,1\n')
    assert job.errors() == [
        "ENTITY_IS_DELETED:entity is deleted:--",
        "INVALID_CROSS_REFERENCE_KEY:invalid cross reference id:--",
        f"MALFORMED_ID:Account ID: id value of incorrect type: {contact}:Id --",
        "MALFORMED_ID:Account ID: id value of incorrect type: bogus:Id --",
        "MISSING_ARGUMENT:Id not specified in an update call:--",
    ]
    assert [each.partition(":")[0] for each in run_job(sf, "Phone\n1\n").errors()] == [
        "MISSING_ARGUMENT"
    ]
    assert run_job(sf, f"Id,Phone\n{account[:15]},5\n").errors() == []


def test_parents_may_be_named_by_external_id(org: FakeOrg, sf: Salesforce, account: str) -> None:
    """Contract 6.2: `Rel.ExtField`, with the object in front where several are possible."""
    org.add("Account", Name="Late", Number__c="n2")
    text = "LastName,Account.Number__c\nLi,N1\nNo,nope\n"
    job = run_job(sf, text, "insert", object="Contact")
    assert job.errors() == [
        "INVALID_FIELD:Foreign key external ID: nope not found for field Number__c in entity "
        "Account:--"
    ]
    (contact,) = org.records("Contact")
    assert contact["AccountId"] == account
    assert (
        run_job(sf, f"Id,Account.Number__c\n{contact['Id']},#N/A\n", object="Contact").errors()
        == []
    )
    assert org.record("Contact", str(contact["Id"]))["AccountId"] is None
    text = "Subject,Account:What.Number__c\nCall,n1\n"
    assert run_job(sf, text, "insert", object="Task").errors() == []
    assert [each["WhatId"] for each in org.records("Task")] == [account]
    for header in ("What.Number__c", "User:What.Email", "Contact:What.Number__c"):
        message = failed(sf, f"Subject,{header}\n", "insert", object="Task")
        assert message == f"InvalidBatch : Field name not found : {header}"


def test_external_ids_given_by_the_job_itself_are_known_to_later_rows(
    org: FakeOrg, sf: Salesforce, account: str
) -> None:
    """Contract 6.2: rows see what rows before them have written."""
    text = "Name,Number__c,Parent.Number__c\nB,n2,n1\nC,n3,n2\n,n4,n1\nD,n5,n4\n"
    job = run_job(sf, text, "insert")
    assert len(job.errors()) == 2
    _a, b, c = org.records("Account")
    assert (b["ParentId"], c["ParentId"]) == (account, b["Id"])
    text = f"Id,Number__c,Parent.Number__c\n{b['Id']},m2,n1\n{account},,m2\n{c['Id']},,n2\n"
    (error,) = run_job(sf, text).errors()
    assert error.startswith("INVALID_FIELD:Foreign key external ID: n2 not found")
    assert org.record("Account", account)["ParentId"] == b["Id"]
