"""Does each cleanup show what it then does, do it once, and can it be taken back?"""

import csv
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cut_org import DEMO, cut, give, write
from empty_org import CONFIG

from sfsync.cli import commands
from sfsync.errors import ExitCode

pytestmark = pytest.mark.usefixtures("alone")
Call = Callable[..., Result]
STALE_ONES = {"006Dm000000003hIAA", "006Dm000000003pIAA", "006Dm000000004IIAQ"}
# An open deal of a disqualified account.
DEAD = "006Dm000000000TIAQ"
ENTERED = {
    name: f"{name.replace(' ', '_')}_At__c"
    for name in ("Target", "Working", "Backlog", "Churn", "Customer", "Disqualified")
}
STALE = ("--idle-days", "20", "--past-days", "5")


def calling(org: str) -> Call:
    """Call the command line on an org, with its state in `.sfsync`."""

    def called(*args: str, exits: int = ExitCode.DONE, org: str = org) -> Result:
        result = CliRunner().invoke(commands, [*args, "--org", org])
        assert result.exit_code == exits, (result.output, result.exception)
        return result

    return called


@pytest.fixture
def call(part: Path) -> Call:
    """Call the command line on a part of the demo org."""
    return calling(str(part))


@pytest.fixture(scope="module")
def part(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A part of the demo in which each cleanup finds something; tests never change it."""
    deals, accounts = rows_of("Opportunity"), rows_of("Account")
    lost = {id for id, row in deals.items() if row["IsClosed"] == "true" != row["IsWon"]}
    unsaid = {id for id in lost if not deals[id]["Lost_Reason__c"]}
    some = {min(opportunities(StageName=name)) for name in ("Closed Won", "Closing", "Closed Lost")}
    theirs = {deals[id]["AccountId"] for id in STALE_ONES | unsaid | some | {DEAD}}
    handed = (GILLES, ROSALIND, WINIFRED)
    theirs |= owned("Account", *handed)
    for name in ("Opportunity", "Contact"):
        theirs |= {rows_of(name)[id]["AccountId"] for id in owned(name, *handed)}
    undated = {id for id, row in accounts.items() if not row[ENTERED.get(row["Status__c"], "Id")]}
    return cut(tmp_path_factory.mktemp("part") / "org", accounts=tuple(theirs | undated))


def planned(call: Call, *args: str, **where: str) -> dict[str, Any]:
    """What a cleanup would write, by record: its fields and their values."""
    call("cleanup", *args, "--out", "plan.json", **where)
    plan = json.loads(Path("plan.json").read_text(encoding="utf-8"))
    return {
        each["id"]: {name: value["after"] for name, value in each["fields"].items()}
        for each in plan["changes"]
    }


def standing(call: Call, wanted: dict[str, Any]) -> dict[str, Any]:
    """What stands in the org in the same fields of the same records."""
    call("org", "save", "saved")
    rows = {}
    for name in ("Account", "Opportunity", "Contact", "Lead", "Task"):
        if Path(f"saved/{name}.csv").exists():
            rows |= rows_of(name, Path("saved"))

    def value(text: str, wish: Any) -> str | float | None:
        if isinstance(wish, int | float) and text:
            return float(text)
        # An export writes the end of an instant in another way than the API.
        return text.replace("Z", "+0000") or None

    return {
        id: {name: value(rows[id][name], wish) for name, wish in each.items()}
        for id, each in wanted.items()
    }


def to_the_minute(wanted: dict[str, Any]) -> dict[str, Any]:
    """The same without seconds: the demo's clock goes on by some when something is written."""
    return {
        id: {
            name: value[:16] if isinstance(value, str) and name.endswith("_At__c") else value
            for name, value in each.items()
        }
        for id, each in wanted.items()
    }


def opportunities(**wanted: str) -> dict[str, dict[str, str]]:
    """The demo's opportunities that have these texts in their fields."""
    return {
        id: row
        for id, row in rows_of("Opportunity").items()
        if all(row[name] == text for name, text in wanted.items())
    }


def name_reasons(reasons: str = "{Free Trial: Price, default: No decision}") -> None:
    """Put a configuration in the working folder that maps stages to lost reasons."""
    shutil.rmtree("config", ignore_errors=True)
    shutil.copytree(DEMO.parent, "config")
    file = Path("config/sfsync.yaml")
    text = file.read_text(encoding="utf-8")
    assert "lost_reasons: {}" in text
    file.write_text(text.replace("lost_reasons: {}", f"lost_reasons: {reasons}"), encoding="utf-8")


def recorded(part: Path, object_name: str, rows: dict[str, dict[str, str]]) -> Call:
    """Make a recorded org of that part in which these records have other texts in some fields."""
    shutil.copytree(part, "org", dirs_exist_ok=True)
    file = Path(f"org/{object_name}.csv")
    with file.open(encoding="utf-8") as stream:
        reader = csv.DictReader(stream)
        kept = [row | rows.get(row["Id"], {}) for row in reader]
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, reader.fieldnames or [], quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows(kept)
    return calling("org")


def test_the_cleanups_are_listed_with_a_line_each(call: Call) -> None:
    said = CliRunner().invoke(commands, ["cleanup"])
    assert said.exit_code == ExitCode.DONE
    assert "backfill-timestamps  Fill the dates of statuses and stages" in said.stdout
    wrong = CliRunner().invoke(commands, ["cleanup", "backfil-timestamps"])
    assert 'did you mean "backfill-timestamps"' in wrong.stderr
    assert wrong.exit_code == ExitCode.USAGE


HANDED_OVER = ("--from", "Winifred Hartsease", "--team", "Grace Hollowell, Dwight Palmerstone")


@pytest.mark.parametrize(
    "cleanup",
    [
        ("backfill-timestamps", "--from-created"),
        ("reassign-owners", "--from", "Winifred Hartsease"),
        ("reassign-owners", *HANDED_OVER),
        ("close-stale", *STALE, "--reason", "No decision"),
        ("close-stale", *STALE, "--push-to", "2026-09-30"),
        ("fix-stages",),
    ],
    ids=" ".join,
)
def test_what_is_shown_is_done_once_and_taken_back(call: Call, cleanup: tuple[str, ...]) -> None:
    name_reasons()
    if cleanup[0] == "close-stale":
        # Without the date of its stage one is idle only since the undo: the platform says so.
        call("cleanup", "backfill-timestamps", "--apply")
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
    assert to_the_minute(planned(call, *cleanup)) == to_the_minute(wanted)


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


MAUD, GRACE, WINIFRED = "005Dm0000000004IAA", "005Dm0000000006IAA", "005Dm000000000DIAQ"
DWIGHT, CAMILLE, HENRI = "005Dm000000000EIAQ", "005Dm0000000008IAA", "005Dm0000000003IAA"
GILLES, ROSALIND, QUEUE = "005Dm000000000HIAQ", "005Dm000000000IIAQ", "00GDm0000000001MAA"


def rows_of(name: str, folder: Path = DEMO) -> dict[str, dict[str, str]]:
    return {id: dict(row) for id, row in _rows_in((folder / f"{name}.csv").read_bytes()).items()}


@cache
def _rows_in(content: bytes) -> dict[str, dict[str, str]]:
    with StringIO(content.decode("utf-8"), newline="") as stream:
        return {row["Id"]: row for row in csv.DictReader(stream)}


def rewrite(file: Path, rows: Iterable[dict[str, str]]) -> None:
    listed = list(rows)
    write(file, list(listed[0]), listed)


STAGE_DATES = {
    "Opportunity Identified": "Identified_At__c",
    "Qualified Opportunity": "Qualified_At__c",
    "Free Trial": "Free_Trial_At__c",
    "Closing": "Closing_At__c",
    "Commit": "Commit_At__c",
    "Closed Won": "Won_At__c",
    "Closed Lost": "Lost_At__c",
}


def test_where_only_the_field_history_knows_the_stages_it_fills_their_dates(call: Call) -> None:
    folder = cut(Path("org"), accounts=tuple(sorted(rows_of("Account"))[::15]))
    deals = rows_of("Opportunity", folder)
    rewrite(
        folder / "Opportunity.csv",
        [{**row, **dict.fromkeys(STAGE_DATES.values(), "")} for row in deals.values()],
    )
    write(
        folder / "OpportunityHistory.csv",
        list(next(iter(rows_of("OpportunityHistory").values()))),
        [],
    )
    history = rows_of("OpportunityFieldHistory").values()
    moves = [row for row in history if row["OpportunityId"] in deals]
    rewrite(folder / "OpportunityFieldHistory.csv", moves)
    moves = [row for row in moves if row["Field"] == "StageName"]
    assert len(moves) > len(deals) > 1
    entered: dict[str, dict[str, str]] = {id: {} for id in deals}
    born: dict[str, dict[str, str]] = {id: {} for id in deals}
    for row in sorted(moves, key=lambda row: row["CreatedDate"]):
        deal, at = row["OpportunityId"], row["CreatedDate"]
        if not entered[deal]:
            made = deals[deal]["CreatedDate"]
            born[deal] = {STAGE_DATES[row["OldValue"]]: made[:19]}
        entered[deal][STAGE_DATES[row["NewValue"]]] = at[:19]

    def dates(*args: str) -> dict[str, dict[str, str]]:
        wanted = planned(call, "backfill-timestamps", *args, org="org")
        return {
            id: {name: at[:19] for name, at in fields.items()}
            for id, fields in wanted.items()
            if id in deals
        }

    assert dates() == {id: fields for id, fields in entered.items() if fields}
    both = {id: born[id] | entered[id] for id in deals if entered[id]}
    found = dates("--from-created")
    assert {id: found[id] for id in both} == both
    said = call("cleanup", "backfill-timestamps", org="org").stdout
    assert "from OpportunityFieldHistory" in said
    said = call("cleanup", "backfill-timestamps", "--from-created", org="org").stdout
    assert "and was Opportunity Identified when OpportunityFieldHistory began" in said


def owned(name: str, *owners: str) -> set[str]:
    return {id for id, row in rows_of(name).items() if row["OwnerId"] in owners}


def given(wanted: dict[str, Any]) -> dict[str, str]:
    assert all(fields.keys() == {"OwnerId"} for fields in wanted.values())
    return {id: fields["OwnerId"] for id, fields in wanted.items()}


def test_the_records_of_inactive_users_go_to_the_nearest_active_manager(call: Call) -> None:
    said = call("cleanup", "reassign-owners").stdout
    assert "its owner Gilles Partidavant is no longer active; to the manager Maud" in said
    assert "Left, since no active manager is above the owner: 5 of Rosalind Goneby." in said
    wanted = given(planned(call, "reassign-owners"))
    assert wanted == dict.fromkeys(owned("Account", GILLES), MAUD)
    to_one = given(planned(call, "reassign-owners", "--to", "grace.hollowell@example.com"))
    assert to_one == dict.fromkeys(owned("Account", GILLES, ROSALIND), GRACE)
    changes = json.loads(Path("plan.json").read_text(encoding="utf-8"))["changes"]
    before = {each["id"]: each["fields"]["OwnerId"]["before"] for each in changes}
    assert before == {id: rows_of("Account")[id]["OwnerId"] for id in before}


def test_that_an_undo_gives_nothing_to_an_inactive_user_is_told_before(call: Call) -> None:
    said = call("cleanup", "reassign-owners", "--to", "Maud", "--apply").stdout
    assert "An undo gives records back to active users only" in said
    assert "(Gilles Partidavant, Rosalind Goneby)." in said
    assert "0 changes" in call("cleanup", "reassign-owners", "--to", "Maud").stdout
    run = json.loads(call("runs", "--format", "json").stdout)["runs"][0]
    refused = call("undo", run["id"], "--apply", exits=ExitCode.INCOMPLETE).stdout
    assert refused.count("INACTIVE_OWNER_OR_USER") == 10
    handed = call("cleanup", "reassign-owners", *HANDED_OVER).stdout
    # Who is active gets them back.
    assert "An undo gives" not in handed


def test_managers_who_left_are_passed_over_and_a_circle_of_them_ends(call: Call) -> None:
    folder = cut(Path("org"))
    users = rows_of("User", folder)
    users[MAUD]["IsActive"] = "false"
    users[ROSALIND]["ManagerId"], users[GRACE]["IsActive"] = GRACE, "false"
    users[GRACE]["ManagerId"] = ROSALIND
    rewrite(folder / "User.csv", users.values())
    accounts = rows_of("Account", folder)
    for row, owner in zip(accounts.values(), (GILLES, ROSALIND, CAMILLE), strict=True):
        row["OwnerId"] = owner
    rewrite(folder / "Account.csv", accounts.values())
    wanted = given(planned(call, "reassign-owners", "--object", "Account", org="org"))
    assert wanted == {id: HENRI for id, row in accounts.items() if row["OwnerId"] == GILLES}
    said = call("cleanup", "reassign-owners", "--object", "Account", org="org").stdout
    assert "Left, since no active manager is above the owner: 1 of Rosalind Goneby." in said


def test_a_team_takes_turns_evenly_in_each_object_also_in_a_part(call: Call) -> None:
    asked = ("reassign-owners", *HANDED_OVER, "--without-tasks")
    wanted = given(planned(call, *asked))
    for name in ("Account", "Opportunity", "Contact"):
        turns = [wanted[id] for id in sorted(owned(name, WINIFRED))]
        assert len(turns) > 2
        assert turns == [(GRACE, DWIGHT)[place % 2] for place in range(len(turns))]
    first, _, third, _, fifth, *_ = sorted(owned("Account", WINIFRED))
    ids = ("--id", first, "--id", third, "--id", fifth)
    part = given(planned(call, *asked, *ids))
    assert part == {first: GRACE, third: DWIGHT, fifth: GRACE}
    asked_for = ("--team", "Grace Hollowell", "--team", "Dwight Palmerstone")
    theirs = given(planned(call, "reassign-owners", "--owner", "Rosalind", *asked_for))
    assert theirs.keys() == owned("Account", ROSALIND)
    assert sorted(Counter(theirs.values()).values()) == [2, 3]


def test_open_tasks_of_the_old_owner_go_with_their_records(call: Call) -> None:
    asked = ("reassign-owners", "--from", WINIFRED, "--to", GRACE)
    wanted = given(planned(call, *asked))
    tasks = {
        id: row
        for id, row in rows_of("Task").items()
        if (row["IsClosed"], row["IsRecurrence"], row["OwnerId"]) == ("false", "false", WINIFRED)
        and wanted.keys() & {row["WhatId"], row["WhoId"], row["AccountId"]}
    }
    assert len(tasks) > 2
    assert wanted.keys() & rows_of("Task").keys() == tasks.keys()
    assert not given(planned(call, *asked, "--without-tasks")).keys() & tasks.keys()
    # They go with their record, and are not counted.
    task, row = next((id, row) for id, row in tasks.items() if row["WhatId"].startswith("006"))
    chosen = given(planned(call, *asked, "--id", row["WhatId"], "--limit", "1"))
    assert chosen.items() >= {row["WhatId"]: GRACE, task: GRACE}.items()
    assert set(chosen) - {row["WhatId"]} <= tasks.keys()
    said = call("cleanup", *asked, "--id", row["WhatId"]).stdout
    assert "open, and goes with Opportunity " in said


def test_a_task_that_is_closed_another_s_or_left_out_stays(call: Call) -> None:
    folder = cut(Path("org"))
    accounts = rows_of("Account", folder)
    for row, owner in zip(accounts.values(), (GILLES, ROSALIND, CAMILLE), strict=True):
        row["OwnerId"] = owner
    rewrite(folder / "Account.csv", accounts.values())
    mine, other, _ = accounts
    like = next(row for row in rows_of("Task").values() if row["IsClosed"] == "false")
    goes, *_ = ids = [f"00TDm00000090{place}0MAA" for place in range(6)]
    tasks = [{**like, "Id": id, "OwnerId": GILLES} for id in ids]
    for task in tasks:
        task["WhatId"] = task["AccountId"] = mine
    tasks[1]["WhatId"] = tasks[1]["AccountId"] = other
    tasks[2]["OwnerId"] = CAMILLE
    tasks[3] |= {"Status": "Completed", "IsClosed": "true"}
    tasks[4]["IsRecurrence"] = "true"
    tasks[5]["Subject"] = "Left out"
    rewrite(folder / "Task.csv", tasks)
    shutil.copytree(CONFIG, "config", ignore=shutil.ignore_patterns("demo"))
    settings = Path("config/sfsync.yaml")
    said = settings.read_text(encoding="utf-8")
    left_out = said.replace("leave_out: {", "leave_out: {Task: {subject: Left out}, ")
    assert left_out != said
    settings.write_text(left_out, encoding="utf-8")
    asked = ("reassign-owners", "--to", "Maud", "--object", "Account", "--config", "config")
    wanted = given(planned(call, *asked, org="org"))
    assert wanted == dict.fromkeys((mine, other, goes), MAUD)


def test_only_one_object_or_status_is_handed_over(call: Call) -> None:
    asked = ("reassign-owners", "--from", WINIFRED, "--without-tasks")
    deals, accounts = rows_of("Opportunity"), rows_of("Account")
    some = given(planned(call, *asked, "--object", "Opportunity"))
    assert some == dict.fromkeys(owned("Opportunity", WINIFRED), GRACE)
    closing = given(planned(call, *asked, "--status", "Free Trial", "--status", "Target"))
    wanted = {id for id in owned("Opportunity", WINIFRED) if deals[id]["StageName"] == "Free Trial"}
    targets = {id for id in owned("Account", WINIFRED) if accounts[id]["Status__c"] == "Target"}
    assert wanted
    assert targets
    assert closing.keys() == wanted | targets


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("--to", "Gilles"), f"Gilles Partidavant ({GILLES}) is no longer active"),
        (("--team", "Grace, Rosalind"), f"Rosalind Goneby ({ROSALIND}) is no longer active"),
        (("--from", "Grace", "--to", "Grace"), "Grace Hollowell (005Dm0000000006IAA) is to hand"),
        (("--to", "Nobody"), 'no user is called "Nobody"'),
        (("--from", "Nobody"), 'no user is called "Nobody"'),
        (("--to", "Grace", "--team", "Maud"), "--to and --team: give one of them"),
        (("--object", "Acount"), 'called "Acount"; did you mean "Account"?'),
        (("--status", "Closin"), 'is "Closin"; did you mean "Closing"?'),
        (
            ("--object", "Contact", "--status", "Target"),
            'no status or stage of Contact is "Target"',
        ),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_who_cannot_own_and_what_is_none_is_told(
    call: Call, args: tuple[str, ...], told: str
) -> None:
    assert told in call("cleanup", "reassign-owners", *args, exits=ExitCode.USAGE).stderr


