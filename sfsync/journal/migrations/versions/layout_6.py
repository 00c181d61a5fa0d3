"""What came with layout 6? Rows of changes a third as large: what changes of a run have in common
stands once.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from sfsync.journal.migrations.making import (
    connection,
    create_index,
    create_table,
    drop_table,
    execute,
    set_aside,
)

revision, down_revision = "6", "5"

RECORD = sa.String(18)
# So many changes are brought over at once.
PORTION = 5_000
# As they sort: the numbers begin with 2.
STATES = ("applied", "planned", "refused", "sent", "skipped", "stale", "unknown")
NEVER = -(2**53)
EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
OLD_CHANGES, OLD_FIELDS, OLD_LOSERS = "old_changes", "old_change_fields", "old_change_losers"


def upgrade() -> None:
    """Make the tables anew, and bring over what was in them."""
    set_aside("changes", OLD_CHANGES, "changes_of_record", "changes_of_action")
    set_aside("change_fields", OLD_FIELDS, "change_fields_of_field")
    set_aside("change_losers", OLD_LOSERS, "losers_of_record")
    _make_changes()
    _make_fields()
    _make_losers()
    within = connection()
    for run in list(within.scalars(sa.text("SELECT number FROM runs ORDER BY number"))):
        _bring_over(within, run)
    losers = "run, seq, place, record_id, name, fields, children"
    execute(f"INSERT INTO change_losers ({losers}) SELECT {losers} FROM {OLD_LOSERS}")
    for old in (OLD_LOSERS, OLD_FIELDS, OLD_CHANGES):
        drop_table(old)


def _make_changes() -> None:
    create_table(
        "run_texts",
        _key("run"),
        _key("number"),
        sa.Column("text", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    create_table(
        "changes",
        _key("run"),
        _key("seq"),
        sa.Column("state", sa.SmallInteger, nullable=False),
        sa.Column("sent_at", sa.BigInteger, nullable=False),
        sa.Column("object_text", sa.Integer, nullable=False),
        sa.Column("record_id", RECORD, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("cause_text", sa.Integer, nullable=False),
        sa.Column("reason_text", sa.Integer),
        sa.Column("reason", sa.Text),
        sa.Column("evidence_text", sa.Integer),
        sa.Column("evidence", sa.Text),
        sa.Column("own_stamp", sa.BigInteger),
        sa.Column("rests_on", sa.Text),
        sa.Column("code", sa.Text),
        sa.Column("message", sa.Text),
        sa.Column("job_text", sa.Integer),
        sa.Column("action", sa.String(8)),
        sa.Column("created", RECORD),
        sa.ForeignKeyConstraint(["run"], ["runs.number"]),
        sqlite_with_rowid=False,
    )
    create_index("changes_of_record", "changes", "record_id")
    is_action = sa.text("action IS NOT NULL")
    only = {"sqlite_where": is_action, "postgresql_where": is_action}
    create_index("changes_of_action", "changes", "action", "state", **only)


def _make_fields() -> None:
    create_table(
        "change_fields",
        _key("run"),
        _key("seq"),
        _key("field_text"),
        sa.Column("before_text", sa.Integer),
        sa.Column("before", sa.Text),
        sa.Column("after_text", sa.Integer),
        sa.Column("after", sa.Text),
        sa.Column("source", sa.Text),
        sa.ForeignKeyConstraint(["run", "seq"], ["changes.run", "changes.seq"]),
        sqlite_with_rowid=False,
    )
    is_source = sa.text("source IS NOT NULL")
    only = {"sqlite_where": is_source, "postgresql_where": is_source}
    create_index("change_fields_of_source", "change_fields", "run", "seq", **only)


def _make_losers() -> None:
    create_table(
        "change_losers",
        _key("run"),
        _key("seq"),
        _key("place"),
        sa.Column("record_id", RECORD, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("fields", sa.Text, nullable=False),
        sa.Column("children", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["run", "seq"], ["changes.run", "changes.seq"]),
    )
    create_index("losers_of_record", "change_losers", "record_id")


def _key(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, primary_key=True, autoincrement=False)


def _bring_over(within: sa.Connection, run: int) -> None:
    """Bring over the changes of a run, and their fields: what is said twice gets a number."""
    numbers = _numbers(within, run)
    texts = [{"run": run, "number": number, "text": text} for text, number in numbers.items()]
    changes = (_change(row, numbers) for row in _rows(within, OLD_CHANGES, run))
    fields = (_field(row, numbers) for row in _rows(within, OLD_FIELDS, run))
    for table, rows in (
        ("run_texts", iter(texts)),
        ("changes", changes),
        ("change_fields", fields),
    ):
        _insert(within, table, rows)


def _numbers(within: sa.Connection, run: int) -> dict[str, int]:
    """Number what changes of a run say more than once, and what has no other place."""
    always, often = [], []
    for name in ("object", "cause", "job"):
        always.append(f"SELECT DISTINCT {name} FROM {OLD_CHANGES} WHERE run = :run")
    always.append(f"SELECT DISTINCT field FROM {OLD_FIELDS} WHERE run = :run")
    for table, names in ((OLD_CHANGES, ("reason", "evidence")), (OLD_FIELDS, ("before", "after"))):
        often += [
            f'SELECT "{name}" FROM {table} WHERE run = :run GROUP BY "{name}" HAVING count(*) > 1'
            for name in names
        ]
    found: dict[str, int] = {}
    for query in (*always, *often):
        for text in within.scalars(sa.text(query), {"run": run}):
            if text is not None:
                found.setdefault(text, len(found))
    return found


def _rows(within: sa.Connection, table: str, run: int) -> Iterator[sa.Row[Any]]:
    query = f"SELECT * FROM {table} WHERE run = :run AND seq >= :first AND seq < :end"
    last = within.scalar(
        sa.text(f"SELECT max(seq) FROM {OLD_CHANGES} WHERE run = :run"),
        {"run": run},
    )
    for first in range(0, -1 if last is None else last + 1, PORTION):
        of = {"run": run, "first": first, "end": first + PORTION}
        yield from within.execute(sa.text(f"{query} ORDER BY seq"), of).all()


def _change(row: sa.Row[Any], numbers: dict[str, int]) -> dict[str, Any]:
    sent = None if row.sent_at is None else datetime.fromisoformat(row.sent_at)
    return {
        "run": row.run,
        "seq": row.seq,
        "state": STATES.index(row.state) + 2,
        "sent_at": NEVER if sent is None else (sent - EPOCH) // MICROSECOND,
        "object_text": numbers[row.object],
        "record_id": row.record_id,
        "name": row.name,
        "cause_text": numbers[row.cause],
        **_split("reason", row.reason, numbers),
        **_split("evidence", row.evidence, numbers),
        "own_stamp": None,
        "rests_on": None if row.rests_on == "[]" else row.rests_on,
        "code": row.code or None,
        "message": row.message or None,
        "job_text": None if row.job is None else numbers[row.job],
        "action": row.action,
        "created": row.created,
    }


def _field(row: sa.Row[Any], numbers: dict[str, int]) -> dict[str, Any]:
    return {
        "run": row.run,
        "seq": row.seq,
        "field_text": numbers[row.field],
        **_split("before", row.before, numbers),
        **_split("after", row.after, numbers),
        "source": row.source,
    }


def _split(name: str, text: str, numbers: dict[str, int]) -> dict[str, Any]:
    number = numbers.get(text)
    return {f"{name}_text": number, name: text if number is None else None}


def _insert(within: sa.Connection, table: str, rows: Iterator[dict[str, Any]]) -> None:
    portion: list[dict[str, Any]] = []
    for row in rows:
        portion.append(row)
        if len(portion) == PORTION:
            _insert_some(within, table, portion)
            portion = []
    _insert_some(within, table, portion)


def _insert_some(within: sa.Connection, table: str, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        columns = ", ".join(f'"{name}"' for name in rows[0])
        values = ", ".join(f":{name}" for name in rows[0])
        statement = f"INSERT INTO {table} ({columns}) VALUES ({values})"
        within.execute(sa.text(statement), list(rows))
