"""Does a query answer in the platform's shape, order and pages? (contract 3, 4.3 to 4.6)"""

from typing import Any

import pytest
from contract_org import sign_in
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import (
    SalesforceGeneralError,
    SalesforceMalformedRequest,
)

from sfsync.fake import FakeOrg

CLOSE = "2026-05-01"


def refusal(sf: Salesforce, statement: str) -> tuple[str, str]:
    """Return code and text with which a statement is refused."""
    with pytest.raises(SalesforceMalformedRequest) as error:
        sf.query(statement)
    (problem,) = error.value.content
    return problem["errorCode"], problem["message"]


def records(sf: Salesforce, statement: str) -> list[dict[str, Any]]:
    """Return the records of a query as plain dicts, without attributes."""
    return [
        {key: value for key, value in row.items() if key != "attributes"}
        for row in sf.query_all(statement)["records"]
    ]


def test_rows_have_attributes_and_canonical_names(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 3.2: selected order, canonical case, null present."""
    account = org.add("Account", Name="Acme")
    (row,) = sf.query("select phone, NAME, id from ACCOUNT")["records"]
    assert list(row) == ["attributes", "Phone", "Name", "Id"]
    assert row["Phone"] is None
    assert row["attributes"]["url"] == f"/services/data/v62.0/sobjects/Account/{account}"


def test_parents_are_objects_or_null(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 3.2, 4.4: parents over several levels."""
    boss = org.add("User", Name="Bea Fir", Username="b@example.com", Email="b@example.com")
    rep = org.add("User", Name="Rey Yew", Username="r@example.com", ManagerId=boss)
    account = org.add("Account", Name="Acme", OwnerId=rep)
    org.add("Contact", LastName="Reed", AccountId=account)
    org.add("Contact", LastName="Free")
    statement = (
        "SELECT LastName, Account.Name, Account.Owner.Manager.Email FROM Contact ORDER BY Name DESC"
    )
    with_account, without = sf.query(statement)["records"]
    assert with_account["Account"]["attributes"]["type"] == "Account"
    assert with_account["Account"]["Owner"]["Manager"]["Email"] == "b@example.com"
    assert without["Account"] is None


def test_a_polymorphic_parent_shows_only_name_fields(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 3.2, 4.4: the Name pseudo-object."""
    account = org.add("Account", Name="Acme")
    contact = org.add("Contact", FirstName="Una", LastName="Reed", AccountId=account)
    org.add("Task", WhatId=account, WhoId=contact, Subject="Call")
    org.add("Task", WhoId=contact, Subject="Mail")
    statement = "SELECT What.Name, What.Type, Who.LastName, Owner.Name FROM Task"
    (row, _other) = sf.query(statement)["records"]
    assert row["What"]["attributes"]["type"] == "Name"
    assert (row["What"]["Name"], row["What"]["Type"]) == ("Acme", "Account")
    assert (row["Who"]["LastName"], row["Owner"]["Name"]) == ("Reed", "Service User")
    found = records(sf, "SELECT Subject FROM Task WHERE What.Type IN ('Account', 'Opportunity')")
    assert found == [{"Subject": "Call"}]
    code, text = refusal(sf, "SELECT What.Industry FROM Task")
    assert code == "INVALID_FIELD"
    assert "No such column 'Industry' on entity 'Name'" in text


def test_children_come_as_a_result_of_their_own_or_null(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 3.2, 4.4: subqueries with their own conditions; Account.Tasks are those by What."""
    account = org.add("Account", Name="Acme")
    org.add("Account", Name="Bare")
    deal = org.add(
        "Opportunity", Name="D", AccountId=account, StageName="Prospecting", CloseDate=CLOSE
    )
    for name in ("Reed", "Ash"):
        org.add("Contact", LastName=name, AccountId=account)
    org.remove("Contact", org.add("Contact", LastName="Gone", AccountId=account))
    org.add("Task", WhatId=deal, Subject="of the deal")
    org.add("Task", WhatId=account, Subject="of the account")
    statement = (
        "SELECT Name, (SELECT LastName FROM Contacts ORDER BY LastName LIMIT 5), "
        "(SELECT Subject FROM Tasks WHERE IsClosed = false) FROM Account ORDER BY Name"
    )
    acme, bare = sf.query(statement)["records"]
    assert acme["Contacts"]["totalSize"] == 2
    assert acme["Contacts"]["done"] is True
    assert [row["LastName"] for row in acme["Contacts"]["records"]] == ["Ash", "Reed"]
    assert [row["Subject"] for row in acme["Tasks"]["records"]] == ["of the account"]
    assert bare["Contacts"] is None


def test_an_error_shows_excerpt_caret_and_place(sf: Salesforce) -> None:
    """Contract 3.3, A7."""
    code, text = refusal(sf, "SELECT Id, Nope FROM Account")
    assert code == "INVALID_FIELD"
    assert text == (
        "\nSELECT Id, Nope FROM Account\n           ^\nERROR at Row:1:Column:12\n"
        "No such column 'Nope' on entity 'Account'. If you are attempting to use a custom field, "
        "be sure to append the '__c' after the custom field name. Please reference your WSDL or "
        "the describe call for the appropriate names."
    )
    assert "Row:2:Column:6" in refusal(sf, "SELECT Id\nFROM Nope")[1]


@pytest.mark.parametrize(
    ("statement", "code", "text"),
    [
        ("SELECT Id FROM Nope", "INVALID_TYPE", "sObject type 'Nope' is not supported"),
        ("SELECT Id", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        ("SELECT Id FROM Account WHERE", "MALFORMED_QUERY", "unexpected token"),
        ("SELECT Id FROM Account LIMIT 'x'", "MALFORMED_QUERY", "unexpected token"),
        ("SELECT Id FROM Account FOR UPDATE", "MALFORMED_QUERY", "unexpected token: 'FOR'"),
        ("SELECT Id FROM Account ALL ROWS", "MALFORMED_QUERY", "unexpected token: 'ALL'"),
        ("SELECT Id, Id FROM Account", "INVALID_FIELD", "duplicate field selected: Id"),
        ("SELECT Nope.Name FROM Account", "INVALID_FIELD", "Didn't understand relationship 'Nope'"),
        ("SELECT (SELECT Id FROM Nopes) FROM Account", "INVALID_TYPE", "FROM part of query call"),
        ("SELECT Id FROM Account ORDER BY Description", "MALFORMED_QUERY", "can not be sorted"),
        ("SELECT Id FROM Account OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "offset"),
        ("SELECT FIELDS(ALL) FROM Account", "MALFORMED_QUERY", "must have a LIMIT of at most 200"),
        ("SELECT FIELDS(CUSTOM) FROM Account LIMIT 201", "MALFORMED_QUERY", "LIMIT of at most 200"),
        ("SELECT Name, COUNT(Id) FROM Account", "MALFORMED_QUERY", "must be grouped or aggregated"),
        ("SELECT CreatedDate FROM Account GROUP BY CreatedDate", "MALFORMED_QUERY", "be grouped"),
        ("SELECT COUNT(Id) FROM Account LIMIT 1", "MALFORMED_QUERY", "GROUP BY"),
        ("SELECT SUM(Name) FROM Account", "MALFORMED_QUERY", "aggregate operator SUM"),
        ("SELECT MAX(Vip__c) FROM Account", "MALFORMED_QUERY", "aggregate operator MAX"),
        ("SELECT toLabel(Name) FROM Account", "MALFORMED_QUERY", "does not offer the function"),
    ],
)  # fmt: skip
def test_a_bad_statement_is_refused(sf: Salesforce, statement: str, code: str, text: str) -> None:
    """Contract 3.3, 4.5, 4.6."""
    found = refusal(sf, statement)
    assert found[0] == code
    assert text in found[1]


def test_semi_joins_and_anti_joins_answer(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 4.3."""
    acme, fern = org.add("Account", Name="Acme"), org.add("Account", Name="Fern")
    org.add("Contact", LastName="Reed", Title="CEO", AccountId=acme)
    org.remove("Contact", org.add("Contact", LastName="Gone", Title="CEO", AccountId=fern))
    inner = "(SELECT AccountId FROM Contact WHERE Title = 'CEO')"
    assert records(sf, f"SELECT Name FROM Account WHERE Id IN {inner}") == [{"Name": "Acme"}]
    assert records(sf, f"SELECT Name FROM Account WHERE Id NOT IN {inner}") == [{"Name": "Fern"}]
    org.add("Task", WhatId=acme, Subject="Call")
    outer = "SELECT Subject FROM Task WHERE AccountId IN (SELECT Id FROM Account)"
    assert records(sf, outer) == [{"Subject": "Call"}]


@pytest.mark.parametrize(
    "where",
    [
        "Id IN (SELECT AccountId FROM Task)",
        "Id NOT IN (SELECT WhatId FROM Event)",
        "Id IN (SELECT AccountId FROM Contact) OR Name = 'x'",
        "NOT Id IN (SELECT AccountId FROM Contact)",
        "ParentId IN (SELECT Id FROM Account)",
        "Id IN (SELECT AccountId FROM Contact WHERE Id IN (SELECT ContactId FROM CampaignMember))",
        "Id IN (SELECT AccountId, Id FROM Contact)",
        "Id IN (SELECT Account.ParentId FROM Contact)",
        "Id IN (SELECT LastName FROM Contact)",
        "Name IN (SELECT AccountId FROM Contact)",
        "Id IN (SELECT AccountId FROM Contact LIMIT 1)",
        "Id IN (SELECT AccountId FROM Contact) AND OwnerId IN (SELECT Id FROM User) "
        "AND ParentId IN (SELECT AccountId FROM Opportunity)",
    ],
)
def test_joins_the_platform_does_not_know_are_refused(sf: Salesforce, where: str) -> None:
    """Contract 4.3: restrictions of semi- and anti-joins."""
    assert refusal(sf, f"SELECT Id FROM Account WHERE {where}")[0] == "MALFORMED_QUERY"


def test_the_refusal_of_tasks_names_them(sf: Salesforce) -> None:
    """Contract 3.3: the text for unsupported entities."""
    text = refusal(sf, "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Task)")[1]
    assert text.endswith("Entity 'Task' is not supported for semi join inner selects")


@pytest.fixture
def deals(org: FakeOrg) -> FakeOrg:
    """Three opportunities of two accounts."""
    acme, fern = org.add("Account", Name="Acme"), org.add("Account", Name="Fern")
    for account, stage, amount in (
        (acme, "Prospecting", 100),
        (acme, "Closed Won", 50),
        (fern, "Prospecting", None),
    ):
        org.add(
            "Opportunity",
            Name="D",
            AccountId=account,
            StageName=stage,
            Amount=amount,
            CloseDate=CLOSE,
        )
    return org


def test_aggregates_ignore_nulls_and_number_their_columns(deals: FakeOrg) -> None:
    """Contract 3.2: expr0, aliases, COUNT(field) ignores nulls."""
    statement = (
        "SELECT StageName, COUNT(Id), SUM(Amount) total, COUNT(Amount), AVG(Amount) "
        "FROM Opportunity GROUP BY StageName ORDER BY StageName"
    )
    rows = sign_in(deals).query(statement)["records"]
    assert rows[0]["attributes"] == {"type": "AggregateResult"}
    assert [dict(row) for row in rows] == [
        {
            "attributes": {"type": "AggregateResult"},
            "StageName": "Prospecting",
            "expr0": 2,
            "total": 100.0,
            "expr1": 1,
            "expr2": 100.0,
        },
        {
            "attributes": {"type": "AggregateResult"},
            "StageName": "Closed Won",
            "expr0": 1,
            "total": 50.0,
            "expr1": 1,
            "expr2": 50.0,
        },
    ]


def test_groups_are_counted_chosen_and_named(deals: FakeOrg) -> None:
    """Contract 3.2, 4.5: HAVING, parent fields by their last name, COUNT_DISTINCT, MIN, MAX."""
    sf = sign_in(deals)
    statement = (
        "SELECT Account.Name, COUNT_DISTINCT(StageName) n, MIN(Amount) low, MAX(CloseDate) last "
        "FROM Opportunity GROUP BY Account.Name HAVING COUNT(Id) > 1"
    )
    assert records(sf, statement) == [{"Name": "Acme", "n": 2, "low": 50.0, "last": CLOSE}]
    assert sf.query("SELECT COUNT() FROM Opportunity WHERE Amount > 10") == {
        "totalSize": 2,
        "done": True,
        "records": [],
    }
    none = records(sf, "SELECT SUM(Amount), COUNT(Id) FROM Opportunity WHERE Amount > 1000")
    assert none == [{"expr0": None, "expr1": 0}]


def test_more_than_2000_groups_are_refused(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 3.3: EXCEEDED_ID_LIMIT."""
    for number in range(2001):
        org.add("Account", Name=f"A{number}")
    code, text = refusal(sf, "SELECT Name, COUNT(Id) FROM Account GROUP BY Name")
    assert code == "EXCEEDED_ID_LIMIT"
    assert "does not support queryMore()" in text


def test_nulls_come_first_and_text_ignores_case(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 4.6: order; uncertain for DESC, here as the guide says."""
    for name, phone in (("a", "b"), ("b", None), ("C", "A"), ("d", "c")):
        org.add("Account", Name=name, Phone=phone)

    def order(by: str) -> str:
        return "".join(
            row["Name"] for row in records(sf, f"SELECT Name FROM Account ORDER BY {by}")
        )

    assert order("Name") == "abCd"
    assert order("Name DESC") == "dCba"
    assert order("Phone") == "bCad"
    assert order("Phone DESC") == "bdaC"
    assert order("Phone DESC NULLS LAST") == "daCb"
    assert order("IsDeleted, Name DESC") == "dCba"
    assert order("Owner.Name NULLS LAST, Phone NULLS LAST") == "Cadb"


def test_picklists_sort_by_their_setup(deals: FakeOrg) -> None:
    """Contract 4.6: not alphabetically."""
    rows = records(sign_in(deals), "SELECT StageName FROM Opportunity ORDER BY StageName DESC")
    assert [row["StageName"] for row in rows] == ["Closed Won", "Prospecting", "Prospecting"]


def test_limit_and_offset_cut_the_result(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 3.1, 4.6: totalSize counts after LIMIT and OFFSET."""
    for number in range(5):
        org.add("Account", Name=str(number))
    reply = sf.query("SELECT Name FROM Account ORDER BY Name LIMIT 2 OFFSET 1")
    assert (reply["totalSize"], [row["Name"] for row in reply["records"]]) == (2, ["1", "2"])
    assert sf.query("SELECT Name FROM Account LIMIT 0")["records"] == []


def test_fields_functions_name_the_fields(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 4.6: FIELDS(ALL | STANDARD | CUSTOM)."""
    org.add("Account", Name="Acme")
    (row,) = records(sf, "SELECT FIELDS(CUSTOM), Name FROM Account LIMIT 200")
    assert set(row) == {
        each
        for each in org.record("Account", org.records("Account")[0]["Id"])
        if each.endswith("__c")
    } | {"Name"}
    (row,) = records(sf, "SELECT FIELDS(STANDARD) FROM Account")
    assert "Name" in row
    assert "Status__c" not in row
    (row,) = records(sf, "SELECT FIELDS(ALL) FROM Account LIMIT 1")
    assert {"Name", "Status__c"} <= set(row)


@pytest.fixture
def many(org: FakeOrg) -> FakeOrg:
    """An org with 2,100 accounts."""
    for number in range(2100):
        org.add("Account", Name=f"A{number}")
    return org


def test_long_results_come_in_pages_of_2000(many: FakeOrg) -> None:
    """Contract 3.1: locator, done, totalSize; rows deleted meanwhile vanish."""
    sf = sign_in(many)
    first = sf.query("SELECT Id, Name FROM Account")
    assert (first["totalSize"], first["done"], len(first["records"])) == (2100, False, 2000)
    assert first["nextRecordsUrl"].startswith("/services/data/v62.0/query/01g")
    assert first["nextRecordsUrl"].endswith("-2000")
    last = many.records("Account")[-1]["Id"]
    many.edit("Account", last, Name="renamed")
    many.remove("Account", many.records("Account")[-2]["Id"])
    second = sf.query_more(first["nextRecordsUrl"], identifier_is_url=True)
    assert second["done"] is True
    assert len(second["records"]) == 99
    assert second["records"][-1]["Name"] == "renamed"
    assert "nextRecordsUrl" not in second


def test_the_page_size_is_a_wish(many: FakeOrg) -> None:
    """Contract 3.1: batchSize from 200 to 2,000; the server may return fewer."""
    sf = sign_in(many)

    def page(size: int) -> int:
        headers = {"Sforce-Query-Options": f"batchSize={size}"}
        return len(sf.query("SELECT Id FROM Account", headers=headers)["records"])

    assert [page(500), page(10), page(9000)] == [500, 200, 2000]
    many.state.page_size_limit = 90
    assert page(500) == 90
    assert len(sf.query_all("SELECT Id FROM Account")["records"]) == 2100


def test_a_locator_lives_two_days(many: FakeOrg) -> None:
    """Contract 3.1: INVALID_QUERY_LOCATOR when bad or expired."""
    sf = sign_in(many)
    url = sf.query("SELECT Id FROM Account")["nextRecordsUrl"]
    for bad in ("nonsense-2000", "01g000000000009AAA-2000"):
        with pytest.raises(SalesforceMalformedRequest) as error:
            sf.query_more(bad)
        assert error.value.content[0]["errorCode"] == "INVALID_QUERY_LOCATOR"
    many.clock.advance(2 * 24 * 3600 + 1)
    with pytest.raises(SalesforceMalformedRequest) as error:
        sf.query_more(url, identifier_is_url=True)
    assert error.value.content[0]["errorCode"] == "INVALID_QUERY_LOCATOR"


def test_children_have_pages_of_their_own(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 3.1: a child's nextRecordsUrl, which query_all does not follow."""
    account = org.add("Account", Name="Acme")
    for number in range(3):
        org.add("Contact", LastName=str(number), AccountId=account)
    org.state.page_size_limit = 2
    (row,) = sf.query("SELECT (SELECT LastName FROM Contacts) FROM Account")["records"]
    children = row["Contacts"]
    assert (children["totalSize"], children["done"], len(children["records"])) == (3, False, 2)
    rest = sf.query_more(children["nextRecordsUrl"], identifier_is_url=True)
    assert [each["LastName"] for each in rest["records"]] == ["2"]


def test_query_all_shows_what_is_deleted(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 3.1: query hides deleted rows."""
    org.remove("Account", org.add("Account", Name="Gone"))
    org.add("Account", Name="Acme")
    statement = "SELECT Name FROM Account"
    assert [row["Name"] for row in sf.query(statement)["records"]] == ["Acme"]
    found = sf.query_all(statement + " WHERE IsDeleted = true", include_deleted=True)["records"]
    assert [row["Name"] for row in found] == ["Gone"]


def test_a_statement_too_long_for_a_uri_is_refused_by_the_edge(sf: Salesforce) -> None:
    """Contract 3.3: 414 over 16,384 bytes, with an HTML body."""
    ids = "','".join(["001000000000001AAA"] * 700)
    with pytest.raises(SalesforceGeneralError) as error:
        sf.query(f"SELECT Id FROM Account WHERE Id IN ('{ids}')")
    assert error.value.status == 414
    assert "<html>" in error.value.content