def test_of_two_people_of_one_name_the_id_is_asked_for(call: Call) -> None:
    folder = cut(Path("org"))
    give(folder / "User.csv", Name="Alex Twice", FirstName="Alex", LastName="Twice")
    asked = ("cleanup", "reassign-owners", "--to", "Alex Twice")
    said = call(*asked, org="org", exits=ExitCode.USAGE).stderr
    assert 'several users are called "Alex Twice" (005Dm' in said
    assert said.rstrip().endswith("give the Id of one")


def test_leads_go_without_a_rule_for_them_and_those_of_a_queue_stay(call: Call) -> None:
    folder = cut(Path("org"))
    for name in ("Group", "QueueSobject"):
        shutil.copy(DEMO / f"{name}.csv", folder)
    queue = rows_of("QueueSobject", folder)
    rewrite(folder / "QueueSobject.csv", [{**row, "SobjectType": "Lead"} for row in queue.values()])
    mine, converted, queued, *_ = (
        id for id, row in rows_of("Lead").items() if row["IsConverted"] == "false"
    )
    leads = {id: rows_of("Lead")[id] for id in (mine, converted, queued)}
    leads[mine]["OwnerId"] = leads[converted]["OwnerId"] = GILLES
    leads[converted]["IsConverted"], leads[queued]["OwnerId"] = "true", QUEUE
    rewrite(folder / "Lead.csv", leads.values())
    asked = ("reassign-owners", "--object", "Lead")
    assert given(planned(call, *asked, org="org")) == {mine: MAUD}
    shutil.copytree(CONFIG, "config", ignore=shutil.ignore_patterns("demo"))
    for name in ("leads", "contacts"):
        Path(f"config/rules/{name}.yaml").unlink()
    assert given(planned(call, *asked, "--config", "config", org="org")) == {mine: MAUD}
    call("cleanup", *asked, "--apply", org="org")


