"""How is the journal laid out in its database?

Portable SQL only: SQLite by default, PostgreSQL by its URL. Instants
are UTC text of one width, so they sort as text. Field values, evidence and stamps are JSON text:
escaped, so no database chokes on what a record may hold. What changes here needs a step in
`migrations/versions`, and LAYOUT the number of the last one.

A run has up to a change for every record of an org, and says much the same of all of them. So the
rows of changes are small: what a run repeats stands once, in `run_texts`, and its number in the
rows. Whoever reads asks `CHANGES` and `CHANGE_FIELDS`, which have the texts; only what writes knows
of the numbers.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import Dialect

from sfsync.model import State

LAYOUT = 8


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


class ShortInstant(sa.TypeDecorator[datetime]):
    """An aware instant, or none yet, as microseconds since 1970: of one width whether there is one
    or not, so that the row of a change does not grow, and split its page, when the change is sent.
    """

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int:
        """Write the number; a moment without a zone is a ValueError, never a guess."""
        if value is None:
            return NEVER
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone: the journal keeps instants")
        return (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """Read it back as aware UTC."""
        return None if value is None else instant_of(int(value))


class StateCode(sa.TypeDecorator[str]):
    """What became of a change, as a number of one digit; they sort as the words do."""

    impl = sa.SmallInteger
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> int | None:
        """Write the number of a word."""
        return None if value is None else STATE_CODES[State(value)]

    def process_result_value(self, value: Any | None, dialect: Dialect) -> str | None:
        """Read it back as the word."""
        return None if value is None else STATES[value].value


_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
NEVER = -(2**53)
# From two on: in SQLite a nought and a one take no room, so that a row would grow.
STATE_CODES = {state: code for code, state in enumerate(sorted(State), start=2)}
STATES = {code: state for state, code in STATE_CODES.items()}


@lru_cache(maxsize=1_024)
def instant_of(microseconds: int) -> datetime | None:
    """Return the instant (aware UTC) that a number stands for; None: it never came."""
    # A batch was sent at one moment.
    return None if microseconds == NEVER else _EPOCH + microseconds * _MICROSECOND


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
# Since version 6: what changes of a run have in common, by a number within the run.
TEXTS = sa.Table(
    "run_texts",
    METADATA,
    sa.Column("run", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("text", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)
# Since version 6 `*_text` is the number of a text of the run; where there are two columns, what is
# said once in the run stands in the other.
CHANGE_ROWS = sa.Table(
    "changes",
    METADATA,
    sa.Column("run", sa.ForeignKey(RUNS.c.number), primary_key=True, autoincrement=False),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("state", StateCode, nullable=False),
    sa.Column("sent_at", ShortInstant, nullable=False, default=NEVER),
    sa.Column("object_text", sa.Integer, nullable=False),
    sa.Column("record_id", RECORD_ID, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("cause_text", sa.Integer, nullable=False),
    sa.Column("reason_text", sa.Integer),
    sa.Column("reason", sa.Text),
    sa.Column("evidence_text", sa.Integer),
    sa.Column("evidence", sa.Text),
    # When the record itself was last changed before it was read, in milliseconds since 1970; what
    # else the change rests on, as JSON text.
    sa.Column("own_stamp", sa.BigInteger),
    sa.Column("rests_on", sa.Text),
    sa.Column("code", sa.Text),
    sa.Column("message", sa.Text),
    # Since version 2: the Id of the org's bulk job to which the change was handed.
    sa.Column("job_text", sa.Integer),
    # Since version 4: what it does to its record (None: update), and the Id of what was created.
    sa.Column("action", sa.String(8)),
    sa.Column("created", RECORD_ID),
    sa.Index("changes_of_record", "record_id"),
    sqlite_with_rowid=False,
)
# Few changes do anything but update.
sa.Index(
    "changes_of_action",
    CHANGE_ROWS.c.action,
    CHANGE_ROWS.c.state,
    sqlite_where=CHANGE_ROWS.c.action.is_not(None),
    postgresql_where=CHANGE_ROWS.c.action.is_not(None),
)
FIELD_ROWS = sa.Table(
    "change_fields",
    METADATA,
    sa.Column("run", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("field_text", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("before_text", sa.Integer),
    sa.Column("before", sa.Text),
    sa.Column("after_text", sa.Integer),
    sa.Column("after", sa.Text),
    # Since version 4: where the new value comes from, where it is a public source.
    sa.Column("source", sa.Text),
    sa.ForeignKeyConstraint(["run", "seq"], [CHANGE_ROWS.c.run, CHANGE_ROWS.c.seq]),
    sqlite_with_rowid=False,
)
# Few values come from public sources.
sa.Index(
    "change_fields_of_source",
    FIELD_ROWS.c.run,
    FIELD_ROWS.c.seq,
    sqlite_where=FIELD_ROWS.c.source.is_not(None),
    postgresql_where=FIELD_ROWS.c.source.is_not(None),
)


def _text(number: sa.Column[Any]) -> sa.ScalarSelect[Any]:
    """Say a text in the place of its number."""
    texts = TEXTS.alias()
    of_run = number.table.c.run
    found = sa.select(texts.c.text).where(texts.c.run == of_run, texts.c.number == number)
    return found.correlate(number.table).scalar_subquery()


def _said(table: sa.Table, name: str, nothing: str | None = None) -> sa.ColumnElement[Any]:
    """Say what a row says itself, or else the text of its number, or else nothing."""
    told = [table.c[name], _text(table.c[f"{name}_text"])]
    last = [] if nothing is None else [sa.literal(nothing, literal_execute=True)]
    return sa.func.coalesce(*told, *last, type_=sa.Text()).label(name)


def _as(number: sa.Column[Any], kind: sa.String) -> sa.ColumnElement[Any]:
    name = number.name.removesuffix("_text")
    return sa.type_coerce(_text(number), kind).label(name)


def _or_empty(column: sa.Column[Any], nothing: str = "") -> sa.ColumnElement[Any]:
    empty = sa.literal(nothing, literal_execute=True)
    return sa.func.coalesce(column, empty, type_=column.type).label(column.name)


_ROW, _FIELD = CHANGE_ROWS.c, FIELD_ROWS.c
# Changes with all that is said of them.
CHANGES = sa.select(
    _ROW.run,
    _ROW.seq,
    _as(_ROW.object_text, OBJECT),
    _ROW.record_id,
    _ROW.name,
    _as(_ROW.cause_text, sa.Text()),
    _said(CHANGE_ROWS, "reason"),
    _said(CHANGE_ROWS, "evidence", "[]"),
    _ROW.own_stamp,
    _or_empty(_ROW.rests_on, "[]"),
    _ROW.state,
    _or_empty(_ROW.code),
    _or_empty(_ROW.message),
    sa.func.nullif(_ROW.sent_at, sa.literal_column(str(NEVER)), type_=ShortInstant()).label(
        "sent_at"
    ),
    _as(_ROW.job_text, RECORD_ID),
    _ROW.action,
    _ROW.created,
).subquery("told_changes")
CHANGE_FIELDS = sa.select(
    _FIELD.run,
    _FIELD.seq,
    _FIELD.field_text,
    _as(_FIELD.field_text, sa.String(120)),
    _said(FIELD_ROWS, "before"),
    _said(FIELD_ROWS, "after"),
    _FIELD.source,
).subquery("told_fields")
PASS_STATES = sa.Table(
    "pass_states",
    METADATA,
    sa.Column("org", BOOKS, primary_key=True),
    sa.Column("object", OBJECT, primary_key=True),
    sa.Column("record_id", RECORD_ID, primary_key=True),
    sa.Column("state", sa.String(255)),
    sqlite_with_rowid=False,
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
