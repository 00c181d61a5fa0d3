"""Does a process that is killed at any point create a task twice, or lose one from its books?

A child creates tasks in an org that lives on the disk, and is killed (SIGKILL) before and after
each call of the journal, of the org, and of each request, so also between the org's commit and its
answer. The parent opens both again, settles at once and once more when the platform can be at work
on nothing any more, compares the books with the org, and lets a later run do the rest.
"""

import signal
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pyarrow.csv  # noqa: F401 - before the forks, or each child would take its time for it
import pytest
from test_crash import Step, a_desk, in_a_child, kill_at, mortal, survive
from test_create import KEPT, NOW, RUN, a_creation, carry_out, firms, is_write, lose, tasks
from thinned import thinned

from sfsync.apply import Desk, settle
from sfsync.fake import FakeOrg, load_folder
from sfsync.fake.server import Call
from sfsync.journal import Journal
from sfsync.model import Change, JournalledChange, State
from sfsync.org import LAG

REST = "20260615-090000-bbbb"
FIRMS = 2


@dataclass(frozen=True, slots=True)
class Disk:
    """What outlives a process: the org's folder and log, the journal, and the plan."""

    folder: Path
    plan: tuple[Change, ...]
    empty_journal: bytes

    @property
    def log(self) -> Path:
        return self.folder.parent / "writes.jsonl"

    @property
    def journal(self) -> Path:
        return self.folder.parent / "journal.db"

    def wipe(self) -> None:
        """Go back to the moment before the run."""
        for path in self.folder.parent.iterdir():
            if path.is_file():
                path.unlink()
        self.journal.write_bytes(self.empty_journal)

    def open_org(self) -> FakeOrg:
        return load_folder(self.folder, log=self.log)

    def open_journal(self) -> Journal:
        return Journal.open(f"sqlite:///{self.journal}")


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    """An org whose firms get a task each."""
    fake = FakeOrg.standard(NOW)
    plan = tuple(a_creation(fake, id) for id in firms(fake, FIRMS))
    for name in set(fake.state.store.schema.objects) - KEPT:
        fake.drop_object(name)
    fake.save(tmp_path / "org")
    Journal.open(f"sqlite:///{tmp_path / 'journal.db'}").close()
    empty = (tmp_path / "journal.db").read_bytes()
    return Disk(tmp_path / "org", plan, empty)


def run_until(
    disk: Disk, fake: FakeOrg, desk: Desk, step: Step, lost: str = "never"
) -> Callable[[], None]:
    """The work of a child: carry out the plan, passing each boundary by this step."""

    def work() -> None:
        with closing(disk.open_journal()) as journal:
            frail = mortal(fake, desk, journal, step)
            fake.on_request.append(lose(lost))
            carry_out(frail, list(disk.plan))

    return work


def check_the_books(fake: FakeOrg, entries: list[JournalledChange], *, at_once: bool) -> None:
    """What the journal says of each creation is what the org holds: one task, or none."""
    found = Counter(tasks(fake))
    assert max(found.values(), default=0) <= 1
    for entry in entries:
        is_there, state = found[entry.change.about] == 1, entry.outcome.state
        if state is State.APPLIED:
            task = fake.record("Task", entry.outcome.created)
            assert task["WhatId"] == entry.change.about
        else:
            assert not is_there
            may_come = state is State.UNKNOWN and at_once and entry.sent_at is not None
            assert may_come or state is State.SKIPPED


def settle_and_check(disk: Disk) -> None:
    """Settle what the dead process left, twice, compare, and do the rest of the work."""
    fake = disk.open_org()
    with closing(disk.open_journal()) as journal:
        desk = a_desk(fake, journal)
        for at_once in (True, False):
            settle(desk.org.id, desk, {})
            assert journal.open_runs(desk.org.id) == []
            entries = journal.changes(RUN) if journal.runs() else []
            check_the_books(fake, entries, at_once=at_once)
            fake.clock.advance(LAG.total_seconds())
        made = journal.created_keys(desk.org.id)
        assert len(made) == len(tasks(fake))
        rest = [a_creation(fake, str(row["Id"])) for row in fake.records("Account")]
        carry_out(desk, [each for each in rest if each.id not in made], REST)
    assert Counter(tasks(fake)) == {each.about: 1 for each in disk.plan}


@pytest.fixture
def fake(disk: Disk) -> FakeOrg:
    """The org before the run; each child writes to its own copy, and to the log on the disk."""
    return disk.open_org()


@pytest.fixture
def desk(fake: FakeOrg) -> Desk:
    return a_desk(fake)


def boundaries(disk: Disk) -> tuple[int, int]:
    """How many boundaries a run has, and which is the first that has a creation under way."""
    passed: list[bool] = []
    first: list[int] = []
    fake = disk.open_org()

    def watch(call: Call) -> None:
        if is_write(call):
            first.append(len(passed))

    fake.on_request.append(watch)
    run_until(disk, fake, a_desk(fake), lambda: passed.append(True))()
    return len(passed), first[0]


def test_killed_at_any_boundary_each_task_is_created_once(
    disk: Disk, fake: FakeOrg, desk: Desk
) -> None:
    number, _ = boundaries(disk)
    assert number >= 25
    for boundary in thinned(range(number + 1)):
        disk.wipe()
        ended = in_a_child(run_until(disk, fake, desk, kill_at(boundary)))
        assert ended == (boundary == number)
        settle_and_check(disk)


def test_killed_while_a_lost_answer_is_looked_for_each_task_is_created_once(
    disk: Disk, fake: FakeOrg, desk: Desk
) -> None:
    _, first = boundaries(disk)
    for boundary in range(first + 1, first + 12, 2):
        disk.wipe()
        assert not in_a_child(run_until(disk, fake, desk, kill_at(boundary), "after"))
        settle_and_check(disk)


@pytest.mark.parametrize("seed", range(3))
def test_killed_at_any_instant_each_task_is_created_once(
    disk: Disk, fake: FakeOrg, desk: Desk, seed: int
) -> None:
    fuse = Random(seed).uniform(0.001, 0.06)

    def work() -> None:
        signal.setitimer(signal.ITIMER_REAL, fuse)
        run_until(disk, fake, desk, survive)()

    in_a_child(work)
    settle_and_check(disk)
