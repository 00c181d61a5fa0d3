"""Which records does which rule move, and what is to be written into which field?

All of it is array work over whole columns; records are looked at one by one only once it is known
that they change.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from sfsync.columns import Array, Column, Kind, Mask, among, empty, same
from sfsync.facts import Look
from sfsync.policy import Assignment, Keep, Machine, Rule
from sfsync.rules.findings import holds_for

MOVE = "move"


@dataclass(frozen=True, slots=True)
class Write:
    """One field to be written where the mask says: with the values of a column, on account of a
    rule or a keep.

    `source` is the place of the rule or keep in the machine; `by` is MOVE or the keep's name.
    """

    field: str
    mask: Mask
    after: Column
    by: str
    source: int


@dataclass(frozen=True, slots=True)
class Decision:
    """What is decided about one object's records, before anything is put into words.

    `before` and `after` are state codes; `rule` is the place of the rule that moves the record, -1
    where none does. `writes` are in the order in which they are made: a later one to the same field
    wins.
    """

    machine: Machine
    before: Array
    after: Array
    rule: Array
    writes: tuple[Write, ...]

    @property
    def moved(self) -> Mask:
        """Which records a rule moves."""
        return np.asarray(self.rule >= 0)

    def only(self, kept: Mask) -> "Decision":
        """Return what is decided about some of the records."""
        writes = (
            replace(write, mask=write.mask[kept], after=write.after.only(kept))
            for write in self.writes
        )
        return replace(
            self,
            before=self.before[kept],
            after=self.after[kept],
            rule=self.rule[kept],
            writes=tuple(writes),
        )


def decide(look: Look, machine: Machine) -> Decision:
    """Judge every record of the machine's object: the first rule that holds moves it, once."""
    before = look.state(machine.object)
    after, chosen = before.copy(), np.full(len(before), -1, dtype="int16")
    places = machine.places
    for number, rule in enumerate(machine.rules):
        free = (chosen < 0) & look.in_states(machine.object, rule.from_states)
        if free.any():
            here = free & rule.when.holds(look.on(machine.object))
            if rule.found and here.any():
                here &= any_found(look, machine, rule)
            after[here], chosen[here] = places[rule.to], number
    decision = Decision(machine, before, after, chosen, ())
    writes = [*_kept(look, decision), *_moved(look, decision)]
    return Decision(machine, before, after, chosen, tuple(writes))


def any_found(look: Look, machine: Machine, rule: Rule) -> Mask:
    """Tell of which records one of the findings that a rule asks for holds, at least.

    A finding that nobody can judge, since the org lacks its field, holds of none.
    """
    nobody = np.zeros(look.size(machine.object), dtype=bool)
    masks = (holds_for(look, machine, each, nobody) for each in machine.found_for(rule))
    found = [mask for mask in masks if mask is not None]
    return np.asarray(np.logical_or.reduce([nobody, *found]))


def _moved(look: Look, decision: Decision) -> Iterator[Write]:
    """Write the new state, its date, and what the rule sets beside it."""
    machine, size = decision.machine, len(decision.before)
    for number, rule in enumerate(machine.rules):
        here = decision.rule == number
        if not here.any():
            continue
        yield Write(machine.state, here, same(Kind.WORDS, rule.to, size), MOVE, number)
        entered = machine.states[rule.to].entered
        if entered is not None:
            yield Write(entered, here, same(Kind.INSTANT, look.now, size), MOVE, number)
        for assignment in rule.set:
            yield Write(assignment.field, here, _value(look, machine, assignment), MOVE, number)


def _kept(look: Look, decision: Decision) -> Iterator[Write]:
    """Write the fields that are kept true beside the moves."""
    machine = decision.machine
    for number, keep in enumerate(machine.keep):
        here = _reach(look, decision, keep)
        if not here.any():
            continue
        if keep.entered_fact is not None:
            yield from _entered(look, decision, keep, here, number)
        for assignment in keep.set:
            yield Write(
                assignment.field, here, _value(look, machine, assignment), keep.name, number
            )


def _reach(look: Look, decision: Decision, keep: Keep) -> Mask:
    machine = decision.machine
    here = np.ones(len(decision.before), dtype=bool)
    if keep.staying_in is not None:
        here &= ~decision.moved & look.in_states(machine.object, keep.staying_in)
    if keep.ending_in is not None:
        here &= among(decision.after, [machine.places[name] for name in keep.ending_in])
    if keep.when is not None and here.any():
        here &= keep.when.holds(look.on(machine.object))
    return here


def _entered(
    look: Look, decision: Decision, keep: Keep, here: Mask, number: int
) -> Iterator[Write]:
    """Write the time of the entry into the field of the present state, where that is empty or
    earlier.
    """
    machine = decision.machine
    assert keep.entered_fact is not None
    known = look.column(machine.object, keep.entered_fact)
    for place, state in enumerate(machine.states.values()):
        if state.entered is None:
            continue
        rows = np.flatnonzero(here & (decision.before == place))
        stands = look.column(machine.object, state.entered).values[rows]
        entry = known.values[rows]
        # A time later than now counts as empty (spec, section 3).
        due = np.isnat(stands) | (stands < entry) | (stands > look.now)
        rows = rows[due & ~np.isnat(entry)]
        if len(rows):
            mask = np.zeros(len(here), dtype=bool)
            mask[rows] = True
            yield Write(state.entered, mask, known, keep.name, number)


def _value(look: Look, machine: Machine, assignment: Assignment) -> Column:
    size = look.size(machine.object)
    if assignment.fact is not None:
        return look.column(machine.object, assignment.fact)
    kind = look.policy.objects[machine.object][assignment.field].kind
    if assignment.in_days is not None:
        return same(Kind.DATE, look.today + np.timedelta64(assignment.in_days, "D"), size)
    if assignment.value is None:
        return empty(kind, size)
    # The only plain instant is `now`.
    return same(kind, look.now if kind is Kind.INSTANT else assignment.value, size)


def differs(before: Column, after: Column) -> Mask:
    """Tell where two columns of the same field hold different values; null equals null."""
    if after.kind is Kind.WORDS:
        table = np.array([before.code(word) for word in after.words] + [-1])
        return np.asarray(table[after.values] != before.values)
    both = before.present & after.present
    return np.asarray((before.present != after.present) | (both & (before.values != after.values)))


def rule_of(decision: Decision, row: int) -> Rule | None:
    """Return the rule that moves the record in that row, or None."""
    number = int(decision.rule[row])
    return decision.machine.rules[number] if number >= 0 else None
