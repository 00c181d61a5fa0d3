"""Which accounts were looked up in public sources, when, and what came of it?"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from sfsync.journal.tables import BOOKS, METADATA, RECORD_ID, Instant


class LookupOutcome(StrEnum):
    """What came of looking an account up: sure (some source knows it beyond doubt), partly (one
    that might have had more did not answer), review (a person is asked), nothing, or failed (a
    source that might know it did not answer).
    """

    SURE = "sure"
    PARTLY = "partly"
    REVIEW = "review"
    NOTHING = "nothing"
    FAILED = "failed"


LOOKUPS = sa.Table(
    "lookups",
    METADATA,
    sa.Column("org", BOOKS, primary_key=True),
    sa.Column("account", RECORD_ID, primary_key=True),
    sa.Column("looked_at", Instant, nullable=False),
    sa.Column("outcome", sa.String(16), nullable=False),
    sa.Column("providers", sa.Text, nullable=False),
    sa.Column("about", sa.String(64), nullable=False),
    sa.Column("planned", sa.Boolean, nullable=False),
)


@dataclass(frozen=True, slots=True)
class LookedUp:
    """The last look-up of an account: when (UTC), what came of it, and which providers knew it.

    `about` is a digest of what the account said of its company: as long as that is the same, the
    answer will be. `planned` says that a change of the account came of it.
    """

    account: str
    at: datetime
    outcome: LookupOutcome
    providers: tuple[str, ...]
    about: str
    planned: bool


class Lookups:
    """The last look-up of each account. Each method is one transaction."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def last(self, org: str) -> Mapping[str, LookedUp]:
        """The last look-up of each account of an org, by the account's Id."""
        query = sa.select(LOOKUPS).where(LOOKUPS.c.org == org)
        with self._engine.connect() as connection:
            return {
                row.account: LookedUp(
                    row.account,
                    row.looked_at,
                    LookupOutcome(row.outcome),
                    tuple(filter(None, row.providers.split(","))),
                    row.about,
                    row.planned,
                )
                for row in connection.execute(query)
            }

    def note(self, org: str, looked: LookedUp) -> None:
        """Enter a look-up in the place of the account's last one."""
        this = (LOOKUPS.c.org == org, LOOKUPS.c.account == looked.account)
        with self._engine.begin() as connection:
            connection.execute(sa.delete(LOOKUPS).where(*this))
            connection.execute(
                sa.insert(LOOKUPS).values(
                    org=org,
                    account=looked.account,
                    looked_at=looked.at,
                    outcome=looked.outcome.value,
                    providers=",".join(looked.providers),
                    about=looked.about,
                    planned=looked.planned,
                )
            )
