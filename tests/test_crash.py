"""Does a process that is killed at any point lose or repeat nothing?

A child carries out a run against an org and a journal that live on the disk, and is killed
(SIGKILL) at one of the boundaries: before and after each call of the journal, of the org, and of
each request, so also between the org's commit and its answer. The parent opens both again, settles,
and compares the books with the org.
"""

import json
import os
import signal
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pyarrow.csv  # noqa: F401 - before the forks, or each child would take its time for it
import pytest
import requests
from entering import connect
from thinned import thinned

from sfsync.apply import Desk, apply, settle
from sfsync.fake import FakeOrg, load_folder
from sfsync.fake.server import Call
from sfsync.journal import Journal
from sfsync.model import (
    Change,
    FieldChange,
    JournalledChange,
    Run,
    RunState,
    Stamp,
    State,
    Value,
)
from sfsync.portions import BULK_FROM

NOW = datetime(2026, 6, 15, 8, 0, tzinfo=UTC)
RUN, REST = "20260615-080000-aaaa", "20260615-090000-bbbb"
STATE = {"Account": "Status__c"}
FIELDS = {
    "Account": [
        {"name": "Status__c", "type": "string", "label": "Status", "length": 40},
        {"name": "Count__c", "type": "double", "label": "Count", "precision": 18, "scale": 0},
    ]
}
WANTED: dict[str, dict[str, Value]] = {
    "Account": {"Status__c": "Working", "Count__c": 1},
    "Contact": {"Title": "CFO", "Department": "Finance"},
    "Opportunity": {"NextStep": "Call"},
}
# An org of few objects loads fast, and it is loaded for every single death.
KEPT = {*WANTED, "Task", "TaskStatus", "User", "Organization", "OpportunityStage"}
REFUSED = "Never this one"
ENDED_BY_ITSELF = 0

Step = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Disk:
    """What outlives a process: the org's folder and log, the journal, and the plan."""

    folder: Path
    plan: tuple[Change, ...]
    original: dict[tuple[str, str], dict[str, object]]
    empty_journal: bytes

    @property
    def log(self) -> Path:
        return self.folder.parent / "writes.jsonl"

    @property
    def journal(self) -> Path:
        return self.folder.parent / "journal.db"

    def wipe(self) -> None:
        """Go back to the moment before the run."""
        for path in self.files():
            path.unlink()
        self.journal.write_bytes(self.empty_journal)

    def files(self) -> list[Path]:
        """The log, and the journal with what SQLite keeps beside it."""
        return [path for path in self.folder.parent.iterdir() if path.is_file()]

    def open_org(self) -> FakeOrg:
        """Load the org as the disk has it now; what is written to it from here on is logged."""
        fake = load_folder(self.folder, log=self.log)
        fake.add_validation_rule(
            "Account", lambda _, row: "No" if row.get("Name") == REFUSED else None
        )
        return fake

    def open_journal(self) -> Journal:
        return Journal.open(f"sqlite:///{self.journal}")


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    """An org of three objects and a plan for it, part of which the world has overtaken since."""
    fake = FakeOrg.standard(NOW, custom_fields=FIELDS)
    names = ["Firm", REFUSED, "Edited", "Already so", "Firm with a task"]
    accounts = [fake.add("Account", Name=name, Status__c="Target") for name in names]
    task = fake.add("Task", Subject="Call", WhatId=accounts[4], Status="Completed")
    for account in accounts[:2]:
        fake.add("Contact", LastName="Doe", AccountId=account)
        fake.add(
            "Opportunity",
            Name="Deal",
            AccountId=account,
            StageName="Prospecting",
            CloseDate="2026-07-01",
        )
    evidence = Stamp("Task", task, str(fake.record("Task", task)["SystemModstamp"]))
    plan = [
        replace(change, rests_on=(*change.rests_on, evidence))
        if change.id == accounts[4]
        else change
        for change in planned(fake)
    ]
    fake.edit("Account", accounts[2], Status__c="Customer")
    fake.edit("Account", accounts[3], Status__c="Working", Count__c=1)
    for name in set(fake.state.store.schema.objects) - KEPT:
        fake.drop_object(name)
    fake.save(tmp_path / "org")
    original = {(each.object, each.id): fake.record(each.object, each.id) for each in plan}
    Journal.open(f"sqlite:///{tmp_path / 'journal.db'}").close()
    empty = (tmp_path / "journal.db").read_bytes()
    return Disk(tmp_path / "org", tuple(plan), original, empty)


