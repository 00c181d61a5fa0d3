"""In which state (status or stage) did runs leave each record, and when did they write it?"""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime

import sqlalchemy as sa

from sfsync.journal.plain import (
    SEPARATOR,
    Plain,
    fetch_of,
    fetch_plain,
    insert_plain,
    joined,
    unjoined,
    update_plain,
)
from sfsync.journal.rows import OF_CHANGE, PERHAPS_WRITTEN, decode
from sfsync.journal.tables import CHANGE_FIELDS, CHANGES, PASS_STATES, RUNS
from sfsync.model import OwnWrite, PreviousPass, RunState, States, Value

_KEY = (PASS_STATES.c.org, PASS_STATES.c.object, PASS_STATES.c.record_id)
_OF_RECORD = (
    PASS_STATES.c.org == sa.bindparam("of"),
    PASS_STATES.c.object == sa.bindparam("of_object"),
    PASS_STATES.c.record_id == sa.bindparam("of_id"),
)
# So many are in memory at a time where an org is judged in partitions.
_AT_ONCE = 50_000


def kept_states(
    connection: sa.Connection, org: str
) -> Iterator[tuple[str, Mapping[str, str | None]]]:
    """Yield object by object, some at a time, the state of each record of an org by its Id, as the
    last runs left it.
    """
    told, of_org = PASS_STATES.c, PASS_STATES.c.org == org
    names = sa.select(told.object).distinct().where(of_org).order_by(told.object)
    for name in connection.scalars(names).all():
        query = sa.select(told.record_id, told.state).where(of_org, told.object == name)
        query, last = query.order_by(told.record_id).limit(_AT_ONCE), ""
        while rows := fetch_plain(connection, query.where(told.record_id > last)):
            yield name, dict(rows)
            last = rows[-1][0]


def _all_kept(connection: sa.Connection, org: str) -> States:
    """Return the states that `kept_states` yields, at once."""
    told = PASS_STATES.c
    query = sa.select(told.object, joined(told.record_id), joined(told.state))
    rows = connection.execute(query.where(told.org == org).group_by(told.object))
    return {
        name: dict(zip(ids.split(SEPARATOR), unjoined(states), strict=True))
        for name, ids, states in rows
    }


def _kept_of(
    connection: sa.Connection, org: str, name: str, records: Collection[str]
) -> Mapping[str, str | None]:
    """Return the states of at least these records of an object."""
    told = PASS_STATES.c
    query = sa.select(told.record_id, told.state).where(told.org == org, told.object == name)
    return dict(fetch_of(connection, query, told.record_id, records))


def keep_states(connection: sa.Connection, org: str, states: States) -> None:
    """Keep the states of records; only what differs is written."""
    if not states:
        return
    new, changed = list[Plain](), list[Plain]()
    for name, mine in states.items():
        kept = _kept_of(connection, org, name, mine)
        for record, state in mine.items() - kept.items():
            if record in kept:
                changed.append((state, org, name, record))
            else:
                new.append((org, name, record, state))
    insert_plain(connection, PASS_STATES, new)
    update_plain(connection, [PASS_STATES.c.state], _KEY, changed)


def forget_states(
    connection: sa.Connection, org: str, forgotten: Collection[tuple[str, str]]
) -> None:
    """Let go of what is kept of records, named as (object, id)."""
    records = [{"of": org, "of_object": object, "of_id": id} for object, id in forgotten]
    if records:
        connection.execute(sa.delete(PASS_STATES).where(*_OF_RECORD), records)


class StatesBook:
    """The part of the journal that knows of states."""

    _engine: sa.Engine

    def own_writes(self, org: str, state_fields: Mapping[str, str]) -> list[OwnWrite]:
        """When the service wrote each status or stage of each record, every time once, sorted by
        object, id, value and time.

        `state_fields` names the field of the state for each object. What was sent and has no
        outcome yet, or none that is known, counts as written.
        """
        if not state_fields:
            return []
        wanted = sa.or_(
            *(
                sa.and_(CHANGES.c.object == object, CHANGE_FIELDS.c.field == field)
                for object, field in state_fields.items()
            )
        )
        told = (CHANGES.c.object, CHANGES.c.record_id, CHANGE_FIELDS.c.after, CHANGES.c.sent_at)
        query = (
            sa.select(*told)
            .distinct()
            .join(RUNS, RUNS.c.number == CHANGES.c.run)
            .join(CHANGE_FIELDS, OF_CHANGE)
            .where(RUNS.c.org == org, wanted, CHANGES.c.sent_at.is_not(None))
            .where(PERHAPS_WRITTEN)
        )
        with self._engine.connect() as connection:
            found = connection.execute(query).all()
        writes = (
            OwnWrite(object, id, _state(decode(after)), sent_at)
            for object, id, after, sent_at in found
        )
        return sorted(
            writes, key=lambda write: (write.object, write.id, write.value or "", write.sent_at)
        )

    def previous_pass(self, org: str) -> PreviousPass | None:
        """What the last finished run that read whole objects left behind; None where there was
        none.

        Its states include what runs that read some records only have left since.
        """
        now = self.previous_now(org)
        if now is None:
            return None
        with self._engine.connect() as connection:
            return PreviousPass(now, _all_kept(connection, org))

    def states_left(self, org: str) -> Iterator[tuple[str, Mapping[str, str | None]]]:
        """Yield the states of `previous_pass` object by object, some of its records at a time."""
        with self._engine.connect() as connection:
            yield from kept_states(connection, org)

    def previous_now(self, org: str) -> datetime | None:
        """The moment that `previous_pass` judged; None where there was none."""
        last = (
            sa.select(RUNS.c.now)
            .where(RUNS.c.org == org, RUNS.c.is_pass, RUNS.c.state == RunState.FINISHED.value)
            .order_by(RUNS.c.number.desc())
            .limit(1)
        )
        with self._engine.connect() as connection:
            return connection.scalar(last)


def _state(value: Value) -> str | None:
    return str(value) if value not in (None, "") else None
