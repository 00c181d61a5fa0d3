"""What does the org hold now of the records that changes touch and rest on?"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sfsync.model import (
    ABOUT_FIELD,
    LABEL_FIELD,
    STAMP_FIELD,
    UNDO_CAUSE,
    Action,
    Change,
    Value,
    Watch,
    same_value,
    to_iso,
)
from sfsync.org import LAG, OrgReader, Question
from sfsync.org.soql import condition

# So many Ids fit into one condition.
_IDS_AT_ONCE = 2_000
_DELETED = "IsDeleted"

Key = tuple[str, str]
Row = Mapping[str, Value]
Present = Mapping[Key, Row]


@dataclass(frozen=True, slots=True)
class Sight:
    """What a look at the org shows, records being named as (object, id).

    `rows` holds the records that changes touch and rest on; what is gone is absent. `stirred` names
    for each record that is about to change the watched ones that came or changed since. `created`
    has the Id of each record that is to be created and is there.
    """

    rows: Present
    stirred: Mapping[Key, tuple[Key, ...]]
    created: Mapping[Key, str]


def look(changes: Sequence[Change], org: OrgReader, read_at: datetime) -> Sight:
    """Read the fields that are about to change, the stamps of all that the changes rest on, and
    which records that they watch came or changed after `read_at`; and look for those that are to be
    created.

    The records themselves are read last, so that the least time passes between reading and writing
    them. Rows have SystemModstamp where the org has it. Raises OrgUnavailable or OrgRefused where
    they cannot be read.
    """
    new = [change for change in changes if change.action is Action.CREATE]
    there = [change for change in changes if change.action is not Action.CREATE]
    watched = _watched(there, org, read_at)
    resting = [
        _by_id(org, object, ids, ())
        for object, ids in sorted(_evidence(changes).items())
        if org.fields(object) is not None
    ]
    touched = [
        _by_id(org, object, {change.id for change in same}, _fields(same))
        for object, same in sorted(_by_object(there).items())
    ]
    alike = _alike(new, org)
    asked = [question for _, question in watched] + resting + touched + alike
    answers = org.ask(asked) if asked else []
    first = len(asked) - len(alike)
    seen = {
        (change.object, change.id): {(each.object, each.id): each for each in change.rests_on}
        for change in changes
    }
    stirred: dict[Key, list[Key]] = defaultdict(list)
    for ((object, watch), _), found in zip(watched, answers, strict=False):
        for row in found:
            key, record = (object, str(row[watch.field])), (watch.object, str(row["Id"]))
            known = seen.get(key, {}).get(record)
            if known is None or not same_value(known.modified, row[STAMP_FIELD]):
                stirred[key].append(record)
    rows = _rows(asked[len(watched) : first], answers[len(watched) : first])
    created = _created(new, zip(alike, answers[first:], strict=True))
    return Sight(rows, {key: tuple(each) for key, each in stirred.items()}, created)


def find_created(changes: Sequence[Change], org: OrgReader) -> dict[Key, str]:
    """Find the records that were to be created, by what they are about and their subject; Ids by
    (object, key), absent are those that are not there.

    Archived ones are found, and those that somebody deleted since. Raises OrgUnavailable or
    OrgRefused where it cannot be read.
    """
    asked = _alike(changes, org)
    return _created(changes, zip(asked, org.ask(asked) if asked else (), strict=True))


def _alike(changes: Sequence[Change], org: OrgReader) -> list[Question]:
    """Ask for the records that are about what those to be created are about."""
    return [
        Question(
            object,
            ("Id", ABOUT_FIELD, LABEL_FIELD, *({_DELETED} & (org.fields(object) or {}).keys())),
            where=condition(f"{ABOUT_FIELD} IN {{}}", piece),
            deleted=True,
        )
        for object, same in sorted(_by_object(changes).items())
        for piece in _pieces(sorted({str(each.fields[ABOUT_FIELD].after) for each in same}))
    ]


def _created(
    changes: Sequence[Change], answers: Iterable[tuple[Question, Sequence[Row]]]
) -> dict[Key, str]:
    found: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for question, rows in answers:
        for row in rows:
            found[question.object, str(row[ABOUT_FIELD]), str(row[LABEL_FIELD])].append(row)
    created = {}
    for change in changes:
        about, label = (str(change.fields[name].after) for name in (ABOUT_FIELD, LABEL_FIELD))
        rows = [row for row in found[change.object, about, label] if _counts(change, row)]
        if rows:
            created[change.object, change.id] = min(str(row["Id"]) for row in rows)
    return created


def _counts(change: Change, row: Row) -> bool:
    # An undo that brings back what was deleted must not take that for what it brings back.
    return not (row.get(_DELETED) and change.cause.startswith(UNDO_CAUSE))


def read_touched(changes: Sequence[Change], org: OrgReader) -> Present:
    """Read the fields that were sent, as far as the org still has them; rows by (object, id).

    A record that is gone is absent, so is one of an object that is gone; a field that is gone is
    not in its row. Raises OrgUnavailable or OrgRefused where it cannot be read.
    """
    asked = [
        _by_id(org, object, {change.id for change in same}, _fields(same) & known.keys())
        for object, same in sorted(_by_object(changes).items())
        if (known := org.fields(object)) is not None
    ]
    return _rows(asked, org.ask(asked) if asked else [])


def _watched(
    changes: Sequence[Change], org: OrgReader, read_at: datetime
) -> list[tuple[tuple[str, Watch], Question]]:
    ids: dict[tuple[str, Watch], list[str]] = defaultdict(list)
    for change in changes:
        for watch in change.watches:
            ids[change.object, watch].append(change.id)
    text = f"{{field}} IN {{{{}}}} AND {STAMP_FIELD} > {{{{:literal}}}}"
    # What changed shortly before, and was read so, is named among what the change rests on.
    since = to_iso(read_at - LAG)
    return [
        (
            (object, watch),
            Question(
                watch.object,
                ("Id", STAMP_FIELD, watch.field),
                where=condition(text.format(field=watch.field), piece, since),
            ),
        )
        for (object, watch), all_ids in sorted(ids.items())
        if STAMP_FIELD in (org.fields(watch.object) or {})
        for piece in _pieces(all_ids)
    ]


def _pieces(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[first : first + _IDS_AT_ONCE] for first in range(0, len(ids), _IDS_AT_ONCE)]


def _evidence(changes: Sequence[Change]) -> dict[str, set[str]]:
    touched = {(change.object, change.id) for change in changes}
    evidence: dict[str, set[str]] = defaultdict(set)
    for change in changes:
        for stamp in change.rests_on:
            if (stamp.object, stamp.id) not in touched:
                evidence[stamp.object].add(stamp.id)
    return evidence


def _by_object(changes: Sequence[Change]) -> dict[str, list[Change]]:
    grouped: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        grouped[change.object].append(change)
    return grouped


def _fields(changes: Sequence[Change]) -> set[str]:
    return {name for change in changes for name in change.fields}


def _by_id(org: OrgReader, object: str, ids: set[str], fields: Collection[str]) -> Question:
    stamp = {STAMP_FIELD} & (org.fields(object) or {}).keys()
    return Question(object, ("Id", *sorted(stamp.union(fields) - {"Id"})), tuple(sorted(ids)))


def _rows(asked: Sequence[Question], answers: Sequence[Sequence[Row]]) -> Present:
    present: dict[Key, Row] = {}
    for question, found in zip(asked, answers, strict=True):
        present.update(((question.object, str(row["Id"])), row) for row in found)
    return present
