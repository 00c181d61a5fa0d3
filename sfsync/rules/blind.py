"""Which rules cannot judge, because of what this org lacks?"""

from collections.abc import Iterator, Mapping, Sequence

from sfsync.conditions import Condition
from sfsync.facts import FACTS, Look
from sfsync.policy import Machine


def blind_spots(look: Look, asked: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Say what the org lacks of what was asked for, and which rules, scores and findings cannot
    judge because of it.

    `asked` names the columns that were asked for, by object. Empty where nothing is missing.
    """
    missing = look.snapshot.missing
    if not missing:
        return ()
    lines = [
        *(_cannot(look, machine) for machine in look.policy.machines.values()),
        [_cannot_write(look, machine) for machine in look.policy.machines.values()],
    ]
    return (_lacks(look, asked), *(line for each in lines for line in each if line))


def _lacks(look: Look, asked: Mapping[str, Sequence[str]]) -> str:
    objects = sorted(name for name in look.snapshot.missing if "." not in name)
    fields = sorted(api_name(look, need) for need in look.snapshot.missing if "." in need)
    parts = [f"the objects {', '.join(objects)}"] if objects else []
    parts += [f"the fields {', '.join(fields)}"] if fields else []
    return f"This org lacks {' and '.join(parts)}; what is missing counts as empty."


def api_name(look: Look, need: str) -> str:
    """Return `Account.Status__c` for `Account.status`; an object's name stays."""
    object_name, _, column = need.partition(".")
    return f"{object_name}.{look.policy.field(object_name, column)}" if column else object_name


def _cannot(look: Look, machine: Machine) -> list[str]:
    parts: list[tuple[str, Condition | None]] = [(f"rule {r.name}", r.when) for r in machine.rules]
    parts += [(f"finding {finding.name}", finding.when) for finding in machine.findings]
    lines = [
        f"{machine.object}: {what} cannot judge without {', '.join(needs)}."
        for what, when in parts
        if (needs := _needs(look, machine.object, when))
    ]
    for name, score in machine.scores.items():
        needs = sorted({need for line in score for need in _needs(look, machine.object, line.when)})
        if needs:
            lines.append(
                f"{machine.object}: the score {name} gives no points for {', '.join(needs)}."
            )
    return lines


def _needs(look: Look, object_name: str, when: Condition | None) -> list[str]:
    tests = when.tests() if when else ()
    needs = {
        need for test in tests for need in _of_test(look, object_name, test.name, test.operator)
    }
    return sorted(api_name(look, need) for need in needs)


def _of_test(look: Look, object_name: str, name: str, operator: str) -> Iterator[str]:
    spec = FACTS.get(f"{object_name}.{name}")
    if spec is None:
        field = f"{object_name}.{name}"
        if operator != "absent" and field in look.snapshot.missing:
            yield field
    elif not look.column(object_name, name).known:
        yield from spec.missing(look.snapshot.missing)


def _cannot_write(look: Look, machine: Machine) -> str:
    written = {machine.state, *machine.entered_fields()}
    written |= {
        each.field for part in (machine.rules, machine.keep) for rule in part for each in rule.set
    }
    fields = sorted(name for name in written if f"{machine.object}.{name}" in look.snapshot.missing)
    if not fields or machine.object in look.snapshot.missing:
        return ""
    names = ", ".join(look.policy.field(machine.object, name) for name in fields)
    return f"{machine.object}: the plan cannot be applied before the org has the fields {names}."
