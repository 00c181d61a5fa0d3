"""Which fields and values do facts and rules read or write?"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from string import Formatter

from sfsync.conditions import PRESENCE, All, Condition, Operand, Test
from sfsync.duplicates import READS as DUPLICATE_READS
from sfsync.facts import FACTS
from sfsync.policy import Assignment, Machine, Policy, Rule, TaskRule
from sfsync.rules.words import tested

_ALWAYS = ("name", "owner", "created", "modified")
_USERS = "User"
# What an account says of its company, where `config/` names the fields.
_WHICH_COMPANY = (
    *("website", "registration_number", "vat_number", "country"),
    *("billing_street", "billing_postal_code", "billing_city"),
)
# Facts that are words of a field: what is asked of them is asked of it.
_WORDS_OF = {"Account.last_lost_reason": "Opportunity.lost_reason"}
_LOST_REASON = "Opportunity.lost_reason"


def columns_needed(policy: Policy, more: Iterable[str] = ()) -> dict[str, list[str]]:
    """Return, per object, our names of the fields that the policy's facts and rules read or write,
    and of `more` columns (`Object.column`) that somebody needs, sorted.
    """
    needed: dict[str, set[str]] = {name: set() for name in policy.objects}
    judged = policy.judged
    of_facts = [read for fact in FACTS.values() if fact.object in judged for read in fact.reads]
    for read in (*of_facts, *(DUPLICATE_READS if policy.duplicates.find else ()), *more):
        object_name, _, column = read.partition(".")
        if object_name in needed:
            needed[object_name].add(column)
    for object_name, machine in judged.items():
        needed[object_name] |= _named_by(machine)
    for object_name, machine in judged.items():
        for name in (each for finding in machine.findings for each in finding.missing):
            first, _, second = name.partition(".")
            needed[object_name].add(first)
            to = policy.objects[object_name][first].to
            if second and to is not None:
                needed[to].add(second)
                needed[object_name] |= {policy.twin_of(object_name, first) or first}
    for object_name, out in policy.leave_out.items():
        if needed[object_name]:
            needed[object_name] |= set(tested(out))
    needed.get(_USERS, set()).update(policy.objects.get(_USERS, ()))
    return {
        name: sorted((columns | set(_ALWAYS)) & set(policy.objects[name]))
        for name, columns in needed.items()
        if columns
    }


def columns_known(policy: Policy) -> dict[str, list[str]]:
    """Return what `columns_needed` does, and beside it what enrichment reads and writes."""
    needed = columns_needed(policy)
    if policy.enrich.providers and "Account" in policy.objects:
        needed["Account"] = sorted({*needed.get("Account", ()), *enrichment_reads(policy)})
    return needed


def enrichment_reads(policy: Policy) -> list[str]:
    """Return our names of the fields of Account that enrichment needs, sorted: those that it fills,
    and what says which company it is.
    """
    machine = policy.machines.get("Account")
    names = {*policy.enrich.names(), *_ALWAYS, *_WHICH_COMPANY}
    names |= {machine.state} if machine else set()
    names |= set(tested(policy.leave_out["Account"])) if "Account" in policy.leave_out else set()
    return sorted(names & set(policy.objects["Account"]))


def fields_filled(policy: Policy) -> dict[str, frozenset[str]]:
    """Return, per object, our names of the fields that enrichment fills."""
    names = policy.enrich.names() if policy.enrich.providers else ()
    return {"Account": frozenset(names)} if names else {}


def _named_by(machine: Machine) -> set[str]:
    written = {each.field for each in _assignments(machine)}
    asked = {name for each in _conditions(machine) for name in tested(each)}
    told = {name for task in machine.tasks for name in _told_by(task)}
    states = {machine.state} if machine.state else set()
    return {*states, *machine.entered_fields(), *written, *asked, *told}


def _told_by(task: TaskRule) -> Iterator[str]:
    """Yield what the words of a task put in, people read them in the org; and its spell."""
    if task.spell_of:
        yield task.spell_of
    for text in (task.subject, task.description, task.because):
        yield from (name for _, name, _, _ in Formatter().parse(text) if name)


def _conditions(machine: Machine) -> Iterator[Condition]:
    yield from (rule.when for rule in machine.rules)
    yield from (finding.when for finding in machine.findings)
    yield from (task.when for task in machine.tasks)
    yield from (keep.when for keep in machine.keep if keep.when is not None)
    yield from (line.when for lines in machine.scores.values() for line in lines)


def _assignments(machine: Machine) -> Iterator[Assignment]:
    yield from (each for rule in machine.rules for each in rule.set)
    yield from (each for keep in machine.keep for each in keep.set)


def fields_written(policy: Policy) -> dict[str, frozenset[str]]:
    """Return, per object that has rules, our names of the fields that plans may change."""
    active = {name: _active(policy, machine) for name, machine in policy.machines.items()}
    return {name: frozenset(_written_by(machine)) for name, machine in active.items()}


def _active(policy: Policy, machine: Machine) -> Machine:
    """Leave out the rules that ask for Commit being enforced, where it is not: they write
    nothing, and nobody need have the right to.
    """
    if policy.commit.is_enforced:
        return machine
    return replace(machine, rules=tuple(each for each in machine.rules if not _enforces(each)))


def _enforces(rule: Rule) -> bool:
    parts = rule.when.parts if isinstance(rule.when, All) else (rule.when,)
    enforced = Test("commit_is_enforced", "is", Operand(True))
    return enforced in parts


def _written_by(machine: Machine) -> Iterator[str]:
    yield from (each.field for each in _assignments(machine))
    if machine.rules:
        yield machine.state
    entered = {rule.to for rule in machine.rules}
    if any(keep.entered_fact for keep in machine.keep):
        entered = set(machine.states)
    for name in entered:
        field = machine.states[name].entered
        if field:
            yield field


def values_written(policy: Policy) -> dict[str, list[str]]:
    """Return the texts that plans may write, by column (`Account.status`): states first, in the
    order of the rules' file.
    """
    found: dict[str, dict[str, None]] = {}
    for object_name, each_machine in policy.machines.items():
        machine = _active(policy, each_machine)
        moved_to = {rule.to for rule in machine.rules}
        states = [name for name in machine.states if name in moved_to]
        _note(found, f"{object_name}.{machine.state}", states)
        for each in _assignments(machine):
            # The word `now` stands for the moment judged where the field is an instant.
            if isinstance(each.value, str) and _is_words(policy, object_name, each.field):
                _note(found, f"{object_name}.{each.field}", [each.value])
    return {column: list(values) for column, values in found.items() if values}


def values_known(policy: Policy) -> dict[str, list[str]]:
    """Return the texts that the policy knows, by column: all states, what rules write, and what
    conditions and facts compare with.
    """
    found: dict[str, dict[str, None]] = {}
    for object_name, machine in policy.machines.items():
        _note(found, f"{object_name}.{machine.state}", machine.states)
    for column, values in values_written(policy).items():
        _note(found, column, values)
    for object_name, machine in policy.judged.items():
        for condition in _conditions(machine):
            _note_compared(found, policy, object_name, condition)
    for object_name, condition in policy.leave_out.items():
        _note_compared(found, policy, object_name, condition)
    _note(found, _LOST_REASON, policy.facts.pause_days_by_lost_reason)
    _note(found, _LOST_REASON, policy.cleanup.lost_reasons.values())
    return {column: list(values) for column, values in found.items() if values}


def _note_compared(
    found: dict[str, dict[str, None]], policy: Policy, object_name: str, condition: Condition
) -> None:
    for test in condition.tests():
        column = f"{object_name}.{test.name}"
        column = _WORDS_OF.get(column, column)
        owner, _, name = column.partition(".")
        if test.operator in PRESENCE or not _is_words(policy, owner, name):
            continue
        value = test.operand.value
        values = value if isinstance(value, tuple) else (value,)
        _note(found, column, [each for each in values if isinstance(each, str)])


def _is_words(policy: Policy, object_name: str, name: str) -> bool:
    spec = policy.objects.get(object_name, {}).get(name)
    return spec is not None and spec.type in ("text", "picklist")


def _note(found: dict[str, dict[str, None]], column: str, values: Iterable[str]) -> None:
    found.setdefault(column, {}).update(dict.fromkeys(values))
