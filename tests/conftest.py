"""What do all tests share, and how many examples do they try (`--hypothesis-profile=long` for a
night, else a few)?
"""

import os
import signal
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings

from sfsync.policy import Policy
from sfsync.rules import load

BUILD = load.load_policy

# Nothing here is slow by mistake: what takes long is an org that is read and written for real.
settings.register_profile("small", deadline=None, max_examples=100)
settings.register_profile("long", deadline=None, max_examples=3000)
settings.load_profile("small")

# A shell that runs the tests in the background lets them, and all that they start, ignore Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@cache
def once(texts: tuple[tuple[str, str], ...]) -> Policy:
    return BUILD(dict(texts))


@pytest.fixture(autouse=True)
def as_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let commands build each policy once, as a process does, and see no setting of the machine's:
    the same texts give the same policy.
    """
    monkeypatch.setattr(load, "load_policy", lambda texts: once(tuple(texts.items())))
    for name in [name for name in os.environ if name.startswith(("SFSYNC_", "SALESFORCE_"))]:
        monkeypatch.delenv(name)


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)
