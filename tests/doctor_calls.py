"""How does a test call the command line on an org that it takes for a real one?"""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
from click.testing import CliRunner, Result
from loop_org import CONFIG, shipped_policy
from simple_salesforce import metadata

from sfsync.cli import commands, opening, salesforce
from sfsync.errors import ExitCode
from sfsync.fake import FakeOrg
from sfsync.setup import Wishes, load_wishes

SECRET = "s3cr3t-of-the-app"
Checks = list[dict[str, Any]]


LOAD = load_wishes
# 1.5 MB of XML, the same each time: parsed once in a process of tests, and once in a setup.
CLIENT = cache(metadata.Client)


@cache
def wishes_of(text: str, name: str) -> Wishes:
    """What setup.yaml says, read once."""
    return LOAD(text, name, shipped_policy())


def signed_in(org: FakeOrg, monkeypatch: pytest.MonkeyPatch) -> FakeOrg:
    """Let the command line take an org for the real one, and sign in as an app."""
    monkeypatch.setattr("sfsync.setup.load_wishes", lambda text, name, _: wishes_of(text, name))
    monkeypatch.setattr(metadata, "Client", lambda path, settings: CLIENT(path))
    org.state.client_secret = SECRET
    monkeypatch.setattr(salesforce, "new_session", org.session)
    monkeypatch.setattr(opening, "wall_clock", org.clock.now)
    monkeypatch.setattr(opening, "sleep", lambda _seconds: None)
    monkeypatch.setenv("SFSYNC_ORG", "salesforce")
    monkeypatch.setenv("SALESFORCE_LOGIN_URL", f"https://{org.host}")
    monkeypatch.setenv("SALESFORCE_CLIENT_ID", "fake-client")
    monkeypatch.setenv("SALESFORCE_CLIENT_SECRET", SECRET)
    return org


def call(*args: str, exits: int = ExitCode.DONE) -> Result:
    result = CliRunner().invoke(commands, [*args, "--config", str(CONFIG)])
    assert result.exit_code == exits, (result.output, result.exception)
    return result


def examine(exits: int = ExitCode.DONE) -> Checks:
    data = json.loads(call("doctor", "--format", "json", exits=exits).stdout)
    found: Checks = data["checks"]
    grave = [each for each in found if each["level"] == "problem"]
    assert data["ok"] is not bool(grave)
    # The message of an error says in itself what to do.
    told = exits in (ExitCode.UNREACHABLE, ExitCode.STOPPED)
    for each in grave:
        assert each["remedy"] or told or each["group"] in ("journal", "settings")
    # Blind rules follow from problems that are told.
    assert grave or not any("rules that cannot judge" in each["text"] for each in found)
    return found


def problems(checks: Checks) -> dict[str, Mapping[str, Any]]:
    """The problems by the fields that they are about, else by their text."""
    return {
        " ".join(each["fields"]) or each["text"]: each
        for each in checks
        if each["level"] == "problem"
    }
