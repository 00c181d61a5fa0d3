"""How do rows become changes again, also those of a run that changed all records of an org?

The rows are read as they stand, numbers in the place of texts; the texts of a run once, and what
the same numbers say is made once.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa

from sfsync.garbage import uncollected
from sfsync.journal.entries import stamps_of
from sfsync.journal.losers import read_losers
from sfsync.journal.plain import plain
from sfsync.journal.rows import decode, decode_evidence, decode_source
from sfsync.journal.tables import CHANGE_ROWS, CHANGES, FIELD_ROWS, RUNS, STATES, instant_of
from sfsync.journal.texts import read_texts
from sfsync.model import Action, Change, FieldChange, JournalledChange, Loser, Outcome

_CHOSEN = CHANGES.join(RUNS, RUNS.c.number == CHANGES.c.run)
# What is said of a change; not by which job it was sent.
_SAID = tuple(each for each in CHANGE_ROWS.c if each is not CHANGE_ROWS.c.job_text)
_PLAIN = plain(_SAID)
_TEXTS_OF_CHANGE = [n for n, each in enumerate(_SAID) if each.name.endswith("_text")]
_TEXTS_OF_FIELD = [n for n, each in enumerate(FIELD_ROWS.c) if each.name.endswith("_text")]

Rows = Sequence[Any]
Conditions = Sequence[sa.ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Found:
    """The rows of changes, each with the id of its run, and of their fields."""

    changes: Rows
    fields: Rows


def find_rows(
    connection: sa.Connection, conditions: Conditions, order: Iterable[sa.ColumnElement[Any]]
) -> Found:
    """Find the rows of the changes that meet all conditions (on RUNS and CHANGES), in that order;
    of fields in none.
    """
    changes, fields = (
        sa.select(*columns).select_from(_CHOSEN.join(table, _is_row(table))).where(*conditions)
        for table, columns in (
            (CHANGE_ROWS, (*_PLAIN, RUNS.c.id)),
            (FIELD_ROWS, (FIELD_ROWS,)),
        )
    )
    return _found(connection, changes.order_by(*order), fields)


def find_run(connection: sa.Connection, number: int, id: str) -> Found:
    """Find the rows of a run, by its number and its id: of its changes by seq, of fields in no
    order.
    """
    # Of the whole run nothing has to be looked up row by row.
    changes = sa.select(*_PLAIN, sa.literal(id)).where(CHANGE_ROWS.c.run == number)
    fields = sa.select(FIELD_ROWS).where(FIELD_ROWS.c.run == number)
    return _found(connection, changes.order_by(CHANGE_ROWS.c.seq), fields)


def _found(connection: sa.Connection, changes: sa.Select[Any], fields: sa.Select[Any]) -> Found:
    with uncollected():
        found = connection.execute(changes).all()
        return Found(found, connection.execute(fields).all() if found else ())


def _is_row(table: sa.Table) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.run == CHANGES.c.run, table.c.seq == CHANGES.c.seq)


def read_changes(
    connection: sa.Connection, conditions: Conditions, order: Iterable[sa.ColumnElement[Any]]
) -> list[JournalledChange]:
    """Read the changes that meet all conditions (on RUNS and CHANGES), in that order; fields by
    name.
    """
    return _changes(connection, find_rows(connection, conditions, order), conditions)


def read_run(connection: sa.Connection, number: int, id: str) -> list[JournalledChange]:
    """Read the changes of a run, given by its number and its id, by seq; fields by name."""
    return _changes(connection, find_run(connection, number, id), [CHANGES.c.run == number])


def _changes(
    connection: sa.Connection, found: Found, conditions: Conditions
) -> list[JournalledChange]:
    if not found.changes:
        return []
    texts = read_texts(connection, _needed(found))
    merges = any(row.action == Action.MERGE.value for row in found.changes)
    losers = read_losers(connection, conditions) if merges else {}
    with uncollected():
        fields = _fields(found.fields, texts)
        return [
            _change(row, texts, fields.get((row[0], row[1]), {}), losers.get((row[0], row[1]), ()))
            for row in found.changes
        ]


def _needed(found: Found) -> Mapping[int, set[int]]:
    needed: dict[int, set[int]] = defaultdict(set)
    for rows, places in ((found.changes, _TEXTS_OF_CHANGE), (found.fields, _TEXTS_OF_FIELD)):
        for row in rows:
            needed[row[0]].update(row[place] for place in places)
    return {run: {each for each in numbers if each is not None} for run, numbers in needed.items()}


def _fields(
    rows: Rows, texts: Mapping[tuple[int, int], str]
) -> Mapping[tuple[int, int], Mapping[str, FieldChange]]:
    # A frozen one that many records have in common is kept once.
    made = cache(_field_change)
    found: dict[tuple[int, int], dict[str, FieldChange]] = defaultdict(dict)
    for run, seq, field, before_text, before, after_text, after, source in rows:
        old = texts[run, before_text] if before is None else before
        new = texts[run, after_text] if after is None else after
        found[run, seq][texts[run, field]] = made(old, new, source)
    return {
        key: fields if len(fields) == 1 else dict(sorted(fields.items()))
        for key, fields in found.items()
    }


def _field_change(before: str, after: str, source: str | None) -> FieldChange:
    return FieldChange(decode(before), decode(after), decode_source(source))


def _change(
    row: Any,
    texts: Mapping[tuple[int, int], str],
    fields: Mapping[str, FieldChange],
    losers: tuple[Loser, ...],
) -> JournalledChange:
    (
        run, seq, state, sent_at, object_text, record_id, name, cause, reason_text, reason,
        evidence_text, evidence, own_stamp, rests_on, code, message, action, created, run_id,
    ) = row  # fmt: skip
    object = texts[run, object_text]
    change = Change(
        object=object,
        id=record_id,
        name=name,
        fields=fields,
        cause=texts[run, cause],
        reason=texts[run, reason_text] if reason is None else reason,
        evidence=decode_evidence(texts[run, evidence_text] if evidence is None else evidence),
        rests_on=stamps_of(object, record_id, own_stamp, rests_on or "[]"),
        action=Action.UPDATE if action is None else Action(action),
        losers=losers,
    )
    outcome = Outcome(object, record_id, STATES[state], code or "", message or "", created or "")
    return JournalledChange(run_id, seq, change, outcome, instant_of(sent_at))