def test_stale_ones_are_closed_with_a_reason_their_date_and_the_stage_s_probability(
    call: Call,
) -> None:
    wanted = planned(call, "close-stale", *STALE, "--reason", "No decision")
    assert set(wanted) == STALE_ONES
    for fields in wanted.values():
        assert fields == {
            "StageName": "Closed Lost",
            "Lost_Reason__c": "No decision",
            "Lost_At__c": "2026-06-15T08:00:00.000+0000",
            "Probability": 0,
        }
    said = call("cleanup", "close-stale", *STALE, "--reason", "No decision", "--apply").stdout
    assert "idle for 21 days, and open though it was to close on 2026-05-30" in said
    # What a pass keeps true is true already.
    call("plan", "hourly", "--out", "hourly.json")
    changes = json.loads(Path("hourly.json").read_text(encoding="utf-8"))["changes"]
    assert not set(wanted) & {each["id"] for each in changes}


def test_stale_is_what_is_idle_and_past_for_so_many_days_to_the_day(call: Call) -> None:
    def found(idle: int, past: int) -> set[str]:
        days = ("--idle-days", str(idle), "--past-days", str(past))
        return set(planned(call, "close-stale", *days, "--push-to", "2026-09-30"))

    # Today is 2026-06-15: idle for 21 days, and past for 16.
    one = "006Dm000000003hIAA"
    assert one in found(21, 16)
    assert one not in found(22, 16)
    assert one not in found(21, 17)
    assert not planned(call, "close-stale", "--reason", "No decision")
    late = found(0, 0)
    open_ones = opportunities(IsClosed="false")
    assert late <= set(open_ones)
    assert all(open_ones[id]["CloseDate"] <= "2026-06-15" for id in late)


