"""What does the store of an org hold of a person, and how does it go?"""

from collections.abc import Iterator

import pyarrow as pa

from sfsync.store import WORK, Filed
from sfsync.store.folder import folder_at
from sfsync.traces import PERSONS, Held, Traces

_TABLE = ".parquet"


def held(place: str) -> Iterator[Held]:
    """Yield the records of people in a store, also those of an earlier state of it. Raises Stopped
    where a file cannot be read.
    """
    for object_name in PERSONS:
        for file in _tables(place):
            if not file.rpartition("/")[2].startswith(f"{object_name}-"):
                continue
            there = set(Filed(place, file).names())
            table = Filed(place, file).read(sorted({"Id", "name", "email"} & there))
            for row in table.to_pylist():
                address = str(row.get("email") or "").strip().casefold()
                addresses = frozenset([address] if address else [])
                yield Held(object_name, str(row.get("Id")), str(row.get("name") or ""), addresses)


def forget(place: str, traces: Traces, *, write: bool) -> int:
    """Count the files of a store that hold something of a person, or may: what a process that was
    killed was at. With `write` the whole store is thrown away where any does: the next pass reads
    everything afresh.
    """
    number = sum(_holds(Filed(place, file), traces) for file in _tables(place))
    number += sum(1 for _ in _half_made(place))
    if number and write:
        folder_at(place).clear()
    return number


def _tables(place: str) -> list[str]:
    return sorted(file for file in folder_at(place).below() if file.endswith(_TABLE))


def _half_made(place: str) -> Iterator[str]:
    """Name the files of a pass that are no tables: half of them may be missing."""
    for file in folder_at(place).below():
        if file.startswith(f"{WORK}/") and not file.endswith(_TABLE):
            yield file


def _holds(filed: Filed, traces: Traces) -> bool:
    table = filed.read()
    columns = [each for each in table.columns if _is_text(each.type)]
    return any(
        text in traces.ids or traces.are_in(text)
        for column in columns
        for text in column.unique().to_pylist()
        if text
    )


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
