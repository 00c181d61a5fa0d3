"""Does apply write what was planned, once, and leave alone what somebody changed meanwhile?"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from entering import connect
from hypothesis import given, settings
from hypothesis import strategies as st

from sfsync.apply import Desk, apply, settle
from sfsync.apply.tries import PAUSES
from sfsync.errors import LimitReached, OrgRefused, OrgUnavailable
from sfsync.fake import FakeOrg
from sfsync.fake.server import Call
from sfsync.fake.wire import Reply
from sfsync.journal import Journal
from sfsync.model import Change, FieldChange, Outcome, Run, RunState, Stamp, State, Value, Watch
from sfsync.portions import portions
from sfsync.undo import reverse

NOW = datetime(2026, 6, 15, 8, 0, tzinfo=UTC)
RUN = "20260615-080000-aaaa"
# Small, so that few records make several batches.
BATCH_SIZE = 20
STATE = {"Account": "Status__c"}
FIELDS = {
    "Account": [
        {"name": "Status__c", "type": "string", "label": "Status", "length": 40},
        {"name": "Working_At__c", "type": "datetime", "label": "Working at"},
        {"name": "Count__c", "type": "double", "label": "Count", "precision": 18, "scale": 0},
    ]
}


@pytest.fixture
def fake() -> FakeOrg:
    return FakeOrg.standard(NOW, custom_fields=FIELDS)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(Journal.open(f"sqlite:///{tmp_path / 'journal.db'}")) as opened:
        yield opened


@pytest.fixture
def told() -> list[tuple[int, int]]:
    return []


@pytest.fixture
def desk(fake: FakeOrg, journal: Journal, slept: list[float], told: list[tuple[int, int]]) -> Desk:
    return a_desk(fake, journal, slept, told)


def a_desk(
    fake: FakeOrg, journal: Journal, slept: list[float], told: list[tuple[int, int]]
) -> Desk:
    org = connect(fake.session(), fake.host, fake.token(), sleep=lambda _: None)
    return Desk(
        org,
        journal,
        fake.clock.now,
        slept.append,
        lambda *done: told.append(done),
        batch_size=BATCH_SIZE,
    )


def targets(fake: FakeOrg, count: int) -> list[str]:
    return [
        fake.add("Account", Name=f"Firm {number}", Status__c="Target", CreatedDate=NOW)
        for number in range(count)
    ]


def stamp(fake: FakeOrg, object: str, id: str) -> Stamp:
    return Stamp(object, id, str(fake.record(object, id)["SystemModstamp"]))


def a_change(
    fake: FakeOrg, id: str, *evidence: Stamp, object: str = "Account", **after: Value
) -> Change:
    """Plan to write these values into a record, as it stands now."""
    row = fake.record(object, id)
    fields = {name: FieldChange(row[name], value) for name, value in after.items()}
    rests_on = (stamp(fake, object, id), *evidence)
    return Change(object, id, str(row["Name"]), fields, "rule:test", "a test", rests_on=rests_on)


def to_working(fake: FakeOrg, ids: list[str]) -> list[Change]:
    return [a_change(fake, id, Status__c="Working") for id in ids]


def started(desk: Desk, changes: list[Change], run_id: str = RUN) -> str:
    run = Run(run_id, desk.org.id, "hourly", NOW, NOW, None, RunState.RUNNING, "p1")
    desk.journal.start(run, changes)
    return run_id


def carried_out(desk: Desk, changes: list[Change], run_id: str = RUN) -> tuple[Outcome, ...]:
    """Apply the changes as a run; the journal must tell the same as what apply gives back."""
    outcomes = apply(changes, started(desk, changes, run_id), desk, desk.clock())
    assert tuple(entry.outcome for entry in desk.journal.changes(run_id)) == outcomes
    return outcomes


def states(desk: Desk, run_id: str = RUN) -> list[str]:
    return [entry.outcome.state.value for entry in desk.journal.changes(run_id)]


def statuses(fake: FakeOrg, ids: list[str]) -> list[object]:
    return [fake.record("Account", id)["Status__c"] for id in ids]


def count_writes(fake: FakeOrg) -> Counter[tuple[str, str]]:
    """Count from now on how often each record is written."""
    writes: Counter[tuple[str, str]] = Counter()
    fake.state.on_commit.append(writes.update)
    return writes


def patches(fake: FakeOrg) -> int:
    return sum(method == "PATCH" for method, _ in fake.calls)


def once(fake: FakeOrg, when: str, act: Callable[[Call], Reply | None]) -> None:
    """Do something around the first update that is sent from now on."""
    left = [act]

    def hook(call: Call) -> Reply | None:
        if call.when == when and call.method == "PATCH" and left:
            return left.pop()(call)
        return None

    fake.on_request.append(hook)


def lose_the_line(call: Call) -> None:
    raise requests.ConnectionError("Connection reset by peer")


# What is carried out


def test_every_change_is_written_and_noted(
    fake: FakeOrg, desk: Desk, told: list[tuple[int, int]]
) -> None:
    ids = targets(fake, 3)
    at = "2026-06-15T08:00:00.000+0000"
    changes = [a_change(fake, id, Status__c="Working", Working_At__c=at, Count__c=1) for id in ids]
    before = fake.clock.now()
    outcomes = carried_out(desk, changes)
    assert outcomes == tuple(Outcome("Account", id, State.APPLIED) for id in ids)
    for id in ids:
        row = fake.record("Account", id)
        assert (row["Status__c"], row["Working_At__c"], row["Count__c"]) == ("Working", at, 1)
    assert [entry.sent_at for entry in desk.journal.changes(RUN)] == [before] * 3
    assert told == [(3, 3)]


def test_a_plan_of_several_batches_is_written_in_its_order(
    fake: FakeOrg, desk: Desk, told: list[tuple[int, int]]
) -> None:
    accounts = targets(fake, BATCH_SIZE + 1)
    contact = fake.add("Contact", LastName="Doe")
    changes = to_working(fake, accounts)
    changes.append(a_change(fake, contact, object="Contact", Title="CFO"))
    assert {outcome.state for outcome in carried_out(desk, changes)} == {State.APPLIED}
    assert patches(fake) == 3
    assert told == [(20, 22), (21, 22), (22, 22)]
    assert fake.record("Contact", contact)["Title"] == "CFO"


def test_a_run_without_changes_asks_the_org_nothing(fake: FakeOrg, desk: Desk) -> None:
    before = fake.call_count
    assert carried_out(desk, []) == ()
    assert fake.call_count == before


def test_what_is_already_so_is_not_sent(fake: FakeOrg, desk: Desk) -> None:
    first, second = targets(fake, 2)
    changes = to_working(fake, [first, second])
    fake.edit("Account", first, Status__c="Working")
    writes = count_writes(fake)
    outcomes = carried_out(desk, changes)
    assert [outcome.state for outcome in outcomes] == [State.SKIPPED, State.APPLIED]
    assert "already so" in outcomes[0].message
    assert writes == {("Account", second): 1}


# What somebody changed meanwhile


def test_an_edit_of_the_same_field_survives(fake: FakeOrg, desk: Desk) -> None:
    ids = targets(fake, 3)
    changes = to_working(fake, ids)
    fake.edit("Account", ids[1], Status__c="Customer")
    outcomes = carried_out(desk, changes)
    assert [outcome.state for outcome in outcomes] == [State.APPLIED, State.STALE, State.APPLIED]
    assert outcomes[1].message == "Status__c was 'Target' when read, is 'Customer' now"
    assert statuses(fake, ids) == ["Working", "Customer", "Working"]


def test_an_edit_of_another_field_makes_a_change_stale(fake: FakeOrg, desk: Desk) -> None:
    ids = targets(fake, 2)
    changes = to_working(fake, ids)
    read = stamp(fake, "Account", ids[0]).modified
    fake.clock.advance(60)
    fake.edit("Account", ids[0], Phone="+33 1 99 00 00 00")
    now = stamp(fake, "Account", ids[0]).modified
    stale, applied = carried_out(desk, changes)
    assert (stale.state, applied.state) == (State.STALE, State.APPLIED)
    assert f"Account {ids[0]} was changed since it was read" in stale.message
    assert f"was {read} when read, is {now} now" in stale.message
    assert statuses(fake, ids) == ["Target", "Working"]


@pytest.mark.parametrize("what", ["edited", "removed"])
def test_a_change_whose_evidence_moved_is_stale(fake: FakeOrg, desk: Desk, what: str) -> None:
    ids = targets(fake, 2)
    task = fake.add("Task", Subject="Call", WhatId=ids[0], Status="Completed")
    changes = [
        a_change(fake, ids[0], stamp(fake, "Task", task), Status__c="Working"),
        a_change(fake, ids[1], Status__c="Working"),
    ]
    # Somebody else's hour: the platform's stamps tell seconds apart, no less.
    fake.clock.advance(3_600)
    if what == "edited":
        fake.edit("Task", task, Subject="Another call")
    else:
        fake.remove("Task", task)
    stale, applied = carried_out(desk, changes)
    assert (stale.state, applied.state) == (State.STALE, State.APPLIED)
    assert f"Task {task}" in stale.message
    assert ("is gone" in stale.message) == (what == "removed")
    assert statuses(fake, ids) == ["Target", "Working"]


def test_evidence_of_an_object_that_is_gone_makes_a_change_stale(fake: FakeOrg, desk: Desk) -> None:
    (id,) = targets(fake, 1)
    changes = [a_change(fake, id, Stamp("Nowhere__c", id, None), Status__c="Working")]
    (outcome,) = carried_out(desk, changes)
    assert outcome.state is State.STALE
    assert f"Nowhere__c {id}, which it rests on, is gone" in outcome.message


def test_what_the_run_itself_wrote_does_not_make_later_changes_stale(
    fake: FakeOrg, desk: Desk
) -> None:
    (account,) = targets(fake, 1)
    deal = fake.add(
        "Opportunity",
        Name="Deal",
        AccountId=account,
        StageName="Prospecting",
        CloseDate="2026-07-01",
    )
    read = stamp(fake, "Account", account)
    changes = [
        a_change(fake, account, Status__c="Working"),
        a_change(fake, deal, read, object="Opportunity", NextStep="Call"),
    ]
    fake.clock.advance(60)
    outcomes = carried_out(desk, changes)
    assert stamp(fake, "Account", account) != read
    assert [outcome.state for outcome in outcomes] == [State.APPLIED, State.APPLIED]


def test_a_watched_record_that_the_run_itself_wrote_stops_nothing(
    fake: FakeOrg, desk: Desk
) -> None:
    mine, theirs = targets(fake, 2)
    contacts = [fake.add("Contact", LastName="Doe", AccountId=id) for id in (mine, theirs)]
    watch = (Watch("Contact", "AccountId"),)
    changes = [
        a_change(fake, contacts[0], object="Contact", Title="CFO"),
        *(replace(each, watches=watch) for each in to_working(fake, [mine, theirs])),
    ]
    read_at = fake.clock.now()
    fake.edit("Contact", contacts[1], Title="CEO")
    outcomes = apply(changes, started(desk, changes), desk, read_at)
    assert [each.state for each in outcomes] == [State.APPLIED, State.APPLIED, State.STALE]
    assert outcomes[2].message == f"Contact {contacts[1]} came or changed since the plan was read"


def test_a_deleted_record_is_stale_and_its_successor_untouched(fake: FakeOrg, desk: Desk) -> None:
    ids = targets(fake, 2)
    changes = to_working(fake, ids)
    fake.remove("Account", ids[0])
    successor = fake.add("Account", Name="Firm 0", Status__c="Target")
    stale, applied = carried_out(desk, changes)
    assert (stale.state, applied.state) == (State.STALE, State.APPLIED)
    assert f"Account {ids[0]} is gone" in stale.message
    assert statuses(fake, [successor, ids[1]]) == ["Target", "Working"]


def test_a_record_deleted_in_the_last_moment_is_stale(fake: FakeOrg, desk: Desk) -> None:
    ids = targets(fake, 2)
    changes = to_working(fake, ids)
    once(fake, "before", lambda call: fake.remove("Account", ids[0]))
    stale, applied = carried_out(desk, changes)
    assert (stale.state, stale.code) == (State.STALE, "ENTITY_IS_DELETED")
    assert applied.state is State.APPLIED


def test_without_stamps_the_values_alone_tell(fake: FakeOrg, desk: Desk) -> None:
    ids = targets(fake, 3)
    changes = to_working(fake, ids)
    fake.hide_field("Account", "SystemModstamp")
    fake.clock.advance(60)
    fake.edit("Account", ids[0], Phone="+33 1 99 00 00 00")
    fake.edit("Account", ids[1], Status__c="Customer")
    outcomes = carried_out(desk, changes)
    assert [outcome.state for outcome in outcomes] == [State.APPLIED, State.STALE, State.APPLIED]


def test_instants_may_be_spelled_otherwise_than_the_org_does(fake: FakeOrg, desk: Desk) -> None:
    at = "2026-06-01T08:00:00.000Z"
    id = fake.add("Account", Name="Firm", Working_At__c=at)
    (change,) = [a_change(fake, id, Working_At__c="2026-06-15T08:00:00.000Z")]
    fields = {"Working_At__c": replace(change.fields["Working_At__c"], before=at)}
    read = str(change.rests_on[0].modified).replace("+0000", "Z")
    change = replace(change, fields=fields, rests_on=(Stamp("Account", id, read),))
    assert [outcome.state for outcome in carried_out(desk, [change])] == [State.APPLIED]


# What the org refuses


def test_one_refused_record_stops_no_other(fake: FakeOrg, desk: Desk) -> None:
    ids = targets(fake, 3)
    refused = ids[1]
    fake.add_validation_rule(
        "Account", lambda _, row: "Not this one" if row["Id"] == refused else None
    )
    outcomes = carried_out(desk, to_working(fake, ids))
    assert [outcome.state for outcome in outcomes] == [State.APPLIED, State.REFUSED, State.APPLIED]
    assert (outcomes[1].code, outcomes[1].message) == (
        "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        "Not this one",
    )
    assert statuses(fake, ids) == ["Working", "Target", "Working"]


def locked_reply(call: Call) -> Reply:
    """Refuse every record of a request, as while another transaction holds them."""
    words = "unable to obtain exclusive access to this record"
    error = {"statusCode": "UNABLE_TO_LOCK_ROW", "message": words, "fields": []}
    entries = [
        {"id": record["id"], "success": False, "errors": [error]}
        for record in json.loads(call.body)["records"]
    ]
    return Reply(200, json.dumps(entries).encode(), {"Content-Type": "application/json"})


def test_a_locked_record_is_sent_again_unless_the_holder_changed_it(
    fake: FakeOrg, desk: Desk
) -> None:
    ids = targets(fake, 2)
    changes = to_working(fake, ids)

    def hold(call: Call) -> Reply:
        fake.edit("Account", ids[0], Status__c="Customer")
        return locked_reply(call)

    once(fake, "before", hold)
    writes = count_writes(fake)
    stale, applied = carried_out(desk, changes)
    assert (stale.state, applied.state) == (State.STALE, State.APPLIED)
    assert "is 'Customer' now" in stale.message
    assert statuses(fake, ids) == ["Customer", "Working"]
    assert writes == {("Account", ids[0]): 1, ("Account", ids[1]): 1}


def test_a_record_that_stays_locked_is_refused(fake: FakeOrg, desk: Desk) -> None:
    ids = targets(fake, 1)
    changes = to_working(fake, ids)
    fake.on_request.append(
        lambda call: locked_reply(call) if (call.when, call.method) == ("before", "PATCH") else None
    )
    (outcome,) = carried_out(desk, changes)
    assert (outcome.state, outcome.code) == (State.REFUSED, "UNABLE_TO_LOCK_ROW")
    assert statuses(fake, ids) == ["Target"]


def test_a_locked_record_that_may_not_be_read_again_stays_as_it_is(
    fake: FakeOrg, desk: Desk
) -> None:
    ids = targets(fake, 2)
    changes = to_working(fake, ids)

    def hold(call: Call) -> Reply:
        fake.state.daily_quota = 0
        return locked_reply(call)

    once(fake, "before", hold)
    outcomes = carried_out(desk, changes)
    assert {(each.state, each.code) for each in outcomes} == {(State.REFUSED, "UNABLE_TO_LOCK_ROW")}
    assert statuses(fake, ids) == ["Target", "Target"]


def test_an_org_that_goes_away_while_records_are_locked_is_settled_later(
    fake: FakeOrg, desk: Desk
) -> None:
    ids = targets(fake, 2)
    changes = to_working(fake, ids)

    def hold(call: Call) -> Reply:
        fake.on_request.append(lose_the_line)
        return locked_reply(call)

    once(fake, "before", hold)
    with pytest.raises(OrgUnavailable):
        carried_out(desk, changes)
    assert states(desk) == ["unknown", "unknown"]
    fake.on_request.clear()
    settle(desk.org.id, desk, STATE)
    assert states(desk) == ["skipped", "skipped"]


def test_a_limit_reached_on_the_way_skips_the_rest_with_the_orgs_words(
    fake: FakeOrg, desk: Desk
) -> None:
    ids = targets(fake, 2 * BATCH_SIZE)
    changes = to_working(fake, ids)

    def use_up_the_limit(call: Call) -> None:
        fake.state.daily_quota = 0

    once(fake, "after", use_up_the_limit)
    with pytest.raises(LimitReached, match="TotalRequests Limit"):
        carried_out(desk, changes)
    assert states(desk) == ["applied"] * BATCH_SIZE + ["skipped"] * BATCH_SIZE
    message = desk.journal.changes(RUN)[-1].outcome.message
    assert message.startswith("left to the next pass: ")
    assert "TotalRequests Limit" in message
    assert statuses(fake, ids) == ["Working"] * BATCH_SIZE + ["Target"] * BATCH_SIZE


def test_an_update_refused_as_a_whole_is_skipped(fake: FakeOrg, desk: Desk) -> None:
    ids = targets(fake, 2)
    changes = to_working(fake, ids)
    once(fake, "before", lambda call: fake.expire_tokens())
    with pytest.raises(OrgRefused):
        carried_out(desk, changes)
    assert states(desk) == ["skipped", "skipped"]
    assert statuses(fake, ids) == ["Target", "Target"]


# Answers that never come


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_answer_is_settled_by_reading(
    fake: FakeOrg, desk: Desk, slept: list[float], when: str
) -> None:
    ids = targets(fake, 3)
    changes = to_working(fake, ids)
    once(fake, when, lose_the_line)
    writes = count_writes(fake)
    outcomes = carried_out(desk, changes)
    assert {outcome.state for outcome in outcomes} == {State.APPLIED}
    assert statuses(fake, ids) == ["Working"] * 3
    assert writes == {("Account", id): 1 for id in ids}
    assert slept == [PAUSES[1]]


def test_a_lost_answer_that_may_not_be_looked_for_is_unknown_and_the_rest_skipped(
    fake: FakeOrg, desk: Desk
) -> None:
    ids = targets(fake, BATCH_SIZE + 1)
    changes = to_working(fake, ids)

    def lose_and_use_up_the_limit(call: Call) -> None:
        fake.state.daily_quota = 0
        lose_the_line(call)

    once(fake, "after", lose_and_use_up_the_limit)
    with pytest.raises(LimitReached, match="TotalRequests Limit"):
        carried_out(desk, changes)
    assert states(desk) == ["unknown"] * BATCH_SIZE + ["skipped"]
    fake.state.daily_quota = 15_000
    settle(desk.org.id, desk, STATE)
    assert states(desk) == ["applied"] * BATCH_SIZE + ["skipped"]


def test_after_a_lost_answer_a_refused_record_is_told_as_refused(fake: FakeOrg, desk: Desk) -> None:
    ids = targets(fake, 2)
    fake.add_validation_rule("Account", lambda _, row: "No" if row["Id"] == ids[1] else None)
    changes = to_working(fake, ids)
    once(fake, "after", lose_the_line)
    writes = count_writes(fake)
    outcomes = carried_out(desk, changes)
    assert [outcome.state for outcome in outcomes] == [State.APPLIED, State.REFUSED]
    assert writes == {("Account", ids[0]): 1}


@pytest.mark.parametrize(
    ("when", "edit", "state", "status"),
    [
        ("before", {"Status__c": "Customer"}, State.UNKNOWN, "Customer"),
        ("before", {"Phone": "+33 1 99 00 00 00"}, State.STALE, "Target"),
        ("after", {"Status__c": "Customer"}, State.APPLIED, "Customer"),
        ("after", {"Phone": "+33 1 99 00 00 00"}, State.APPLIED, "Working"),
        ("after", {"Status__c": "Customer", "Count__c": 7}, State.UNKNOWN, "Customer"),
    ],
)
def test_an_edit_after_a_lost_answer_survives(
    fake: FakeOrg,
    desk: Desk,
    when: str,
    edit: dict[str, str | int],
    state: State,
    status: str,
) -> None:
    (id,) = targets(fake, 1)
    changes = [a_change(fake, id, Status__c="Working", Count__c=1)]

    def lose_and_edit(call: Call) -> None:
        fake.clock.advance(60)
        fake.edit("Account", id, **edit)
        lose_the_line(call)

    once(fake, when, lose_and_edit)
    (outcome,) = carried_out(desk, changes)
    assert outcome.state is state
    assert fake.record("Account", id)["Status__c"] == status
    if state is not State.STALE and "Status__c" in edit:
        assert "changed by somebody since" in outcome.message
        assert "Status__c" in outcome.message


def test_a_record_deleted_after_a_lost_answer_cannot_be_told(fake: FakeOrg, desk: Desk) -> None:
    (id,) = targets(fake, 1)
    changes = to_working(fake, [id])

    def lose_and_remove(call: Call) -> None:
        fake.remove("Account", id)
        lose_the_line(call)

    once(fake, "after", lose_and_remove)
    (outcome,) = carried_out(desk, changes)
    assert outcome.state is State.UNKNOWN
    assert "is gone since it was sent" in outcome.message


def test_an_org_that_never_answers_writes_is_given_up_and_settled_later(
    fake: FakeOrg, desk: Desk, slept: list[float]
) -> None:
    ids = targets(fake, BATCH_SIZE + 1)
    changes = to_working(fake, ids)

    def deaf(call: Call) -> None:
        if (call.when, call.method) == ("before", "PATCH"):
            lose_the_line(call)

    fake.on_request.append(deaf)
    with pytest.raises(OrgUnavailable, match="sent 3 times without an answer"):
        carried_out(desk, changes)
    assert states(desk) == ["unknown"] * BATCH_SIZE + ["planned"]
    assert slept == sorted(slept)
    assert len(slept) == len(PAUSES)
    fake.on_request.clear()
    (run,) = settle(desk.org.id, desk, STATE)
    assert (run.state, dict(run.counts)) == (RunState.CRASHED, {"skipped": BATCH_SIZE + 1})
    assert set(statuses(fake, ids)) == {"Target"}


@pytest.mark.parametrize(("when", "settled"), [("before", "skipped"), ("after", "applied")])
def test_an_org_that_went_away_for_good_leaves_the_run_open_for_settle(
    fake: FakeOrg, desk: Desk, when: str, settled: str
) -> None:
    ids = targets(fake, BATCH_SIZE + 1)
    changes = to_working(fake, ids)

    def go_down(call: Call) -> None:
        fake.on_request.append(lose_the_line)
        lose_the_line(call)

    once(fake, when, go_down)
    with pytest.raises(OrgUnavailable):
        carried_out(desk, changes)
    assert states(desk) == ["unknown"] * BATCH_SIZE + ["planned"]
    with pytest.raises(OrgUnavailable):
        settle(desk.org.id, desk, STATE)
    assert [run.id for run in desk.journal.open_runs(desk.org.id)] == [RUN]
    fake.on_request.clear()
    settle(desk.org.id, desk, STATE)
    assert states(desk) == [settled] * BATCH_SIZE + ["skipped"]
    assert desk.journal.open_runs(desk.org.id) == []


def test_an_org_that_is_down_from_the_start_leaves_all_planned(fake: FakeOrg, desk: Desk) -> None:
    changes = to_working(fake, targets(fake, 2))
    fake.on_request.append(lose_the_line)
    with pytest.raises(OrgUnavailable):
        carried_out(desk, changes)
    assert states(desk) == ["planned", "planned"]
    assert patches(fake) == 0


# Settling what a dead process left


def test_settle_decides_what_was_sent_by_reading(fake: FakeOrg, desk: Desk) -> None:
    ids = targets(fake, 5)
    changes = to_working(fake, ids)
    started(desk, changes)
    desk.journal.mark_sent(RUN, [0, 1, 2, 3], fake.clock.now())
    fake.edit("Account", ids[0], Status__c="Working")
    fake.edit("Account", ids[2], Status__c="Customer")
    fake.remove("Account", ids[3])
    fake.edit("Account", ids[4], Status__c="Working")
    (run,) = settle(desk.org.id, desk, STATE)
    assert states(desk) == ["applied", "skipped", "unknown", "unknown", "skipped"]
    assert run.state is RunState.CRASHED
    assert run.finished == fake.clock.now()
    assert run.error is not None
    assert statuses(fake, [ids[0], ids[1], ids[2]]) == ["Working", "Target", "Customer"]


def test_settle_keeps_the_states_that_the_dead_run_wrote_and_forgets_the_unknown_ones(
    fake: FakeOrg, desk: Desk
) -> None:
    ids = targets(fake, 6)
    done = "20260615-080000-done"
    started(desk, [], done)
    kept = {"Account": dict.fromkeys(ids, "Target")}
    desk.journal.finish(done, finished=NOW, state=RunState.FINISHED, states=kept)
    changes = [
        *to_working(fake, ids[:3]),
        a_change(fake, ids[3], Status__c=None),
        a_change(fake, ids[4], Count__c=1),
        *to_working(fake, ids[5:]),
    ]
    started(desk, changes)
    desk.journal.mark_sent(RUN, range(5), fake.clock.now())
    fake.edit("Account", ids[0], Status__c="Working")
    fake.edit("Account", ids[2], Status__c="Customer")
    fake.edit("Account", ids[3], Status__c=None)
    fake.remove("Account", ids[4])
    settle(desk.org.id, desk, STATE)
    assert states(desk) == ["applied", "skipped", "unknown", "applied", "unknown", "skipped"]
    previous = desk.journal.previous_pass(desk.org.id)
    assert previous is not None
    left = ["Working", "Target", "forgotten", None, "Target", "Target"]
    assert [previous.states["Account"].get(id, "forgotten") for id in ids] == left


def test_settle_closes_all_open_runs_oldest_first_and_no_others(fake: FakeOrg, desk: Desk) -> None:
    (id,) = targets(fake, 1)
    carried_out(desk, to_working(fake, [id]), "20260615-080000-done")
    desk.journal.finish("20260615-080000-done", finished=NOW, state=RunState.FINISHED, states=None)
    for run_id in ("20260615-090000-bbbb", "20260615-090000-aaaa"):
        started(desk, [a_change(fake, id, Status__c="Customer")], run_id)
    closed = [run.id for run in settle(desk.org.id, desk, STATE)]
    assert closed == ["20260615-090000-bbbb", "20260615-090000-aaaa"]
    assert desk.journal.run("20260615-080000-done").state is RunState.FINISHED
    assert settle(desk.org.id, desk, STATE) == ()


def test_settle_copes_with_a_field_and_an_object_that_are_gone(fake: FakeOrg, desk: Desk) -> None:
    (id,) = targets(fake, 1)
    changes = [
        a_change(fake, id, Status__c="Working", Count__c=1),
        replace(a_change(fake, id, Status__c="Working"), object="Nowhere__c"),
        a_change(fake, id, Count__c=1),
    ]
    started(desk, changes)
    desk.journal.mark_sent(RUN, [0, 1, 2], fake.clock.now())
    fake.edit("Account", id, Status__c="Working")
    fake.hide_field("Account", "Count__c")
    settle(desk.org.id, desk, STATE)
    assert states(desk) == ["applied", "unknown", "unknown"]
    assert "none of its fields can be read" in desk.journal.changes(RUN)[2].outcome.message


# Laws


@settings(deadline=None)
@given(
    objects=st.lists(
        st.tuples(st.sampled_from(["Account", "Contact"]), st.integers(1, 450)), max_size=4
    )
)
def test_few_changes_are_cut_into_batches_each_once_in_order_within_the_limit(
    objects: list[tuple[str, int]],
) -> None:
    changes = [
        Change(object, str(number), "", {}, "", "")
        for object, count in objects
        for number in range(count)
    ]
    cut = list(portions(changes, batch_size=BATCH_SIZE))
    assert [placed for each in cut for placed in each.placed] == list(enumerate(changes))
    for portion in cut:
        assert not portion.in_bulk
        assert 1 <= len(portion.placed) <= BATCH_SIZE
        assert len({change.object for _, change in portion.placed}) == 1


WRITTEN = st.fixed_dictionaries(
    {},
    optional={
        "Status__c": st.sampled_from(["Target", "Working", None]),
        "Count__c": st.sampled_from([0, 1, 2.0, None]),
        "Working_At__c": st.sampled_from(["2026-06-15T08:00:00.000+0000", None]),
    },
).filter(bool)


def undone(fake: FakeOrg, desk: Desk, run_id: str, undo_id: str) -> None:
    """Undo a run through the org; nothing may be left."""
    entries = desk.journal.changes(run_id)
    rows = {("Account", row["Id"]): row for row in fake.records("Account")}
    reversal = reverse(entries, rows)
    assert reversal.left == ()
    outcomes = carried_out(desk, list(reversal.changes), undo_id)
    assert all(outcome.state is State.APPLIED for outcome in outcomes)


def values(fake: FakeOrg) -> list[list[object]]:
    return [[row[each["name"]] for each in FIELDS["Account"]] for row in fake.records("Account")]


@settings(max_examples=12, deadline=None)
@given(
    first=st.lists(WRITTEN, min_size=3, max_size=3),
    second=st.lists(WRITTEN, min_size=3, max_size=3),
)
def test_apply_then_undo_gives_back_every_field_and_undo_of_undo_writes_it_again(
    first: list[dict[str, Value]], second: list[dict[str, Value]]
) -> None:
    fake = FakeOrg.standard(NOW, custom_fields=FIELDS)
    ids = [fake.add("Account", Name="Firm", **each) for each in first]
    before = values(fake)
    with closing(Journal.open("sqlite://")) as journal:
        desk = a_desk(fake, journal, [], [])
        changes = [a_change(fake, id, **each) for id, each in zip(ids, second, strict=True)]
        carried_out(desk, changes, "20260615-080000-work")
        after = values(fake)
        undone(fake, desk, "20260615-080000-work", "20260615-080100-undo")
        assert values(fake) == before
        undone(fake, desk, "20260615-080100-undo", "20260615-080200-redo")
        assert values(fake) == after
