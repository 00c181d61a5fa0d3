"""Does one pass of the sales loop do in each case what the case says?"""

from collections.abc import Iterable, Mapping

import pytest
from case_files import ALL_CASES, Case, ids_of, records_of, wire_value
from loop_org import Loop, empty_org, enforcing_policy, fill, loop_of, shipped_policy

from sfsync.conditions import failing
from sfsync.facts import Look
from sfsync.model import Change, Value
from sfsync.policy import NO_STATE, Policy
from sfsync.rules.decide import any_found

FINDING = "target-going-idle"
SCORE = "Potential_Score__c"

Told = dict[str, tuple[str, dict[str, Value]]]


@pytest.mark.parametrize("case", ALL_CASES, ids=str)
def test_a_pass_does_what_the_case_says(case: Case) -> None:
    ids = ids_of(case)
    names = {record: name for name, record in ids.items()}
    fake = empty_org(case.now, case.zone)
    fill(fake, records_of(case, ids))
    for each in case.body.get("lacks", ()):
        fake.drop_field(*each.split("."))
    with loop_of(fake, case.now, policy_of(case)) as loop:
        remember(loop, case, ids)
        look, planned = loop.judge()
        plan = planned.plan
        where = f"{case.file}:{case.line}"
        assert told(plan.changes, names, scored(case)) == expected(case), where
        if "findings" in case.body:
            found = [f for f in plan.findings if f.code == FINDING]
            wanted = [(each["code"], each["record"]) for each in case.body["findings"]]
            assert [(f.code, names[f.id]) for f in found] == wanted, where
        if "blocked_by" in case.body:
            for name, rules in case.body["blocked_by"].items():
                for rule, condition in rules.items():
                    blocks = blocking(look, ids[name], rule)
                    assert len(blocks) == 1, f"{where}: {name}: {rule}: {blocks}"
                    assert condition in blocks[0], f"{where}: {name}: {rule}: {blocks}"


def policy_of(case: Case) -> Policy:
    """The shipped policy in the case's mode of Commit."""
    return enforcing_policy() if case.body.get("commit") == "enforce" else shipped_policy()


def remember(loop: Loop, case: Case, ids: Mapping[str, str]) -> None:
    """Write the case's previous pass into the books."""
    previous = case.body.get("previous_pass")
    if previous is not None:
        states = {("Account", ids[name]): value for name, value in previous["statuses"].items()}
        loop.remember(previous["now"], states)


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
