"""Does what is old go from the journal, and what a later pass needs never?"""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from loop_org import empty_org, loop_of
from postgres_server import tell
from test_journal import ORG, STATUS, a_change, a_run, outcome_of
from test_journal import file as file
from test_journal import url as url

from sfsync.cli import commands
from sfsync.errors import PlanRefused
from sfsync.jobs.undo import undo
from sfsync.journal import Ages, Journal, LookedUp, LookupOutcome, pruning
from sfsync.letter import AlertNote, EditionNote, Letter, MessageState
from sfsync.model import (
    ABOUT_FIELD,
    Action,
    Change,
    FieldChange,
    Finding,
    Outcome,
    RunState,
    Source,
    State,
)

NOW = datetime(2030, 1, 15, 8, tzinfo=UTC)
OLD, YOUNG = NOW - timedelta(days=800), NOW - timedelta(days=20)
AGES = Ages(NOW, *[NOW - timedelta(days=days) for days in (730, 365, 730, 730, 180)])
NOTHING = {"changes": 0, "runs": 0, "messages": 0, "findings": 0, "look-ups": 0, "turns": 0}
SOURCE = Source("register", "https://example.org/1", "2027", "2027-11-06", 0.9)


@pytest.fixture
def journal() -> Iterator[Journal]:
    with closing(Journal.open("sqlite://")) as opened:
        yield opened


@pytest.fixture
def anywhere(url: str) -> Iterator[Journal]:
    """A journal in each database that sfsync is for."""
    with closing(Journal.open(url)) as opened:
        yield opened


def plain(number: int = 1) -> Change:
    """A change of which nobody asks again: of a score."""
    return a_change(number, fields={"Potential_Score__c": FieldChange(1, 2)}, cause="score")


def a_past_run(
    journal: Journal,
    at: datetime,
    *outcomes: tuple[Change, Outcome],
    state: RunState = RunState.FINISHED,
    **how: object,
) -> str:
    """Journal a run that ended then, with what became of its changes; return its id."""
    run = a_run(f"{at:%Y%m%d-%H%M%S}-{len(journal.runs()):04}", now=at, started=at)
    journal.start(run, [change for change, _ in outcomes])
    sent = [n for n, (_, outcome) in enumerate(outcomes) if outcome.state is not State.SKIPPED]
    journal.mark_sent(run.id, sent, at)
    journal.note(run.id, [(n, outcome) for n, (_, outcome) in enumerate(outcomes)])
    if state is not RunState.RUNNING:
        journal.finish(run.id, finished=at, state=state, **{"states": None, **how})
    return run.id


def applied(change: Change) -> tuple[Change, Outcome]:
    return change, outcome_of(change, State.APPLIED)


def pruned(journal: Journal) -> Mapping[str, int]:
    """What goes, which is what was foreseen, and the second time nothing."""
    foreseen = journal.pruning(AGES, STATUS).foresee()
    gone = journal.pruning(AGES, STATUS).prune(lambda: None)
    assert gone == foreseen
    assert journal.pruning(AGES, STATUS).prune(lambda: None) == NOTHING
    return {name: count for name, count in gone.items() if count}


def test_old_runs_go_with_their_changes_and_young_ones_stay(anywhere: Journal) -> None:
    journal = anywhere
    a_past_run(journal, OLD, applied(plain(1)), applied(plain(2)))
    a_past_run(journal, OLD)
    young = a_past_run(journal, YOUNG, applied(plain(3)))
    assert pruned(journal) == {"changes": 2, "runs": 2}
    assert [(run.id, run.pruned_at, run.counts) for run in journal.runs()] == [
        (young, None, {"applied": 1})
    ]


def test_runs_that_are_open_stay(journal: Journal) -> None:
    a_past_run(journal, OLD, applied(plain()), state=RunState.RUNNING)
    assert pruned(journal) == {}


def test_the_previous_pass_stays(journal: Journal) -> None:
    for hours in (0, 1):
        a_past_run(journal, OLD + timedelta(hours=hours), states={"Account": {"a": "Target"}})
    a_past_run(journal, OLD + timedelta(hours=2), applied(plain()))
    before = journal.previous_pass(ORG)
    assert pruned(journal) == {"changes": 1, "runs": 2}
    assert before is not None
    assert journal.previous_pass(ORG) == before


@pytest.mark.parametrize("state", [State.APPLIED, State.UNKNOWN])
def test_what_moved_a_record_stays_so_that_it_is_known_for_our_own(
    journal: Journal, state: State
) -> None:
    move = a_change(1)
    refused = a_change(2), outcome_of(a_change(2), State.REFUSED)
    run = a_past_run(journal, OLD, (move, outcome_of(move, state)), refused, applied(plain(3)))
    before = journal.own_writes(ORG, STATUS)
    assert pruned(journal) == {"changes": 2}
    assert len(before) == 1
    assert journal.own_writes(ORG, STATUS) == before
    assert [each.change for each in journal.changes(run)] == [move]
    assert journal.run(run).pruned_at == NOW


