"""Which states has an object, and what moves, writes, finds and creates by them?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sfsync.conditions import Condition

# What stands for no state in rules, and the place that it has beside those of the states.
NO_STATE, NO_STATE_CODE = "none", -1


@dataclass(frozen=True, slots=True)
class StateSpec:
    """One status or stage: since which field, older names of it in the history, and where rules may
    move it.
    """

    name: str
    entered: str | None
    formerly: tuple[str, ...] = ()
    may_become: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a rule writes into a field: a plain value (None clears it), a fact, or a day from
    today.
    """

    field: str
    value: Any = None
    fact: str | None = None
    in_days: int | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A transition: from which states (`none`: no state), when, to which, and what is written
    beside it.

    Where `found` names findings of the same object, one of them, at least, must hold as well.
    """

    name: str
    from_states: tuple[str, ...]
    when: Condition
    to: str
    set: tuple[Assignment, ...]
    because: str
    place: str
    found: tuple[str, ...] = ()

    @property
    def asks(self) -> str:
        """What must be so for it to hold, in words."""
        return f"{self.when} and found: {', '.join(self.found)}" if self.found else str(self.when)


@dataclass(frozen=True, slots=True)
class Keep:
    """Fields kept true beside the moves: for which states before (unmoved) or after the pass, when,
    and what is written.

    `entered_fact` names the fact that goes into the field of the state itself.
    """

    name: str
    staying_in: tuple[str, ...] | None
    ending_in: tuple[str, ...] | None
    when: Condition | None
    set: tuple[Assignment, ...]
    entered_fact: str | None
    because: str
    place: str


@dataclass(frozen=True, slots=True)
class FindingRule:
    """Something a person must look at: in which states at the start of the pass (None: any), and
    when.

    `is_of_unmoved` leaves out what a rule moves in this pass. Where `missing` names fields, of the
    record (`plan`) or of one that it refers to (`account.billing_city`), one of them must be blank.
    """

    name: str
    in_states: tuple[str, ...] | None
    when: Condition
    because: str
    place: str
    missing: tuple[str, ...] = ()
    is_of_unmoved: bool = False


@dataclass(frozen=True, slots=True)
class TaskRule:
    """A task that a record gets, once for ever, or once in each spell of which the fact `spell_of`
    counts the days (empty: for ever): in which states at the start of the pass (None:
    any), when, and without which findings.

    It belongs to the `queue` of that name, or, where that is empty, to the record's owner; it is
    due so many days after today.
    """

    name: str
    in_states: tuple[str, ...] | None
    when: Condition
    without: tuple[str, ...]
    subject: str
    description: str
    queue: str
    due_in_days: int
    because: str
    place: str
    spell_of: str = ""


@dataclass(frozen=True, slots=True)
class ScoreLine:
    """Points for a condition."""

    points: float
    when: Condition


@dataclass(frozen=True, slots=True)
class Machine:
    """The states of one object and all that is decided about it, in the order written.

    An object of which only findings are declared has no states; its `state` is empty.
    """

    object: str
    state: str
    states: Mapping[str, StateSpec]
    rules: tuple[Rule, ...] = ()
    keep: tuple[Keep, ...] = ()
    findings: tuple[FindingRule, ...] = ()
    tasks: tuple[TaskRule, ...] = ()
    scores: Mapping[str, tuple[ScoreLine, ...]] = field(default_factory=dict)

    @property
    def places(self) -> Mapping[str, int]:
        """The place of each state, and of none."""
        return {name: place for place, name in enumerate(self.states)} | {NO_STATE: NO_STATE_CODE}

    def entered_fields(self) -> Iterator[str]:
        """Our names of the fields that say since when a record is in a state."""
        for state in self.states.values():
            if state.entered:
                yield state.entered

    def found_for(self, rule: Rule) -> tuple[FindingRule, ...]:
        """Return the findings that a rule asks for, in the order of its list."""
        by_name = {each.name: each for each in self.findings}
        return tuple(by_name[name] for name in rule.found)
