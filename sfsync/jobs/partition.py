"""How is one partition of a large org judged, wherever that is done?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa

from sfsync.extract import Origin, snapshot_of
from sfsync.facts import Look
from sfsync.jobs.judged import Judged, Terms, in_words, judged
from sfsync.jobs.stakes import Key
from sfsync.journal import Review
from sfsync.model import OwnWrite, PreviousPass
from sfsync.policy import Policy
from sfsync.store import Filed, Table, let_tables_go
from sfsync.typed import ID

# The columns beside the Id of what a pass left.
OBJECT, STATE = "object", "state"


@dataclass(frozen=True, slots=True)
class Common:
    """What all partitions of a pass have in common."""

    policy: Policy
    origin: Origin
    terms: Terms


@dataclass(frozen=True, slots=True)
class Part:
    """One partition, as it is sent to where it is judged: values, and the names of files.

    `tables` holds for each object the files of its shard, `guests` those with rows of other
    partitions that its records are compared with. `previous` is the `now` of the last pass, None
    where there was none, and `states` the file of what it left of these records (object, Id,
    state); `own_writes`, `reviews` and `told` (see `in_words`) are of these records too.
    """

    number: int
    common: Common
    tables: Mapping[str, tuple[Filed, ...]]
    guests: Mapping[str, tuple[Filed, ...]] = field(default_factory=dict)
    previous: datetime | None = None
    states: Filed | None = None
    own_writes: tuple[OwnWrite, ...] = ()
    reviews: tuple[Review, ...] = ()
    told: tuple[Key, ...] = ()


def judge_part(part: Part) -> Judged:
    """Judge one partition: read its files, and nothing else.

    Raises CircleError where rules contradict each other, Stopped where a file cannot be read.
    """
    let_tables_go()
    common = part.common
    snapshot = snapshot_of(
        part.tables,
        common.policy,
        common.origin,
        _previous(part),
        part.own_writes,
        {name: _together(files) for name, files in part.guests.items()},
    )
    look = Look(snapshot, common.policy)
    return in_words(judged(look, common.terms, part.reviews), part.told)


def _previous(part: Part) -> PreviousPass | None:
    if part.previous is None:
        return None
    states: dict[str, dict[str, str | None]] = {}
    if part.states is not None:
        table = part.states.read()
        columns = (table[name].to_pylist() for name in (OBJECT, ID, STATE))
        for name, id, state in zip(*columns, strict=True):
            states.setdefault(name, {})[id] = state
    return PreviousPass(part.previous, states)


def _together(files: tuple[Filed, ...]) -> Table:
    return pa.concat_tables([each.read() for each in files], promote_options="default")
