"""Does a pass know its own hand after undos and crashes, and is an undo kept in bounds?"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from loop_org import Loop, empty_org, loop_of

from sfsync.errors import LimitReached, NotFound, OrgUnavailable, Stopped
from sfsync.fake import FakeOrg
from sfsync.fake.server import Call
from sfsync.jobs import Planned, run_planned, stops_entered
from sfsync.jobs.undo import undo
from sfsync.model import Change, FieldChange, Outcome, Plan, RunState, Stamp, State, to_wire

NOW = datetime(2026, 6, 15, 8, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=200)


def an_org(count: int = 1, **fields: object) -> tuple[FakeOrg, list[str]]:
    """An org with accounts that were made long ago."""
    fake = empty_org(NOW, "Europe/Paris")
    row = {"Name": "Acme", "CreatedDate": LONG_AGO, "SystemModstamp": LONG_AGO, **fields}
    return fake, [fake.add("Account", **row) for _ in range(count)]  # type: ignore[arg-type]


def silent_targets(count: int = 1) -> tuple[FakeOrg, list[str]]:
    """Accounts that the rule `idle` sends to the backlog."""
    return an_org(count, Status__c="Target", Target_At__c=LONG_AGO)


def hours_later(loop: Loop, hours: int) -> Loop:
    loop.fake.clock.advance(hours * 3600)
    return replace(loop, now=loop.fake.clock.now())


def statuses(fake: FakeOrg, ids: list[str]) -> list[object]:
    return [fake.record("Account", id)["Status__c"] for id in ids]


def test_a_run_that_is_undone_twice_leaves_the_entry_date_as_it_was() -> None:
    fake, ids = silent_targets()
    with loop_of(fake, NOW) as loop:
        for _ in range(3):
            loop = hours_later(loop, 2)
            ran = loop.run()
            assert [change.cause for change in ran.plan.changes] == ["rule:idle"]
            assert statuses(fake, ids) == ["Backlog"]
            loop = hours_later(loop, 2)
            loop.undo(ran.run.id)
            assert statuses(fake, ids) == ["Target"]
        entered = loop.look().column("Account", "entered_status_at").values
    assert entered.tolist() == [LONG_AGO.replace(tzinfo=None)]


def by_hand(loop: Loop, id: str, after: str) -> Planned:
    """A plan of one move."""
    row = loop.fake.record("Account", id)
    fields = {"Status__c": FieldChange(row["Status__c"], after)}
    stamp = Stamp("Account", id, str(row["SystemModstamp"]))
    change = Change("Account", id, "Acme", fields, "rule:test", "a test", rests_on=(stamp,))
    policy = loop.services.policy
    return Planned(Plan("test", NOW, NOW, NOW, loop.org.id, policy.hash, (change,)))


@pytest.mark.parametrize("is_own", [True, False])
def test_the_services_own_move_is_no_change_of_status_for_an_account_born_without_one(
    is_own: bool,
) -> None:
    fake, (id,) = an_org()
    at = to_wire(LONG_AGO)
    fake.add("AccountHistory", AccountId=id, Field="created", CreatedDate=at)
    with loop_of(fake, NOW) as loop:
        if is_own:
            ran = loop.apply(by_hand(loop, id, "Target"))
            loop = hours_later(loop, 2)
            loop.undo(ran.run.id)
        else:
            fake.edit("Account", id, Status__c="Target")
            fake.edit("Account", id, Status__c=None)
        loop = hours_later(loop, 2)
        assert statuses(fake, [id]) == [None]
        kinds = [row["Field"] for row in fake.records("AccountHistory")]
        assert sorted(kinds) == ["Status__c", "Status__c", "created"]
        (entered,) = loop.look().column("Account", "entered_status_at").values
    if is_own:
        assert entered == np.datetime64(LONG_AGO.replace(tzinfo=None), "s")
    else:
        assert entered >= np.datetime64(NOW.replace(tzinfo=None), "s")


def test_a_run_that_the_org_stopped_on_the_way_leaves_no_move_that_looks_made_by_hand() -> None:
    fake, ids = silent_targets(21)
    with loop_of(fake, NOW) as opened:
        loop = replace(opened, batch_size=20)
        loop.remember(NOW - timedelta(hours=1), {"Account": dict.fromkeys(ids, "Target")})

        def use_up_the_limit(call: Call) -> None:
            if (call.when, call.method) == ("after", "PATCH"):
                fake.state.daily_quota = 0

        fake.on_request.append(use_up_the_limit)
        with pytest.raises(LimitReached):
            loop.run()
        fake.on_request.clear()
        fake.state.daily_quota = 15_000
        written = statuses(fake, ids)
        assert sorted(map(str, written)) == ["Backlog"] * 20 + ["Target"]
        previous = loop.journal.previous_pass(loop.org.id)
        assert previous is not None
        assert previous.now == NOW - timedelta(hours=1)
        assert [previous.states["Account"][id] for id in ids] == written


def test_an_undo_that_moves_too_many_accounts_stops_unless_that_is_allowed() -> None:
    fake, ids = silent_targets(60)
    with loop_of(fake, NOW) as loop:
        ran = loop.run()
        loop = hours_later(loop, 2)
        planned = undo(loop.services, ran.run.id).planned
        assert planned.plan.judged == len(ids)
        with pytest.raises(Stopped, match="60 of 60 accounts would change their status"):
            run_planned(planned, loop.services, loop.desk, allow_large=False, chance=loop.chance)
        assert set(statuses(fake, ids)) == {"Backlog"}
        loop.apply(planned)
        assert set(statuses(fake, ids)) == {"Target"}


def test_an_undo_says_what_perhaps_was_written() -> None:
    fake, (id,) = silent_targets()
    with loop_of(fake, NOW) as loop:
        ran = loop.run()
        loop.journal.note(ran.run.id, [(0, Outcome("Account", id, State.UNKNOWN))])
        found = undo(loop.services, ran.run.id)
    assert found.planned.plan.changes == ()
    assert "Status__c" in [left.field for left in found.left]
    assert {left.why for left in found.left} == {"nobody knows whether the run wrote it"}
    assert len(found.planned.plan.notes) == len(found.left)
    assert all("nobody knows" in each for each in found.planned.plan.notes)


def test_an_undo_of_a_record_that_the_run_did_not_touch_names_it() -> None:
    fake, (id,) = silent_targets()
    with loop_of(fake, NOW) as loop:
        ran = loop.run()
        wrong = f"{id[:-4]}ZAAA"
        with pytest.raises(NotFound, match=f"no change of a record {wrong}: check the Id"):
            undo(loop.services, ran.run.id, ids=[id, wrong])
        assert len(undo(loop.services, ran.run.id, ids=[id]).planned.plan.changes) == 1


@pytest.mark.parametrize(("days", "is_found"), [(1, True), (-1, False)])
def test_a_stage_date_in_the_future_is_found(days: int, is_found: bool) -> None:
    fake, (account,) = an_org()
    deal = fake.add(
        "Opportunity",
        AccountId=account,
        Name="Deal",
        StageName="Closing",
        CloseDate="2026-09-01",
        Won_At__c=to_wire(NOW + timedelta(days=days)),
    )
    with loop_of(fake, NOW) as loop:
        findings = loop.plan().plan.findings
    found = [each.id for each in findings if each.code == "stage-date-in-future"]
    assert found == ([deal] if is_found else [])


def test_a_run_that_an_org_away_stopped_stands_in_the_books_and_says_why() -> None:
    fake, _ = silent_targets()
    with loop_of(fake, NOW) as loop:
        with (
            pytest.raises(OrgUnavailable, match="away for maintenance"),
            stops_entered(loop.services, "hourly", loop.chance),
        ):
            raise OrgUnavailable("the org is away for maintenance")
        (stopped,) = loop.journal.runs(loop.org.id)
        assert (stopped.state, stopped.job) == (RunState.STOPPED, "hourly")
        assert stopped.error == "the org is away for maintenance"
        assert stopped.finished is not None
        # It is neither open nor a pass that the next one builds on.
        assert not loop.journal.open_runs(loop.org.id)
        assert loop.journal.previous_pass(loop.org.id) is None
        ran = loop.run()
        assert ran.run.api_calls == loop.org.calls > 0
