"""How do tables become what one pass sees of an org, or of one partition of it?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
import pyarrow as pa

from sfsync.columns import Mask
from sfsync.extract.frames import frames_of
from sfsync.facts import Look
from sfsync.model import OwnWrite, PreviousPass
from sfsync.org import LAG
from sfsync.policy import Policy
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
    `guests` of other partitions that its records are compared with.
    """
    guests = guests or {}
    together = {
        name: (*shards, *_as_guests(name, shards, guests)) for name, shards in tables.items()
    }
    frames = frames_of(together, policy)
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
    snapshot = Snapshot(
        now=origin.now,
        zone=origin.zone,
        org=origin.org,
        user_id=origin.user_id,
        frames=frames,
        references=references,
        missing=origin.missing,
        previous=when,
        own_writes=own,
        recent=_recent(frames, references, origin.read_at - LAG),
        guests={
            name: np.asarray(frames[name].index.isin(table[ID].to_pylist()))
            for name, table in guests.items()
            if name in frames
        },
    )
    return in_the_loop(snapshot, policy)


def _as_guests(name: str, shards: Shards, guests: Mapping[str, Table]) -> tuple[Table, ...]:
    """Return the guests of one object with all its columns: of guests only some are known."""
    if name not in guests:
        return ()
    schema, table = table_of(shards[0]).schema, guests[name]
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
