"""Where are the records, and how is a change taken back?

A row in a table is never changed in place: a write puts a new dict, so a reader keeps what it read.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sfsync.fake.errors import refuse_request
from sfsync.fake.ids import first_id, next_id, with_checksum
from sfsync.fake.schema import ObjectType, Schema
from sfsync.fake.values import Row, Value

Index = dict[Value, dict[str, None]]


class Table:
    """The rows of one object by Id, in order of insertion, with an index per field once asked."""

    def __init__(self, object_type: ObjectType) -> None:
        self.type = object_type
        self.rows: dict[str, Row] = {}
        self._indexes: dict[str, Index] = {}

    def put(self, row: Row) -> None:
        """Insert or replace the row of this Id."""
        record_id = str(row["Id"])
        before = self.rows.get(record_id)
        self.rows[record_id] = row
        for field, index in self._indexes.items():
            _move(index, record_id, before.get(field) if before else None, row.get(field))

    def drop(self, record_id: str) -> None:
        """Take a row away as if it had never been; raises KeyError if there is none."""
        before = self.rows.pop(record_id)
        for field, index in self._indexes.items():
            _move(index, record_id, before.get(field), None)

    def ids_with(self, field: str, value: Value) -> list[str]:
        """Return the Ids of all rows, deleted ones too, whose field has exactly this value."""
        if field not in self._indexes:
            self._indexes[field] = self._build(field)
        return list(self._indexes[field].get(value, ()))

    def ids_from(self, field: str, least: str) -> list[str]:
        """Return the Ids of all rows, deleted ones too, whose field, a text, is `least` or more."""
        if field not in self._indexes:
            self._indexes[field] = self._build(field)
        index = self._indexes[field]
        return [each for value in index if str(value) >= least for each in index[value]]

    def _build(self, field: str) -> Index:
        index: Index = {}
        for record_id, row in self.rows.items():
            value = row.get(field)
            if value is not None:
                index.setdefault(value, {})[record_id] = None
        return index


def _move(index: Index, record_id: str, before: Value | None, after: Value | None) -> None:
    if before == after:
        return
    if before is not None:
        index[before].pop(record_id, None)
    if after is not None:
        index.setdefault(after, {})[record_id] = None


@dataclass(frozen=True, slots=True)
class _Step:
    object_name: str
    record_id: str
    before: Row | None


class Store:
    """All tables of an org, the next Ids, and the steps of the transaction under way."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.tables: dict[str, Table] = {}
        self._last_short: dict[str, str] = {}
        self._steps: list[_Step] = []

    def table(self, object_name: str) -> Table:
        """Return the table of an object of the schema, by its exact name."""
        found = self.tables.get(object_name)
        if found is None:
            found = self.tables[object_name] = Table(self.schema.objects[object_name])
        return found

    def row(self, record_id: str) -> Row | None:
        """Return the row an 18-character Id names, deleted or not, or None."""
        owner = self.schema.of_id(record_id)
        return self.table(owner.name).rows.get(record_id) if owner else None

    def put(self, object_name: str, row: Row) -> None:
        """Insert or replace a row within the transaction under way."""
        record_id = str(row["Id"])
        table = self.table(object_name)
        self._steps.append(_Step(object_name, record_id, table.rows.get(record_id)))
        table.put(row)
        self.reserve(record_id)

    def new_id(self, object_name: str) -> str:
        """Return an unused Id of an object; it stays reserved."""
        prefix = self.schema.objects[object_name].key_prefix
        last = self._last_short.get(prefix)
        short = next_id(last) if last else first_id(prefix)
        self._last_short[prefix] = short
        return with_checksum(short)

    def reserve(self, record_id: str) -> None:
        """Make sure that no Id up to this one is given out."""
        short, prefix = record_id[:15], record_id[:3]
        if short > self._last_short.get(prefix, ""):
            self._last_short[prefix] = short

    def mark(self) -> int:
        """Return a point of the transaction to which `roll_back` can return."""
        return len(self._steps)

    def roll_back(self, mark: int = 0) -> None:
        """Take back every step of the transaction since a mark, latest first."""
        while len(self._steps) > mark:
            step = self._steps.pop()
            table = self.table(step.object_name)
            if step.before is None:
                table.drop(step.record_id)
            else:
                table.put(step.before)

    def commit(self) -> list[tuple[str, str]]:
        """Make the transaction final; return what it touched as (object, Id), without repeats."""
        touched = list(dict.fromkeys((each.object_name, each.record_id) for each in self._steps))
        self._steps.clear()
        return touched

    def live_rows(self, object_name: str) -> Iterator[Row]:
        """Iterate over the rows of an object that are not deleted; none if it does not exist."""
        if object_name in self.schema.objects:
            for row in self.table(object_name).rows.values():
                if not row.get("IsDeleted"):
                    yield row

    def existing(self, object_name: str) -> ObjectType:
        """Return the object of a name in any case; raises ApiError 404, as its resource does."""
        found = self.schema.find(object_name)
        if found is None:
            raise refuse_request(404, "NOT_FOUND", "The requested resource does not exist")
        return found
