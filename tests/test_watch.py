"""Does a decision stand that rests on what was not there, if it is there by the time of writing?"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from loop_org import Loop, empty_org, loop_of

from sfsync.fake import FakeOrg
from sfsync.model import State

NOW = datetime(2026, 6, 15, 8, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=200)


def an_org(**fields: object) -> tuple[FakeOrg, str]:
    fake = empty_org(NOW, "Europe/Paris")
    account = {"Name": "Acme", "CreatedDate": LONG_AGO, "SystemModstamp": LONG_AGO, **fields}
    return fake, fake.add("Account", **account)  # type: ignore[arg-type]


def a_silent_target() -> tuple[FakeOrg, str]:
    return an_org(Status__c="Target", Target_At__c=LONG_AGO)


def logs_a_call(fake: FakeOrg, account: str) -> None:
    fake.clock.advance(60)
    fake.add("Task", WhatId=account, Subject="Call", Status="Completed", ActivityDate="2026-06-15")


def plans_a_meeting(fake: FakeOrg, account: str) -> None:
    fake.clock.advance(60)
    start = NOW + timedelta(days=3)
    end = start + timedelta(hours=1)
    fake.add("Event", WhatId=account, Subject="Demo", StartDateTime=start, EndDateTime=end)


def opens_a_deal(fake: FakeOrg, account: str) -> None:
    fake.clock.advance(60)
    fake.add(
        "Opportunity",
        AccountId=account,
        Name="New",
        StageName="Free Trial",
        CloseDate="2026-09-01",
    )


def applied(loop: Loop, meanwhile: Callable[[], None]) -> State:
    planned = loop.plan()
    assert [change.cause for change in planned.plan.changes] == ["rule:idle"]
    meanwhile()
    return loop.apply(planned).outcomes[0].state


@pytest.mark.parametrize("happens", [logs_a_call, plans_a_meeting])
def test_a_target_that_is_worked_on_after_the_plan_is_not_sent_to_the_backlog(
    happens: Callable[[FakeOrg, str], None],
) -> None:
    fake, account = a_silent_target()
    with loop_of(fake, NOW) as loop:
        assert applied(loop, lambda: happens(fake, account)) is State.STALE
    assert fake.record("Account", account)["Status__c"] == "Target"


def test_what_happens_elsewhere_stops_nothing() -> None:
    fake, account = a_silent_target()
    other = fake.add("Account", Name="Other", Status__c="Customer", CreatedDate=LONG_AGO)
    with loop_of(fake, NOW) as loop:
        assert applied(loop, lambda: logs_a_call(fake, other)) is State.APPLIED
    assert fake.record("Account", account)["Status__c"] == "Backlog"


def test_a_new_deal_stops_the_way_to_the_backlog_after_a_lost_one() -> None:
    fake, account = an_org(Status__c="Working", Working_At__c=LONG_AGO)
    lost = {"AccountId": account, "Name": "Old", "StageName": "Closed Lost"}
    fake.add("Opportunity", **lost, CloseDate="2026-06-01", CreatedDate=LONG_AGO)
    with loop_of(fake, NOW) as loop:
        planned = loop.plan()
        assert planned.plan.changes[0].cause == "rule:opportunities-lost"
        opens_a_deal(fake, account)
        assert loop.apply(planned).outcomes[0].state is State.STALE


def test_a_record_that_changes_while_it_is_read_is_left_to_the_next_pass() -> None:
    fake, account = a_silent_target()

    def edited(*_: object) -> None:
        fake.on_request.clear()
        fake.edit("Account", account, Website="https://acme.example.com")

    with loop_of(fake, NOW) as loop:
        fake.on_request.append(edited)
        planned = loop.plan()
    assert planned.plan.changes == ()
    assert any("changed while they were read" in note for note in planned.plan.notes)
    assert ("Account", account) not in planned.states
