"""Does the door to Salesforce read and write an org as its roles promise?"""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from sfsync.errors import OrgRefused, OrgUnavailable
from sfsync.fake import FakeOrg
from sfsync.org import Org, OrgReader
from sfsync.org.client import connect, connect_reader
from sfsync.org.soql import condition

NOW = datetime(2026, 6, 15, 8, 0, tzinfo=UTC)
UNKNOWN = "001000000000zzzAAA"


@pytest.fixture
def fake() -> FakeOrg:
    return FakeOrg.standard(NOW, zone="Europe/Paris")


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def org(fake: FakeOrg, slept: list[float]) -> Org:
    return connect(fake.session(), fake.host, fake.token(), sleep=slept.append)


def add_accounts(fake: FakeOrg, count: int) -> list[str]:
    return [fake.add("Account", Name=f"Account {number}") for number in range(count)]


def read_all(pages: Iterator[list[dict[str, object]]]) -> list[dict[str, object]]:
    return [row for page in pages for row in page]


def test_the_org_introduces_itself(fake: FakeOrg, org: Org) -> None:
    organization = fake.records("Organization")[0]

    assert org.id == organization["Id"]
    assert len(org.id) == 18
    assert org.name == organization["Name"]
    assert org.zone == "Europe/Paris"
    assert org.user_id == fake.user_id
    assert org.url == f"https://{fake.host}"


def test_a_reader_has_no_way_to_write(fake: FakeOrg) -> None:
    reader = connect_reader(fake.session(), fake.host, fake.token())

    assert not [name for name in dir(reader) if name in ("update", "create", "delete", "upsert")]


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
    assert org.fields(object) is None


def test_pages_give_all_records_by_id_with_just_the_fields_asked_for(
    fake: FakeOrg, org: Org
) -> None:
    ids = add_accounts(fake, 4_500)

    pages = list(org.pages("Account", ["Name", "Website"]))
    rows = read_all(org.pages("Account", ["Id"]))

    assert len(pages) == 3
    assert pages[0][0] == {"Name": "Account 0", "Website": None}
    assert [row["Id"] for row in rows] == sorted(ids)


def test_pages_are_narrowed_by_a_quoted_condition(fake: FakeOrg, org: Org) -> None:
    fake.add("Account", Name="O'Neil & Sons")
    fake.add("Account", Name="Other")

    rows = read_all(
        org.pages("Account", ["Name"], where=condition("Name = {} OR Name = 'x'", "O'Neil & Sons"))
    )

    assert rows == [{"Name": "O'Neil & Sons"}]


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

    def seen(*, archived: bool) -> set[object]:
        return {row["Id"] for row in read_all(org.pages("Task", ["Id"], archived=archived))}

    assert seen(archived=False) == {recent}
    assert seen(archived=True) == {old, recent}


def test_objects_without_deletion_can_be_read_with_their_archive(org: Org, fake: FakeOrg) -> None:
    rows = read_all(org.pages("User", ["Id"], archived=True))

    assert fake.user_id in {row["Id"] for row in rows}


def test_names_that_the_org_does_not_know_are_refused_all_together(org: Org) -> None:
    with pytest.raises(OrgRefused, match=r"Account: .*: Nope__c, Nor__c\."):
        org.pages("Account", ["Nor__c", "Name", "Nope__c"])
    with pytest.raises(OrgRefused, match="Nonsense__c: the org has no such object"):
        org.pages("Nonsense__c", ["Id"])
    with pytest.raises(OrgRefused, match="Nope__c"):
        org.records("Account", [], ["Nope__c"])


def test_a_field_made_of_others_is_refused(org: Org) -> None:
    known = org.fields("Account")
    assert known is not None
    assert known["BillingAddress"].type == "address"

    with pytest.raises(OrgRefused, match="BillingAddress. Ask for the parts"):
        org.pages("Account", ["BillingAddress"])


def test_records_come_by_id_and_what_is_gone_is_absent(fake: FakeOrg, org: Org) -> None:
    kept, gone = add_accounts(fake, 2)
    fake.remove("Account", gone)

    found = org.records("Account", [kept, gone, UNKNOWN, kept], ["Name", "SystemModstamp"])

    assert set(found) == {kept}
    assert found[kept]["Name"] == "Account 0"
    assert found[kept]["SystemModstamp"] == fake.record("Account", kept)["SystemModstamp"]


