"""Of what were owners alerted, and what was moved of which they may have to know?"""

from collections.abc import Collection, Mapping
from datetime import datetime

import sqlalchemy as sa

from sfsync.journal.messages import not_in_vain
from sfsync.journal.notes import ALERTS
from sfsync.journal.reading import read_changes
from sfsync.journal.tables import CHANGES, RUNS
from sfsync.letter import Alerted, Subject
from sfsync.model import JournalledChange, RunState, State


class Alerts:
    """What owners were alerted of. Each method is one transaction."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def last(self, org: str) -> Mapping[Subject, Alerted]:
        """Return the last alert by (series, object, record's Id).

        One whose mail is still to be sent counts, as it will come; one whose mail was refused, so
        that nobody can have it, does not.
        """
        subject = (ALERTS.c.series, ALERTS.c.object, ALERTS.c.record_id)
        as_of = sa.func.max(ALERTS.c.as_of, type_=ALERTS.c.as_of.type).label("as_of")
        wanted = (
            sa.select(*subject, sa.func.max(ALERTS.c.spell).label("spell"), as_of)
            .where(ALERTS.c.org == org, not_in_vain(ALERTS))
            .group_by(*subject)
        )
        with self._engine.connect() as connection:
            return {
                (row.series, row.object, row.record_id): Alerted(row.spell, row.as_of)
                for row in connection.execute(wanted)
            }

    def moves(
        self, org: str, causes: Collection[str], since: datetime
    ) -> list[tuple[datetime, JournalledChange]]:
        """Return the changes that ended runs applied for these causes, oldest run first, each with
        the moment that its run judged: those judged since `since` (aware).
        """
        conditions = [
            RUNS.c.org == org,
            RUNS.c.now >= since,
            RUNS.c.state != RunState.RUNNING.value,
            CHANGES.c.cause.in_(sorted(causes)),
            CHANGES.c.state == State.APPLIED.value,
        ]
        runs = sa.select(RUNS.c.id, RUNS.c.now).where(*conditions[:3])
        with self._engine.connect() as connection:
            judged = {row.id: row.now for row in connection.execute(runs)}
            found = read_changes(connection, conditions, [CHANGES.c.run, CHANGES.c.seq])
        return [(judged[each.run], each) for each in found]
