"""How do the cells of a recording become rows?"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sfsync.fake.recording.source import Source
from sfsync.fake.schema import Field, ObjectType
from sfsync.fake.store import Table
from sfsync.fake.values import Row, Value, from_cell, zoned

# What Data Export writes for an empty lookup.
_NO_RECORD = ("000000000000000", "000000000000000AAA")
_HISTORY_NUMBERS = ("Double", "Currency", "Percent")

_TEXT = frozenset({"string", "textarea", "url", "phone", "email", "combobox", "anyType"})


@dataclass(frozen=True, slots=True)
class _Column:
    """A column with the values of cells met so far; None where a cell is its own value."""

    field: Field
    seen: dict[str, Value] | None


@dataclass(slots=True)
class RowReader:
    """Reads the rows of one object into its table and notes what is wrong, with file and line."""

    source: Source
    owner: ObjectType
    table: Table
    problems: list[str]
    shared: dict[Value, Value] = field(default_factory=dict)

    def read(self) -> None:
        """Read the whole file."""
        lines = self.source.lines(self.owner.name, self.problems)
        _line, header = next(lines)
        columns = [self._column(name) for name in header]
        for line, cells in lines:
            if not cells:
                # A blank line, such as editors leave at the end.
                continue
            if len(cells) != len(header):
                self._note(line, f"{len(cells)} cells where the header has {len(header)}")
                continue
            row = self._checked(line, self._row(line, columns, cells))
            if row is not None:
                self.table.put(row)

    def _column(self, name: str) -> _Column:
        column = self.owner.fields[name]
        as_it_is = column.type in _TEXT
        return _Column(column, None if as_it_is else {})

    def _row(self, line: int, columns: Sequence[_Column], cells: Sequence[str]) -> Row:
        row: Row = {}
        for column, cell in zip(columns, cells, strict=True):
            if not cell:
                if column.field.name == "Id":
                    self._note(line, "Id is empty")
                continue
            if column.seen is None:
                row[column.field.name] = cell
                continue
            value = column.seen.get(cell)
            if value is None:
                value = self._read_cell(line, column, cell)
            if value is not None:
                row[column.field.name] = value
        return row

    def _read_cell(self, line: int, column: _Column, cell: str) -> Value | None:
        if column.field.type == "reference" and cell in _NO_RECORD:
            return None
        is_datetime = column.field.type == "datetime"
        value = from_cell(column.field, zoned(cell) if is_datetime else cell)
        if value is None:
            self._note(line, self._wrong_cell(column.field, cell))
            return None
        if isinstance(value, str):
            # One copy of each Id and date, whatever the number of rows that have it.
            value = self.shared.setdefault(value, value)
        if column.field.type != "id" and column.seen is not None:
            column.seen[cell] = value
        return value

    def _checked(self, line: int, row: Row) -> Row | None:
        record_id = row.get("Id")
        if record_id is None:
            return None
        if record_id in self.table.rows:
            self._note(line, f"Id {record_id} is there twice")
            return None
        if self.owner.key_prefix and str(record_id)[:3] != self.owner.key_prefix:
            self._note(
                line, f"Id {record_id} is no Id of {self.owner.name} ({self.owner.key_prefix}...)"
            )
            return None
        self._type_history_values(row)
        return row

    def _type_history_values(self, row: Row) -> None:
        # A history value has the type its row names; CSV has none.
        kind = row.get("DataType")
        if kind is None or "NewValue" not in self.owner.fields:
            return
        for name in ("OldValue", "NewValue"):
            if name in row and kind == "Boolean":
                row[name] = str(row[name]) == "true"
            elif name in row and kind in _HISTORY_NUMBERS:
                number = from_cell(Field(name, "double", name), str(row[name]))
                row[name] = row[name] if number is None else number

    def _wrong_cell(self, field: Field, cell: str) -> str:
        what = "a malformed Id" if field.is_reference else f"no {field.type}"
        return f"{field.name} is {what}: {cell!r}"

    def _note(self, line: int, text: str) -> None:
        self.problems.append(f"{self.owner.name}.csv:{line}: {text}")
