"""What came with layout 4? What a change does to its record, API calls, and whence values are."""

import sqlalchemy as sa

from sfsync.journal.migrations.making import add_column

revision, down_revision = "4", "3"


def upgrade() -> None:
    """Add the columns."""
    add_column("runs", sa.Column("api_calls", sa.Integer))
    add_column("changes", sa.Column("action", sa.String(8)))
    add_column("changes", sa.Column("created", sa.String(18)))
    add_column("change_fields", sa.Column("source", sa.Text))
