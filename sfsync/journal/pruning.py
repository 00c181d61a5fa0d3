"""What does the journal hold that nobody will ask for again, and how is it let go of?

Kept whatever its age: what is open; what was created, since that is created once for ever; what
moved a record, since that tells own moves from people's; what writes fields that public sources
fill, since that tells own values from people's; the run of the previous pass; the last mail of each
kind to each reader, of each alert, and to each address; the last turn of each job; what people
snoozed, waived and answered. It goes in portions, each a transaction of its own, so that a run
beside it waits for moments only.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from sfsync.journal.finding_tables import FINDINGS
from sfsync.journal.lookups import LOOKUPS
from sfsync.journal.losers import LOSERS
from sfsync.journal.mailed import kept_messages
from sfsync.journal.messages import MESSAGES
from sfsync.journal.notes import ALERTS, EDITIONS
from sfsync.journal.rows import OF_CHANGE, PERHAPS_WRITTEN
from sfsync.journal.tables import CHANGE_FIELDS, CHANGE_ROWS, CHANGES, FIELD_ROWS, RUNS
from sfsync.journal.texts import drop_unused
from sfsync.journal.turns import TURNS
from sfsync.letter import MessageState
from sfsync.model import Action, RunState

PORTION = 5_000
# Some databases take no more values in one statement.
_NAMED_AT_ONCE = 500

Rows = Sequence[sa.Row[Any]]


@dataclass(frozen=True, slots=True)
class Ages:
    """From which moment on (aware) things are young enough to stay, by kind; `at` is now."""

    at: datetime
    runs: datetime
    messages: datetime
    findings: datetime
    lookups: datetime
    turns: datetime


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of rows that go: which, in which order, and how."""

    query: sa.Select[Any]
    key: Sequence[Any]
    delete: Callable[[sa.Connection, Rows], None]
    stays: Callable[[sa.Row[Any]], bool] = lambda _: False

    def page(self, connection: sa.Connection, after: sa.Row[Any] | None) -> Rows:
        """Read the portion that begins after a row; None: after nothing."""
        query = self.query.order_by(*self.key).limit(PORTION)
        if after is not None:
            query = query.where(sa.tuple_(*self.key) > sa.tuple_(*after[: len(self.key)]))
        return connection.execute(query).all()


