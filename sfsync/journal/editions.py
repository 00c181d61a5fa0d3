"""When was each reader last told what is new?"""

from datetime import datetime

import sqlalchemy as sa

from sfsync.journal.messages import perhaps_read
from sfsync.journal.notes import EDITIONS
from sfsync.journal.tables import BOOKS, RECORD_ID, Instant

# Where older versions noted it: a journal has the table only if one of them wrote it.
_OLD = sa.Table(
    "editions",
    sa.MetaData(),
    sa.Column("org", BOOKS),
    sa.Column("report", sa.String(100)),
    sa.Column("reader", RECORD_ID),
    sa.Column("as_of", Instant),
)


class Editions:
    """The last report of each name that each reader got. Each method is one transaction."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def last(self, org: str, report: str) -> dict[str, datetime]:
        """Return as of when each reader was last told (aware UTC), by the reader's Id.

        A mail that is still to be sent does not count: what it tells is told again rather than
        never.
        """
        last = sa.func.max(EDITIONS.c.as_of, type_=EDITIONS.c.as_of.type).label("as_of")
        wanted = (
            sa.select(EDITIONS.c.reader, last)
            .where(EDITIONS.c.org == org, EDITIONS.c.report == report)
            .where(perhaps_read(EDITIONS))
            .group_by(EDITIONS.c.reader)
        )
        before = sa.select(_OLD.c.reader, _OLD.c.as_of).where(
            _OLD.c.org == org, _OLD.c.report == report
        )
        with self._engine.connect() as connection:
            told = {row.reader: row.as_of for row in connection.execute(wanted)}
            # Who has a newer one has a note of it.
            old = connection.execute(before) if sa.inspect(connection).has_table(_OLD.name) else ()
            return {row.reader: row.as_of for row in old} | told