def test_pushed_ones_get_the_close_date_only(call: Call) -> None:
    wanted = planned(call, "close-stale", *STALE, "--push-to", "2026-09-30")
    assert list(wanted.values()) == [{"CloseDate": "2026-09-30"}] * 3


@pytest.mark.parametrize(
    ("wishes", "told"),
    [
        ((), "either --reason TEXT"),
        (("--reason", "Price", "--push-to", "2026-09-30"), "either --reason TEXT"),
        (("--reason", " "), "--reason is empty"),
        (("--push-to", "2026-06-15"), "is not after today, which is 2026-06-15"),
        (("--push-to", "2026-02-30"), "'2026-02-30' is no day: write 2026-06-15"),
        (("--push-to", "tomorrow"), "'tomorrow' is no day"),
        (("--push-to", "2026-06-16", "--stage", "Closed Lost"), "--stage is for what is closed"),
        (("--reason", "Price", "--stage", "Closed Won"), 'not in a stage "Closed Won"'),
        (("--reason", "Price", "--idle-days", "-1"), "-1 is not in the range"),
        (
            (*STALE, "--reason", "Prise"),
            'Lost_Reason__c has no value "Prise"; did you mean "Price"?',
        ),
    ],
)
def test_what_makes_no_sense_is_refused_and_says_why(
    call: Call, wishes: tuple[str, ...], told: str
) -> None:
    assert told in call("cleanup", "close-stale", *wishes, exits=ExitCode.USAGE).stderr


