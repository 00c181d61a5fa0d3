"""What do all tests share, and how many examples do they try (`--hypothesis-profile=long` for a
night, else a few)?
"""

import gc
import os
import signal
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from cut_org import cut
from entering import connect
from hypothesis import settings

from sfsync.fake import FakeOrg
from sfsync.lines import read_yaml
from sfsync.org import Org
from sfsync.policy import Policy
from sfsync.report import orders
from sfsync.rules import load, texts

BUILD, READ = load.load_policy, cache(read_yaml)

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


@cache
def once(texts: tuple[tuple[str, str], ...]) -> Policy:
    return BUILD(dict(texts))


@pytest.fixture(scope="session", autouse=True)
def as_one_process() -> Iterator[None]:
    """Let commands build each policy once and read each file of the configuration once, as a
    process does, and see no setting of the machine's: the same texts give the same policy.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(load, "load_policy", lambda texts: once(tuple(texts.items())))
        for module in (texts, orders):
            patch.setattr(module, "read_yaml", READ)
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
