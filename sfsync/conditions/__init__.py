"""What can a rule ask of a record?

The language stops at: a name with a plain value, a list of values, `present`, `absent`, or a few
operators; `all`, `any`, `not`; and as values also `now`, `{in_days: n}` and `{fact: name}`. What
does not fit becomes a fact in Python.
"""

from sfsync.conditions.parse import days_from_today, parse_condition, plain_value
from sfsync.conditions.tree import (
    OPERATORS,
    PRESENCE,
    All,
    AnyOf,
    Condition,
    Not,
    Operand,
    Sight,
    Test,
    Truth,
    failing,
)

__all__ = [
    "OPERATORS",
    "PRESENCE",
    "All",
    "AnyOf",
    "Condition",
    "Not",
    "Operand",
    "Sight",
    "Test",
    "Truth",
    "days_from_today",
    "failing",
    "parse_condition",
    "plain_value",
]
