"""What do COUNT, SUM and the others make of a group of rows?"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from sfsync.fake.errors import refuse_request
from sfsync.fake.schema import NUMERIC_TYPES, Field
from sfsync.fake.soql.columns import Column, Getter, Scope
from sfsync.fake.soql.literals import Operand, operand
from sfsync.fake.soql.syntax import Call, Expression, FieldsOf, Path, Query, Selected
from sfsync.fake.soql.tokens import malformed, query_error
from sfsync.fake.values import Row, Value

AGGREGATES = ("COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX")
_MAX_GROUPS = 2_000
_MAX_EXPRESSIONS = 100


@dataclass(frozen=True, slots=True)
class GroupColumn:
    """One column of a grouped result: its name there, its type, its value for a group of rows."""

    name: str
    owner_name: str
    field: Field
    of_rows: Callable[[Sequence[Row]], Value | None]


def is_aggregate(query: Query) -> bool:
    """Whether a query returns groups instead of records."""
    return bool(query.group_by) or any(
        isinstance(each, Selected) and isinstance(each.expression, Call) for each in query.select
    )


@dataclass(frozen=True, slots=True)
class Grouping:
    """The grouped columns of a query and the functions it asks for."""

    scope: Scope
    grouped: tuple[Column, ...]

    def column(self, expression: Expression, name: str | None = None) -> GroupColumn:
        """Return what an expression of SELECT, HAVING or ORDER BY means for a group.

        Raises ApiError MALFORMED_QUERY for a field that is neither grouped nor aggregated.
        """
        if isinstance(expression, Call):
            return self._function(expression, name or expression.function)
        found = self.scope.column(expression)
        if any(_same(column, found) for column in self.grouped):
            label = name or found.field.name
            return GroupColumn(
                label, found.owner.name, found.field, lambda rows: found.get(rows[0])
            )
        raise malformed(
            self.scope.statement,
            expression.at,
            f"Field must be grouped or aggregated: {expression.text}",
        )

    def operand(self, expression: Expression) -> Operand:
        """Return an expression of HAVING as the left side of a condition on a group's row."""
        column = self.column(expression)
        key = key_of(expression)
        return operand(key, column.field, lambda row: row.get(key))

    def _function(self, call: Call, name: str) -> GroupColumn:
        if call.function not in AGGREGATES:
            raise malformed(
                self.scope.statement,
                call.at,
                f"The fake does not offer the function {call.function}",
            )
        number, own = Field(name, "double", name), self.scope.owner.name
        if call.path is None:
            if call.function != "COUNT":
                raise malformed(self.scope.statement, call.at, f"{call.function}() needs a field")
            return GroupColumn(name, own, replace(number, type="int"), len)
        column = self.scope.column(call.path)
        self._check(call, column.field)
        if call.function in ("MIN", "MAX"):
            return GroupColumn(name, own, column.field, _extreme(call.function, column.get))
        kind = "int" if call.function.startswith("COUNT") else "double"
        function = _FUNCTIONS[call.function](column.get)
        return GroupColumn(name, own, replace(number, type=kind), function)

    def _check(self, call: Call, field: Field) -> None:
        numeric = field.type in NUMERIC_TYPES
        allowed = field.aggregatable or call.function.startswith("COUNT")
        if (call.function in ("SUM", "AVG") and not numeric) or not allowed:
            raise query_error(
                self.scope.statement,
                call.at,
                "MALFORMED_QUERY",
                f"field {field.name} does not support aggregate operator {call.function}",
            )


def key_of(expression: Expression) -> str:
    """Return a name under which the value of an expression is kept for HAVING and ORDER BY."""
    if isinstance(expression, Path):
        return expression.text.lower()
    inner = expression.path.text.lower() if expression.path else ""
    return f"{expression.function}({inner})"


def _same(one: Column, other: Column) -> bool:
    return one.field is other.field and [each.name for each in one.steps] == [
        each.name for each in other.steps
    ]


def _values(rows: Iterable[Row], get: Getter) -> list[Value]:
    return [value for row in rows if (value := get(row)) is not None]


def _count(get: Getter) -> Callable[[Sequence[Row]], Value | None]:
    return lambda rows: len(_values(rows, get))


def _count_distinct(get: Getter) -> Callable[[Sequence[Row]], Value | None]:
    return lambda rows: len({_folded(each) for each in _values(rows, get)})


def _sum(get: Getter) -> Callable[[Sequence[Row]], Value | None]:
    def of_rows(rows: Sequence[Row]) -> Value | None:
        values = _values(rows, get)
        return sum(float(each) for each in values) if values else None

    return of_rows


def _average(get: Getter) -> Callable[[Sequence[Row]], Value | None]:
    def of_rows(rows: Sequence[Row]) -> Value | None:
        values = _values(rows, get)
        return sum(float(each) for each in values) / len(values) if values else None

    return of_rows


def _extreme(function: str, get: Getter) -> Callable[[Sequence[Row]], Value | None]:
    choose = min if function == "MIN" else max

    def of_rows(rows: Sequence[Row]) -> Value | None:
        return choose(_values(rows, get), key=_folded, default=None)

    return of_rows


_FUNCTIONS = {"COUNT": _count, "COUNT_DISTINCT": _count_distinct, "SUM": _sum, "AVG": _average}


def _folded(value: Value) -> Value:
    return value.upper() if isinstance(value, str) else value


def group_rows(rows: list[Row], grouped: tuple[Column, ...]) -> list[list[Row]]:
    """Return the rows by equal values of the grouped columns; all in one group if there are none.

    Raises ApiError EXCEEDED_ID_LIMIT over 2,000 groups: grouped results have no second page.
    """
    if not grouped:
        return [rows]
    groups: dict[tuple[Value | None, ...], list[Row]] = {}
    for row in rows:
        values = (column.get(row) for column in grouped)
        key = tuple(None if value is None else _folded(value) for value in values)
        groups.setdefault(key, []).append(row)
    if len(groups) > _MAX_GROUPS:
        raise refuse_request(
            400,
            "EXCEEDED_ID_LIMIT",
            "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a "
            "single batch",
        )
    return list(groups.values())


def result_columns(grouping: Grouping, query: Query) -> list[GroupColumn]:
    """Return the columns of the result; functions without alias are named expr0, expr1, ..."""
    columns: list[GroupColumn] = []
    unnamed = 0
    for item in query.select:
        if isinstance(item, FieldsOf | Query):
            raise malformed(
                grouping.scope.statement, query.object_at, "Grouped queries select fields alone"
            )
        name = item.alias
        if name is None and isinstance(item.expression, Call):
            name, unnamed = f"expr{unnamed}", unnamed + 1
        columns.append(grouping.column(item.expression, name))
    if len(columns) > _MAX_EXPRESSIONS:
        raise malformed(
            grouping.scope.statement, 0, "maximum number of aliased fields exceeded: 100"
        )
    return columns
