"""What did the org say when it was last read, so that only what changed since need be asked?

A folder of Parquet files, of this machine or where other machines see it, too, cut into shards by
account, and `manifest.json`, which says which files are the tables and of which moment. One shard
is held in memory, and what changed since it was written is in a small file beside it; of several
each is read when it is looked at, so that memory does not grow with the org. Files are never
changed: a new state is new files and then a new manifest, put in place at once. So a process that
dies leaves the old state, and two that write at the same time leave one of theirs, whole. All of it
can be thrown away at any time.
"""

import json
import logging
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from sfsync.errors import Stopped
from sfsync.model import from_wire, to_wire
from sfsync.store.changes import Changed, changed_of, table_of_changed
from sfsync.store.files import (
    UNREADABLE,
    Filed,
    Shards,
    Table,
    let_tables_go,
    read_table,
    table_of,
    write_table,
)
from sfsync.store.folder import folder_at, folders_in, inner, is_url, removed_afterwards
from sfsync.store.order import replaced

logger = logging.getLogger(__name__)

VERSION = 3
MANIFEST = "manifest.json"
WORK = "work"
# Files that no manifest names may belong to a process that is still writing.
_SETTLED_SECONDS = 3_600
# Where more than so large a share of a table changed since it was written, it is written anew.
_MOST_CHANGED = 0.25

__all__ = [
    "MANIFEST",
    "WORK",
    "Changed",
    "Filed",
    "Kept",
    "Shards",
    "Store",
    "Table",
    "let_tables_go",
    "read_table",
    "table_of",
    "write_table",
]


@dataclass(frozen=True, slots=True)
class Base:
    """What holds a table that was loaded: its file, of so many records, and what changed since,
    with the file of that.
    """

    file: str
    size: int
    changed: Changed | None = None
    changes: str | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """What the org said at one moment: for each object its typed tables, one a shard.

    `shape` names what was asked for: tables of another shape are of no use. `read_at` is the org's
    clock when their reading began, `whole_at` when all was last read afresh (aware UTC). `bases`
    tells what holds those tables that were loaded and are an object's only one.
    """

    shape: str
    read_at: datetime
    whole_at: datetime
    tables: Mapping[str, Shards]
    bases: Mapping[str, Base] = field(default_factory=dict)

    @property
    def shards(self) -> int:
        """Into how many shards what is kept was cut."""
        return max(map(len, self.tables.values()), default=1)


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
            bases: dict[str, Base] = {}
            tables = {
                name: self._shards(name, files, manifest["changes"].get(name), bases)
                for name, files in manifest["tables"].items()
            }
            moments = from_wire(manifest["read_at"]), from_wire(manifest["whole_at"])
        except FileNotFoundError:
            return None
        except UNREADABLE as error:
            logger.warning("%s cannot be read and is left aside: %s", self._place, error)
            return None
        return Kept(manifest["shape"], *moments, tables, bases)

    def _shards(
        self, name: str, files: Sequence[str], changes: str | None, bases: dict[str, Base]
    ) -> Shards:
        if len(files) == 1:
            table = read_table(self._place, files[0])
            bases[name] = Base(files[0], len(table))
            if changes is not None:
                changed = changed_of(read_table(self._place, changes))
                bases[name] = replace(bases[name], changed=changed, changes=changes)
                table = replaced(table, changed.gone, changed.fresh)
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
        """Put tables in the place of what was kept.

        Where the folder cannot be written a warning says so, and what was kept stays.
        """
        self._keep(kept, {})

    def keep_changes(self, kept: Kept, read_at: datetime, changes: Mapping[str, Changed]) -> None:
        """Put what changed of tables that were loaded, each of one shard, beside them; where that
        is very much, what comes of both in the place of what was kept. As `keep`.
        """
        self._keep(replace(kept, read_at=read_at), changes)

    def _keep(self, kept: Kept, changes: Mapping[str, Changed]) -> None:
        try:
            self._kept.make()
            before = self._named()
            tables, beside = dict[str, list[str]](), dict[str, str]()
            for name, shards in kept.tables.items():
                if name in changes:
                    tables[name], told = self._based(name, kept, changes[name])
                    beside |= {name: told} if told is not None else {}
                else:
                    tables[name] = [self._written(name, n, each) for n, each in enumerate(shards)]
            self._publish(
                {
                    "version": VERSION,
                    "shape": kept.shape,
                    "read_at": to_wire(kept.read_at),
                    "whole_at": to_wire(kept.whole_at),
                    "tables": tables,
                    "changes": beside,
                }
            )
            # Another process may be judging by what was kept until now.
            self._clear(before.union(beside.values(), *tables.values()))
        except OSError as error:
            logger.warning("%s: not written, the next pass reads more: %s", self._place, error)

    def _based(self, name: str, kept: Kept, changed: Changed) -> tuple[list[str], str | None]:
        """Write what changed of an object; name its file, and that of its changes, if it has
        any.
        """
        base = kept.bases[name]
        if all(self._kept.has(file) for file in (base.file, base.changes) if file):
            if not changed.number:
                return [base.file], base.changes
            total = base.changed.then(changed) if base.changed is not None else changed
            if total.number <= base.size * _MOST_CHANGED:
                return [base.file], self._written(name, 0, table_of_changed(total))
        (shard,) = kept.tables[name]
        now = replaced(table_of(shard), changed.gone, changed.fresh)
        return [self._written(name, 0, now)], None

    def _named(self) -> set[str]:
        """Return the files of what is kept; none where nobody can tell."""
        try:
            with self._kept.opened(MANIFEST) as source:
                manifest = json.loads(source.read())
            files = {file for each in manifest["tables"].values() for file in each}
            return files.union(manifest.get("changes", {}).values())
        except UNREADABLE:
            return set()

    def _written(self, name: str, number: int, table: Table | Filed) -> str:
        if isinstance(table, Filed):
            return table.file
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
