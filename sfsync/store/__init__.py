"""What did the org say when it was last read, so that only what changed since need be asked?

A folder of Parquet files, cut into shards by account, and `manifest.json`, which says which files
are the tables and of which moment. Files are never changed: a new state is new files and then a new
manifest, put in place at once. So a process that dies leaves the old state, and two that write at
the same time leave one of theirs, whole. All of it can be thrown away at any time.
"""

import json
import logging
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sfsync.model import from_wire, to_wire

logger = logging.getLogger(__name__)

VERSION = 1
MANIFEST = "manifest.json"
# Files that no manifest names may belong to a process that is still writing.
_SETTLED_SECONDS = 3_600
_UNREADABLE = (OSError, pa.ArrowException, ValueError, KeyError, TypeError)

Shards = tuple[pa.Table, ...]


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

    def load(self, shape: str) -> Kept | None:
        """Return what is kept; None where that is nothing, of another shape, or not readable."""
        try:
            manifest = json.loads((self._folder / MANIFEST).read_text(encoding="utf-8"))
            if manifest["version"] != VERSION or manifest["shape"] != shape:
                return None
            tables = {
                name: tuple(self._read(file) for file in files)
                for name, files in manifest["tables"].items()
            }
            moments = from_wire(manifest["read_at"]), from_wire(manifest["whole_at"])
        except FileNotFoundError:
            return None
        except _UNREADABLE as error:
            logger.warning("%s cannot be read and is left aside: %s", self._folder, error)
            return None
        return Kept(shape, *moments, tables)

    def _read(self, file: str) -> pa.Table:
        table = _in_seconds(pq.read_table(self._folder / file, page_checksum_verification=True))
        self._files[id(table)] = (table, file)
        return table

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

    def _written(self, name: str, number: int, table: pa.Table) -> str:
        known = self._files.get(id(table))
        if known is not None and (self._folder / known[1]).exists():
            return known[1]
        file = f"{name}-{number:04d}-{secrets.token_hex(6)}.parquet"
        pq.write_table(table, self._folder / file, compression="zstd", write_page_checksum=True)
        self._files[id(table)] = (table, file)
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


def _in_seconds(table: pa.Table) -> pa.Table:
    # Parquet knows no instants in seconds: they come back in milliseconds.
    fields = [
        pa.field(each.name, pa.timestamp("s")) if pa.types.is_timestamp(each.type) else each
        for each in table.schema
    ]
    return table.cast(pa.schema(fields))
