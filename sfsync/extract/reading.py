"""What does the org say: read afresh, or as it was read before with what changed since?

Changed records are found by their stamps, a little more than since the last reading: a transaction
bears the moment at which it began. Deleted ones are among them; those that belonged to a deleted,
merged or moved record are read again, since the platform does not promise to stamp them.
"""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from sfsync.errors import ConfigError
from sfsync.extract.records import DELETED, empty_table, pieces_of, read_records
from sfsync.extract.shards import merged, spread
from sfsync.extract.spool import Spool, wanted_places
from sfsync.extract.wanted import ACCOUNT, ACTIVITIES, CREATED, Wanted
from sfsync.model import to_iso
from sfsync.org import LAG, OrgReader, keep_reserve
from sfsync.org.abreast import abreast
from sfsync.org.soql import condition
from sfsync.store import Changed, Kept, Shards, table_of
from sfsync.store.changes import union_of
from sfsync.store.order import in_order
from sfsync.typed import ID

logger = logging.getLogger(__name__)

MOST_UPROOTED = 2_000
_IDS_AT_ONCE = 200
_MASTER = "MasterRecordId"
_NO_IDS = pa.array([], pa.string())


@dataclass(frozen=True, slots=True)
class _Found:
    """What an object's first question found: its changed records, the Ids of those that are gone
    and of what these were merged into.
    """

    changed: pa.Table
    deleted: pa.Array
    masters: pa.Array


def read_whole(
    org: OrgReader,
    wanted: Sequence[Wanted],
    counts: Mapping[str, int],
    reserve: float,
    at_once: int,
    into: Spool,
) -> dict[str, Shards]:
    """Read all that is wanted, `at_once` objects beside each other; `counts` tells about how many
    records there are of each.

    Where it is read `into` several shards, what comes goes to their files piece by piece. Raises
    ConfigError with all values that are not of their field's type; OrgUnavailable or OrgRefused
    from the door; Stopped where only the share `reserve` of the day's API calls is left.
    """
    if into.count > 1:
        return _read_in_shards(org, wanted, counts, reserve, into)
    problems: list[list[str]] = [[] for _ in wanted]

    def read(each: Wanted, told: list[str]) -> pa.Table:
        keep_reserve(org, reserve)
        expected = counts.get(each.object, 0)
        return read_records(org, each, each.where, told, expected=expected)

    works = [partial(read, each, told) for each, told in zip(wanted, problems, strict=True)]
    found = abreast(works, at_once)
    tables: dict[str, Shards] = {
        each.object: (table,) for each, table in zip(wanted, found, strict=True)
    }
    _raise_told(problems)
    return tables


def _read_in_shards(
    org: OrgReader,
    wanted: Sequence[Wanted],
    counts: Mapping[str, int],
    reserve: float,
    into: Spool,
) -> dict[str, Shards]:
    """Read object after object: where its pieces belong, those before it tell."""
    problems: list[str] = []
    tables: dict[str, Shards] = {}
    for each in wanted:
        keep_reserve(org, reserve)
        expected = counts.get(each.object, 0)
        pieces = pieces_of(org, each, each.where, problems, expected=expected)
        tables[each.object] = into.spooled(pieces, each, wanted_places(each, tables))
    _raise_told([problems])
    return tables


def read_changes(
    org: OrgReader, wanted: Sequence[Wanted], kept: Kept, reserve: float, at_once: int
) -> dict[str, Changed] | None:
    """Read what changed of each object since the kept tables were read.

    What changed is asked of `at_once` objects beside each other; what belonged to uprooted records
    after that, object by object. None where so much was moved about that all is better read afresh.
    Raises as `read_whole`.
    """
    roots = {to for each in wanted for _, to in each.parents}
    changes = _Changes(org, kept, roots, reserve, at_once)
    works = [partial(changes.first, each) for each in wanted]
    for each, found in zip(wanted, abreast(works, at_once), strict=True):
        changes.take(each, found)
        if changes.uprooted_count > MOST_UPROOTED:
            return None
    _raise_told([told for each in wanted for told in changes.problems[each.object]])
    return changes.found


def with_changes(
    wanted: Sequence[Wanted], kept: Kept, changes: Mapping[str, Changed], into: Spool
) -> dict[str, Shards]:
    """Put what changed into the kept tables; those that stay as they were are the very same, and of
    several shards those that changed are written anew. Raises Stopped where that cannot be.
    """
    tables: dict[str, Shards] = {}
    for each in wanted:
        old, changed = kept.tables[each.object], changes[each.object]
        is_alone, fresh = len(old) == 1, changed.fresh
        places = {} if is_alone or not len(fresh) else wanted_places(each, tables)
        shards = [*old]
        for number, table in merged(old, changed.gone, spread(fresh, each, places, len(old))):
            shards[number] = table if is_alone else into.filed(each.object, number, table)
        tables[each.object] = tuple(shards)
    return tables


def _raise_told(problems: Sequence[Sequence[str]]) -> None:
    told = [problem for each in problems for problem in each]
    if told:
        raise ConfigError(told)


