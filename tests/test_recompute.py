"""Does recompute write what the rules give at the end of a day, and leave what nobody knows?"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from case_files import FOLDER, Case, cases_of, ids_of, records_of, wire_value
from loop_org import Loop, empty_org, fill, loop_of
from random_orgs import random_org

from sfsync.errors import Misused, Stopped
from sfsync.jobs import Planned, Ran, run_planned
from sfsync.jobs.cleanup import Part, plan_cleanup
from sfsync.model import Plan, State

CASES = cases_of(FOLDER / "cleanups" / "recompute.yaml")
STAMPS = {"SystemModstamp", "LastModifiedDate", "LastModifiedById"}
SCORE = "Potential_Score__c"
# What names a record of the case.
NAMES = frozenset({"Id", "AccountId"})


def wishes_of(case: Case) -> str:
    return json.dumps(case.body.get("wishes", {}))


WISHES = {wishes_of(case): case.body.get("wishes", {}) for case in CASES}


def together(wished: str) -> Case:
    """The cases with the same wishes as one: the name of each stands before those of its records,
    whose accounts have the right score where none is named.
    """
    given: dict[str, list[dict[str, Any]]] = {}
    for case in (each for each in CASES if wishes_of(each) == wished):
        for object_name, rows in case.body["given"].items():
            for row in rows:
                own = {field: f"{case.line}-{row[field]}" for field in NAMES & row.keys()}
                score = {SCORE: 0} if object_name == "Account" else {}
                given.setdefault(object_name, []).append({**score, **row, **own})
    return Case("recompute.yaml", 1, {**CASES[0].body, "given": given})


@contextmanager
def org_of(case: Case) -> Iterator[Loop]:
    fake = empty_org(case.now, case.zone)
    fill(fake, records_of(case, ids_of(case)))
    with loop_of(fake, case.now) as loop:
        yield loop


def planned(loop: Loop, wishes: Mapping[str, Any]) -> Planned:
    return plan_cleanup("recompute", loop.services, wishes, Part())


def wanted(made: Planned) -> dict[str, dict[str, Any]]:
    return {
        each.id: {field: value.after for field, value in each.fields.items()}
        for each in made.plan.changes
    }


def standing(loop: Loop) -> dict[str, dict[str, Any]]:
    return {
        str(row["Id"]): {name: value for name, value in row.items() if name not in STAMPS}
        for name in ("Account", "Opportunity")
        for row in loop.fake.records(name)
    }


def done_once_and_taken_back(loop: Loop, wishes: Mapping[str, Any]) -> Planned:
    """The plan of a recompute that was applied as shown, found nothing more, and was undone."""
    made, before = planned(loop, wishes), standing(loop)
    ran = loop.apply(made)
    assert {each.state for each in ran.outcomes} <= {State.APPLIED}
    now = standing(loop)
    shown = wanted(made)
    written = {id: {name: now[id][name] for name in fields} for id, fields in shown.items()}
    assert written == shown
    assert {id for id in before if before[id] != now[id]} <= shown.keys()
    assert wanted(planned(loop, wishes)) == {}
    loop.undo(ran.run.id)
    assert standing(loop) == before
    return made


@pytest.fixture(scope="module")
def plans() -> dict[str, Plan]:
    """What is written for each of the wishes; each plan was done once, and taken back."""
    made = {}
    for wished, wishes in WISHES.items():
        with org_of(together(wished)) as loop:
            made[wished] = done_once_and_taken_back(loop, wishes).plan
    return made


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_the_case_says_is_written_and_told(case: Case, plans: dict[str, Plan]) -> None:
    plan, ids = plans[wishes_of(case)], ids_of(together(wishes_of(case)))
    own = {
        ids[f"{case.line}-{row['Id']}"]: row["Id"]
        for rows in case.body["given"].values()
        for row in rows
        if "Id" in row
    }
    got = {
        own[each.id]: (each.reason, {name: value.after for name, value in each.fields.items()})
        for each in plan.changes
        if each.id in own
    }
    assert got == {
        name: (each["reason"], {f: wire_value(v, case.now) for f, v in each["fields"].items()})
        for name, each in case.body["expect"].items()
    }
    left = [(name, note) for note in plan.notes for id, name in own.items() if id in note]
    assert len(left) == len(case.body.get("left", {})), left
    for name, note in left:
        assert case.body["left"][name] in note
    assert all(each.evidence for each in plan.changes)
    looks_back = "count as they stand now" in " ".join(plan.notes)
    assert looks_back == ("as-of" in case.body.get("wishes", {}))


@pytest.mark.parametrize("days", [0, 20])
def test_of_any_org_all_is_written_once_and_taken_back(days: int) -> None:
    org = random_org(Random(14), 15)
    fake = empty_org(org.now, org.zone)
    fill(fake, org.records)
    day = str(org.now.date() - timedelta(days=days)) if days else None
    wishes = {"statuses": True, "shorten": True, "as-of": day}
    with loop_of(fake, org.now) as loop:
        passed = loop.plan().plan
        made = done_once_and_taken_back(loop, wishes)
        assert made.plan.changes
        assert made.plan.judged == passed.judged
        if not days:
            moves = {
                each.id: each.fields["Status__c"]
                for each in passed.changes
                if "Status__c" in each.fields
            }
            assert moves
            found = {each.id: each.fields.get("Status__c") for each in made.plan.changes}
            # A pass moves one step; here each is carried to where it stays.
            assert {id: found[id].before for id in moves} == {
                id: each.before for id, each in moves.items()
            }


def test_a_day_to_come_is_refused_by_the_org_s_calendar() -> None:
    with (
        org_of(CASES[0]) as loop,
        pytest.raises(Misused, match="2026-06-16 is after today, which is 2026-06-15"),
    ):
        planned(loop, {"as-of": "2026-06-16"})


def test_too_many_moves_stop_before_anything_is_written() -> None:
    accounts = [
        {"Id": f"a{number:03}", "Status__c": "Target", "Target_At__c": "2026-03-01T09:00:00Z"}
        for number in range(60)
    ]
    body = {**CASES[0].body, "given": {"Account": accounts}}
    with org_of(Case("here", 1, body)) as loop:

        def carried_out() -> Ran:
            made = planned(loop, {"statuses": True})
            chance = loop.chance
            return run_planned(made, loop.services, loop.desk, allow_large=False, chance=chance)

        with pytest.raises(Stopped, match="60 of 60 accounts would change their status"):
            carried_out()
