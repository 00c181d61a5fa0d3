"""What would give a run's records back what stood there before it, and what has to stay?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sfsync.model import (
    STAMP_FIELD,
    Change,
    FieldChange,
    JournalledChange,
    Stamp,
    State,
    Value,
    same_value,
)

# A run whose books are closed has no change that is only sent.
PERHAPS_WRITTEN = (State.APPLIED, State.UNKNOWN)
NOBODY_KNOWS = "nobody knows whether the run wrote it"

Row = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class LeftField:
    """A field that undo leaves alone: `expected` is what the run sent, `found` what stands now."""

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
    changes: Sequence[JournalledChange], current: Mapping[tuple[str, str], Row]
) -> Reversal:
    """Turn the applied changes of one run round; what was not applied has nothing to undo. Where
    nobody knows whether a change was written, its fields are left, unless they are back already.

    `current` holds for each (object, id) the present values of the fields that the run changed and
    the SystemModstamp, where the org has one; a record that is not in it is gone. A field that
    holds neither what the run wrote nor what stood before it is left; one that is back already is
    neither changed nor left. A run that is itself an undo is turned round in the same way.
    """
    perhaps = [each for each in changes if each.outcome.state in PERHAPS_WRITTEN]
    back: list[Change] = []
    left: list[LeftField] = []
    for entry in sorted(perhaps, key=lambda each: (each.change.object, each.change.id)):
        row = current.get((entry.change.object, entry.change.id))
        fields: dict[str, FieldChange] = {}
        for field, written in sorted(entry.change.fields.items()):
            why = _why_left(field, written, row, entry.outcome.state)
            if why:
                left.append(_left_field(entry.change, field, row, why))
            elif row is not None and not same_value(row[field], written.before):
                fields[field] = FieldChange(before=row[field], after=written.before)
        if row is not None and fields:
            back.append(_change_back(entry, fields, row))
    return Reversal(tuple(back), tuple(left))


def _why_left(field: str, written: FieldChange, row: Row | None, state: State) -> str:
    if row is None:
        why = "the record is gone: deleted, or hidden from the service's user"
    elif field not in row:
        why = "the field is gone: deleted, or hidden from the service's user"
    elif same_value(row[field], written.before):
        return ""
    elif state is not State.APPLIED:
        return NOBODY_KNOWS
    else:
        return "" if same_value(row[field], written.after) else "somebody changed it after the run"
    return why if state is State.APPLIED else f"{NOBODY_KNOWS}; {why}"


def _left_field(change: Change, field: str, row: Row | None, why: str) -> LeftField:
    return LeftField(
        object=change.object,
        id=change.id,
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
        id=change.id,
        name=change.name,
        fields=fields,
        cause=f"undo:{entry.run}",
        reason=f"takes back what run {entry.run} did for {change.cause}",
        rests_on=(Stamp(change.object, change.id, None if stamp is None else str(stamp)),),
    )
