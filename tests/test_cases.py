"""Does one pass of the sales loop do in each case what the case says?"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Self

import pytest
from case_files import ALL_CASES, Case, ids_of, records_of, wire_value
from loop_org import empty_org, enforcing_policy, fill, loop_of, shipped_policy

from sfsync.conditions import failing
from sfsync.facts import Look
from sfsync.model import Change, Finding, Value
from sfsync.policy import NO_STATE, Policy
from sfsync.rules.decide import any_found

FINDING = "target-going-idle"
SCORE = "Potential_Score__c"

Told = dict[str, tuple[str, dict[str, Value]]]


@dataclass(frozen=True, slots=True)
class Setting:
    """In which org, at which moment, by which policy and after which pass a case is judged: the
    cases of one setting lie in one org, and do not know of each other.
    """

    now: datetime
    zone: str
    is_enforced: bool
    previous_now: datetime | None
    lacks: tuple[str, ...]

    @classmethod
    def of(cls, case: Case) -> Self:
        body = case.body
        previous = body.get("previous_pass")
        return cls(
            case.now,
            case.zone,
            body.get("commit") == "enforce",
            None if previous is None else previous["now"],
            tuple(body.get("lacks", ())),
        )

    @property
    def policy(self) -> Policy:
        """The shipped policy in the mode of Commit."""
        return enforcing_policy() if self.is_enforced else shipped_policy()


IDS = [ids_of(case, number) for number, case in enumerate(ALL_CASES)]


@pytest.mark.parametrize("number", range(len(ALL_CASES)), ids=map(str, ALL_CASES))
def test_a_pass_does_what_the_case_says(number: int) -> None:
    case, ids = ALL_CASES[number], IDS[number]
    names = {record: name for name, record in ids.items()}
    look, changes, findings = judged(Setting.of(case))
    where = f"{case.file}:{case.line}"
    mine = [each for each in changes if each.id in names]
    assert told(mine, names, scored(case)) == expected(case), where
    if "findings" in case.body:
        found = [f for f in findings if f.code == FINDING and f.id in names]
        wanted = [(each["code"], each["record"]) for each in case.body["findings"]]
        assert [(f.code, names[f.id]) for f in found] == wanted, where
    for name, rules in case.body.get("blocked_by", {}).items():
        for rule, condition in rules.items():
            blocks = blocking(look, ids[name], rule)
            assert len(blocks) == 1, f"{where}: {name}: {rule}: {blocks}"
            assert condition in blocks[0], f"{where}: {name}: {rule}: {blocks}"


@cache
def judged(setting: Setting) -> tuple[Look, Sequence[Change], Sequence[Finding]]:
    """Judge an org that holds all cases of a setting in one pass."""
    numbers = [n for n, case in enumerate(ALL_CASES) if Setting.of(case) == setting]
    records: dict[str, list[Mapping[str, Any]]] = {}
    states = {}
    for number in numbers:
        case, ids = ALL_CASES[number], IDS[number]
        for object_name, rows in records_of(case, ids).items():
            there = records.setdefault(object_name, [])
            there += [row for row in rows if object_name != "User" or row not in there]
        previous = case.body.get("previous_pass", {"statuses": {}})["statuses"]
        states |= {ids[name]: value for name, value in previous.items()}
    fake = empty_org(setting.now, setting.zone)
    fill(fake, records)
    for each in setting.lacks:
        fake.drop_field(*each.split("."))
    with loop_of(fake, setting.now, setting.policy) as loop:
        if setting.previous_now is not None:
            loop.remember(setting.previous_now, {"Account": states})
        look, planned = loop.judge()
    theirs = {id for number in numbers for id in IDS[number].values()}
    assert {each.id for each in planned.plan.changes} <= theirs
    return look, planned.plan.changes, planned.plan.findings


def scored(case: Case) -> set[str]:
    """The accounts of which the case names the score; that of the others is not compared."""
    given = {row["Id"] for row in case.body["given"].get("Account", ()) if SCORE in row}
    return given | {name for name, each in case.body["expect"].items() if SCORE in each["fields"]}


def told(changes: Iterable[Change], names: Mapping[str, str], scored: set[str]) -> Told:
    """What a plan changes, in the words of a case."""
    said: Told = {}
    for change in changes:
        name = names[change.id]
        fields = {
            field: each.after
            for field, each in change.fields.items()
            if field != SCORE or name in scored
        }
        if fields:
            said[name] = (change.cause, fields)
    return said


def expected(case: Case) -> Told:
    """What the case says that the plan changes."""
    return {
        name: (
            each["cause"],
            {field: wire_value(value, case.now) for field, value in each["fields"].items()},
        )
        for name, each in case.body["expect"].items()
    }


def blocking(look: Look, record: str, rule_name: str) -> list[set[str]]:
    """The conditions that keep a rule from moving a record, each by the names that it tests."""
    machines = look.policy.machines.values()
    machine, rule = next((m, rule) for m in machines for rule in m.rules if rule.name == rule_name)
    name = machine.object
    position = look.snapshot.position(name, record)
    assert position is not None
    state = look.column(name, machine.state).at(position) or NO_STATE
    if state not in rule.from_states:
        return [{machine.state}]
    blocks = [
        {test.name for test in condition.tests()}
        for condition, _, _ in failing(rule.when, look.on(name), position)
    ]
    if rule.found and not any_found(look, machine, rule)[position]:
        blocks.append({"found"})
    return blocks
