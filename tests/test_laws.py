"""Which laws hold for every org, whatever is in it?

Each law is tried on random orgs in the fake, read and written through the real door.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import HealthCheck, example, given, note, settings
from hypothesis import strategies as st
from loop_org import CONFIG, Loop, empty_org, enforcing_policy, fill, loop_of, shipped_policy
from random_orgs import SERVICE, RandomOrg, part, random_org, with_commits

from sfsync.facts import Look
from sfsync.jobs import Ran
from sfsync.lines import read_yaml
from sfsync.model import RULE_CAUSE, Change, Plan, State, Value, to_wire
from sfsync.policy import NO_STATE
from sfsync.rules.judge import judge

Key = tuple[str, str]
Rows = dict[Key, dict[str, Any]]

ORGS = st.builds(random_org, st.randoms(use_true_random=False), st.integers(1, 5))
# Many records at once, which hypothesis would not make; in both some account would go round in a
# circle of `won` and `subscription-ended`, were it not for the condition that keeps it from that.
LARGE = random_org(Random(14), 60)
LARGE_WITH_EARLIER_PASS = random_org(Random(24), 60)
PASSES_UNTIL_QUIET = 3
# The journal's clock and the org's may differ by so much.
SECONDS_APART = 300


def a_few() -> settings:
    """A part of the profile's examples; an org that is big or slow to make is no mistake."""
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(max_examples=part(0.06), suppress_health_check=slow)


# Where the way back from Commit is enforced, of deals that lack little or nothing.
ENFORCED = with_commits(random_org(Random(3), 20), Random(3))


@contextmanager
def looped(org: RandomOrg) -> Iterator[Loop]:
    """The org in the fake, with its earlier pass in the books."""
    fake = empty_org(org.now, org.zone)
    assert fake.user_id == SERVICE
    fill(fake, org.records)
    with loop_of(fake, org.now, enforcing_policy() if org is ENFORCED else None) as loop:
        if org.previous is not None:
            moment, statuses = org.previous
            loop.remember(moment, {"Account": dict(statuses)})
        yield loop


def rows_of(loop: Loop, fields: Mapping[str, Collection[str]] | None = None) -> Rows:
    """Every record of the org; all its fields, or those named for its object."""
    wanted = fields or dict.fromkeys(loop.fake.state.store.schema.objects, ())
    return {
        (name, str(row["Id"])): {
            field: each for field, each in row.items() if not fields or field in fields[name]
        }
        for name in wanted
        for row in loop.fake.records(name)
    }


# The platform's own, which move with the stage.
OF_STAGE = {
    "LastStageChangeDate",
    "Probability",
    "ForecastCategory",
    "ForecastCategoryName",
    "ExpectedRevenue",
}


def writable() -> dict[str, set[str]]:
    """Salesforce's names of all fields of the policy, by object that has rules."""
    policy = shipped_policy()
    return {
        name: {spec.field for spec in policy.objects[name].values()} - {"SystemModstamp"} - OF_STAGE
        for name in policy.machines
    }


def essence(plan: Plan) -> list[tuple[str, str, dict[str, Value], str, str]]:
    """What a plan would write and why, without the stamps of what it rests on."""
    return [
        (c.object, c.id, {name: each.after for name, each in c.fields.items()}, c.cause, c.reason)
        for c in plan.changes
    ]


def all_applied(ran: Ran) -> Plan:
    """The plan of a run in which the org did everything."""
    for outcome in ran.outcomes:
        assert outcome.state is State.APPLIED, outcome
    return ran.plan


@a_few()
@given(ORGS)
@example(LARGE)
@example(LARGE_WITH_EARLIER_PASS)
@example(ENFORCED)
def test_a_pass_at_the_same_moment_only_carries_chains_on_and_soon_nothing_changes(
    org: RandomOrg,
) -> None:
    with looped(org) as loop:
        written: dict[tuple[str, str, str], list[Value]] = {}
        before: dict[Key, Change] = {}
        for number in range(PASSES_UNTIL_QUIET):
            plan = all_applied(loop.run())
            for change in plan.changes:
                if number:
                    note(f"pass {number + 1}: {change}")
                    assert change.cause.startswith(RULE_CAUSE), "a chain goes on by a rule"
                    assert (change.object, change.id) in before, "a chain begins in the pass before"
                    assert before[change.object, change.id].cause.startswith(RULE_CAUSE)
                for name, each in change.fields.items():
                    values = written.setdefault((change.object, change.id, name), [each.before])
                    assert each.after not in values, f"{name} goes back: {values}"
                    values.append(each.after)
            before = {(change.object, change.id): change for change in plan.changes}
        assert loop.plan().plan.changes == ()


