"""Is a folder in the form of Data Export the org it was recorded from?"""

import json
import os
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import once
import pytest
from contract_org import CUSTOM_FIELDS, NOW, sign_in
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceMalformedRequest, SalesforceResourceNotFound

from sfsync.fake import FakeOrg, RecordingError, load_folder
from sfsync.fake.recording.load import _Loading

DATA = Path(__file__).parents[2] / "../shared/data/crm-sales-2017"
ACCOUNTS = (
    '"Id","Name","OwnerId","NumberOfEmployees","LastActivityDate","Code__c","Postal__c","Count__c",'
    '"Share__c","Day__c","At__c","Ok__c","Story__c","SystemModstamp"\n'
    '"001000000000001","Acme ""Ltd""","005000000000001AAA","12","","x1","01234","7","1.50",'
    '"2026-01-02","2026-01-02T03:04:05.000+0000","true","' + "long " * 60 + '",'
    '"2026-02-01 10:00:00Z"\n'
    '"001000000000002AAA","Möller\nGmbH","000000000000000AAA","","2026-01-05","","75001","-3","2",'
    '"","2026-01-02T03:04:05Z","false","","2026-01-01T10:00:00.000Z"\n'
)
USERS = (
    '"Id","Username","Name","IsActive","TimeZoneSidKey"\n'
    '"005000000000001AAA","una.reed@example.com","Una Reed","1","Europe/Paris"\n'
)
TASKS = (
    '"Id","WhatId","AccountId","Status","IsClosed","ActivityDate","IsDeleted"\n'
    '"00T000000000001EAA","001000000000001AAA","","Completed","true","2026-01-31","false"\n'
    '"00T000000000002EAA","001000000000002AAA","","Completed","true","2026-01-31","false"\n'
    '"00T000000000003EAA","001000000000001AAA","","Completed","true","2026-02-11","true"\n'
)


@pytest.fixture(autouse=True)
def each_time_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read files however often they were read before: that is what is tried here."""
    monkeypatch.setattr(_Loading, "load", once.LOAD)


def write(folder: Path, **files: str) -> Path:
    """Write CSV files, named by object, into a folder."""
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small recording."""
    return write(tmp_path / "recorded", Account=ACCOUNTS, User=USERS, Task=TASKS)


def types(sf: Salesforce, object_name: str) -> dict[str, str]:
    """Return the described type of each field."""
    described: list[dict[str, Any]] = getattr(sf, object_name).describe()["fields"]
    return {each["name"]: each["type"] for each in described}


def test_cells_become_values_of_their_types(folder: Path) -> None:
    """Dates, datetimes with Z or offset, quotes, line breaks, empty cells, empty lookups."""
    org = load_folder(folder)
    first, second = org.records("Account")
    assert (first["Id"], first["Name"]) == ("001000000000001AAA", 'Acme "Ltd"')
    assert (first["NumberOfEmployees"], second["NumberOfEmployees"]) == (12, None)
    assert (second["Name"], second["OwnerId"]) == ("Möller\nGmbH", None)
    assert first["At__c"] == second["At__c"] == "2026-01-02T03:04:05.000+0000"
    assert first["SystemModstamp"] == "2026-02-01T10:00:00.000+0000"


def test_unknown_columns_are_typed_by_their_values(folder: Path) -> None:
    """Boolean, int, double, date, datetime, string; long text; leading zeros stay."""
    found = types(sign_in(load_folder(folder)), "Account")
    assert {name: kind for name, kind in found.items() if name.endswith("__c")} == {
        "Code__c": "string",
        "Postal__c": "string",
        "Count__c": "int",
        "Share__c": "double",
        "Day__c": "date",
        "At__c": "datetime",
        "Ok__c": "boolean",
        "Story__c": "textarea",
    }


