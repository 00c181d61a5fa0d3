"""What does the org answer to a SOQL statement?"""

from collections.abc import Callable
from dataclasses import dataclass

from sfsync.fake.history import hidden_history
from sfsync.fake.schema import Field, ObjectType
from sfsync.fake.soql.aggregate import is_aggregate
from sfsync.fake.soql.candidates import candidate_rows
from sfsync.fake.soql.columns import Column, Scope
from sfsync.fake.soql.dates import Calendar
from sfsync.fake.soql.filters import Filtering, Predicate
from sfsync.fake.soql.groups import Groups
from sfsync.fake.soql.joins import check_joins
from sfsync.fake.soql.literals import Operand, operand
from sfsync.fake.soql.ordering import sort_key, sort_rows
from sfsync.fake.soql.render import Cell, Shape
from sfsync.fake.soql.syntax import (
    Call,
    Condition,
    Expression,
    FieldsOf,
    Join,
    Path,
    Query,
    Selected,
)
from sfsync.fake.soql.tokens import WHERE_TO_LOOK, malformed, query_error
from sfsync.fake.store import Store
from sfsync.fake.values import Row, Value

_MAX_OFFSET = 2_000
_MAX_FIELDS_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """A result: records to be rendered page by page, or groups, or a bare count."""

    record_ids: tuple[str, ...] = ()
    render: Callable[[Row, str], dict[str, object]] | None = None
    groups: tuple[dict[str, object], ...] = ()
    count: int | None = None


# Renders the value of a child subquery: its rows in order with what renders one.
ChildPage = Callable[[list[str], Callable[[Row, str], dict[str, object]], str, str], object]


