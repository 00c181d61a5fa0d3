"""Into which parts does a large org fall, and what does each of them need to be judged?"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import numpy as np
import pyarrow as pa

from sfsync.columns import Array
from sfsync.extract import Approach, Origin, origin_of, read
from sfsync.extract.alike import alike_in_shards
from sfsync.extract.compared import Many
from sfsync.extract.guests import looked_through, mail_guests, referred_guests
from sfsync.extract.shards import Places, by_own_id, places_of
from sfsync.extract.spool import Bins
from sfsync.extract.wanted import ACCOUNT, Wanted
from sfsync.jobs.job import Services
from sfsync.jobs.merging import terms_of
from sfsync.jobs.partition import OBJECT, STATE, Common, Part
from sfsync.jobs.piles import Folder
from sfsync.jobs.stakes import Key
from sfsync.model import Finding
from sfsync.policy import Policy
from sfsync.store import Filed, Shards, table_of, write_table
from sfsync.typed import ID

T = TypeVar("T")
_STORED = "an org is only cut into shards where a store keeps them"
_STATES = pa.schema([(OBJECT, pa.string()), (ID, pa.string()), (STATE, pa.string())])


@dataclass(slots=True)
class Homes:
    """In which partition is each record judged?"""

    tables: Mapping[str, Shards]
    count: int
    by_account: frozenset[str]
    _places: dict[str, Places] = field(default_factory=dict)

    def of(self, object_name: str, ids: pa.Array) -> Array:
        """Return the number of each record's partition; -1 where it is in none."""
        if object_name not in self.tables:
            return np.full(len(ids), -1, dtype="int64")
        if object_name not in self.by_account:
            return by_own_id(ids, self.count)
        if object_name not in self._places:
            self._places[object_name] = places_of(self.tables[object_name])
        return self._places[object_name].of(ids)

    def grouped_by_record(self, things: Sequence[T], key: Callable[[T], Key]) -> dict[int, list[T]]:
        """Group things by the partition of the record that each is about, in their order."""
        found: dict[int, list[T]] = {}
        by_object: dict[str, list[int]] = {}
        for place, each in enumerate(things):
            by_object.setdefault(key(each)[0], []).append(place)
        numbers = np.full(len(things), -1, dtype="int64")
        for name, places in by_object.items():
            ids = pa.array([key(things[place])[1] for place in places], pa.string())
            numbers[places] = self.of(name, ids)
        for number, each in zip(numbers.tolist(), things, strict=True):
            found.setdefault(number, []).append(each)
        return found


def homes_of(way: Approach, tables: Mapping[str, Shards]) -> Homes:
    """Say where the records of a reading are judged."""
    by_account = frozenset(each.object for each in way.wanted if each.parents)
    return Homes(tables, way.shards, by_account)


def states_filed(
    states: Iterable[tuple[str, Mapping[str, str | None]]], homes: Homes, folder: Path, place: str
) -> tuple[Filed, ...]:
    """Write what the last pass left, object by object, into a file a partition, in a place that
    workers see.
    """
    with Bins(_made(folder / "states"), homes.count, _STATES) as bins:
        for name, some in states:
            table = pa.table([[name] * len(some), [*some], [*some.values()]], schema=_STATES)
            places = homes.of(name, table[ID])
            bins.put([table.filter(pa.array(places == number)) for number in range(homes.count)])
    return filed_in(bins.tables(), place, "states")


def filed_in(tables: Iterable[pa.Table], folder: str, name: str) -> tuple[Filed, ...]:
    """Write tables into files of a folder (a path or URL), numbered."""
    files = []
    for number, table in enumerate(tables):
        file = f"{name}-{number:04d}.parquet"
        write_table(table, folder, file)
        files.append(Filed(folder, file))
    return tuple(files)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


@dataclass(frozen=True, slots=True)
class Parted:
    """A large org in parts, what was found by comparing all of its records, and a folder for what
    comes of it, which goes when nobody needs it any more.
    """

    parts: Sequence[Part]
    alike: Sequence[Finding]
    folder: Folder


@contextmanager
def parted(services: Services, way: Approach) -> Iterator[Parted]:
    """Read a large org and cut it into parts; the files that they name are there until the end.

    Raises as reading does, and Stopped where the state folder cannot be written.
    """
    assert services.store is not None, _STORED
    tables = read(services.org, services.policy, way)
    place = services.store.working_folder()
    with (
        services.store.within_its_room(),
        TemporaryDirectory(dir=place) as folder,
        services.store.shared_folder(Path(folder)) as shared,
    ):
        parts, alike = _parted(services, way, tables, Path(folder), shared)
        yield Parted(parts, alike, Folder(place))


def _parted(
    services: Services, way: Approach, tables: Mapping[str, Shards], folder: Path, place: str
) -> tuple[list[Part], Sequence[Finding]]:
    policy, journal, books = services.policy, services.journal, services.books
    origin = origin_of(services.org, way, services.now)
    homes = homes_of(way, tables)
    alike = alike_in_shards(Many(tables, policy, origin, folder))
    told = homes.grouped_by_record([(each.object, each.id) for each in alike], lambda key: key)
    previous = journal.previous_now(books)
    left = () if previous is None else journal.states_left(books)
    states = () if previous is None else states_filed(left, homes, folder, place)
    own = homes.grouped_by_record(
        journal.own_writes(books, policy.state_fields()), lambda each: (each.object, each.id)
    )
    reviews = homes.grouped_by_record(
        journal.reviews.open(books), lambda each: ("Account", each.account)
    )
    guests = _guests(homes, way, policy, origin, folder, place)
    common = Common(policy, origin, terms_of(services, way.read_at))
    shared = {each.object for each in way.wanted if each.is_shared}
    parts = [
        Part(
            number=number,
            common=common,
            tables={
                name: (_as_filed(shards[0 if name in shared else number]),)
                for name, shards in tables.items()
            },
            guests={name: (files[number],) for name, files in guests.items()},
            previous=previous,
            states=states[number] if states else None,
            own_writes=tuple(own.get(number, ())),
            reviews=tuple(reviews.get(number, ())),
            told=tuple(told.get(number, ())),
        )
        for number in range(homes.count)
    ]
    return parts, alike


def _as_filed(shard: pa.Table | Filed) -> Filed:
    assert isinstance(shard, Filed), _STORED
    return shard


def _guests(
    homes: Homes, way: Approach, policy: Policy, origin: Origin, folder: Path, place: str
) -> dict[str, tuple[Filed, ...]]:
    """Write the rows that partitions look at in others, object by object, a file a partition."""
    tables = homes.tables
    found: dict[str, list[list[pa.Table]]] = {}
    home_columns = {each.object: _home_column(each) for each in way.wanted if each.is_judged}
    for name, column, to in looked_through(policy, home_columns):
        if name in tables and to in tables and column in table_of(tables[name][0]).column_names:
            places = (
                homes.of(to, table_of(each, [column])[column].fill_null(""))
                for each in tables[name]
            )
            found.setdefault(to, []).append(
                [*referred_guests(tables[name], column, tables[to], places)]
            )
    for name, each in mail_guests(tables, policy, origin, folder):
        found.setdefault(name, []).append(each)
    return {
        name: filed_in(
            (
                pa.concat_tables(some, promote_options="default")
                for some in zip(*reversed(several), strict=True)
            ),
            place,
            f"guests-{name}",
        )
        for name, several in found.items()
    }


def _home_column(each: Wanted) -> str:
    ways = sorted(each.homes, key=lambda tie: tie[1] != ACCOUNT)
    return ways[0][0] if ways else ""
