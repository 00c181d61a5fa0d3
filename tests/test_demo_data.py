"""Is the demo org what its generator makes, whole in itself, and as its README says?"""

import csv
import json
import os
import re
import string
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from functools import cache
from importlib import import_module
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
DEMO = ROOT / "config" / "demo"
SCRIPT = ROOT / "scripts" / "make_demo.py"
NOW = datetime(2026, 6, 15, 8, 0, tzinfo=UTC)
PREFIXES = {
    "Organization": "00D",
    "User": "005",
    "Group": "00G",
    "QueueSobject": "03g",
    "Account": "001",
    "Contact": "003",
    "Lead": "00Q",
    "Opportunity": "006",
    "OpportunityContactRole": "00K",
    "Task": "00T",
    "Event": "00U",
    "AccountHistory": "017",
    "OpportunityHistory": "008",
    "OpportunityFieldHistory": "017",
}
RULES = {
    "won",
    "opportunity-opened",
    "out-of-target",
    "subscription-ended",
    "opportunities-lost",
    "activity",
    "idle",
    "backlog-expired-high",
    "backlog-expired-low",
    "churn-cooled-down",
    "qualified-by-data",
    "entered-high",
    "entered-low",
}
README_ROW = re.compile(
    r"\| (?P<name>.+) \| `(?P<id>\w{18})` \| (?P<status>[^|]+) \| (?P<first>[^|]+) \|"
)

Row = dict[str, Any]


@cache
def described() -> dict[str, dict[str, Row]]:
    """Object to field name to the field's description."""
    text = (DEMO / "describe.json").read_text(encoding="utf-8")
    return {name: {f["name"]: f for f in fields} for name, fields in json.loads(text).items()}


def parsed(kind: str, cell: str) -> Any:
    """A cell as the REST API would give it; fails for one that is not of its type."""
    if cell == "":
        return None
    if kind == "boolean":
        return {"true": True, "false": False}[cell]
    if kind == "datetime":
        assert datetime.strptime(cell, "%Y-%m-%dT%H:%M:%S.000Z").replace(tzinfo=UTC)
        return cell.replace("Z", "+0000")
    if kind == "date":
        return date.fromisoformat(cell).isoformat()
    if kind == "int":
        return int(cell)
    return float(cell) if kind in {"double", "currency", "percent"} else cell


@cache
def records() -> dict[str, list[Row]]:
    """Object to its rows, parsed by their description."""
    found = {}
    for name, fields in described().items():
        with (DEMO / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            found[name] = [
                {column: parsed(fields[column]["type"], cell) for column, cell in row.items()}
                for row in csv.DictReader(file, strict=True)
            ]
    return found


def live(name: str) -> list[Row]:
    return [row for row in records()[name] if not row["IsDeleted"]]


def moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.000%z")


def run_script(*arguments: str, seed: str = "0") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONHASHSEED": seed},
        check=False,
    )


def made_files() -> list[Path]:
    """The files that the generator makes; what public sources answer stands in a folder."""
    return [path for path in DEMO.iterdir() if path.is_file()]


def test_generating_again_gives_the_committed_bytes(tmp_path: Path) -> None:
    for seed in ("1", "2"):
        assert run_script("--out", str(tmp_path / seed), seed=seed).returncode == 0
        made = {path.name: path.read_bytes() for path in (tmp_path / seed).iterdir()}
        assert made == {path.name: path.read_bytes() for path in made_files()}


def test_check_names_every_file_that_differs(tmp_path: Path) -> None:
    for path in made_files():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    assert run_script("--out", str(tmp_path), "--check").returncode == 0
    with (tmp_path / "Lead.csv").open("a", encoding="utf-8") as file:
        file.write("\n")
    (tmp_path / "User.csv").unlink()
    (tmp_path / "Case.csv").write_text('"Id"\n')
    outcome = run_script("--out", str(tmp_path), "--check")
    assert outcome.returncode == 1
    named = [Path(line.partition(": ")[0]).name for line in outcome.stderr.splitlines()]
    assert named == ["Case.csv", "Lead.csv", "User.csv"]


@pytest.mark.parametrize(
    ("names", "least"),
    [
        (("Account",), 420),
        (("Opportunity",), 320),
        (("Task", "Event"), 3200),
        (("Contact",), 500),
        (("Lead",), 120),
        (("User",), 14),
    ],
)
def test_there_is_enough_of_everything(names: tuple[str, ...], least: int) -> None:
    assert sum(len(live(name) if name != "User" else records()[name]) for name in names) >= least
    assert sum(path.stat().st_size for path in made_files()) < 3_000_000


