"""What are readers told by which mail?

The notes are entered with the message, in one transaction, and count by what becomes of it. So they
are right whoever sends it in the end, and whichever process dies meanwhile.
"""

from collections.abc import Sequence

import sqlalchemy as sa

from sfsync.journal.rows import Row, insert
from sfsync.journal.tables import BOOKS, METADATA, OBJECT, RECORD_ID, Instant
from sfsync.letter import AlertNote, EditionNote, Letter

_KEY = sa.String(200)

EDITIONS = sa.Table(
    "message_editions",
    METADATA,
    sa.Column("org", BOOKS, primary_key=True),
    sa.Column("message", _KEY, primary_key=True),
    sa.Column("report", sa.String(100), nullable=False),
    sa.Column("reader", RECORD_ID, nullable=False),
    # The moment that the report judged, which is not the one at which it was sent.
    sa.Column("as_of", Instant, nullable=False),
)
ALERTS = sa.Table(
    "message_alerts",
    METADATA,
    sa.Column("org", BOOKS, primary_key=True),
    sa.Column("message", _KEY, primary_key=True),
    sa.Column("series", sa.String(100), primary_key=True),
    sa.Column("object", OBJECT, primary_key=True),
    sa.Column("record_id", RECORD_ID, primary_key=True),
    sa.Column("spell", sa.String(32), nullable=False),
    sa.Column("reader", RECORD_ID, nullable=False),
    sa.Column("as_of", Instant, nullable=False),
)


def enter(connection: sa.Connection, org: str, letters: Sequence[Letter]) -> None:
    """Enter what the readers of these letters, just planned, are told."""
    tables: dict[type, list[Row]] = {EditionNote: [], AlertNote: []}
    for letter in letters:
        for note in letter.notes:
            values = {name: getattr(note, name) for name in note.__dataclass_fields__}
            tables[type(note)].append({"org": org, "message": letter.key, **values})
    insert(connection, EDITIONS, tables[EditionNote])
    insert(connection, ALERTS, tables[AlertNote])
