"""Is the journal's database there, and does it have the layout that this version knows?

What is peculiar to SQLite and to PostgreSQL is here and in `lock.py`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchModuleError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.schema import CreateIndex, CreateTable, DDLElement

from sfsync.errors import ConfigError, JournalError
from sfsync.journal.keeping import keep_copy
from sfsync.journal.migrations import migrate
from sfsync.journal.tables import LAYOUT, METADATA, VERSION

SQLITE, POSTGRESQL = "sqlite", "postgresql"
BUSY_TIMEOUT_MS = 30_000
# A line that is dead is noticed by our side after some 25 seconds, also in the middle of a request.
_POSTGRESQL = {
    "connect_timeout": 10,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}
_IDLE_MS = 30_000
# Any number will do that others who use the database do not take: "sfsy" in ASCII.
_LAYOUT_LOCK = 0x73667379
# Alembic works on one database at a time in a process; who serves many orgs opens many.
_MIGRATING = Lock()


def open_database(url: str) -> sa.Engine:
    """Connect to the journal's database, made where it is missing, and brought to this layout where
    an older sfsync wrote it.

    Raises ConfigError where the URL is none, a file cannot be opened, or a newer version of sfsync
    wrote it; JournalError where a server cannot be reached, as while it starts.
    """
    engine = _connected(url)
    try:
        _bring_up_to_date(engine)
    except (DatabaseError, OSError) as error:
        engine.dispose()
        raise _unopened(engine, error) from error
    except BaseException:
        engine.dispose()
        raise
    sa.event.listen(engine, "handle_error", _tell)
    return engine


_IN_MEMORY = (None, "", ":memory:")
# SQLITE_CORRUPT and SQLITE_NOTADB.
_DAMAGED = (11, 26)


def _unopened(engine: sa.Engine, error: DatabaseError | OSError) -> ConfigError | JournalError:
    why = " ".join(str(error.orig if isinstance(error, DatabaseError) else error).split())
    problem = f"the journal {_shown(engine)} cannot be"
    if engine.dialect.name == POSTGRESQL and isinstance(error, OperationalError):
        return JournalError(
            f"{problem} reached: {why}; see that its server is up and lets this user in, and start"
            " again"
        )
    remedy = _damage(error) or "check that its folder or server exists and may be written"
    return ConfigError([f"{problem} opened: {why}; {remedy}"])


def _damage(error: DatabaseError | OSError) -> str:
    """Say what to do about a file of SQLite that is damaged; nothing where it is not."""
    code = getattr(getattr(error, "orig", None), "sqlite_errorcode", None)
    if code not in _DAMAGED:
        return ""
    return "it is damaged: put a copy of it in its place (docs/operate.md, Backup)"


def _connected(url: str) -> sa.Engine:
    try:
        parts = sa.make_url(url)
        how: dict[str, Any] = {}
        if parts.get_backend_name() == POSTGRESQL:
            # Between two runs of a service the server may have been started again.
            how = {"pool_pre_ping": True}
        elif parts.get_backend_name() == SQLITE and parts.database in _IN_MEMORY:
            # What is in memory is there for one connection alone, which threads have in turns.
            how = {"poolclass": sa.QueuePool, "pool_size": 1, "max_overflow": 0}
            how["connect_args"] = {"check_same_thread": False}
        engine = sa.create_engine(parts, **how)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        problem = f"the journal's URL cannot be used: {error}; write it as sqlite:///PATH or as"
        raise ConfigError([f"{problem} an SQLAlchemy URL whose driver is installed"]) from error
    if engine.dialect.name not in (SQLITE, POSTGRESQL):
        kinds = "write it as sqlite:///PATH, or as that of a PostgreSQL database"
        raise ConfigError([f"the journal's URL is for {engine.dialect.name}: {kinds}"])
    if engine.dialect.name == SQLITE:
        sa.event.listen(engine, "connect", _prepare_sqlite)
    elif engine.dialect.name == POSTGRESQL:
        sa.event.listen(engine, "do_connect", _prepare_postgresql)
        sa.event.listen(engine, "connect", _prepare_session)
    return engine


def _tell(context: sa.engine.ExceptionContext) -> None:
    """Say in words that the database failed: full disk, lost connection, read-only file."""
    if isinstance(context.sqlalchemy_exception, DatabaseError):
        remedy = "mend that and start again: the next run closes the books of this one"
        remedy = _damage(context.sqlalchemy_exception) or remedy
        raise JournalError(
            f"the journal failed: {context.original_exception}; {remedy}",
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


def _prepare_postgresql(
    dialect: object, entry: object, given: object, parameters: dict[str, object]
) -> None:
    # What the URL says of it holds.
    for name, value in _POSTGRESQL.items():
        parameters.setdefault(name, value)


def _prepare_session(connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
    # A process that is stopped within a transaction must not keep another from taking over.
    cursor = connection.cursor()
    cursor.execute(f"SET idle_in_transaction_session_timeout = {_IDLE_MS}")
    cursor.close()
    connection.commit()


def _bring_up_to_date(engine: sa.Engine) -> None:
    # One question, and none of Alembic, where all is well: that is every command but one.
    found = _layout(engine)
    if found is None or found < LAYOUT:
        with exclusively(engine) as connection:
            # Another process may have been quicker.
            found = _layout(connection)
            if found is None:
                _create(connection)
            elif found < LAYOUT:
                keep_copy(engine, LAYOUT)
                with _MIGRATING:
                    migrate(connection)
            found = _layout(connection)
    if found != LAYOUT:
        problem = f"the journal {_shown(engine)} has layout {found}, this sfsync knows"
        remedy = "install the sfsync that wrote it, or a newer one, or name another journal"
        raise ConfigError([f"{problem} layout {LAYOUT}: {remedy}"])


def _layout(at: sa.Engine | sa.Connection) -> int | None:
    """Read the layout's number; None where there is no journal yet."""
    query = sa.select(sa.func.max(VERSION.c.version))
    found: int | None = None
    if isinstance(at, sa.Engine):
        try:
            with at.connect() as connection:
                found = connection.scalar(query)
        except DatabaseError:
            # There is no such table, or something worse: then this fails again.
            with at.connect() as connection:
                return _layout(connection)
    # Within a transaction a question that fails would be the end of it.
    elif sa.inspect(at).has_table(VERSION.name):
        found = at.scalar(query)
    return found


@contextmanager
def exclusively(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Begin a transaction, done whole or not at all, that one process has at a time: what makes or
    changes tables.
    """
    if engine.dialect.name == SQLITE:
        # The driver's own transactions do not hold what changes tables.
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.exec_driver_sql("ROLLBACK")
                raise
            connection.exec_driver_sql("COMMIT")
        return
    with engine.begin() as connection:
        if engine.dialect.name == POSTGRESQL:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LAYOUT_LOCK)))
        yield connection


@cache
def _statements(dialect: str) -> Sequence[str]:
    """Return what makes the tables, in the words of a kind of database."""
    statements: list[DDLElement] = []
    for table in METADATA.sorted_tables:
        # An older sfsync may have died when it had made some of them.
        statements.append(CreateTable(table, if_not_exists=True))
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            statements.append(CreateIndex(index, if_not_exists=True))
    words = sa.make_url(f"{dialect}://").get_dialect()()
    return [str(each.compile(dialect=words)) for each in statements]


def _create(connection: sa.Connection) -> None:
    for statement in _statements(connection.dialect.name):
        connection.exec_driver_sql(statement)
    connection.execute(sa.insert(VERSION).values(version=LAYOUT))


def _shown(engine: sa.Engine) -> str:
    return engine.url.render_as_string(hide_password=True)
