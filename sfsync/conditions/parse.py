"""What does a condition that stands in YAML say, and what is wrong with it?"""

import math
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any

from sfsync.bounds import MOST_DAYS
from sfsync.columns import Kind
from sfsync.conditions.tree import (
    OPERATORS,
    PRESENCE,
    All,
    AnyOf,
    Condition,
    Not,
    Operand,
    Test,
    word,
)
from sfsync.lines import Path
from sfsync.registry import nearest

_NOTHING = All(())
Complain = Callable[[Path, str], None]


class _Wrong(ValueError):
    """What stands behind an operator does not make sense; the message says why."""


def parse_condition(
    raw: Any, names: Mapping[str, Kind], complain: Complain, path: Path = ()
) -> Condition:
    """Read a condition as it stands in YAML.

    `names` are the facts and fields that may be asked about. Every problem is handed to `complain`
    with its path; what is returned then is of no use.
    """
    return _Reader(names, complain).condition(raw, path)


class _Reader:
    """Reads the conditions of one file, telling of every problem."""

    def __init__(self, names: Mapping[str, Kind], complain: Complain) -> None:
        self._names = names
        self._complain = complain

    def condition(self, raw: Any, path: Path) -> Condition:
        if not isinstance(raw, Mapping) or not raw:
            self._complain(path, "a condition is a mapping such as `idle_days: {at_least: 60}`")
            return _NOTHING
        parts: list[Condition] = []
        for key, value in raw.items():
            parts += self._part(str(key), value, (*path, key))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _part(self, key: str, value: Any, path: Path) -> list[Condition]:
        if key in ("all", "any"):
            return self._group(key, value, path)
        if key == "not":
            return [Not(self.condition(value, path))]
        if key in self._names:
            return [*self._tests(key, value, path)]
        self._complain(path, f'there is no fact or field "{key}"{nearest(key, self._names)}')
        return []

    def _group(self, key: str, value: Any, path: Path) -> list[Condition]:
        if not isinstance(value, list) or not value:
            self._complain(path, f"`{key}` takes a list of conditions")
            return []
        inner = tuple(self.condition(each, (*path, n)) for n, each in enumerate(value))
        return [All(inner) if key == "all" else AnyOf(inner)]

    def _tests(self, name: str, value: Any, path: Path) -> Iterator[Test]:
        if isinstance(value, str) and value in PRESENCE:
            yield Test(name, value, Operand())
        elif isinstance(value, str) and (meant := get_close_matches(value, PRESENCE, 1, 0.75)):
            hint = f'did you mean "{meant[0]}"? A word of that kind is written {{is: {value}}}'
            self._complain(path, f'"{value}" is neither present nor absent; {hint}')
        elif not isinstance(value, Mapping):
            yield from self._test(name, "in" if isinstance(value, list) else "is", value, path)
        elif not value:
            self._complain(path, f"what about {name}? Give a value or an operator such as at_least")
        else:
            for operator, raw in value.items():
                yield from self._test(name, str(operator), raw, (*path, operator))

    def _test(self, name: str, operator: str, raw: Any, path: Path) -> Iterator[Test]:
        kind = self._names[name]
        fitting = [each.name for each in OPERATORS.values() if kind in each.kinds]
        if operator not in OPERATORS:
            hint = nearest(operator, OPERATORS)
            self._complain(path, f'there is no operator "{operator}"{hint}')
        elif operator not in fitting:
            valid = ", ".join([*PRESENCE, *fitting])
            self._complain(path, f'"{operator}" does not fit {name}, a {kind}; there is: {valid}')
        else:
            try:
                yield Test(name, operator, self._operand(raw, kind, operator))
            except _Wrong as wrong:
                self._complain(path, f"{name}: {wrong}")

    def _operand(self, raw: Any, kind: Kind, operator: str) -> Operand:
        if operator == "in_last_days":
            if not _is_whole(raw) or not 0 <= raw <= MOST_DAYS:
                raise _Wrong(f"in_last_days takes a number of days, whole, from 0 to {MOST_DAYS:,}")
            return Operand(raw)
        if operator in ("in", "not_in"):
            if not isinstance(raw, list):
                raise _Wrong(f"{operator} takes a list")
            return Operand(tuple(plain_value(each, kind) for each in raw))
        if isinstance(raw, Mapping):
            return self._reference(raw, kind)
        if raw == "now" and kind is Kind.INSTANT:
            return Operand(is_now=True)
        return Operand(plain_value(raw, kind))

    def _reference(self, raw: Mapping[str, Any], kind: Kind) -> Operand:
        if set(raw) == {"in_days"}:
            if kind is not Kind.DATE:
                raise _Wrong(f"in_days is a date, this is a {kind}")
            return Operand(in_days=days_from_today(raw["in_days"]))
        if set(raw) != {"fact"}:
            raise _Wrong("a value is plain, `now`, {in_days: n} or {fact: name}")
        other = raw["fact"]
        if not isinstance(other, str) or other not in self._names:
            raise _Wrong(f'there is no fact or field "{other}"{nearest(str(other), self._names)}')
        if self._names[other] is not kind or kind is Kind.WORDS:
            raise _Wrong(
                f"{other} is a {self._names[other]}, this is a {kind}: they cannot be compared"
            )
        return Operand(fact=other)


def plain_value(raw: Any, kind: Kind) -> Any:
    """Return a plain value of that kind; a date in ISO form.

    Raises ValueError saying what is wrong with any other.
    """
    if kind is Kind.NUMBER and isinstance(raw, int | float) and not isinstance(raw, bool):
        return _finite(raw)
    if kind is Kind.FLAG and isinstance(raw, bool):
        return raw
    if kind is Kind.WORDS and isinstance(raw, str):
        return raw
    # A datetime of Python is a date too, but not one of the org's days.
    if kind is Kind.DATE and isinstance(raw, date) and not isinstance(raw, datetime):
        return raw.isoformat()
    if raw == "now":
        raise _Wrong(f"`now` is an instant, this is a {kind}")
    raise _Wrong(f"{word(raw)!r} is no {kind}")


def _finite(raw: int | float) -> int | float:
    try:
        is_finite = math.isfinite(raw)
    except OverflowError:
        is_finite = False
    if not is_finite:
        raise _Wrong(f"{str(raw)[:20]} is no finite number")
    return raw


def days_from_today(raw: Any) -> int:
    """Return what stands behind `in_days`; raises ValueError where it is no number of days."""
    if not _is_whole(raw) or abs(raw) > MOST_DAYS:
        raise _Wrong(
            f"in_days takes a whole number of days from today, from -{MOST_DAYS:,} to {MOST_DAYS:,}"
        )
    return int(raw)


def _is_whole(raw: Any) -> bool:
    return isinstance(raw, int) and not isinstance(raw, bool)
