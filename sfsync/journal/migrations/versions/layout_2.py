"""What came with layout 2? The org's bulk job to which a change was handed."""

import sqlalchemy as sa

from sfsync.journal.migrations.making import add_column, create_index

revision, down_revision = "2", "1"


def upgrade() -> None:
    """Add it, and the index of fields, which the oldest journals of layout 1 lack."""
    create_index("change_fields_of_field", "change_fields", "field")
    add_column("changes", sa.Column("job", sa.String(18)))