def test_what_was_created_stays_so_that_it_is_created_once(journal: Journal) -> None:
    def creation(number: int) -> Change:
        fields = {ABOUT_FIELD: FieldChange(None, a_change(number).id)}
        return replace(plain(number), object="Task", action=Action.CREATE, fields=fields)

    outcomes = [
        (creation(1), Outcome("Task", creation(1).id, State.APPLIED, created="00T1")),
        (creation(2), Outcome("Task", creation(2).id, State.UNKNOWN)),
        (creation(3), Outcome("Task", creation(3).id, State.SKIPPED, created="00T3")),
        (creation(4), Outcome("Task", creation(4).id, State.REFUSED)),
    ]
    a_past_run(journal, OLD, *outcomes)
    before = journal.created_keys(ORG), journal.unsettled_creations(ORG)
    assert pruned(journal) == {"changes": 1}
    assert (len(before[0]), len(before[1])) == (3, 1)
    assert (journal.created_keys(ORG), journal.unsettled_creations(ORG)) == before


def test_what_public_sources_filled_stays_and_what_took_it_back(anywhere: Journal) -> None:
    journal = anywhere
    filled = a_change(1, fields={"Industry": FieldChange(None, "Food", SOURCE)}, cause="enrich")
    other = a_change(2, fields=filled.fields, cause="enrich")
    taken_back = a_change(2, fields={"Industry": FieldChange("Food", None)}, cause="undo:x")
    a_past_run(journal, OLD, applied(filled), applied(other))
    a_past_run(journal, OLD + timedelta(hours=1), applied(taken_back), applied(plain(3)))
    before = journal.filled(ORG, "Account"), journal.enriched(ORG, "Account")
    assert pruned(journal) == {"changes": 1}
    assert (len(before[0]), len(before[1])) == (1, 2)
    assert (journal.filled(ORG, "Account"), journal.enriched(ORG, "Account")) == before


def mailed(journal: Journal, key: str, at: datetime, state: MessageState, *notes: object) -> None:
    """Journal a mail with what it tells, and its fate."""
    address = f"{key.rpartition(':')[2]}@example.com"
    letter = Letter(key, address, f"<{key}@example.com>", b"Hello", tuple(notes))  # type: ignore[arg-type]
    journal.messages.plan(ORG, [letter], at)
    if state is not MessageState.PLANNED:
        handed_over = 0 if state is MessageState.REFUSED else 1
        journal.messages.note(ORG, key, state, "", handed_over, at)


def keys(journal: Journal) -> list[str]:
    return [each.key for each in journal.messages.in_states(ORG, list(MessageState))]


def test_of_old_mails_the_last_to_each_address_stays_and_what_is_to_be_sent(
    journal: Journal,
) -> None:
    mailed(journal, "1:ann", OLD, MessageState.REFUSED)
    mailed(journal, "2:ann", OLD, MessageState.SENT)
    mailed(journal, "3:ann", OLD, MessageState.REFUSED)
    mailed(journal, "1:bob", OLD, MessageState.PLANNED)
    mailed(journal, "2:bob", OLD, MessageState.UNKNOWN)
    mailed(journal, "1:cid", OLD, MessageState.SENT)
    mailed(journal, "2:cid", YOUNG, MessageState.SENT)
    assert pruned(journal) == {"messages": 3}
    assert keys(journal) == ["3:ann", "1:bob", "2:bob", "2:cid"]


def test_what_readers_were_told_last_is_known_for_ever(anywhere: Journal) -> None:
    journal = anywhere

    def told(day: int, state: MessageState) -> None:
        at = OLD + timedelta(days=day)
        notes = (
            EditionNote("exceptions", "005A", at),
            AlertNote("idle", "Account", "001A", f"spell {day}", "005A", at),
        )
        mailed(journal, f"{day}:ann", at, state, *notes)

    told(1, MessageState.SENT)
    told(2, MessageState.SENT)
    told(3, MessageState.REFUSED)
    for day in (4, 5):
        mailed(journal, f"{day}:ann", OLD + timedelta(days=day), MessageState.SENT)
    before = journal.editions.last(ORG, "exceptions"), journal.alerts.last(ORG)
    assert pruned(journal) == {"messages": 3}
    assert (journal.editions.last(ORG, "exceptions"), journal.alerts.last(ORG)) == before
    assert keys(journal) == ["2:ann", "5:ann"]


