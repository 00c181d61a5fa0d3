"""Which objects and fields do facts and rules need, and what does the org say in them?

Only what some fact or rule reads is asked for. What the org lacks is noted, not guessed: rules that
need it cannot judge. With a store only what changed since the last reading is asked for, and the
snapshot is the same as if everything had been read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pandas as pd

from sfsync.columns import Mask
from sfsync.errors import ReserveKept
from sfsync.extract.frames import frames_of
from sfsync.extract.reading import read_changes, read_whole
from sfsync.extract.wanted import Wanted, shape_of, wanted_of
from sfsync.facts import Look
from sfsync.model import OwnWrite, PreviousPass
from sfsync.org import LAG, OrgReader, reading_calls, told
from sfsync.policy import Policy
from sfsync.snapshot import MODIFIED, Snapshot, own_writes_of, with_previous
from sfsync.store import Kept, Shards, Store


@dataclass(frozen=True, slots=True)
class Approach:
    """How an org is going to be read: all of it (`kept` is None), or what changed since.

    `calls` estimates the requests that it takes; the share `reserve` of the day's is left to
    others, and `at_once` objects are read beside each other. `read_at` is the org's clock before
    reading. What is read is kept in the `store`.
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


def approach(
    org: OrgReader,
    policy: Policy,
    read_at: datetime,
    store: Store | None = None,
    *,
    whole_since: datetime | None = None,
    columns: Mapping[str, Sequence[str]] | None = None,
) -> Approach:
    """Decide how to read: what changed, where a store holds the rest, else all. What is read is
    what facts and rules need, or the `columns` named by object.

    All is also read where the store was last read whole before `whole_since`, and where the org's
    clock `read_at` is behind the store's: that is another timeline. Raises Stopped where the org
    cannot spare the API calls, OrgUnavailable or OrgRefused from the door.
    """
    wanted, missing = wanted_of(org, policy, columns)
    shape = shape_of(wanted, org.user_id)
    kept = store.load(shape) if store is not None else None
    if kept is not None:
        is_old = whole_since is not None and kept.whole_at < whole_since
        if is_old or read_at < kept.read_at:
            kept = None
    reserve = policy.limits.api_reserve
    at_once = policy.reading.at_once
    calls = len(wanted)
    changes = Approach(wanted, missing, shape, read_at, kept, {}, calls, reserve, at_once, store)
    way = changes if kept is not None else _whole(org, changes)
    _check_spared(org, way)
    return way


def _whole(org: OrgReader, way: Approach) -> Approach:
    counts = org.counts([each.object for each in way.wanted])
    calls = sum(reading_calls(counts.get(each.object, 0)) for each in way.wanted)
    return replace(way, kept=None, counts=counts, calls=calls)


def _check_spared(org: OrgReader, way: Approach) -> None:
    budget = org.budget()
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
    tables = _tables(org, way)
    frames = frames_of(tables, policy)
    for object_name in policy.machines:
        if object_name in frames:
            frames[object_name] = with_previous(frames[object_name], object_name, previous)
    own = {
        name: own_writes_of(name, frames[name].index, own_writes)
        for name in policy.machines
        if name in frames
    }
    references = {
        name: {spec.name: spec.to for spec in fields.values() if spec.to and spec.to in frames}
        for name, fields in policy.objects.items()
    }
    when = previous.now if previous else None
    recent = _recent(frames, references, way.read_at - LAG)
    snapshot = Snapshot(
        now, org.zone, org.id, org.user_id, frames, references, way.missing, when, own, recent
    )
    return in_the_loop(snapshot, policy)


def _tables(org: OrgReader, way: Approach) -> Mapping[str, Shards]:
    tables: Mapping[str, Shards] | None = None
    whole_at = way.read_at
    if way.kept is not None:
        tables = read_changes(org, way.wanted, way.kept, way.reserve, way.at_once)
        whole_at = way.kept.whole_at
    if tables is None:
        if way.kept is not None:
            # So much was moved about: now it takes more calls than were asked for.
            way, whole_at = _whole(org, way), way.read_at
            _check_spared(org, way)
        tables = read_whole(org, way.wanted, way.counts, way.reserve, way.at_once)
    if way.store is not None:
        way.store.keep(Kept(way.shape, way.read_at, whole_at, tables))
    return tables


def _recent(
    frames: Mapping[str, pd.DataFrame],
    references: Mapping[str, Mapping[str, str]],
    since: datetime,
) -> dict[str, pd.DataFrame]:
    """Pick what changed after `since`, with the Ids of the records that it leads to."""
    instant = np.datetime64(since.replace(tzinfo=None), "s")
    found = {}
    for name, frame in frames.items():
        if MODIFIED not in frame:
            continue
        stamps = frame[MODIFIED].to_numpy()
        lately = np.flatnonzero(stamps > instant)
        leads = {
            column: [
                frames[to].index[code] if code >= 0 else None
                for code in frame[column].to_numpy()[lately]
            ]
            for column, to in references.get(name, {}).items()
            if column in frame
        }
        found[name] = pd.DataFrame({MODIFIED: stamps[lately], **leads}, index=frame.index[lately])
    return found


def in_the_loop(snapshot: Snapshot, policy: Policy) -> Snapshot:
    """Leave out what `config/` leaves out, and what was created later than `now`.

    Tasks alone stay whenever they were created: their instant is never later than now (spec,
    section 3).
    """
    look = Look(snapshot, policy)
    kept: dict[str, Mask] = {}
    for object_name, frame in snapshot.frames.items():
        stays = np.ones(len(frame), dtype=bool)
        if "created" in frame and object_name != "Task":
            stays &= ~(frame["created"].to_numpy() > snapshot.instant)
        out = policy.leave_out.get(object_name)
        if out is not None:
            stays &= ~out.truth(look.on(object_name)).holds
        kept[object_name] = stays
    if all(mask.all() for mask in kept.values()):
        return snapshot
    return snapshot.only(kept)