def test_every_column_is_described_and_every_cell_quoted() -> None:
    for name, fields in described().items():
        text = (DEMO / f"{name}.csv").read_bytes().decode("utf-8")
        quoted = StringIO()
        writer = csv.writer(quoted, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerows(csv.reader(StringIO(text, newline=""), strict=True))
        assert text == quoted.getvalue(), name
        assert list(records()[name][0]) == list(fields), name


@pytest.mark.parametrize("name", sorted(PREFIXES))
def test_ids_are_valid_unique_and_sorted(name: str) -> None:
    ids = [row["Id"] for row in records()[name]]
    assert ids == sorted(set(ids))
    for each in ids:
        letters = string.ascii_uppercase + "012345"
        blocks = [each[0:5], each[5:10], each[10:15]]
        numbers = [
            int("".join("01"[sign.isupper()] for sign in block[::-1]), 2) for block in blocks
        ]
        assert each[:3] == PREFIXES[name]
        assert each[15:] == "".join(letters[number] for number in numbers), each


def test_every_reference_resolves_but_the_orphans() -> None:
    known = {row["Id"] for rows in records().values() for row in rows}
    missing = Counter(
        (name, column, row["Subject"])
        for name, rows in records().items()
        for row in rows
        for column, field in described()[name].items()
        if field["type"] == "reference" and row[column] is not None and row[column] not in known
    )
    assert missing == {
        ("Task", "WhatId", "Call (account is gone)"): 1,
        ("Task", "WhoId", "Call back (contact is gone)"): 1,
        ("Event", "WhatId", "Meeting (account is gone)"): 1,
    }


def test_references_point_at_the_objects_they_may() -> None:
    prefixes = {prefix: name for name, prefix in PREFIXES.items() if "History" not in name}
    for name, rows in records().items():
        for column, field in described()[name].items():
            targets = {
                prefixes[row[column][:3]] for row in rows if field["referenceTo"] and row[column]
            }
            assert targets <= set(field["referenceTo"]), (name, column)


def test_now_is_the_latest_stamp_and_nothing_was_made_or_done_later() -> None:
    stamps = [
        moment(row[column])
        for rows in records().values()
        for row in rows
        for column in ("SystemModstamp", "LastModifiedDate", "CreatedDate", "CompletedDateTime")
        if row.get(column)
    ]
    assert max(stamps) == NOW
    for rows in records().values():
        for row in rows:
            if "SystemModstamp" in row and "CreatedDate" in row:
                assert moment(row["CreatedDate"]) <= moment(row["SystemModstamp"])


def test_restricted_picklists_hold_listed_values() -> None:
    for name, rows in records().items():
        for column, field in described()[name].items():
            if field["restrictedPicklist"]:
                listed = {value["value"] for value in field["picklistValues"]} | {None}
                assert {row[column] for row in rows} <= listed, (name, column)


def test_texts_fit_and_a_required_field_is_filled() -> None:
    for name, rows in records().items():
        for column, field in described()[name].items():
            if isinstance(rows[0][column], str) and field["length"]:
                assert max(len(row[column] or "") for row in rows) <= field["length"], (
                    name,
                    column,
                )
            if not field["nillable"]:
                assert all(row[column] is not None for row in rows), (name, column)


def test_activities_hold_the_account_that_the_platform_derives() -> None:
    accounts = {row["Id"]: row["Id"] for row in records()["Account"]}
    deals = {row["Id"]: row["AccountId"] for row in records()["Opportunity"]}
    contacts = {row["Id"]: row["AccountId"] for row in records()["Contact"]}
    for row in records()["Task"] + records()["Event"]:
        what, who = row["WhatId"], row["WhoId"]
        derived = {**accounts, **deals}.get(what) if what else contacts.get(who)
        assert row["AccountId"] == derived, row["Id"]


def test_history_ends_at_what_stands() -> None:
    statuses: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(records()["AccountHistory"], key=lambda row: (row["CreatedDate"], row["Id"])):
        if row["Field"] == "Status__c":
            statuses[row["AccountId"]].append(row)
    for account in records()["Account"]:
        rows = statuses[account["Id"]]
        assert not rows or rows[-1]["NewValue"] == account["Status__c"], account["Name"]
        for before, after in pairwise(rows):
            assert before["NewValue"] == after["OldValue"], account["Name"]
    stages: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(
        records()["OpportunityHistory"], key=lambda row: (row["CreatedDate"], row["Id"])
    ):
        stages[row["OpportunityId"]].append(row)
    for deal in records()["Opportunity"]:
        last = stages[deal["Id"]][-1]
        for column in ("StageName", "Amount", "Probability", "CloseDate"):
            assert last[column] == deal[column], (deal["Name"], column)


def test_the_state_names_the_user_of_the_service() -> None:
    state = json.loads((DEMO / "state.json").read_text(encoding="utf-8"))
    assert [row["Id"] for row in records()["User"] if row["Alias"] == "sfsync"] == [
        state["user_id"]
    ]


def test_stages_say_what_is_closed_and_won() -> None:
    stages = {row["ApiName"]: row for row in records()["OpportunityStage"]}
    for deal in records()["Opportunity"]:
        stage = stages[deal["StageName"]]
        assert (deal["IsClosed"], deal["IsWon"]) == (stage["IsClosed"], stage["IsWon"])
        assert deal["Probability"] == stage["DefaultProbability"]


@pytest.mark.parametrize(
    ("name", "condition"),
    [
        ("Account", lambda row: len(row["Name"]) == 255),
        ("Account", lambda row: row["Industry"] == "NA" and row["BillingCountry"] == "NA"),
        ("Account", lambda row: row["BillingPostalCode"] == "01000"),
        ("Account", lambda row: row["Status__c"] == "Prospect (old)"),
        ("Account", lambda row: row["Target_At__c"] and moment(row["Target_At__c"]) > NOW),
        ("Account", lambda row: row["IsDeleted"] and row["MasterRecordId"]),
        ("Contact", lambda row: row["AccountId"] is None),
        ("Opportunity", lambda row: row["AccountId"] is None),
        ("Task", lambda row: row["IsArchived"]),
        ("Task", lambda row: row["IsRecurrence"]),
        ("Task", lambda row: row["Subject"].startswith("[sfsync]")),
        ("Task", lambda row: not row["IsClosed"] and row["ActivityDate"] is None),
        ("Task", lambda row: row["IsDeleted"]),
        ("Event", lambda row: row["IsAllDayEvent"] and row["ActivityDate"] == "2026-06-15"),
        ("Event", lambda row: row["IsArchived"]),
        ("Event", lambda row: row["IsChild"]),
        ("Event", lambda row: row["IsRecurrence"]),
        ("Event", lambda row: row["Type"] == "Onboarding"),
        ("User", lambda row: not row["IsActive"] and row["ManagerId"] is None),
        ("User", lambda row: row["TimeZoneSidKey"] == "Pacific/Auckland"),
    ],
)
def test_the_oddities_are_there(name: str, condition: Any) -> None:
    assert any(condition(row) for row in records()[name])


def readme_rows() -> dict[str, tuple[str, str]]:
    """Account Id to its name and first pass in the README's table."""
    found = {}
    for line in (DEMO / "README.md").read_text(encoding="utf-8").splitlines():
        row = README_ROW.match(line)
        if row:
            found[row["id"]] = (row["name"], row["first"])
    return found


def test_the_table_names_the_accounts_it_means() -> None:
    names = {row["Id"]: row["Name"] for row in records()["Account"]}
    rows = readme_rows()
    assert len(rows) > 100
    assert {each: names[each] for each in rows} == {each: name for each, (name, _) in rows.items()}


@pytest.fixture
def first_pass(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], Any]:
    """What the plain loop, which knows nothing of the generator, plans at the demo's now."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    plain_loop = import_module("plain_loop")
    own = next(row["Id"] for row in records()["User"] if row["Alias"] == "sfsync")
    return dict(plain_loop.plan(records(), NOW, "Europe/Paris", own_user_id=own))


def test_the_first_pass_does_what_the_table_says(first_pass: dict[tuple[str, str], Any]) -> None:
    moves = {
        record_id: f"`{change.cause.removeprefix('rule:')}` → {change.fields['Status__c']}"
        for (name, record_id), change in first_pass.items()
        if name == "Account" and change.cause.startswith("rule:")
    }
    table = {each: first for each, (_, first) in readme_rows().items() if first != "stays"}
    assert moves == table
    assert len(moves) < 0.18 * len(live("Account"))


def test_every_rule_moves_two_accounts_or_more(first_pass: dict[tuple[str, str], Any]) -> None:
    causes = Counter(change.cause for change in first_pass.values())
    assert {rule for rule in RULES if causes[f"rule:{rule}"] >= 2} == RULES
    assert causes["score"] == 25
    assert causes["pause"] >= 2
    assert causes["timestamps"] >= 5