def test_the_lost_stage_is_what_the_org_says(part: Path) -> None:
    lost = "01JDm0000000007MAA"
    call = recorded(part, "OpportunityStage", {lost: {"IsActive": "false"}})
    refused = call("cleanup", "close-stale", "--reason", "Price", exits=ExitCode.USAGE)
    assert "no stage of the rules is active, closed and not won" in refused.stderr
    call = recorded(
        part,
        "OpportunityStage",
        {lost: {"IsActive": "true"}, "01JDm0000000004MAA": {"IsClosed": "true"}},
    )
    refused = call("cleanup", "close-stale", "--reason", "Price", exits=ExitCode.USAGE)
    assert "say --stage; there is: Closed Lost, Closing" in refused.stderr
    chosen = ("--stage", "Closing", "--reason", "Price")
    wanted = planned(call, "close-stale", *STALE, *chosen)
    assert {fields["StageName"] for fields in wanted.values()} == {"Closing"}


def test_what_changes_after_a_cleanup_was_planned_is_left_alone(call: Call) -> None:
    call("cleanup", "close-stale", *STALE, "--reason", "Price", "--out", "plan.json")
    plan = json.loads(Path("plan.json").read_text(encoding="utf-8"))
    for change in plan["changes"]:
        # A call that is logged meanwhile ends the idleness.
        assert {"object": "Task", "field": "WhatId"} in change["watches"]
    call("cleanup", "close-stale", *STALE, "--push-to", "2026-09-30", "--apply")
    assert "3 stale" in call("apply", "plan.json", exits=ExitCode.INCOMPLETE).stdout


