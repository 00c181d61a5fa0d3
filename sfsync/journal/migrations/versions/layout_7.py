"""What came with layout 7? A number by which a finding is known again without its words; and which
pass found last what is open stands once for each org.
"""

import sqlalchemy as sa

from sfsync.journal.migrations.making import (
    add_column,
    create_index,
    create_table,
    execute,
)

revision, down_revision = "7", "6"


def upgrade() -> None:
    """Add them; the numbers are entered by the next pass."""
    add_column("findings", sa.Column("fingerprint", sa.BigInteger))
    is_open = sa.text("solved_at IS NULL")
    only = {"sqlite_where": is_open, "postgresql_where": is_open}
    create_index("findings_open", "findings", "org", "fingerprint", "record_id", **only)
    create_table(
        "findings_seen",
        sa.Column("org", sa.String(80), primary_key=True),
        sa.Column("at", sa.String(27), nullable=False),
    )
    execute(
        "INSERT INTO findings_seen (org, at)"
        " SELECT org, max(last_seen) FROM findings WHERE solved_at IS NULL GROUP BY org"
    )
