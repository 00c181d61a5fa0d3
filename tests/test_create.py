"""Is each record created once, whatever becomes of the answers, and is what was created deleted?"""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import deaths
import pytest
import requests
from entering import connect
from hypothesis import given, settings
from hypothesis import strategies as st

from sfsync.apply import Desk, apply, settle
from sfsync.apply.tries import LAST_PAUSE, PAUSES
from sfsync.errors import OrgRefused, OrgUnavailable, Stopped
from sfsync.fake import FakeOrg
from sfsync.fake.given_faults import Faults
from sfsync.fake.server import Call
from sfsync.fake.wire import json_reply
from sfsync.journal import Journal
from sfsync.model import (
    Action,
    Change,
    FieldChange,
    Loser,
    Outcome,
    Run,
    RunState,
    Stamp,
    State,
    key_of_new,
)
from sfsync.org import LAG
from sfsync.portions import Portion, portions, writing_calls
from sfsync.undo import id_of, reverse

NOW = datetime(2026, 6, 15, 8, 0, tzinfo=UTC)
RUN = "20260615-080000-aaaa"
CAUSE = "task:handover"
BATCH = 2
KEPT = {"Account", "Task", "TaskStatus", "User", "Organization", "OpportunityStage"}


@pytest.fixture
def journal() -> Iterator[Journal]:
    with closing(Journal.open("sqlite://")) as opened:
        yield opened


@pytest.fixture
def fake() -> FakeOrg:
    return FakeOrg.standard(NOW)


@pytest.fixture
def desk(fake: FakeOrg, journal: Journal, slept: list[float]) -> Desk:
    return a_desk(fake, journal, slept)


def a_desk(fake: FakeOrg, journal: Journal, slept: list[float]) -> Desk:
    org = connect(fake.session(), fake.host, fake.token(), sleep=lambda _: None)
    return Desk(org, journal, fake.clock.now, slept.append, lambda *_: None, batch_size=BATCH)


def firms(fake: FakeOrg, count: int) -> list[str]:
    return [fake.add("Account", Name=f"Firm {number}") for number in range(count)]


def a_creation(fake: FakeOrg, about: str, cause: str = CAUSE) -> Change:
    """Plan a task about an account, as it stands now."""
    row = fake.record("Account", about)
    subject = f"[sfsync] Hand over {row['Name']}"
    fields = {"Subject": FieldChange(None, subject), "WhatId": FieldChange(None, about)}
    stamp = Stamp("Account", about, str(row["SystemModstamp"]))
    key = key_of_new("Task", about, cause)
    return Change(
        "Task", key, subject, fields, cause, "won", rests_on=(stamp,), action=Action.CREATE
    )


def carry_out(desk: Desk, changes: list[Change], run_id: str = RUN) -> tuple[Outcome, ...]:
    run = Run(run_id, desk.org.id, "hourly", NOW, NOW, None, RunState.RUNNING, "p1")
    desk.journal.start(run, changes)
    outcomes = apply(changes, run_id, desk, desk.clock())
    desk.journal.finish(run_id, finished=NOW, state=RunState.FINISHED, states=None)
    return outcomes


def tasks(fake: FakeOrg) -> list[str]:
    """What the tasks in the org are about."""
    return [str(row["WhatId"]) for row in fake.records("Task")]


def states(outcomes: tuple[Outcome, ...]) -> list[State]:
    return [each.state for each in outcomes]


def states_in(desk: Desk) -> list[State]:
    return [each.outcome.state for each in desk.journal.changes(RUN)]


def is_write(call: Call, method: str = "POST") -> bool:
    """Whether a request creates records, or (DELETE) deletes some; questions are POSTed too."""
    return call.path.endswith("composite/sobjects") and call.method == method


def lose(when: str, method: str = "POST", times: int = 1) -> Callable[[Call], None]:
    """A line that breaks before or after a request that writes is answered."""
    return deaths.lose(partial(is_write, method=method), when, times)


def test_what_is_created_has_its_id_in_the_books(fake: FakeOrg, desk: Desk) -> None:
    ids = firms(fake, 5)
    outcomes = carry_out(desk, [a_creation(fake, id) for id in ids])
    assert states(outcomes) == [State.APPLIED] * 5
    assert tasks(fake) == ids
    assert [each.created for each in outcomes] == [row["Id"] for row in fake.records("Task")]
    assert [each.outcome for each in desk.journal.changes(RUN)] == list(outcomes)
    assert desk.journal.created_keys(desk.org.id) == {each.id for each in outcomes}
    assert desk.journal.created_keys("another org") == set()


