"""How do tests get a PostgreSQL server of their own?

It listens on a socket in a folder of the tests alone, sorts text as people do (so that what relies
on the order of bytes is found out), and need not survive a power cut.
"""

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from sfsync.journal.tables import METADATA, VERSION

_DEBIAN = Path("/usr/lib/postgresql")
_OLDEST = 15
_SETTINGS = ("fsync=off", "full_page_writes=off", "max_connections=40", "listen_addresses=")
_NAME = "journal"


@dataclass(frozen=True, slots=True)
class Server:
    """A server that is up; each test gets a schema of its own, which costs less than a database."""

    socket: Path
    _numbers: Iterator[int] = field(default_factory=count)

    @property
    def url(self) -> str:
        """Where the server is."""
        host = quote(str(self.socket), safe="")
        return f"postgresql+psycopg://{_NAME}@/postgres?host={host}"

    def new(self) -> str:
        """Make room for a journal, and return its URL."""
        name = f"test_{next(self._numbers)}"
        tell(self.url, f"CREATE SCHEMA {name}")
        return f"{self.url}&options=-csearch_path%3D{name}"

    def emptied(self, url: str) -> str:
        """Empty the journal at this URL, which costs less than to make a new one; return the
        URL.
        """
        tables = [table.name for table in METADATA.sorted_tables if table is not VERSION]
        tell(url, f"TRUNCATE {', '.join(tables)} RESTART IDENTITY CASCADE")
        return url


def tell(url: str, *statements: str) -> list[tuple[object, ...]]:
    """Carry out statements, past all of sfsync, each at once; return the rows of the last one."""
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    rows: list[tuple[object, ...]] = []
    try:
        with engine.connect() as connection:
            for statement in statements:
                found = connection.exec_driver_sql(statement)
                rows = [tuple(row) for row in found] if found.returns_rows else []
    finally:
        engine.dispose()
    return rows


def _programs() -> Path | None:
    """The folder of the newest server's programs that is new enough."""
    folders = sorted(_DEBIAN.glob("[0-9]*/bin"), key=lambda each: int(each.parent.name))
    on_path = shutil.which("initdb")
    folders += [Path(on_path).resolve().parent] if on_path else []
    for folder in reversed(folders):
        program = folder / "postgres"
        if program.exists() and (folder / "initdb").exists():
            told = subprocess.run([program, "--version"], capture_output=True, text=True)
            if int(told.stdout.split()[2].split(".")[0]) >= _OLDEST:
                return folder
    return None


def _user() -> str | None:
    """Who runs the server, which refuses to run as root."""
    if os.getuid() != 0:
        return None
    known = {each.pw_name for each in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in known)


@contextmanager
def served_postgresql(folder: Path) -> Iterator[Server]:
    """Serve a new PostgreSQL in this folder; skips where no server of version 15 or newer is."""
    programs = _programs()
    if programs is None:
        pytest.skip(f"no PostgreSQL {_OLDEST} or newer on this machine (Debian: postgresql)")
    user = _user()
    if user is not None:
        shutil.chown(folder, user)
    data = folder / "data"
    subprocess.run(
        [programs / "initdb", "-D", data, "-U", _NAME, "-A", "trust", "-E", "UTF8", "--no-sync",
         "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US"],
        check=True, capture_output=True, user=user, cwd=folder,
    )  # fmt: skip
    told = [part for setting in _SETTINGS for part in ("-c", setting)]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [programs / "postgres", "-D", data, "-k", folder, *told],
            user=user, cwd=folder, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        up = Server(folder)
        _wait_for(up, server, folder / "log")
        yield up
    finally:
        # At once, whoever is still connected.
        server.send_signal(signal.SIGINT)
        server.wait()


def _wait_for(up: Server, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(200):
        try:
            tell(up.url, "SELECT 1")
            return
        except sa.exc.OperationalError:
            assert server.poll() is None, log.read_text()
            time.sleep(0.05)
    raise AssertionError(log.read_text())
