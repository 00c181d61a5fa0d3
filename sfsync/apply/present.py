"""What does the org hold now of the records that changes touch and rest on?"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from sfsync.model import Change, Value, Watch
from sfsync.org import OrgReader
from sfsync.org.soql import condition

STAMP_FIELD = "SystemModstamp"
# So many Ids fit into one statement.
_IDS_AT_ONCE = 200

Row = Mapping[str, Value]
Present = Mapping[tuple[str, str], Row]


def read_present(changes: Sequence[Change], org: OrgReader) -> Present:
    """Read the fields that are about to change, and the stamps of all that the changes rest on.

    Rows by (object, id), with SystemModstamp where the org has it; what is gone is absent. Raises
    OrgUnavailable or OrgRefused where it cannot be read.
    """
    present: dict[tuple[str, str], Row] = {}
    touched = {(change.object, change.id) for change in changes}
    evidence: dict[str, set[str]] = defaultdict(set)
    for change in changes:
        for stamp in change.rests_on:
            if (stamp.object, stamp.id) not in touched:
                evidence[stamp.object].add(stamp.id)
    for object, ids in sorted(evidence.items()):
        if org.fields(object) is not None:
            present |= _rows(org, object, ids, ())
    # Last, so that the least time passes between reading these and writing them.
    for object, same in sorted(_by_object(changes).items()):
        fields = {name for change in same for name in change.fields}
        present |= _rows(org, object, {change.id for change in same}, fields)
    return present


def read_stirred(
    changes: Sequence[Change], org: OrgReader, read_at: datetime
) -> dict[tuple[str, str], str]:
    """Find the changes whose watched records came or changed after `read_at`: why, by (object, id).

    Raises OrgUnavailable or OrgRefused where it cannot be read.
    """
    wanted: dict[Watch, list[Change]] = defaultdict(list)
    for change in changes:
        for watch in change.watches:
            wanted[watch].append(change)
    found: dict[tuple[str, str], str] = {}
    for watch, same in sorted(wanted.items()):
        if STAMP_FIELD not in (org.fields(watch.object) or {}):
            continue
        for row in _later(watch, [change.id for change in same], org, read_at):
            key = (same[0].object, str(row[watch.field]))
            found[key] = f"{watch.object} {row['Id']} came or changed since the plan was read"
    return found


def _later(
    watch: Watch, ids: Sequence[str], org: OrgReader, read_at: datetime
) -> Iterator[Mapping[str, Value]]:
    since = f"{read_at:%Y-%m-%dT%H:%M:%SZ}"
    for first in range(0, len(ids), _IDS_AT_ONCE):
        text = f"{watch.field} IN {{}} AND {STAMP_FIELD} > {{:literal}}"
        where = condition(text, ids[first : first + _IDS_AT_ONCE], since)
        for page in org.pages(watch.object, ["Id", watch.field], archived=True, where=where):
            yield from page


def read_touched(changes: Sequence[Change], org: OrgReader) -> Present:
    """Read the fields that were sent, as far as the org still has them; rows by (object, id).

    A record that is gone is absent, so is one of an object that is gone; a field that is gone is
    not in its row. Raises OrgUnavailable or OrgRefused where it cannot be read.
    """
    present: dict[tuple[str, str], Row] = {}
    for object, same in sorted(_by_object(changes).items()):
        known = org.fields(object)
        if known is not None:
            fields = {name for change in same for name in change.fields if name in known}
            present |= _rows(org, object, {change.id for change in same}, fields)
    return present


def _by_object(changes: Sequence[Change]) -> dict[str, list[Change]]:
    grouped: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        grouped[change.object].append(change)
    return grouped


def _rows(
    org: OrgReader, object: str, ids: set[str], fields: set[str] | tuple[()]
) -> dict[tuple[str, str], Row]:
    known = org.fields(object) or {}
    always = {"Id", STAMP_FIELD} & known.keys() or {"Id"}
    rows = org.records(object, sorted(ids), sorted(always.union(fields)))
    return {(object, id): row for id, row in rows.items()}
