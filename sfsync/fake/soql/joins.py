"""Which semi-joins and anti-joins does the platform allow?"""

from sfsync.fake.soql.syntax import Call, Condition, Join, Junction, Not, Path, Query, Selected
from sfsync.fake.soql.tokens import malformed
from sfsync.fake.store import Store

_NOT_INSIDE = ("Task", "Event", "OpenActivity", "ActivityHistory", "Note", "Attachment")
_MAX_JOINS = 2


def check_joins(store: Store, statement: str, query: Query) -> None:
    """Raise ApiError MALFORMED_QUERY where a join stands where the platform refuses one."""
    joins = joins_of(query.where) if query.where is not None else []
    if len(joins) > _MAX_JOINS:
        raise malformed(
            statement, joins[_MAX_JOINS].at, "Maximum 2 semi join sub-selects are allowed"
        )
    if query.where is not None:
        _check_place(statement, query.where, allowed=True)
    for join in joins:
        _check_left(statement, join)
        _check_inner(store, statement, query, join)


def joins_of(condition: Condition) -> list[Join]:
    """Return all joins of a condition, in order."""
    if isinstance(condition, Join):
        return [condition]
    if isinstance(condition, Not):
        return joins_of(condition.inner)
    if isinstance(condition, Junction):
        return [join for part in condition.parts for join in joins_of(part)]
    return []


def _check_place(statement: str, condition: Condition, *, allowed: bool) -> None:
    if isinstance(condition, Join) and not allowed:
        raise malformed(
            statement, condition.at, "Semi join sub-selects are not allowed with the 'OR' operator"
        )
    if isinstance(condition, Not):
        _check_place(statement, condition.inner, allowed=False)
    if isinstance(condition, Junction):
        for part in condition.parts:
            _check_place(statement, part, allowed=allowed and condition.operator == "AND")


def _check_left(statement: str, join: Join) -> None:
    if not isinstance(join.left, Path) or len(join.left.names) > 1:
        raise malformed(
            statement, join.left.at, "The left operand of a semi join must be a field of the object"
        )


def _check_inner(store: Store, statement: str, outer: Query, join: Join) -> None:
    inner = join.query
    found = store.schema.find(inner.object_name)
    name = found.name if found is not None else inner.object_name
    if name in _NOT_INSIDE:
        raise malformed(
            statement,
            inner.object_at,
            f"Entity '{name}' is not supported for semi join inner selects",
        )
    if name.lower() == outer.object_name.lower():
        raise malformed(
            statement,
            inner.object_at,
            "The inner and outer selects should not be on the same object type",
        )
    if inner.where is not None and joins_of(inner.where):
        raise malformed(statement, join.at, "Nesting of semi join sub-selects is not supported")
    if inner.order_by or inner.limit is not None or inner.offset or inner.group_by:
        raise malformed(
            statement, join.at, "ORDER BY, LIMIT, OFFSET and GROUP BY are not allowed in semi joins"
        )
    _check_selected(statement, join)


def _check_selected(statement: str, join: Join) -> None:
    items = join.query.select
    item = items[0]
    one_field = (
        len(items) == 1
        and isinstance(item, Selected)
        and not isinstance(item.expression, Call)
        and len(item.expression.names) == 1
    )
    if not one_field:
        raise malformed(
            statement,
            join.at,
            "Semi join sub-selects must select exactly one field of their object",
        )
