"""Does the door to Salesforce read an org as its roles promise?"""

import logging
import re
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
import requests
import responses
from entering import connect, connect_reader
from scripted_org import DATA, HOST, TOKEN, described, page

from sfsync.errors import OrgRefused, OrgUnavailable
from sfsync.fake import FakeOrg
from sfsync.org import Org, OrgReader, Question
from sfsync.org.soql import LONGEST_STATEMENT, condition, select, selects_of_ids

NOW = datetime(2026, 6, 15, 8, 0, tzinfo=UTC)
UNKNOWN = "001000000000zzzAAA"


@pytest.fixture
def fake() -> FakeOrg:
    return FakeOrg.standard(NOW, zone="Europe/Paris")


def add_accounts(fake: FakeOrg, count: int) -> list[str]:
    return [fake.add("Account", Name=f"Account {number}") for number in range(count)]


def read_all(tables: Iterable[pa.Table]) -> list[dict[str, object]]:
    return [row for table in tables for row in table.to_pylist()]


def test_the_org_introduces_itself(fake: FakeOrg, org: Org) -> None:
    organization = fake.records("Organization")[0]

    assert org.id == organization["Id"]
    assert len(org.id) == 18
    assert org.name == organization["Name"]
    assert org.zone == "Europe/Paris"
    assert org.user_id == fake.user_id
    assert org.url == f"https://{fake.host}"


def test_a_wrong_token_is_refused_at_once(fake: FakeOrg, slept: list[float]) -> None:
    with pytest.raises(OrgRefused, match="sign in again"):
        connect(fake.session(), fake.host, "00Dwrong!token", sleep=slept.append)

    assert slept == []


def test_fields_are_described_once_and_as_the_org_says(fake: FakeOrg, org: Org) -> None:
    before = org.calls
    fields = org.fields("Opportunity")
    again = org.fields("Opportunity")

    assert org.calls == before + 1
    assert again is fields
    assert fields is not None
    assert fields["StageName"].type == "picklist"
    assert "Closed Won" in fields["StageName"].values
    assert fields["IsWon"].updateable is False
    assert fields["AccountId"].reference_to == ("Account",)
    assert fields["Name"].length == 120


@pytest.mark.parametrize("object", ["Nonsense__c", "Account/describe", "", "Account WHERE"])
def test_an_object_that_is_not_there_has_no_fields(org: Org, object: str) -> None:
    before = org.calls

    assert org.fields(object) is None
    assert org.calls == before + (object == "Nonsense__c")


def test_tables_give_all_records_with_their_id_and_just_the_fields_asked_for(
    fake: FakeOrg, org: Org
) -> None:
    ids = add_accounts(fake, 4_500)
    org.fields("Account")
    before = org.calls

    tables = list(org.tables("Account", ["Name", "Website", "Name", "Id"]))

    assert org.calls - before == 3
    assert {table.schema for table in tables} == {
        pa.schema([(name, pa.string()) for name in ("Id", "Name", "Website")])
    }
    rows = read_all(tables)
    assert rows[0] == {"Id": ids[0], "Name": "Account 0", "Website": None}
    assert sorted(str(row["Id"]) for row in rows) == sorted(ids)


def test_tables_hold_text_as_the_api_writes_it(fake: FakeOrg, org: Org) -> None:
    account = fake.add("Account", Name="NA", BillingPostalCode="007", Phone=None)
    fake.add(
        "Opportunity",
        Name="a\u2028b",
        AccountId=account,
        StageName="Prospecting",
        CloseDate="2026-07-01",
        Amount=12.5,
        CreatedDate="2026-06-15T08:00:00.000+0000",
    )

    fields = ["Name", "Amount", "CloseDate", "IsWon", "CreatedDate", "NextStep"]
    (row,) = read_all(org.tables("Opportunity", fields))
    (other,) = read_all(org.tables("Account", ["Name", "BillingPostalCode", "Phone"]))

    assert list(row.values())[1:] == [
        "a\u2028b", "12.5", "2026-07-01", "false", "2026-06-15T08:00:00.000+0000", None
    ]  # fmt: skip
    assert list(other.values())[1:] == ["NA", "007", None]


