"""How does a table get into a file of a store, and out of it?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sfsync.errors import Stopped
from sfsync.store.folder import folder_at

# So many values tell whether those of a column repeat.
_SAMPLE = 2_000
UNREADABLE = (OSError, pa.ArrowException, ValueError, KeyError, TypeError, AttributeError)

Table: TypeAlias = pa.Table


@dataclass(frozen=True, slots=True)
class Filed:
    """A table in a file of a store, read when it is looked at."""

    folder: str
    file: str

    def names(self) -> list[str]:
        """Return the names of the table's columns. Raises as `read`."""
        try:
            with folder_at(self.folder).opened(self.file) as source:
                return [*pq.read_schema(source).names]
        except UNREADABLE as error:
            raise self._harmed(error) from error

    def read(self, columns: Sequence[str] | None = None) -> Table:
        """Read the table, or some columns of it. Raises Stopped where the file was harmed."""
        try:
            return read_table(self.folder, self.file, columns)
        except UNREADABLE as error:
            raise self._harmed(error) from error

    def _harmed(self, error: Exception) -> Stopped:
        if isinstance(error, FileNotFoundError):
            return Stopped(
                f"{self.folder}/{self.file} is not there: another process has removed it, or this"
                " is another machine, which does not see that folder: with --engine dask"
                " SFSYNC_STORE_URL names one that all workers see"
            )
        return Stopped(
            f"{self.folder}/{self.file} cannot be read ({error}): `--full` reads everything afresh"
        )


# The shards of one object, each in memory or in a file.
Shards = tuple[Table | Filed, ...]


def let_tables_go() -> None:
    """Let Arrow give back the memory of tables that are looked at one after another: the C library
    would keep some of each. Where there is no other way to take memory nothing changes.
    """
    another = "jemalloc" in pa.supported_memory_backends()
    if another and pa.default_memory_pool().backend_name == "system":
        pa.set_memory_pool(pa.jemalloc_memory_pool())


def table_of(shard: Table | Filed, columns: Sequence[str] | None = None) -> Table:
    """Return a shard's table, or some columns of it. Raises as `Filed.read`."""
    if isinstance(shard, Filed):
        return shard.read(columns)
    return shard if columns is None else shard.select(columns)


def read_table(folder: str, file: str, columns: Sequence[str] | None = None) -> Table:
    """Read a table, or some columns of it, from a file in a folder, told by path or URL."""
    names = None if columns is None else [*columns]
    with folder_at(folder).opened(file) as source:
        return _in_seconds(pq.read_table(source, columns=names, page_checksum_verification=True))


def write_table(table: Table, folder: str, file: str) -> None:
    """Write a table into a file in a folder, told by path or URL."""
    how = {"compression": "zstd", "write_page_checksum": True, "write_statistics": False}
    with folder_at(folder).made(file) as sink:
        pq.write_table(table, sink, use_dictionary=_repeating(table), **how)


def _repeating(table: pa.Table) -> list[str]:
    """Name the columns of which a sample of values has few distinct ones: the others only take
    longer as codes, and more room.
    """
    sample = table.slice(0, _SAMPLE)
    few = len(sample) // 4
    return [name for name in sample.column_names if pc.count_distinct(sample[name]).as_py() <= few]


def _in_seconds(table: pa.Table) -> pa.Table:
    # Parquet knows no instants in seconds: they come back in milliseconds.
    fields = [
        pa.field(each.name, pa.timestamp("s")) if pa.types.is_timestamp(each.type) else each
        for each in table.schema
    ]
    return table.cast(pa.schema(fields))
