"""What may a rule write into a field, and what may stand in the braces of a reason?"""

from collections.abc import Collection, Mapping
from string import Formatter
from typing import Any

from sfsync.columns import Kind
from sfsync.conditions import days_from_today, plain_value
from sfsync.policy import Assignment
from sfsync.registry import nearest

_FITS: Mapping[Kind, str] = {
    Kind.NUMBER: "a finite number, null or {fact: name}",
    Kind.FLAG: "true, false or {fact: name}",
    Kind.WORDS: "a text, null or {fact: name}",
    Kind.DATE: "a date such as 2026-06-15, null, {in_days: n} or {fact: name}",
    Kind.INSTANT: "`now`, null or {fact: name}",
    Kind.REFERENCE: "null",
}


def assignment(name: str, value: Any, names: Mapping[str, Kind]) -> Assignment:
    """Read what `set` says of one field as it stands in YAML.

    `names` are the facts and fields there are; the field is one of them. Raises ValueError saying
    what is wrong and what fits.
    """
    kind = names[name]
    if isinstance(value, Mapping) and kind is not Kind.REFERENCE:
        return _reckoned(name, value, names)
    if value is None and kind is not Kind.FLAG:
        return Assignment(name)
    if value == "now" and kind is Kind.INSTANT:
        return Assignment(name, value)
    # An org takes an empty text for null, so that it would never hold what the rule wrote.
    if value is None or value == "" or kind in (Kind.INSTANT, Kind.REFERENCE):
        raise _unfit(value, kind)
    try:
        return Assignment(name, plain_value(value, kind))
    except ValueError as error:
        raise ValueError(f"{error}; what fits: {_FITS[kind]}") from error


def _unfit(value: Any, kind: Kind) -> ValueError:
    shown = "null" if value is None else repr(str(value))
    return ValueError(f"{shown} does not fit a field that is a {kind}; what fits: {_FITS[kind]}")


def _reckoned(name: str, value: Mapping[str, Any], names: Mapping[str, Kind]) -> Assignment:
    kind = names[name]
    if set(value) == {"in_days"} and kind is Kind.DATE:
        return Assignment(name, in_days=days_from_today(value["in_days"]))
    if set(value) != {"fact"}:
        raise ValueError(f"what fits: {_FITS[kind]}")
    fact = value["fact"]
    if not isinstance(fact, str) or names.get(fact) is not kind:
        alike = [each for each, its in names.items() if its is kind]
        raise ValueError(f'"{fact}" is no {kind}{nearest(str(fact), alike)}')
    return Assignment(name, fact=fact)


def check_reason(text: str, names: Collection[str]) -> None:
    """Check the braces of a reason; raises ValueError saying what is wrong in them."""
    try:
        parts = list(Formatter().parse(text))
    except ValueError as error:
        raise ValueError(
            f"the braces do not pair ({error}): write {{name}} for a value, {{{{ for a brace"
        ) from error
    for _, name, spec, conversion in parts:
        if name is None:
            continue
        if name not in names:
            raise ValueError(f'there is no fact or field "{name}"{nearest(name, names)}')
        if spec or conversion:
            raise ValueError(
                f"{{{name}}} takes no format: write {{{name}}} without what follows the name"
            )
