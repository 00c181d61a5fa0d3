"""In which shards does a record belong, and what is in the shards after some records changed?

A record that is judged belongs in one shard: where its account does, or by its own Id where it has
none. What belongs to such records is in the shard of each of them: a task of an account, about
another account's opportunity, with a lead, is in three. What leads to none of them, and is not
judged (users), is in the first and is looked at from all.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sfsync.columns import Array, Mask
from sfsync.extract.wanted import ACCOUNT, Wanted
from sfsync.places import letters_of, rows_in
from sfsync.store import Shards, Table, table_of
from sfsync.store.order import in_order, replaced, rows_of
from sfsync.typed import ID

_ID_LENGTH = 18
_PREFIX = 3
# Any odd weights spread the Ids; these must stay the same for as long as a store is kept.
_WEIGHTS = np.array([31**place % 65_521 for place in range(_ID_LENGTH)], dtype="int64")


@dataclass(slots=True)
class Places:
    """Where the records of an object are: `ids` (18 bytes each, sorted) and the shard of each.

    Of an object that is spread by its own Ids only the beginnings of these are needed (`starts`),
    by which a reference to it is told from one to something else.
    """

    ids: Array
    shards: Array
    starts: frozenset[str] = frozenset()

    def of(self, ids: pa.ChunkedArray | pa.Array) -> Array:
        """Return the shard of each Id's record, -1 where there is none."""
        rows = rows_in(self.ids, _letters(ids))
        return np.append(self.shards, np.int16(-1))[rows].astype("int64")


def shards_needed(accounts: int, above: int, size: int) -> int:
    """Return into how many shards of `size` so many accounts are cut: one up to `above`."""
    return 1 if accounts <= above else -(-accounts // size)


def places_of(shards: Shards) -> Places:
    """Say where each record of these shards is; only its Ids are read."""
    letters = [_letters(table_of(each, [ID])[ID]) for each in shards]
    numbers = np.repeat(np.arange(len(shards), dtype="int16"), [len(each) for each in letters])
    ids = np.concatenate(letters)
    order = np.argsort(ids, kind="stable")
    return Places(ids[order], numbers[order])


def starts_of(shards: Shards) -> Places:
    """Say how the Ids of these shards' records begin."""
    first = [table_of(each, [ID])[ID][:1].to_pylist() for each in shards]
    starts = frozenset(text[:_PREFIX] for each in first for text in each)
    return Places(np.array([], dtype=f"S{_ID_LENGTH}"), np.array([], dtype="int16"), starts)


def by_own_id(ids: pa.ChunkedArray | pa.Array, count: int) -> Array:
    """Return the shard of each record that is spread by its own Id."""
    letters = _letters(ids).view("uint8")
    sums: Array = letters.reshape(-1, _ID_LENGTH).astype("int64") @ _WEIGHTS
    return np.asarray(sums % count)


def spread(
    table: Table, each: Wanted, places: Mapping[str, Places], count: int
) -> tuple[Table, ...]:
    """Cut a table into `count` shards; `places` says where the records are that it leads to."""
    if count == 1:
        return (table,)
    homes = [*_homes(table, each, places, count)]
    return tuple(
        table.filter(pa.array(np.logical_or.reduce([home == number for home in homes])))
        for number in range(count)
    )


def merged(old: Shards, gone: pa.Array, fresh: Sequence[Table]) -> Iterator[tuple[int, Table]]:
    """Take the records of some Ids out of their shards and put others in; yield the shards that are
    not as they were, by their numbers.
    """
    for number, (before, new) in enumerate(zip(old, fresh, strict=True)):
        # Of most shards none leaves: then only their Ids are read.
        if len(new) or len(rows_of(in_order(table_of(before, [ID]))[ID], gone)):
            yield number, replaced(in_order(table_of(before)), gone, new)


def _homes(table: Table, each: Wanted, places: Mapping[str, Places], count: int) -> Iterator[Array]:
    """Yield, home by home, the shard of each record, -1 where it has no such home."""
    if each.is_shared:
        yield np.zeros(len(table), dtype="int64")
        return
    homeless = np.ones(len(table), dtype=bool)
    # A reference to the account itself tells more than one by way of another object.
    for column, to in sorted(each.homes, key=lambda tie: tie[1] != ACCOUNT):
        home = _by_reference(table[column], to, places, count)
        if each.is_judged:
            home = np.where(homeless, home, -1)
        yield home
        homeless &= home < 0
    yield np.where(homeless, by_own_id(table[ID], count), -1)


def _by_reference(ids: pa.ChunkedArray, to: str, places: Mapping[str, Places], count: int) -> Array:
    there: Mask = pc.is_valid(ids).to_numpy()
    place = places.get(to)
    if to != ACCOUNT and place is None:
        return np.full(len(there), -1, dtype="int64")
    if place is not None and len(place.ids):
        return np.where(there, place.of(ids.fill_null("")), -1)
    if place is not None and to != ACCOUNT:
        starts = pa.array(sorted(place.starts), pa.string())
        there &= pc.is_in(pc.utf8_slice_codeunits(ids, 0, _PREFIX), value_set=starts).to_numpy()
    found = np.full(len(there), -1, dtype="int64")
    found[there] = by_own_id(ids.filter(pa.array(there)), count)
    return found


def _letters(ids: pa.ChunkedArray | pa.Array) -> Array:
    return letters_of(ids).astype(f"S{_ID_LENGTH}", copy=False)
