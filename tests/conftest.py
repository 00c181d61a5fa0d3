"""What do all tests share, and how many examples do they try (`--hypothesis-profile=long` for a
night, else a few)?
"""

import gc
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import once
import pytest
import sqlalchemy
from cut_org import cut
from entering import connect
from hypothesis import settings
from postgres_server import Server, served_postgresql

from sfsync.fake import FakeOrg
from sfsync.fake.recording.load import _Loading
from sfsync.garbage import collect_seldom
from sfsync.journal import Journal
from sfsync.org import Org
from sfsync.report import orders
from sfsync.rules import load, texts

# Nothing here is slow by mistake: what takes long is an org that is read and written for real.
settings.register_profile("small", deadline=None, max_examples=100)
settings.register_profile("long", deadline=None, max_examples=3000)
settings.load_profile("small")

# A shell that runs the tests in the background lets them, and all that they start, ignore Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """Set aside what lives as long as the tests: modules and tests, which would be searched for
    garbage again and again.
    """
    gc.collect()
    gc.freeze()
    collect_seldom()


@pytest.fixture(scope="session", autouse=True)
def as_one_process() -> Iterator[None]:
    """Let commands build each policy once and read each file of the configuration once, as a
    process does, and see no setting of the machine's: the same texts give the same policy. Nor are
    the files of an org read twice that have not changed, or statements put into words.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(load, "load_policy", once.policy_of)
        for module in (texts, orders):
            patch.setattr(module, "read_yaml", once.READ)
        patch.setattr(_Loading, "load", once.loaded)
        patch.setattr(sqlalchemy, "create_engine", once.connected)
        for name in [name for name in os.environ if name.startswith(("SFSYNC_", "SALESFORCE_"))]:
            patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recorded org of three accounts; tests never change it."""
    return cut(tmp_path_factory.mktemp("recordings") / "small")


@pytest.fixture
def slept() -> list[float]:
    """The pauses that were made, in seconds; none takes any time."""
    return []


@pytest.fixture
def org(fake: FakeOrg, slept: list[float]) -> Org:
    """The door to the org that a test module calls `fake`."""
    return connect(fake.session(), fake.host, fake.token(), sleep=slept.append)


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """A PostgreSQL server, started where some test wants it."""
    # The path of a socket may not be long, and other users must get at it.
    with TemporaryDirectory(prefix="sfsync-pg-") as folder, served_postgresql(Path(folder)) as up:
        yield up


@pytest.fixture(scope="session")
def journal_in_postgresql(postgresql: Server) -> str:
    """The URL of a journal in PostgreSQL, with what the test before left in it."""
    url = postgresql.new()
    Journal.open(url).close()
    return url
