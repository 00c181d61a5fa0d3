"""In which shard does a record belong, and what is in the shards after some records changed?

A record belongs where its account does: its own, or that of the opportunity it leads to. What leads
to no account is in the first.
"""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sfsync.columns import Array
from sfsync.extract.wanted import ACCOUNT, Wanted
from sfsync.store import Shards
from sfsync.typed import ID

ACCOUNTS_A_SHARD = 50_000
_ID_LENGTH = 18
# Any odd weights spread the Ids; these must stay the same for as long as a store is kept.
_WEIGHTS = np.array([31**place % 65_521 for place in range(_ID_LENGTH)], dtype="int64")


def shards_needed(accounts: int) -> int:
    """Return into how many shards so many accounts are cut."""
    return max(1, -(-accounts // ACCOUNTS_A_SHARD))


def spread(table: pa.Table, each: Wanted, done: Mapping[str, Shards], count: int) -> Shards:
    """Cut a table into `count` shards; `done` holds the shards of the objects it leads to."""
    if count == 1:
        return (table,)
    place = _places(table, each, done, count)
    return tuple(table.filter(pa.array(place == number)) for number in range(count))


def merged(old: Shards, gone: pa.Array, fresh: Shards) -> Shards:
    """Take the records of some Ids out of their shards and put others in.

    A shard that stays as it was is the very same table.
    """
    together = []
    for before, new in zip(old, fresh, strict=True):
        leaving = pc.is_in(before[ID], value_set=gone)
        if pc.any(leaving).as_py():
            before = before.filter(pc.invert(leaving))
        together.append(pa.concat_tables([before, new]) if len(new) else before)
    return tuple(together)


def _places(table: pa.Table, each: Wanted, done: Mapping[str, Shards], count: int) -> Array:
    if each.object == ACCOUNT:
        return _of_accounts(table[ID], count)
    place = np.zeros(len(table), dtype="int64")
    open_still = np.ones(len(table), dtype=bool)
    # A reference to the account itself tells more than one by way of another object.
    for column, to in sorted(each.parents, key=lambda tie: tie[1] != ACCOUNT):
        here = open_still & pc.is_valid(table[column]).to_numpy()
        if to == ACCOUNT:
            place[here] = _of_accounts(table[column].filter(pa.array(here)), count)
        else:
            found = _by_lookup(table[column], done[to])
            here &= found >= 0
            place[here] = found[here]
        open_still &= ~here
    return place


def _of_accounts(ids: pa.ChunkedArray, count: int) -> Array:
    letters = np.array(ids.to_pylist(), dtype=f"S{_ID_LENGTH}").view("uint8")
    sums: Array = letters.reshape(-1, _ID_LENGTH).astype("int64") @ _WEIGHTS
    return sums % count


def _by_lookup(ids: pa.ChunkedArray, parents: Shards) -> Array:
    """Return the shard of each Id's record, -1 where there is none."""
    known = pa.chunked_array(
        [chunk for shard in parents for chunk in shard[ID].chunks], pa.string()
    )
    shard = np.repeat(np.arange(len(parents)), [len(each) for each in parents])
    rows = pc.index_in(ids, value_set=known.combine_chunks()).fill_null(-1).to_numpy()
    return np.asarray(np.append(shard, -1)[rows])