def test_what_is_not_recorded_does_not_exist(folder: Path) -> None:
    """Objects without file, standard fields without column; the audit fields always exist."""
    sf = sign_in(load_folder(folder))
    assert "Phone" not in types(sf, "Account")
    always = {"Id", "IsDeleted", "LastModifiedDate", "SystemModstamp"}
    assert always <= set(types(sf, "Account"))
    with pytest.raises(SalesforceResourceNotFound):
        sf.Contact.describe()
    with pytest.raises(SalesforceMalformedRequest) as error:
        sf.query("SELECT Id FROM Contact")
    assert error.value.content[0]["errorCode"] == "INVALID_TYPE"
    with pytest.raises(SalesforceMalformedRequest) as error:
        sf.Account.update("001000000000001AAA", {"Phone": "1"})
    assert error.value.content[0]["errorCode"] == "INVALID_FIELD"


def test_empty_derived_cells_are_derived_others_are_kept(folder: Path) -> None:
    """Task.AccountId and LastActivityDate; the deleted task does not count."""
    org = load_folder(folder)
    assert [row["AccountId"] for row in org.records("Task")] == [
        "001000000000001AAA",
        "001000000000002AAA",
    ]
    assert [row["LastActivityDate"] for row in org.records("Account")] == [
        "2026-01-31",
        "2026-01-05",
    ]


def test_the_clock_stands_at_the_latest_stamp(folder: Path, tmp_path: Path) -> None:
    """At least the latest SystemModstamp, LastModifiedDate or CreatedDate; else the year 2000."""
    assert load_folder(folder).clock.now() == datetime(2026, 2, 1, 10, tzinfo=UTC)
    bare = write(tmp_path / "bare", User=USERS)
    org = load_folder(bare)
    assert org.clock.now() == datetime(2000, 1, 1, tzinfo=UTC)
    assert org.records("User")[0]["CreatedDate"] == "2000-01-01T00:00:00.000+0000"


def test_the_setup_is_made_up_where_it_is_missing(folder: Path) -> None:
    """Organization, OpportunityStage, TaskStatus and the service's user."""
    deals = (
        '"Id","Name","StageName","CloseDate","Probability","IsClosed","IsWon"\n'
        '"006000000000001AAA","a","Won","2026-01-01","100","true","true"\n'
        '"006000000000002AAA","b","Talk","2026-01-01","20","false","false"\n'
        '"006000000000003AAA","c","Talk","2026-01-01","20","false","false"\n'
        '"006000000000004AAA","d","Talk","2026-01-01","35","false","false"\n'
        '"006000000000005AAA","e","Lost","2026-01-01","0","true","false"\n'
    )
    org = load_folder(write(folder, Opportunity=deals))
    (organization,) = org.records("Organization")
    assert organization["TimeZoneSidKey"] == "UTC"
    assert organization["Id"] == load_folder(folder).state.org_id
    stages = [
        (row["MasterLabel"], row["DefaultProbability"], row["IsClosed"], row["IsWon"])
        for row in org.records("OpportunityStage")
    ]
    assert stages == [
        ("Talk", 20.0, False, False),
        ("Won", 100.0, True, True),
        ("Lost", 0.0, True, False),
    ]
    assert len(org.records("TaskStatus")) == 5
    assert org.record("User", org.user_id)["Username"] == "service.user@example.com"
    sf = sign_in(org)
    sf.Opportunity.update("006000000000002AAA", {"StageName": "Won"})
    assert org.record("Opportunity", "006000000000002AAA")["IsWon"] is True


def test_a_description_declares_and_overrides(folder: Path) -> None:
    """describe.json: types, picklists, tracking, formulas, objects without a file."""
    description = {
        "Account": [
            {"name": "Code__c", "type": "picklist", "restrictedPicklist": True,
             "picklistValues": ["x1", "x2"], "history_tracked": True},
            {"name": "New__c", "type": "date"},
            {"name": "Count__c", "type": "double", "calculated": True},
            {"name": "Industry"},
        ],
        "AccountHistory": {"fields": [{"name": name} for name in (
            "AccountId", "CreatedById", "Field", "DataType", "OldValue", "NewValue")]},
    }  # fmt: skip
    (folder / "describe.json").write_text(json.dumps(description), encoding="utf-8")
    org = load_folder(folder)
    sf = sign_in(org)
    account = "001000000000001AAA"
    assert sf.Account.update(account, {"Code__c": "x2", "New__c": "2026-01-01"}) == 204
    assert [row["NewValue"] for row in org.records("AccountHistory")] == ["x2"]
    assert org.record("Account", account)["Count__c"] == 7.0
    assert types(sf, "Account")["Industry"] == "picklist"
    for body in ({"Code__c": "x3"}, {"Count__c": 1}):
        with pytest.raises(SalesforceMalformedRequest):
            sf.Account.update(account, body)


