"""How is the journal laid out in its database?

Portable SQL only: SQLite by default, PostgreSQL or another database by its SQLAlchemy URL. Instants
are UTC text of one width, so they sort as text. Field values, evidence and stamps are JSON text:
escaped, so no database chokes on what a record may hold. What changes here needs a step in
`migrations/versions`, and LAYOUT the number of the last one.
"""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import Dialect

LAYOUT = 5


class Instant(sa.TypeDecorator[datetime]):
    """An aware instant, kept as `2026-11-25T19:03:01.000000Z`."""

    impl = sa.String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        """Write UTC text; a moment without a zone is a ValueError, never a guess."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone: the journal keeps instants")
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """Read it back as aware UTC."""
        return None if value is None else datetime.fromisoformat(value)


METADATA = sa.MetaData()
OBJECT, RECORD_ID = sa.String(80), sa.String(18)
# An org's Id, alone or with the name of a copy of a recorded org.
BOOKS = sa.String(80)

VERSION = sa.Table(
    "journal_version",
    METADATA,
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
)
RUNS = sa.Table(
    "runs",
    METADATA,
    # Runs of one second have ids in no order; their number keeps the order in which they began.
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("id", sa.String(40), nullable=False, unique=True),
    sa.Column("org", BOOKS, nullable=False),
    sa.Column("zone", sa.String(80), nullable=False),
    sa.Column("job", sa.String(80), nullable=False),
    sa.Column("now", Instant, nullable=False),
    sa.Column("started", Instant, nullable=False),
    sa.Column("finished", Instant),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("policy_hash", sa.String(128), nullable=False),
    sa.Column("undoes", sa.String(40)),
    sa.Column("error", sa.Text),
    sa.Column("is_pass", sa.Boolean, nullable=False, default=False),
    # Since version 4: the API calls that it made, reading included; None where nobody counted.
    sa.Column("api_calls", sa.Integer),
    # Since version 5: when what it changed was pruned, so that an undo takes back no remainder.
    sa.Column("pruned_at", Instant),
    sa.Index("runs_of_org", "org", "number"),
)
CHANGES = sa.Table(
    "changes",
    METADATA,
    sa.Column("run", sa.ForeignKey(RUNS.c.number), primary_key=True, autoincrement=False),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("object", OBJECT, nullable=False),
    sa.Column("record_id", RECORD_ID, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("evidence", sa.Text, nullable=False),
    sa.Column("rests_on", sa.Text, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("code", sa.Text, nullable=False, default=""),
    sa.Column("message", sa.Text, nullable=False, default=""),
    sa.Column("sent_at", Instant),
    # Since version 2: the Id of the org's bulk job to which the change was handed.
    sa.Column("job", RECORD_ID),
    # Since version 4: what it does to its record (None: update), and the Id of what was created.
    sa.Column("action", sa.String(8)),
    sa.Column("created", RECORD_ID),
    sa.Index("changes_of_record", "record_id", "object"),
)
# Few changes do anything but update.
sa.Index(
    "changes_of_action",
    CHANGES.c.action,
    CHANGES.c.state,
    sqlite_where=CHANGES.c.action.is_not(None),
    postgresql_where=CHANGES.c.action.is_not(None),
)
CHANGE_FIELDS = sa.Table(
    "change_fields",
    METADATA,
    sa.Column("run", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("field", sa.String(120), primary_key=True),
    sa.Column("before", sa.Text, nullable=False),
    sa.Column("after", sa.Text, nullable=False),
    # Since version 4: where the new value comes from, where it is a public source.
    sa.Column("source", sa.Text),
    sa.ForeignKeyConstraint(["run", "seq"], [CHANGES.c.run, CHANGES.c.seq]),
    sa.Index("change_fields_of_field", "field"),
)
PASS_STATES = sa.Table(
    "pass_states",
    METADATA,
    sa.Column("org", BOOKS, primary_key=True),
    sa.Column("object", OBJECT, primary_key=True),
    sa.Column("record_id", RECORD_ID, primary_key=True),
    sa.Column("state", sa.String(255)),
)
# Since version 3: what was found of each record, while it is open and afterwards.
FINDINGS = sa.Table(
    "findings",
    METADATA,
    sa.Column("org", BOOKS, primary_key=True),
    sa.Column("code", sa.String(80), primary_key=True),
    sa.Column("object", OBJECT, primary_key=True),
    sa.Column("record_id", RECORD_ID, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("owner_id", RECORD_ID),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("evidence", sa.Text, nullable=False),
    sa.Column("amount", sa.Float),
    sa.Column("first_seen", Instant, nullable=False),
    sa.Column("last_seen", Instant, nullable=False),
    sa.Column("returned", sa.Boolean, nullable=False, default=False),
    sa.Column("solved_at", Instant),
    sa.Column("snoozed_until", sa.Date),
    sa.Column("waived_until", sa.Date),
    sa.Column("why", sa.Text, nullable=False, default=""),
)
# Since version 5: who holds, or last held, the lock of the runs.
HOLDERS = sa.Table(
    "holders",
    METADATA,
    sa.Column("name", sa.String(200), primary_key=True),
    # Goes up with each holder: whoever writes with an older one has lost the lock.
    sa.Column("fence", sa.Integer, nullable=False),
    sa.Column("holder", sa.Text, nullable=False),
    sa.Column("taken_at", Instant, nullable=False),
)