def test_findings_go_when_they_are_solved_and_not_set_aside(journal: Journal) -> None:
    found = [
        Finding(code, "Account", "001A", "Firm", None, "is so", ())
        for code in ("open", "over", "snoozed", "waived", "was-waived")
    ]
    journal.merge_findings(ORG, OLD, [(each, None) for each in found])
    later = date(2030, 6, 1)
    journal.snooze(ORG, "snoozed", "001A", later)
    journal.waive(ORG, "waived", "001A", later, "known")
    journal.waive(ORG, "was-waived", "001A", date(2028, 1, 1), "known")
    journal.merge_findings(ORG, OLD + timedelta(hours=1), [(found[0], None)])
    assert pruned(journal) == {"findings": 2}
    assert [each.finding.code for each in journal.findings(ORG)] == ["open", "snoozed", "waived"]


def test_look_ups_go_by_age_and_of_turns_the_last_of_each_job_stays(journal: Journal) -> None:
    for account, at in (("001A", OLD), ("001B", YOUNG)):
        looked = LookedUp(account, at, LookupOutcome.NOTHING, (), "digest", False)
        journal.lookups.note(ORG, looked)
    for job in ("hourly", "report"):
        for hours in range(3):
            due = OLD + timedelta(hours=hours)
            turn = journal.turns.begin("acme", job, due, due)
            if (job, hours) != ("report", 0):
                journal.turns.end(turn.number, due, 0)
    assert pruned(journal) == {"look-ups": 1, "turns": 3}
    assert set(journal.lookups.last(ORG)) == {"001B"}
    assert len(journal.turns.last("acme", "hourly", 9)) == 1
    assert [each.is_open for each in journal.turns.last("acme", "report", 9)] == [False, True]


def test_it_goes_in_portions_that_leave_others_their_turn(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "PORTION", 4)
    with closing(Journal.open(f"sqlite:///{file}")) as journal:
        _check_portions(journal)


def _check_portions(journal: Journal) -> None:
    a_past_run(journal, OLD, *[applied(plain(n)) for n in range(9)], applied(a_change(10)))
    a_past_run(journal, OLD, *[applied(plain(n)) for n in range(2)])
    between: list[int] = []

    def pause() -> None:
        # Whoever writes now is not locked out.
        a_past_run(journal, YOUNG, applied(plain()))
        between.append(len(journal.runs()))

    assert journal.pruning(AGES, STATUS).foresee()["changes"] == 11
    assert journal.pruning(AGES, STATUS).kept() == 1
    assert journal.pruning(AGES, STATUS).prune(pause)["changes"] == 11
    assert between == [3, 4]


def test_room_is_given_back(anywhere: Journal, url: str) -> None:
    journal = anywhere
    a_past_run(journal, OLD, *[applied(plain(n)) for n in range(300)])
    pruned(journal)
    journal.vacuum()
    if url.startswith("sqlite"):
        assert tell(url, "PRAGMA freelist_count") == [(0,)]


def test_the_command_shows_first_and_then_does_it(alone: None) -> None:
    Path(".sfsync").mkdir()
    with closing(Journal.open(f"sqlite:///{Path('.sfsync/journal.db').absolute()}")) as journal:
        long_ago = datetime(2015, 1, 15, 8, tzinfo=UTC)
        old = a_past_run(journal, long_ago, applied(plain()), applied(a_change(2)))
        assert "changes\t730\t1\n" in said("journal", "prune")
        assert journal.run(old).pruned_at is None
        assert said("journal", "prune", "-q", "--apply", "--vacuum") == ""
        assert journal.run(old).pruned_at is not None
        shown = said("show", old)
        assert "only what later passes need is left" in shown


def said(*args: str) -> str:
    done = CliRunner().invoke(commands, args)
    assert done.exit_code == 0, done.output
    return done.output


def test_a_pruned_run_is_not_taken_back_in_part() -> None:
    with loop_of(empty_org(NOW, "Europe/Paris"), NOW) as loop:
        run = a_past_run(loop.journal, OLD, applied(plain()), applied(a_change(2)))
        pruned(loop.journal)
        with pytest.raises(PlanRefused, match="most of what it changed was pruned from the jou"):
            undo(replace(loop.services, books=ORG), run)


def test_texts_of_a_run_are_looked_through_once_however_many_portions_it_takes(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "PORTION", 2)
    for hours in (0, 1):
        a_past_run(journal, OLD + timedelta(hours=hours), *[applied(plain(n)) for n in range(4)])
    asked: list[str] = []
    sa.event.listen(journal._engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    journal.pruning(AGES, STATUS).prune(lambda: None)
    assert sum(each.startswith("DELETE FROM run_texts") for each in asked) == 2
    with journal._engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM run_texts")) == 0
