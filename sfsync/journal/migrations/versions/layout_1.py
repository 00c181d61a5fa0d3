"""What was the first layout? Runs, their changes, and the states in which they left records."""

import sqlalchemy as sa

from sfsync.journal.migrations.making import create_index, create_table

revision, down_revision = "1", None


def upgrade() -> None:
    """Make the tables."""
    create_table(
        "runs",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("id", sa.String(40), nullable=False, unique=True),
        sa.Column("org", sa.String(80), nullable=False),
        sa.Column("zone", sa.String(80), nullable=False),
        sa.Column("job", sa.String(80), nullable=False),
        sa.Column("now", sa.String(27), nullable=False),
        sa.Column("started", sa.String(27), nullable=False),
        sa.Column("finished", sa.String(27)),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("policy_hash", sa.String(128), nullable=False),
        sa.Column("undoes", sa.String(40)),
        sa.Column("error", sa.Text),
        sa.Column("is_pass", sa.Boolean, nullable=False),
    )
    create_index("runs_of_org", "runs", "org", "number")
    create_table(
        "changes",
        sa.Column("run", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("object", sa.String(80), nullable=False),
        sa.Column("record_id", sa.String(18), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("evidence", sa.Text, nullable=False),
        sa.Column("rests_on", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("sent_at", sa.String(27)),
        sa.ForeignKeyConstraint(["run"], ["runs.number"]),
    )
    create_index("changes_of_record", "changes", "record_id", "object")
    create_table(
        "change_fields",
        sa.Column("run", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("field", sa.String(120), primary_key=True),
        sa.Column("before", sa.Text, nullable=False),
        sa.Column("after", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["run", "seq"], ["changes.run", "changes.seq"]),
    )
    create_table(
        "pass_states",
        sa.Column("org", sa.String(80), primary_key=True),
        sa.Column("object", sa.String(80), primary_key=True),
        sa.Column("record_id", sa.String(18), primary_key=True),
        sa.Column("state", sa.String(255)),
    )
