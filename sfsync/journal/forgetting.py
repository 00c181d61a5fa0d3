"""What does the journal hold of a person, and how is it taken out so that the books stay true?

That a change happened stays, to which record (by its Id), when, and why by its cause; in the place
of what it tells of the person stands a mark.
"""

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cache
from glob import escape
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from sfsync.errors import Locked
from sfsync.journal.entries import encode
from sfsync.journal.finding_tables import FINDINGS
from sfsync.journal.known import people_in
from sfsync.journal.messages import MESSAGES
from sfsync.journal.notes import ALERTS, EDITIONS
from sfsync.journal.remains import as_text, marked, own_text
from sfsync.journal.rows import OF_CHANGE, decode
from sfsync.journal.tables import (
    CHANGE_FIELDS,
    CHANGE_ROWS,
    CHANGES,
    FIELD_ROWS,
    METADATA,
    PASS_STATES,
    RUNS,
    TEXTS,
)
from sfsync.journal.texts import drop_unused, number_of
from sfsync.letter import MessageState, text_of
from sfsync.model import RunState
from sfsync.traces import FORGOTTEN, PERSONS, Held, Traces, cut_json

Values = dict[str, Any]
Change = Callable[[Any], Values]

_PORTION = 2_000
_TEXTS = ("name", "reason", "message")
# Those whose rows are looked at one by one, below; of others every text is.
_KNOWN = (CHANGE_ROWS, FIELD_ROWS, TEXTS, FINDINGS, PASS_STATES, MESSAGES, EDITIONS, ALERTS)
# Where the rows of what is told stand.
_ROWS: Mapping[sa.FromClause, sa.Table] = {CHANGES: CHANGE_ROWS, CHANGE_FIELDS: FIELD_ROWS}


