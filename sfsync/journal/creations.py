"""Which records did runs create, and of which does nobody know yet?"""

import sqlalchemy as sa

from sfsync.journal import rows
from sfsync.journal.tables import CHANGE_FIELDS, CHANGES, RUNS
from sfsync.model import ABOUT_FIELD, Action, JournalledChange, RunState, State

# What was sent may have been done, whether or not the answer came.
_PERHAPS_DONE = (State.APPLIED, State.SENT, State.UNKNOWN)
_NOT_KNOWN = (State.SENT, State.UNKNOWN)
_IS_CREATION = CHANGES.c.action == Action.CREATE.value


def created_keys(connection: sa.Connection, org: str) -> frozenset[str]:
    """Read the keys of all that was created, that perhaps was, or that was there already."""
    return _keys(connection, RUNS.c.org == org)


def created_before(connection: sa.Connection, run_id: str) -> frozenset[str]:
    """Read the keys that `created_keys` reads, those of this run itself left out."""
    this = sa.select(RUNS.c.org).where(RUNS.c.id == run_id).scalar_subquery()
    return _keys(connection, RUNS.c.org == this, RUNS.c.id != run_id)


def _keys(connection: sa.Connection, *runs: sa.ColumnElement[bool]) -> frozenset[str]:
    is_done = CHANGES.c.state.in_([state.value for state in _PERHAPS_DONE])
    query = (
        sa.select(CHANGES.c.record_id)
        .distinct()
        .join(RUNS, RUNS.c.number == CHANGES.c.run)
        .where(_IS_CREATION, *runs)
        .where(sa.or_(is_done, CHANGES.c.created.is_not(None)))
    )
    return frozenset(connection.scalars(query))


def unsettled_creations(connection: sa.Connection, org: str) -> list[JournalledChange]:
    """Read the creations of closed runs of which nobody knows yet whether the org did them."""
    conditions = [
        RUNS.c.org == org,
        RUNS.c.state != RunState.RUNNING.value,
        _IS_CREATION,
        CHANGES.c.state.in_([state.value for state in _NOT_KNOWN]),
    ]
    return rows.read_changes(connection, conditions, [CHANGES.c.run, CHANGES.c.seq])


def is_about(record_id: str) -> sa.ColumnElement[bool]:
    """Tell, in SQL, whether a change creates or deletes a record about this one.

    Of the changes those that do are few: they have an index of their own.
    """
    told = rows.encode(record_id)
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
