"""How does the text that an org answers with become columns of a type?

Tables are Arrow's: `Id` (string) first, then a column a field by our name for it. Text becomes, by
the type that `config/` gives the field: text, picklist and reference `string`; number `double`;
flag `bool` (null is false); date `date32`; instant `timestamp[s]` in UTC, without a zone.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from sfsync.model import from_wire

ID = "Id"
_TYPES: Mapping[str, pa.DataType] = {
    "text": pa.string(),
    "picklist": pa.string(),
    "reference": pa.string(),
    "number": pa.float64(),
    "flag": pa.bool_(),
    "date": pa.date32(),
    "instant": pa.timestamp("s"),
}
_UTC = r"^.{19}(\.\d+)?(Z|\+00:?00)$"
_LENGTH_OF_DATE, _LENGTH_TO_SECONDS = 10, 19
# `2026-06-15T08:00:00.000Z` and `2026-06-15T08:00:00.000+0000`, as bulk jobs and REST write.
_LENGTHS_OF_INSTANTS = frozenset({24, 28, None})
_MILLISECONDS = pa.timestamp("ms", "UTC")


@dataclass(frozen=True, slots=True)
class Misfit:
    """A value that is not of its column's type, and the record that has it."""

    id: str
    column: str
    value: str


def arrow_type(kind: str) -> pa.DataType:
    """Return the Arrow type of a column of this type."""
    return _TYPES[kind]


def wire_type(kind: str) -> pa.DataType:
    """Return the Arrow type in which a reader takes values of this type from what an org writes."""
    return _MILLISECONDS if kind == "instant" else _TYPES[kind]


def settled(column: pa.ChunkedArray, kind: str) -> pa.ChunkedArray:
    """Bring a column of a `wire_type` to the type of its kind."""
    if kind == "instant":
        column = _whole_seconds(column)
    if kind == "flag":
        column = column.fill_null(False)
    return column.cast(_TYPES[kind])


def typed(text: pa.Table, kinds: Mapping[str, str]) -> tuple[pa.Table, list[Misfit]]:
    """Give each column of a table of text its type; `Id` stays, and so does what has its type.

    Values that do not fit are named, and null in the table.
    """
    columns = {ID: text[ID]}
    misfits: list[Misfit] = []
    for name, kind in kinds.items():
        try:
            columns[name] = cast(text[name], kind)
        except (pa.ArrowInvalid, ValueError):
            wrong = _wrong(text[name], kind)
            bad = pc.is_in(text[name], value_set=wrong)
            pairs = zip(text[ID].filter(bad), text[name].filter(bad), strict=True)
            misfits += [Misfit(id.as_py(), name, value.as_py()) for id, value in pairs]
            fitting = pc.if_else(bad, pa.scalar(None, pa.string()), text[name])
            columns[name] = cast(fitting, kind)
    return pa.table(columns), misfits


def _wrong(column: pa.ChunkedArray, kind: str) -> pa.Array:
    def fits(value: str) -> bool:
        try:
            cast(pa.chunked_array([[value]], pa.string()), kind)
        except (pa.ArrowInvalid, ValueError):
            return False
        return True

    values = column.unique().drop_null().to_pylist()
    return pa.array([value for value in values if not fits(value)], pa.string())


def cast(column: pa.ChunkedArray, kind: str) -> pa.ChunkedArray:
    """Give a column of text its type; raises ValueError where a value is not of it."""
    if column.type == _TYPES[kind]:
        return column
    if kind == "flag":
        return pc.is_in(column, value_set=pa.array(["true", "1"]))
    if kind == "date":
        odd = pc.not_equal(pc.binary_length(column), _LENGTH_OF_DATE)
        if pc.any(odd).as_py():
            raise ValueError("a date has ten characters")
    if kind == "instant":
        return _instants(column)
    return column.cast(_TYPES[kind])


def _instants(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if _LENGTHS_OF_INSTANTS.issuperset(pc.binary_length(column).unique().to_pylist()):
        try:
            moments = column.cast(_MILLISECONDS)
        except pa.ArrowInvalid:
            # Whatever is unusual in it, the way by text knows it or names it.
            return _without_zone(column).cast(_TYPES["instant"])
        return _whole_seconds(moments).cast(_TYPES["instant"])
    return _without_zone(column).cast(_TYPES["instant"])


def _whole_seconds(moments: pa.ChunkedArray) -> pa.ChunkedArray:
    try:
        return moments.cast(pa.timestamp("s", "UTC"))
    except pa.ArrowInvalid:
        # Cut as text is: before 1970, too, to the second before.
        return pc.floor_temporal(moments, unit="second")


def _without_zone(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Cut instants to whole seconds in UTC; raises ValueError for one without an offset."""
    cut = pc.utf8_slice_codeunits(column, 0, _LENGTH_TO_SECONDS)
    elsewhere = pc.invert(pc.match_substring_regex(column, _UTC)).fill_null(False)
    if not pc.any(elsewhere).as_py():
        return cut
    moved = [
        from_wire(value.as_py()).replace(tzinfo=None).isoformat()
        for value in column.filter(elsewhere)
    ]
    return pc.replace_with_mask(cut.combine_chunks(), elsewhere.combine_chunks(), moved)
