"""May records still be merged as planned, and if that was sent, did the org do it?

A record that was merged is deleted, and says into which one; where the org does not tell that, its
being gone must do. A merge is all or nothing.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sfsync.apply.present import Key, Row
from sfsync.apply.verdict import GONE, has_moved, moved_fields
from sfsync.model import MASTER_FIELD, STAMP_FIELD, Change, Outcome, State
from sfsync.org import OrgReader, Question
from sfsync.org.soql import condition

ALREADY_MERGED = "already merged into it"
_DELETED = "IsDeleted"


@dataclass(frozen=True, slots=True)
class MergeSight:
    """What a look at the org shows of merges of one object: the rows of survivors, losers and what
    the merges rest on, deleted ones too, by Id; and what hangs on the losers, as (object, field,
    Id), by the loser's Id. `tells`: the org says into which record one was merged.
    """

    rows: Mapping[str, Row]
    hanging: Mapping[str, frozenset[tuple[str, str, str]]]
    tells: bool


def look_at_merges(
    changes: Sequence[Change], org: OrgReader, *, hanging: bool = True
) -> MergeSight:
    """Read what merges of one object touch and rest on, and, unless that is not wanted, what hangs
    on the losers. Raises OrgUnavailable or OrgRefused where it cannot be read.
    """
    object = changes[0].object
    known = org.fields(object) or {}
    wanted = {name for each in changes for name in each.fields} & known.keys()
    wanted |= {STAMP_FIELD, MASTER_FIELD, _DELETED} & known.keys()
    ids = {id for each in changes for id in (each.id, *(loser.id for loser in each.losers))}
    ids |= {stamp.id for each in changes for stamp in each.rests_on if stamp.object == object}
    references = sorted(_references(changes)) if hanging else []
    losers = sorted(loser.id for each in changes for loser in each.losers)
    # The records themselves are read last: the least time passes until they are merged.
    asked = [
        *(hanging_on(name, losers) for name in references),
        Question(object, ("Id", *sorted(wanted - {"Id"})), tuple(sorted(ids)), deleted=True),
    ]
    *children, rows = org.ask(asked)
    found: dict[str, set[tuple[str, str, str]]] = defaultdict(set)
    for reference, answer in zip(references, children, strict=True):
        child, _, field = reference.partition(".")
        for row in answer:
            found[str(row[field])].add((child, field, str(row["Id"])))
    return MergeSight(
        {str(row["Id"]): row for row in rows},
        {id: frozenset(each) for id, each in found.items()},
        MASTER_FIELD in known,
    )


def _references(changes: Sequence[Change]) -> set[str]:
    return {name for each in changes for loser in each.losers for name in loser.children}


def hanging_on(reference: str, ids: Sequence[str]) -> Question:
    """Ask which records lead to these by a reference, as `Object.Field`."""
    child, _, field = reference.partition(".")
    return Question(child, ("Id", field), where=condition(f"{field} IN {{}}", ids))


def may_merge(change: Change, sight: MergeSight, written: Collection[Key]) -> Outcome | None:
    """Tell why records must not be merged now, or None: they may be.

    `written` are the records that this run itself has changed, moved or merged before.
    """
    losers = [sight.rows.get(loser.id) for loser in change.losers]
    if all(row is not None and _says(row, change.id) for row in losers):
        return _outcome(change, State.SKIPPED, ALREADY_MERGED)
    moved = _gone(change, sight) or _moved(change, sight, written) or _come(change, sight)
    return _outcome(change, State.STALE, "; ".join(moved)) if moved else None


def was_merged(change: Change, sight: MergeSight) -> Outcome | None:
    """Tell that a merge that was sent without an answer was done, or None: it was not."""
    rows = [sight.rows.get(loser.id) for loser in change.losers]
    if not all(_went(row, change.id, tells=sight.tells) for row in rows):
        return None
    certain = sight.tells and None not in rows
    why = "" if certain else "its losers are gone; the org does not tell where to"
    return _outcome(change, State.APPLIED, why)


def _went(row: Row | None, survivor: str, *, tells: bool) -> bool:
    if row is None:
        return True
    return _says(row, survivor) if tells else bool(row.get(_DELETED))


def _says(row: Row, survivor: str) -> bool:
    return bool(row.get(_DELETED, True)) and row.get(MASTER_FIELD) == survivor


def _gone(change: Change, sight: MergeSight) -> list[str]:
    touched = (change.id, *(loser.id for loser in change.losers))
    return [f"{change.object} {id} {GONE}" for id in touched if not _is_there(sight.rows.get(id))]


def _is_there(row: Row | None) -> bool:
    return row is not None and not row.get(_DELETED)


def _moved(change: Change, sight: MergeSight, written: Collection[Key]) -> list[str]:
    moved = moved_fields(change, sight.rows[change.id])
    for stamp in change.rests_on:
        row = sight.rows.get(stamp.id)
        if (stamp.object, stamp.id) in written:
            continue
        if row is None or row.get(_DELETED):
            moved.append(f"{stamp.object} {stamp.id}, which it rests on, {GONE}")
        elif has_moved(stamp, row):
            moved.append(
                f"{stamp.object} {stamp.id} was changed since it was read: "
                f"{STAMP_FIELD} was {stamp.modified} when read, is {row[STAMP_FIELD]} now"
            )
    return moved


def _come(change: Change, sight: MergeSight) -> list[str]:
    """Name what hangs on a loser and is not in the plan: it would be in no journal."""
    come = []
    for loser in change.losers:
        for child, field, id in sorted(sight.hanging.get(loser.id, ())):
            if id not in loser.children.get(f"{child}.{field}", ()):
                come.append(f"{child} {id} hangs on {loser.id} since the plan was read")
    return come


def _outcome(change: Change, state: State, message: str) -> Outcome:
    return Outcome(change.object, change.id, state, message=message)
