"""How is the journal laid out in its database, and is this database one that this version can read?

Portable SQL only: SQLite by default, PostgreSQL or another database by its SQLAlchemy URL. Instants
are UTC text of one width, so they sort as text. Field values, evidence and stamps are JSON text:
escaped, so no database chokes on what a record may hold. What is peculiar to SQLite is in
`_prepare_sqlite`.
"""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import DBAPIConnection, Dialect
from sqlalchemy.exc import ArgumentError, DatabaseError, IntegrityError, NoSuchModuleError
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.schema import CreateIndex, CreateTable

from sfsync.errors import ConfigError, JournalError

SCHEMA_VERSION = 4
BUSY_TIMEOUT_MS = 30_000


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
    sa.Index("runs_of_org", "org", "number"),
)
CHANGES = sa.Table(
    "changes",
    METADATA,
    sa.Column("run", sa.ForeignKey(RUNS.c.number), primary_key=True, autoincrement=False),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("object", OBJECT, nullable=False),
    sa.Column("record_id", RECORD_ID, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("evidence", sa.Text, nullable=False),
    sa.Column("rests_on", sa.Text, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("code", sa.Text, nullable=False, default=""),
    sa.Column("message", sa.Text, nullable=False, default=""),
    sa.Column("sent_at", Instant),
    # Since version 2: the Id of the org's bulk job to which the change was handed.
    sa.Column("job", RECORD_ID),
    # Since version 4: create, update or delete (None: update), and the Id of what was created.
    sa.Column("action", sa.String(8)),
    sa.Column("created", RECORD_ID),
    sa.Index("changes_of_record", "record_id", "object"),
)
# Beside the layout, made where it is missing: few changes do anything but update.
ACTIONS = sa.Index(
    "changes_of_action",
    CHANGES.c.action,
    CHANGES.c.state,
    sqlite_where=CHANGES.c.action.is_not(None),
    postgresql_where=CHANGES.c.action.is_not(None),
)
CHANGE_FIELDS = sa.Table(
    "change_fields",
    METADATA,
    sa.Column("run", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("field", sa.String(120), primary_key=True),
    sa.Column("before", sa.Text, nullable=False),
    sa.Column("after", sa.Text, nullable=False),
    # Since version 4: where the new value comes from, where it is a public source.
    sa.Column("source", sa.Text),
    sa.ForeignKeyConstraint(["run", "seq"], [CHANGES.c.run, CHANGES.c.seq]),
    sa.Index("change_fields_of_field", "field"),
)
PASS_STATES = sa.Table(
    "pass_states",
    METADATA,
    sa.Column("org", BOOKS, primary_key=True),
    sa.Column("object", OBJECT, primary_key=True),
    sa.Column("record_id", RECORD_ID, primary_key=True),
    sa.Column("state", sa.String(255)),
)
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
)


def open_database(url: str) -> sa.Engine:
    """Connect to the journal's database, with its tables made where missing.

    Raises ConfigError where the URL is none, the database cannot be reached, or a newer version of
    sfsync wrote it.
    """
    try:
        engine = sa.create_engine(url)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        problem = f"the journal's URL cannot be used: {error}; write it as sqlite:///PATH or as"
        raise ConfigError([f"{problem} an SQLAlchemy URL whose driver is installed"]) from error
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _prepare_sqlite)
    try:
        _check_version(engine)
    except DatabaseError as error:
        engine.dispose()
        problem = f"the journal {_shown(engine)} cannot be opened: {error.orig}; check that"
        raise ConfigError([f"{problem} its folder or server exists and may be written"]) from error
    except ConfigError:
        engine.dispose()
        raise
    sa.event.listen(engine, "handle_error", _tell)
    return engine


def _tell(context: sa.engine.ExceptionContext) -> None:
    """Say in words that the database failed: full disk, lost connection, read-only file."""
    if isinstance(context.sqlalchemy_exception, DatabaseError):
        raise JournalError(
            f"the journal failed: {context.original_exception}; mend that and start again: the next"
            " run closes the books of this one",
            # A driver quotes the row that it could not write.
            f"the journal failed: {type(context.original_exception).__name__}",
        ) from context.original_exception


def _prepare_sqlite(connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
    # FULL, because in WAL mode NORMAL may lose the last transactions when the power fails: "sent"
    # must not be lost.
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _check_version(engine: sa.Engine) -> None:
    found = _read_version(engine)
    if found is None:
        _create_tables(engine)
        found = _read_version(engine)
    for step in (_add_jobs, _add_findings, _add_actions):
        found = step(engine, found)
    if found != SCHEMA_VERSION:
        problem = f"the journal {_shown(engine)} has layout {found}, this sfsync knows"
        remedy = "install the sfsync that wrote it, or name another journal"
        raise ConfigError([f"{problem} layout {SCHEMA_VERSION}: {remedy}"])
    _add_index(engine, ACTIONS)


def _read_version(engine: sa.Engine) -> int | None:
    if not sa.inspect(engine).has_table(VERSION.name):
        return None
    with engine.connect() as connection:
        version: int | None = connection.scalar(sa.select(sa.func.max(VERSION.c.version)))
        return version


def _create_tables(engine: sa.Engine) -> None:
    # Two processes may open a new journal at once: whoever comes second finds all of it there.
    try:
        with engine.begin() as connection:
            for table in METADATA.sorted_tables:
                connection.execute(CreateTable(table, if_not_exists=True))
                for index in sorted(table.indexes, key=lambda index: str(index.name)):
                    connection.execute(CreateIndex(index, if_not_exists=True))
            connection.execute(sa.insert(VERSION).values(version=SCHEMA_VERSION))
    except IntegrityError:
        if _read_version(engine) is None:
            raise


def _add_jobs(engine: sa.Engine, found: int | None) -> int | None:
    """Bring a journal from version 1 to 2 where it stands: its changes get the column of the job.

    Each step is done where it is not done yet, so that it may be broken off, or done by two
    processes at once.
    """
    if found == 1:
        _add_column(engine, CHANGES.c.job)
        return _raise_version(engine, 2)
    return found


def _add_findings(engine: sa.Engine, found: int | None) -> int | None:
    """Bring a journal from version 2 to 3 where it stands: it gets the table of the findings."""
    if found == 2:
        with engine.begin() as connection:
            connection.execute(CreateTable(FINDINGS, if_not_exists=True))
        return _raise_version(engine, 3)
    return found


def _add_actions(engine: sa.Engine, found: int | None) -> int | None:
    """Bring a journal from version 3 to 4 where it stands: runs count API calls, changes say what
    they do to their record, and fields where their new value comes from.
    """
    if found == 3:
        for column in (
            *(RUNS.c.api_calls, CHANGES.c.action, CHANGES.c.created, CHANGE_FIELDS.c.source),
        ):
            _add_column(engine, column)
        return _raise_version(engine, 4)
    return found


def _add_column(engine: sa.Engine, column: sa.Column[Any]) -> None:
    if _has_column(engine, column):
        return
    told = f"{column.name} {column.type.compile(engine.dialect)}"
    try:
        with engine.begin() as connection:
            connection.execute(sa.text(f"ALTER TABLE {column.table.name} ADD COLUMN {told}"))
    except DatabaseError:
        # Another process may have been quicker.
        if not _has_column(engine, column):
            raise


def _add_index(engine: sa.Engine, index: sa.Index) -> None:
    # Asked first: whoever only reads the journal need not be able to write it.
    if not sa.inspect(engine).has_index(CHANGES.name, str(index.name)):
        with engine.begin() as connection:
            connection.execute(CreateIndex(index, if_not_exists=True))


def _has_column(engine: sa.Engine, column: sa.Column[Any]) -> bool:
    columns = sa.inspect(engine).get_columns(column.table.name)
    return any(each["name"] == column.name for each in columns)


def _raise_version(engine: sa.Engine, version: int) -> int | None:
    with engine.begin() as connection:
        before = VERSION.c.version == version - 1
        connection.execute(sa.update(VERSION).where(before).values(version=version))
    return _read_version(engine)


def _shown(engine: sa.Engine) -> str:
    return engine.url.render_as_string(hide_password=True)
