"""Is a recording the org that was recorded, and does an anonymised one give nobody away?"""

import csv
import json
import re
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cut_org import DEMO, cut
from entering import connect_reader
from loop_org import CONFIG, config_texts, loop_of, shipped_policy

from sfsync.cli import commands
from sfsync.errors import OrgUnavailable
from sfsync.fake import Call, FakeOrg, Reply, load_folder
from sfsync.model import Plan
from sfsync.org import FieldInfo
from sfsync.plan_file import to_json
from sfsync.policy import DUPLICATES
from sfsync.recording import Anonymiser, Recorded, record_org
from sfsync.recording.files import write_rows
from sfsync.recording.wanted import Wanted
from sfsync.rules.load import load_policy

NOW = datetime(2026, 6, 15, 8, tzinfo=UTC)
KEY = bytes(range(32))
MARK = "[sfsync]"
OF_TEXTS = ("Subject", "Description")


def record(fake: FakeOrg, folder: Path, key: bytes | None = None) -> Recorded:
    """Record an org through its door, which cannot write; with a key anonymised."""
    policy = shipped_policy()
    reader = connect_reader(fake.session(), fake.host, fake.token(), sleep=lambda _: None)
    return record_org(reader, policy, NOW, folder, Anonymiser(key, policy) if key else None)


