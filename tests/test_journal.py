"""Does the journal give back what was written to it, also to the next process?"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from random import Random

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from sfsync.errors import ConfigError, JournalError, NotFound
from sfsync.journal import Journal, new_run_id
from sfsync.model import (
    ABOUT_FIELD,
    Action,
    Change,
    Evidence,
    FieldChange,
    JournalledChange,
    Outcome,
    OwnWrite,
    PreviousPass,
    Run,
    RunState,
    Stamp,
    State,
    States,
)

NOW = datetime(2026, 11, 25, 19, 3, 1, tzinfo=UTC)
ORG = "00D000000000001AAA"
OTHER_ORG = "00D000000000002AAA"
STATUS = {"Account": "Status__c"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a journal in SQLite is."""
    return tmp_path / "journal.db"


@pytest.fixture
def in_sqlite(file: Path) -> Iterator[Journal]:
    with closing(Journal.open(f"sqlite:///{file}")) as opened:
        yield opened


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, file: Path) -> str:
    """Where a journal is: in each database that sfsync is for."""
    if request.param == "postgresql":
        server = request.getfixturevalue("postgresql")
        return str(server.emptied(request.getfixturevalue("journal_in_postgresql")))
    return f"sqlite:///{file}"


@pytest.fixture
def journal(url: str) -> Iterator[Journal]:
    with closing(Journal.open(url)) as opened:
        yield opened


def a_run(id: str = "20261125-190301-aaaa", **others: object) -> Run:
    fields = {"org": ORG, "job": "hourly", "now": NOW, "started": NOW, "finished": None}
    return Run(id=id, **{**fields, "state": RunState.RUNNING, "policy_hash": "p1", **others})


def a_change(number: int = 1, to: str = "Backlog", **others: object) -> Change:
    id = f"001{number:012d}AAA"
    fields = {
        "name": f"Firm {number}",
        "fields": {
            "Status__c": FieldChange("Target", to),
            "Backlog_Count__c": FieldChange(None, 1),
        },
        "cause": "rule:idle",
        "reason": "no activity for 61 days and nothing planned",
        "evidence": (Evidence("idle_days", 61, "00T000000000001AAA"), Evidence("ok", None)),
        "rests_on": (Stamp("Account", id, "2026-06-15T08:00:00.000+0000"),),
    }
    return Change(object="Account", id=id, **{**fields, **others})


def outcome_of(change: Change, state: State, code: str = "", message: str = "") -> Outcome:
    return Outcome(change.object, change.id, state, code, message)


def written(journal: Journal, run: Run, change: Change, sent_at: datetime, state: State) -> None:
    """Journal a run of one change that was sent and has this outcome."""
    journal.start(run, [change])
    journal.mark_sent(run.id, [0], sent_at)
    journal.note(run.id, [(0, outcome_of(change, state))])


def test_a_started_run_holds_all_its_changes_as_planned(journal: Journal) -> None:
    changes = [a_change(number) for number in (3, 1, 2)]
    journal.start(a_run(), changes)
    assert journal.changes("20261125-190301-aaaa") == [
        JournalledChange(a_run().id, seq, change, outcome_of(change, State.PLANNED), None)
        for seq, change in enumerate(changes)
    ]
    assert journal.run(a_run().id) == a_run(counts={"planned": 3})


def test_what_one_process_wrote_another_reads(journal: Journal, url: str) -> None:
    change = a_change()
    written(journal, a_run(), change, NOW, State.APPLIED)
    journal.close()
    with closing(Journal.open(url)) as reopened:
        (entry,) = reopened.changes(a_run().id)
    assert entry == JournalledChange(a_run().id, 0, change, outcome_of(change, State.APPLIED), NOW)


def test_a_run_that_cannot_be_written_whole_leaves_nothing(journal: Journal) -> None:
    unwritable = a_change(2, fields={"Amount": FieldChange(1.0, float("nan"))})
    with pytest.raises(ValueError, match=r"Account 001000000000002AAA, Amount: .* a value is text"):
        journal.start(a_run(), [a_change(1), unwritable])
    assert journal.runs() == []


