"""Which of several machines may run jobs on the orgs of one journal in PostgreSQL?

The one whose session holds an advisory lock. PostgreSQL gives it free when the session ends, so
also when process, machine or line die. Each holder gets a number, its fence, which goes up: what is
written under an older one is refused, so that a holder whose session ended unnoticed writes no more
(docs/adr/0017 tells what that covers).
"""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Self

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import URL

from sfsync.errors import JournalError, Locked
from sfsync.journal.database import POSTGRESQL, open_database
from sfsync.journal.tables import CHANGES, HOLDERS, RUNS
from sfsync.model import RunState, State

logger = logging.getLogger(__name__)

OF_RUNS = "run"
GRACE_SECONDS = 15.0
# The server notices a dead line after some 25 seconds, and never ends a session that only waits.
_SESSION = {
    "tcp_keepalives_idle": 10,
    "tcp_keepalives_interval": 5,
    "tcp_keepalives_count": 3,
    "tcp_user_timeout": 25_000,
    "idle_session_timeout": 0,
}
# The fences of the locks that this process holds, or held until it lost them: as with the lock of a
# file, it is the process that has them, whatever in it writes to the journal.
_FENCES: dict[URL, tuple[str, int]] = {}
# Beside who has which lock it is kept under which one an org's books were written last.
_OF_BOOKS = "books "


def is_lockable(url: str) -> bool:
    """Tell whether a journal's database has locks that several machines see."""
    return url.startswith(POSTGRESQL)