def test_bad_input_is_reported_whole_with_file_and_line(tmp_path: Path) -> None:
    """Every problem at once."""
    bad = write(
        tmp_path / "bad",
        Account='"Id","Name","OwnerId","CreatedDate","Until__c"\n'
        '"001000000000001AAA","a\nb","005000000000001AAA","yesterday","2026-01-01"\n'
        '"001000000000001AAA","twice","","",""\n'
        '"0010000","short","","",""\n'
        '"003000000000001AAA","a contact","","",""\n'
        '"001000000000002AAA","few"\n'
        '"001000000000003AAA","owner","nobody","",""\n'
        '"","none","","",""\n',
        Contact='"Name"\n"x"\n',
        Lead="",
        Task='"Id","Id","What.Name"\n',
    )
    (bad / "describe.json").write_text('{"Account": 3, "User": [{"type": "x"}]}')
    with pytest.raises(RecordingError) as error:
        load_folder(bad)
    problems = error.value.problems
    assert [each for each in problems if each.startswith("Account.csv")] == [
        "Account.csv:3: CreatedDate is no datetime: 'yesterday'",
        "Account.csv:4: Id 001000000000001AAA is there twice",
        "Account.csv:5: Id is a malformed Id: '0010000'",
        "Account.csv:6: Id 003000000000001AAA is no Id of Account (001...)",
        "Account.csv:7: 2 cells where the header has 5",
        "Account.csv:8: OwnerId is a malformed Id: 'nobody'",
        "Account.csv:9: Id is empty",
    ]
    assert "Contact.csv:1: there is no column Id" in problems
    assert "Lead.csv:1: the file is empty" in problems
    assert "Task.csv:1: column 'What.Name' is no field name" in problems
    assert "Task.csv:1: column Id is there twice" in problems
    assert any(each.startswith("describe.json: Account") for each in problems)
    assert any(each.startswith("describe.json: User") for each in problems)


def test_text_that_is_not_utf8_is_reported(tmp_path: Path) -> None:
    """UTF-8 is what Data Export writes; a byte order mark is tolerated."""
    folder = tmp_path / "latin"
    folder.mkdir()
    (folder / "Account.csv").write_bytes(b'"Id","Name"\n"001000000000001AAA","M\xf6ller"\n')
    with pytest.raises(RecordingError, match=r"Account.csv:\d: cannot be read as UTF-8"):
        load_folder(folder)
    (folder / "Account.csv").write_bytes(
        b'\xef\xbb\xbf"Id","Name"\n"001000000000001AAA","M\xc3\xb6ller"\n'
    )
    assert load_folder(folder).records("Account")[0]["Name"] == "Möller"


def test_a_folder_must_be_there(tmp_path: Path) -> None:
    """No folder, no zip, no CSV."""
    for path in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(RecordingError):
            load_folder(path)


def test_a_zip_is_as_good_as_a_folder(folder: Path, tmp_path: Path) -> None:
    """A zip with the same files gives the same records."""
    packed = tmp_path / "recorded.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for file in folder.iterdir():
            archive.write(file, file.name)
    assert everything(load_folder(packed)) == everything(load_folder(folder))


def everything(org: FakeOrg) -> dict[str, object]:
    """Return all that an org is made of."""
    objects = org.state.store.schema.objects
    return {
        "clock": org.clock.now(),
        "users": (org.user_id, org.state.org_id),
        "fields": {name: owner.fields for name, owner in objects.items()},
        "hidden": {name: owner.hidden for name, owner in objects.items()},
        "rows": {
            name: [org.record(name, record_id) for record_id in org.state.store.table(name).rows]
            for name in objects
        },
    }