def test_a_run_of_more_changes_than_one_insert_takes_is_whole(in_sqlite: Journal) -> None:
    changes = [a_change(number, evidence=(), rests_on=()) for number in range(5_003)]
    in_sqlite.start(a_run(), changes)
    assert [entry.change for entry in in_sqlite.changes(a_run().id)] == changes


def test_a_run_without_changes_is_a_run(journal: Journal) -> None:
    journal.start(a_run(), [])
    journal.note(a_run().id, [])
    assert journal.changes(a_run().id) == []
    assert journal.runs() == [a_run()]


def test_outcomes_are_noted_on_their_own_change_and_counted(journal: Journal) -> None:
    changes = [a_change(number) for number in range(4)]
    journal.start(a_run(), changes)
    journal.start(a_run("20261125-190302-bbbb"), changes)
    journal.mark_sent(a_run().id, [1, 3], NOW)
    refused = outcome_of(changes[3], State.REFUSED, "STRING_TOO_LONG", "too long")
    journal.note(a_run().id, [(3, refused), (0, outcome_of(changes[0], State.STALE))])
    entries = journal.changes(a_run().id)
    assert [entry.outcome.state for entry in entries] == ["stale", "sent", "planned", "refused"]
    assert [entry.sent_at for entry in entries] == [None, NOW, None, NOW]
    assert entries[3].outcome == refused
    newest, older = journal.runs()
    assert newest.counts == {"planned": 4}
    assert older.counts == {"planned": 1, "refused": 1, "sent": 1, "stale": 1}


def test_noting_on_a_run_that_is_not_there_says_which_are(journal: Journal) -> None:
    journal.start(a_run(), [a_change()])
    with pytest.raises(NotFound, match=r"no run 'zzz'.*newest are 20261125-190301-aaaa"):
        journal.mark_sent("zzz", [0], NOW)
    with pytest.raises(NotFound, match="no run 'zzz'"):
        journal.finish("zzz", finished=NOW, state=RunState.FINISHED, states=None)
    with pytest.raises(NotFound, match="no run 'zzz'"):
        journal.changes("zzz")


def test_a_finished_run_says_how_it_ended(journal: Journal) -> None:
    journal.start(a_run(undoes="20261124-100000-cccc"), [])
    later = NOW + timedelta(minutes=2)
    journal.finish(a_run().id, finished=later, state=RunState.CRASHED, states=None, error="went")
    assert journal.run(a_run().id) == a_run(
        finished=later, state=RunState.CRASHED, error="went", undoes="20261124-100000-cccc"
    )


def test_runs_come_newest_first_even_within_one_second(journal: Journal) -> None:
    ids = ["20261125-190301-zzzz", "20261125-190301-aaaa", "20261125-190301-mmmm"]
    for id in ids:
        journal.start(a_run(id), [])
    journal.start(a_run("20261125-190301-oooo", org=OTHER_ORG), [])
    assert [run.id for run in journal.runs(ORG)] == list(reversed(ids))
    assert len(journal.runs()) == 4


def test_a_run_is_found_by_the_beginning_of_its_id(journal: Journal) -> None:
    journal.start(a_run("20261125-190301-aaaa"), [])
    journal.start(a_run("20261125-190301-abbb"), [])
    assert journal.run("20261125-190301-ab").id == "20261125-190301-abbb"
    with pytest.raises(NotFound, match=r"2 runs begin with '20261125': .*abbb, .*aaaa"):
        journal.run("20261125")


@pytest.mark.parametrize("wrong", ["", "2027", "%", "2026112_"])
def test_no_such_run_lists_the_newest(journal: Journal, wrong: str) -> None:
    journal.start(a_run("20261125-190301-aaaa"), [])
    with pytest.raises(NotFound, match="the newest are 20261125-190301-aaaa"):
        journal.run(wrong)