def planned(fake: FakeOrg) -> list[Change]:
    """Plan to bring every record to what is wanted, but for the one that the org refuses for
    good.
    """
    changes = []
    for object, wanted in sorted(WANTED.items()):
        for row in fake.records(object):
            fields = {
                name: FieldChange(row[name], value)
                for name, value in wanted.items()
                if row[name] != value
            }
            rests_on = (Stamp(object, row["Id"], row["SystemModstamp"]),)
            name = str(row["Name"])
            change = Change(object, row["Id"], name, fields, "rule:test", "a test", (), rests_on)
            changes += [change] if fields else []
    return changes


class Mortal:
    """An object whose every call is a point at which the process may be killed."""

    def __init__(self, inner: Any, step: Step) -> None:
        self._inner, self._step = inner, step

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found):
            return found

        def call(*given: Any, **named: Any) -> Any:
            self._step()
            answer = found(*given, **named)
            self._step()
            return answer

        return call


def kill_at(boundary: int) -> Step:
    """Kill this process when the boundary of this number is reached."""
    passed = count()

    def step() -> None:
        if next(passed) == boundary:
            os.kill(os.getpid(), signal.SIGKILL)

    return step


def survive() -> None:
    """Pass a boundary unharmed."""


def a_desk(fake: FakeOrg, journal: Journal | None = None, bulk_from: int = BULK_FROM) -> Desk:
    """A desk on a loaded org; a child brings its own journal, as it inherits no open database."""
    org = connect(fake.session(), fake.host, fake.token(), sleep=lambda _: None)
    nothing = (lambda _: None, lambda *_: None)
    return Desk(org, journal, fake.clock.now, *nothing, bulk_from=bulk_from)


def carry_out(desk: Desk, plan: list[Change], run_id: str) -> None:
    run = Run(run_id, desk.org.id, "hourly", NOW, NOW, None, RunState.RUNNING, "p1")
    desk.journal.start(run, plan)
    apply(plan, run_id, desk, desk.clock())
    desk.journal.finish(run_id, finished=NOW, state=RunState.FINISHED, states=None)


def lose_answers(fake: FakeOrg, lost: str) -> None:
    """Let the line break once, before or after the first update is done; or never."""
    left = [lost]

    def hook(call: Call) -> None:
        if call.method == "PATCH" and left == [call.when]:
            left.clear()
            raise requests.ConnectionError("Connection reset by peer")

    fake.on_request.append(hook)


def in_a_child(work: Callable[[], None]) -> bool:
    """Do the work in a process of its own; tell whether it came to its end before it was killed."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:  # noqa: BLE001 - the child must end here, whatever happened
            traceback.print_exc()
            os._exit(1)
        os._exit(ENDED_BY_ITSELF)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return False
    assert os.WEXITSTATUS(status) == ENDED_BY_ITSELF, "the child failed: see its traceback above"
    return True


def mortal(fake: FakeOrg, desk: Desk, journal: Journal, step: Step) -> Desk:
    """The same desk, where every call of org and journal, and every request, is a boundary."""
    fake.on_request.append(lambda call: step())
    return replace(desk, org=Mortal(desk.org, step), journal=Mortal(journal, step))


def run_until(
    disk: Disk, fake: FakeOrg, desk: Desk, step: Step, lost: str = "never"
) -> Callable[[], None]:
    """The work of a child: carry out the plan, passing each boundary by this step."""

    def work() -> None:
        with closing(disk.open_journal()) as journal:
            frail = mortal(fake, desk, journal, step)
            lose_answers(fake, lost)
            carry_out(frail, list(disk.plan), RUN)

    return work


def writes(disk: Disk) -> Counter[tuple[str, str]]:
    """How often each record was written since the folder was saved, by the org's own log."""
    if not disk.log.exists():
        return Counter()
    lines = disk.log.read_text().splitlines()
    return Counter(
        (object, row["Id"]) for line in lines for object, row in json.loads(line)["rows"]
    )


def check_the_books(disk: Disk, fake: FakeOrg, entries: list[JournalledChange]) -> None:
    """What the journal says of each change is what the org holds, written once or not at all."""
    written = writes(disk)
    for entry in entries:
        key = (entry.change.object, entry.change.id)
        row, state = fake.record(*key), entry.outcome.state
        if state is State.APPLIED:
            assert {name: row[name] for name in entry.change.fields} == {
                name: field.after for name, field in entry.change.fields.items()
            }
            assert written[key] == 1
            assert entry.sent_at is not None
        else:
            assert state in (State.SKIPPED, State.STALE, State.REFUSED)
            assert row == disk.original[key]
            assert written[key] == 0
    assert sum(written.values()) == sum(entry.outcome.state is State.APPLIED for entry in entries)


