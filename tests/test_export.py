"""Does what is exported hold all that the journal has, and nothing that a spreadsheet runs?"""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sfsync.cli import commands
from sfsync.errors import ExitCode
from sfsync.formula import harmless
from sfsync.journal import Cut, Journal
from sfsync.journal.exports import Exports
from sfsync.model import (
    Action,
    Change,
    Evidence,
    FieldChange,
    Finding,
    Loser,
    Outcome,
    Plan,
    Run,
    RunState,
    Source,
    State,
)
from sfsync.plan_file import to_json

pytestmark = pytest.mark.usefixtures("alone")
STARTED = datetime(2026, 6, 15, 8, tzinfo=UTC)
FORMULA = "=HYPERLINK(1)"
MAUD, IKER = "005Dm0000000004IAA", "005Dm0000000005IAA"
SOURCE = Source("gleif", "https://gleif.example/1", "2025", "2026-06-01", 0.9)
ACME = Change(
    "Account",
    "001Dm0000000001IAA",
    FORMULA,
    {"Fax": FieldChange(None, "+33 1"), "Score__c": FieldChange(-5.5, 12, SOURCE)},
    "rule:idle",
    "idle for\n30 days",
    (Evidence("idle_days", 30, "00TDm0000000001MAA"),),
)
GONE = Change(
    "Task", "00TDm0000000002MAA", "Call", {}, "undo:first", "taken back", action=Action.DELETE
)
PLAN = Plan("hourly", STARTED, STARTED, STARTED, "00D", "hash", (ACME, GONE))


@pytest.fixture
def journal(alone: None) -> Iterator[Journal]:
    """Books of two orgs, in the folder where commands look for them."""
    Path(".sfsync").mkdir()
    with closing(Journal.open(f"sqlite:///{Path('.sfsync/journal.db').absolute()}")) as journal:
        for number, (org, changes) in enumerate([("00D", (ACME, GONE)), ("00E", (ACME,))]):
            started = STARTED + timedelta(days=number)
            run = Run(f"run-{org}", org, "hourly", started, started, None, RunState.RUNNING, "hash")
            journal.start(run, changes)
            journal.mark_sent(run.id, [0], started)
            refused = Outcome(ACME.object, ACME.id, State.REFUSED, "INVALID", "@no")
            journal.note(run.id, [(0, refused)])
            journal.finish(run.id, finished=started, state=RunState.FINISHED, states=None)
        owned = {"00D": MAUD, "00E": IKER}
        for org, owner in owned.items():
            found = Finding("close-date-past", "Account", ACME.id, "-Acme", owner, "past")
            journal.merge_findings(org, STARTED, [(found, 99.5)])
        yield journal


def call(*args: str, exits: int = ExitCode.DONE) -> Result:
    result = CliRunner().invoke(commands, ["cleanup", "export", *args])
    assert result.exit_code == exits, (result.output, result.exception)
    return result


def rows(*args: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(call(*args).stdout, newline="")))


def data(*args: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(call(*args, "--format", "json").stdout)
    return found


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("=1+1", "'=1+1"),
        ("+33 1", "'+33 1"),
        ("-x", "'-x"),
        ("@sum", "'@sum"),
        ("  =1", "'  =1"),
        ("\tx", "'\tx"),
        ("\r=1", "'\r'=1"),
        ("\u00a0\u200b=1", "'\u00a0\u200b=1"),
        ("＝1", "'＝1"),
        ("﹢1", "'﹢1"),
        ("−1", "'−1"),
        ("Acme = x", "Acme = x"),
        ("Acme;=1+1", "Acme;'=1+1"),
        ('Acme";"=1+1', 'Acme";\'"=1+1'),
        ("Acme\n @sum; -x; y", "Acme\n' @sum;' -x; y"),
        ("ratio: 1;2", "ratio: 1;2"),
        ("(+33) 1", "(+33) 1"),
        ("", ""),
    ],
)
def test_no_text_is_a_formula(cell: str, expected: str) -> None:
    assert harmless(cell) == expected


@pytest.mark.usefixtures("journal")
def test_changes_have_a_row_a_field_with_what_became_of_it() -> None:
    fax, score, gone, *others = rows("changes")
    assert {row["org"] for row in others} == {"00E"}
    assert fax == score | {"field": "Fax", "before": "", "after": "'+33 1", "source": ""}
    assert score == {
        **{"run": "run-00D", "org": "00D", "job": "hourly", "started": "2026-06-15T08:00:00Z"},
        **{"seq": "0", "object": "Account", "id": ACME.id, "created": "", "name": f"'{FORMULA}"},
        **{"action": "update", "field": "Score__c", "before": "-5.5", "after": "12"},
        "source": "gleif of 2025, https://gleif.example/1",
        **{"cause": "rule:idle", "reason": "idle for\n30 days", "outcome": "refused"},
        **{"code": "INVALID", "message": "'@no", "sent_at": "2026-06-15T08:00:00Z"},
        "evidence": "idle_days: 30 (00TDm0000000001MAA)",
    }
    assert (gone["action"], gone["field"], gone["outcome"]) == ("delete", "", "planned")