class JournalLock:
    """A lock of all processes that use one journal in PostgreSQL; a `sfsync.lock.Lock`."""

    def __init__(
        self,
        url: str,
        holder: str,
        name: str = OF_RUNS,
        *,
        taken: str = "another run is at work",
        grace: float = GRACE_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`holder` says to others who has it, `taken` what that means. Where the one before died
        with changes sent and unanswered, taking it waits for `grace` seconds: so long what was sent
        may be under way.
        """
        self._taken = taken
        self._url = url
        self._holder = holder
        self._name = name
        self._grace = grace
        self._sleep = sleep
        self._session: sa.Connection | None = None

    def take(self) -> None:
        """Take it; nothing happens where it is held already. Raises Locked where another process
        has it, ConfigError or JournalError where the database cannot be used.
        """
        if self.is_held():
            return
        self.free()
        # Its own connection, as it ends with it.
        session = open_database(self._url).connect()
        try:
            fence = self._taken_in(session.execution_options(isolation_level="AUTOCOMMIT"))
        except BaseException:
            self._end(session)
            raise
        self._session = session
        logger.info("%s has the lock %s, as holder %d", self._holder, self._name, fence)

    def _taken_in(self, session: sa.Connection) -> int:
        for name, value in _SESSION.items():
            session.execute(sa.select(sa.func.set_config(name, str(value), False)))
        if not session.scalar(sa.select(sa.func.pg_try_advisory_lock(_key(self._name)))):
            who = _told(session, self._name)
            raise Locked(f"{self._taken} ({who}): wait until it has ended, or stop it")
        fence = self._enter(session)
        if self._is_of_runs:
            _FENCES[session.engine.url] = (self._name, fence)
            self._wait_for_the_dead(session)
        return fence

    @property
    def _is_of_runs(self) -> bool:
        return self._name == OF_RUNS or self._name.startswith(f"{OF_RUNS} ")

    def free(self) -> None:
        """Give it back; nothing happens where it is not held."""
        session, self._session = self._session, None
        if session is not None:
            self._end(session)

    def _end(self, session: sa.Connection) -> None:
        if self._is_of_runs:
            _FENCES.pop(session.engine.url, None)
        # The lock goes with its session, also with one that is dead already.
        if not session.invalidated:
            session.invalidate()
        session.close()
        session.engine.dispose()

    def is_held(self) -> bool:
        """Tell whether this object still holds it: whether its session lives."""
        if self._session is None or self._session.invalidated:
            return False
        try:
            self._session.execute(sa.select(1))
        except JournalError as error:
            logger.warning("the lock %s was lost: %s", self._name, error)
            return False
        return True

    def is_free(self) -> bool:
        """Tell whether nobody holds it, in this process or another."""
        engine = open_database(self._url)
        try:
            with engine.connect() as connection:
                return not _is_taken(connection, self._name)
        finally:
            engine.dispose()

    def __enter__(self) -> Self:
        self.take()
        return self

    def __exit__(self, *_: object) -> None:
        self.free()

    def _enter(self, session: sa.Connection) -> int:
        """Enter who has it now, and return the fence. From here on no older one holds."""
        told = {"holder": self._holder, "taken_at": _now(session)}
        entered = insert(HOLDERS).values(name=self._name, fence=1, **told)
        raised = entered.on_conflict_do_update(
            index_elements=[HOLDERS.c.name], set_={"fence": HOLDERS.c.fence + 1, **told}
        )
        return int(session.scalar(raised.returning(HOLDERS.c.fence)) or 0)

    def _wait_for_the_dead(self, session: sa.Connection) -> None:
        # What others have under way, who work on other orgs, is theirs.
        of_others = (
            sa.select(HOLDERS.c.name)
            .where(HOLDERS.c.name == _OF_BOOKS + RUNS.c.org, HOLDERS.c.holder != self._name)
            .exists()
        )
        under_way = (
            sa.select(CHANGES.c.seq)
            .join(RUNS, RUNS.c.number == CHANGES.c.run)
            .where(RUNS.c.state == RunState.RUNNING.value, CHANGES.c.state == State.SENT.value)
            .where(~of_others)
            .limit(1)
        )
        if session.execute(under_way).first() is not None:
            logger.info("waiting %g s for what the last holder had sent", self._grace)
            self._sleep(self._grace)
            # Raises where the session ended meanwhile.
            session.execute(sa.select(1))


_HALF = 0xFFFFFFFF
# How PostgreSQL shows an advisory lock whose key is one number.
_IS_TAKEN = sa.text(
    "SELECT count(*) > 0 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND classid::bigint = :high AND objid::bigint = :low"
)


def _key(lock: str) -> sa.ColumnElement[int]:
    # Such locks are of a database: a schema in it may hold another journal.
    name = sa.func.current_schema() + sa.literal(f" sfsync {lock}")
    return sa.func.hashtextextended(name, 0)


def _is_taken(connection: sa.Connection, lock: str) -> bool:
    key = int(connection.scalar(sa.select(_key(lock))) or 0)
    return bool(connection.scalar(_IS_TAKEN, {"high": key >> 32 & _HALF, "low": key & _HALF}))


def enter_books(connection: sa.Connection, org: str) -> None:
    """Enter that the books of an org are written under the lock of the runs that this process has.

    Raises Locked where another process, which knows the org by another name, has the lock under
    which they were written last: two would write to one org.
    """
    mine = _FENCES.get(connection.engine.url)
    if mine is None:
        return
    lock, fence = mine
    row = {"name": f"{_OF_BOOKS}{org}", "fence": fence, "holder": lock}
    known = sa.select(HOLDERS.c.holder).where(HOLDERS.c.name == row["name"]).with_for_update()
    last = connection.scalar(known)
    if last not in (None, lock) and _is_taken(connection, last):
        raise Locked(
            f"the org {org} is worked on under another name ({last}): give it one file in"
            " config/orgs, and always call it by that name"
        )
    entered = insert(HOLDERS).values(**row, taken_at=_now(connection))
    changed = {"fence": fence, "holder": lock}
    connection.execute(entered.on_conflict_do_update(index_elements=[HOLDERS.c.name], set_=changed))


def check_fence(connection: sa.Connection) -> None:
    """Raise Locked where this process had the lock of the runs and somebody has taken it over.

    Until the transaction of this connection ends nobody can take it over.
    """
    mine = _FENCES.get(connection.engine.url)
    if mine is None:
        return
    lock, fence = mine
    query = sa.select(HOLDERS.c.fence).where(HOLDERS.c.name == lock).with_for_update(read=True)
    if connection.scalar(query) != fence:
        who = _told(connection, lock)
        raise Locked(
            f"the lock of the runs was lost to {who}: nothing more is written here, and whoever has"
            " it now closes the books of this run"
        )


def _told(connection: sa.Connection, name: str) -> str:
    query = sa.select(HOLDERS.c.holder, HOLDERS.c.taken_at).where(HOLDERS.c.name == name)
    row = connection.execute(query).one_or_none()
    # Between taking it and entering who has it there is a moment.
    if row is None:
        return "another process"
    return f"{row.holder}, since {row.taken_at:%Y-%m-%d %H:%M:%S} UTC"


def _now(session: sa.Connection) -> datetime:
    now: datetime | None = session.scalar(sa.select(sa.func.now()))
    assert now is not None
    return now.astimezone(UTC)