def test_an_empty_journal_says_that_it_is_empty(journal: Journal) -> None:
    with pytest.raises(NotFound, match="the journal has none yet"):
        journal.run("2026")


def test_only_running_runs_of_the_org_are_open(journal: Journal) -> None:
    journal.start(a_run("20261125-190301-aaaa"), [a_change()])
    journal.start(a_run("20261125-190302-bbbb"), [])
    journal.finish("20261125-190302-bbbb", finished=NOW, state=RunState.FINISHED, states=None)
    journal.start(a_run("20261125-190303-cccc", org=OTHER_ORG), [])
    assert journal.open_runs(ORG) == [a_run("20261125-190301-aaaa", counts={"planned": 1})]


def test_the_history_of_a_record_is_newest_first_and_of_its_org_alone(journal: Journal) -> None:
    first, second = a_change(1, to="Backlog"), a_change(1, to="Customer")
    journal.start(a_run("20261125-190301-zzzz"), [a_change(2), first])
    journal.start(a_run("20261125-190301-aaaa"), [second])
    journal.start(a_run("20261125-190301-oooo", org=OTHER_ORG), [first])
    journal.start(a_run("20261125-190301-pppp"), [replace(first, object="Contact")])
    found = journal.history(ORG, "Account", first.id)
    assert [(entry.run, entry.seq, entry.change) for entry in found] == [
        ("20261125-190301-aaaa", 0, second),
        ("20261125-190301-zzzz", 1, first),
    ]


def test_what_was_created_about_a_record_stands_in_its_history_in_its_place(
    journal: Journal,
) -> None:
    about = a_change(1)
    new, gone = (
        replace(about, object="Task", id=id, action=action, fields={ABOUT_FIELD: field})
        for id, action, field in (
            ("new000000000000001", Action.CREATE, FieldChange(None, about.id)),
            ("00T000000000001AAA", Action.DELETE, FieldChange(about.id, None)),
        )
    )
    elsewhere = replace(new, fields={ABOUT_FIELD: FieldChange(None, a_change(2).id)})
    for run, changes in (("z", [about, elsewhere, new]), ("a", [about]), ("m", [gone, about])):
        journal.start(a_run(run), changes)
    told = [(each.run, each.change) for each in journal.history(ORG, "Account", about.id)]
    assert told == [("m", about), ("m", gone), ("a", about), ("z", new), ("z", about)]


@pytest.mark.parametrize("state", [State.APPLIED, State.SENT, State.UNKNOWN])
def test_what_may_have_been_written_is_an_own_write(journal: Journal, state: State) -> None:
    written(journal, a_run(), a_change(), NOW, state)
    expected = [OwnWrite("Account", a_change().id, "Backlog", NOW)]
    assert journal.own_writes(ORG, STATUS) == expected
    assert journal.own_writes(OTHER_ORG, STATUS) == []


@pytest.mark.parametrize("state", [State.STALE, State.REFUSED, State.SKIPPED, State.PLANNED])
def test_what_was_not_written_is_no_own_write(journal: Journal, state: State) -> None:
    written(journal, a_run(), a_change(), NOW, state)
    assert journal.own_writes(ORG, STATUS) == []


def test_own_writes_are_all_there_each_value_and_instant_once(journal: Journal) -> None:
    moments = [NOW + timedelta(hours=hours) for hours in (0, 5, 3, 5)]
    for number, moment in enumerate(moments):
        run = a_run(new_run_id(moment, Random(number)))
        written(journal, run, a_change(), moment, State.APPLIED)
    run = a_run("20261126-190301-bbbb")
    written(journal, run, a_change(1, to="Customer"), NOW, State.APPLIED)
    assert journal.own_writes(ORG, STATUS) == [
        *(OwnWrite("Account", a_change().id, "Backlog", each) for each in sorted(set(moments))),
        OwnWrite("Account", a_change().id, "Customer", NOW),
    ]


