"""Does explain name the earliest day on which a rule would move a record, to the very moment?"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from loop_org import config_texts, empty_org, fill, loop_of, shipped_policy
from records_org import RecordsOrg

from sfsync.explain import NextMove, explain
from sfsync.extract import extract
from sfsync.facts import Look
from sfsync.model import to_wire
from sfsync.policy import Policy
from sfsync.rules.load import load_policy

NOW = datetime(2026, 6, 15, 8, tzinfo=UTC)
FIRM = "001000000000001AAA"
Rows = Sequence[Mapping[str, Any]]


def ago(**duration: float) -> str:
    return to_wire(NOW - timedelta(**duration))


def next_move(
    account: Mapping[str, Any], policy: Policy | None = None, **records: Rows
) -> NextMove | None:
    policy = policy or shipped_policy()
    columns = {name: [f.field for f in each.values()] for name, each in policy.objects.items()}
    firm = {"Id": FIRM, "Name": "Firm", "CreatedDate": ago(days=900), **account}
    org = RecordsOrg({"Account": [firm], **{k: list(v) for k, v in records.items()}}, columns)
    return explain(Look(extract(org, policy, NOW), policy), FIRM).next_move


def event(starts: str, **fields: Any) -> dict[str, Any]:
    return {
        "Id": "00U000000000001AAA",
        "AccountId": FIRM,
        "StartDateTime": starts,
        "ActivityDate": starts[:10],
        "CreatedDate": ago(days=1),
        **fields,
    }


def with_rule(old: str, new: str) -> Policy:
    texts = dict(config_texts())
    changed = texts["rules/accounts.yaml"].replace(old, new)
    assert changed != texts["rules/accounts.yaml"]
    return load_policy({**texts, "rules/accounts.yaml": changed})


def test_an_event_that_starts_later_today_moves_today() -> None:
    pool = {"Status__c": "Qualified Pool", "Qualified_Pool_At__c": ago(days=3)}
    found = next_move(pool, Event=[event("2026-06-15T15:00:00.000+0000")])
    assert found == NextMove("2026-06-15", "activity", "Target")


def test_an_event_that_starts_late_on_a_day_moves_on_that_day() -> None:
    pool = {"Status__c": "Qualified Pool", "Qualified_Pool_At__c": ago(days=3)}
    found = next_move(pool, Event=[event("2026-06-16T21:59:59.000+0000")])
    assert found == NextMove("2026-06-16", "activity", "Target")


def test_the_day_is_the_orgs() -> None:
    pool = {"Status__c": "Qualified Pool", "Qualified_Pool_At__c": ago(days=3)}
    fake = empty_org(NOW, "Asia/Tokyo")
    records = {"Account": [{"Id": FIRM, "Name": "Firm", "CreatedDate": ago(days=9), **pool}],
               "Event": [{"WhatId": FIRM, "Subject": "Meeting", "DurationInMinutes": 30,
                          "StartDateTime": "2026-06-16T15:30:00.000+0000",
                          "ActivityDateTime": "2026-06-16T15:30:00.000+0000"}]}  # fmt: skip
    fill(fake, records)
    with loop_of(fake, NOW) as loop:
        found = explain(loop.look(), FIRM).next_move
    assert found == NextMove("2026-06-17", "activity", "Target")


def test_an_event_that_has_started_is_the_activity_from_which_idle_counts() -> None:
    target = {"Status__c": "Target", "Target_At__c": ago(days=200)}
    found = next_move(target, Event=[event("2026-06-16T15:00:00.000+0000")])
    assert found == NextMove("2026-08-15", "idle", "Backlog")
    assert next_move({**target, "Target_At__c": ago(days=59)}) == NextMove(
        "2026-06-16", "idle", "Backlog"
    )


def test_an_open_task_holds_idle_back_until_its_day_has_passed() -> None:
    task = {
        **{"Id": "00T000000000001AAA", "AccountId": FIRM, "IsClosed": False},
        **{"ActivityDate": "2026-06-20", "CreatedDate": ago(days=1)},
    }
    target = {"Status__c": "Target", "Target_At__c": ago(days=200)}
    assert next_move(target, Task=[task]) == NextMove("2026-06-21", "idle", "Backlog")


IDLE = "      idle_days: {at_least: 60}\n      next_step_on: absent\n    to"


@pytest.mark.parametrize(
    ("when", "account", "day"),
    [
        # A moment that is over before its day is.
        ("enriched_at: {before: now}", {"Enriched_At__c": "2026-06-15T20:00:00Z"}, "2026-06-15"),
        # A limit before the date, and one of several numbers.
        (
            "subscription_end: {on_or_before: {in_days: 30}}",
            {"Subscription_End__c": "2026-08-31"},
            "2026-08-01",
        ),
        ("days_in_status: [77, 80]", {}, "2026-06-22"),
    ],
)
def test_each_kind_of_limit_is_found(when: str, account: dict[str, Any], day: str) -> None:
    policy = with_rule(IDLE, f"      {when}\n    to")
    target = {"Status__c": "Target", "Target_At__c": ago(days=70), **account}
    assert next_move(target, policy) == NextMove(day, "idle", "Backlog")


def test_a_moment_between_two_others_of_one_day_is_not_missed() -> None:
    when = "      customer_at: {before: now}\n      enriched_at: {after: now}\n    to"
    target = {
        **{"Status__c": "Target", "Target_At__c": ago(days=70)},
        **{"Customer_At__c": "2026-06-18T10:00:00Z", "Enriched_At__c": "2026-06-18T11:00:00Z"},
    }
    assert next_move(target, with_rule(IDLE, when)) == NextMove("2026-06-18", "idle", "Backlog")


def test_what_never_moves_has_no_next_day() -> None:
    assert next_move({"Status__c": "Disqualified", "Disqualified_At__c": ago(days=3)}) is None
