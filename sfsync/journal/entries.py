"""How is a planned change entered?"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from json.encoder import encode_basestring_ascii as quoted
from typing import Any

import sqlalchemy as sa

from sfsync.journal.plain import insert_plain
from sfsync.journal.tables import CHANGE_ROWS, FIELD_ROWS, NEVER, STATE_CODES, TEXTS
from sfsync.journal.texts import RunTexts
from sfsync.model import Action, Change, Evidence, Stamp, State, Value

ENTERED_AT_ONCE = 5_000

# NaN and the integers of numpy are no values of Salesforce's: refused here, nothing is sent.
_json = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
_PLANNED = STATE_CODES[State.PLANNED]
_EPOCH, _MILLISECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)
# As the org writes them, always in UTC: 2026-06-15T08:00:00.000+0000
_STAMP_LENGTH, _SECONDS_END, _ZONE_BEGINS, _ZONE = 28, 19, 23, "+0000"

Field = tuple[str, str, str, str | None]


@dataclass(frozen=True, slots=True)
class _Written:
    """What is said of a change, as text: its fields are names, old and new values, and sources."""

    reason: str
    evidence: str
    fields: Sequence[Field]

    def texts(self) -> Iterator[str]:
        """Yield what other changes may say, too."""
        yield self.reason
        yield self.evidence
        for _, before, after, _ in self.fields:
            yield before
            yield after


def enter_changes(connection: sa.Connection, run: int, changes: Sequence[Change]) -> None:
    """Enter the changes of a run as planned, and their fields; the place of a change is its seq.
    Raises ValueError, naming record and field, for a value that JSON cannot hold.
    """
    # Perhaps a run that was deleted since had the same number.
    connection.execute(sa.delete(TEXTS).where(TEXTS.c.run == run))
    texts = RunTexts()
    for first in range(0, len(changes), ENTERED_AT_ONCE):
        placed = list(enumerate(changes[first : first + ENTERED_AT_ONCE], start=first))
        written = [_written(change) for _, change in placed]
        texts.expect(text for each in written for text in each.texts())
        rows: list[tuple[Any, ...]] = []
        fields: list[tuple[Any, ...]] = []
        for (seq, change), said in zip(placed, written, strict=True):
            rows.append(_change_row(run, seq, change, said, texts))
            fields += _field_rows(run, seq, said, texts)
        insert_plain(connection, TEXTS, [(run, *each) for each in texts.take_new()])
        insert_plain(connection, CHANGE_ROWS, rows)
        insert_plain(connection, FIELD_ROWS, fields)


def update_changes(
    connection: sa.Connection, run: int, updates: Iterable[tuple[int, Mapping[str, Any]]]
) -> None:
    """Give changes of a run, named by seq, new values of the same columns. What is said alike of
    changes that follow each other is one statement: a batch mostly is.
    """
    ranges: list[dict[str, Any]] = []
    last: Mapping[str, Any] = {}
    for seq, values in updates:
        if ranges and values == last and seq == ranges[-1]["of_last"] + 1:
            ranges[-1]["of_last"] = seq
        else:
            ranges.append({"of_run": run, "of_first": seq, "of_last": seq, **values})
            last = values
    if ranges:
        connection.execute(_updating(tuple(last)), ranges)


@cache
def _updating(columns: tuple[str, ...]) -> sa.Update:
    these = CHANGE_ROWS.c.seq.between(sa.bindparam("of_first"), sa.bindparam("of_last"))
    statement = sa.update(CHANGE_ROWS).where(CHANGE_ROWS.c.run == sa.bindparam("of_run"), these)
    return statement.values({name: sa.bindparam(name) for name in columns})


def _written(change: Change) -> _Written:
    where = "evidence"
    try:
        evidence = encode_evidence(change.evidence)
        fields = []
        for where, field in change.fields.items():
            source = None if field.source is None else _json(asdict(field.source))
            fields.append((where, encode(field.before), encode(field.after), source))
    except (TypeError, ValueError) as error:
        wanted = "a value is text, a number, true, false or None"
        raise ValueError(f"{change.object} {change.id}, {where}: {error}; {wanted}") from error
    return _Written(change.reason, evidence, fields)


def _change_row(
    run: int, seq: int, change: Change, said: _Written, texts: RunTexts
) -> tuple[Any, ...]:
    """The row of a planned change, in the order of the columns."""
    own_stamp, rests_on = _split_stamps(change)
    return (
        run,
        seq,
        _PLANNED,
        NEVER,
        texts.number(change.object),
        change.id,
        change.name,
        texts.number(change.cause),
        *texts.split(said.reason),
        *texts.split(said.evidence),
        own_stamp,
        rests_on,
        None,
        None,
        None,
        None if change.action is Action.UPDATE else change.action.value,
        None,
    )


def _field_rows(run: int, seq: int, said: _Written, texts: RunTexts) -> Iterator[tuple[Any, ...]]:
    """The rows of a change's fields, in the order of the columns."""
    for name, before, after, source in said.fields:
        number = texts.number(name)
        yield (run, seq, number, *texts.split(before), *texts.split(after), source)


def _split_stamps(change: Change) -> tuple[int | None, str | None]:
    """Tell of what a change rests on when its own record had changed last, as a number, and the
    rest as text.
    """
    stamps = change.rests_on
    own = None
    if stamps and stamps[0].id == change.id and stamps[0].object == change.object:
        own = _in_milliseconds(stamps[0].modified)
        stamps = stamps if own is None else stamps[1:]
    if not stamps:
        return own, None
    return own, _json([[each.object, each.id, each.modified] for each in stamps])


def _in_milliseconds(stamp: str | None) -> int | None:
    """Return a stamp as the number from which `stamp_of` makes the same text; None where it would
    not.
    """
    if (
        stamp is None
        or len(stamp) != _STAMP_LENGTH
        or stamp[_SECONDS_END] != "."
        or stamp[_ZONE_BEGINS:] != _ZONE
    ):
        return None
    try:
        return (datetime.fromisoformat(stamp) - _EPOCH) // _MILLISECOND
    except ValueError:
        return None


def stamps_of(
    object: str, record_id: str, own_stamp: int | None, rests_on: str
) -> tuple[Stamp, ...]:
    """Say again what a change rests on."""
    others = tuple(Stamp(*each) for each in json.loads(rests_on)) if rests_on != "[]" else ()
    if own_stamp is None:
        return others
    at = (_EPOCH + own_stamp * _MILLISECOND).replace(tzinfo=None)
    modified = f"{at.isoformat(timespec='milliseconds')}{_ZONE}"
    return (Stamp(object, record_id, modified), *others)


def encode_evidence(evidence: Iterable[Evidence]) -> str:
    """Write evidence as it is stored. Raises ValueError or TypeError for what JSON has not."""
    # Up to a million in a pass: a list is quicker than a generator, and there are few facts.
    told = [
        f"[{_fact(e.fact)},{encode(e.value)},{'null' if e.record is None else quoted(e.record)}]"
        for e in evidence
    ]
    return f"[{','.join(told)}]"


_fact = cache(quoted)


def encode(value: Value) -> str:
    """Write one field value as it is stored. Raises ValueError or TypeError where JSON has none."""
    return quoted(value) if type(value) is str else _encode(value)


# Typed, because 1, 1.0 and True are written apart.
@lru_cache(maxsize=4_096, typed=True)
def _encode(value: Value) -> str:
    return _json(value)
