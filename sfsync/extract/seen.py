"""How do tables become what one pass sees of an org, or of one partition of it?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from sfsync.columns import Mask
from sfsync.extract.frames import frames_of
from sfsync.facts import Look
from sfsync.model import OwnWrite, PreviousPass
from sfsync.org import LAG
from sfsync.policy import Policy
from sfsync.rules.words import tested
from sfsync.snapshot import MODIFIED, Snapshot, own_writes_of, with_previous
from sfsync.store import Shards, Table, table_of
from sfsync.typed import ID


@dataclass(frozen=True, slots=True)
class Origin:
    """Where tables come from: the org, what it lacks, when it was read, and the moment judged."""

    now: datetime
    read_at: datetime
    zone: str
    org: str
    user_id: str
    missing: frozenset[str]


def snapshot_of(
    tables: Mapping[str, Shards],
    policy: Policy,
    origin: Origin,
    previous: PreviousPass | None = None,
    own_writes: Sequence[OwnWrite] = (),
    guests: Mapping[str, Table] | None = None,
) -> Snapshot:
    """Make the snapshot of what is in some shards: all of an org, or one partition of it, with the
    `guests` of other partitions that its records are compared with; None: it is all of the org.
    """
    frames, elsewhere = _frames(tables, policy, origin, guests)
    snapshot = snapshot_from(frames, policy, origin, previous, own_writes)
    here = {
        name: np.asarray(frames[name].index.isin(table[ID].to_pylist()))
        for name, table in (guests or {}).items()
        if name in frames
    }
    return in_the_loop(replace(snapshot, guests=here), policy, elsewhere)


def snapshot_from(
    frames: Mapping[str, pd.DataFrame],
    policy: Policy,
    origin: Origin,
    previous: PreviousPass | None,
    own_writes: Sequence[OwnWrite],
) -> Snapshot:
    """Make the snapshot of frames, with what is out of the loop."""
    frames = {**frames}
    for object_name in policy.machines:
        if object_name in frames:
            frames[object_name] = with_previous(frames[object_name], object_name, previous)
    own = {
        name: own_writes_of(name, frames[name].index, own_writes)
        for name in policy.machines
        if name in frames
    }
    references = _references(frames, policy)
    return Snapshot(
        now=origin.now,
        zone=origin.zone,
        org=origin.org,
        user_id=origin.user_id,
        frames=frames,
        references=references,
        missing=origin.missing,
        previous=previous.now if previous else None,
        own_writes=own,
        recent=_recent(frames, references, origin.read_at - LAG),
    )


def _frames(
    tables: Mapping[str, Shards],
    policy: Policy,
    origin: Origin,
    guests: Mapping[str, Table] | None,
) -> tuple[dict[str, pd.DataFrame], dict[str, pa.Array]]:
    """Make the frames of shards and guests, and say what of each object is elsewhere."""
    met = {
        name: (*_as_guests(name, shards, guests or {}), *shards) for name, shards in tables.items()
    }
    elsewhere = {} if guests is None else dict(_elsewhere(met, policy, origin))
    named = {
        name: (*met.get(name, ()), *_named_alone(ids, met.get(name)))
        for name, ids in elsewhere.items()
    }
    return frames_of({**met, **named}, policy), elsewhere


def _references(frames: Mapping[str, pd.DataFrame], policy: Policy) -> dict[str, dict[str, str]]:
    """Say, per object, which columns refer to which object that is there."""
    return {
        name: {spec.name: spec.to for spec in fields.values() if spec.to and spec.to in frames}
        for name, fields in policy.objects.items()
    }


def _elsewhere(
    tables: Mapping[str, Shards], policy: Policy, origin: Origin
) -> Iterator[tuple[str, pa.Array]]:
    """Yield, by object, the Ids of records that are in other partitions, where `leave_out` asks
    whether something leads to them.
    """
    found: dict[str, list[pa.ChunkedArray]] = {}
    for name, condition in policy.leave_out.items():
        for column in sorted({*tested(condition)} if name in tables else ()):
            to = policy.objects[name][column].to
            if to is not None and to not in origin.missing:
                asked = (table_of(each) for each in tables[name])
                found.setdefault(to, []).extend(
                    each[column] for each in asked if column in each.column_names
                )
    for to, columns in found.items():
        chunks = [chunk for each in columns for chunk in each.chunks]
        ids = pa.chunked_array(chunks, pa.string()).unique().drop_null()
        for each in tables.get(to, ()):
            there = table_of(each, [ID])[ID].combine_chunks()
            ids = ids.filter(pc.invert(pc.is_in(ids, value_set=there)))
        yield to, ids


def _named_alone(ids: pa.Array, shards: Shards | None) -> tuple[Table, ...]:
    table = pa.table({ID: ids})
    return _filled_up(table, shards) if shards else (table,)


def _as_guests(name: str, shards: Shards, guests: Mapping[str, Table]) -> tuple[Table, ...]:
    """Return the guests of one object with all its columns: of guests only some are known."""
    if name not in guests:
        return ()
    return _filled_up(guests[name], shards)


def _filled_up(table: Table, shards: Shards) -> tuple[Table, ...]:
    """Give a table the columns that it lacks of these shards."""
    schema = table_of(shards[0]).schema
    columns = [
        table[field.name] if field.name in table.column_names else pa.nulls(len(table), field.type)
        for field in schema
    ]
    return (pa.table(columns, schema=schema),)


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


def in_the_loop(
    snapshot: Snapshot, policy: Policy, elsewhere: Mapping[str, pa.Array] | None = None
) -> Snapshot:
    """Leave out what `config/` leaves out, what was created later than `now`, and the records that
    are `elsewhere` (Ids by object), of which nothing but that is known.

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
            stays &= ~out.holds(look.on(object_name))
        if elsewhere and object_name in elsewhere:
            stays &= ~frame.index.isin(elsewhere[object_name].to_pylist())
        kept[object_name] = stays
    if all(mask.all() for mask in kept.values()):
        return snapshot
    return snapshot.only(kept)
