"""When does a condition hold, for which records, and which part of it does not?

A test on a missing value is unknown, and what is unknown does not hold; neither does `not` of it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any, Protocol

import numpy as np

from sfsync.columns import Array, Column, Kind, Mask, among
from sfsync.model import Value

_YES, _NO = np.array(True), np.array(False)


class Sight(Protocol):
    """What a condition looks at: the columns of one object at one moment."""

    @property
    def now(self) -> np.datetime64:
        """The moment judged, datetime64[s] in UTC."""
        ...

    @property
    def today(self) -> np.datetime64:
        """Its calendar day in the org's zone, datetime64[D]."""
        ...

    def column(self, name: str) -> Column:
        """Return the fact or field of that name."""
        ...

    def start_of(self, days: Array) -> Array:
        """Return the first instant of each day in the org's zone."""
        ...


@dataclass(frozen=True, slots=True)
class Truth:
    """Where a condition holds and where it fails; where neither, it is unknown."""

    holds: Mask
    fails: Mask


class Condition(Protocol):
    """Something that holds for some records."""

    def truth(self, sight: Sight) -> Truth:
        """Judge every record."""
        ...

    def holds(self, sight: Sight) -> Mask:
        """Tell where it holds, as `truth` does, in half the time."""
        ...

    def tests(self) -> Iterator["Test"]:
        """Every single test in it, in the order written."""
        ...


@dataclass(frozen=True, slots=True)
class Operand:
    """The other side of a test: a plain value, the moment judged, a day from today, or a fact of
    the same record.
    """

    value: Any = None
    in_days: int | None = None
    fact: str | None = None
    is_now: bool = False

    def __str__(self) -> str:
        if self.is_now:
            return "now"
        if self.fact:
            return self.fact
        if self.in_days is not None:
            ahead = f"{abs(self.in_days)} days {'ahead' if self.in_days > 0 else 'ago'}"
            return ahead if self.in_days else "today"
        if isinstance(self.value, tuple):
            return ", ".join(str(v) for v in self.value) or "an empty list"
        return word(self.value)


def word(value: Any) -> str:
    """Write a plain value as it stands in YAML."""
    return str(value).lower() if isinstance(value, bool) else str(value)


@dataclass(frozen=True, slots=True)
class Operator:
    """One comparison: the kinds it fits, what it does to arrays, and how it reads: `idle_days
    {words} 60`.
    """

    name: str
    kinds: tuple[Kind, ...]
    words: str
    compare: Callable[[Array, Any], Mask]


_ORDERED = (Kind.NUMBER,)
_TIMED = (Kind.DATE, Kind.INSTANT)
_NAMED = (Kind.NUMBER, Kind.WORDS, Kind.FLAG)

OPERATORS: Mapping[str, Operator] = {
    each.name: each
    for each in (
        Operator("is", _NAMED, "is", lambda a, b: a == b),
        Operator("is_not", _NAMED, "is not", lambda a, b: a != b),
        Operator("in", (Kind.NUMBER, Kind.WORDS), "one of", among),
        Operator("not_in", (Kind.NUMBER, Kind.WORDS), "none of", lambda a, b: ~among(a, b)),
        Operator("at_least", _ORDERED, "at least", lambda a, b: a >= b),
        Operator("at_most", _ORDERED, "at most", lambda a, b: a <= b),
        Operator("more_than", _ORDERED, "more than", lambda a, b: a > b),
        Operator("less_than", _ORDERED, "less than", lambda a, b: a < b),
        Operator("before", _TIMED, "before", lambda a, b: a < b),
        Operator("after", _TIMED, "after", lambda a, b: a > b),
        Operator("on_or_before", (Kind.DATE,), "on or before", lambda a, b: a <= b),
        Operator("on_or_after", (Kind.DATE,), "on or after", lambda a, b: a >= b),
        Operator(
            "in_last_days",
            _TIMED,
            "within the last days:",
            lambda a, b: (a >= b[0]) & (a <= b[1]),
        ),
    )
}
PRESENCE = ("present", "absent")
# NumPy says no where NaN or NaT stand on either side.
_FALSE_OF_NOTHING = frozenset(
    name for name, each in OPERATORS.items() if not {Kind.WORDS, Kind.FLAG} & {*each.kinds}
)


