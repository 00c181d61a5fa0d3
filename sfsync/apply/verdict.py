"""May a change still be written, and if it was sent, did the org do it?"""

from collections.abc import Collection

from sfsync.apply.present import Key, Present, Row, Sight
from sfsync.model import STAMP_FIELD, Action, Change, Outcome, Stamp, State, Value, same_value

ALREADY_SO = "already so: every field holds the planned value"
ALREADY_THERE = "already there"
ALREADY_GONE = "already deleted"
GONE = "is gone: deleted since it was read, or hidden from the service's user"


def may_write(change: Change, sight: Sight, written: Collection[Key]) -> Outcome | None:
    """Tell why a change must not be written now, or None: it may be.

    `written` are the records that this run itself has changed before: their stamps moved by our
    own hand.
    """
    if change.action is Action.CREATE:
        return _may_create(change, sight, written)
    row = sight.rows.get((change.object, change.id))
    if row is None and change.action is Action.DELETE:
        return _outcome(change, State.SKIPPED, ALREADY_GONE)
    if row is None:
        return _outcome(change, State.STALE, f"{change.object} {change.id} {GONE}")
    is_update = change.action is Action.UPDATE
    if is_update and all(same_value(row[name], f.after) for name, f in change.fields.items()):
        return _outcome(change, State.SKIPPED, ALREADY_SO)
    moved = (
        moved_fields(change, row)
        or _moved_records(change, sight.rows, written)
        or _stirred_records(change, sight, written)
    )
    return _outcome(change, State.STALE, "; ".join(moved)) if moved else None


def _may_create(change: Change, sight: Sight, written: Collection[Key]) -> Outcome | None:
    found = sight.created.get((change.object, change.id))
    if found is not None:
        return Outcome(
            change.object, change.id, State.SKIPPED, message=ALREADY_THERE, created=found
        )
    moved = _moved_records(change, sight.rows, written)
    return _outcome(change, State.STALE, "; ".join(moved)) if moved else None


def was_done(change: Change, row: Row | None) -> Outcome | None:
    """Tell what became of a change that was sent without an answer, or None: it was not done.

    `row` is what the record holds now. An update is all or nothing, so one field at its new value
    tells that all of them were written. The values tell more than the stamp: before sending they
    stood at `before`, and a stamp cannot tell two writes of one second apart. Of a deletion it is
    told by the record being gone.
    """
    if change.action is Action.DELETE:
        return _outcome(change, State.APPLIED, "") if row is None else None
    if row is None:
        why = "since it was sent; whether it was written cannot be told"
        return _outcome(change, State.UNKNOWN, f"{change.object} {change.id} is gone {why}")
    readable = {name: field for name, field in change.fields.items() if name in row}
    arrived = {name for name, field in readable.items() if same_value(row[name], field.after)}
    others = ", ".join(sorted(readable.keys() - arrived))
    if any(not same_value(readable[name].before, readable[name].after) for name in arrived):
        why = f"changed by somebody since it was written: {others}" if others else ""
        return _outcome(change, State.APPLIED, why)
    if readable and all(same_value(row[name], field.before) for name, field in readable.items()):
        return None
    why = "none of its fields can be read any more"
    if others:
        why = f"changed by somebody since it was sent: {others}"
    return _outcome(change, State.UNKNOWN, f"{why}; look at it")


def moved_fields(change: Change, row: Row) -> list[str]:
    """Say of each field that a change writes and that does not hold what it held when read."""
    return [
        f"{name} was {_shown(field.before)} when read, is {_shown(row[name])} now"
        for name, field in sorted(change.fields.items())
        if not same_value(row[name], field.before)
    ]


def _moved_records(change: Change, present: Present, written: Collection[Key]) -> list[str]:
    reasons = []
    for stamp in change.rests_on:
        row = present.get((stamp.object, stamp.id))
        if row is None:
            reasons.append(f"{stamp.object} {stamp.id}, which it rests on, {GONE}")
        elif (stamp.object, stamp.id) not in written and has_moved(stamp, row):
            reasons.append(
                f"{stamp.object} {stamp.id} was changed since it was read: "
                f"{STAMP_FIELD} was {stamp.modified} when read, is {row[STAMP_FIELD]} now"
            )
    return reasons


def _stirred_records(change: Change, sight: Sight, written: Collection[Key]) -> list[str]:
    stirred = sight.stirred.get((change.object, change.id), ())
    return [
        f"{object} {id} came or changed since the plan was read"
        for object, id in stirred
        if (object, id) not in written
    ][-1:]


def has_moved(stamp: Stamp, row: Row) -> bool:
    """Tell whether a record bears another stamp now."""
    # Recorded exports may have no stamps: then the values alone must tell.
    now = row.get(STAMP_FIELD)
    return stamp.modified is not None and now is not None and not same_value(stamp.modified, now)


def _outcome(change: Change, state: State, message: str) -> Outcome:
    return Outcome(change.object, change.id, state, message=message)


def _shown(value: Value) -> str:
    return "empty" if value in (None, "") else repr(value)
