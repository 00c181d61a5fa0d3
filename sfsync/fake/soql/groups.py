"""How is a query with GROUP BY or an aggregate answered?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sfsync.fake.soql.aggregate import Grouping, group_rows, key_of, result_columns
from sfsync.fake.soql.columns import Column, Scope
from sfsync.fake.soql.dates import Calendar
from sfsync.fake.soql.filters import Filtering
from sfsync.fake.soql.literals import Operand
from sfsync.fake.soql.ordering import sort_key, sort_rows
from sfsync.fake.soql.syntax import Expression, Join, Query
from sfsync.fake.soql.tokens import malformed
from sfsync.fake.values import Row, Value

OfRows = Callable[[Sequence[Row]], Value | None]


@dataclass(frozen=True, slots=True)
class Groups:
    """A grouped query and its surroundings."""

    scope: Scope
    calendar: Calendar
    query: Query

    def of_rows(self, rows: list[Row]) -> list[dict[str, object]]:
        """Return the groups of the rows as a reply shows them; raises ApiError."""
        query = self.query
        if query.limit is not None and not query.group_by:
            raise malformed(
                self.scope.statement, query.limit_at, "LIMIT with an aggregate needs a GROUP BY"
            )
        grouped = tuple(self._grouped(each) for each in query.group_by)
        grouping = Grouping(self.scope, grouped)
        columns = result_columns(grouping, query)
        groups = self._ordered(grouping, self._having(grouping, group_rows(rows, grouped)))
        end = None if query.limit is None else query.offset + query.limit
        return [
            {"attributes": {"type": "AggregateResult"}}
            | {column.name: column.of_rows(group) for column in columns}
            for group in groups[query.offset : end]
        ]

    def _grouped(self, expression: Expression) -> Column:
        column = self.scope.plain_column(expression)
        if not column.field.groupable:
            raise malformed(
                self.scope.statement,
                expression.at,
                f"field '{column.field.name}' can not be grouped in a query call",
            )
        return column

    def _having(self, grouping: Grouping, groups: list[list[Row]]) -> list[list[Row]]:
        if self.query.having is None:
            return groups
        statement = self.scope.statement
        used: dict[str, OfRows] = {}

        def left(expression: Expression) -> Operand:
            used[key_of(expression)] = grouping.column(expression).of_rows
            return grouping.operand(expression)

        def no_join(join: Join) -> frozenset[Value]:
            raise malformed(statement, join.at, "Semi joins are not allowed in HAVING")

        test = Filtering(statement, self.calendar, left, no_join).predicate(self.query.having)
        return [group for group in groups if test(_row_of(group, used))]

    def _ordered(self, grouping: Grouping, groups: list[list[Row]]) -> list[list[Row]]:
        # A group is sorted as a row of its number and the value it is sorted by.
        for item in reversed(self.query.order_by):
            column = grouping.column(item.expression)
            rows = [
                _row_of(group, {"value": column.of_rows}) | {"number": at}
                for at, group in enumerate(groups)
            ]
            key = sort_key(self.scope.store, column.owner_name, column.field, _get_value)
            ordered = sort_rows(
                rows, _get_value, key, descending=item.descending, nulls_last=item.nulls_last
            )
            groups = [groups[int(row["number"])] for row in ordered]
        return groups


def _get_value(row: Row) -> Value | None:
    return row.get("value")


def _row_of(group: list[Row], columns: dict[str, OfRows]) -> Row:
    values = {key: of_rows(group) for key, of_rows in columns.items()}
    return {key: value for key, value in values.items() if value is not None}
