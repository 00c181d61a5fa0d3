"""What did the org say when it was last read, so that only what changed since need be asked?

A folder of Parquet files, cut into shards by account, and `manifest.json`, which says which files
are the tables and of which moment. One shard is held in memory; of several each is read when it is
looked at, so that memory does not grow with the org. Files are never changed: a new state is new
files and then a new manifest, put in place at once. So a process that dies leaves the old state,
and two that write at the same time leave one of theirs, whole. All of it can be thrown away at any
time.
"""

import json
import logging
import secrets
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from sfsync.errors import Stopped
from sfsync.model import from_wire, to_wire

logger = logging.getLogger(__name__)

VERSION = 2
MANIFEST = "manifest.json"
WORK = "work"
# Files that no manifest names may belong to a process that is still writing.
_SETTLED_SECONDS = 3_600
_UNREADABLE = (OSError, pa.ArrowException, ValueError, KeyError, TypeError)

Table: TypeAlias = pa.Table


@dataclass(frozen=True, slots=True)
class Filed:
    """A table in a file of a store, read when it is looked at."""

    folder: str
    file: str

    def names(self) -> list[str]:
        """Return the names of the table's columns. Raises as `read`."""
        try:
            return [*pq.read_schema(Path(self.folder) / self.file).names]
        except _UNREADABLE as error:
            raise self._harmed(error) from error

    def read(self, columns: Sequence[str] | None = None) -> Table:
        """Read the table, or some columns of it. Raises Stopped where the file was harmed."""
        try:
            return read_table(self.folder, self.file, columns)
        except _UNREADABLE as error:
            raise self._harmed(error) from error

    def _harmed(self, error: Exception) -> Stopped:
        return Stopped(
            f"{self.folder}/{self.file} cannot be read ({error}): `--full` reads everything afresh"
        )


# The shards of one object, each in memory or in a file.
Shards = tuple[Table | Filed, ...]


def table_of(shard: Table | Filed, columns: Sequence[str] | None = None) -> Table:
    """Return a shard's table, or some columns of it. Raises as `Filed.read`."""
    if isinstance(shard, Filed):
        return shard.read(columns)
    return shard if columns is None else shard.select(columns)


@dataclass(frozen=True, slots=True)
class Kept:
    """What the org said at one moment: for each object its typed tables, one a shard.

    `shape` names what was asked for: tables of another shape are of no use. `read_at` is the org's
    clock when their reading began, `whole_at` when all was last read afresh (aware UTC).
    """

    shape: str
    read_at: datetime
    whole_at: datetime
    tables: Mapping[str, Shards]


class Store:
    """The tables kept of one org, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Which file holds a table: what did not change is not written again.
        self._files: dict[int, tuple[pa.Table, str]] = {}

    @property
    def folder(self) -> Path:
        """Where its files are."""
        return self._folder

    def working_folder(self) -> Path:
        """Return a folder for what is only needed for a while; what a dead process left is gone.

        Raises Stopped where it cannot be written.
        """
        folder = self._folder / WORK
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for left in folder.iterdir():
                if left.stat().st_mtime < time.time() - _SETTLED_SECONDS * 24:
                    shutil.rmtree(left, ignore_errors=True)
        except OSError as error:
            raise _no_room(self._folder, error) from error
        return folder

    def load(self, shape: str) -> Kept | None:
        """Return what is kept; None where that is nothing, of another shape, or not readable."""
        try:
            manifest = json.loads((self._folder / MANIFEST).read_text(encoding="utf-8"))
            if manifest["version"] != VERSION or manifest["shape"] != shape:
                return None
            tables = {name: self._shards(files) for name, files in manifest["tables"].items()}
            moments = from_wire(manifest["read_at"]), from_wire(manifest["whole_at"])
        except FileNotFoundError:
            return None
        except _UNREADABLE as error:
            logger.warning("%s cannot be read and is left aside: %s", self._folder, error)
            return None
        return Kept(shape, *moments, tables)

    def _shards(self, files: Sequence[str]) -> Shards:
        if len(files) == 1:
            table = read_table(str(self._folder), files[0])
            self._files[id(table)] = (table, files[0])
            return (table,)
        for file in files:
            # What lacks its end is noticed here, what is harmed within when it is looked at.
            pq.read_metadata(self._folder / file)
        return tuple(Filed(str(self._folder), file) for file in files)

    def filed(self, name: str, number: int, table: Table) -> Filed:
        """Write one shard of an object, so that it need not be held in memory. Raises Stopped where
        that cannot be.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            return Filed(str(self._folder), self._written(name, number, table))
        except OSError as error:
            raise _no_room(self._folder, error) from error

    def keep(self, kept: Kept) -> None:
        """Put tables in the place of what was kept; those that were loaded are not written again.

        Where the folder cannot be written a warning says so, and what was kept stays.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            files = {
                name: [self._written(name, number, table) for number, table in enumerate(shards)]
                for name, shards in kept.tables.items()
            }
            self._publish(
                {
                    "version": VERSION,
                    "shape": kept.shape,
                    "read_at": to_wire(kept.read_at),
                    "whole_at": to_wire(kept.whole_at),
                    "tables": files,
                }
            )
            self._clear({file for each in files.values() for file in each})
        except OSError as error:
            logger.warning("%s: not written, the next pass reads more: %s", self._folder, error)

    def _written(self, name: str, number: int, table: Table | Filed) -> str:
        if isinstance(table, Filed):
            return table.file
        known = self._files.get(id(table))
        if known is not None and (self._folder / known[1]).exists():
            return known[1]
        file = f"{name}-{number:04d}-{secrets.token_hex(6)}.parquet"
        write_table(table, str(self._folder), file)
        return file

    def _publish(self, manifest: Mapping[str, Any]) -> None:
        made = self._folder / f".{secrets.token_hex(6)}.json"
        made.write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
        made.replace(self._folder / MANIFEST)

    def _clear(self, wanted: set[str]) -> None:
        settled = time.time() - _SETTLED_SECONDS
        for file in [*self._folder.glob("*.parquet"), *self._folder.glob(".*.json")]:
            if file.name not in wanted and file.stat().st_mtime < settled:
                file.unlink(missing_ok=True)


def _no_room(folder: Path, error: OSError) -> Stopped:
    return Stopped(
        f"{folder}: not written ({error}): an org of this size is judged from files, give the state"
        " folder room and the right to write"
    )


def read_table(folder: str, file: str, columns: Sequence[str] | None = None) -> Table:
    """Read a table, or some columns of it, from a file in a folder."""
    names = None if columns is None else [*columns]
    return _in_seconds(
        pq.read_table(Path(folder) / file, columns=names, page_checksum_verification=True)
    )


def write_table(table: Table, folder: str, file: str) -> None:
    """Write a table into a file in a folder."""
    pq.write_table(table, Path(folder) / file, compression="zstd", write_page_checksum=True)


def _in_seconds(table: pa.Table) -> pa.Table:
    # Parquet knows no instants in seconds: they come back in milliseconds.
    fields = [
        pa.field(each.name, pa.timestamp("s")) if pa.types.is_timestamp(each.type) else each
        for each in table.schema
    ]
    return table.cast(pa.schema(fields))
