"""What does the journal know of enrichment: what was looked up, asked, and filled in?"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from sfsync.journal.lookups import Lookups
from sfsync.journal.reviews import Reviews
from sfsync.journal.rows import OF_CHANGE, PERHAPS_WRITTEN, decode, decode_source
from sfsync.journal.tables import CHANGE_FIELDS, CHANGES, RUNS
from sfsync.model import Source, Value


@dataclass(frozen=True, slots=True)
class Filled:
    """A field that enrichment filled, and that the service did not write since: with what, from
    where, in which run, and at which moment that run judged (UTC).
    """

    value: Value
    source: Source
    run: str
    at: datetime


class EnrichmentBook:
    """The part of the journal that enrichment needs."""

    _engine: sa.Engine

    @property
    def lookups(self) -> Lookups:
        """The last look-up of each account."""
        return Lookups(self._engine)

    @property
    def reviews(self) -> Reviews:
        """The questions to people about accounts."""
        return Reviews(self._engine)

    def filled(
        self, books: str, object: str, record_id: str | None = None
    ) -> Mapping[tuple[str, str], Filled]:
        """The fields that enrichment filled, of one record or of all, by (Id, field): those whose
        last write by the service, as far as anybody knows, came from a public source.
        """
        of_org = [RUNS.c.org == books, CHANGES.c.object == object]
        of_org += [] if record_id is None else [CHANGES.c.record_id == record_id]
        ever = (
            sa.select(CHANGE_FIELDS.c.field).where(CHANGE_FIELDS.c.source.is_not(None)).distinct()
        )
        told = (CHANGES.c.record_id, RUNS.c.id, RUNS.c.now)
        of_field = (CHANGE_FIELDS.c.field, CHANGE_FIELDS.c.after, CHANGE_FIELDS.c.source)
        query = (
            sa.select(*told, *of_field)
            .join(RUNS, RUNS.c.number == CHANGES.c.run)
            .join(CHANGE_FIELDS, OF_CHANGE)
            .where(*of_org, PERHAPS_WRITTEN, CHANGE_FIELDS.c.field.in_(ever))
            .order_by(CHANGES.c.run, CHANGES.c.seq)
        )
        found: dict[tuple[str, str], Filled] = {}
        with self._engine.connect() as connection:
            for id, run, now, field, after, text in connection.execute(query):
                source = decode_source(text)
                if source is None:
                    # An undo or a rule wrote it last: it is no longer enrichment's.
                    found.pop((id, field), None)
                else:
                    found[id, field] = Filled(decode(after), source, run, now)
        return found

    def enriched(self, books: str, object: str) -> Mapping[str, datetime]:
        """When each record last got a value from a public source, also one that was taken back
        since: the moment that the run judged (UTC), by Id.
        """
        query = (
            sa.select(CHANGES.c.record_id, sa.func.max(RUNS.c.now, type_=RUNS.c.now.type))
            .join(RUNS, RUNS.c.number == CHANGES.c.run)
            .join(CHANGE_FIELDS, OF_CHANGE)
            .where(RUNS.c.org == books, CHANGES.c.object == object)
            .where(PERHAPS_WRITTEN, CHANGE_FIELDS.c.source.is_not(None))
            .group_by(CHANGES.c.record_id)
        )
        with self._engine.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}
