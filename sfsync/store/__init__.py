"""What did the org say when it was last read, so that only what changed since need be asked?

A folder of Parquet files, of this machine or where other machines see it, too, cut into shards by
account, and `manifest.json`, which says which files are the tables and of which moment. One shard
is held in memory; of several each is read when it is looked at, so that memory does not grow with
the org. Files are never changed: a new state is new files and then a new manifest, put in place at
once. So a process that dies leaves the old state, and two that write at the same time leave one of
theirs, whole. All of it can be thrown away at any time.
"""

import json
import logging
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sfsync.errors import Stopped
from sfsync.model import from_wire, to_wire
from sfsync.store.folder import folder_at, folders_in, inner, is_url, removed_afterwards

logger = logging.getLogger(__name__)

VERSION = 2
MANIFEST = "manifest.json"
WORK = "work"
# Files that no manifest names may belong to a process that is still writing.
_SETTLED_SECONDS = 3_600
# So many values tell whether those of a column repeat.
_SAMPLE = 2_000
_UNREADABLE = (OSError, pa.ArrowException, ValueError, KeyError, TypeError, AttributeError)

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
        except _UNREADABLE as error:
            raise self._harmed(error) from error

    def read(self, columns: Sequence[str] | None = None) -> Table:
        """Read the table, or some columns of it. Raises Stopped where the file was harmed."""
        try:
            return read_table(self.folder, self.file, columns)
        except _UNREADABLE as error:
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

    def __init__(self, folder: Path, url: str = "") -> None:
        """`url` is where the tables are instead, in a place that other machines see; in `folder` is
        then only what this one needs for a while. Raises ConfigError where nothing that is
        installed opens it.
        """
        self._folder = folder
        self._place = url or str(folder)
        self._kept = folder_at(self._place)
        # Which file holds a table: what did not change is not written again.
        self._files: dict[int, tuple[pa.Table, str]] = {}

    @contextmanager
    def shared_folder(self, own: Path) -> Iterator[str]:
        """Give a place for files that workers read: a folder of this machine's own, or where the
        tables are; there they go in the end.
        """
        if not is_url(self._place):
            yield str(own)
            return
        name = f"{WORK}-{secrets.token_hex(6)}"
        with removed_afterwards(inner(self._place, name)) as place:
            yield place

    def working_folder(self) -> Path:
        """Return a folder for what is only needed for a while; what a dead process left is gone.

        Raises Stopped where it cannot be written.
        """
        folder = self._folder / WORK
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for left in folder.iterdir():
                # Another process may end at this moment, and its folder with it.
                with suppress(FileNotFoundError):
                    if left.stat().st_mtime < time.time() - _SETTLED_SECONDS * 24:
                        shutil.rmtree(left, ignore_errors=True)
        except OSError as error:
            raise _no_room(self._folder, error) from error
        return folder

    @contextmanager
    def within_its_room(self) -> Iterator[None]:
        """Raise Stopped where what is done meanwhile cannot be written into a working folder."""
        try:
            yield
        except OSError as error:
            raise _no_room(self._folder, error) from error

    def load(self) -> Kept | None:
        """Return what is kept; None where that is nothing, or not readable."""
        try:
            with self._kept.opened(MANIFEST) as source:
                manifest = json.loads(source.read())
            if manifest["version"] != VERSION:
                return None
            tables = {name: self._shards(files) for name, files in manifest["tables"].items()}
            moments = from_wire(manifest["read_at"]), from_wire(manifest["whole_at"])
        except FileNotFoundError:
            return None
        except _UNREADABLE as error:
            logger.warning("%s cannot be read and is left aside: %s", self._place, error)
            return None
        return Kept(manifest["shape"], *moments, tables)

    def _shards(self, files: Sequence[str]) -> Shards:
        if len(files) == 1:
            table = read_table(self._place, files[0])
            self._files[id(table)] = (table, files[0])
            return (table,)
        for file in files:
            # What lacks its end is noticed here, what is harmed within when it is looked at.
            with self._kept.opened(file) as source:
                pq.read_metadata(source)
        return tuple(Filed(self._place, file) for file in files)

    def filed(self, name: str, number: int, table: Table) -> Filed:
        """Write one shard of an object, so that it need not be held in memory. Raises Stopped where
        that cannot be.
        """
        try:
            self._kept.make()
            return Filed(self._place, self._written(name, number, table))
        except OSError as error:
            raise _no_room(self._place, error) from error

    def keep(self, kept: Kept) -> None:
        """Put tables in the place of what was kept; those that were loaded are not written again.

        Where the folder cannot be written a warning says so, and what was kept stays.
        """
        try:
            self._kept.make()
            before = self._named()
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
            # Another process may be judging by what was kept until now.
            self._clear(before.union(*files.values()))
        except OSError as error:
            logger.warning("%s: not written, the next pass reads more: %s", self._place, error)

    def _named(self) -> set[str]:
        """Return the files of what is kept; none where nobody can tell."""
        try:
            with self._kept.opened(MANIFEST) as source:
                return {file for each in json.loads(source.read())["tables"].values()
                        for file in each}  # fmt: skip
        except _UNREADABLE:
            return set()

    def _written(self, name: str, number: int, table: Table | Filed) -> str:
        if isinstance(table, Filed):
            return table.file
        known = self._files.get(id(table))
        if known is not None and self._kept.has(known[1]):
            return known[1]
        file = f"{name}-{number:04d}-{secrets.token_hex(6)}.parquet"
        write_table(table, self._place, file)
        return file

    def _publish(self, manifest: Mapping[str, Any]) -> None:
        self._kept.put(MANIFEST, (json.dumps(manifest, indent=1) + "\n").encode())

    def _clear(self, wanted: set[str]) -> None:
        settled = time.time() - _SETTLED_SECONDS
        for file, written in self._kept.files().items():
            if file not in wanted and file != MANIFEST and written < settled:
                self._kept.remove(file)
        if is_url(self._place):
            self._clear_work(settled - _SETTLED_SECONDS * 24)

    def _clear_work(self, settled: float) -> None:
        """Remove what processes that died had put where workers read it."""
        for name in folders_in(self._place):
            folder = folder_at(inner(self._place, name))
            if name.startswith(WORK) and max(folder.files().values(), default=0) < settled:
                folder.clear()


def _no_room(folder: Path | str, error: OSError) -> Stopped:
    return Stopped(
        f"{folder}: not written ({error}): an org of this size is judged from files, give the state"
        " folder room and the right to write"
    )


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
