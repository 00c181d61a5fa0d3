"""What came with layout 5? What journals of layout 4 got bit by bit; who holds the lock of the
runs; and when a run's changes were pruned.
"""

import sqlalchemy as sa

from sfsync.journal.migrations.making import (
    add_column,
    create_index,
    create_table,
    execute,
)

revision, down_revision = "5", "4"

ORG, RECORD, INSTANT, KEY = sa.String(80), sa.String(18), sa.String(27), sa.String(200)


def upgrade() -> None:
    """Make what is missing."""
    is_action = sa.text("action IS NOT NULL")
    only = {"sqlite_where": is_action, "postgresql_where": is_action}
    create_index("changes_of_action", "changes", "action", "state", **only)
    add_column("runs", sa.Column("pruned_at", INSTANT))
    _mails()
    _enrichment()
    _turns()
    _losers()
    _totals()


def _mails() -> None:
    create_table(
        "messages",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("org", ORG, nullable=False),
        sa.Column("key", KEY, nullable=False),
        sa.Column("recipient", sa.String(320), nullable=False),
        sa.Column("message_id", sa.String(255), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("handed_over", sa.Integer, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("planned_at", INSTANT, nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.Column("content", sa.LargeBinary(2**26)),
    )
    create_index("messages_of_key", "messages", "org", "key", unique=True)
    create_index("messages_of_state", "messages", "org", "state")
    create_table(
        "message_editions",
        sa.Column("org", ORG, primary_key=True),
        sa.Column("message", KEY, primary_key=True),
        sa.Column("report", sa.String(100), nullable=False),
        sa.Column("reader", RECORD, nullable=False),
        sa.Column("as_of", INSTANT, nullable=False),
    )
    create_table(
        "message_alerts",
        sa.Column("org", ORG, primary_key=True),
        sa.Column("message", KEY, primary_key=True),
        sa.Column("series", sa.String(100), primary_key=True),
        sa.Column("object", sa.String(80), primary_key=True),
        sa.Column("record_id", RECORD, primary_key=True),
        sa.Column("spell", sa.String(32), nullable=False),
        sa.Column("reader", RECORD, nullable=False),
        sa.Column("as_of", INSTANT, nullable=False),
    )


def _enrichment() -> None:
    create_table(
        "lookups",
        sa.Column("org", ORG, primary_key=True),
        sa.Column("account", RECORD, primary_key=True),
        sa.Column("looked_at", INSTANT, nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("providers", sa.Text, nullable=False),
        sa.Column("about", sa.String(64), nullable=False),
        sa.Column("planned", sa.Boolean, nullable=False),
    )
    create_table(
        "reviews",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("org", ORG, nullable=False),
        sa.Column("account", RECORD, nullable=False),
        sa.Column("provider", sa.String(80), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("candidates", sa.Text, nullable=False),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("answer", sa.String(16), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("answered_at", INSTANT),
        sa.Column("until", sa.Date),
    )
    create_index("reviews_of_account", "reviews", "org", "account")


def _turns() -> None:
    create_table(
        "turns",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("service", KEY, nullable=False),
        sa.Column("job", sa.String(80), nullable=False),
        sa.Column("due", INSTANT, nullable=False),
        sa.Column("started", INSTANT, nullable=False),
        sa.Column("finished", INSTANT),
        sa.Column("exit_code", sa.Integer),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
    )
    create_index("turns_of_job", "turns", "service", "job", "due", unique=True)
    create_table(
        "holders",
        sa.Column("name", KEY, primary_key=True),
        sa.Column("fence", sa.Integer, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("taken_at", INSTANT, nullable=False),
    )


def _losers() -> None:
    create_table(
        "change_losers",
        sa.Column("run", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("record_id", RECORD, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("fields", sa.Text, nullable=False),
        sa.Column("children", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["run", "seq"], ["changes.run", "changes.seq"]),
    )
    create_index("losers_of_record", "change_losers", "record_id")


def _totals() -> None:
    create_table(
        "run_ends",
        sa.Column("run", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("seconds", sa.Float),
        sa.Column("api_left", sa.Integer),
        sa.Column("api_total", sa.Integer),
    )
    create_table(
        "run_counts",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("run", sa.Integer, nullable=False),
        sa.Column("org", ORG, nullable=False),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("changes", sa.Integer, nullable=False),
    )
    create_index("run_counts_of_run", "run_counts", "run")
    create_index("run_counts_of_cause", "run_counts", "org", "cause", "outcome", "changes")
    # The table may be there, and an older sfsync without it may have made runs since.
    execute(
        "INSERT INTO run_counts (run, org, cause, outcome, changes)"
        " SELECT changes.run, runs.org, changes.cause, changes.state, count(*)"
        " FROM changes JOIN runs ON runs.number = changes.run WHERE runs.state <> 'running'"
        " AND runs.number NOT IN (SELECT run FROM run_counts)"
        " GROUP BY changes.run, runs.org, changes.cause, changes.state"
    )
