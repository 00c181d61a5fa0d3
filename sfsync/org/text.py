"""How do records become a table of text, whichever way they came?

A table has the column `Id` first, then the fields asked for, all of `pa.string()`, with values as
REST writes them and null where there is none or blank text.
"""

import csv
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

# No record is longer: the platform takes 400,000 characters for one, and none is cut in two.
_BLOCK_BYTES = 16 * 1024 * 1024
_ID = r"^[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?$"
_MARK = b"\xef\xbb\xbf"


def from_rows(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> pa.Table:
    """Make a table of REST's records; raises KeyError for a field that one of them lacks."""
    arrays = [pa.array([_text(row[name]) for row in rows], pa.string()) for name in columns]
    return _without_blanks(pa.table(arrays, names=list(columns)))


def from_csv(body: bytes, columns: Sequence[str], instants: Collection[str]) -> pa.Table:
    """Make a table of a page of a bulk job's CSV, with or without the header row.

    `instants` are the columns of type datetime, which bulk jobs write otherwise than REST. Raises
    ValueError where the page is no such CSV.
    """
    body = body.removeprefix(_MARK)
    names = _names(body, columns)
    table = read_csv(body, names or columns, skip=bool(names)).select(list(columns))
    for name in instants:
        place = table.column_names.index(name)
        rewritten = pc.replace_substring_regex(table[name], r"Z$", "+0000")
        table = table.set_column(place, name, rewritten)
    are_ids = pc.match_substring_regex(table["Id"], _ID)
    if not pc.all(are_ids, skip_nulls=False, min_count=0).as_py():
        raise ValueError("the first column is not that of the Ids")
    return _without_blanks(table)


def read_csv(body: bytes, names: Sequence[str], *, skip: bool) -> pa.Table:
    """Read UTF-8 CSV into columns of text with these names, empty cells as null.

    With `skip` its first row is left out. Raises ValueError where it is no such CSV.
    """
    if not body.strip():
        return pa.table([pa.array([], pa.string())] * len(names), names=list(names))
    return pa.csv.read_csv(
        pa.BufferReader(body),
        pa.csv.ReadOptions(column_names=list(names), skip_rows=int(skip), block_size=_BLOCK_BYTES),
        pa.csv.ParseOptions(newlines_in_values=True),
        # Left to guess, it would take NA for nothing and 007 for 7.
        pa.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
        ),
    )


def header(body: bytes) -> list[str]:
    """Give the cells of the first row of UTF-8 CSV; raises ValueError where it is none."""
    first = body.partition(b"\n")[0].rstrip(b"\r").decode("utf-8")
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


def _without_blanks(table: pa.Table) -> pa.Table:
    nothing = pa.scalar(None, pa.string())
    columns = [
        pc.if_else(pc.equal(pc.utf8_trim_whitespace(column), ""), nothing, column)
        for column in table.columns
    ]
    return pa.table(columns, names=table.column_names)


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)
