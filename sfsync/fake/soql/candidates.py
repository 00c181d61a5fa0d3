"""Which rows need a condition be tried on?

A statement with `Id IN (...)`, `Id = ...` or the same on a reference field, or with an instant that
a datetime field must have reached, alone or joined by AND, is answered from an index; every other
one reads all rows of its object.
"""

from collections.abc import Iterable

from sfsync.fake.ids import normalise
from sfsync.fake.schema import ObjectType
from sfsync.fake.soql.syntax import Comparison, Condition, Junction, Membership, Path
from sfsync.fake.store import Store
from sfsync.fake.values import Row, read_datetime


def candidate_rows(store: Store, owner: ObjectType, where: Condition | None) -> Iterable[Row]:
    """Return rows among which are all that the condition lets through, each once."""
    table = store.table(owner.name)
    for part in _required(where):
        named = _named_ids(owner, part)
        if named is None:
            continue
        field, record_ids = named
        if field == "Id":
            return [table.rows[each] for each in record_ids if each in table.rows]
        return [table.rows[own] for each in record_ids for own in table.ids_with(field, each)]
    for part in _required(where):
        since = _since(owner, part)
        if since is not None:
            return [table.rows[each] for each in table.ids_from(*since)]
    return table.rows.values()


def _since(owner: ObjectType, part: Condition) -> tuple[str, str] | None:
    if not isinstance(part, Comparison) or not isinstance(part.left, Path):
        return None
    field = owner.find(part.left.names[-1]) if len(part.left.names) == 1 else None
    if field is None or field.type != "datetime" or part.operator not in (">", ">="):
        return None
    least = read_datetime(part.right.text) if part.right.kind == "datetime" else None
    return None if least is None else (field.name, least)


def _required(where: Condition | None) -> tuple[Condition, ...]:
    if where is None:
        return ()
    if isinstance(where, Junction) and where.operator == "AND":
        return tuple(part for each in where.parts for part in _required(each))
    return (where,)


def _named_ids(owner: ObjectType, part: Condition) -> tuple[str, list[str]] | None:
    if not isinstance(part, Comparison | Membership) or not isinstance(part.left, Path):
        return None
    field = owner.find(part.left.names[-1]) if len(part.left.names) == 1 else None
    if field is None or not field.is_reference:
        return None
    if isinstance(part, Comparison):
        literals = [part.right] if part.operator == "=" else []
    else:
        literals = [] if part.negated else list(part.values)
    record_ids = [normalise(each.text) for each in literals if each.kind == "string"]
    found = [each for each in record_ids if each is not None]
    # A null or malformed value among them is for the condition itself to judge.
    if not literals or len(found) < len(literals):
        return None
    return field.name, list(dict.fromkeys(found))