def rows_of(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def plan_of(folder: Path) -> Plan:
    """What an hourly pass would change in a recorded org, at its own moment."""
    fake = load_folder(folder)
    with loop_of(fake, fake.clock.now()) as loop:
        return loop.plan().plan


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The demo recorded once plainly and once anonymised; tests never change them."""
    folder = tmp_path_factory.mktemp("recordings")
    demo = load_folder(DEMO)
    record(demo, folder / "plain")
    record(demo, folder / "other", KEY)
    return {"demo": DEMO, "plain": folder / "plain", "other": folder / "other"}


@pytest.fixture(scope="module")
def plans(recordings: dict[str, Path]) -> dict[str, Plan]:
    return {name: plan_of(folder) for name, folder in recordings.items()}


def small(**account: Any) -> FakeOrg:
    """An org with one account and one contact, whose titles and texts a test gives."""
    fake = FakeOrg.standard(NOW)
    fake.add("Account", **{"Name": "Atelier Fictif", **account})
    return fake


# The same org.


def test_the_plan_on_a_recording_is_the_plan_on_the_org(plans: dict[str, Plan]) -> None:
    demo, plain = (json.loads(to_json(plans[name])) for name in ("demo", "plain"))
    assert len(demo["changes"]) > 100
    assert json.dumps(plain["changes"]) == json.dumps(demo["changes"])
    assert plain["findings"] == demo["findings"]
    assert (plain["org"], plain["now"]) == (demo["org"], demo["now"])


def test_a_pass_on_a_recording_writes_what_it_writes_on_the_org(tmp_path: Path) -> None:
    record(load_folder(cut(tmp_path / "small")), tmp_path / "made")
    ends = []
    for name in ("small", "made"):
        with loop_of(load_folder(tmp_path / name), NOW) as loop:
            ran = loop.run()
            after = {row["Id"]: row["Status__c"] for row in loop.fake.records("Account")}
            tracked = [
                (row["AccountId"], row["NewValue"])
                for row in loop.fake.records("AccountHistory")
                if row["Field"] == "Status__c"
            ]
            ends.append((ran.exit_code, after, sorted(map(str, tracked)), loop.fake.user_id))
    assert ends[0] == ends[1]


def test_all_is_recorded_that_is_there_and_what_is_missing_is_told(tmp_path: Path) -> None:
    fake = small(Website="www.atelier.example", NumberOfEmployees=12)
    for name in ("Lead", "Group"):
        fake.drop_object(name)
    recorded = record(fake, tmp_path / "made")
    for name in ("Lead", "Group"):
        assert not (tmp_path / "made" / f"{name}.csv").exists()
    assert recorded.counts["Account"] == 1
    assert "Account.Status__c" in recorded.missing
    # What config/ does not name is nobody's lack.
    assert "Lead" in recorded.missing
    assert not any(each.startswith("Group") for each in recorded.missing)
    (row,) = rows_of(tmp_path / "made", "Account")
    (there,) = fake.records("Account")
    assert (row["Id"], row["Website"]) == (there["Id"], "www.atelier.example")
    assert (row["NumberOfEmployees"], row["Phone"]) == ("12", "")
    assert row["CreatedDate"].endswith("Z")
    described = json.loads((tmp_path / "made" / "describe.json").read_text(encoding="utf-8"))
    types = {each["name"]: each["type"] for each in described["Account"]}
    assert (types["Website"], types["Industry"]) == ("url", "picklist")


def test_archived_activities_are_recorded_and_deleted_ones_are_not(tmp_path: Path) -> None:
    fake = small()
    (account,) = fake.records("Account")
    old, gone = (
        fake.add(
            "Task", Subject="Appel", WhatId=str(account["Id"]), Status="Completed",
            CreatedDate=datetime(2023, 1, day, tzinfo=UTC),
            CompletedDateTime=datetime(2023, 1, day, tzinfo=UTC),
        )
        for day in (2, 3)
    )  # fmt: skip
    fake.remove("Task", gone)
    assert fake.record("Task", old)["IsArchived"] is True
    record(fake, tmp_path / "made")
    assert [row["Id"] for row in rows_of(tmp_path / "made", "Task")] == [old]


def test_a_large_org_is_recorded_in_bulk_just_as_a_small_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = load_folder(cut(tmp_path / "small"))
    record(fake, tmp_path / "pages")
    jobs = len(fake.state.bulk_jobs)
    monkeypatch.setattr("sfsync.org.whole.READ_IN_BULK_FROM", -1)
    record(fake, tmp_path / "bulk")
    assert len(fake.state.bulk_jobs) > jobs + 5
    for file in (tmp_path / "pages").glob("*.csv"):
        there = sorted(rows_of(tmp_path / "bulk", file.stem), key=lambda row: row["Id"])
        assert there == rows_of(tmp_path / "pages", file.stem), file.stem


def test_a_record_that_comes_twice_is_recorded_once(tmp_path: Path) -> None:
    fake = small()
    (account,) = fake.records("Account")
    reader = connect_reader(fake.session(), fake.host, fake.token())
    fields = {name: (reader.fields("Account") or {})[name] for name in ("Id", "Name")}

    class Twice:
        def tables(self, *given: Any, **named: Any) -> Iterator[Any]:
            for table in reader.tables(*given, **named):
                yield from (table, table)

    count, _ = write_rows(Twice(), Wanted("Account", fields, False, ""), tmp_path, None)
    assert count == 1
    assert [row["Id"] for row in rows_of(tmp_path, "Account")] == [account["Id"]]


# Whole or not at all.


def test_a_recording_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    fake = small()

    def fail(call: Call) -> Reply | None:
        lost = "FROM+Contact" in call.request.target and call.when == "before"
        return Reply(503, b"<html></html>") if lost else None

    fake.on_request.append(fail)
    with pytest.raises(OrgUnavailable, match="Contact"):
        record(fake, tmp_path / "made")
    assert list(tmp_path.iterdir()) == []


def test_only_the_user_may_read_a_recording(tmp_path: Path) -> None:
    record(small(), tmp_path / "made")
    assert stat.S_IMODE((tmp_path / "made").stat().st_mode) == 0o700


def test_the_command_refuses_a_folder_with_something_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("made").mkdir()
    Path("made", "mine.txt").write_text("mine", encoding="utf-8")
    refused = CliRunner().invoke(commands, ["org", "record", "made"])
    assert refused.exit_code == 2
    assert "made is not empty" in refused.stderr
    assert [file.name for file in Path("made").iterdir()] == ["mine.txt"]


def test_the_command_takes_another_key_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    small().save(Path("small"))
    names = []
    for folder in ("one", "two"):
        Path(folder).mkdir()
        words = ["org", "record", folder, "--anonymise", "--org", "small", "--config", str(CONFIG)]
        said = CliRunner().invoke(commands, words)
        assert said.exit_code == 0, said.output
        assert f"Recorded in {folder}" in said.stdout
        assert "1 Account, " in said.stdout
        names.append(rows_of(Path(folder), "Account")[0]["Name"])
    assert len({*names, "Atelier Fictif"}) == 3


# Nobody is given away.


def test_the_plan_on_an_anonymised_recording_changes_the_same(plans: dict[str, Plan]) -> None:
    def told(plan: Plan) -> list[Any]:
        # A task is told in the texts of its record, which are replaced.
        return [
            (
                each.object,
                each.id,
                {name: of for name, of in each.fields.items() if name not in OF_TEXTS},
                each.cause,
                each.evidence,
            )
            for each in plan.changes
        ]

    assert told(plans["other"]) == told(plans["plain"])
    # Names that were alike are not when they are replaced.
    found = [
        [(each.code, each.id) for each in plans[name].findings if each.code != DUPLICATES]
        for name in ("other", "plain")
    ]
    assert found[0] == found[1]


def words_in(folder: Path) -> Iterator[str]:
    """Every text of people and companies in a recording, where a person would look for it."""
    for name, fields in {
        "Account": ("Name", "Website", "Phone", "BillingStreet", "BillingCity"),
        "Contact": ("LastName", "Name", "Email", "Phone"),
        "Lead": ("LastName", "Name", "Company", "Email", "Phone", "Website"),
        "User": ("LastName", "Name", "Email", "Username"),
        "Organization": ("Name",),
        "Opportunity": ("Name",),
        "Task": ("Subject",),
        "Event": ("Subject",),
    }.items():
        for row in rows_of(folder, name):
            yield from (row[field] for field in fields if row[field].strip())


def test_no_text_of_anybody_is_in_an_anonymised_recording(recordings: dict[str, Path]) -> None:
    there = set(words_in(recordings["plain"]))
    assert len(there) > 1000
    # What fills nothing in does so afterwards, be it the name of a person.
    nothing = set(shipped_policy().facts.placeholders)
    shared = there & set(words_in(recordings["other"]))
    assert {each.casefold() for each in shared} <= nothing
    whole = "".join(
        file.read_text(encoding="utf-8") for file in sorted(recordings["other"].iterdir())
    )
    names = {row["LastName"] for row in rows_of(recordings["plain"], "Contact")}
    assert [name for name in sorted(names) if len(name) > 4 and name in whole] == []


def test_what_rules_and_reports_count_with_stays(recordings: dict[str, Path]) -> None:
    kept = {
        "Account": ("Id", "Status__c", "Industry", "NumberOfEmployees", "CreatedDate"),
        "Opportunity": ("Id", "AccountId", "StageName", "Amount", "CloseDate"),
        "Task": ("Id", "WhatId", "Status", "CompletedDateTime"),
        "AccountHistory": ("Id", "Field", "OldValue", "NewValue"),
        "OpportunityStage": ("MasterLabel", "IsWon"),
        "TaskStatus": ("MasterLabel",),
        "Organization": ("Id", "TimeZoneSidKey"),
    }
    for name, fields in kept.items():
        plain, other = (
            [[row[field] for field in fields] for row in rows_of(recordings[which], name)]
            for which in ("plain", "other")
        )
        assert plain == other, name


def replaced(type: str, text: Any, key: bytes = KEY, **about: Any) -> Any:
    """Put one value of a field through an anonymiser."""
    name = about.get("name", "Text__c")
    length = about.get("length", 255)
    info = FieldInfo(name, type, name, True, True, True, length)
    wanted = Wanted(about.get("object", "Contact"), {name: info}, False, "")
    policy = load_policy(about["texts"]) if "texts" in about else shipped_policy()
    return Anonymiser(key, policy).changing(wanted, None)({name: text})[name]


def test_the_same_text_is_replaced_alike_in_one_recording_and_otherwise_in_the_next() -> None:
    one, again = (replaced("string", "Atelier Fictif") for _ in range(2))
    assert one == again != "Atelier Fictif"
    assert replaced("string", "Atelier Fictif", b"another key") != one
    assert replaced("string", "atelier fictif").lower() == one.lower()
    assert replaced("string", "Atelier Inventé") != one
    assert replaced("string", "Atelier Inventé").split()[0] == one.split()[0]


def test_a_name_is_its_parts_put_together() -> None:
    first, last = replaced("string", "Anne-Lise"), replaced("string", "d'Exemple")
    assert replaced("string", "Anne-Lise d'Exemple") == f"{first} {last}"


def test_mails_sites_and_phones_keep_their_form_and_their_sameness() -> None:
    mail, other = (replaced("email", f"{name}@atelier.example.org") for name in ("ann", "bob"))
    site = replaced("url", "https://www.Atelier.example.org/contact")
    host = mail.partition("@")[2]
    assert re.fullmatch(r"[a-z]+@[a-z]+\.example", mail)
    assert mail != other
    assert other.endswith(f"@{host}")
    assert site.startswith(f"https://www.{host}/")
    assert not site.endswith("contact")
    assert replaced("email", "ANN@Atelier.example.org") == mail
    assert "@" not in replaced("email", "ann(at)atelier.example.org")
    phone = replaced("phone", "02.61.91.82.93")
    assert re.fullmatch(r"000 \d{8}", phone)
    assert replaced("phone", "02 61 91 82 93") == phone != replaced("phone", "02 61 91 82 94")
    assert replaced("string", "45000") != "45000"
    assert re.fullmatch(r"\d{5}", replaced("string", "45000"))


def test_a_longer_text_is_replaced_as_a_whole() -> None:
    text = "the client asked for the price of the plan and the start"
    made = replaced("string", text)
    assert len(made.split()) == 2
    assert len(replaced("textarea", text, length=32000).split()) == 2


def test_what_nobody_thought_of_is_replaced_and_blank_stays_blank() -> None:
    for kind in ("string", "textarea", "anyType", "encryptedstring", "email", "phone", "url"):
        assert replaced(kind, "Pia Birch") != "Pia Birch", kind
    for value in (None, "  "):
        assert replaced("string", value) == value
    assert replaced("picklist", "Technology") == "Technology"
    assert replaced("string", "France", name="BillingCountry") == "France"


@pytest.mark.parametrize(
    ("title", "kept"),
    [
        ("CEO", "CEO"),
        ("Directrice financière", "Directrice financière"),
        ("DIRECTRICE GENERALE, Nord", "DIRECTRICE GENERALE, "),
        ("Co-Founder & CTO", "Co-Founder & CTO"),
        ("Assistante du directeur général", "directeur général"),
        ("Head of Finance (Europe)", "Head of Finance ("),
    ],
)
def test_titles_keep_the_words_that_decide(title: str, kept: str) -> None:
    made = replaced("string", title, name="Title")
    assert kept in made
    rest = title.replace(kept, "").strip()
    assert not rest or rest not in made


def test_titles_without_such_words_are_replaced_and_none_is_cut_off() -> None:
    assert replaced("string", "Head of Marketing", name="Title").split() != ["Head", "of"]
    assert "Head" not in replaced("string", "Head of Marketing", name="Title")
    long = f"{'a b c d ' * 8}CEO"
    assert "CEO" in replaced("string", long, name="Title", length=len(long)).split()


def test_the_services_mark_stays_where_a_subject_begins_with_it() -> None:
    made = replaced("combobox", f"{MARK} Target going idle", object="Task", name="Subject")
    assert made.startswith(f"{MARK} ")
    assert "idle" not in made
    other = replaced("combobox", f"Re: {MARK} idle", object="Task", name="Subject")
    assert MARK not in other
    assert replaced("combobox", MARK, object="Task", name="Subject") == MARK


def test_a_text_that_the_policy_names_stays() -> None:
    assert replaced("string", "Qualified Pool") == "Qualified Pool"
    texts = dict(config_texts())
    texts["sfsync.yaml"] = texts["sfsync.yaml"].replace(
        "leave_out: {Lead: {is_converted: true}}", "leave_out: {Account: {name: Maison Mère}}"
    )
    assert replaced("string", "Maison Mère") != "Maison Mère"
    assert replaced("string", "Maison Mère", texts=texts) == "Maison Mère"


@pytest.mark.parametrize("text", ["TBD", " à compléter ", "?"])
def test_a_text_that_fills_nothing_in_fills_nothing_in_afterwards(text: str) -> None:
    assert replaced("textarea", text, name="Plan__c", object="Opportunity") == text


def test_the_history_of_a_text_is_replaced_as_the_text_is(tmp_path: Path) -> None:
    fake = FakeOrg.standard(NOW, custom_fields={
        "Account": [{"name": "Name", "history_tracked": True},
                    {"name": "Industry", "history_tracked": True}],
    })  # fmt: skip
    account = fake.add("Account", Name="Atelier Fictif", Industry="Media")
    fake.edit("Account", account, Name="Maison Inventée", Industry="Retail")
    record(fake, tmp_path / "made", KEY)
    (now,) = rows_of(tmp_path / "made", "Account")
    history = {row["Field"]: row for row in rows_of(tmp_path / "made", "AccountHistory")}
    assert history["Name"]["NewValue"] == now["Name"] != "Maison Inventée"
    assert history["Name"]["OldValue"] == replaced("string", "Atelier Fictif")
    assert (history["Industry"]["OldValue"], history["Industry"]["NewValue"]) == ("Media", "Retail")
