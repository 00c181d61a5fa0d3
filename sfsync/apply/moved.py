"""Which of many changes rest on something that may have moved since the plan was read?

Thousands of records are not looked at one by one: the org is asked what changed since. Whatever
changed is then looked at as the changes of a small batch are; the rest stands as it was read.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from sfsync.apply.present import Key, Row
from sfsync.model import STAMP_FIELD, Change, same_value, to_iso
from sfsync.org import LAG, OrgReader
from sfsync.org.soql import condition

if TYPE_CHECKING:
    import pyarrow as pa

_DELETED = "IsDeleted"
_ROWS_AT_ONCE = 10_000


@dataclass(slots=True)
class _Resting:
    """What changes rest on: the stamp of each record as it was read, which changes rest on it, and
    the fields by which watched objects lead to them.
    """

    stamps: dict[Key, str | None] = field(default_factory=dict)
    changes: dict[Key, set[Key]] = field(default_factory=lambda: defaultdict(set))
    watched: dict[str, set[tuple[str, str]]] = field(default_factory=lambda: defaultdict(set))


def moved_since(
    changes: Sequence[Change], org: OrgReader, read_at: datetime, written: Collection[Key]
) -> set[Key]:
    """Name the changed records, as (object, id), that may not be written without a closer look.

    That is where the record or its evidence changed since the plan was read, or where a record that
    it watches came or changed; and where no stamp could tell. `written` are the records that this
    run itself has changed before. What was deleted since and has left the recycle bin as well is
    not seen. Raises OrgUnavailable or OrgRefused where the org cannot be read.
    """
    resting = _resting(changes)
    stamped = {object for object, _ in resting.stamps}
    own = {change.object for change in changes}
    unstamped = (record for record, stamp in resting.stamps.items() if stamp is None)
    moved = {key for record in unstamped for key in resting.changes[record]}
    # The records themselves are asked for last: the least time passes until they are written.
    for object in sorted(stamped | resting.watched.keys(), key=lambda name: (name in own, name)):
        known = org.fields(object) or {}
        if STAMP_FIELD in known:
            fields = {STAMP_FIELD, *(leads for leads, _ in resting.watched.get(object, ()))}
            fields |= {_DELETED} & known.keys()
            for row in _changed(org, object, sorted(fields), read_at - LAG):
                if (object, str(row["Id"])) not in written:
                    moved |= _moved_by(object, row, resting)
        else:
            keys = (record for record in resting.stamps if record[0] == object)
            moved.update(key for record in keys for key in resting.changes[record])
    return moved & {(change.object, change.id) for change in changes}


def _resting(changes: Sequence[Change]) -> _Resting:
    resting = _Resting()
    for change in changes:
        key = (change.object, change.id)
        resting.stamps.setdefault(key, None)
        resting.changes[key].add(key)
        for stamp in change.rests_on:
            record = (stamp.object, stamp.id)
            resting.stamps[record] = stamp.modified
            resting.changes[record].add(key)
        for watch in change.watches:
            resting.watched[watch.object].add((watch.field, change.object))
    return resting


def _changed(
    org: OrgReader, object: str, fields: Sequence[str], since: datetime
) -> Iterator[Mapping[str, str | None]]:
    where = condition(f"{STAMP_FIELD} >= {{:literal}}", to_iso(since))
    for table in org.tables(object, fields, archived=True, where=where):
        yield from _each_row(table)


def _each_row(table: "pa.Table") -> Iterator[Mapping[str, str | None]]:
    for piece in table.to_batches(max_chunksize=_ROWS_AT_ONCE):
        yield from piece.to_pylist()


def _moved_by(object: str, row: Row, resting: _Resting) -> set[Key]:
    """Name the changes that a record which changed lately may overturn: none where it is as it was
    read.
    """
    record = (object, str(row["Id"]))
    if row.get(_DELETED) != "true" and same_value(resting.stamps.get(record), row[STAMP_FIELD]):
        return set()
    watching = {(to, str(row[leads])) for leads, to in resting.watched.get(object, ())}
    return watching | resting.changes.get(record, set())