def test_own_writes_are_of_the_state_fields_alone_and_know_that_a_state_was_taken_away(
    journal: Journal,
) -> None:
    note = {"Note__c": FieldChange("a", "b"), "Status__c": FieldChange("Target", None)}
    written(journal, a_run(), a_change(fields=note), NOW, State.APPLIED)
    assert journal.own_writes(ORG, STATUS) == [OwnWrite("Account", a_change().id, None, NOW)]
    assert journal.own_writes(ORG, {}) == []
    assert journal.own_writes(ORG, {"Opportunity": "Note__c"}) == []
    assert [write.value for write in journal.own_writes(ORG, {"Account": "Note__c"})] == ["b"]


def finished(
    journal: Journal, hours: int, states: dict[tuple[str, str], str | None] | None, **how: object
) -> None:
    """Journal a run that judged NOW plus some hours and left these states."""
    now = NOW + timedelta(hours=hours)
    run = a_run(new_run_id(now, Random(hours)), now=now, started=now)
    journal.start(run, [])
    journal.finish(run.id, **{"finished": now, "state": RunState.FINISHED, "states": states, **how})


def test_the_previous_pass_is_the_last_that_read_whole_objects(journal: Journal) -> None:
    assert journal.previous_pass(ORG) is None
    finished(journal, 1, {"Account": {"a": "Target", "b": None}})
    finished(journal, 2, {"Account": {"a": "Backlog"}, "Opportunity": {"o": "Commit"}})
    finished(journal, 3, None)
    finished(journal, 4, {"Account": {"b": "Customer"}}, whole=False)
    finished(journal, 5, {"Account": {"a": "Backlog"}}, state=RunState.CRASHED)
    left = {"Account": {"a": "Backlog", "b": "Customer"}, "Opportunity": {"o": "Commit"}}
    assert journal.previous_pass(ORG) == PreviousPass(NOW + timedelta(hours=2), left)
    assert journal.previous_pass(OTHER_ORG) is None


def test_a_forgotten_record_counts_as_never_read_and_its_org_alone_forgets_it(
    journal: Journal,
) -> None:
    states: States = {"Account": dict.fromkeys("abc", "Target")}
    finished(journal, 1, states)
    other = a_run("20261125-190301-oooo", org=OTHER_ORG)
    journal.start(other, [])
    journal.finish(other.id, finished=NOW, state=RunState.FINISHED, states=states)
    finished(
        journal,
        2,
        {"Account": {"a": "Backlog"}},
        state=RunState.CRASHED,
        whole=False,
        forgotten=[("Account", "b"), ("Account", "never read")],
    )
    left = {"Account": {"a": "Backlog", "c": "Target"}}
    assert journal.previous_pass(ORG) == PreviousPass(NOW + timedelta(hours=1), left)
    assert journal.previous_pass(OTHER_ORG) == PreviousPass(NOW, states)


def test_only_states_that_differ_are_written(in_sqlite: Journal, file: Path) -> None:
    journal = in_sqlite
    states: dict[str, str | None] = dict.fromkeys(map(str, range(500)), "Target")
    finished(journal, 1, {"Account": states})
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute("CREATE TABLE touched (id TEXT)")
        database.execute(
            "CREATE TRIGGER watch AFTER UPDATE ON pass_states"
            " BEGIN INSERT INTO touched VALUES (new.record_id); END"
        )
        finished(journal, 2, {"Account": {**states, "7": None, "new": "Working"}})
        assert database.execute("SELECT id FROM touched").fetchall() == [("7",)]
    previous = journal.previous_pass(ORG)
    assert previous is not None
    assert previous.states == {"Account": {**states, "7": None, "new": "Working"}}


def test_run_ids_are_utc_and_tell_runs_of_one_second_apart() -> None:
    paris = NOW.astimezone(timezone(timedelta(hours=1)))
    randomness = Random(7)
    first, second = new_run_id(paris, randomness), new_run_id(paris, randomness)
    assert first.startswith("20261125-190301-")
    assert len(first) == len("20261125-190301-k3f7")
    assert first != second
    with pytest.raises(ValueError, match="no time zone"):
        new_run_id(paris.replace(tzinfo=None), randomness)