@dataclass(frozen=True, slots=True)
class Test:
    """One comparison of one fact or field."""

    name: str
    operator: str
    operand: Operand

    def truth(self, sight: Sight) -> Truth:
        """Judge every record; unknown where a value is missing, or the column is not to be had in
        this org.
        """
        column = sight.column(self.name)
        size = len(column.values)
        if not column.known:
            return Truth(np.zeros(size, dtype=bool), np.zeros(size, dtype=bool))
        present = column.present
        if self.operator in PRESENCE:
            return (
                Truth(present, ~present) if self.operator == "present" else Truth(~present, present)
            )
        other, known = self._other(sight, column)
        result = OPERATORS[self.operator].compare(column.values, other)
        known = present if known is True else known & present
        holds = result & known
        # What is known and does not hold fails.
        return Truth(holds, known ^ holds)

    def holds(self, sight: Sight) -> Mask:
        """Tell where it holds."""
        column = sight.column(self.name)
        if not column.known or self.operator not in _FALSE_OF_NOTHING:
            return self.truth(sight).holds
        other, _ = self._other(sight, column)
        return OPERATORS[self.operator].compare(column.values, other)

    def tests(self) -> Iterator["Test"]:
        """Itself."""
        yield self

    def _other(self, sight: Sight, column: Column) -> tuple[Any, Mask | bool]:
        operand = self.operand
        if operand.is_now:
            return sight.now, True
        if operand.fact is not None:
            other = sight.column(operand.fact)
            return other.values, (
                other.present if other.known else np.zeros(len(other.values), dtype=bool)
            )
        if self.operator == "in_last_days":
            first = sight.today - np.timedelta64(int(operand.value), "D")
            if column.kind is Kind.DATE:
                return (first, sight.today), True
            return (sight.start_of(np.array([first]))[0], sight.now), True
        if operand.in_days is not None:
            return sight.today + np.timedelta64(operand.in_days, "D"), True
        return _coded(operand.value, column), True

    def __str__(self) -> str:
        if self.operator in PRESENCE:
            return f"{self.name} {self.operator}"
        return f"{self.name} {OPERATORS[self.operator].words} {self.operand}"


def _coded(value: Any, column: Column) -> Any:
    if column.kind is Kind.WORDS:
        return [column.code(v) for v in value] if isinstance(value, tuple) else column.code(value)
    if column.kind is Kind.DATE:
        return np.datetime64(value, "D")
    return list(value) if isinstance(value, tuple) else value


@dataclass(frozen=True, slots=True)
class All:
    """Holds where every part holds; fails where one fails."""

    parts: tuple[Condition, ...]

    def truth(self, sight: Sight) -> Truth:
        """Judge every record."""
        truths = [part.truth(sight) for part in self.parts]
        return Truth(
            reduce(np.logical_and, [t.holds for t in truths], _YES),
            reduce(np.logical_or, [t.fails for t in truths], _NO),
        )

    def holds(self, sight: Sight) -> Mask:
        """Tell where every part holds."""
        return reduce(np.logical_and, [part.holds(sight) for part in self.parts], _YES)

    def tests(self) -> Iterator[Test]:
        """Every test in the parts."""
        for part in self.parts:
            yield from part.tests()

    def __str__(self) -> str:
        return " and ".join(str(part) for part in self.parts)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Holds where one part holds; fails where all fail."""

    parts: tuple[Condition, ...]

    def truth(self, sight: Sight) -> Truth:
        """Judge every record."""
        truths = [part.truth(sight) for part in self.parts]
        return Truth(
            reduce(np.logical_or, [t.holds for t in truths], _NO),
            reduce(np.logical_and, [t.fails for t in truths], _YES),
        )

    def holds(self, sight: Sight) -> Mask:
        """Tell where one part holds."""
        return reduce(np.logical_or, [part.holds(sight) for part in self.parts], _NO)

    def tests(self) -> Iterator[Test]:
        """Every test in the parts."""
        for part in self.parts:
            yield from part.tests()

    def __str__(self) -> str:
        return " or ".join(str(part) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Not:
    """Holds where its part fails."""

    part: Condition

    def truth(self, sight: Sight) -> Truth:
        """Judge every record."""
        inner = self.part.truth(sight)
        return Truth(inner.fails, inner.holds)

    def holds(self, sight: Sight) -> Mask:
        """Tell where its part fails."""
        return self.part.truth(sight).fails

    def tests(self) -> Iterator[Test]:
        """Every test in its part."""
        yield from self.part.tests()

    def __str__(self) -> str:
        return f"not: {self.part}"


def failing(
    condition: Condition, sight: Sight, position: int
) -> list[tuple[Condition, bool, Value]]:
    """List the parts of a condition that keep it from holding for one record.

    Each with whether it is known to fail (else it is unknown), and the present value of what it
    tests (None for a group). Empty where the condition holds.
    """
    truth = condition.truth(sight)
    if bool(truth.holds[position]):
        return []
    if isinstance(condition, All):
        return [each for part in condition.parts for each in failing(part, sight, position)]
    value = sight.column(condition.name).at(position) if isinstance(condition, Test) else None
    return [(condition, bool(truth.fails[position]), value)]
