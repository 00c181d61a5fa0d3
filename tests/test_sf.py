"""Does the service get its token from the `sf` command line, whatever that prints around it?"""

import json
import stat
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sfsync.errors import ConfigError, OrgRefused, OrgUnavailable
from sfsync.fake import FakeOrg
from sfsync.org.client import open_reader
from sfsync.org.credentials import SfCommandLine
from sfsync.org.sf import ask_sf
from sfsync.org.signin import sign_in
from sfsync.org.tokens import Grant

TOKEN = "00D000000000001!AQEAQsecret"
HIDDEN = "[REDACTED] Use 'sf org auth show-access-token' to view"
SHOWN = {"instanceUrl": "https://acme.my.salesforce.com", "username": "pia@example.com"}

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the script is one of a shell")


class Sf:
    """A program `sf` on the PATH, whose answers a test gives, and that notes how it was called."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")

    def says(self, body: str) -> None:
        program = self.folder / "sf"
        program.write_text(f'#!/bin/sh\necho "$*" >> "{self.folder}/calls"\n{body}\n', "utf-8")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)

    def answers(self, display: object, token: object = None) -> None:
        for name, answer in (("display", display), ("token", token)):
            (self.folder / name).write_text(json.dumps(answer, indent=2), encoding="utf-8")
        self.says(
            f'case "$*" in *show-access-token*) cat "{self.folder}/token";; '
            f'*) cat "{self.folder}/display";; esac'
        )

    @property
    def calls(self) -> list[str]:
        return (self.folder / "calls").read_text(encoding="utf-8").splitlines()


@pytest.fixture
def sf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sf:
    return Sf(tmp_path, monkeypatch)


def done(**result: Any) -> dict[str, Any]:
    return {"status": 0, "result": {**SHOWN, **result}, "warnings": []}


def failed(name: str, message: str) -> dict[str, Any]:
    return {"name": name, "message": message, "exitCode": 1, "status": 1, "stack": "...", "code": 1}


def test_the_token_that_sf_shows_is_used(sf: Sf) -> None:
    sf.answers(done(accessToken=TOKEN))

    assert ask_sf("acme") == Grant("acme.my.salesforce.com", TOKEN)
    assert sf.calls == ["org display --target-org=acme --json"]


@pytest.mark.parametrize("shown", [{"accessToken": HIDDEN}, {}])
def test_where_sf_hides_the_token_it_is_asked_for(sf: Sf, shown: dict[str, str]) -> None:
    sf.answers(done(**shown), {"status": 0, "result": {"accessToken": TOKEN}, "warnings": ["!"]})

    assert ask_sf("acme") == Grant("acme.my.salesforce.com", TOKEN)
    assert sf.calls[1:] == ["org auth show-access-token --target-org=acme --json"]


@pytest.mark.parametrize(
    "around",
    [
        "echo 'Warning: @salesforce/cli update available from 2.1.0 to 2.9.9.'",
        "echo '{not JSON} (node:12) [DEP0040] DeprecationWarning' ; echo '  {}'",
        "echo 'Warning: to standard error' >&2",
    ],
)
def test_warnings_around_the_answer_do_not_matter(sf: Sf, around: str) -> None:
    answer = json.dumps(done(accessToken=TOKEN), indent=2)
    sf.says(f"{around}\ncat <<'END'\n{answer}\nEND\n{around}")

    assert ask_sf("acme").token == TOKEN


def test_an_answer_that_comes_as_an_error_is_read_from_there(sf: Sf) -> None:
    answer = json.dumps(failed("NamedOrgNotFoundError", "No authorization information found."))
    sf.says(f"echo '{answer}' >&2; exit 1")

    with pytest.raises(OrgRefused, match=r"NamedOrgNotFoundError: No auth.*sf org login web"):
        ask_sf("acme")


def test_what_sf_refuses_is_said_without_any_token(sf: Sf) -> None:
    sf.answers(failed("RefreshTokenAuthError", f"expired access/refresh token {TOKEN}"))

    with pytest.raises(OrgRefused, match="RefreshTokenAuthError: expired access") as caught:
        ask_sf("acme")

    assert "AQEAQ" not in str(caught.value)


def test_sf_without_network_is_for_later(sf: Sf) -> None:
    sf.answers(failed("Error", "getaddrinfo ENOTFOUND acme.my.salesforce.com"))

    with pytest.raises(OrgUnavailable, match="ENOTFOUND"):
        ask_sf("acme")


def test_a_sf_that_shows_no_token_at_all_is_told(sf: Sf) -> None:
    sf.answers(done(accessToken=HIDDEN), done(accessToken=HIDDEN))

    with pytest.raises(OrgRefused, match="shows no token"):
        ask_sf("acme")


def test_an_address_in_the_clear_is_not_used(sf: Sf) -> None:
    sf.answers(done(accessToken=TOKEN, instanceUrl="http://acme.my.salesforce.com"))

    with pytest.raises(OrgRefused, match="shows no token"):
        ask_sf("acme")


@pytest.mark.parametrize("body", ["", "echo Segmentation fault; exit 139", "echo '{\"a\": 1}'"])
def test_a_sf_that_answers_no_json_is_for_later(sf: Sf, body: str) -> None:
    sf.says(body)

    with pytest.raises(OrgUnavailable, match="no JSON"):
        ask_sf("acme")


def test_a_sf_that_hangs_is_ended_with_all_it_started(sf: Sf) -> None:
    sf.says(f"echo {TOKEN}; sleep 30 & sleep 30")
    started = time.monotonic()

    with pytest.raises(OrgUnavailable, match=r"within 0\.5 seconds") as caught:
        ask_sf("acme", seconds=0.5)

    assert time.monotonic() - started < 10
    assert caught.value.__context__ is None


def test_no_sf_and_one_that_cannot_be_started_are_told(
    sf: Sf, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = sf.folder / "sf"
    program.write_bytes(b"\x7fELF nonsense")
    program.chmod(0o755)
    with pytest.raises(ConfigError, match=r"SALESFORCE_SF_ALIAS: .* cannot be started"):
        ask_sf("acme")
    monkeypatch.setenv("PATH", str(sf.folder / "empty"))
    with pytest.raises(ConfigError, match="SALESFORCE_SF_ALIAS: there is no program sf"):
        ask_sf("acme")


def test_an_expired_token_is_asked_for_again(sf: Sf) -> None:
    fake = FakeOrg.standard(datetime(2026, 6, 15, 8, 0, tzinfo=UTC))
    url = f"https://{fake.host}"
    sf.answers(done(accessToken=fake.token(), instanceUrl=url))
    tokens = sign_in(SfCommandLine("acme"), fake.session(), fake.clock.now)
    org = open_reader(fake.session(), tokens)
    fake.expire_tokens()
    sf.answers(done(accessToken=fake.token(), instanceUrl=url))

    assert org.budget() is not None
    assert len(sf.calls) == 2
