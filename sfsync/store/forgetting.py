"""What does the store of an org hold of a person, and how does it go?"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from sfsync.traces import PERSONS, Held, Traces


def held(folder: Path) -> Iterator[Held]:
    """Yield the records of people in a store, also those of an earlier state of it. Raises OSError
    where a file cannot be read.
    """
    for object_name in PERSONS:
        for file in sorted(folder.rglob(f"{object_name}-*.parquet")):
            there = set(pq.read_schema(file).names)
            table = pq.read_table(file, columns=sorted({"Id", "name", "email"} & there))
            for row in table.to_pylist():
                address = str(row.get("email") or "").strip().casefold()
                addresses = frozenset([address] if address else [])
                yield Held(object_name, str(row.get("Id")), str(row.get("name") or ""), addresses)


def forget(folder: Path, traces: Traces, *, write: bool) -> int:
    """Count the files of a store that hold something of a person. With `write` the whole store is
    thrown away where any does: the next pass reads everything afresh.
    """
    number = sum(_holds(file, traces) for file in sorted(folder.rglob("*.parquet")))
    if number and write:
        shutil.rmtree(folder)
    return number


def _holds(file: Path, traces: Traces) -> bool:
    table = pq.read_table(file)
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
