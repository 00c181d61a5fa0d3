"""What would change in the org, said record by record, with the reason and what it rests on?"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

import numpy as np

from sfsync.columns import Array
from sfsync.facts import Look
from sfsync.garbage import uncollected
from sfsync.model import RULE_CAUSE, Change, FieldChange, Watch
from sfsync.policy import FOUND, Keep, Rule
from sfsync.rules.decide import MOVE, Decision, decide, differs
from sfsync.rules.findings import found_for
from sfsync.rules.follow import refuse_circles
from sfsync.rules.found import Found, Group, groups_of
from sfsync.rules.rests import resting_on
from sfsync.rules.tasks import DueTask, tasks_due
from sfsync.rules.words import all_in_words, evidence_for, facts_of, facts_read, ids_of, names_of
from sfsync.snapshot import MODIFIED


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one pass decides: changes and findings by object and Id, how many accounts it judged and
    would move, and which tasks records are to get.
    """

    changes: tuple[Change, ...]
    findings: Found
    judged: int
    tasks: tuple[DueTask, ...]


def judge(look: Look, made: Collection[str] = frozenset()) -> Judgement:
    """Apply all rules of the policy to a snapshot.

    `made` holds the keys of all that was created before (`key_of_new`).

    Raises CircleError where rules contradict each other.
    """
    with uncollected():
        return _judged(look, made)


def _judged(look: Look, made: Collection[str]) -> Judgement:
    changes: list[Change] = []
    groups: list[Group] = []
    tasks: list[DueTask] = []
    judged = 0
    for machine in look.policy.machines.values():
        decision = _at_home(look, decide(look, machine))
        refuse_circles(look, decision)
        changes += changes_of(look, decision)
        groups += groups_of(look, machine, decision.moved)
        tasks += tasks_due(look, machine, decision.moved, made)
        if machine.object == "Account" and machine.rules:
            judged = len(decision.before) - len(look.guests(machine.object))
    for machine in look.policy.stateless.values():
        unmoved = np.zeros(look.size(machine.object), dtype=bool)
        groups += groups_of(look, machine, unmoved)
    guests = {name: look.guests(name) for name in look.snapshot.guests}
    return Judgement(
        tuple(sorted(changes, key=attrgetter("object", "id"))),
        Found(look, groups),
        judged,
        tuple(each for each in tasks if each.id not in guests.get(each.object, ())),
    )


def _at_home(look: Look, decision: Decision) -> Decision:
    """Leave out what is decided about guests: of them not all is there."""
    guests = look.snapshot.guests.get(decision.machine.object)
    if guests is None:
        return decision
    writes = tuple(replace(write, mask=write.mask & ~guests) for write in decision.writes)
    return replace(
        decision,
        after=np.where(guests, decision.before, decision.after),
        rule=np.where(guests, -1, decision.rule),
        writes=writes,
    )


def changes_of(look: Look, decision: Decision) -> Iterator[Change]:
    """Yield a change for each record of which some field differs, in no order.

    Records that the same rule or keeps change are put into words together, so that each column is
    read once for all of them.
    """
    for sources, rows in _alike(look, decision):
        yield from _changes(look, decision, sources, rows)


def _alike(look: Look, decision: Decision) -> Iterator[tuple[Sequence[Rule | Keep], Array]]:
    """Yield the rows of records that change, by what changes them: the rule that moves them, else
    the keeps of which some field differs.
    """
    machine = decision.machine
    touched = np.zeros(len(decision.before), dtype=bool)
    # One number a record: below 0 for rules, else a bit for each keep.
    source = np.where(decision.moved, -1 - decision.rule.astype("int64"), 0)
    for write in decision.writes:
        here = np.flatnonzero(write.mask)
        before = look.column(machine.object, write.field).only(here)
        differing = here[differs(before, write.after.only(here))]
        touched[differing] = True
        if write.by != MOVE:
            source[differing[~decision.moved[differing]]] |= 1 << write.source
    rows = np.flatnonzero(touched)
    for number in np.unique(source[rows]).tolist():
        keeps = [keep for bit, keep in enumerate(machine.keep) if number >> bit & 1]
        yield [machine.rules[-1 - number]] if number < 0 else keeps, rows[source[rows] == number]


def _changes(
    look: Look, decision: Decision, sources: Sequence[Rule | Keep], rows: Array
) -> Iterator[Change]:
    """Put records with the same sources into changes."""
    machine, object_name, first = decision.machine, decision.machine.object, sources[0]
    names = facts_of(sources)
    asked = machine.found_for(first) if isinstance(first, Rule) else ()
    said, proved = found_for(look, machine, asked, rows)
    reasons = [
        all_in_words(look, object_name, rows, each.because, {FOUND: said} if asked else {})
        for each in sources
    ]
    # What was not found might be by now, and what was found might not: all of it is rested on.
    read = facts_of([*sources, *asked])
    parts = zip(
        ids_of(look, object_name, rows),
        names_of(look, object_name, rows),
        _fields(look, decision, rows),
        zip(*reasons, strict=True),
        evidence_for(look, object_name, rows, names),
        proved,
        resting_on(look, object_name, rows, read, asked),
        strict=True,
    )
    cause = f"{RULE_CAUSE}{first.name}" if isinstance(first, Rule) else first.name
    watches = watches_of(look, object_name, read) if isinstance(first, Rule) else ()
    for id, name, fields, reason, facts, more, rests_on in parts:
        if fields:
            why, evidence = "; ".join(reason), tuple(dict.fromkeys((*facts, *more)))
            yield Change(object_name, id, name, fields, cause, why, evidence, rests_on, watches)


def watches_of(look: Look, object_name: str, names: Iterable[str]) -> tuple[Watch, ...]:
    """Name the objects that the facts were made of, so far as their records lead to this object.

    A fact may rest on what was not there (no next step): a record that comes or changes later can
    overturn it, though no stamp of the record itself moves.
    """
    watches = set()
    for read in facts_read(look, object_name, names):
        other, _, column = read.partition(".")
        fields = look.policy.objects[other]
        is_there = other in look.snapshot.frames and MODIFIED in fields
        if is_there and fields[column].to == object_name and column in look.frame(other):
            watches.add(Watch(other, fields[column].field))
    return tuple(sorted(watches))


def _fields(look: Look, decision: Decision, rows: Array) -> Iterator[Mapping[str, FieldChange]]:
    """Yield, for each record, what is written into which field (API names, in order), without
    no-ops.
    """
    object_name = decision.machine.object
    written: list[dict[str, FieldChange]] = [{} for _ in rows]
    for write in decision.writes:
        here = np.flatnonzero(write.mask[rows])
        name = look.policy.field(object_name, write.field)
        before = look.column(object_name, write.field).take(rows[here])
        after = write.after.take(rows[here])
        for place, old, new in zip(here.tolist(), before, after, strict=True):
            written[place][name] = FieldChange(old, new)
    for fields in written:
        yield {name: each for name, each in sorted(fields.items()) if each.before != each.after}