def used_org() -> FakeOrg:
    """Return an org with a little of everything."""
    org = FakeOrg.standard(NOW, custom_fields=CUSTOM_FIELDS)
    org.hide_field("Account", "Tags__c")
    account = org.add(
        "Account",
        Name='A "b", c\nd',
        Score__c=1.25,
        AnnualRevenue=1e15,
        Vip__c=True,
        Status__c="Target",
        history=True,
    )
    sf = sign_in(org)
    sf.Account.update(account, {"Status__c": "Working", "NumberOfEmployees": 5})
    deal = sf.Opportunity.create(
        {"Name": "D", "AccountId": account, "StageName": "Prospecting", "CloseDate": "2026-05-01",
         "Amount": 12.5}
    )["id"]  # fmt: skip
    sf.Opportunity.update(deal, {"Amount": 13})
    sf.Task.create({"WhatId": deal, "Status": "Completed", "ActivityDate": "2026-03-03"})
    org.remove("Lead", org.add("Lead", LastName="Moss", Company="Fern"))
    org.clock.advance(3600)
    return org


def test_a_saved_org_loads_as_the_same_org(tmp_path: Path) -> None:
    """`save` and `load_folder` are each other's reverse, deleted rows and history included."""
    org = used_org()
    org.save(tmp_path / "saved")
    again = load_folder(tmp_path / "saved")
    assert everything(again) == everything(org)
    again.save(tmp_path / "twice")
    for file in (tmp_path / "saved").iterdir():
        assert file.read_bytes() == (tmp_path / "twice" / file.name).read_bytes()


def test_new_ids_go_on_where_the_recording_ended(tmp_path: Path) -> None:
    """No Id is given twice, across processes either."""
    org = used_org()
    org.save(tmp_path / "saved")
    assert load_folder(tmp_path / "saved").add("Account", Name="x") == org.add("Account", Name="x")


def test_the_log_brings_back_what_was_written(folder: Path, tmp_path: Path) -> None:
    """One line per committed write; replaying it gives the same org; refused writes leave none."""
    log = tmp_path / "log.jsonl"
    before = {each.name: each.read_bytes() for each in folder.iterdir()}
    org = load_folder(folder, log)
    sf = sign_in(org)
    sf.Account.update("001000000000001AAA", {"Name": "Fern", "NumberOfEmployees": None})
    created = sf.Account.create({"Name": "New", "OwnerId": org.user_id})["id"]
    with pytest.raises(SalesforceMalformedRequest):
        sf.Account.update(created, {"Name": None})
    sf.query("SELECT Id FROM Account")
    org.remove("Account", "001000000000002AAA")
    assert len(log.read_text().splitlines()) == 3
    again = load_folder(folder, log)
    assert everything(again) == everything(org)
    assert {each.name: each.read_bytes() for each in folder.iterdir()} == before
    assert sign_in(again).Account.create({"Name": "x"})["id"] > created
    assert len(log.read_text().splitlines()) == 4


