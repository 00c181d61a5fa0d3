"""Does each cleanup show what it then does, do it once, and can it be taken back?"""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cut_org import DEMO

from sfsync.cli import commands
from sfsync.errors import ExitCode

pytestmark = pytest.mark.usefixtures("alone")
Call = Callable[..., Result]


@pytest.fixture
def call() -> Call:
    """Call the command line on the demo org, with its state in `.sfsync`."""

    def called(*args: str, exits: int = ExitCode.DONE) -> Result:
        result = CliRunner().invoke(commands, [*args, "--org", "demo"])
        assert result.exit_code == exits, (result.output, result.exception)
        return result

    return called


def planned(call: Call, *args: str) -> dict[str, Any]:
    """What a cleanup would write, by record: its fields and their values."""
    call("cleanup", *args, "--out", "plan.json")
    plan = json.loads(Path("plan.json").read_text(encoding="utf-8"))
    return {
        each["id"]: {name: value["after"] for name, value in each["fields"].items()}
        for each in plan["changes"]
    }


def standing(call: Call, wanted: dict[str, Any]) -> dict[str, Any]:
    """What stands in the org in the same fields of the same records."""
    call("org", "save", "saved")
    rows = {}
    for name in ("Account", "Opportunity"):
        with Path(f"saved/{name}.csv").open(encoding="utf-8") as stream:
            rows |= {row["Id"]: row for row in csv.DictReader(stream)}

    def value(text: str) -> str | None:
        # An export writes the end of an instant in another way than the API.
        return text.replace("Z", "+0000") or None

    return {id: {name: value(rows[id][name]) for name in each} for id, each in wanted.items()}


def test_the_cleanups_are_listed_with_a_line_each(call: Call) -> None:
    said = CliRunner().invoke(commands, ["cleanup"])
    assert said.exit_code == ExitCode.DONE
    assert "backfill-timestamps  Fill the dates of statuses and stages" in said.stdout
    wrong = CliRunner().invoke(commands, ["cleanup", "backfil-timestamps"])
    assert 'did you mean "backfill-timestamps"' in wrong.stderr
    assert wrong.exit_code == ExitCode.USAGE


@pytest.mark.parametrize("cleanup", [("backfill-timestamps", "--from-created")], ids=" ".join)
def test_what_is_shown_is_done_once_and_taken_back(call: Call, cleanup: tuple[str, ...]) -> None:
    wanted = planned(call, *cleanup)
    assert wanted
    before = standing(call, wanted)
    said = call("cleanup", *cleanup, "--apply").stdout
    assert f"{len(wanted)} applied" in said
    assert standing(call, wanted) == wanted
    assert "0 changes" in call("cleanup", *cleanup).stdout
    run = json.loads(call("runs", "--format", "json").stdout)["runs"][0]
    assert (run["job"], run["counts"]) == (cleanup[0], {"applied": len(wanted)})
    call("undo", run["id"], "--apply")
    assert standing(call, wanted) == before
    assert planned(call, *cleanup) == wanted


def test_a_preview_writes_nothing_and_its_file_is_applied_as_shown(call: Call) -> None:
    wanted = planned(call, "backfill-timestamps")
    assert "no run yet" in call("runs").stdout
    assert "add --apply" in call("cleanup", "backfill-timestamps").stdout
    call("apply", "plan.json")
    assert standing(call, wanted) == wanted
    refused = call("cleanup", "backfill-timestamps", "--out", "x", "--apply", exits=ExitCode.USAGE)
    assert "leave out --apply" in refused.stderr


def test_a_part_of_the_records_is_asked_for(call: Call) -> None:
    every = planned(call, "backfill-timestamps")
    first = min(every)
    assert planned(call, "backfill-timestamps", "--id", first[:15]) == {first: every[first]}
    few = planned(call, "backfill-timestamps", "--limit", "2")
    assert few == {id: every[id] for id in sorted(every)[:2]}
    left = call("cleanup", "backfill-timestamps", "--limit", "2").stdout
    assert f"note: {len(every) - 2} more are left out by --limit 2." in left
    with (DEMO / "Account.csv").open(encoding="utf-8") as stream:
        owners = {row["Id"]: row["OwnerId"] for row in csv.DictReader(stream)}
    owner = owners[first]
    theirs = planned(call, "backfill-timestamps", "--owner", owner)
    accounts = {id for id in every if id in owners}
    assert {id for id in theirs if id in owners} == {i for i in accounts if owners[i] == owner}
    nothing = call("cleanup", "backfill-timestamps", "--id", "001000000000000", exits=2)
    assert "nothing to clean up of a record 001000000000000" in nothing.stderr
    nobody = call("cleanup", "backfill-timestamps", "--owner", "Nobody", exits=ExitCode.USAGE)
    assert 'no user is called "Nobody"' in nobody.stderr


def test_dates_come_from_the_history_and_from_the_creation_only_where_that_is_wished(
    call: Call,
) -> None:
    said = call("cleanup", "backfill-timestamps").stdout
    assert "Account.Backlog_At__c: 2 from AccountHistory, 2 in Backlog stay empty" in said
    assert "it entered Backlog on 2026-03-17, says AccountHistory" in said
    without = planned(call, "backfill-timestamps")
    wished = planned(call, "backfill-timestamps", "--from-created")
    assert without.items() <= wished.items()
    more = call("cleanup", "backfill-timestamps", "--from-created").stdout
    assert "from CreatedDate" in more
    with (DEMO / "Account.csv").open(encoding="utf-8") as stream:
        made = {row["Id"]: row["CreatedDate"] for row in csv.DictReader(stream)}
    born = {id: fields for id, fields in wished.items() if id not in without and id in made}
    assert born
    for id, fields in born.items():
        assert {value[:19] for value in fields.values()} == {made[id][:19]}