def test_tables_are_narrowed_by_a_quoted_condition(fake: FakeOrg, org: Org) -> None:
    fake.add("Account", Name="O'Neil & Sons")
    fake.add("Account", Name="Other")

    narrow = condition("Name = {} OR Name = 'x'", "O'Neil & Sons")
    rows = read_all(org.tables("Account", ["Name"], where=narrow))

    assert [row["Name"] for row in rows] == ["O'Neil & Sons"]


def test_deleted_records_never_come_and_archived_ones_when_asked_for(
    fake: FakeOrg, org: Org
) -> None:
    account = fake.add("Account", Name="Acme")
    old = fake.add(
        "Task",
        Subject="old",
        WhatId=account,
        Status="Completed",
        ActivityDate="2024-01-10",
        CreatedDate="2024-01-10T08:00:00.000+0000",
    )
    recent = fake.add("Task", Subject="recent", WhatId=account)
    gone = fake.add("Task", Subject="gone", WhatId=account)
    fake.remove("Task", gone)

    def seen(*, archived: bool, where: str = "") -> set[object]:
        tables = org.tables("Task", ["Id"], archived=archived, where=where)
        return {row["Id"] for row in read_all(tables)}

    def told_deleted(*, archived: bool) -> dict[object, object]:
        tables = org.tables("Task", ["IsDeleted"], archived=archived)
        return {row["Id"]: row["IsDeleted"] for row in read_all(tables)}

    assert seen(archived=False) == {recent}
    assert seen(archived=True) == {old, recent}
    assert seen(archived=True, where="Subject = 'old' OR Subject = 'gone'") == {old}
    assert told_deleted(archived=True) == {old: "false", recent: "false", gone: "true"}
    assert told_deleted(archived=False) == {recent: "false", gone: "true"}
    assert set(org.records("Task", [old, recent, gone], ["Subject"])) == {old, recent}


def test_objects_without_deletion_can_be_read_with_their_archive(org: Org, fake: FakeOrg) -> None:
    rows = read_all(org.tables("User", ["Id"], archived=True))

    assert fake.user_id in {row["Id"] for row in rows}


def test_names_that_the_org_does_not_know_are_refused_all_together(org: Org) -> None:
    with pytest.raises(OrgRefused, match=r"Account: .*: Nope__c, Nor__c\."):
        org.tables("Account", ["Nor__c", "Name", "Nope__c"])
    with pytest.raises(OrgRefused, match="Nonsense__c: the org has no such object"):
        org.tables("Nonsense__c", ["Id"])
    with pytest.raises(OrgRefused, match="Nope__c"):
        org.records("Account", [], ["Nope__c"])


def test_a_field_made_of_others_is_refused(org: Org) -> None:
    known = org.fields("Account")
    assert known is not None
    assert known["BillingAddress"].type == "address"

    with pytest.raises(OrgRefused, match=r"BillingAddress\. Ask for the parts"):
        org.tables("Account", ["BillingAddress"])


def test_records_come_by_id_and_what_is_gone_is_absent(fake: FakeOrg, org: Org) -> None:
    kept, gone = add_accounts(fake, 2)
    fake.remove("Account", gone)

    found = org.records("Account", [kept, gone, UNKNOWN, kept], ["Name", "SystemModstamp"])

    assert set(found) == {kept}
    assert found[kept]["Name"] == "Account 0"
    assert found[kept]["SystemModstamp"] == fake.record("Account", kept)["SystemModstamp"]


def test_any_number_of_records_is_read_by_id_in_few_calls(fake: FakeOrg, org: Org) -> None:
    ids = add_accounts(fake, 2_001)
    org.fields("Account")
    before = org.calls

    found = org.records("Account", ids, ["Id"])

    assert list(found) == sorted(ids)
    assert org.calls - before == 1


