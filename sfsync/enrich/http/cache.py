"""What did sources answer lately, how often was each asked today, and which wants to be left alone?

One SQLite file, written after every answer, so that a process that dies loses only the questions
it had open. It can be thrown away at any time. Keys and headers never come here.
"""

import logging
import sqlite3
import threading
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from sfsync.enrich.provider import Answer
from sfsync.errors import ConfigError

logger = logging.getLogger(__name__)

FILE = "enrich.db"
_LAYOUT = 2
_TABLES = """
CREATE TABLE answers (
    provider TEXT NOT NULL, question TEXT NOT NULL, status INTEGER NOT NULL, url TEXT NOT NULL,
    content_type TEXT NOT NULL, body BLOB NOT NULL, refusal TEXT NOT NULL,
    fetched_at REAL NOT NULL, keep_until REAL NOT NULL,
    PRIMARY KEY (provider, question)
);
CREATE INDEX answers_by_age ON answers (keep_until);
CREATE TABLE uses (
    day TEXT NOT NULL, provider TEXT NOT NULL, requests INTEGER NOT NULL, hits INTEGER NOT NULL,
    PRIMARY KEY (day, provider)
);
CREATE TABLE rests (provider TEXT NOT NULL PRIMARY KEY, until REAL NOT NULL, why TEXT NOT NULL);
"""
MOST_BYTES = 1024**3
_CLEAR_EVERY = 1_000
_USE_DAYS = 90
# A clock that was set wrong may have stamped an answer; nothing is fetched tomorrow.
_AHEAD = timedelta(days=1)
_BUSY_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Use:
    """How often a provider was asked on a day, and how often an answer was there already."""

    requests: int = 0
    hits: int = 0