def test_reasons_come_from_the_stage_it_was_lost_from_or_the_default(call: Call) -> None:
    name_reasons("{Free Trial: Price}")
    lacking = set(opportunities(StageName="Closed Lost", Lost_Reason__c=""))
    wanted = planned(call, "fix-stages")
    assert set(wanted) < lacking
    assert list(wanted.values()) == [{"Lost_Reason__c": "Price"}] * 4
    said = call("cleanup", "fix-stages").stdout
    assert "lost from Free Trial, and nobody said why" in said
    assert "3 lost without a reason stay so" in said
    assert "names no reason for Opportunity Identified (006Dm000000004DIAQ, " in said
    assert "1 open on a dead account stay so" in said
    name_reasons()
    both = planned(call, "fix-stages")
    assert {id for id in both if "StageName" not in both[id]} == lacking
    assert {both[id]["Lost_Reason__c"] for id in lacking - set(wanted)} == {"No decision"}


def test_open_ones_of_dead_accounts_are_closed_and_keep_a_reason_that_stands_there(
    part: Path,
) -> None:
    name_reasons("{Opportunity Identified: Price}")
    dead = DEAD
    closed = planned(calling(str(part)), "fix-stages", "--id", dead)[dead]
    assert closed == {
        "StageName": "Closed Lost",
        "Lost_Reason__c": "Price",
        "Lost_At__c": "2026-06-15T08:00:00.000+0000",
        "Probability": 0,
    }
    call = recorded(part, "Opportunity", {dead: {"Lost_Reason__c": "Timing"}})
    assert "Lost_Reason__c" not in planned(call, "fix-stages", "--id", dead)[dead]
    change = json.loads(Path("plan.json").read_text(encoding="utf-8"))["changes"][0]
    assert {each["object"] for each in change["rests_on"]} == {"Account", "Opportunity"}
    text = Path("config/sfsync.yaml").read_text(encoding="utf-8")
    quiet = text.replace("dead_statuses: [Disqualified]", "dead_statuses: []")
    Path("config/sfsync.yaml").write_text(quiet, encoding="utf-8")
    assert dead not in planned(call, "fix-stages")