class Forgetting:
    """What the journal holds of people, in the books of all orgs."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def held(self) -> Iterator[Held]:
        """Yield the records of people that were changed, or of which something was found, under
        each name and with each address that the journal has of them.
        """
        with self._engine.connect() as connection:
            yield from people_in(connection)

    def open_runs(self) -> Mapping[str, str]:
        """The books of the runs that are open, by run: what those hold is still needed."""
        query = sa.select(RUNS.c.id, RUNS.c.org).where(RUNS.c.state == RunState.RUNNING.value)
        with self._engine.connect() as connection:
            return {row.id: row.org for row in connection.execute(query)}

    def forget(self, traces: Traces, *, write: bool) -> Mapping[str, int]:
        """Count, by kind, the rows that hold something of a person; with `write` take it out of
        them, all or nothing.
        """
        with self._engine.connect() as connection:
            if self._engine.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA secure_delete = ON")
                connection.commit()
            with connection.begin() as transaction:
                counts = _Books(connection, traces).forget()
                if not write:
                    transaction.rollback()
        return {name: number for name, number in counts.items() if number}

    def kept_before(self) -> list[Path]:
        """The copies of an SQLite journal that were kept beside it before its layout changed."""
        name = self._engine.url.database
        if self._engine.dialect.name != "sqlite" or not name:
            return []
        return sorted(Path(name).parent.glob(f"{escape(Path(name).name)}.before-*"))

    def wipe(self) -> None:
        """Write the database afresh, so that its files keep no bytes of what was taken out.

        Raises Locked where another process keeps the old ones. Of backups and logs of a database
        server it knows nothing.
        """
        plain = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        with plain.connect() as connection:
            if self._engine.dialect.name == "postgresql":
                connection.exec_driver_sql("VACUUM FULL")
            if self._engine.dialect.name != "sqlite":
                return
            connection.exec_driver_sql("VACUUM")
            is_busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar()
        if is_busy:
            raise Locked(
                "another process reads the journal, whose files keep old bytes until it ends: end"
                " it, and call this again"
            )


class _Books:
    """The rows of all books, while they are looked through for one person."""

    def __init__(self, connection: sa.Connection, traces: Traces) -> None:
        self._connection = connection
        self._traces = traces
        self._counts: Counter[str] = Counter()
        self._cut_runs: set[int] = set()

    def forget(self) -> Counter[str]:
        """Take everything out, and return how many rows of each kind had something."""
        self._change(CHANGES, "changes", self._of_change)
        about = (CHANGES.c.object, CHANGES.c.record_id, CHANGES.c.created)
        fields = sa.select(CHANGE_FIELDS, *about).join(CHANGES, OF_CHANGE)
        self._change(CHANGE_FIELDS, "fields of changes", self._of_field, fields)
        for run in sorted(self._cut_runs):
            drop_unused(self._connection, run)
        own = FINDINGS.c.record_id.in_(self._ids) & FINDINGS.c.object.in_(PERSONS)
        self._delete(FINDINGS, "findings of their own", own)
        self._change(FINDINGS, "findings", self._of_finding)
        self._delete(PASS_STATES, "states", PASS_STATES.c.record_id.in_(self._ids))
        self._messages()
        told = EDITIONS.c.reader.in_(self._ids)
        self._delete(EDITIONS, "reports that they read", told)
        self._delete(ALERTS, "alerts", ALERTS.c.record_id.in_(self._ids))
        self._change(ALERTS, "readers of alerts", self._of_alert)
        for table in self._others():
            self._change(table, table.name, self._texts_of(table))
        return self._counts

    @property
    def _ids(self) -> Sequence[str]:
        return sorted(self._traces.ids)

    def _of_change(self, row: Any) -> Values:
        new = self._cut(CHANGES, row) | self._evidence(row, is_own=self._is_own(row))
        if self._is_own(row):
            new |= {name: getattr(row, name) and FORGOTTEN for name in _TEXTS}
        return new

    def _evidence(self, row: Any, *, is_own: bool = False) -> Values:
        """Return what is left of evidence: nothing that the record of the person proves."""
        ids = self._traces.ids
        known = json.loads(row.evidence)
        if not is_own and not any(record in ids for _, _, record in known):
            return {}
        told = [
            [fact, marked("", value) if is_own or record in ids else value, record]
            for fact, value, record in known
        ]
        return {"evidence": as_text(self._traces.cut_all(told, row.record_id))}

    def _of_field(self, row: Any) -> Values:
        new = self._cut(CHANGE_FIELDS, row)
        if self._is_own(row):
            told = {name: marked(row.field, decode(new[name])) for name in ("before", "after")}
            new |= {name: encode(value) for name, value in told.items()}
        return new

    def _of_finding(self, row: Any) -> Values:
        cut = self._cut(FINDINGS, row) | self._evidence(row)
        cut |= {"owner_id": None} if row.owner_id in self._traces.ids else {}
        is_same = all(getattr(row, name) == value for name, value in cut.items())
        # It is made of what was said: a pass that finds it again is to say it anew.
        return {} if is_same else {**cut, "fingerprint": None}

    def _cut(self, table: sa.FromClause, row: Any) -> Values:
        """Return the texts of a row with the mark in the place of every trace."""
        return {
            name: text and cut_json(self._traces, text, row.record_id)
            for name, text in ((each, getattr(row, each)) for each in _texts_in(table))
        }

    def _of_alert(self, row: Any) -> Values:
        return {"reader": FORGOTTEN} if row.reader in self._traces.ids else {}

    def _is_own(self, row: Any) -> bool:
        return row.object in PERSONS and row.record_id in self._traces.ids

    def _messages(self) -> None:
        """Take back what is surely not sent, so that the next report tells it without the person;
        of the rest keep that it was sent.
        """
        for row in self._connection.execute(sa.select(MESSAGES)).all():
            is_theirs = row.recipient.casefold() in self._traces.addresses
            text = "" if row.content is None else text_of(row.content)
            is_about = bool(text) and (is_theirs or self._traces.are_in(text))
            this = MESSAGES.c.number == row.number
            if is_about and row.state == MessageState.PLANNED.value and not row.handed_over:
                for table in (EDITIONS, ALERTS):
                    of_message = (table.c.org == row.org) & (table.c.message == row.key)
                    self._connection.execute(sa.delete(table).where(of_message))
                self._delete(MESSAGES, "messages not sent yet", this)
                continue
            new: Values = {"words": self._traces.cut(row.words)}
            new |= {"recipient": FORGOTTEN} if is_theirs else {}
            new |= {"content": None} if is_about else {}
            if any(getattr(row, name) != value for name, value in new.items()):
                self._connection.execute(sa.update(MESSAGES).where(this).values(**new))
                self._counts["messages"] += 1

    def _others(self) -> Iterator[sa.Table]:
        """Yield all other tables of the database, those of earlier versions and later ones, too."""
        names = sa.inspect(self._connection).get_table_names()
        strange = sa.MetaData()
        unknown = [name for name in names if name not in METADATA.tables]
        strange.reflect(self._connection, only=unknown)
        own = [METADATA.tables[name] for name in names if name in METADATA.tables]
        for table in (*own, *strange.sorted_tables):
            if table not in _KNOWN and table.primary_key.columns:
                yield table

    def _texts_of(self, table: sa.Table) -> Change:
        names = [
            each.name
            for each in table.columns
            if isinstance(each.type, sa.String) and not each.primary_key and not each.foreign_keys
        ]

        def change(row: Any) -> Values:
            of = getattr(row, "record_id", "")
            is_own = of in self._traces.ids
            texts = {name: getattr(row, name) for name in names}
            cut = {
                name: cut_json(self._traces, text, of)
                for name, text in texts.items()
                # An Id alone names what a row is about, as a key does.
                if text and text not in self._traces.ids
            }
            if not is_own:
                return cut
            return {
                name: FORGOTTEN if name == "name" else own_text(text) for name, text in cut.items()
            }

        return change

    def _delete(self, table: sa.Table, kind: str, condition: sa.ColumnElement[bool]) -> None:
        done = self._connection.execute(sa.delete(table).where(condition))
        self._counts[kind] += done.rowcount

    def _change(
        self, table: sa.FromClause, kind: str, change: Change, query: sa.Select[Any] | None = None
    ) -> None:
        """Write what `change` makes of each row, where that differs; in portions, by the key."""
        key = list(table.primary_key)
        last: list[sa.ColumnElement[bool]] = []
        while True:
            piece = (sa.select(table) if query is None else query).where(*last).order_by(*key)
            found = self._connection.execute(piece.limit(_PORTION)).all()
            if not found:
                return
            self._write(table, kind, [(row, change(row)) for row in found])
            reached = [sa.literal(getattr(found[-1], each.name), each.type) for each in key]
            last = (
                [sa.tuple_(*key) > sa.tuple_(*reached)] if len(key) > 1 else [key[0] > reached[0]]
            )

    def _write(
        self, table: sa.FromClause, kind: str, changed: Collection[tuple[Any, Values]]
    ) -> None:
        stored = table if isinstance(table, sa.Table) else _ROWS[table]
        key = [each.name for each in table.primary_key]
        new: dict[tuple[str, ...], list[Values]] = {}
        for row, values in changed:
            cut = {name: value for name, value in values.items() if getattr(row, name) != value}
            if not cut:
                continue
            cut = cut if stored is table else self._stored(stored, row.run, cut)
            new.setdefault(tuple(cut), []).append({f"of_{n}": getattr(row, n) for n in key} | cut)
            self._counts[kind] += 1
        for names, rows in new.items():
            this = (stored.c[name] == sa.bindparam(f"of_{name}") for name in key)
            values = {name: sa.bindparam(name) for name in names}
            self._connection.execute(sa.update(stored).where(*this).values(values), rows)

    def _stored(self, stored: sa.Table, run: int, cut: Values) -> Values:
        """Return the columns that say it: what was the text of many changes is this one's own."""
        self._cut_runs.add(run)
        told: Values = {}
        for name, value in cut.items():
            number = f"{name}_text"
            if name in stored.c:
                told |= {name: value} | ({number: None} if number in stored.c else {})
            else:
                told[number] = number_of(self._connection, run, value)
        return told


@cache
def _texts_in(table: sa.FromClause) -> tuple[str, ...]:
    return tuple(each.name for each in table.columns if isinstance(each.type, sa.Text))