@dataclass(slots=True)
class _Changes:
    """What was found so far: what changed of some objects, and the records that others belonged to
    and may no longer.
    """

    org: OrgReader
    kept: Kept
    roots: Collection[str]
    reserve: float
    at_once: int
    found: dict[str, Changed] = field(default_factory=dict)
    uprooted: dict[str, pa.Array] = field(default_factory=dict)
    problems: dict[str, list[list[str]]] = field(default_factory=dict)

    @property
    def since(self) -> datetime:
        return self.kept.read_at - LAG

    @property
    def uprooted_count(self) -> int:
        return sum(len(ids) for ids in self.uprooted.values())

    def first(self, each: Wanted) -> _Found:
        """Read what changed of an object, whatever became of the others."""
        keep_reserve(self.org, self.reserve)
        told: list[str] = []
        self.problems[each.object] = [told]
        if each.stamp is not None:
            return self._since(each, each.stamp, told)
        # All is read, and what went or moved away is seen by comparing.
        changed = read_records(self.org, each, each.where, told)
        kept = self._kept_ids(each)
        return _Found(changed, kept.filter(_not_in(kept, changed[ID])), _NO_IDS)

    def take(self, each: Wanted, found: _Found) -> None:
        """Read what belonged to uprooted records, and put together what changed of the object."""
        old = self.kept.tables[each.object]
        changed, deleted, masters = found.changed, found.deleted, found.masters
        if each.stamp is None:
            again, left = empty_table(each), self._kept_ids(each)
        else:
            again, left = self._of_uprooted(each, old)
        if each.object not in ACTIVITIES:
            moved = _moved(each, old, changed, self.since)
            self._uproot(each, union_of(deleted, masters, moved), (*old, changed))
        fresh = in_order(pa.concat_tables([changed, again]))
        gone = union_of(deleted, left, fresh[ID])
        logger.info("%s: %d records read, %d gone", each.object, len(fresh), len(deleted))
        self.found[each.object] = Changed(gone, fresh)

    def _kept_ids(self, each: Wanted) -> pa.Array:
        return union_of(*(table_of(shard, [ID])[ID] for shard in self.kept.tables[each.object]))

    def _uproot(self, each: Wanted, ids: pa.Array, readings: Shards) -> None:
        """Note what lost its place, and the accounts that it was and is in: activities may lead to
        them by way of it.
        """
        if each.object in self.roots:
            self.uprooted[each.object] = ids
        for column, to in each.parents:
            if to == ACCOUNT and len(ids):
                tables = (table_of(each, [ID, column]) for each in readings)
                theirs = [t[column].filter(pc.is_in(t[ID], value_set=ids)) for t in tables]
                accounts = union_of(self.uprooted.get(ACCOUNT, _NO_IDS), *theirs)
                self.uprooted[ACCOUNT] = accounts.drop_null()

    def _since(self, each: Wanted, stamp: str, told: list[str]) -> _Found:
        """Read the records stamped since."""
        since = condition(f"{stamp} >= {{:literal}}", to_iso(self.since))
        where = _both(each.where, since)
        extra = [DELETED] if each.deletable else []
        if _MASTER in (self.org.fields(each.object) or {}):
            extra.append(_MASTER)
        found = read_records(self.org, each, where, told, extra=extra)
        masters = found[_MASTER].drop_null() if _MASTER in extra else _NO_IDS
        ours = found.drop_columns(extra)
        if not each.deletable:
            return _Found(ours, _NO_IDS, masters)
        is_gone = pc.equal(found[DELETED], "true")
        return _Found(ours.filter(pc.invert(is_gone)), found[ID].filter(is_gone), masters)

    def _of_uprooted(self, each: Wanted, old: Shards) -> tuple[pa.Table, pa.Array]:
        """Read again what belongs to uprooted records, and name what belonged to them before."""
        asked: list[Callable[[], pa.Table]] = []
        left = _NO_IDS
        for column, to in each.parents:
            ids = self.uprooted.get(to, _NO_IDS)
            for first in range(0, len(ids), _IDS_AT_ONCE):
                some = ids[first : first + _IDS_AT_ONCE].to_pylist()
                where = _both(each.where, condition(f"{each.field_of(column)} IN {{}}", some))
                told: list[str] = []
                self.problems[each.object].append(told)
                asked.append(partial(read_records, self.org, each, where, told))
            if len(ids):
                tables = (table_of(shard, [ID, column]) for shard in old)
                theirs = [t[ID].filter(pc.is_in(t[column], value_set=ids)) for t in tables]
                left = union_of(left, *theirs)
        if asked:
            keep_reserve(self.org, self.reserve)
        return pa.concat_tables([empty_table(each), *abreast(asked, self.at_once)]), left


def _moved(each: Wanted, old: Shards, changed: pa.Table, since: datetime) -> pa.Array:
    """Return the Ids of the changed records that now belong elsewhere than before, or are back
    though they were not made since: restored, or shown again.
    """
    created = next((spec.name for spec in each.specs if spec.field == CREATED), None)
    columns = [ID, *(column for column, _ in each.parents)]
    ids = changed[ID].combine_chunks()
    tables = (table_of(shard, columns) for shard in old)
    hits = [t.filter(pc.is_in(t[ID], value_set=ids)) for t in tables]
    before = {row[ID]: row for t in hits for row in t.to_pylist()}
    rows = changed.select(columns).to_pylist()
    made = changed[created].to_pylist() if created else [None] * len(rows)
    moved = [
        row[ID]
        for row, born in zip(rows, made, strict=True)
        if before.get(row[ID], row) != row
        or (row[ID] not in before and born is not None and born < since.replace(tzinfo=None))
    ]
    return pa.array(moved, pa.string())


def _not_in(ids: pa.Array, others: pa.ChunkedArray) -> pa.Array:
    return pc.invert(pc.is_in(ids, value_set=others.combine_chunks()))


def _both(left: str, right: str) -> str:
    return f"({left}) AND ({right})" if left else right