def test_a_probability_that_disagrees_with_the_stage_becomes_the_stage_s(part: Path) -> None:
    won, closing, lost = (
        min(opportunities(StageName=name)) for name in ("Closed Won", "Closing", "Closed Lost")
    )
    rows = {
        won: {"Probability": "80"},
        closing: {"Probability": ""},
        lost: {"Probability": "40", "Lost_Reason__c": "Price"},
    }
    call = recorded(part, "Opportunity", rows)
    assert planned(call, "fix-stages") == {
        won: {"Probability": 100},
        closing: {"Probability": 50},
        lost: {"Probability": 0},
    }
    said = call("cleanup", "fix-stages", "--apply").stdout
    assert "80 %, and its stage has 100 %" in said
    assert "no probability, and its stage has 50 %" in said
    assert "3 applied" in said
    assert planned(call, "fix-stages") == {}


def test_an_undo_brings_back_a_probability_that_a_person_had_given(part: Path) -> None:
    dead = DEAD
    name_reasons()
    call = recorded(part, "Opportunity", {dead: {"Probability": "35"}})
    before = standing(call, {dead: {"StageName": "", "Probability": 0}})
    assert before == {dead: {"StageName": "Opportunity Identified", "Probability": 35}}
    call("cleanup", "fix-stages", "--id", dead, "--apply")
    call("undo", json.loads(call("runs", "--format", "json").stdout)["runs"][0]["id"], "--apply")
    assert standing(call, {dead: {"StageName": "", "Probability": 0}}) == before


def test_names_that_the_configuration_lacks_or_mistypes_are_told_with_their_place(
    call: Call,
) -> None:
    name_reasons("{Free Trail: Price}")
    wrong = call("cleanup", "fix-stages", exits=ExitCode.CONFIGURATION).stderr
    assert 'Opportunity has no state "Free Trail"; did you mean "Free Trial"?' in wrong
    assert "sfsync.yaml:" in wrong
    name_reasons()
    file = Path("config/sfsync.yaml")
    text = file.read_text(encoding="utf-8").replace(
        "    label: {field: MasterLabel, type: text}\n", ""
    )
    file.write_text(text, encoding="utf-8")
    wrong = call("cleanup", "fix-stages", exits=ExitCode.CONFIGURATION).stderr
    assert "the cleanup fix-stages reads OpportunityStage.label: name its field" in wrong
