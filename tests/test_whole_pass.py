"""Does a whole pass say and do the same over HTTPS as in process, byte for byte?"""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner, Result
from cut_org import cut
from test_serve import certificates, trusting

from sfsync.cli import apply, commands, opening, salesforce, undo
from sfsync.errors import ExitCode
from sfsync.fake import FakeOrg, load_folder
from sfsync.fake.serving import serving

WALL = datetime(2026, 6, 15, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def at_one_moment(alone: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work at one moment, by one chance."""
    for module in (opening, apply):
        monkeypatch.setattr(module, "wall_clock", lambda: WALL)
    monkeypatch.setenv("SFSYNC_ORG", "salesforce")
    monkeypatch.setenv("SALESFORCE_CLIENT_ID", "fake-client")
    monkeypatch.setenv("SALESFORCE_CLIENT_SECRET", "fake-secret")


@contextmanager
def in_process(fake: FakeOrg, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(salesforce, "new_session", fake.session)
    monkeypatch.setenv("SALESFORCE_LOGIN_URL", fake.url)
    yield


@contextmanager
def over_https(fake: FakeOrg, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    authority = Path("authority.pem").absolute()
    authority.write_bytes(certificates().authority)
    with serving(fake, tls=certificates()) as url:
        monkeypatch.setattr(salesforce, "new_session", lambda: trusting(authority))
        monkeypatch.setenv("SALESFORCE_LOGIN_URL", url)
        yield


def whole_pass(fake: FakeOrg, monkeypatch: pytest.MonkeyPatch, state: str) -> dict[str, object]:
    """Plan, run, run again, undo, and give all that was said and done."""
    chance = Random(7)
    for module in (apply, undo):
        monkeypatch.setattr(module, "SystemRandom", lambda: chance, raising=False)
    monkeypatch.setenv("SFSYNC_STATE_DIR", state)
    said: dict[str, object] = {}

    def call(*args: str) -> Result:
        result = CliRunner().invoke(commands, args)
        assert result.exit_code == ExitCode.DONE, (result.output, result.exception)
        said[" ".join(args)] = result.output
        return result

    call("plan", "hourly", "--format", "json")
    call("plan", "hourly", "--format", "csv")
    call("run", "hourly")
    run = json.loads(call("runs", "--format", "json").stdout)["runs"][0]["id"]
    said["records"] = [fake.records(name) for name in ("Account", "Opportunity", "AccountHistory")]
    call("run", "hourly", "--full")
    call("show", run, "--format", "json")
    call("undo", run, "--apply")
    call("runs", "--format", "json")
    said["undone"] = [fake.records(name) for name in ("Account", "Opportunity", "AccountHistory")]
    return said


def test_a_whole_pass_is_the_same_over_https_and_in_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = cut(tmp_path / "small")
    ways: dict[str, Callable[[FakeOrg, pytest.MonkeyPatch], AbstractContextManager[None]]] = {
        "near": in_process,
        "far": over_https,
    }
    found = {}
    for name, way in ways.items():
        fake = load_folder(recording)
        with way(fake, monkeypatch):
            found[name] = whole_pass(fake, monkeypatch, name)
    assert json.dumps(found["far"]) == json.dumps(found["near"])
    assert len(json.loads(str(found["near"]["plan hourly --format json"]))["changes"]) > 1
