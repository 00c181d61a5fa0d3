"""How do records become a table of text, whichever way they came?

A table has the column `Id` first, then the fields asked for, all of `pa.string()`, with values as
REST writes them and null where there is none or blank text. Half a surrogate pair, which no UTF-8
can hold, becomes U+FFFD. Columns for which `kinds` names a type (one of `sfsync.typed`) have it at
once, where all their values fit: that saves the way by text.
"""

import csv
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from operator import itemgetter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from sfsync.beside import column_by_column
from sfsync.garbage import uncollected
from sfsync.typed import cast, settled, wire_type

# Blocks that the processor's cache can hold are read twice as fast, but no record may be longer
# than one: the platform takes 400,000 characters for a record.
_BLOCK_BYTES, _LONG_BLOCK_BYTES = 1024 * 1024, 16 * 1024 * 1024
_LENGTHS_OF_IDS = frozenset({15, 18})
_MARK = b"\xef\xbb\xbf"
_END = 2**31 - 1
# JSON has values of its own for these; the others it writes as text.
_READ_AT_ONCE = frozenset({"number", "flag"})
_NO_KINDS: Mapping[str, str] = {}
_NOTHING = pa.scalar(None, pa.string())


def from_rows(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[str], kinds: Mapping[str, str] = _NO_KINDS
) -> pa.Table:
    """Make a table of REST's records; raises KeyError for a field that one of them lacks."""
    if not rows:
        return _no_records(columns)
    with uncollected():
        # With a single name a record would give its value and no tuple: Id comes twice.
        values = zip(*map(itemgetter(*columns, columns[0]), rows), strict=True)
        arrays = [_column(each, kinds.get(n)) for n, each in zip(columns, values, strict=False)]
    return _without_blanks(pa.table(arrays, names=list(columns)))


def from_csv(
    body: bytes,
    columns: Sequence[str],
    instants: Collection[str],
    kinds: Mapping[str, str] = _NO_KINDS,
) -> pa.Table:
    """Make a table of a page of a bulk job's CSV, with or without the header row.

    `instants` are the columns of type datetime, which bulk jobs write otherwise than REST. Raises
    ValueError where the page is no such CSV.
    """
    body = body.removeprefix(_MARK)
    names = _names(body, columns)
    table = read_csv(body, names or columns, skip=bool(names), kinds=kinds).select(list(columns))
    for place, name in enumerate(table.column_names):
        if table[name].type != pa.string():
            table = table.set_column(place, name, settled(table[name], kinds[name]))
        elif name in instants:
            table = table.set_column(place, name, _as_rest_writes(table[name]))
    if not _are_ids(table["Id"]):
        raise ValueError("the first column is not that of the Ids")
    return _without_blanks(table)


def read_csv(
    body: bytes, names: Sequence[str], *, skip: bool, kinds: Mapping[str, str] = _NO_KINDS
) -> pa.Table:
    """Read UTF-8 CSV into columns with these names, empty cells as null.

    All are text, or, where all values fit, those of `kinds` of their `wire_type`. With `skip` its
    first row is left out. Raises ValueError where it is no such CSV.
    """
    if not body or body.isspace():
        return _no_records(names)
    text = dict.fromkeys(names, pa.string())
    with suppress(pa.ArrowInvalid):
        types = text | {name: wire_type(kind) for name, kind in kinds.items()}
        return _read_blocks(body, names, types, _BLOCK_BYTES, skip=skip)
    return _read_blocks(body, names, text, _LONG_BLOCK_BYTES, skip=skip)


def _read_blocks(
    body: bytes, names: Sequence[str], types: Mapping[str, pa.DataType], block: int, *, skip: bool
) -> pa.Table:
    return pa.csv.read_csv(
        pa.BufferReader(body),
        pa.csv.ReadOptions(column_names=list(names), skip_rows=int(skip), block_size=block),
        pa.csv.ParseOptions(newlines_in_values=True),
        # Left to guess, it would take NA for nothing and 007 for 7.
        pa.csv.ConvertOptions(column_types=types, null_values=[""], strings_can_be_null=True),
    )


def header(body: bytes) -> list[str]:
    """Give the cells of the first row of UTF-8 CSV; raises ValueError where it is none."""
    end = body.find(b"\n")
    first = (body if end < 0 else body[:end]).rstrip(b"\r").decode("utf-8")
    try:
        return next(csv.reader([first], strict=True), [])
    except csv.Error as error:
        raise ValueError(str(error)) from error


def _names(body: bytes, columns: Sequence[str]) -> list[str]:
    """Give the columns in the order of the header row; none where the page begins with a record.

    It is uncertain whether later pages of the platform repeat the header.
    """
    wanted = {name.lower(): name for name in columns}
    try:
        found = [cell.lower() for cell in header(body)]
    except ValueError:
        # The first record has a line break in one of its texts.
        return []
    if sorted(found) == sorted(wanted):
        return [wanted[name] for name in found]
    if found[:1] == ["id"]:
        missing = sorted(set(wanted) - set(found))
        raise ValueError(f"the columns are {', '.join(found)}, without {', '.join(missing)}")
    return []


def _are_ids(column: pa.ChunkedArray) -> bool:
    lengths = pc.binary_length(column)
    ends = {*pc.min_max(lengths).as_py().values()} - {None}
    # Mostly all are of one length, which is found out faster than which ones there are.
    found = ends if len(ends) < 2 else lengths.unique().to_pylist()
    return (
        not column.null_count
        and _LENGTHS_OF_IDS.issuperset(found)
        and bool(pc.all(pc.ascii_is_alnum(column), min_count=0).as_py())
    )


def _as_rest_writes(instants: pa.ChunkedArray) -> pa.ChunkedArray:
    if pc.all(pc.ends_with(instants, "Z"), min_count=0).as_py():
        # Cutting bytes takes a tenth of the time of replacing text.
        zoned = pc.binary_replace_slice(instants.cast(pa.binary()), -1, _END, b"+0000")
        return zoned.cast(pa.string())
    return pc.replace_substring_regex(instants, r"Z$", "+0000")


def _no_records(columns: Sequence[str]) -> pa.Table:
    return pa.table([pa.array([], pa.string())] * len(columns), names=list(columns))


def _without_blanks(table: pa.Table) -> pa.Table:
    filled = column_by_column(_filled, table.columns, table.num_rows)
    return pa.table(filled, names=table.column_names)


def _filled(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if column.type != pa.string():
        return column
    blank = pc.utf8_is_space(column)
    return pc.if_else(blank, _NOTHING, column) if pc.any(blank).as_py() else column


def _column(values: Sequence[Any], kind: str | None) -> pa.Array | pa.ChunkedArray:
    if kind in _READ_AT_ONCE:
        with suppress(TypeError, pa.ArrowInvalid):
            return settled(pa.array(values, wire_type(kind)), kind)
    text = _texts(values)
    if kind is not None:
        with suppress(ValueError):
            return cast(pa.chunked_array([text]), kind)
    return text


def _texts(values: Sequence[Any]) -> pa.Array:
    """Make text of one field's values; most fields are text, or flags, from end to end."""
    if "" in values:
        values = [None if value == "" else value for value in values]
    with suppress(TypeError, UnicodeEncodeError):
        return pa.array(values, pa.string())
    with suppress(TypeError, pa.ArrowInvalid):
        return pa.array(values, pa.bool_()).cast(pa.string())
    return pa.array(map(_text, values), pa.string())


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return None if value is None else str(value)
