"""Does each turn of a job begin once, whoever tries?"""

from datetime import UTC, datetime, timedelta

import pytest

from sfsync.errors import Locked
from sfsync.journal import Journal

DUE = datetime(2026, 11, 25, 7, 5, tzinfo=UTC)


@pytest.fixture
def journal(tmp_path):
    journal = Journal.open(f"sqlite:///{tmp_path / 'journal.db'}")
    yield journal
    journal.close()


def test_a_turn_is_begun_once_and_ended(journal):
    turn = journal.turns.begin("acme", "hourly", DUE, DUE)
    with pytest.raises(Locked, match="turn of hourly at 2026-11-25T07:05:00Z was begun"):
        journal.turns.begin("acme", "hourly", DUE, DUE)
    journal.turns.begin("other", "hourly", DUE, DUE)
    journal.turns.end(turn.number, DUE + timedelta(minutes=1), 3, "some were refused")
    [last] = journal.turns.last("acme", "hourly")
    assert (last.due, last.exit_code, last.message, last.is_open) == (
        *(DUE, 3, "some were refused"),
        False,
    )


def test_an_open_turn_is_taken_up_by_one(journal):
    dead = journal.turns.begin("acme", "hourly", DUE, DUE)
    again = journal.turns.begin_again(dead, DUE + timedelta(minutes=2))
    assert again.attempts == 2
    with pytest.raises(Locked, match="begun again"):
        journal.turns.begin_again(dead, DUE + timedelta(minutes=2))
    journal.turns.end(again.number, DUE + timedelta(minutes=3), 0)
    with pytest.raises(Locked):
        journal.turns.begin_again(again, DUE + timedelta(minutes=4))
    assert [each.exit_code for each in journal.turns.since("acme", DUE)] == [0]
    assert journal.turns.since("acme", DUE + timedelta(seconds=1)) == []


def test_the_newest_turn_of_each_job_and_those_that_are_open(journal):
    old = journal.turns.begin("acme", "hourly", DUE - timedelta(hours=1), DUE)
    new = journal.turns.begin("acme", "hourly", DUE, DUE)
    late = journal.turns.begin("acme", "nightly", DUE + timedelta(days=999), DUE)
    journal.turns.begin("other", "hourly", DUE, DUE)
    journal.turns.end(new.number, DUE, 0)
    assert {job: turn.number for job, turn in journal.turns.newest("acme", DUE).items()} == {
        "hourly": new.number
    }
    assert [turn.number for turn in journal.turns.open("acme")] == [old.number, late.number]