@a_few()
@given(ORGS)
@example(LARGE)
@example(LARGE_WITH_EARLIER_PASS)
@example(ENFORCED)
def test_undo_gives_back_every_field_and_undo_of_undo_writes_it_again(org: RandomOrg) -> None:
    with looped(org) as loop:
        at_first, planned_first = rows_of(loop, writable()), loop.plan().plan
        ran = loop.run()
        all_applied(ran)
        after_run = rows_of(loop, writable())
        undone = loop.undo(ran.run.id)
        all_applied(undone)
        assert undone.plan.notes == (), "nobody came between, so nothing is left"
        assert rows_of(loop, writable()) == at_first
        again = loop.undo(undone.run.id)
        all_applied(again)
        assert rows_of(loop, writable()) == after_run
        all_applied(loop.undo(again.run.id))
        assert rows_of(loop, writable()) == at_first
        seen = used_up(org)
        assert [each for each in essence(loop.plan().plan) if each[1] not in seen] == [
            each for each in essence(planned_first) if each[1] not in seen
        ]


def used_up(org: RandomOrg) -> set[str]:
    """The records of which a run and its undo know another entry date than the run alone did.

    Of a deal in Commit without a date its last change of stage tells, and that is then the undo's.
    That an account was made or moved since the earlier pass is known to the next pass only. And a
    history row by the service's user that is as young as the undo is taken for the undo's own.
    """
    youngest = to_wire(org.now - timedelta(seconds=SECONDS_APART))
    seen = {
        row["AccountId"]
        for row in org.records["AccountHistory"]
        if row["CreatedById"] == SERVICE and row["CreatedDate"] >= youngest
    }
    if org.previous is not None:
        start, left = org.previous
        for row in org.records["Account"]:
            moved = row["Id"] in left and left[row["Id"]] != row["Status__c"]
            if moved or row["CreatedDate"] > to_wire(start):
                seen.add(row["Id"])
    return seen | {
        row["Id"]
        for row in org.records["Opportunity"]
        if org is ENFORCED and row["StageName"] == "Commit" and not row["Commit_At__c"]
    }


@a_few()
@given(ORGS, st.randoms(use_true_random=False))
@example(LARGE, Random(1))
@example(LARGE_WITH_EARLIER_PASS, Random(2))
@example(ENFORCED, Random(3))
def test_the_order_in_which_records_come_does_not_matter(org: RandomOrg, chance: Random) -> None:
    with looped(org) as loop:
        plan = loop.plan().plan
        shuffled = replace(loop, org=Shuffled(loop.org, chance)).plan().plan
    assert shuffled.changes == plan.changes
    assert shuffled.findings == plan.findings


class Shuffled:
    """An org that gives its records in any order, a few to a piece."""

    def __init__(self, inner: Any, chance: Random) -> None:
        self._inner, self._chance = inner, chance

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def tables(self, *given: Any, **named: Any) -> Iterator[pa.Table]:
        whole = pa.concat_tables(self._inner.tables(*given, **named))
        order = self._chance.sample(range(whole.num_rows), whole.num_rows)
        shuffled = whole.take(pa.array(order, pa.int64()))
        for first in range(0, whole.num_rows, 3):
            yield shuffled.slice(first, 3)


@a_few()
@given(ORGS)
@example(LARGE)
@example(LARGE_WITH_EARLIER_PASS)
@example(ENFORCED)
def test_what_the_plan_says_is_what_stands_after_the_run_and_nothing_else_changed(
    org: RandomOrg,
) -> None:
    with looped(org) as loop:
        before, plan = rows_of(loop), loop.plan().plan
        ran = loop.run()
        assert essence(all_applied(ran)) == essence(plan)
        after = rows_of(loop)
    expected = {key: dict(row) for key, row in before.items()}
    written = {(change.object, change.id): change.fields for change in plan.changes}
    for change in plan.changes:
        row = expected[change.object, change.id]
        for name, each in change.fields.items():
            assert row[name] == each.before, f"{change.object} {change.id} {name}: misread"
            row[name] = each.after
    for key, row in after.items():
        touched = key in written
        audit = {"SystemModstamp", "LastModifiedDate", "LastModifiedById"} if touched else set()
        if "StageName" in written.get(key, ()):
            audit |= OF_STAGE
        if key in expected:
            assert without(row, audit) == without(expected[key], audit)
        else:
            assert key[0].endswith("History"), f"{key} is new"
    assert after.keys() >= expected.keys()


