"""Which objects and fields do facts and rules need, and what does the org say in them?

Only what some fact or rule reads is asked for. What the org lacks is noted, not guessed: rules that
need it cannot judge. With a store only what changed since the last reading is asked for, and the
snapshot is the same as if everything had been read.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, partial

import pandas as pd

from sfsync.beside import Started, begun
from sfsync.errors import ReserveKept
from sfsync.extract.frames import frames_of
from sfsync.extract.patched import patched
from sfsync.extract.reading import read_changes, read_whole, with_changes
from sfsync.extract.seen import Origin, in_the_loop, snapshot_from, snapshot_of
from sfsync.extract.shards import shards_needed
from sfsync.extract.spool import Spool
from sfsync.extract.wanted import ACCOUNT, Wanted, shape_of, wanted_of
from sfsync.model import OwnWrite, PreviousPass
from sfsync.org import Budget, OrgReader, reading_calls, told
from sfsync.policy import Policy
from sfsync.snapshot import Snapshot
from sfsync.store import Changed, Kept, Shards, Store, Table, table_of
from sfsync.store.order import in_order

__all__ = [
    "Ahead",
    "Approach",
    "Known",
    "Origin",
    "approach",
    "extract",
    "in_the_loop",
    "look_ahead",
    "origin_of",
    "read",
    "seen",
    "snapshot_of",
]


Frames = Mapping[str, pd.DataFrame]
# What earlier passes left, and wrote.
Known = tuple[PreviousPass | None, Sequence[OwnWrite]]


@dataclass(frozen=True, slots=True)
class Approach:
    """How an org is going to be read: all of it (`kept` is None), or what changed since.

    `calls` estimates the requests that it takes; the share `reserve` of the day's is left to
    others, and `at_once` objects are read beside each other. `read_at` is the org's clock before
    reading. What is read is kept in the `store`, cut into so many `shards`; `framed` gives the
    frames and tables of what is kept as one.
    """

    wanted: tuple[Wanted, ...]
    missing: frozenset[str]
    shape: str
    read_at: datetime
    kept: Kept | None
    counts: Mapping[str, int]
    calls: int
    reserve: float
    at_once: int
    store: Store | None
    shards: int = 1
    framed: Started[tuple[Frames, Mapping[str, Table]]] | None = None


@dataclass(frozen=True, slots=True)
class Ahead:
    """What an org said before, looked up while it is asked something else: what is `kept`, and if
    that is one shard its frames, and the tables that they are of.
    """

    kept: Started[Kept | None]
    framed: Started[tuple[Frames, Mapping[str, Table]]]


def look_ahead(store: Store | None, policy: Policy) -> Ahead:
    """Start to look up what is kept of an org."""
    kept = Started(lambda: store.load() if store is not None else None)
    return Ahead(kept, Started(lambda: _framed(kept.result(), policy)))


def approach(
    org: OrgReader,
    policy: Policy,
    read_at: datetime,
    store: Store | None = None,
    *,
    whole_since: datetime | None = None,
    columns: Mapping[str, Sequence[str]] | None = None,
    ahead: Ahead | None = None,
) -> Approach:
    """Decide how to read: what changed, where a store holds the rest, else all. What is read is
    what facts and rules need, or the `columns` named by object. Who has looked `ahead` into the
    store says so.

    All is also read where the store was last read whole before `whole_since`, and where the org's
    clock `read_at` is behind the store's: that is another timeline. Raises Stopped where the org
    cannot spare the API calls, OrgUnavailable or OrgRefused from the door.
    """
    ahead = ahead or look_ahead(store, policy)
    wanted, missing = wanted_of(org, policy, columns)
    shape = shape_of(wanted, org.user_id)
    budget = org.budget()
    kept = ahead.kept.result()
    if kept is not None:
        is_old = whole_since is not None and kept.whole_at < whole_since
        is_other = kept.shape != shape or kept.tables.keys() != {each.object for each in wanted}
        if is_old or is_other or read_at < kept.read_at:
            kept = None
    reserve = policy.limits.api_reserve
    at_once = policy.reading.at_once
    calls = len(wanted)
    changes = Approach(wanted, missing, shape, read_at, kept, {}, calls, reserve, at_once, store)
    if kept is not None:
        framed = ahead.framed if kept.shards == 1 else None
        way = replace(changes, shards=kept.shards, framed=framed)
    else:
        way = _whole(org, changes, policy)
    _check_spared(budget, way)
    return way


def _framed(kept: Kept | None, policy: Policy) -> tuple[Frames, Mapping[str, Table]]:
    """Make the frames of an org that is kept as one, and give the tables that they are of."""
    if kept is None or kept.shards > 1:
        return {}, {}
    tables = {name: in_order(table_of(shard)) for name, (shard,) in kept.tables.items()}
    return frames_of({name: (table,) for name, table in tables.items()}, policy), tables


def _whole(org: OrgReader, way: Approach, policy: Policy) -> Approach:
    counts = org.counts([each.object for each in way.wanted])
    calls = sum(reading_calls(counts.get(each.object, 0)) for each in way.wanted)
    shards = 1
    if way.store is not None:
        partitions = policy.partitions
        shards = shards_needed(counts.get(ACCOUNT, 0), partitions.above, partitions.accounts)
    return replace(way, kept=None, counts=counts, calls=calls, shards=shards)


def _check_spared(budget: Budget | None, way: Approach) -> None:
    if budget is not None and way.calls > budget.left - budget.kept(way.reserve):
        raise ReserveKept(
            f"nothing was read: reading needs about {way.calls} API calls;"
            f" {told(budget, way.reserve)}: try again when some are free (Setup, System Overview)"
        )


def extract(
    org: OrgReader,
    policy: Policy,
    now: datetime,
    previous: PreviousPass | None = None,
    own_writes: Sequence[OwnWrite] = (),
    *,
    way: Approach | None = None,
) -> Snapshot:
    """Read all that the policy needs, as of `now` (aware UTC, whole seconds), in the `way` decided
    before.

    Raises OrgUnavailable or OrgRefused from the door, ConfigError with all values that are not of
    their field's type, Stopped where the org cannot spare the API calls.
    """
    way = way or approach(org, policy, now)
    snapshot, keep = seen(org, policy, now, way, lambda: (previous, own_writes))
    keep()
    return snapshot


def seen(
    org: OrgReader, policy: Policy, now: datetime, way: Approach, known: Callable[[], Known]
) -> tuple[Snapshot, Callable[[], None]]:
    """Read as `extract` does, and meanwhile look up what is `known` of earlier passes; give also
    the way to put what was read into the store.
    """
    with begun(known) as looked_up:
        was_read = _read(org, policy, way)
        previous, own_writes = looked_up()
    origin = origin_of(org, way, now)
    snapshot = snapshot_from(was_read.frames(), policy, origin, previous, own_writes)
    return in_the_loop(snapshot, policy), was_read.keep


def origin_of(org: OrgReader, way: Approach, now: datetime) -> Origin:
    """Say where tables come from that were read in that way."""
    return Origin(now, way.read_at, org.zone, org.id, org.user_id, way.missing)


def read(org: OrgReader, policy: Policy, way: Approach) -> Mapping[str, Shards]:
    """Read the org in the way decided before, and keep what it said. Raises as `extract`."""
    was_read = _read(org, policy, way)
    was_read.keep()
    return was_read.tables()


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read: as `frames` and as `tables`, either made when it is asked for, and the way to
    `keep` it.
    """

    frames: Callable[[], Frames]
    tables: Callable[[], Mapping[str, Shards]]
    keep: Callable[[], None]