def test_instants_keep_their_microseconds_and_come_back_as_utc(journal: Journal) -> None:
    paris = datetime(2026, 6, 15, 10, 0, 0, 123_456, tzinfo=timezone(timedelta(hours=2)))
    journal.start(a_run(started=paris), [])
    assert journal.run(a_run().id).started == paris
    assert journal.run(a_run().id).started.tzinfo is UTC


def test_a_moment_without_a_zone_is_not_guessed(journal: Journal) -> None:
    with pytest.raises(sa.exc.StatementError, match="no time zone"):
        journal.start(a_run(started=NOW.replace(tzinfo=None)), [])


def test_the_journal_knows_which_bulk_job_has_which_changes(journal: Journal) -> None:
    journal.start(a_run(), [a_change(number) for number in range(5)])
    journal.start(a_run("20261125-190302-bbbb"), [a_change()])
    journal.mark_sent(a_run().id, [3, 1, 2], NOW, job="750000000000002AAA")
    journal.mark_sent(a_run().id, [0], NOW, job="750000000000001AAA")
    # One that was locked goes again without a job, one with another.
    journal.mark_sent(a_run().id, [1], NOW)
    journal.mark_sent(a_run().id, [2], NOW, job="750000000000001AAA")
    assert journal.jobs(a_run().id) == {
        "750000000000001AAA": [0, 2],
        "750000000000002AAA": [3],
    }
    assert journal.jobs("20261125-190302-bbbb") == {}
    with pytest.raises(NotFound, match="no run 'zzz'"):
        journal.jobs("zzz")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("sqlite:////nowhere/at/all/journal.db", "cannot be opened.*may be written"),
        ("not a url", "cannot be used.*sqlite:///PATH"),
        ("oracledb+nothing://host/db", "cannot be used"),
    ],
)
def test_a_journal_that_cannot_be_opened_says_what_to_do(wrong: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        Journal.open(wrong)


def test_a_server_that_is_not_up_yet_is_no_mistake_of_the_configuration(tmp_path: Path) -> None:
    # Whoever starts services anew leaves those alone that end with the code for wrong settings.
    with pytest.raises(JournalError, match=r"cannot be reached.*its server is up"):
        Journal.open(f"postgresql+psycopg://sfsync@/sfsync?host={tmp_path}")


def test_opening_an_existing_journal_changes_nothing(journal: Journal, url: str) -> None:
    journal.start(a_run(), [a_change()])
    with closing(Journal.open(url)) as again:
        assert again.runs() == journal.runs()


def test_sqlite_is_set_up_to_lose_nothing_and_to_wait(in_sqlite: Journal) -> None:
    with in_sqlite._engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    full = 2
    assert found == {
        "journal_mode": "wal",
        "synchronous": full,
        "foreign_keys": 1,
        "busy_timeout": 30_000,
    }


VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    # Without -0.0, which no one tells from 0.0.
    | st.floats(allow_nan=False, allow_infinity=False).map(lambda number: number + 0.0)
    | st.text()
)


@settings(max_examples=40, deadline=None)
@given(
    fields=st.dictionaries(st.text("abcXYZ_", min_size=1), st.builds(FieldChange, VALUES, VALUES)),
    evidence=st.lists(st.builds(Evidence, st.text("ab_"), VALUES, st.none() | st.text("01T"))),
)
def test_any_value_comes_back_as_it_was(
    fields: dict[str, FieldChange], evidence: list[Evidence]
) -> None:
    change = a_change(fields=fields, evidence=tuple(evidence))
    with closing(Journal.open("sqlite://")) as journal:
        journal.start(a_run(), [change])
        (entry,) = journal.changes(a_run().id)
    assert repr(sorted(entry.change.fields.items())) == repr(sorted(fields.items()))
    assert repr(entry.change.evidence) == repr(tuple(evidence))
