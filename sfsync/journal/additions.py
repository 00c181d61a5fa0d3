"""Which tables has a journal got since its first version?

An sfsync that knows of none of them can still use it, so its version stays.
"""

import sqlalchemy as sa
from sqlalchemy.schema import CreateIndex, CreateTable

from sfsync.errors import JournalError
from sfsync.journal.lookups import LOOKUPS
from sfsync.journal.messages import MESSAGES
from sfsync.journal.notes import ALERTS, EDITIONS
from sfsync.journal.reviews import REVIEWS
from sfsync.journal.totals import RUN_COUNTS, RUN_ENDS, count_all
from sfsync.journal.turns import TURNS

_TABLES = (MESSAGES, EDITIONS, ALERTS, LOOKUPS, REVIEWS, TURNS, RUN_COUNTS, RUN_ENDS)


def add_tables(engine: sa.Engine) -> None:
    """Give a journal those of these tables that it lacks, each with its indexes."""
    for table in _lacking(engine):
        try:
            with engine.begin() as connection:
                connection.execute(CreateTable(table, if_not_exists=True))
                for index in sorted(table.indexes, key=lambda index: str(index.name)):
                    connection.execute(CreateIndex(index, if_not_exists=True))
                if table is RUN_COUNTS:
                    count_all(connection)
        except JournalError:
            # Another process may have been quicker.
            if table in _lacking(engine):
                raise


def _lacking(engine: sa.Engine) -> list[sa.Table]:
    there = sa.inspect(engine).get_table_names()
    return [table for table in _TABLES if table.name not in there]
