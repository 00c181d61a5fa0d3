"""Which fields do facts and rules read or write?"""

from sfsync.conditions import Condition
from sfsync.facts import FACTS
from sfsync.policy import Machine, Policy
from sfsync.rules.words import tested

_ALWAYS = ("name", "owner", "created", "modified")
_USERS = "User"


def columns_needed(policy: Policy) -> dict[str, list[str]]:
    """Return, per object, our names of the fields that the policy's facts and rules read or write,
    sorted.
    """
    needed: dict[str, set[str]] = {name: set() for name in policy.objects}
    for fact in FACTS.values():
        for read in fact.reads:
            object_name, _, column = read.partition(".")
            needed[object_name].add(column)
    for object_name, machine in policy.machines.items():
        needed[object_name] |= _named_by(machine)
    for object_name, out in policy.leave_out.items():
        needed[object_name] |= set(tested(out))
    needed.get(_USERS, set()).update(policy.objects.get(_USERS, ()))
    return {
        name: sorted((columns | set(_ALWAYS)) & set(policy.objects[name]))
        for name, columns in needed.items()
        if columns
    }


def _named_by(machine: Machine) -> set[str]:
    conditions: list[Condition | None] = [rule.when for rule in machine.rules]
    conditions += [finding.when for finding in machine.findings]
    conditions += [keep.when for keep in machine.keep]
    conditions += [line.when for lines in machine.scores.values() for line in lines]
    sets = [*(rule.set for rule in machine.rules), *(keep.set for keep in machine.keep)]
    written = {each.field for each_set in sets for each in each_set}
    asked = {name for each in conditions if each is not None for name in tested(each)}
    return {machine.state, *machine.entered_fields(), *written, *asked}