def test_the_log_is_on_the_disk_before_the_answer(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole line is forced to the disk, then the request is answered."""
    log = tmp_path / "log.jsonl"
    org = load_folder(folder, log)
    events: list[str] = []

    def force(_descriptor: int) -> None:
        events.append("forced" if log.read_bytes().endswith(b"\n") else "too early")

    monkeypatch.setattr(os, "fsync", force)
    org.on_request.append(lambda call: events.append(call.when))
    sign_in(org).Account.update("001000000000001AAA", {"Name": "Fern"})
    assert events == ["before", "forced", "after"]


def test_a_torn_last_line_is_ignored_and_cut_off_by_the_next(folder: Path, tmp_path: Path) -> None:
    """A killed process may leave half a line: a reader leaves it, the next writer cuts it off."""
    log = tmp_path / "log.jsonl"
    org = load_folder(folder, log)
    sf = sign_in(org)
    sf.Account.update("001000000000001AAA", {"Name": "first"})
    whole = log.read_bytes()
    sf.Account.update("001000000000001AAA", {"Name": "second"})
    torn = log.read_bytes()[:-10]
    log.write_bytes(torn)
    again = load_folder(folder, log)
    assert again.record("Account", "001000000000001AAA")["Name"] == "first"
    assert log.read_bytes() == torn
    sign_in(again).Account.update("001000000000001AAA", {"Name": "third"})
    assert log.read_bytes().startswith(whole)
    assert len(log.read_bytes().splitlines()) == 2
    third = load_folder(folder, log)
    assert third.record("Account", "001000000000001AAA")["Name"] == "third"


def test_an_unreadable_line_of_the_log_is_an_error(folder: Path, tmp_path: Path) -> None:
    """Only the last line may be torn; any other is reported with its number."""
    log = tmp_path / "log.jsonl"
    sign_in(load_folder(folder, log)).Account.update("001000000000001AAA", {"Name": "first"})
    whole = log.read_bytes()
    log.write_bytes(b"nonsense\n" + whole)
    with pytest.raises(RecordingError, match=r"log.jsonl:1"):
        load_folder(folder, log)


@pytest.mark.skipif(not DATA.is_dir(), reason="the public recording is not at hand")
def test_the_public_recording_loads() -> None:
    """The sales data of 2017: 85 accounts, 8,800 opportunities, no activities, no custom field."""
    org = load_folder(DATA)
    sf = sign_in(org)
    assert org.clock.now() == datetime(2017, 12, 31, 9, tzinfo=UTC)
    won = "SELECT COUNT(Id) n, SUM(Amount) total FROM Opportunity WHERE IsWon = true"
    assert sf.query(won)["records"][0]["n"] == 4238
    assert sf.query("SELECT COUNT() FROM Opportunity WHERE AccountId = null")["totalSize"] == 1425
    assert len(sf.query_all("SELECT Id, Owner.Manager.Name FROM Opportunity")["records"]) == 8800
    with pytest.raises(SalesforceResourceNotFound):
        sf.Task.describe()


def test_an_empty_column_has_the_type_that_is_likely(tmp_path: Path) -> None:
    """`likely` speaks only where no cell of the column does."""
    folder = write(tmp_path / "r", Account='"Id","A__c","B__c"\n"001000000000001AAA","","1"\n')
    likely = {"Account": {"A__c": "date", "B__c": "string"}}
    found = types(sign_in(load_folder(folder, likely=likely)), "Account")
    assert (found["A__c"], found["B__c"]) == ("date", "int")
    assert types(sign_in(load_folder(folder)), "Account")["A__c"] == "string"


def test_a_file_named_in_small_letters_is_not_taken_for_an_object_of_its_own(
    tmp_path: Path,
) -> None:
    """The file's name is the object's API name (Data Export)."""
    (tmp_path / "account.csv").write_text('"Id","Name"\n', encoding="utf-8")
    with pytest.raises(RecordingError) as caught:
        load_folder(tmp_path)
    assert caught.value.problems == ("account.csv: call it Account.csv",)


def test_a_creation_that_was_not_recorded_is_not_made_up(tmp_path: Path) -> None:
    """A standard column that is not in the header does not exist in that org (Data Export)."""
    lines = '"Id","Name"\n"0010000000000WGAAY","Acme"\n\n'
    (tmp_path / "Account.csv").write_text(lines, encoding="utf-8")
    assert "CreatedDate" not in types(sign_in(load_folder(tmp_path)), "Account")


def test_the_weekly_exports_times_are_gmt(tmp_path: Path) -> None:
    """Datetimes without a zone, with a blank instead of T, as the Data Export service has them."""
    lines = '"Id","Name","CreatedDate"\n"0010000000000WGAAY","Acme","2026-02-03 10:11:12"\n'
    (tmp_path / "Account.csv").write_text(lines, encoding="utf-8")
    record = load_folder(tmp_path).record("Account", "0010000000000WGAAY")
    assert record["CreatedDate"] == "2026-02-03T10:11:12.000+0000"
