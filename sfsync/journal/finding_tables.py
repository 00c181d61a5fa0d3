"""How are findings laid out in the journal?"""

import sqlalchemy as sa

from sfsync.journal.tables import BOOKS, METADATA, OBJECT, RECORD_ID, Instant

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
    # Since version 7: the same where all that a pass says of it is.
    sa.Column("fingerprint", sa.BigInteger),
)
sa.Index(
    "findings_open",
    FINDINGS.c.org,
    FINDINGS.c.fingerprint,
    FINDINGS.c.record_id,
    sqlite_where=FINDINGS.c.solved_at.is_(None),
    postgresql_where=FINDINGS.c.solved_at.is_(None),
)
# Since version 7: which pass found all that is open of an org last. It is not entered in each row,
# of which there are very many.
FINDINGS_SEEN = sa.Table(
    "findings_seen",
    METADATA,
    sa.Column("org", BOOKS, primary_key=True),
    sa.Column("at", Instant, nullable=False),
)
LAST_SEEN = sa.case(
    (
        FINDINGS.c.solved_at.is_(None),
        sa.select(FINDINGS_SEEN.c.at)
        .where(FINDINGS_SEEN.c.org == FINDINGS.c.org)
        .scalar_subquery(),
    ),
    else_=FINDINGS.c.last_seen,
)