def without(row: Mapping[str, Any], fields: Collection[str]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in fields}


@a_few()
@given(ORGS)
@example(LARGE)
@example(LARGE_WITH_EARLIER_PASS)
@example(ENFORCED)
def test_every_move_is_allowed_and_an_account_moves_at_most_once(org: RandomOrg) -> None:
    with looped(org) as loop:
        plan = loop.plan().plan
    ids = [(change.object, change.id) for change in plan.changes]
    assert ids == sorted(set(ids))
    policy = shipped_policy()
    states = allowed_moves()
    for change in plan.changes:
        moved = change.fields.get(policy.state_fields()[change.object])
        assert (moved is not None) == change.cause.startswith(RULE_CAUSE), change
        if moved is not None:
            assert change.object == "Account" or org is ENFORCED, "only that mode moves deals"
            assert moved.after in states[change.object][moved.before or NO_STATE], change


def allowed_moves() -> Mapping[str, Mapping[str, Collection[str]]]:
    """The moves that the shipped files allow, by object, read without the product's rules."""
    files = (CONFIG / "rules" / f"{name}.yaml" for name in ("accounts", "opportunities"))
    read = [read_yaml(file.read_text(encoding="utf-8"), file.name).data for file in files]
    return {
        file["object"]: {name: each.get("may_become", ()) for name, each in file["states"].items()}
        for file in read
    }


@a_few()
@given(ORGS, st.randoms(use_true_random=False))
@example(LARGE, Random(1))
@example(LARGE_WITH_EARLIER_PASS, Random(2))
@example(ENFORCED, Random(3))
def test_tasks_that_the_service_itself_wrote_change_no_plan(org: RandomOrg, chance: Random) -> None:
    with looped(org) as loop:
        plan = loop.plan().plan
        for row in org.records["Account"]:
            for days, status in ((-1, "Completed"), (0, "Not Started"), (5, "Not Started")):
                if chance.random() < 0.8:
                    moment = org.now + timedelta(days=days)
                    loop.fake.add(
                        "Task",
                        Subject=f"[sfsync] {row['Name']} is going idle",
                        WhatId=row["Id"],
                        Status=status,
                        ActivityDate=moment.date().isoformat(),
                        CreatedDate=to_wire(org.now - timedelta(days=1)),
                    )
        with_tasks = loop.plan().plan
    assert essence(with_tasks) == essence(plan)
    assert with_tasks.findings == plan.findings


@a_few()
@given(ORGS, st.randoms(use_true_random=False))
@example(LARGE, Random(1))
@example(LARGE_WITH_EARLIER_PASS, Random(2))
@example(ENFORCED, Random(3))
def test_a_part_of_the_accounts_is_judged_as_it_is_in_the_whole(
    org: RandomOrg, chance: Random
) -> None:
    with looped(org) as loop:
        whole = loop.look()
    accounts = whole.frame("Account").index
    chosen = np.array([chance.random() < 0.5 for _ in accounts], dtype=bool)
    judged = judge(whole)
    deals = account_of_deals(org)
    for mask in (chosen, ~chosen):
        mine = set(accounts[mask])
        part_of_it = judge(Look(whole.snapshot.only({"Account": mask}), whole.policy))

        def belongs(each: Any, mine: set[str] = mine) -> bool:
            return (each.id if each.object == "Account" else deals[each.id]) in mine

        assert part_of_it.changes == tuple(c for c in judged.changes if belongs(c))
        assert part_of_it.findings == tuple(f for f in judged.findings if belongs(f))
        assert part_of_it.judged == mask.sum()


def account_of_deals(org: RandomOrg) -> dict[str, str | None]:
    return {row["Id"]: row.get("AccountId") for row in org.records["Opportunity"]}