def test_the_estimate_of_the_calls_is_exact(fake: FakeOrg, desk: Desk) -> None:
    changes = [a_creation(fake, id) for id in firms(fake, 5)]
    for name in ("Account", "Task"):
        desk.org.fields(name)
    before = desk.org.calls
    carry_out(desk, changes)
    assert desk.org.calls - before == writing_calls(changes, batch_size=BATCH)


def test_a_refusal_stops_no_other_and_is_planned_again(fake: FakeOrg, desk: Desk) -> None:
    first, second = firms(fake, 2)
    fake.add_validation_rule("Task", lambda _, row: "No" if row["WhatId"] == first else None)
    outcomes = carry_out(desk, [a_creation(fake, id) for id in (first, second)])
    assert states(outcomes) == [State.REFUSED, State.APPLIED]
    assert (outcomes[0].code, outcomes[0].message) == ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "No")
    assert desk.journal.created_keys(desk.org.id) == {outcomes[1].id}


def lock(fake: FakeOrg, id: str, times: int) -> None:
    """Let a record be locked for so many creations of tasks about it."""
    Faults(fake).add({"kind": "lock", "ids": [id], "times": times})


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_locked_one_is_sent_again_since_nothing_was_created(
    fake: FakeOrg, desk: Desk, slept: list[float], times: int
) -> None:
    (id,) = firms(fake, 1)
    lock(fake, id, times)
    (outcome,) = carry_out(desk, [a_creation(fake, id)])
    assert (outcome.state is State.APPLIED) == (times < 3) == (len(tasks(fake)) == 1)
    assert len(slept) == min(times, 2)


def test_a_locked_one_that_came_otherwise_meanwhile_is_not_sent_again(
    fake: FakeOrg, desk: Desk
) -> None:
    (id,) = firms(fake, 1)
    change = a_creation(fake, id)
    lock(fake, id, 1)
    values = {name: each.after for name, each in change.fields.items()}
    other = replace(desk, sleep=lambda _: fake.add("Task", **values))
    (outcome,) = carry_out(other, [change])
    assert (outcome.state, outcome.message) == (State.SKIPPED, "already there")
    assert len(tasks(fake)) == 1


def test_a_lost_answer_is_found_in_the_org(fake: FakeOrg, desk: Desk, slept: list[float]) -> None:
    ids = firms(fake, 3)
    fake.on_request.append(lose("after"))
    outcomes = carry_out(desk, [a_creation(fake, id) for id in ids])
    assert states(outcomes) == [State.APPLIED] * 3
    assert tasks(fake) == ids
    assert {each.created for each in outcomes} == {row["Id"] for row in fake.records("Task")}
    assert slept == [PAUSES[1]]


def test_what_arrives_late_is_found_late(fake: FakeOrg, desk: Desk) -> None:
    change = a_creation(fake, *firms(fake, 1))
    values = {name: each.after for name, each in change.fields.items()}
    fake.on_request.append(lose("before"))
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if seconds == LAST_PAUSE:
            fake.add("Task", **values)

    (outcome,) = carry_out(replace(desk, sleep=sleep), [change])
    assert outcome.state is State.APPLIED
    assert waits == [*PAUSES[1:], LAST_PAUSE]


def test_what_is_not_found_is_not_sent_again_but_unknown(fake: FakeOrg, desk: Desk) -> None:
    changes = [a_creation(fake, id) for id in firms(fake, 3)]
    fake.on_request.append(lose("before"))
    with pytest.raises(OrgUnavailable, match="the next start looks for them"):
        carry_out(desk, changes)
    assert states_in(desk) == [State.UNKNOWN, State.UNKNOWN, State.PLANNED]
    assert tasks(fake) == []


@pytest.fixture
def unknown(fake: FakeOrg, desk: Desk) -> list[Change]:
    """Three creations, two of which were sent without an answer and are not found."""
    changes = [a_creation(fake, id) for id in firms(fake, 3)]
    hook = lose("before")
    fake.on_request.append(hook)
    with pytest.raises(OrgUnavailable):
        carry_out(desk, changes)
    fake.on_request.remove(hook)
    return changes


