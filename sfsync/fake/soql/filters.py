"""Which rows does a condition of a SOQL statement let through?

Conditions are two-valued: null differs from every value, so `F != 'x'`, `F NOT IN ('x')` and
`NOT F = 'x'` all let null through, unlike in SQL.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from sfsync.fake.soql.columns import Getter
from sfsync.fake.soql.dates import Calendar
from sfsync.fake.soql.literals import Operand, typed
from sfsync.fake.soql.syntax import (
    Comparison,
    Condition,
    Expression,
    Join,
    Junction,
    Literal,
    Membership,
    Not,
)
from sfsync.fake.soql.tokens import malformed, query_error
from sfsync.fake.values import Row, Value

Predicate = Callable[[Row], bool]


@dataclass(frozen=True, slots=True)
class Filtering:
    """How the parts of a condition are understood: fields, inner queries, dates."""

    statement: str
    calendar: Calendar
    operand: Callable[[Expression], Operand]
    values_of: Callable[[Join], frozenset[Value]]

    def predicate(self, condition: Condition) -> Predicate:
        """Return the test of one row; raises ApiError where the condition makes no sense."""
        if isinstance(condition, Junction):
            return _junction([self.predicate(each) for each in condition.parts], condition.operator)
        if isinstance(condition, Not):
            inner = self.predicate(condition.inner)
            return lambda row: not inner(row)
        if isinstance(condition, Join):
            left = self.operand(condition.left)
            if not left.field.is_reference:
                raise malformed(
                    self.statement, condition.at, "Semi joins compare an Id or a reference field"
                )
            get = left.get
            return _member(get, self.values_of(condition), negated=condition.negated)
        if isinstance(condition, Membership):
            return self._membership(condition)
        return self._comparison(condition)

    def _comparison(self, condition: Comparison) -> Predicate:
        operand = self.operand(condition.left)
        self._check_operator(operand, condition.operator, condition.right)
        get = operand.comparable
        if condition.right.kind == "range":
            first, after = self._bounds(operand, condition.right)
            return _against_range(get, condition.operator, first, after)
        value = typed(self.statement, operand, condition.right)
        if condition.operator == "LIKE":
            return _like(operand.get, condition.right.text)
        return _against_value(get, condition.operator, value)

    def _membership(self, condition: Membership) -> Predicate:
        operand = self.operand(condition.left)
        if condition.operator == "INCLUDES":
            return self._includes(condition, operand)
        self._check_operator(operand, "=", condition.values[0])
        values = [typed(self.statement, operand, each) for each in condition.values]
        kept = frozenset(each for each in values if each is not None)
        test = _member(operand.comparable, kept, negated=condition.negated)
        if None not in values:
            return test
        get = operand.get
        wanted = not condition.negated
        return lambda row: wanted if get(row) is None else test(row)

    def _includes(self, condition: Membership, operand: Operand) -> Predicate:
        if operand.field.type != "multipicklist":
            raise self._bad_operator(operand, "includes or excludes", condition.values[0])
        groups = [frozenset(each.text.lower().split(";")) for each in condition.values if each.text]
        get, wanted = operand.get, not condition.negated

        def test(row: Row) -> bool:
            value = get(row)
            chosen = frozenset(str(value).lower().split(";")) if value is not None else frozenset()
            return any(group <= chosen for group in groups) is wanted

        return test

    def _check_operator(self, operand: Operand, operator: str, literal: Literal) -> None:
        kind = operand.field.type
        ordered = operator in ("<", "<=", ">", ">=")
        if ordered and kind in ("boolean", "multipicklist"):
            raise self._bad_operator(operand, operator, literal)
        if operator == "LIKE" and not operand.is_text:
            raise self._bad_operator(operand, "LIKE", literal)

    def _bad_operator(self, operand: Operand, operator: str, literal: Literal) -> Exception:
        return query_error(
            self.statement,
            literal.at,
            "INVALID_QUERY_FILTER_OPERATOR",
            f"invalid operator on {operand.field.type} field: {operator} on '{operand.name}'",
        )

    def _bounds(self, operand: Operand, literal: Literal) -> tuple[str, str]:
        if operand.field.type == "datetime":
            return self.calendar.instants(literal.text, literal.count)
        if operand.field.type == "date":
            first, after = self.calendar.days(literal.text, literal.count)
            return first.isoformat(), after.isoformat()
        raise query_error(
            self.statement,
            literal.at,
            "INVALID_FIELD",
            f"value of filter criterion for field '{operand.name}' must be of type "
            f"{operand.field.type}",
        )


def _junction(parts: list[Predicate], operator: str) -> Predicate:
    if operator == "AND":
        return lambda row: all(each(row) for each in parts)
    return lambda row: any(each(row) for each in parts)


def _member(get: Getter, values: frozenset[Value], *, negated: bool) -> Predicate:
    if negated:
        return lambda row: get(row) not in values
    return lambda row: get(row) in values


def _against_range(get: Getter, operator: str, first: str, after: str) -> Predicate:
    tests: dict[str, Callable[[str], bool]] = {
        "=": lambda text: first <= text < after,
        "!=": lambda text: not first <= text < after,
        "<": lambda text: text < first,
        "<=": lambda text: text < after,
        ">": lambda text: text >= after,
        ">=": lambda text: text >= first,
    }
    test, of_null = tests[operator], operator == "!="

    def predicate(row: Row) -> bool:
        value = get(row)
        return of_null if value is None else test(str(value))

    return predicate


def _against_value(get: Getter, operator: str, value: Value | None) -> Predicate:
    if operator == "=":
        return lambda row: get(row) == value
    if operator == "!=":
        return lambda row: get(row) != value
    if value is None:
        return lambda row: False
    tests: dict[str, Callable[[Value, Value], bool]] = {
        "<": lambda one, other: one < other,  # type: ignore[operator]
        "<=": lambda one, other: one <= other,  # type: ignore[operator]
        ">": lambda one, other: one > other,  # type: ignore[operator]
        ">=": lambda one, other: one >= other,  # type: ignore[operator]
    }
    test = tests[operator]

    def predicate(row: Row) -> bool:
        found = get(row)
        return found is not None and test(found, value)

    return predicate


def _like(get: Getter, pattern: str) -> Predicate:
    parts: list[str] = []
    at = 0
    while at < len(pattern):
        mark = pattern[at]
        if mark == "\\":
            at += 1
            parts.append(re.escape(pattern[at]))
        else:
            parts.append({"%": ".*", "_": "."}.get(mark) or re.escape(mark))
        at += 1
    match = re.compile("".join(parts), re.IGNORECASE | re.DOTALL).fullmatch

    def predicate(row: Row) -> bool:
        value = get(row)
        return value is not None and match(str(value)) is not None

    return predicate