@dataclass(frozen=True, slots=True)
class Rest:
    """Until when (aware UTC) a provider is not to be asked, and why in words."""

    until: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept for a question: an answer, or why there can be none (`refusal`)."""

    answer: Answer
    refusal: str = ""


def question_of(url: str, params: Mapping[str, str] | None = None) -> str:
    """Name a question; the order of its parameters does not matter."""
    query = urlencode(sorted((params or {}).items()))
    return f"GET {url}{'?' if query else ''}{query}"


class Cache:
    """Answers by provider and question, in a file; safe for several threads.

    A file that is no such cache is set aside, and begun anew. Where it cannot be written a warning
    says so, and answers are not kept.
    """

    def __init__(self, path: Path, now: datetime, *, most_bytes: int = MOST_BYTES) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._most_bytes = most_bytes
        self._written = 0
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            self._file = self._opened()
        except sqlite3.OperationalError as error:
            raise ConfigError([f"{path}: cannot be opened: {error}"]) from error
        except sqlite3.DatabaseError as error:
            aside = path.with_suffix(".unreadable")
            logger.warning("%s cannot be read (%s) and is set aside as %s", path, error, aside.name)
            path.replace(aside)
            for beside in ("-wal", "-shm"):
                path.with_name(path.name + beside).unlink(missing_ok=True)
            self._file = self._opened()
        with self._lock:
            self._clear(now)

    def _opened(self) -> sqlite3.Connection:
        file = sqlite3.connect(
            self._path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            # A process that is killed loses nothing so; only a machine that fails loses the last
            # answers, and then no others.
            file.execute("PRAGMA journal_mode = WAL")
            file.execute("PRAGMA synchronous = NORMAL")
            file.execute("BEGIN IMMEDIATE")
            (layout,) = file.execute("PRAGMA user_version").fetchone()
            if layout != _LAYOUT:
                for table in ("answers", "uses", "rests"):
                    file.execute(f"DROP TABLE IF EXISTS {table}")
                for statement in filter(str.strip, _TABLES.split(";")):
                    file.execute(statement)
                file.execute(f"PRAGMA user_version = {_LAYOUT}")
            file.execute("COMMIT")
        except sqlite3.Error:
            file.close()
            raise
        return file

    def find(self, provider: str, question: str, now: datetime) -> Kept | None:
        """Return what is kept and still fresh."""
        row = self._read(
            "SELECT status, body, url, fetched_at, content_type, refusal FROM answers "
            "WHERE provider = ? AND question = ? AND keep_until > ? AND fetched_at <= ?",
            (provider, question, now.timestamp(), (now + _AHEAD).timestamp()),
        )
        if not row:
            return None
        status, body, url, fetched_at, content_type, refusal = row[0]
        try:
            unpacked = zlib.decompress(body)
        except zlib.error:
            return None
        at = datetime.fromtimestamp(fetched_at, UTC)
        return Kept(Answer(status, unpacked, url, at, content_type), refusal)

    def keep(self, provider: str, question: str, kept: Kept, days: float) -> None:
        """Keep an answer, or a refusal, for so many days from when it was fetched."""
        answer = kept.answer
        at = answer.fetched_at.timestamp()
        self._write(
            "INSERT OR REPLACE INTO answers (provider, question, status, url, content_type, body, "
            "refusal, fetched_at, keep_until) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                provider,
                question,
                answer.status,
                answer.url,
                answer.content_type,
                zlib.compress(answer.body, 6),
                kept.refusal,
                at,
                at + days * 86_400,
            ),
        )
        self._written += 1
        if self._written % _CLEAR_EVERY == 0:
            with self._lock:
                self._clear(answer.fetched_at)

    def count(self, provider: str, day: date, *, requests: int = 0, hits: int = 0) -> None:
        """Add to a day's use of a provider."""
        self._write(
            "INSERT INTO uses (day, provider, requests, hits) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (day, provider) DO UPDATE SET "
            "requests = requests + excluded.requests, hits = hits + excluded.hits",
            (day.isoformat(), provider, requests, hits),
        )

    def use_of(self, day: date) -> Mapping[str, Use]:
        """Return the use of a day by provider, sorted; who was not used is not there."""
        rows = self._read(
            "SELECT provider, requests, hits FROM uses WHERE day = ? ORDER BY provider",
            (day.isoformat(),),
        )
        return {provider: Use(requests, hits) for provider, requests, hits in rows}

    def rest(self, provider: str, rest: Rest) -> None:
        """Note that a provider is not to be asked for a time; the later of two moments counts."""
        self._write(
            "INSERT INTO rests (provider, until, why) VALUES (?, ?, ?) "
            "ON CONFLICT (provider) DO UPDATE SET until = excluded.until, why = excluded.why "
            "WHERE excluded.until > until",
            (provider, rest.until.timestamp(), rest.why),
        )

    def rests(self, now: datetime) -> Mapping[str, Rest]:
        """Return who is not to be asked now, by provider."""
        rows = self._read(
            "SELECT provider, until, why FROM rests WHERE until > ? ORDER BY provider",
            (now.timestamp(),),
        )
        return {name: Rest(datetime.fromtimestamp(until, UTC), why) for name, until, why in rows}

    def forget(self, is_about: Callable[[str], bool], *, write: bool) -> int:
        """Count the answers of which `is_about` says that they are about a person; with `write`
        drop them, and write the file afresh, so that it keeps none of their bytes.

        Raises ConfigError where the file cannot be read or written.
        """
        try:
            with self._lock:
                asked = "SELECT rowid, question, url, refusal, body FROM answers"
                found = [
                    (row[0],)
                    for row in self._file.execute(asked)
                    if is_about("\n".join((*row[1:4], _as_text(row[4]))))
                ]
                if write:
                    self._file.execute("PRAGMA secure_delete = ON")
                    self._file.executemany("DELETE FROM answers WHERE rowid = ?", found)
                    self._file.execute("VACUUM")
                    self._file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.DatabaseError as error:
            raise ConfigError([f"{self._path}: {error}: mend that, or delete the file"]) from error
        return len(found)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._file.close()

    def _read(self, statement: str, values: Sequence[object]) -> list[Any]:
        try:
            with self._lock:
                return self._file.execute(statement, values).fetchall()
        except sqlite3.DatabaseError as error:
            logger.warning("%s: not read: %s", self._path, error)
            return []

    def _write(self, statement: str, values: Sequence[object]) -> None:
        try:
            with self._lock:
                self._file.execute(statement, values)
        except sqlite3.DatabaseError as error:
            logger.warning("%s: not written, answers are not kept: %s", self._path, error)

    def _clear(self, now: datetime) -> None:
        """Drop what is no longer fresh, and the oldest tenth while there is too much."""
        try:
            self._file.execute(
                "DELETE FROM answers WHERE keep_until <= ? OR fetched_at > ?",
                (now.timestamp(), (now + _AHEAD).timestamp()),
            )
            oldest = now.date() - timedelta(days=_USE_DAYS)
            self._file.execute("DELETE FROM uses WHERE day < ?", (oldest.isoformat(),))
            self._file.execute("DELETE FROM rests WHERE until <= ?", (now.timestamp(),))
            while self._bytes() > self._most_bytes:
                dropped = self._file.execute(
                    "DELETE FROM answers WHERE rowid IN (SELECT rowid FROM answers "
                    "ORDER BY fetched_at LIMIT (SELECT count(*) / 10 + 1 FROM answers))"
                )
                if not dropped.rowcount:
                    break
        except sqlite3.DatabaseError as error:
            logger.warning("%s: not cleared: %s", self._path, error)

    def _bytes(self) -> int:
        """Return how much of the file is in use; what is freed is used again."""
        sizes = (
            self._file.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        pages, free, size = sizes
        return int((pages - free) * size)


def _as_text(body: bytes) -> str:
    try:
        return zlib.decompress(body).decode("utf-8", "replace")
    except zlib.error:
        return ""