@dataclass(frozen=True, slots=True)
class Runner:
    """The surroundings of a statement: the org's data, the running user's calendar, what is hidden.

    `all_rows`: show deleted and archived rows (queryAll). `child_page` wraps the rows of a child
    subquery, given its object's name, into the object a reply shows.
    """

    store: Store
    statement: str
    calendar: Calendar
    all_rows: bool
    child_page: ChildPage

    def run(self, query: Query) -> Answer:
        """Answer a parsed statement; raises ApiError where the platform refuses it."""
        scope = self._scope(query)
        self._check_bounds(query)
        check_joins(self.store, self.statement, query)
        if is_aggregate(query):
            return self._groups(scope, query)
        rows = self._bounded(self._ordered(scope, query, self._rows(scope, query)), query)
        shape = self._shape(scope, query)
        return Answer(tuple(str(row["Id"]) for row in rows), shape.render)

    def _scope(self, query: Query) -> Scope:
        owner = self.store.schema.find(query.object_name)
        if owner is None:
            raise query_error(
                self.statement,
                query.object_at,
                "INVALID_TYPE",
                f"sObject type '{query.object_name}' is not supported. If you are attempting to "
                "use a custom object, be sure to append the '__c' after the entity name. "
                f"{WHERE_TO_LOOK}",
            )
        return Scope(self.store, self.statement, owner, query.alias)

    def _check_bounds(self, query: Query) -> None:
        if query.offset > _MAX_OFFSET:
            raise query_error(
                self.statement,
                query.offset_at,
                "NUMBER_OUTSIDE_VALID_RANGE",
                f"Maximum SOQL offset allowed is {_MAX_OFFSET}",
            )
        for item in query.select:
            unlimited = query.limit is None or query.limit > _MAX_FIELDS_LIMIT
            if isinstance(item, FieldsOf) and item.which != "STANDARD" and unlimited:
                raise malformed(
                    self.statement,
                    item.at,
                    "The SOQL FIELDS function must have a LIMIT of at most 200",
                )

    def _rows(self, scope: Scope, query: Query) -> list[Row]:
        rows = candidate_rows(self.store, scope.owner, query.where)
        test = self._predicate(scope, query.where) if query.where is not None else None
        is_shown = self._shown(scope.owner)
        return [row for row in rows if is_shown(row) and (test is None or test(row))]

    def _predicate(self, scope: Scope, where: Condition) -> Predicate:
        def left(expression: Expression) -> Operand:
            column = scope.plain_column(expression)
            if not column.field.filterable:
                raise query_error(
                    self.statement,
                    expression.at,
                    "INVALID_FIELD",
                    f"field '{column.field.name}' can not be filtered in a query call",
                )
            return operand(column.field.name, column.field, column.get)

        return Filtering(self.statement, self.calendar, left, self._join_values).predicate(where)

    def _join_values(self, join: Join) -> frozenset[Value]:
        scope = self._scope(join.query)
        (item,) = join.query.select
        if not isinstance(item, Selected):
            raise malformed(self.statement, join.at, "Semi joins select a field")
        column = scope.plain_column(item.expression)
        if not column.field.is_reference:
            raise malformed(
                self.statement,
                join.at,
                "Semi join sub-selects must select an Id or reference field",
            )
        values = (column.get(row) for row in self._rows(scope, join.query))
        return frozenset(value for value in values if value is not None)

    def _ordered(self, scope: Scope, query: Query, rows: list[Row]) -> list[Row]:
        for item in reversed(query.order_by):
            column = scope.plain_column(item.expression)
            self._check_sortable(column.field, item.expression)
            key = sort_key(self.store, column.owner.name, column.field, column.get)
            last = item.nulls_last and not column.field.is_reference
            rows = sort_rows(rows, column.get, key, descending=item.descending, nulls_last=last)
        return rows

    def _check_sortable(self, field: Field, expression: Expression) -> None:
        if not field.sortable:
            raise malformed(
                self.statement,
                expression.at,
                f"field '{field.name}' can not be sorted in a query call",
            )

    def _bounded(self, rows: list[Row], query: Query) -> list[Row]:
        end = None if query.limit is None else query.offset + query.limit
        return rows[query.offset : end] if query.offset or end is not None else rows

    def _shape(self, scope: Scope, query: Query) -> Shape:
        shape = Shape(self.store, scope.owner)
        for item in query.select:
            if isinstance(item, Query):
                self._add_children(shape, scope, item)
                continue
            for column in self._columns(scope, item):
                if not shape.add(column) and isinstance(item, Selected):
                    raise query_error(
                        self.statement,
                        column.path.at,
                        "INVALID_FIELD",
                        f"duplicate field selected: {column.path.text}",
                    )
        return shape

    def _columns(self, scope: Scope, item: Selected | FieldsOf) -> list[Column]:
        if isinstance(item, Selected):
            return [scope.plain_column(item.expression)]
        wanted = {"ALL": (True, False), "STANDARD": (False,), "CUSTOM": (True,)}[item.which]
        names = [each.name for each in scope.owner.visible() if each.custom in wanted]
        return [scope.column(Path((name,), item.at)) for name in names]

    def _add_children(self, shape: Shape, scope: Scope, query: Query) -> None:
        found = self.store.schema.find_child(scope.owner.name, query.object_name)
        if found is None:
            raise query_error(
                self.statement,
                query.object_at,
                "INVALID_TYPE",
                f"Didn't understand relationship '{query.object_name}' in FROM part of query call. "
                "If you are attempting to use a custom relationship, be sure to append the '__r' "
                f"after the custom relationship name. {WHERE_TO_LOOK}",
            )
        child, reference = found
        name = reference.child_relationship or query.object_name
        shape.cells[name] = self._child_cell(child, reference, query)

    def _child_cell(self, child: ObjectType, reference: Field, query: Query) -> Cell:
        scope = Scope(self.store, self.statement, child, query.alias)
        self._check_bounds(query)
        check_joins(self.store, self.statement, query)
        test = self._predicate(scope, query.where) if query.where is not None else None
        shape = self._shape(scope, query)
        is_shown = self._shown(child)
        table = self.store.table(child.name)

        def cell(row: Row, base: str) -> object:
            record_ids = table.ids_with(reference.name, row["Id"])
            rows = [table.rows[each] for each in record_ids]
            shown = [each for each in rows if is_shown(each) and (not test or test(each))]
            ordered = self._bounded(self._ordered(scope, query, shown), query)
            return self.child_page(
                [str(each["Id"]) for each in ordered], shape.render, child.name, base
            )

        return cell

    def _shown(self, owner: ObjectType) -> Predicate:
        hidden = hidden_history(self.store.schema, owner.name)
        if hidden:
            return lambda row: row.get("Field") not in hidden and self._is_kept(row)
        return self._is_kept

    def _is_kept(self, row: Row) -> bool:
        return self.all_rows or not (row.get("IsDeleted") or row.get("IsArchived"))

    def _groups(self, scope: Scope, query: Query) -> Answer:
        if _is_bare_count(query):
            return Answer(count=len(self._bounded(self._rows(scope, query), query)))
        groups = Groups(scope, self.calendar, query)
        return Answer(groups=tuple(groups.of_rows(self._rows(scope, query))))


def _is_bare_count(query: Query) -> bool:
    item = query.select[0]
    return (
        len(query.select) == 1
        and isinstance(item, Selected)
        and isinstance(item.expression, Call)
        and item.expression.function == "COUNT"
        and item.expression.path is None
        and item.alias is None
        and not query.group_by
    )
