"""How do the cells of a recording become rows?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sfsync.fake.ids import normalise
from sfsync.fake.recording.source import Source
from sfsync.fake.schema import Field, ObjectType
from sfsync.fake.store import Table
from sfsync.fake.values import Row, Value, from_cell

# What Data Export writes for an empty lookup.
_NO_RECORD = ("000000000000000", "000000000000000AAA")
_HISTORY_NUMBERS = ("Double", "Currency", "Percent")

# Returns the kept value of a non-empty cell, or None where it does not fit.
Reader = Callable[[str], Value | None]


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
        readers = [self._reader(self.owner.fields[name]) for name in header]
        for line, cells in lines:
            if len(cells) != len(header):
                self._note(line, f"{len(cells)} cells where the header has {len(header)}")
                continue
            row = self._row(line, header, readers, cells)
            if row is not None:
                self.table.put(row)

    def _row(
        self, line: int, header: Sequence[str], readers: Sequence[Reader], cells: Sequence[str]
    ) -> Row | None:
        row: Row = {}
        for name, read, cell in zip(header, readers, cells, strict=True):
            if cell == "" or (cell in _NO_RECORD and name != "Id"):
                continue
            value = read(cell)
            if value is None:
                self._note(line, self._wrong_cell(name, cell))
            else:
                row[name] = value
        return self._checked(line, row)

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

    def _wrong_cell(self, name: str, cell: str) -> str:
        kind = self.owner.fields[name].type
        what = "a malformed Id" if kind in ("id", "reference") else f"no {kind}"
        return f"{name} is {what}: {cell!r}"

    def _note(self, line: int, text: str) -> None:
        self.problems.append(f"{self.owner.name}.csv:{line}: {text}")

    def _reader(self, column: Field) -> Reader:
        if column.type == "id":
            return normalise
        if column.type in ("string", "textarea", "url", "phone", "email", "combobox", "anyType"):
            return lambda cell: cell
        seen: dict[str, Value] = {}
        shared = self.shared

        def read(cell: str) -> Value | None:
            value = seen.get(cell)
            if value is None:
                value = from_cell(column, cell)
                if value is not None:
                    # One copy of each Id and date, whatever the number of rows that have it.
                    value = shared.setdefault(value, value) if isinstance(value, str) else value
                    seen[cell] = value
            return value

        return read
