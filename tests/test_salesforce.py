"""Does the command line work on a real org, signed in as the environment says, and leak nothing?"""

import json
import logging
import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cut_org import IDLE, WON
from empty_org import CONFIG
from signin_keys import private_pem, public_pem

from sfsync.cli import apply, commands, opening, salesforce, sourcing
from sfsync.cli.options import Place
from sfsync.cli.setting import set_up
from sfsync.errors import ConfigError, ExitCode
from sfsync.fake import FakeOrg, load_folder
from sfsync.fake.faults import refuse
from sfsync.jobs import Planned
from sfsync.journal import Journal
from sfsync.model import RunState
from sfsync.org.client import API_VERSION
from sfsync.settings import SalesforceSettings, load_salesforce, load_settings

SECRET = "s3cr3t-of-the-app"
Call = Callable[..., Result]

pytestmark = pytest.mark.usefixtures("alone")


@pytest.fixture
def fake(small: Path, monkeypatch: pytest.MonkeyPatch) -> FakeOrg:
    """A real org, as far as the command line can tell."""
    org = load_folder(small)
    org.state.client_secret = SECRET
    org.register_key(public_pem())
    monkeypatch.setattr(salesforce, "new_session", org.session)
    for module in (opening, apply):
        monkeypatch.setattr(module, "wall_clock", org.clock.now)
    return org


