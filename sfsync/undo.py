"""What would give a run's records back what stood there before it, and what has to stay?"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from sfsync.model import (
    LABEL_FIELD,
    MASTER_FIELD,
    STAMP_FIELD,
    UNDO_CAUSE,
    Action,
    Change,
    FieldChange,
    JournalledChange,
    Stamp,
    State,
    Value,
    key_of_new,
    same_value,
)
from sfsync.traces import FORGOTTEN

# A run whose books are closed has no change that is only sent.
PERHAPS_WRITTEN = (State.APPLIED, State.UNKNOWN)
NOBODY_KNOWS = "nobody knows whether the run wrote it"
UNKNOWN_NOW = (
    "a person was forgotten: nobody knows any more what stood there (`sfsync cleanup forget`)"
)
# What a person does with a task: it is then theirs, and not taken back.
CLOSED_FIELD = "IsClosed"

Row = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class LeftField:
    """A field that undo leaves alone: `expected` is what the run sent, `found` what stands now.

    Where the run created the record, or merged it away, all of it is left, because of the field.
    """

    object: str
    id: str
    name: str
    field: str
    expected: Value
    found: Value
    why: str


@dataclass(frozen=True, slots=True)
class Reversal:
    """The changes that undo a run, and the fields that it leaves; both sorted by object and id."""

    changes: tuple[Change, ...]
    left: tuple[LeftField, ...]


def reverse(
    changes: Sequence[JournalledChange],
    current: Mapping[tuple[str, str], Row],
    made: Collection[str] = frozenset(),
) -> Reversal:
    """Turn the applied changes of one run round; what was not applied has nothing to undo. Where
    nobody knows whether a change was written, its fields are left, unless they are back already.

    `current` holds for each (object, id) the present values of the fields that the run changed and
    the SystemModstamp, where the org has one; a record that is not in it is gone. A field that
    holds neither what the run wrote nor what stood before it is left; one that is back already is
    neither changed nor left. A run that is itself an undo is turned round in the same way.

    What the run created is deleted, as long as every field that it wrote holds and nobody closed
    it; what it deleted is created anew, once: `made` holds the keys of what was created before.
    """
    perhaps = [each for each in changes if each.outcome.state in PERHAPS_WRITTEN]
    back: list[Change] = []
    left: list[LeftField] = []
    for entry in sorted(perhaps, key=lambda each: (each.change.object, id_of(each))):
        row = current.get((entry.change.object, id_of(entry)))
        if entry.change.action is Action.CREATE:
            _take_away(entry, row, back, left)
            continue
        if entry.change.action is Action.DELETE:
            _bring_back(entry, row, made, back, left)
            continue
        fields: dict[str, FieldChange] = {}
        for field, written in sorted(entry.change.fields.items()):
            why = _why_left(field, written, row, entry.outcome.state)
            if why:
                left.append(_left_field(entry, field, row, why))
            elif row is not None and not same_value(row[field], written.before):
                fields[field] = FieldChange(before=row[field], after=written.before)
        if row is not None and fields:
            back.append(_change_back(entry, fields, row))
        left += _stay_merged(entry)
    return Reversal(tuple(_one_each(back)), tuple(left))


def _stay_merged(entry: JournalledChange) -> list[LeftField]:
    """Name the records that the run merged into this one: no platform parts them again."""
    change = entry.change
    why = (
        f"it stays merged into {change.id}, and what hung on it stays there. For 15 days the org's"
        f" recycle bin has it, alone; `sfsync show {entry.run} --restore DIR` writes out what it"
        " held, and what hung on it"
    )
    if entry.outcome.state is not State.APPLIED:
        why = f"nobody knows whether the run merged it into {change.id}"
    return [
        LeftField(change.object, loser.id, loser.name, MASTER_FIELD, None, None, why)
        for loser in change.losers
    ]


def _one_each(back: Sequence[Change]) -> list[Change]:
    """Put the changes of one record into one: of those that many are merged into there are several,
    each of other fields.
    """
    whole: dict[tuple[str, str, Action], Change] = {}
    for each in back:
        key = (each.object, each.id, each.action)
        first = whole.get(key, each)
        whole[key] = replace(each, fields={**first.fields, **each.fields})
    return list(whole.values())


def id_of(entry: JournalledChange) -> str:
    """Return the Id of the record that a change wrote; the key of one that was perhaps created."""
    return entry.outcome.created or entry.change.id


def _take_away(
    entry: JournalledChange, row: Row | None, back: list[Change], left: list[LeftField]
) -> None:
    """Delete a record that the run created, unless somebody worked on it."""
    change = entry.change
    if entry.outcome.state is not State.APPLIED:
        left += [_left_field(entry, LABEL_FIELD, None, NOBODY_KNOWS)]
        return
    if row is None:
        return
    fields = sorted(change.fields)
    why = {
        name: _why_left(name, change.fields[name], row, State.APPLIED, is_new=True)
        for name in fields
    }
    changed = [_left_field(entry, name, row, why[name]) for name in fields if why[name]]
    if row.get(CLOSED_FIELD):
        named = change.object, entry.outcome.created, change.name
        changed.append(LeftField(*named, CLOSED_FIELD, False, True, "somebody closed it"))
    if changed:
        left += changed
        return
    values = {name: FieldChange(before=row[name], after=None) for name in fields}
    away = _change_back(entry, values, row)
    back.append(replace(away, action=Action.DELETE))


def _bring_back(
    entry: JournalledChange,
    row: Row | None,
    made: Collection[str],
    back: list[Change],
    left: list[LeftField],
) -> None:
    """Create anew what the run deleted, unless it is there again."""
    change, cause = entry.change, f"{UNDO_CAUSE}{entry.run}"
    key = key_of_new(change.object, change.id, cause)
    lost = sorted(name for name, each in change.fields.items() if _is_forgotten(each))
    if row is not None:
        return
    if entry.outcome.state is not State.APPLIED:
        left.append(_left_field(entry, LABEL_FIELD, None, NOBODY_KNOWS))
    elif lost:
        left += [_left_field(entry, name, None, UNKNOWN_NOW) for name in lost]
    elif key in made:
        left.append(_left_field(entry, LABEL_FIELD, None, "a run created it anew before"))
    else:
        values = {
            name: FieldChange(before=None, after=each.before)
            for name, each in sorted(change.fields.items())
            if each.before is not None
        }
        again = _change_back(entry, values, {})
        back.append(replace(again, id=key, rests_on=(), action=Action.CREATE))


def _why_left(
    field: str, written: FieldChange, row: Row | None, state: State, *, is_new: bool = False
) -> str:
    if _is_forgotten(written):
        return UNKNOWN_NOW
    if row is None:
        why = "the record is gone: deleted, or hidden from the service's user"
    elif field not in row:
        why = "the field is gone: deleted, or hidden from the service's user"
    elif same_value(row[field], written.before) and not is_new:
        return ""
    elif state is not State.APPLIED:
        return NOBODY_KNOWS
    else:
        return "" if same_value(row[field], written.after) else "somebody changed it after the run"
    return why if state is State.APPLIED else f"{NOBODY_KNOWS}; {why}"


def _is_forgotten(written: FieldChange) -> bool:
    return any(FORGOTTEN in str(value) for value in (written.before, written.after))


def _left_field(entry: JournalledChange, field: str, row: Row | None, why: str) -> LeftField:
    change = entry.change
    return LeftField(
        object=change.object,
        id=id_of(entry),
        name=change.name,
        field=field,
        expected=change.fields[field].after,
        found=None if row is None else row.get(field),
        why=why,
    )


def _change_back(entry: JournalledChange, fields: Mapping[str, FieldChange], row: Row) -> Change:
    stamp = row.get(STAMP_FIELD)
    change = entry.change
    return Change(
        object=change.object,
        id=id_of(entry),
        name=change.name,
        fields=fields,
        cause=f"{UNDO_CAUSE}{entry.run}",
        reason=f"takes back what run {entry.run} did for {change.cause}",
        rests_on=(Stamp(change.object, id_of(entry), None if stamp is None else str(stamp)),),
    )
