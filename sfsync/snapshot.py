"""What did the org say at one instant?

A snapshot holds one frame an object, indexed by record Id and sorted by it, with a column for each
name that `config/` gives a field. Dtypes: text `str`, or `category` where most are the same or
null; picklist `category`, number `float64`, flag `bool`, date `datetime64[s]` (midnight of the
calendar day, no zone), instant `datetime64[s]` (UTC), reference `int8` to `int32` (position in the
other object's frame, -1 for none; the smallest type that holds all positions). Ids and picklists
become codes here, once, so that nothing later compares or groups strings.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
import pandas as pd
import pyarrow as pa

from sfsync.calendar import day_of
from sfsync.columns import Array, Mask, position_dtype
from sfsync.model import OwnWrite, PreviousPass
from sfsync.places import Places

PREVIOUS_STATE = "previous_state"
MODIFIED = "modified"
WAS_READ = "was_read"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that one pass read. `now` is aware UTC in whole seconds, `zone` the org's IANA time zone.

    In `frames` objects come after those that they refer to.
    `references` says, per object, which columns refer to which object. `missing` names the objects
    and the columns (`Account.status`) that the org lacks. `previous` is the `now` of the last
    finished run, `own_writes` holds, per object, what the service wrote itself: record (int32
    position), value (category), sent (datetime64[s]). `recent` holds, per object, what changed
    shortly before it was read, also what is left out of the loop: indexed by Id, `modified`
    (datetime64[s]), and per reference the Id that it leads to (object, None for none). `guests`
    tells, for some objects, which rows are only there for others to be compared with: where an org
    is judged in partitions, these are judged in another one.
    """

    now: datetime
    zone: str
    org: str
    user_id: str
    frames: Mapping[str, pd.DataFrame]
    references: Mapping[str, Mapping[str, str]]
    missing: frozenset[str] = frozenset()
    previous: datetime | None = None
    own_writes: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    recent: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    guests: Mapping[str, Mask] = field(default_factory=dict)

    @property
    def instant(self) -> np.datetime64:
        """`now` as datetime64[s], UTC."""
        return np.datetime64(self.now.replace(tzinfo=None), "s")

    @property
    def today(self) -> np.datetime64:
        """The calendar date of `now` in the org's zone, datetime64[D]."""
        return day_of(np.array([self.instant]), self.zone)[0]  # type: ignore[no-any-return]

    def position(self, object_name: str, record_id: str) -> int | None:
        """Return where a record stands in its frame, or None."""
        frame = self.frames.get(object_name)
        if frame is None or record_id not in frame.index:
            return None
        return int(frame.index.get_indexer(pd.Index([record_id]))[0])

    def only(self, kept: Mapping[str, Mask]) -> "Snapshot":
        """Return the snapshot of some records and all that belongs to them.

        `kept` has a mask for some objects. Rows of the other objects stay where one of their
        references leads to a row that stays; objects that refer to none of them (users) stay whole.
        """
        narrowed: dict[str, Mask] = dict(kept)
        for name, frame in self.frames.items():
            mine = None if name in kept else self._belonging(name, frame, narrowed)
            if mine is not None:
                narrowed[name] = mine
        whole = {name: np.ones(len(frame), dtype=bool) for name, frame in self.frames.items()}
        masks = whole | narrowed
        # Of most objects nothing asks where a row has gone, and in some all rows stay.
        asked = {to for links in self.references.values() for to in links.values()}
        asked |= self.own_writes.keys()
        places = {
            name: _new_rows(mask)
            for name, mask in masks.items()
            if name in asked and not mask.all()
        }
        frames = {
            name: self._recoded(name, frame[masks[name]], places)
            for name, frame in self.frames.items()
        }
        own = {
            name: _kept_writes(writes, places[name]) if name in places else writes
            for name, writes in self.own_writes.items()
            if name in masks
        }
        guests = {name: guest[masks[name]] for name, guest in self.guests.items()}
        return replace(self, frames=frames, own_writes=own, guests=guests)

    def _belonging(
        self, name: str, frame: pd.DataFrame, narrowed: Mapping[str, Mask]
    ) -> Mask | None:
        """Say which rows lead to a row that stays; None where none could."""
        ties = [
            (column, to)
            for column, to in self.references.get(name, {}).items()
            if to in narrowed and column in frame
        ]
        if not ties:
            return None
        stays = np.zeros(len(frame), dtype=bool)
        for column, to in ties:
            codes = frame[column].to_numpy()
            stays |= (codes >= 0) & np.append(narrowed[to], False)[codes]
        return stays

    def _recoded(self, name: str, frame: pd.DataFrame, places: Mapping[str, Array]) -> pd.DataFrame:
        coded = {
            column: np.append(places[to], places[to].dtype.type(-1))[frame[column].to_numpy()]
            for column, to in self.references.get(name, {}).items()
            if to in places and column in frame
        }
        return frame.assign(**coded)


def _new_rows(kept: Mask) -> Array:
    """Return where each row is once only some are kept, -1 where it is not."""
    size = int(np.count_nonzero(kept))
    rows = np.full(len(kept), -1, dtype=position_dtype(size))
    rows[kept] = np.arange(size)
    return rows


def _kept_writes(writes: pd.DataFrame, places: Array) -> pd.DataFrame:
    moved = writes.assign(record=places[writes["record"].to_numpy()].astype("int32"))
    return moved[moved["record"] >= 0].reset_index(drop=True)


def with_previous(
    frame: pd.DataFrame, object_name: str, previous: PreviousPass | None
) -> pd.DataFrame:
    """Add what the last finished run left: `previous_state` (category, null: none) and `was_read`
    (bool).
    """
    mine = previous.states.get(object_name, {}) if previous else {}
    places = Places(pa.array([*mine], pa.string())).of(frame.index)
    known = pd.Categorical(list(mine.values()))
    codes = np.append(known.codes, known.codes.dtype.type(-1))
    left = frame.copy(deep=False)
    left[PREVIOUS_STATE] = pd.Categorical.from_codes(codes[places], known.categories)
    left[WAS_READ] = places >= 0
    return left


def own_writes_of(object_name: str, index: pd.Index, writes: Iterable[OwnWrite]) -> pd.DataFrame:
    """Put the service's own writes of one object's state into a frame: record, value, sent."""
    mine = [write for write in writes if write.object == object_name]
    frame = pd.DataFrame(
        {
            "record": Places(index).of(pa.array([write.id for write in mine], pa.string())),
            "value": pd.Categorical([write.value for write in mine]),
            "sent": np.array(
                [write.sent_at.replace(tzinfo=None) for write in mine], dtype="datetime64[s]"
            ),
        }
    )
    return frame[frame["record"] >= 0].reset_index(drop=True)