def test_it_stays_unknown_while_the_platform_may_be_at_work(
    fake: FakeOrg, desk: Desk, unknown: list[Change]
) -> None:
    settle(desk.org.id, desk, {})
    assert desk.journal.open_runs(desk.org.id) == []
    assert states_in(desk) == [State.UNKNOWN, State.UNKNOWN, State.SKIPPED]
    # Nobody plans it again so long.
    assert desk.journal.created_keys(desk.org.id) == {each.id for each in unknown[:2]}

    fake.clock.advance((LAG - timedelta(seconds=1)).total_seconds())
    settle(desk.org.id, desk, {})
    assert states_in(desk)[:2] == [State.UNKNOWN, State.UNKNOWN]

    fake.clock.advance(1)
    settle(desk.org.id, desk, {})
    assert states_in(desk) == [State.SKIPPED] * 3
    assert desk.journal.created_keys(desk.org.id) == set()


def test_what_came_after_all_is_found_by_a_later_start(
    fake: FakeOrg, desk: Desk, unknown: list[Change]
) -> None:
    settle(desk.org.id, desk, {})
    values = {name: each.after for name, each in unknown[1].fields.items()}
    task = fake.add("Task", **values)
    # A person was quicker than the next start.
    fake.remove("Task", task)
    fake.clock.advance(LAG.total_seconds())
    settle(desk.org.id, desk, {})
    assert states_in(desk) == [State.SKIPPED, State.APPLIED, State.SKIPPED]
    entry = desk.journal.changes(RUN)[1]
    assert entry.outcome.created == task
    assert desk.journal.created_keys(desk.org.id) == {unknown[1].id}


def test_a_run_that_died_after_sending_is_settled_from_the_org(fake: FakeOrg, desk: Desk) -> None:
    ids = firms(fake, 2)
    changes = [a_creation(fake, id) for id in ids]
    run = Run(RUN, desk.org.id, "hourly", NOW, NOW, None, RunState.RUNNING, "p1")
    desk.journal.start(run, changes)
    desk.journal.mark_sent(RUN, [0], desk.clock())
    (done,) = desk.org.create("Task", [{n: f.after for n, f in changes[0].fields.items()}])
    (closed,) = settle(desk.org.id, desk, {})
    assert closed.state is RunState.CRASHED
    assert states_in(desk) == [State.APPLIED, State.SKIPPED]
    assert desk.journal.changes(RUN)[0].outcome.created == done.id


def test_what_cannot_be_read_after_a_lost_answer_is_unknown(fake: FakeOrg, desk: Desk) -> None:
    change = a_creation(fake, *firms(fake, 1))
    gone: list[int] = []

    def hook(call: Call) -> None:
        if gone or (is_write(call) and call.when == "after"):
            gone.append(1)
            raise requests.ConnectionError("Connection reset by peer")

    fake.on_request.append(hook)
    with pytest.raises(OrgUnavailable):
        carry_out(desk, [change])
    assert states_in(desk) == [State.UNKNOWN]
    fake.on_request.remove(hook)
    settle(desk.org.id, desk, {})
    assert states_in(desk) == [State.APPLIED]


def test_an_org_that_refuses_all_has_created_nothing(fake: FakeOrg, desk: Desk) -> None:
    changes = [a_creation(fake, id) for id in firms(fake, 3)]
    fake.on_request.append(
        lambda call: (
            json_reply([{"errorCode": "API_DISABLED_FOR_ORG", "message": "no"}], 403)
            if is_write(call)
            else None
        )
    )
    with pytest.raises(OrgRefused):
        carry_out(desk, changes)
    assert states_in(desk) == [State.SKIPPED] * 3
    assert desk.journal.created_keys(desk.org.id) == set()


def test_what_is_left_to_others_stops_creations_too(fake: FakeOrg, desk: Desk) -> None:
    changes = [a_creation(fake, id) for id in firms(fake, 3)]
    desk.org.fields("Task")
    with pytest.raises(Stopped):
        carry_out(replace(desk, reserve=1.0), changes)
    assert set(states_in(desk)) == {State.SKIPPED}