@pytest.mark.usefixtures("journal")
def test_json_has_the_same_columns_with_values_as_they_are() -> None:
    _, score, *_ = told = data("changes")
    assert [list(each) for each in told] == [list(each) for each in rows("changes")]
    assert (score["before"], score["after"], score["name"]) == (-5.5, 12, FORMULA)


@pytest.mark.usefixtures("journal")
def test_runs_come_with_their_outcomes_counted() -> None:
    first, second = rows("runs")
    assert (first["id"], first["refused"], first["planned"]) == ("run-00D", "1", "1")
    assert (second["started"], second["planned"]) == ("2026-06-16T08:00:00Z", "0")


@pytest.mark.usefixtures("journal")
def test_findings_come_with_since_when_and_what_is_at_stake() -> None:
    first, second = data("findings")
    assert (first["org"], first["state"], first["amount"]) == ("00D", "open", 99.5)
    assert second["first_seen"] == "2026-06-15T08:00:00Z"
    assert [row["name"] for row in rows("findings")] == ["'-Acme", "'-Acme"]


@pytest.mark.usefixtures("journal")
@pytest.mark.parametrize(
    ("args", "number"),
    [
        (("changes", "--run", "run-00E"), 2),
        (("changes", "--until", "2026-06-16"), 3),
        (("changes", "--since", "2026-06-16T08:00:00Z"), 2),
        (("changes", "--object", "Task"), 1),
        (("changes", "--id", ACME.id[:15]), 4),
        (("changes", "--cause", "idle"), 4),
        (("changes", "--cause", "undo:first"), 1),
        (("plan", "--run", "run-00D", "--cause", "idle"), 2),
        (("runs", "--since", "2026-06-16"), 1),
        (("findings", "--owner", IKER), 1),
        (("findings", "--code", "amount-missing"), 0),
        (("findings", "--until", "2026-06-15"), 0),
        (("findings", "--since", "2026-06-15"), 2),
    ],
)
def test_what_is_exported_is_narrowed(args: tuple[str, ...], number: int) -> None:
    assert len(data(*args)) == number


@pytest.mark.usefixtures("journal")
def test_a_plan_of_a_file_is_what_the_run_planned() -> None:
    Path("plan.json").write_text(to_json(PLAN), encoding="utf-8")
    of_run = [row for row in rows("plan", "--run", "run-00D") if row["field"]]
    assert rows("plan", "--plan", "plan.json") == of_run
    assert rows("plan", "--plan", "plan.json", "--object", "Task") == []


def test_what_was_merged_away_has_a_row_of_its_own(journal: Journal) -> None:
    losers = tuple(Loser(f"001Dm000000000{n}IAA", f"-Acme {n}", {}) for n in (7, 8))
    merge = replace(ACME, action=Action.MERGE, losers=losers)
    run = Run("merges", "00D", "x", STARTED, STARTED, None, RunState.RUNNING, "hash")
    journal.start(run, (merge, GONE))
    Path("plan.json").write_text(to_json(replace(PLAN, changes=(merge,))), encoding="utf-8")
    of_file = rows("plan", "--plan", "plan.json")
    assert rows("plan", "--run", "merges", "--object", "Account") == of_file
    told = [(row["id"], row["name"], row["field"], row["after"]) for row in of_file[2:]]
    assert told == [(each.id, f"'{each.name}", "MasterRecordId", ACME.id) for each in losers]
    (of_one,) = rows("changes", "--id", losers[1].id)
    assert (of_one["run"], of_one["id"], of_one["action"]) == ("merges", losers[1].id, "merge")
    whole = list(journal.exports.changes(Cut()))
    assert list(Exports(journal._engine, portion=1).changes(Cut())) == whole


@pytest.mark.usefixtures("journal")
def test_a_file_is_utf8_that_spreadsheets_know_for_it() -> None:
    said = call("changes", "--out", "all.csv").stdout
    assert said == "5 rows are in all.csv.\n"
    told = Path("all.csv").read_bytes()
    assert told.decode("utf-8-sig") == call("changes").stdout_bytes.decode()
    assert told.startswith(b"\xef\xbb\xbf")
    assert list(Path().glob(".all*")) == []


@pytest.mark.usefixtures("journal")
def test_what_does_not_fit_is_told_at_once() -> None:
    said = call("runs", "--code", "x", "--id", ACME.id, exits=ExitCode.USAGE).stderr
    assert "runs cannot be narrowed by --code, --id: only by --run, --since, --until" in said
    assert "--plan FILE, or --run RUN" in call("plan", exits=ExitCode.USAGE).stderr
    assert "no run 'nil'" in call("changes", "--run", "nil", exits=ExitCode.USAGE).stderr
    turned = ("runs", "--since", "2026-06-02T08:00:00Z", "--until", "2026-06-01T08:00:00Z")
    assert "is not before --until" in call(*turned, exits=ExitCode.USAGE).stderr


def test_portions_are_the_whole(journal: Journal) -> None:
    narrow, cut = Exports(journal._engine, portion=1), Cut()
    for name in ("changes", "runs", "findings"):
        told: list[Mapping[str, Any]] = list(getattr(narrow, name)(cut))
        assert told == list(getattr(journal.exports, name)(cut))