class Pruning:
    """What is to go: older than `ages`, and of no use. `state_fields` names the field of the state
    for each object.
    """

    def __init__(self, engine: sa.Engine, ages: Ages, state_fields: Mapping[str, str]) -> None:
        self._engine = engine
        self._ages = ages
        self._state_fields = state_fields

    def foresee(self) -> Mapping[str, int]:
        """Count what would go, by kind; nothing is written."""
        with self._engine.connect() as connection:
            needed = self._needed(connection)
            is_needed = sa.exists().where(CHANGES.c.run == RUNS.c.number, needed)
            emptied = sa.select(sa.func.count()).select_from(RUNS)
            emptied = emptied.where(*self._old_runs(), sa.not_(is_needed))
            counts = {"changes": 0, "runs": connection.scalar(emptied) or 0}
            for name, make in self._kinds().items():
                if name != "runs":
                    kind = make(connection)
                    counts[name] = sum(len(page) for _, page in _pages(connection, kind))
        return counts

    def kept(self) -> int:
        """Count the changes that are old enough to go, and stay because they are needed."""
        with self._engine.connect() as connection:
            old = self._old_changes(sa.func.count()).where(self._needed(connection))
            return int(connection.scalar(old) or 0)

    def prune(self, pause: Callable[[], None]) -> Mapping[str, int]:
        """Let go of it, and count it by kind. `pause` is called between portions, so that others
        get their turn.
        """
        return {name: self._let_go(make, pause) for name, make in self._kinds().items()}

    def _let_go(self, make: Callable[[sa.Connection], _Kind], pause: Callable[[], None]) -> int:
        count = 0
        with self._engine.connect() as connection:
            kind = make(connection)
            for whole, page in _pages(connection, kind):
                # What is read is read: here begins a transaction of its own.
                connection.rollback()
                kind.delete(connection, page)
                connection.commit()
                count += len(page)
                if whole:
                    pause()
        return count

    def _kinds(self) -> Mapping[str, Callable[[sa.Connection], _Kind]]:
        # Runs come after their changes: those that are empty then.
        return {
            "changes": self._changes,
            "runs": self._runs,
            "messages": self._messages,
            "findings": self._findings,
            "look-ups": self._lookups,
            "turns": self._turns,
        }

    def _closed_runs(self) -> tuple[sa.ColumnElement[bool], ...]:
        return RUNS.c.state != RunState.RUNNING.value, RUNS.c.finished < self._ages.runs

    def _old_runs(self) -> tuple[sa.ColumnElement[bool], ...]:
        previous = (
            sa.select(sa.func.max(RUNS.c.number))
            .where(RUNS.c.is_pass, RUNS.c.state == RunState.FINISHED.value)
            .group_by(RUNS.c.org)
        )
        return *self._closed_runs(), RUNS.c.number.not_in(previous)

    def _old_changes(self, *columns: Any) -> sa.Select[Any]:
        query = sa.select(*columns).select_from(CHANGES)
        return query.join(RUNS, RUNS.c.number == CHANGES.c.run).where(*self._closed_runs())

    def _needed(self, connection: sa.Connection) -> sa.ColumnElement[bool]:
        perhaps_done = sa.or_(PERHAPS_WRITTEN, CHANGES.c.created.is_not(None))
        # It is empty for an update, and what is compared with nothing is neither true nor false.
        was_created = sa.func.coalesce(CHANGES.c.action, "") == Action.CREATE.value
        sources = CHANGE_FIELDS.c.source.is_not(None)
        filled = connection.scalars(sa.select(CHANGE_FIELDS.c.field).where(sources).distinct())
        told = [
            sa.and_(CHANGES.c.object == object, CHANGE_FIELDS.c.field == field)
            for object, field in self._state_fields.items()
        ]
        told.append(CHANGE_FIELDS.c.field.in_(sorted(filled)))
        tells = sa.exists().where(OF_CHANGE, sa.or_(*told)).correlate(CHANGES)
        return sa.or_(sa.and_(was_created, perhaps_done), sa.and_(PERHAPS_WRITTEN, tells))

    def _changes(self, connection: sa.Connection) -> _Kind:
        key = (CHANGES.c.run, CHANGES.c.seq)
        query = self._old_changes(*key).where(sa.not_(self._needed(connection)))
        return _Kind(query, key, self._delete_changes)

    def _delete_changes(self, connection: sa.Connection, page: Rows) -> None:
        for numbers in _some([number for number, _ in _by_run(page)]):
            told = sa.update(RUNS).where(RUNS.c.number.in_(numbers), RUNS.c.pruned_at.is_(None))
            connection.execute(told.values(pruned_at=self._ages.at))
        for number, all_seqs in _by_run(page):
            for seqs in _some(all_seqs):
                for table in (LOSERS, FIELD_ROWS, CHANGE_ROWS):
                    these = (table.c.run == number, table.c.seq.in_(seqs))
                    connection.execute(sa.delete(table).where(*these))
            # It looks at all that is left of a run, of which the next portion may take more.
            if not self._goes_on(connection, number, all_seqs[-1]):
                drop_unused(connection, number)

    def _goes_on(self, connection: sa.Connection, number: int, seq: int) -> bool:
        """Tell whether more changes of a run are to go, after this one."""
        later = (CHANGES.c.run == number, CHANGES.c.seq > seq)
        query = self._changes(connection).query.where(*later).limit(1)
        return connection.execute(query).first() is not None

    def _runs(self, _: sa.Connection) -> _Kind:
        has_changes = sa.exists().where(CHANGES.c.run == RUNS.c.number)
        query = sa.select(RUNS.c.number).where(*self._old_runs(), sa.not_(has_changes))
        return _Kind(query, (RUNS.c.number,), _delete_by(RUNS.c.number))

    def _messages(self, connection: sa.Connection) -> _Kind:
        done = (MessageState.SENT.value, MessageState.REFUSED.value)
        query = sa.select(MESSAGES.c.number, MESSAGES.c.org, MESSAGES.c.key)
        query = query.where(MESSAGES.c.state.in_(done))
        query = query.where(MESSAGES.c.changed_at < self._ages.messages)
        kept = kept_messages(connection)
        stays = lambda row: (row.org, row.key) in kept  # noqa: E731 - a test of one row
        return _Kind(query, (MESSAGES.c.number,), _delete_messages, stays)

    def _findings(self, _: sa.Connection) -> _Kind:
        key = tuple(FINDINGS.primary_key)
        query = sa.select(*key).where(FINDINGS.c.solved_at < self._ages.findings)
        for until in (FINDINGS.c.snoozed_until, FINDINGS.c.waived_until):
            query = query.where(sa.or_(until.is_(None), until <= self._ages.at.date()))
        return _Kind(query, key, _delete_by(*key))

    def _lookups(self, _: sa.Connection) -> _Kind:
        key = tuple(LOOKUPS.primary_key)
        query = sa.select(*key).where(LOOKUPS.c.looked_at < self._ages.lookups)
        return _Kind(query, key, _delete_by(*key))

    def _turns(self, _: sa.Connection) -> _Kind:
        later = TURNS.alias()
        same_job = (later.c.service == TURNS.c.service, later.c.job == TURNS.c.job)
        query = sa.select(TURNS.c.number).where(
            TURNS.c.finished.is_not(None),
            TURNS.c.due < self._ages.turns,
            sa.exists().where(*same_job, later.c.due > TURNS.c.due),
        )
        return _Kind(query, (TURNS.c.number,), _delete_by(TURNS.c.number))


def _pages(connection: sa.Connection, kind: _Kind) -> Iterator[tuple[bool, Rows]]:
    """Yield the rows that go, a portion at a time, and whether more may come after it."""
    page = kind.page(connection, None)
    while page:
        is_whole = len(page) == PORTION
        yield is_whole, [row for row in page if not kind.stays(row)]
        page = kind.page(connection, page[-1]) if is_whole else ()


def _some(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for first in range(0, len(values), _NAMED_AT_ONCE):
        yield values[first : first + _NAMED_AT_ONCE]


def _by_run(page: Rows) -> Iterator[tuple[int, Sequence[int]]]:
    for number, rows in groupby(page, key=lambda row: row.run):
        yield number, [row.seq for row in rows]


def _delete_messages(connection: sa.Connection, page: Rows) -> None:
    for table, key in (
        (EDITIONS, EDITIONS.c.message),
        (ALERTS, ALERTS.c.message),
        (MESSAGES, MESSAGES.c.key),
    ):
        _delete_by(table.c.org, key)(connection, [row[1:] for row in page])


def _delete_by(*key: sa.ColumnElement[Any]) -> Callable[[sa.Connection, Sequence[Any]], None]:
    def delete(connection: sa.Connection, page: Sequence[Any]) -> None:
        named = [{f"of_{n}": row[n] for n in range(len(key))} for row in page]
        if named:
            table = key[0].table
            these = [column == sa.bindparam(f"of_{n}") for n, column in enumerate(key)]
            connection.execute(sa.delete(table).where(*these), named)

    return delete
