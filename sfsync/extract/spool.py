"""How does what an org says get into shards, with little of it in memory at any time?"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sfsync.extract.records import empty_table
from sfsync.extract.shards import Places, by_own_id, places_of, spread, starts_of
from sfsync.extract.wanted import ACCOUNT, Wanted
from sfsync.store import Filed, Shards, Store, Table
from sfsync.store.order import in_order
from sfsync.typed import ID

# So many records are spread at a time: enough for each shard to get many of them.
_PORTION = 200_000
# Which records came, and into which shard each was put.
_READ = pa.schema([(ID, pa.string()), ("shard", pa.int16())])


class Bins:
    """Tables that grow piece by piece, each in a file of its own until all of it is there."""

    def __init__(self, folder: Path, count: int, schema: pa.Schema) -> None:
        self._files = [folder / f"{number}.arrow" for number in range(count)]
        self._schema = schema
        self._sinks: list[pa.ipc.RecordBatchStreamWriter] = []
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        for file in self._files:
            sink = self._stack.enter_context(file.open("wb"))
            self._sinks.append(self._stack.enter_context(pa.ipc.new_stream(sink, self._schema)))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def put(self, tables: Sequence[Table]) -> None:
        """Append a table to each of the bins."""
        for sink, table in zip(self._sinks, tables, strict=True):
            if len(table):
                sink.write_table(table.combine_chunks())

    def tables(self) -> Iterator[Table]:
        """Yield what is in each bin; to be called once all of it is there."""
        for file in self._files:
            with file.open("rb") as source, pa.ipc.open_stream(source) as reader:
                yield reader.read_all()


@dataclass(frozen=True, slots=True)
class Spool:
    """Where tables go that are read: into so many shards (`count`), in files of a store where there
    are several.
    """

    count: int
    store: Store | None

    def filed(self, name: str, number: int, table: Table) -> Filed:
        """Write one shard of an object. Raises Stopped where that cannot be."""
        assert self.store is not None
        return self.store.filed(name, number, table)

    def spooled(
        self, pieces: Iterable[Table], each: Wanted, places: Mapping[str, Places]
    ) -> Shards:
        """Write pieces of an object's table to its shards as they come, each record once in a
        shard; what is judged once in all of them. Raises as `filed`.
        """
        assert self.store is not None
        schema, may_move = empty_table(each).schema, each.is_judged and bool(each.homes)
        work = self.store.working_folder()
        with self.store.within_its_room(), TemporaryDirectory(dir=work) as name:
            records, readings = Path(name) / "records", Path(name) / "readings"
            records.mkdir()
            readings.mkdir()
            with (
                Bins(records, self.count, schema) as bins,
                Bins(readings, self.count, _READ) as read,
            ):
                for table in _portions(pieces):
                    some = in_order(table.cast(schema)) if may_move else table.cast(schema)
                    shards = spread(some, each, places, self.count)
                    bins.put(shards)
                    if may_move:
                        read.put(_by_own_id(shards))
            last = _last_shards(read.tables())
            return tuple(
                self.filed(each.object, number, _without_moved(in_order(table), number, last))
                for number, table in enumerate(bins.tables())
            )


def _by_own_id(shards: Sequence[Table]) -> list[Table]:
    """Say which records were put into which shards, by what their own Ids are."""
    ids = pa.concat_arrays([chunk for each in shards for chunk in each[ID].chunks])
    numbers = np.repeat(np.arange(len(shards), dtype="int16"), [*map(len, shards)])
    table = pa.table([ids, numbers], schema=_READ)
    places = by_own_id(ids, len(shards))
    return [table.filter(pa.array(places == number)) for number in range(len(shards))]


def _last_shards(readings: Iterable[Table]) -> dict[str, int]:
    """Return in which shard each record was put last, of those that came twice."""
    found: dict[str, int] = {}
    for table in readings:
        counts = table[ID].value_counts()
        often = counts.filter(pc.greater(counts.field("counts"), 1)).field("values")
        again = table.filter(pc.is_in(table[ID], value_set=often))
        found.update(zip(again[ID].to_pylist(), again["shard"].to_pylist(), strict=True))
    return found


def _without_moved(table: Table, number: int, last: Mapping[str, int]) -> Table:
    """Leave out what went to another shard while it was read."""
    moved = pa.array([id for id, shard in last.items() if shard != number], pa.string())
    return table.filter(pc.invert(pc.is_in(table[ID], value_set=moved))) if len(moved) else table


def _portions(pieces: Iterable[Table]) -> Iterator[Table]:
    waiting: list[Table] = []
    for piece in pieces:
        waiting.append(piece)
        if sum(map(len, waiting)) >= _PORTION:
            yield pa.concat_tables(waiting)
            waiting = []
    if waiting:
        yield pa.concat_tables(waiting)


def wanted_places(each: Wanted, tables: Mapping[str, Shards]) -> dict[str, Places]:
    """Say where the records are that an object's records belong to; of what is spread by its own
    Ids only how these begin.
    """
    ways = dict(each.parents)
    found: dict[str, Places] = {}
    for column, to in each.homes:
        if to != ACCOUNT and to not in found and to in tables:
            found[to] = places_of(tables[to]) if column in ways else starts_of(tables[to])
    return found
