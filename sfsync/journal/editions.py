"""When was each reader last told what is new?"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.schema import CreateTable

from sfsync.journal.tables import BOOKS, METADATA, Instant

EDITIONS = sa.Table(
    "editions",
    METADATA,
    sa.Column("org", BOOKS, primary_key=True),
    sa.Column("report", sa.String(100), primary_key=True),
    sa.Column("reader", sa.String(18), primary_key=True),
    # The moment that the report judged, which is not the one at which it was sent.
    sa.Column("as_of", Instant, nullable=False),
)


def add_editions(engine: sa.Engine) -> None:
    """Give a journal its table of editions where it has none; its version stays, as an sfsync that
    knows of none can still use it.
    """
    with engine.begin() as connection:
        connection.execute(CreateTable(EDITIONS, if_not_exists=True))


class Editions:
    """The last report of each name that each reader got. Each method is one transaction."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def last(self, org: str, report: str) -> dict[str, datetime]:
        """Return as of when each reader was last told (aware UTC), by the reader's Id."""
        wanted = sa.select(EDITIONS.c.reader, EDITIONS.c.as_of).where(
            EDITIONS.c.org == org, EDITIONS.c.report == report
        )
        with self._engine.begin() as connection:
            return {row.reader: row.as_of for row in connection.execute(wanted)}

    def note(self, org: str, report: str, reader: str, as_of: datetime) -> None:
        """Note that a reader was told what was so at a moment (aware)."""
        key = {"org": org, "report": report, "reader": reader}
        with self._engine.begin() as connection:
            connection.execute(
                sa.delete(EDITIONS).where(*(EDITIONS.c[name] == key[name] for name in key))
            )
            connection.execute(sa.insert(EDITIONS).values(**key, as_of=as_of))
