"""Which records did runs create, and of which does nobody know yet?"""

import sqlalchemy as sa

from sfsync.journal import rows
from sfsync.journal.entries import encode
from sfsync.journal.reading import read_changes
from sfsync.journal.tables import CHANGE_FIELDS, CHANGES, RUNS
from sfsync.model import ABOUT_FIELD, Action, JournalledChange, RunState, State

_NOT_KNOWN = (State.SENT, State.UNKNOWN)
_IS_CREATION = CHANGES.c.action == Action.CREATE.value


class CreationsBook:
    """The creations of runs."""

    _engine: sa.Engine

    def created_keys(self, org: str) -> frozenset[str]:
        """The keys of all records of an org that were created, that perhaps were, or that were
        there already when they were to be created.

        That holds for ever: what a person or an undo deletes afterwards is not created again.
        """
        with self._engine.connect() as connection:
            return _keys(connection, RUNS.c.org == org)

    def created_before(self, run_id: str) -> frozenset[str]:
        """The keys of `created_keys`, but for those that only this run knows of."""
        this = sa.select(RUNS.c.org).where(RUNS.c.id == run_id).scalar_subquery()
        with self._engine.connect() as connection:
            return _keys(connection, RUNS.c.org == this, RUNS.c.id != run_id)

    def unsettled_creations(self, org: str) -> list[JournalledChange]:
        """The creations of runs whose books are closed, of which nobody knows yet whether the org
        did them; oldest run first.
        """
        conditions = [
            RUNS.c.org == org,
            RUNS.c.state != RunState.RUNNING.value,
            _IS_CREATION,
            CHANGES.c.state.in_([state.value for state in _NOT_KNOWN]),
        ]
        with self._engine.connect() as connection:
            return read_changes(connection, conditions, [CHANGES.c.run, CHANGES.c.seq])


def _keys(connection: sa.Connection, *runs: sa.ColumnElement[bool]) -> frozenset[str]:
    query = (
        sa.select(CHANGES.c.record_id)
        .distinct()
        .join(RUNS, RUNS.c.number == CHANGES.c.run)
        .where(_IS_CREATION, *runs)
        .where(sa.or_(rows.PERHAPS_WRITTEN, CHANGES.c.created.is_not(None)))
    )
    return frozenset(connection.scalars(query))


def is_about(record_id: str) -> sa.ColumnElement[bool]:
    """Tell, in SQL, whether a change creates or deletes a record about this one.

    Of the changes those that do are few: they have an index of their own.
    """
    told = encode(record_id)
    fields = CHANGE_FIELDS.alias()
    found = (
        sa.select(fields.c.run)
        .where(fields.c.run == CHANGES.c.run, fields.c.seq == CHANGES.c.seq)
        .where(fields.c.field == ABOUT_FIELD)
        .where(sa.or_(fields.c.after == told, fields.c.before == told))
        .correlate(CHANGES)
    )
    is_told = CHANGES.c.action.in_([Action.CREATE.value, Action.DELETE.value])
    return sa.and_(is_told, found.exists())