def check_own_writes(desk: Desk, entries: list[JournalledChange]) -> None:
    applied = {
        entry.change.id
        for entry in entries
        if entry.change.object == "Account" and entry.outcome.state is State.APPLIED
    }
    found = desk.journal.own_writes(desk.org.id, STATE)
    assert {write.id for write in found} == applied


def settle_and_check(disk: Disk) -> None:
    """Open what the dead process left, settle, compare, and do the rest of the work."""
    fake = disk.open_org()
    with closing(disk.open_journal()) as journal:
        desk = a_desk(fake, journal)
        settle(desk.org.id, desk, STATE)
        assert journal.open_runs(desk.org.id) == []
        entries = journal.changes(RUN) if journal.runs() else []
        check_the_books(disk, fake, entries)
        check_own_writes(desk, entries)
        carry_out(desk, planned(fake), REST)
    left = planned(fake)
    assert [change.name for change in left] == [REFUSED]
    assert max(writes(disk).values()) == 1


@pytest.fixture
def fake(disk: Disk) -> FakeOrg:
    """The org before the run; each child writes to its own copy, and to the log on the disk."""
    return disk.open_org()


@pytest.fixture
def desk(fake: FakeOrg) -> Desk:
    return a_desk(fake)


def boundaries(disk: Disk) -> tuple[int, int]:
    """How many boundaries a run has, and which is the first that has an update under way."""
    passed: list[bool] = []
    first_update: list[int] = []
    fake = disk.open_org()

    def watch(call: Call) -> None:
        if call.method == "PATCH":
            first_update.append(len(passed))

    fake.on_request.append(watch)
    run_until(disk, fake, a_desk(fake), lambda: passed.append(True))()
    return len(passed), first_update[0]


def test_killed_at_any_boundary_nothing_is_lost_or_done_twice(
    disk: Disk, fake: FakeOrg, desk: Desk
) -> None:
    number, _ = boundaries(disk)
    assert number >= 50
    for boundary in thinned(range(number + 1)):
        disk.wipe()
        ended = in_a_child(run_until(disk, fake, desk, kill_at(boundary)))
        assert ended == (boundary == number)
        settle_and_check(disk)


def test_killed_around_bulk_jobs_that_nobody_can_be_asked_about_since_nothing_is_lost(
    disk: Disk, fake: FakeOrg
) -> None:
    # The jobs die with the child's org: what they wrote is told by the records alone.
    desk = a_desk(fake, bulk_from=1)
    for boundary in range(0, 200, 17):
        disk.wipe()
        ended = in_a_child(run_until(disk, fake, desk, kill_at(boundary)))
        settle_and_check(disk)
        if ended:
            break
    assert boundary >= 60


@pytest.mark.parametrize("lost", ["before", "after"])
def test_killed_while_a_lost_answer_is_looked_for_nothing_is_lost_or_done_twice(
    disk: Disk, fake: FakeOrg, desk: Desk, lost: str
) -> None:
    _, first = boundaries(disk)
    for boundary in thinned(range(first, first + 20)):
        disk.wipe()
        assert not in_a_child(run_until(disk, fake, desk, kill_at(boundary), lost))
        settle_and_check(disk)


@pytest.mark.parametrize("seed", range(10))
def test_killed_at_any_instant_nothing_is_lost_or_done_twice(
    disk: Disk, fake: FakeOrg, desk: Desk, seed: int
) -> None:
    # The alarm's default is death at once, wherever the process is: in the database or the log.
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
    fuse = Random(seed).uniform(0.001, 0.06)

    def work() -> None:
        signal.setitimer(signal.ITIMER_REAL, fuse)
        run_until(disk, fake, desk, survive)()

    in_a_child(work)
    settle_and_check(disk)


def test_settling_that_is_killed_itself_is_settled_again(
    disk: Disk, fake: FakeOrg, desk: Desk
) -> None:
    _, first = boundaries(disk)
    disk.wipe()
    assert not in_a_child(run_until(disk, fake, desk, kill_at(first + 1)))
    assert max(writes(disk).values()) == 1
    left = {path: path.read_bytes() for path in disk.files()}

    def settle_until(step: Step) -> Callable[[], None]:
        def work() -> None:
            with closing(disk.open_journal()) as journal:
                org = disk.open_org()
                settle(desk.org.id, mortal(org, a_desk(org), journal, step), STATE)

        return work

    for boundary in count():
        disk.wipe()
        for path, content in left.items():
            path.write_bytes(content)
        ended = in_a_child(settle_until(kill_at(boundary)))
        settle_and_check(disk)
        if ended:
            break
    assert boundary >= 10
