"""What came with layout 3? What was found of each record."""

import sqlalchemy as sa

from sfsync.journal.migrations.making import create_table

revision, down_revision = "3", "2"


def upgrade() -> None:
    """Make the table of the findings."""
    create_table(
        "findings",
        sa.Column("org", sa.String(80), primary_key=True),
        sa.Column("code", sa.String(80), primary_key=True),
        sa.Column("object", sa.String(80), primary_key=True),
        sa.Column("record_id", sa.String(18), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("owner_id", sa.String(18)),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("evidence", sa.Text, nullable=False),
        sa.Column("amount", sa.Float),
        sa.Column("first_seen", sa.String(27), nullable=False),
        sa.Column("last_seen", sa.String(27), nullable=False),
        sa.Column("returned", sa.Boolean, nullable=False),
        sa.Column("solved_at", sa.String(27)),
        sa.Column("snoozed_until", sa.Date),
        sa.Column("waived_until", sa.Date),
        sa.Column("why", sa.Text, nullable=False),
    )