def test_any_number_of_records_is_read_by_id_in_calls_of_200(fake: FakeOrg, org: Org) -> None:
    ids = add_accounts(fake, 1_001)
    org.fields("Account")
    before = org.calls

    found = org.records("Account", ids, ["Id"])

    assert list(found) == sorted(ids)
    assert org.calls - before == 6


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


def test_an_update_changes_just_what_it_names_in_one_call(fake: FakeOrg, org: Org) -> None:
    first, second = add_accounts(fake, 2)
    org.fields("Account")
    before = org.calls

    results = org.update(
        "Account", [(second, {"Website": "example.com"}), (first, {"Website": None, "Sic": "7"})]
    )

    assert [(row.id, row.ok) for row in results] == [(second, True), (first, True)]
    assert org.calls == before + 1
    assert fake.record("Account", second)["Website"] == "example.com"
    assert fake.record("Account", second)["Name"] == "Account 1"
    assert fake.record("Account", first)["Sic"] == "7"


def test_one_refused_record_stops_no_other(fake: FakeOrg, org: Org) -> None:
    good, long, fixed, infinite = add_accounts(fake, 4)

    results = org.update(
        "Account",
        [
            (long, {"Name": "x" * 300}),
            (UNKNOWN, {"Name": "nobody"}),
            (fixed, {"LastActivityDate": "2026-01-01"}),
            (infinite, {"AnnualRevenue": float("inf")}),
            ("nonsense", {"Name": "nobody"}),
            (good, {"Name": "better"}),
        ],
    )

    assert [row.code for row in results] == [
        "STRING_TOO_LONG",
        "INVALID_CROSS_REFERENCE_KEY",
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        "NUMBER_OUTSIDE_VALID_RANGE",
        "MALFORMED_ID",
        "",
    ]
    assert all(row.message for row in results[:-1])
    assert fake.record("Account", good)["Name"] == "better"


def test_a_hidden_field_is_refused_row_by_row(fake: FakeOrg, org: Org) -> None:
    first, second = add_accounts(fake, 2)

    results = org.update("Account", [(first, {"Nope__c": 1}), (second, {"Name": "better"})])

    assert [row.code for row in results] == ["INVALID_FIELD", ""]


def test_updates_of_no_record_too_many_or_one_twice(fake: FakeOrg, org: Org) -> None:
    (id,) = add_accounts(fake, 1)

    assert org.update("Account", []) == []
    with pytest.raises(ValueError, match="201 records"):
        org.update("Account", [(id, {})] * 201)
    with pytest.raises(ValueError, match="twice"):
        org.update("Account", [(id, {"Name": "a"}), (id[:15], {"Name": "b"})])
    with pytest.raises(OrgRefused, match="Nothing was written"):
        org.update("Nonsense__c", [(id, {"Name": "a"})])


def test_the_budget_is_what_the_org_says_is_left(fake: FakeOrg, org: Org) -> None:
    first = org.budget()
    second = org.budget()

    assert first is not None
    assert second is not None
    assert first.left == first.total - first.used
    assert second.used == first.used + 1


def test_the_roles_are_light_to_import() -> None:
    code = "import sys, sfsync.org; print('simple_salesforce' in sys.modules, 'zeep' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["False", "False"]


def test_the_reader_is_all_that_an_org_reader_promises(fake: FakeOrg) -> None:
    reader: OrgReader = connect_reader(fake.session(), fake.host, fake.token())

    promised = {name for name in vars(OrgReader) if not name.startswith("_")}

    assert promised <= set(dir(reader))


def test_an_answer_lost_after_the_commit_is_told_as_unavailable(fake: FakeOrg, org: Org) -> None:
    (id,) = add_accounts(fake, 1)
    org.fields("Account")
    drop_the_next_write(fake)

    with pytest.raises(OrgUnavailable):
        org.update("Account", [(id, {"Name": "better"})])

    assert fake.record("Account", id)["Name"] == "better"