def test_many_wide_records_are_read_in_requests_that_are_short_enough(
    fake: FakeOrg, org: Org
) -> None:
    ids = add_accounts(fake, 400)
    known = org.fields("Account")
    assert known is not None
    fields = [name for name, field in known.items() if field.type != "address"]

    found = org.records("Account", ids, fields)

    assert len(found) == 400
    assert set(found[ids[0]]) == set(fields)


@pytest.mark.parametrize("id", ["", "001", "001000000000001' OR Name != '", "x" * 16])
def test_what_is_no_id_is_refused_before_it_is_sent(org: Org, id: str) -> None:
    org.fields("Account")
    before = org.calls

    with pytest.raises(OrgRefused, match="not a Salesforce Id"):
        org.records("Account", [id], ["Name"])

    assert org.calls == before


def test_the_budget_is_what_the_org_says_is_left(fake: FakeOrg, org: Org) -> None:
    first = org.budget()
    second = org.budget()

    assert first is not None
    assert second is not None
    assert first.left == first.total - first.used
    assert second.used == first.used + 1


def test_the_roles_are_light_to_import() -> None:
    code = "import sys, sfsync.org; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert not {"simple_salesforce", "zeep", "requests"} & set(done.stdout.split())


def test_the_reader_is_all_that_an_org_reader_promises(fake: FakeOrg) -> None:
    reader: OrgReader = connect_reader(fake.session(), fake.host, fake.token())

    promised = {name for name in vars(OrgReader) if not name.startswith("_")}

    assert promised <= set(dir(reader))


def test_a_lost_cursor_ends_the_reading_as_unavailable(fake: FakeOrg, org: Org) -> None:
    add_accounts(fake, 2_001)
    tables = org.tables("Account", ["Name"])
    next(tables)
    fake.state.cursors.clear()

    with pytest.raises(OrgUnavailable, match="read the object again"):
        next(tables)


def test_a_used_up_quota_is_refused_and_says_so(fake: FakeOrg, org: Org) -> None:
    fake.state.daily_quota = 0

    with pytest.raises(OrgRefused, match="used up"):
        org.fields("Account")


def test_a_field_hidden_from_the_user_cannot_be_read_and_says_why(fake: FakeOrg) -> None:
    fake.hide_field("Account", "Website")
    org = connect_reader(fake.session(), fake.host, fake.token())

    with pytest.raises(OrgRefused, match=r"hides it from the service's user: Website\."):
        org.tables("Account", ["Website"])


@pytest.mark.parametrize("zone", ["Europe/Atlantis", "../etc/passwd", "Europe"])
def test_an_org_in_a_zone_that_nobody_knows_is_refused(zone: str) -> None:
    with responses.RequestsMock() as mock:
        fields = described("Organization", "Id", "TimeZoneSidKey")
        mock.get(f"{DATA}/sobjects/Organization/describe", json=fields)
        mock.get(f"{DATA}/query/", json=page({"Id": "00D000000000001AAA", "TimeZoneSidKey": zone}))
        with pytest.raises(OrgRefused, match=f"time zone '{zone}'.*tzdata"):
            connect(requests.Session(), HOST, TOKEN)


def test_an_org_that_hides_its_zone_and_name_is_in_utc(fake: FakeOrg) -> None:
    fake.drop_field("Organization", "TimeZoneSidKey")
    fake.drop_field("Organization", "Name")
    org = connect_reader(fake.session(), fake.host, fake.token())

    assert (org.zone, org.name) == ("UTC", "")
    assert len(org.id) == 18


def test_nothing_secret_or_of_a_record_is_logged_above_debug(
    fake: FakeOrg, caplog: pytest.LogCaptureFixture
) -> None:
    token = fake.token()
    (id,) = add_accounts(fake, 1)
    caplog.set_level(logging.INFO, logger="sfsync")
    org = connect(fake.session(), fake.host, token)
    read_all(org.tables("Account", ["Name"]))
    org.records("Account", [id], ["Name"])
    org.update("Account", [(id, {"Name": "better"})])

    assert "Account: 1 records read in 1 pieces" in caplog.messages
    assert not [text for text in caplog.messages if token in text or id in text or "better" in text]


