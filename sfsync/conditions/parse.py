"""What does a condition that stands in YAML say, and what is wrong with it?"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

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


def parse_condition(
    raw: Any, names: Mapping[str, Kind], complain: Complain, path: Path = ()
) -> Condition:
    """Read a condition as it stands in YAML.

    `names` are the facts and fields that may be asked about. Every problem is handed to `complain`
    with its path; what is returned then is of no use.
    """
    if not isinstance(raw, Mapping) or not raw:
        complain(path, "a condition is a mapping such as `idle_days: {at_least: 60}`")
        return _NOTHING
    parts: list[Condition] = []
    for key, value in raw.items():
        here = (*path, key)
        if key in ("all", "any"):
            if not isinstance(value, list) or not value:
                complain(here, f"`{key}` takes a list of conditions")
                continue
            inner = tuple(
                parse_condition(each, names, complain, (*here, n)) for n, each in enumerate(value)
            )
            parts.append(All(inner) if key == "all" else AnyOf(inner))
        elif key == "not":
            parts.append(Not(parse_condition(value, names, complain, here)))
        elif key not in names:
            complain(here, f'there is no fact or field "{key}"{nearest(str(key), names)}')
        else:
            parts += _tests(str(key), value, names, complain, here)
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def _tests(
    name: str, value: Any, names: Mapping[str, Kind], complain: Complain, path: Path
) -> list[Test]:
    if value in PRESENCE and isinstance(value, str):
        return [Test(name, value, Operand())]
    if isinstance(value, Mapping):
        tests = []
        for operator, raw in value.items():
            if operator not in OPERATORS:
                complain(
                    (*path, operator),
                    f'there is no operator "{operator}"{nearest(str(operator), OPERATORS)}',
                )
                continue
            tests.append(_test(name, operator, raw, names, complain, (*path, operator)))
        if not value:
            complain(path, f"what about {name}? Give a value or an operator such as at_least")
        return [test for test in tests if test is not None]
    test = _test(name, "in" if isinstance(value, list) else "is", value, names, complain, path)
    return [test] if test is not None else []


def _test(
    name: str, operator: str, raw: Any, names: Mapping[str, Kind], complain: Complain, path: Path
) -> Test | None:
    kind = names[name]
    if kind not in OPERATORS[operator].kinds:
        fitting = ", ".join([*PRESENCE, *(o.name for o in OPERATORS.values() if kind in o.kinds)])
        complain(path, f'"{operator}" does not fit {name}, a {kind}; there is: {fitting}')
        return None
    operand, problem = _operand(raw, kind, operator, names)
    if problem:
        complain(path, f"{name}: {problem}")
        return None
    return Test(name, operator, operand)


def _operand(raw: Any, kind: Kind, operator: str, names: Mapping[str, Kind]) -> tuple[Operand, str]:
    if operator == "in_last_days":
        return Operand(raw), "" if _is_number(raw) and int(
            raw
        ) == raw and raw >= 0 else "in_last_days takes a number of days"
    if operator in ("in", "not_in"):
        if not isinstance(raw, list):
            return Operand(), f"{operator} takes a list"
        wrong = [each for each in raw if not _fits(each, kind)]
        return Operand(tuple(raw)), f"{wrong[0]!r} is no {kind}" if wrong else ""
    if isinstance(raw, Mapping):
        return _reference(raw, kind, names)
    if raw == "now":
        return Operand(
            is_now=True
        ), "" if kind is Kind.INSTANT else f"`now` is an instant, this is a {kind}"
    if isinstance(raw, date) and kind is Kind.DATE:
        return Operand(raw.isoformat()), ""
    return Operand(raw), "" if _fits(raw, kind) else f"{word(raw)!r} is no {kind}"


def _reference(
    raw: Mapping[str, Any], kind: Kind, names: Mapping[str, Kind]
) -> tuple[Operand, str]:
    if set(raw) == {"in_days"}:
        days = raw["in_days"]
        if not isinstance(days, int) or isinstance(days, bool):
            return Operand(), "in_days takes a whole number of days from today"
        return Operand(
            in_days=days
        ), "" if kind is Kind.DATE else f"in_days is a date, this is a {kind}"
    if set(raw) == {"fact"}:
        other = raw["fact"]
        if other not in names:
            return Operand(), f'there is no fact or field "{other}"{nearest(str(other), names)}'
        if names[other] is not kind or kind is Kind.WORDS:
            return (
                Operand(),
                f"{other} is a {names[other]}, this is a {kind}: they cannot be compared",
            )
        return Operand(fact=other), ""
    return Operand(), "a value is plain, `now`, {in_days: n} or {fact: name}"


def _is_number(raw: Any) -> bool:
    return isinstance(raw, int | float) and not isinstance(raw, bool)


def _fits(raw: Any, kind: Kind) -> bool:
    if kind is Kind.NUMBER:
        return _is_number(raw)
    if kind is Kind.FLAG:
        return isinstance(raw, bool)
    return kind is Kind.WORDS and isinstance(raw, str)
