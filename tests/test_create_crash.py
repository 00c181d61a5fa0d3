"""Does a process that is killed at any point create a task twice, or lose one from its books?

A child creates tasks, and is killed. The parent settles at once, and once more when the platform
can be at work on nothing any more, compares the books with the org, and lets a later run do the
rest.
"""

from collections import Counter
from pathlib import Path

import pytest
from deaths import Deaths, a_desk, disk_of, settled
from test_create import KEPT, NOW, RUN, a_creation, carry_out, firms, is_write, tasks
from thinned import thinned

from sfsync.apply import Desk
from sfsync.fake import FakeOrg
from sfsync.model import JournalledChange, State
from sfsync.org import LAG

REST = "20260615-090000-bbbb"
FIRMS = 2


@pytest.fixture
def deaths(tmp_path: Path) -> Deaths:
    """An org whose firms get a task each."""
    fake = FakeOrg.standard(NOW)
    plan = [a_creation(fake, id) for id in firms(fake, FIRMS)]
    disk = disk_of(tmp_path, fake, KEPT)
    before = disk.open_org()
    return Deaths(
        disk,
        before,
        a_desk(before),
        lambda desk: carry_out(desk, plan),
        is_write,
        settle_and_check,
    )


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


def settle_and_check(fake: FakeOrg, desk: Desk) -> None:
    """Settle what the dead process left, twice, compare, and do the rest of the work."""
    for at_once in (True, False):
        check_the_books(fake, settled(desk, {}, RUN), at_once=at_once)
        fake.clock.advance(LAG.total_seconds())
    made = desk.journal.created_keys(desk.org.id)
    assert len(made) == len(tasks(fake))
    rest = [a_creation(fake, str(row["Id"])) for row in fake.records("Account")]
    carry_out(desk, [each for each in rest if each.id not in made], REST)
    assert Counter(tasks(fake)) == {str(row["Id"]): 1 for row in fake.records("Account")}


def test_killed_at_any_boundary_each_task_is_created_once(deaths: Deaths) -> None:
    number, _ = deaths.boundaries()
    assert number >= 25
    for boundary in thinned(range(number + 1)):
        assert deaths.killed_at(boundary) == (boundary == number)


def test_killed_while_a_lost_answer_is_looked_for_each_task_is_created_once(
    deaths: Deaths,
) -> None:
    _, first = deaths.boundaries()
    for boundary in range(first + 1, first + 12, 2):
        assert not deaths.killed_at(boundary, "after")


@pytest.mark.parametrize("seed", range(3))
def test_killed_at_any_instant_each_task_is_created_once(deaths: Deaths, seed: int) -> None:
    deaths.killed_within(0.06, seed)