def _read(org: OrgReader, policy: Policy, way: Approach) -> _Read:
    if way.kept is not None:
        changes = read_changes(org, way.wanted, way.kept, way.reserve, way.at_once)
        if changes is not None:
            return _changed(way, way.kept, changes, policy)
        # So much was moved about: now it takes more calls than were asked for. Whoever asked counts
        # on so many shards, however many there would be by now.
        way = replace(_whole(org, way, policy), shards=way.shards)
        _check_spared(org.budget(), way)
    store, spool = way.store, Spool(way.shards, way.store)
    tables = read_whole(org, way.wanted, way.counts, way.reserve, way.at_once, spool)
    kept = Kept(way.shape, way.read_at, way.read_at, tables)
    return _Read(
        lambda: frames_of(tables, policy),
        lambda: tables,
        lambda: store.keep(kept) if store is not None else None,
    )


def _changed(way: Approach, kept: Kept, changes: Mapping[str, Changed], policy: Policy) -> _Read:
    """Give what is kept with its changes: of what is kept as one, without putting both together."""
    store, framed = way.store, way.framed
    assert store is not None
    tables = cache(partial(with_changes, way.wanted, kept, changes, Spool(way.shards, store)))
    if framed is None:
        return _Read(
            lambda: frames_of(tables(), policy),
            tables,
            lambda: store.keep(replace(kept, read_at=way.read_at, tables=tables())),
        )
    return _Read(
        lambda: patched(*framed.taken(), changes, policy),
        tables,
        lambda: store.keep_changes(kept, way.read_at, changes),
    )
