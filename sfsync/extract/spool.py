"""How does what an org says get into shards, with little of it in memory at any time?"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

import pyarrow as pa

from sfsync.extract.records import each_once, empty_table
from sfsync.extract.shards import Places, places_of, spread, starts_of
from sfsync.extract.wanted import ACCOUNT, Wanted
from sfsync.store import Filed, Shards, Store, Table

# So many records are spread at a time: enough for each shard to get many of them.
_PORTION = 200_000


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
        shard. Raises as `filed`.
        """
        assert self.store is not None
        schema = empty_table(each).schema
        with TemporaryDirectory(dir=self.store.working_folder()) as folder:
            with Bins(Path(folder), self.count, schema) as bins:
                for table in _portions(pieces):
                    bins.put(spread(table.cast(schema), each, places, self.count))
            return tuple(
                self.filed(each.object, number, each_once(table))
                for number, table in enumerate(bins.tables())
            )


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