def deletions(desk: Desk, run_id: str = RUN) -> list[Change]:
    """Plan the undo of a run."""
    entries = desk.journal.changes(run_id)
    fields = sorted({name for each in entries for name in each.change.fields} | {"IsClosed"})
    fields.append("SystemModstamp")
    rows = desk.org.records("Task", [id_of(each) for each in entries], fields)
    current = {("Task", id): row for id, row in rows.items()}
    return list(reverse(entries, current).changes)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_answer_to_a_deletion_is_told_by_the_org(
    fake: FakeOrg, desk: Desk, when: str
) -> None:
    carry_out(desk, [a_creation(fake, id) for id in firms(fake, 3)])
    back = deletions(desk)
    fake.on_request.append(lose(when, "DELETE"))
    outcomes = carry_out(desk, back, "undo")
    assert states(outcomes) == [State.APPLIED] * 3
    assert tasks(fake) == []


def test_a_died_deletion_is_settled_from_the_org(fake: FakeOrg, desk: Desk) -> None:
    carry_out(desk, [a_creation(fake, id) for id in firms(fake, 2)])
    back = deletions(desk)
    run = Run("undo", desk.org.id, "undo", NOW, NOW, None, RunState.RUNNING, "p1")
    desk.journal.start(run, back)
    desk.journal.mark_sent("undo", [0, 1], desk.clock())
    desk.org.delete("Task", [back[1].id])
    settle(desk.org.id, desk, {})
    assert [each.outcome.state for each in desk.journal.changes("undo")] == [
        State.SKIPPED,
        State.APPLIED,
    ]


def test_creations_deletions_and_merges_never_go_by_bulk_jobs() -> None:
    def changes(action: Action) -> list[Change]:
        losers = (Loser("loser", "", {}),) if action is Action.MERGE else ()
        return [
            Change("Task", f"{action}{n}", "", {}, "", "", action=action, losers=losers)
            for n in range(9)
        ]

    mixed = [each for action in Action for each in changes(action)][::-1]
    cut = list(portions(mixed, bulk_from=3, batch_size=4))
    assert [(each.action, each.in_bulk, len(each.placed)) for each in cut] == [
        (Action.UPDATE, True, 9),
        *((Action.CREATE, False, size) for size in (4, 4, 1)),
        *((Action.DELETE, False, size) for size in (4, 4, 1)),
        # They have a size of their own.
        (Action.MERGE, False, 9),
    ]
    assert sorted(seq for each in cut for seq, _ in each.placed) == list(range(36))
    assert isinstance(cut[0], Portion)


def snapshot(fake: FakeOrg) -> list[dict[str, object]]:
    """What the org holds, but for when it was written last and by whom."""
    moments = ("SystemModstamp", "LastModifiedDate")
    return [
        {name: value for name, value in row.items() if name not in moments}
        for object in ("Account", "Task")
        for row in fake.records(object)
    ]


@settings(max_examples=8)
@given(
    wanted=st.lists(st.booleans(), min_size=1, max_size=5),
    lost=st.sampled_from(["never", "after"]),
)
def test_an_undo_gives_the_org_back(wanted: list[bool], lost: str) -> None:
    fake = FakeOrg.standard(NOW)
    ids = firms(fake, len(wanted))
    before = snapshot(fake)
    with closing(Journal.open("sqlite://")) as journal:
        desk = a_desk(fake, journal, [])
        fake.on_request.append(lose(lost))
        plan = [
            a_creation(fake, id) for id, is_wanted in zip(ids, wanted, strict=True) if is_wanted
        ]
        carry_out(desk, plan)
        assert len(tasks(fake)) == sum(wanted)
        assert states(carry_out(desk, deletions(desk), "undo")) == [State.APPLIED] * len(plan)
    assert snapshot(fake) == before


def test_a_key_has_the_form_of_no_id_and_tells_its_three_parts_apart() -> None:
    keys = {
        key_of_new(*parts)
        for parts in (
            ("Task", "a", "b"),
            ("Tas", "ka", "b"),
            ("Task", "ab", ""),
            ("Task", "b", "a"),
        )
    }
    assert len(keys) == 4
    assert all(len(key) == 18 and key.startswith("new") for key in keys)
    assert key_of_new("Task", "a", "b") == key_of_new("Task", "a", "b")
