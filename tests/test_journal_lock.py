"""Does one machine alone run jobs, and does one that lost its lock without noticing write no more?

Two machines are two URLs of one journal: a process holds the lock of a URL.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from threading import Thread

import pytest
from postgres_server import Server, tell
from test_journal import NOW, a_change, a_run, outcome_of

from sfsync.errors import Locked
from sfsync.journal import Journal, JournalLock, is_lockable
from sfsync.journal.lock import check_fence
from sfsync.lock import LockFile, Locks
from sfsync.model import RunState, State

ENDED = "SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory'"


@pytest.fixture
def url(postgresql: Server, journal_in_postgresql: str) -> str:
    return postgresql.emptied(journal_in_postgresql)


def of_machine(url: str, name: str) -> str:
    return f"{url}&application_name={name}"


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def locks(url: str, pauses: list[float]) -> Iterator[tuple[JournalLock, JournalLock]]:
    """The lock of the runs, as two machines have it."""
    with ExitStack() as stack:
        made = []
        for name in ("north", "south"):
            lock = JournalLock(
                of_machine(url, name), f"{name}, process 7", grace=15, sleep=pauses.append
            )
            stack.callback(lock.free)
            made.append(lock)
        yield made[0], made[1]


@pytest.fixture
def north(url: str) -> Iterator[Journal]:
    with closing(Journal.open(of_machine(url, "north"))) as journal:
        yield journal


def test_one_has_it_and_the_other_is_told_who(locks: tuple[JournalLock, JournalLock]) -> None:
    first, second = locks
    first.take()
    first.take()
    assert (first.is_held(), first.is_free(), second.is_held()) == (True, False, False)
    with pytest.raises(Locked, match=r"another run is at work \(north, process 7, since 20.* UTC"):
        second.take()
    first.free()
    first.free()
    assert (first.is_held(), first.is_free()) == (False, True)
    with second:
        assert second.is_held()
    assert second.is_free()


def test_other_names_and_other_journals_have_locks_of_their_own(
    url: str, postgresql: Server, locks: tuple[JournalLock, JournalLock]
) -> None:
    locks[0].take()
    with (
        JournalLock(url, "south", "scheduler") as other_name,
        JournalLock(postgresql.new(), "south") as other_journal,
    ):
        assert other_name.is_held()
        assert other_journal.is_held()
    assert is_lockable(url)
    assert not is_lockable("sqlite:///journal.db")


def lost(locks: tuple[JournalLock, JournalLock], url: str) -> None:
    """Let the first machine have the lock, its session end, and the second machine take over."""
    locks[0].take()
    tell(url, ENDED)
    locks[1].take()


def test_whoever_lost_it_notices_and_may_take_it_again(
    locks: tuple[JournalLock, JournalLock], url: str
) -> None:
    locks[0].take()
    tell(url, ENDED)
    assert [locks[0].is_held() for _ in range(3)] == [False] * 3
    locks[0].take()
    assert locks[0].is_held()
    with pytest.raises(Locked):
        locks[1].take()


def test_whoever_lost_it_writes_no_more(
    locks: tuple[JournalLock, JournalLock], url: str, north: Journal
) -> None:
    north.start(a_run(), [a_change(1), a_change(2), a_change(3)])
    north.mark_sent(a_run().id, [0, 1, 2], NOW)
    lost(locks, url)
    words = "the lock of the runs was lost to south, process 7, since"
    with pytest.raises(Locked, match=words):
        north.mark_sent(a_run().id, [1], NOW)
    with pytest.raises(Locked, match=words):
        north.start(a_run("20261125-190302-bbbb"), [])
    with pytest.raises(Locked, match=words):
        north.finish(a_run().id, finished=NOW, state=RunState.FINISHED, states=None)
    with pytest.raises(Locked, match=words):
        north.merge_findings("org", NOW, [])
    assert [run.state for run in north.runs()] == [RunState.RUNNING]


def test_what_the_org_did_is_noted_by_whoever_lost_it_and_nothing_else(
    locks: tuple[JournalLock, JournalLock], url: str, north: Journal
) -> None:
    changes = [a_change(number) for number in (1, 2)]
    north.start(a_run(), changes)
    north.mark_sent(a_run().id, [0, 1], NOW)
    lost(locks, url)
    states = [State.APPLIED, State.UNKNOWN]
    outcomes = [outcome_of(*each) for each in zip(changes, states, strict=True)]
    with pytest.raises(Locked):
        north.note(a_run().id, list(enumerate(outcomes)))
    assert [each.outcome.state for each in north.changes(a_run().id)] == ["applied", "sent"]


def test_nobody_takes_over_while_something_is_being_marked(
    locks: tuple[JournalLock, JournalLock], url: str, north: Journal
) -> None:
    locks[0].take()
    taking = Thread(target=locks[1].take)
    with north._engine.begin() as connection:
        check_fence(connection)
        tell(url, f"{ENDED} AND objsubid = 1")
        taking.start()
        taking.join(0.3)
        assert taking.is_alive()
    taking.join(5)
    assert locks[1].is_held()
    with pytest.raises(Locked), north._engine.begin() as connection:
        check_fence(connection)


@pytest.mark.parametrize(("state", "waited"), [(State.SENT, [15]), (State.UNKNOWN, [])])
def test_what_a_dead_one_had_sent_is_waited_for_before_its_books_are_closed(
    locks: tuple[JournalLock, JournalLock],
    url: str,
    north: Journal,
    pauses: list[float],
    state: State,
    waited: list[float],
) -> None:
    north.start(a_run(), [a_change()])
    north.mark_sent(a_run().id, [0], NOW)
    north.note(a_run().id, [(0, outcome_of(a_change(), state))])
    lost(locks, url)
    # The first one found them, too.
    assert pauses == waited * 2


HOLD = """
import sys, time
from sfsync.journal import JournalLock
JournalLock(sys.argv[1], "north").take()
print("taken", flush=True)
time.sleep(60)
"""


def test_one_that_is_stopped_keeps_it_and_one_that_is_killed_does_not(
    locks: tuple[JournalLock, JournalLock], url: str
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, url], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "taken\n"
            os.kill(process.pid, signal.SIGSTOP)
            with pytest.raises(Locked, match="north"):
                locks[1].take()
        finally:
            process.kill()
    deadline = time.monotonic() + 5
    while not locks[1].is_free() and time.monotonic() < deadline:
        time.sleep(0.02)
    locks[1].take()
    assert locks[1].is_held()


def test_several_locks_are_taken_all_or_none(tmp_path: Path) -> None:
    first, second, other = (LockFile(tmp_path / name, "taken") for name in ("a", "b", "b"))
    both = Locks(first, second)
    with other, pytest.raises(Locked):
        both.take()
    assert (first.is_held(), both.is_held(), both.is_free()) == (False, False, True)
    with both:
        assert (first.is_held(), second.is_held(), both.is_held()) == (True, True, True)
        assert not both.is_free()
    assert both.is_free()


def test_orgs_of_one_journal_have_locks_of_their_own_and_wait_for_their_own_dead_only(
    url: str, pauses: list[float]
) -> None:
    def lock(machine: str, name: str) -> JournalLock:
        where = of_machine(url, machine)
        return JournalLock(where, f"{machine}, process 7", name, grace=15, sleep=pauses.append)

    acme, bolt, other = lock("north", "run acme"), lock("south", "run bolt"), lock("west", "run b")
    with closing(Journal.open(of_machine(url, "north"))) as north, acme:
        north.start(a_run(), [a_change(1)])
        north.mark_sent(a_run().id, [0], NOW)
        with bolt:
            assert pauses == []
        # Nobody works on one org under two names.
        with (
            other,
            closing(Journal.open(of_machine(url, "west"))) as west,
            pytest.raises(Locked, match="worked on under another name"),
        ):
            west.start(a_run("20261125-190302-bbbb"), [])
        tell(url, ENDED)
        with lock("south", "run acme"):
            assert pauses == [15]
            with pytest.raises(Locked, match="lost to south"):
                north.mark_sent(a_run().id, [0], NOW)