def test_ids_are_cut_so_that_every_statement_is_short_enough_and_each_id_comes_once() -> None:
    ids = [f"001{number:012d}AAA" for number in range(4_500)]
    fields = [f"A_long_name_of_a_field_{number:012d}__c" for number in range(1_500)]

    narrow = selects_of_ids("Account", ["Id"], ids, [])
    wide = selects_of_ids("Account", fields, ids, ["IsDeleted = false"])

    assert len(narrow) == 3
    assert len(wide) > 3
    for statements in (narrow, wide):
        assert [id for soql in statements for id in ids_in(soql)] == ids
        assert all(len(soql) <= LONGEST_STATEMENT for soql in statements)


def ids_in(soql: str) -> list[str]:
    return re.findall(r"'(001\w{15})'", soql)


def test_a_statement_that_is_too_long_even_for_no_id_is_refused() -> None:
    fields = [f"A_long_name_of_a_field_{number:012d}__c" for number in range(3_000)]

    with pytest.raises(OrgRefused, match="3000 fields"):
        selects_of_ids("Account", fields, [], [])
    with pytest.raises(OrgRefused, match="3000 fields"):
        select("Account", fields, [])


def test_several_questions_are_one_call_and_answered_in_their_order(
    fake: FakeOrg, org: Org
) -> None:
    ids = add_accounts(fake, 3)
    task = fake.add("Task", Subject="Call", WhatId=ids[0])
    fake.remove("Account", ids[1])
    for object in ("Account", "Task"):
        org.fields(object)
    before = org.calls

    answers = org.ask(
        [
            Question("Task", ("Subject",), where=condition("WhatId IN {}", ids)),
            Question("Account", ("Name",), tuple(ids), "Name != 'Account 2'"),
            Question("Account", ("Name",), ()),
            Question("Account", ("Id",)),
        ]
    )

    assert answers == [
        [{"Id": task, "Subject": "Call"}],
        [{"Id": ids[0], "Name": "Account 0"}],
        [],
        [{"Id": ids[0]}, {"Id": ids[2]}],
    ]
    assert org.calls == before + 1


def test_more_questions_than_one_call_takes_are_more_calls_and_pages_are_followed(
    fake: FakeOrg, org: Org
) -> None:
    ids = add_accounts(fake, 2_500)
    org.fields("Account")
    before = org.calls

    answers = org.ask([Question("Account", ("Name",), (id,)) for id in ids[:6]])
    everything, nothing = org.ask(
        [Question("Account", ()), Question("Account", (), where="Name = ''")]
    )

    assert [row["Id"] for rows in answers for row in rows] == ids[:6]
    assert ([row["Id"] for row in everything], nothing) == (ids, [])
    # five, one; two with a second page
    assert org.calls == before + 4
    assert org.ask([]) == []


def test_counts_are_roughly_what_is_there_and_absent_where_the_org_does_not_tell(
    fake: FakeOrg, org: Org
) -> None:
    add_accounts(fake, 3)
    before = org.calls

    assert org.counts(["Account", "Nonsense__c", "no name at all", "Lead"]) == {"Account": 3}
    assert org.counts([]) == {}
    assert org.calls == before + 1


def test_every_answer_tells_the_orgs_clock_and_usage(fake: FakeOrg, org: Org) -> None:
    org.fields("Account")
    first = org.usage()
    fake.clock.set(NOW + timedelta(hours=1))
    org.ask([Question("Account", ("Name",))] * 2)
    second, asked = org.usage(), org.budget()

    assert org.told_at == NOW + timedelta(hours=1)
    assert first is not None
    assert second is not None
    assert second.used == first.used + 1
    assert asked is not None
    assert (asked.used, asked.total) == (second.used + 1, second.total)


def test_a_formula_is_told_from_other_fields_that_nobody_can_edit(org: Org) -> None:
    fields = org.fields("Opportunity") or {}

    assert fields["ExpectedRevenue"].calculated is False
    assert {name for name, field in fields.items() if field.calculated} <= set(fields)
