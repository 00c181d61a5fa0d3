"""Which rules cannot judge, because of what this org lacks?"""

from collections.abc import Collection, Iterator, Mapping, Sequence

from sfsync.conditions import Condition
from sfsync.facts import FACTS, Look
from sfsync.policy import FindingRule, Machine, Rule, TaskRule
from sfsync.rules.words import tested


def blind_spots(look: Look, asked: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Say what the org lacks of what was asked for, and which rules, scores, findings and tasks
    cannot judge because of it: a few sentences, the objects first, then each object of the rules.

    `asked` names the columns that were asked for, by object. Empty where nothing is missing.
    """
    missing = look.snapshot.missing
    if not missing:
        return ()
    objects = sorted(name for name in missing if "." not in name)
    lines = [f"The org lacks {_counting_as_empty(objects, 'the object')}."] if objects else []
    for name in sorted(asked, key=lambda each: each not in look.policy.machines):
        lines += _lacks(look, name)
    return (*lines, *cannot_judge(look))


def cannot_judge(look: Look) -> tuple[str, ...]:
    """Say only which rules, scores and findings cannot judge because of what the org lacks.

    Of an object without states that is not there at all there is nothing to judge.
    """
    policy, missing = look.policy, look.snapshot.missing
    judged = [*policy.machines.values()]
    judged += [each for name, each in policy.stateless.items() if name not in missing]
    return tuple(line for machine in judged for line in _cannot(look, machine))


def cannot_do_without(look: Look) -> frozenset[str]:
    """Name, by Salesforce's names (`Account.Status__c`, `Task`), what the org lacks and some rule,
    keep or finding of an object with states needs: without it, that one cannot judge.
    """
    return frozenset(
        need
        for machine in look.policy.machines.values()
        for part in (machine.rules, machine.keep, machine.findings)
        for each in part
        for need in _needs(look, machine.object, each.when)
    )


def fields_lacking(look: Look, object_name: str, rule: FindingRule) -> list[str]:
    """Name the fields (`Opportunity.Plan__c`) that the org lacks and a finding asks about, sorted.

    A rule takes what is nowhere for absent; a finding about it would be found of every record.
    """
    first = [each.partition(".")[0] for each in rule.missing]
    named = [f"{object_name}.{name}" for name in (*tested(rule.when), *first)]
    for each in rule.missing:
        way, _, far = each.partition(".")
        to = look.policy.objects[object_name][way].to
        named += [f"{to}.{far}"] if far else []
    lacking = {each for each in named if each not in FACTS and each in look.snapshot.missing}
    return sorted(api_name(look, each) for each in lacking)


def needs_of(look: Look, machine: Machine, part: Rule | FindingRule | TaskRule) -> list[str]:
    """Name what the org lacks, so that a rule, finding or task cannot judge, sorted; a task needs
    what the findings need that it must not have.
    """
    needs = set(_needs(look, machine.object, part.when))
    if isinstance(part, FindingRule):
        needs.update(fields_lacking(look, machine.object, part))
    if isinstance(part, TaskRule):
        if part.spell_of:
            lacking = _of_test(look, machine.object, part.spell_of, "")
            needs.update(api_name(look, need) for need in lacking)
        for finding in machine.findings:
            needs.update(needs_of(look, machine, finding) if finding.name in part.without else ())
    return sorted(needs)


def _lacks(look: Look, object_name: str) -> Iterator[str]:
    """Say which fields an object lacks: those that the service would write, then the others."""
    machine = look.policy.machines.get(object_name)
    written = _written(machine) if machine else frozenset()
    start = f"{object_name}."
    lacking = {need.removeprefix(start) for need in look.snapshot.missing if need.startswith(start)}
    to_write, to_read = _fields(look, object_name, lacking & written), lacking - written
    if to_write:
        names = ", ".join(to_write)
        yield f"{object_name} lacks fields that plans write, create them to apply one: {names}."
    if to_read:
        fields = _fields(look, object_name, to_read)
        yield f"{object_name} lacks {_counting_as_empty(fields, 'the field')}."


def _written(machine: Machine) -> frozenset[str]:
    sets = (rule.set for part in (machine.rules, machine.keep) for rule in part)
    return frozenset(
        {machine.state, *machine.entered_fields(), *(each.field for one in sets for each in one)}
    )


def _fields(look: Look, object_name: str, columns: Collection[str]) -> list[str]:
    return sorted(look.policy.field(object_name, column) for column in columns)


def _counting_as_empty(names: Sequence[str], noun: str) -> str:
    if len(names) == 1:
        return f"{noun} {names[0]}; it counts as empty"
    return f"{noun}s {', '.join(names)}; they count as empty"


def api_name(look: Look, need: str) -> str:
    """Return `Account.Status__c` for `Account.status`; an object's name stays."""
    object_name, _, column = need.partition(".")
    return f"{object_name}.{look.policy.field(object_name, column)}" if column else object_name


def _cannot(look: Look, machine: Machine) -> Iterator[str]:
    """Say which rules and findings cannot judge, and which scores give less than they could."""
    kinds: tuple[tuple[str, Sequence[Rule | FindingRule | TaskRule]], ...] = (
        ("rules", machine.rules),
        ("findings", machine.findings),
        ("tasks", machine.tasks),
    )
    said = []
    for kind, parts in kinds:
        blind: dict[str, list[str]] = {}
        for part in parts:
            needs = ", ".join(needs_of(look, machine, part))
            if needs:
                blind.setdefault(needs, []).append(part.name)
        if blind:
            names = (f"{', '.join(each)} (no {needs})" for needs, each in blind.items())
            said.append(f"{kind} that cannot judge: {'; '.join(names)}")
    if said:
        yield f"{machine.object} has {', and '.join(said)}."
    for name, score in machine.scores.items():
        needs = ", ".join(
            sorted({need for line in score for need in _needs(look, machine.object, line.when)})
        )
        if needs:
            yield f"{machine.object}'s score {name} gives no points for {needs}."


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