@pytest.fixture
def app(fake: FakeOrg, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sign in as an app."""
    monkeypatch.setenv("SFSYNC_ORG", "salesforce")
    monkeypatch.setenv("SALESFORCE_LOGIN_URL", f"https://{fake.host}")
    monkeypatch.setenv("SALESFORCE_CLIENT_ID", "fake-client")
    monkeypatch.setenv("SALESFORCE_CLIENT_SECRET", SECRET)


def call(*args: str, exits: int = ExitCode.DONE) -> Result:
    result = CliRunner().invoke(commands, args)
    assert result.exit_code == exits, (result.output, result.exception)
    return result


def wrote(fake: FakeOrg) -> bool:
    return any(method not in ("GET", "POST") for method, _path in fake.calls)


def newest() -> dict[str, Any]:
    run: dict[str, Any] = json.loads(call("runs", "--format", "json").stdout)["runs"][0]
    return run


# The pass.


@pytest.mark.usefixtures("app")
def test_a_pass_is_planned_applied_and_taken_back(fake: FakeOrg) -> None:
    before = {row["Id"]: row["Status__c"] for row in fake.records("Account")}

    planned = json.loads(call("plan", "hourly", "--format", "json").stdout)
    assert not wrote(fake)
    assert planned["org"] == fake.state.org_id
    call("run", "hourly")
    assert fake.record("Account", WON)["Status__c"] == "Customer"
    run = newest()
    # the books of a real org are its Id's
    assert run["org"] == fake.state.org_id
    assert "0 changes" in call("plan", "hourly").stdout
    call("explain", WON)
    call("undo", run["id"])
    call("undo", run["id"], "--apply")

    assert {row["Id"]: row["Status__c"] for row in fake.records("Account")} == before


@pytest.mark.usefixtures("app")
def test_another_moment_is_only_looked_at_on_a_real_org(fake: FakeOrg) -> None:
    call("plan", "hourly", "--now", "2026-12-01T08:00:00Z", "--out", "plan.json")
    assert "rehearses" in call("apply", "plan.json", exits=ExitCode.STOPPED).stderr
    refused = call("run", "hourly", "--now", "2026-12-01T08:00:00Z", exits=ExitCode.USAGE)

    assert "look with `sfsync plan" in refused.stderr
    assert not wrote(fake)


@pytest.mark.usefixtures("app")
def test_a_plan_file_is_applied(fake: FakeOrg) -> None:
    call("plan", "hourly", "--out", "plan.json")
    call("apply", "plan.json")

    assert fake.record("Account", IDLE)["Status__c"] == "Backlog"


@pytest.mark.usefixtures("app")
def test_what_was_looked_up_early_is_left_aside_where_books_were_open(
    fake: FakeOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    early = []

    def noted(job: str, at: opening.Opened, *rest: Any) -> Planned:
        early.append(at.services.early)
        return sourcing.planned(job, at, *rest)

    monkeypatch.setattr(apply, "planned", noted)
    call("run", "hourly")
    call("run", "hourly")
    with closing(Journal.open("sqlite:///.sfsync/journal.db")) as journal:
        dead = replace(journal.runs()[0], id="dead", finished=None, state=RunState.RUNNING)
        journal.start(dead, ())
    call("run", "hourly")
    # The first run had nothing kept; the last one had the books of the dead one to close.
    assert [each is not None for each in early] == [True, True, False]
    assert [each.ahead.kept.result() is not None for each in early[:2]] == [False, True]
    assert [each.known.result() is not None for each in early[:2]] == [False, True]


@pytest.mark.usefixtures("app")
def test_a_token_that_expires_at_any_call_of_a_run_does_no_harm(fake: FakeOrg) -> None:
    def expire(call: Any) -> None:
        if call.when == "after" and "/services/data/v" in call.path:
            fake.expire_tokens()

    # Beside another request the token would go again while it is being renewed.
    shutil.copytree(CONFIG, "config", ignore=shutil.ignore_patterns("demo"))
    settings = Path("config", "sfsync.yaml").read_text(encoding="utf-8")
    assert "  at_once: 10 " in settings
    one = settings.replace("  at_once: 10 ", "  at_once: 1 ")
    Path("config", "sfsync.yaml").write_text(one, encoding="utf-8")
    fake.on_request.append(expire)
    call("run", "hourly")

    fake.on_request.clear()
    assert set(newest()["counts"]) == {"applied"}
    assert "0 changes" in call("plan", "hourly").stdout


@pytest.mark.usefixtures("fake")
def test_the_org_may_be_named_in_env_and_on_the_command_line(fake: FakeOrg) -> None:
    Path("secret.txt").write_text(f"{SECRET}\n", encoding="utf-8")
    Path(".env").write_text(
        f"SALESFORCE_LOGIN_URL=https://{fake.host}\nSALESFORCE_CLIENT_ID=fake-client\n"
        "SALESFORCE_CLIENT_SECRET_FILE=secret.txt\n",
        encoding="utf-8",
    )

    assert fake.state.org_id in call("plan", "hourly", "--org", "salesforce").stdout


def test_a_user_signs_in_with_the_key_in_a_file(
    fake: FakeOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.declare("User", {"name": "Username", "type": "string", "length": 80})
    fake.add("User", Name="Pia Birch", Username="pia.birch@example.com")
    Path("server.key").write_text(private_pem(), encoding="utf-8")
    monkeypatch.setenv("SALESFORCE_LOGIN_URL", f"https://{fake.host}")
    monkeypatch.setenv("SALESFORCE_CLIENT_ID", "fake-client")
    monkeypatch.setenv("SALESFORCE_USERNAME", "pia.birch@example.com")
    monkeypatch.setenv("SALESFORCE_PRIVATE_KEY_FILE", "server.key")

    result = call("plan", "hourly", "--org", "salesforce", "-v")

    assert f"signed in to {fake.host} with JwtBearer" in result.stderr


def test_a_token_is_used_as_it_is(fake: FakeOrg, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALESFORCE_INSTANCE_URL", f"https://{fake.host}")
    monkeypatch.setenv("SALESFORCE_ACCESS_TOKEN", fake.token())
    call("plan", "hourly", "--org", "salesforce")
    fake.expire_tokens()
    said = call("plan", "hourly", "--org", "salesforce", exits=ExitCode.UNREACHABLE).stderr

    assert "SALESFORCE_ACCESS_TOKEN cannot be renewed" in said


@pytest.mark.usefixtures("app")
def test_an_api_version_that_is_not_offered_is_told(
    fake: FakeOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SALESFORCE_API_VERSION", "99.0")
    said = call("plan", "hourly", exits=ExitCode.CONFIGURATION).stderr
    assert "SALESFORCE_API_VERSION: " in said
    assert "the newest is 67.0" in said
    monkeypatch.setenv("SALESFORCE_API_VERSION", "60.0")
    call("plan", "hourly")
    assert any(path.startswith("/services/data/v60.0/") for _method, path in fake.calls)


def test_the_version_of_settings_is_that_of_the_door() -> None:
    assert load_salesforce().api_version == API_VERSION


@pytest.mark.usefixtures("app")
def test_a_refused_sign_in_ends_a_run_before_any_book_is_opened(
    fake: FakeOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SALESFORCE_CLIENT_SECRET", "wrong")
    said = call("run", "hourly", exits=ExitCode.UNREACHABLE).stderr

    assert said.startswith(f"sfsync: signing in at {fake.host}: invalid_client: ")
    assert fake.calls == [("POST", "/services/oauth2/token")]
    assert json.loads(call("runs", "--format", "json").stdout)["runs"] == []


# Reading only.


@pytest.mark.usefixtures("app")
def test_where_writing_is_forbidden_no_command_writes_or_even_asks(
    fake: FakeOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    call("run", "hourly", "--id", WON)
    run = newest()["id"]
    call("plan", "hourly", "--out", "plan.json")
    monkeypatch.setenv("SFSYNC_READ_ONLY", "1")
    fake.calls.clear()
    for words in (["run", "hourly"], ["apply", "plan.json"], ["undo", run, "--apply"]):
        said = call(*words, exits=ExitCode.CONFIGURATION).stderr
        assert said.startswith("sfsync: SFSYNC_READ_ONLY is set")
    assert fake.calls == []
    call("plan", "hourly")
    call("explain", WON)
    assert "Nothing was written" in call("undo", run).stdout
    assert not wrote(fake)


def test_the_demo_org_is_not_written_either(monkeypatch: pytest.MonkeyPatch, small: Path) -> None:
    monkeypatch.setenv("SFSYNC_READ_ONLY", "true")
    call("run", "hourly", "--org", str(small), exits=ExitCode.CONFIGURATION)
    call("plan", "hourly", "--org", str(small))


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize(("forbidden", "writes"), [("1", True), ("1", False), ("", False)])
def test_what_only_reads_is_given_no_way_to_write(
    monkeypatch: pytest.MonkeyPatch, forbidden: str, writes: bool
) -> None:
    monkeypatch.setenv("SFSYNC_READ_ONLY", forbidden)
    place = Place(None, None, None)
    with opening.opened(set_up(place), writes=writes) as at:
        assert at.writer is None
        assert not hasattr(at.org, "update")
        assert not hasattr(at.services.org, "update")


# Settings.


@pytest.mark.usefixtures("app")
def test_a_mistyped_name_is_told_with_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALESFORCE_CLIENT_SECRT", "x")
    Path(".env").write_text("SALESFORCE_PASSWORD=x\n", encoding="utf-8")
    lines = call("plan", "hourly", exits=ExitCode.CONFIGURATION).stderr.splitlines()

    assert 'SALESFORCE_CLIENT_SECRT; did you mean "SALESFORCE_CLIENT_SECRET"?' in lines[2]
    assert "SALESFORCE_PASSWORD: passwords are not used to sign in" in lines[1]


def test_names_of_salesforce_do_not_matter_to_the_demo_org(
    monkeypatch: pytest.MonkeyPatch, small: Path
) -> None:
    monkeypatch.setenv("SALESFORCE_PASSWORD", "x")
    call("plan", "hourly", "--org", str(small))


@pytest.mark.parametrize("name", ["CLIENT_SECRET", "ACCESS_TOKEN", "PRIVATE_KEY"])
def test_each_secret_may_come_from_a_file(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("given").write_text(f"  {SECRET}\n", encoding="utf-8")
    monkeypatch.setenv(f"SALESFORCE_{name}_FILE", "given")

    assert getattr(load_salesforce(), name.lower()) == SECRET


def test_the_journals_url_may_come_from_a_file_and_is_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("given").write_text(f"postgresql://sfsync:{SECRET}@db.example.com/x\n", encoding="utf-8")
    monkeypatch.setenv("SFSYNC_JOURNAL_URL_FILE", "given")

    assert load_settings().journal == f"postgresql://sfsync:{SECRET}@db.example.com/x"
    assert SECRET not in repr(load_settings())


def test_what_is_wrong_with_files_of_secrets_is_told_all_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("empty").write_text("\n", encoding="utf-8")
    Path("binary").write_bytes(b"\xff\xfe")
    monkeypatch.setenv("SALESFORCE_CLIENT_SECRET", SECRET)
    monkeypatch.setenv("SALESFORCE_CLIENT_SECRET_FILE", "given")
    monkeypatch.setenv("SALESFORCE_ACCESS_TOKEN_FILE", "empty")
    monkeypatch.setenv("SALESFORCE_PRIVATE_KEY_FILE", "binary")
    with pytest.raises(ConfigError) as caught:
        load_salesforce()
    assert caught.value.problems == (
        "SALESFORCE_ACCESS_TOKEN_FILE: empty is empty",
        "SALESFORCE_CLIENT_SECRET and SALESFORCE_CLIENT_SECRET_FILE are both set: keep one of them",
        "SALESFORCE_PRIVATE_KEY_FILE: binary cannot be read: it is no text in UTF-8",
    )
    monkeypatch.delenv("SALESFORCE_CLIENT_SECRET")
    with pytest.raises(ConfigError, match="given cannot be read: No such file"):
        load_salesforce()


def test_settings_show_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CLIENT_SECRET", "ACCESS_TOKEN", "PRIVATE_KEY"):
        monkeypatch.setenv(f"SALESFORCE_{name}", SECRET)

    settings = load_salesforce()

    assert isinstance(settings, SalesforceSettings)
    assert SECRET not in repr(settings) + str(settings)


# Secrets.


def everything_written(folder: Path) -> bytes:
    files = (file for file in folder.rglob("*") if file.is_file() and file.name != "server.key")
    return b"\n".join(file.read_bytes() for file in files)


@pytest.mark.parametrize("way", ["secret", "key", "token"])
def test_no_secret_is_in_anything_that_the_product_writes(
    way: str,
    fake: FakeOrg,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "sfsync")
    monkeypatch.setenv("SFSYNC_ORG", "salesforce")
    fake.declare("User", {"name": "Username", "type": "string", "length": 80})
    fake.add("User", Name="Pia Birch", Username="pia.birch@example.com")
    secrets = [SECRET, "Bearer ", "Basic ", "eyJ", *private_pem().splitlines()]
    settings = {
        "secret": {"CLIENT_ID": "fake-client", "CLIENT_SECRET": SECRET},
        "key": {
            "CLIENT_ID": "fake-client",
            "USERNAME": "pia.birch@example.com",
            "PRIVATE_KEY": private_pem(),
        },
        "token": {"ACCESS_TOKEN": fake.token()},
    }[way]
    settings["INSTANCE_URL" if way == "token" else "LOGIN_URL"] = f"https://{fake.host}"
    for name, value in settings.items():
        monkeypatch.setenv(f"SALESFORCE_{name}", value)
    told = []

    def say(*args: str) -> None:
        result = CliRunner().invoke(commands, [*args, "-vv"])
        told.append(result.output)
        error: BaseException | None = result.exception
        while error is not None:
            told.append(f"{error!r}{error}")
            error = error.__cause__ or error.__context__
        secrets.extend(fake.state.sessions)

    say("plan", "hourly", "--out", "plan.json")
    say("run", "hourly")
    fake.on_request.append(refuse("composite", 401, "INVALID_SESSION_ID", "expired", times=9))
    fake.edit("Account", WON, Status__c="Working")
    say("run", "hourly")
    fake.on_request.clear()
    fake.state.client_secret, fake.state.app_key = "another", None
    fake.expire_tokens()
    say("run", "hourly")
    say("runs")
    monkeypatch.setenv("SALESFORCE_SF_ALIAS", "both")
    say("plan", "hourly")

    assert "HTTP 401" in caplog.text
    assert len(told) > 6
    everything = "\n".join([*told, caplog.text]).encode() + everything_written(tmp_path)
    assert [secret for secret in secrets if secret.encode() in everything] == []
