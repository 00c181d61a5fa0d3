"""Does each org of `config/orgs` work with what its file says, and with nothing of another's?"""

import json
import re
import shlex
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from click.testing import CliRunner, Result
from loop_org import CONFIG
from prometheus_client import generate_latest
from signin_keys import private_pem

import sfsync
from sfsync.cli import commands
from sfsync.cli.healths import scraped, serving_healths
from sfsync.cli.many import worst
from sfsync.cli.options import Place
from sfsync.cli.service import environment_of, kept
from sfsync.cli.setting import set_up, settings_of, several
from sfsync.errors import ConfigError, ExitCode
from sfsync.health.metrics import registry_of_orgs
from sfsync.orgs import Known, doubles
from sfsync.report import AdminNews, Failed, Person, Rendered, render_admin
from sfsync.settings import SalesforceSettings

ORGS = Path("config", "orgs")
ONE_JOB = """
schedule:
  zone: UTC
  jobs:
    - {name: hourly, command: run hourly, every_minutes: 60}
"""
SIGN_IN = """
salesforce:
  login_url: https://acme.my.salesforce.com
  client_id: app-of-acme
  username: sfsync@acme.example.com
  private_key_env: ACME_KEY
"""


@pytest.fixture(autouse=True)
def folder(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a configuration of one job, and two recorded orgs."""
    monkeypatch.chdir(tmp_path)
    left_out = {"demo", "deploy", "monitoring"}
    shutil.copytree(CONFIG, "config", ignore=lambda _, names: left_out & set(names))
    settings = Path("config", "sfsync.yaml")
    text = settings.read_text(encoding="utf-8").partition("\nschedule:")[0]
    settings.write_text(text + ONE_JOB, encoding="utf-8")
    ORGS.mkdir(exist_ok=True)
    for name in ("acme", "bolt"):
        shutil.copytree(small, Path("recordings", name))
        write(name, f"org: recordings/{name}\n")
    return tmp_path


def write(name: str, text: str) -> None:
    (ORGS / f"{name}.yaml").write_text(text, encoding="utf-8")


def call(*args: str, exits: int = ExitCode.DONE) -> Result:
    result = CliRunner().invoke(commands, args)
    assert result.exit_code == exits, (result.output, result.exception)
    return result


def told(*args: str, exits: int = ExitCode.DONE) -> Mapping[str, object]:
    found: Mapping[str, object] = json.loads(call(*args, "--format", "json", exits=exits).stdout)
    return found


def acme(**options: Path) -> Place:
    return Place("acme", options.get("config"), options.get("state_dir"))


def problems(name: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as refused:
        set_up(Place(name, None, None)).credentials()
    return refused.value.problems


# What a file says.


def test_an_option_wins_over_the_file_the_file_over_the_environment_that_over_env(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path(".env").write_text(
        "SFSYNC_MAIL_REPLY_TO=env@example.com\nSFSYNC_ADMIN_EMAIL=no@example.com\n"
    )
    monkeypatch.setenv("SFSYNC_ADMIN_EMAIL", "ours@example.com")
    monkeypatch.setenv("SFSYNC_SMTP_PORT", "2500")
    write("acme", "org: recordings/acme\nsmtp_port: 2600\nread_only: true\n")
    found = settings_of(acme())
    assert (found.smtp_port, found.read_only) == (2600, True)
    assert (found.admin_email, found.mail_reply_to) == ("ours@example.com", "env@example.com")
    assert (found.org, found.service) == ("recordings/acme", "acme")
    assert found.state_dir == Path(".sfsync/by-org/acme")
    assert found.journal.endswith("/.sfsync/by-org/acme/journal.db")
    assert settings_of(acme(state_dir=Path("kept"))).state_dir == Path("kept/by-org/acme")
    assert settings_of(Place("bolt", None, None)).read_only is False
    # A name that has no file is what it always was.
    assert settings_of(Place("recordings/acme", None, None)).state_dir == Path(".sfsync")


def test_the_environment_leads_no_org_to_another(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "CLIENT_ID": "app-of-all",
        "CLIENT_SECRET": "secret-of-all",
        "USERNAME": "other@example.com",
        "LOGIN_URL": "https://other.my.salesforce.com",
        "API_VERSION": "61.0",
    }.items():
        monkeypatch.setenv(f"SALESFORCE_{name}", value)
    monkeypatch.setenv("ACME_KEY", private_pem())
    write("acme", SIGN_IN)
    given = set_up(acme()).sign_in
    assert (given.client_id, given.client_secret, given.api_version) == ("app-of-acme", "", "61.0")
    assert set_up(acme()).credentials().username == "sfsync@acme.example.com"  # type: ignore[union-attr]
    assert "PRIVATE KEY" not in repr(set_up(acme()))
    # An app of all orgs proves itself in each with its own secret.
    write("acme", "salesforce: {login_url: https://acme.my.salesforce.com}\n")
    given = set_up(acme()).sign_in
    assert (given.client_id, given.client_secret) == ("app-of-all", "secret-of-all")
    write("acme", "salesforce: {sf_alias: acme}\n")
    given = set_up(acme()).sign_in
    assert (given.login_url, given.client_id, given.client_secret, given.username) == ("",) * 4
    write("acme", "salesforce: {client_id: app-of-acme}\n")
    assert problems("acme") == (
        "config/orgs/acme.yaml:1: say which org it is: login_url, instance_url or sf_alias",
    )


def test_all_that_is_wrong_in_a_file_is_told_at_once_with_its_line() -> None:
    write("acme", f"{SIGN_IN}  client_secret: s3cr3t\nadmin_emial: x\nsmtp_password_env: NOT_SET\n")
    Path(ORGS, "acme").mkdir()
    Path(ORGS, "acme", "report.yaml").write_text("")
    assert problems("acme") == (
        "config/orgs/acme.yaml:6: private_key_env: ACME_KEY is not set, neither in the environment "
        "nor in .env",
        "config/orgs/acme.yaml:7: client_secret: no secret stands here: client_secret_file names a "
        "file that holds it, client_secret_env a variable of the environment",
        'config/orgs/acme.yaml:8: there is no key "admin_emial" here; did you mean "admin_email"?',
        "config/orgs/acme.yaml:9: smtp_password_env: NOT_SET is not set, neither in the environment"
        " nor in .env",
        "config/orgs/acme/report.yaml: no file of the configuration is called so; did you mean "
        '"reports.yaml"?',
    )
    write("bolt", "org: recordings/bolt\nsmtp_port: many\nsmtp_timeout: 0\n")
    assert problems("bolt") == (
        'config/orgs/bolt.yaml:2: smtp_port: "many" will not do: write a whole number',
        'config/orgs/bolt.yaml:3: smtp_timeout: "0" will not do: write more than 0',
    )
    write("bolt", "schedule: {zone: Europe/Pari}\norg: recordings/bolt")
    assert problems("bolt") == (
        'config/orgs/bolt.yaml:1: there is no time zone "Europe/Pari"; did you mean '
        '"Europe/Paris"?',
    )
    write("bolt", "admin_email: x@example.com")
    assert "say there how to sign in" in problems("bolt")[0]
    write("salesforce", "org: demo")
    assert "no name for an org" in problems_of_all()["salesforce"]


def problems_of_all() -> Mapping[str, str]:
    lines = call("orgs", "check", "-q", exits=5).output.splitlines()
    found = [line.removeprefix("sfsync:").strip().partition(": ") for line in lines]
    return {name: text for name, _, text in found}


def test_its_files_take_the_place_of_the_shared_ones_and_a_zone_alone_moves_the_schedule() -> None:
    shared = Path("config", "rules", "accounts.yaml").read_text(encoding="utf-8")
    own = ORGS / "acme" / "rules"
    own.mkdir(parents=True)
    (own / "accounts.yaml").write_text(shared.replace("idle", "silent", 1), encoding="utf-8")
    assert shared != shared.replace("idle", "silent", 1)
    write("acme", "org: recordings/acme\nschedule: {zone: America/New_York}\n")
    mine, theirs = set_up(acme()), set_up(Place("bolt", None, None))
    assert "config/orgs/acme/rules/accounts.yaml" in mine.config.texts
    assert "config/rules/accounts.yaml" not in mine.config.texts
    assert len(mine.config.texts) == len(theirs.config.texts)
    assert [job.zone for job in mine.policy.schedule.jobs] == ["America/New_York"]
    assert [job.zone for job in theirs.policy.schedule.jobs] == ["UTC"]
    write("bolt", "org: recordings/bolt\n" + ONE_JOB.replace("hourly,", "own,", 1))
    [job] = set_up(Place("bolt", None, None)).policy.schedule.jobs
    assert (job.name, job.place) == ("own", "config/orgs/bolt.yaml:6")


def test_a_job_reads_its_orgs_file_as_it_was_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    write("acme", "org: recordings/acme\nadmin_email: first@example.com\n")
    (ORGS / "acme").mkdir()
    (ORGS / "acme" / "setup.yaml").write_text("")
    setting = set_up(acme())
    copy = kept(setting).at_hand()
    assert sorted(each.name for each in (copy / "orgs").iterdir()) == ["acme", "acme.yaml"]
    write("acme", "org: recordings/bolt\nadmin_email: second@example.com\n")
    Path(".env").write_text("SFSYNC_JOURNAL_URL=sqlite:///other.db\nSFSYNC_STATE_DIR=other\n")
    for name, value in environment_of(setting.settings, copy, setting.file).items():
        monkeypatch.setenv(name, value)
    job = settings_of(Place(None, None, None))
    assert job.admin_email == "first@example.com"
    assert (job.org, job.state_dir) == (setting.settings.org, setting.settings.state_dir)
    assert job.journal == setting.settings.journal
    with pytest.raises(ConfigError, match="changed while it was read"):
        kept(setting)


def test_the_example_that_is_shipped_is_right(tmp_path: Path) -> None:
    key = tmp_path / "acme.pem"
    key.write_text(private_pem())
    example = (CONFIG / "deploy" / "orgs" / "acme.yaml").read_text(encoding="utf-8")
    write("acme", example.replace("/etc/sfsync-secrets/acme.pem", str(key)))
    assert call("orgs", "check", "--org", "acme,bolt").output.startswith(
        "acme: acme.my.salesforce.com, policy "
    )


def test_all_that_is_wrong_with_an_org_is_told_at_once() -> None:
    """Keys, values, state folder, schedule, the key to sign in with and rules of its own."""
    (ORGS / "acme" / "rules").mkdir(parents=True)
    (ORGS / "acme" / "rules" / "accounts.yaml").write_text("rulez: []")
    write("acme", f"{SIGN_IN}admin_emial: x\nsmtp_port: many\nstate_dir: by-org/bolt\n")
    write("core", f"{SIGN_IN.replace('_env: ACME_KEY', '_file: no.pem')}smtp_port: many\n")
    write("dust", "org: recordings/acme\nschedule: {zone: Europe/Pari}\nsmtp_port: many\n")
    lines = call("orgs", "check", exits=5).stderr.splitlines()
    wanted = {
        "acme": (":6: private_key_env", ':7: there is no key "admin_emial"', ":8: smtp_port"),
        "acme: config/orgs/acme.yaml:9: state_dir": (": orgs/bolt.yaml has the same state folder",),
        "acme: config/orgs/acme/rules/accounts.yaml": (":1",),
        "core": (":6: private_key_file: no.pem cannot be read", ":7: smtp_port"),
        "dust": (':2: there is no time zone "Europe/Pari"', ":3: smtp_port"),
    }
    for begins, ends in wanted.items():
        for end in ends:
            assert any(begins in line and end in line for line in lines), (begins, end, lines)


def test_what_an_orgs_file_sets_is_named_by_its_key_and_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SFSYNC_MAIL_FROM", "nobody")
    monkeypatch.setenv("ACME_KEY", "no key")
    write("acme", SIGN_IN)
    write("bolt", "org: recordings/bolt\nread_only: true\nsmtp_host: https://mail.example.com\n")
    half = SIGN_IN.replace("acme.", "core.").replace("  client_id: app-of-acme", "")
    write("core", half)
    said = problems_of_all()
    assert said["acme"].startswith("config/orgs/acme.yaml:6: private_key_env: it is no private key")
    assert said["core"] == (
        "config/orgs/core.yaml:2: the way to sign in is half set (login_url, username,"
        " private_key_env). Also set for JWT bearer client_id (docs/connect.md)"
    )
    said_of_bolt = call("run", "hourly", "--org", "bolt", exits=5).stderr
    assert "sfsync: read_only (config/orgs/bolt.yaml:2) is set, and this command" in said_of_bolt
    checks = told("doctor", "--org", "bolt", exits=5)["checks"]
    assert isinstance(checks, list)
    texts = [each["text"] for each in checks if each["group"] == "mail"]
    assert (
        'config/orgs/bolt.yaml:3: smtp_host: "https://mail.example.com" is more than a host: write'
        " mail.example.com, and the port in SFSYNC_SMTP_PORT"
    ) in texts
    # What the environment sets goes on being named by its variable.
    write("bolt", "org: recordings/bolt\n")
    assert "SFSYNC_MAIL_FROM: " in call("doctor", "--org", "bolt", exits=5).stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "org: [demo",
            "2: a list that begins with [ has no ] where it should end (begun on line 1",
        ),
        ('org: "demo', "2: a text in quotes has no end: close them (begun on line 1)"),
        ("org: demo\n\tread_only: true", "2: the line begins with a tab: write blanks instead"),
        ("org: demo\nmail_from: @x", "2: the value begins with @: put it in quotes"),
        ("org: demo: x", "1: a colon with a blank behind it stands in a value: put that in quotes"),
        ("org: demo\nread_only\nx: y", "3: a key has no colon behind it: write KEY: VALUE"),
        ("org: demo\n smtp_port: 25", "2: a colon with a blank behind it stands in a value"),
        ("org: demo\nadmin_email: *x", "2: a value begins with * and means something else in YAML"),
        ("org: demo\nadmin_email: !x y", "2: a value begins with !x: put it in quotes"),
        ("org: [a, b]", "1: org: \"['a', 'b']\" will not do: write a text, in quotes if need be"),
        ("org: demo\nread_only: [1]", '2: read_only: "[1]" will not do: write true or false'),
        ("org: demo\nstore_url: xx", '2: store_url: "xx" will not do: write a URL without a slash'),
        ("org: demo\nsmtp_password_file: 5", '2: smtp_password_file: "5" will not do: write the n'),
        ("org: demo\nschedule: x", "2: schedule: write keys, each with a colon and its value"),
        ("- org", "1: write keys, each with a colon and its value"),
        (
            "org: demo\nat_once: 3",
            '2: there is no key "at_once" here: it is of a whole process: set',
        ),
        ("org: demo\nnothing: 3", '2: there is no key "nothing" here; .env.example explains each'),
    ],
)
def test_what_is_wrong_in_a_file_is_told_in_words_for_people(text: str, said: str) -> None:
    write("acme", f"{text}\n")
    told = problems_of_all()["acme"]
    assert told.startswith(f"config/orgs/acme.yaml:{said}")
    assert not {"while", "scanning", "parsing", "Input", "node"} & set(told.split())


@pytest.mark.parametrize("name", ["..", ".", "by-org", "../.sfsync", "5", "[a]", '""', "/"])
def test_a_state_folder_that_is_not_the_orgs_alone_is_refused(name: str) -> None:
    write("acme", f"org: recordings/acme\nstate_dir: {name}\n")
    told = problems_of_all()["acme"]
    assert told.startswith("config/orgs/acme.yaml:2: state_dir: ")
    assert told.endswith(("for this one alone", "write the name of a folder"))


def test_wrong_addresses_of_mails_are_told_by_a_check(monkeypatch: pytest.MonkeyPatch) -> None:
    write("acme", "org: recordings/acme\nadmin_email: ops at example.com\nsmtp_host: mail\n")
    lines = call("orgs", "check", "--org", "acme", exits=5).stderr
    assert "acme: config/orgs/acme.yaml:2: admin_email: " in lines
    assert "SFSYNC_MAIL_FROM is not set" in lines
    monkeypatch.setenv("SFSYNC_ADMIN_EMAIL", "ops at example.com")
    said = call("rules", "check", "--org", "recordings/acme", exits=5).stderr
    assert "SFSYNC_ADMIN_EMAIL: " in said


def test_a_check_warns_of_jobs_that_write_to_an_org_that_is_only_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write("acme", "org: recordings/acme\nread_only: true\n")
    said = call("orgs", "check").stdout
    assert (
        "acme: read_only (config/orgs/acme.yaml:2) is set, and jobs of the schedule that write will"
        " fail each time (hourly): take them out, or unset it"
    ) in said
    assert "bolt: read_only" not in said
    assert (
        "read_only (config/orgs/acme.yaml:2) is set"
        in call("rules", "check", "-q", "--org", "acme").stderr
    )
    monkeypatch.setenv("SFSYNC_READ_ONLY", "true")
    said = call("rules", "check", "--org", "recordings/acme").stdout
    assert said.startswith("SFSYNC_READ_ONLY is set, and jobs of the schedule")


def test_a_folder_without_the_file_of_its_org_is_told() -> None:
    (ORGS / "dust" / "rules").mkdir(parents=True)
    said = "config/orgs/dust: a folder of an org that has no file: write dust.yaml beside it"
    assert problems_of_all()["dust"].startswith(said)
    assert said in call("plan", "hourly", "--org", "dust", exits=5).stderr
    write("dust", "org: recordings/acme\n")
    call("orgs", "check")
    (ORGS / ".git").mkdir()
    (ORGS / "sand.yml").write_text("org: demo")
    assert problems_of_all() == {"sand": "config/orgs/sand.yml: call it sand.yaml"}


# Several.


def test_all_or_some_are_named_and_who_works_on_one_says_which(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    places = several(Place("all", None, None))
    assert places is not None
    assert [each.org for each in places] == ["acme", "bolt"]
    assert several(acme()) is None
    said = call("plan", "hourly", "--org", "all", exits=5).output
    assert "--org all: this command works on one org: name one, such as --org acme" in said
    assert "Only scheduler, due, health, orgs and rules check take several" in said
    with monkeypatch.context() as patch:
        patch.setenv("SFSYNC_ORG", "bolt,acme")
        said = call("findings", "list", exits=5).output
    assert "SFSYNC_ORG=bolt,acme: this command works on one org: name one, such as --org b" in said
    said = call("plan", "hourly", "--org", "amce", exits=5).output
    assert (
        '--org amce: no such folder or zip; name one, or demo, or salesforce; did you mean "acme"?'
        in said
    )
    said = call("due", "--org", "acme,blot", exits=5).output
    assert 'there is no org "blot" in config/orgs; did you mean "bolt"?' in said


def test_two_files_of_one_org_are_told_and_the_second_is_not_served(tmp_path: Path) -> None:
    def known(name: str, **given: str) -> Known:
        return Known(name, tmp_path / name, SalesforceSettings(**given))  # type: ignore[arg-type]

    host = "https://acme.my.salesforce.com"
    login = "https://login.salesforce.com"
    (tmp_path / "e" / "orgs" / "00D000000000001AAA").mkdir(parents=True)
    (tmp_path / "f" / "orgs" / "00D000000000001AAA").mkdir(parents=True)
    found = doubles(
        [
            known("a", login_url=host, username="one@example.com"),
            known("b", instance_url=f"{host}:443"),
            known("c", login_url=login, username="two@example.com"),
            known("d", login_url=login, username="three@example.com"),
            known("e", sf_alias="e"),
            known("f", sf_alias="f"),
            Known("g", tmp_path / "a", None),
            known("h", login_url="https://127.0.0.1:8443"),
            known("i", login_url="https://127.0.0.1:8444"),
        ]
    )
    assert {name: text.partition(":")[0] for name, text in found.items()} == {
        "b": "orgs/a.yaml is the same org, at acme.my.salesforce.com",
        "f": "orgs/e.yaml is the same org, 00D000000000001AAA",
        "g": f"orgs/a.yaml has the same state folder, {tmp_path / 'a'}",
    }


def test_the_state_folder_of_another_org_is_refused_to_who_names_it() -> None:
    write("bolt", "org: recordings/bolt\nstate_dir: by-org/acme\n")
    result = call("plan", "hourly", "--org", "bolt", exits=ExitCode.CONFIGURATION)
    assert "config/orgs/bolt.yaml:2: state_dir" in result.stderr
    assert "orgs/acme.yaml has the same state folder, .sfsync/by-org/acme" in result.stderr
    call("plan", "hourly", "--org", "acme")


def test_a_job_of_an_org_names_no_other() -> None:
    job = "{name: hourly, command: run hourly --org bolt, every_minutes: 60}"
    write("acme", f"org: recordings/acme\nschedule: {{jobs: [{job}]}}\n")
    result = call("orgs", "check", exits=ExitCode.CONFIGURATION)
    assert "a job of acme is done for acme: leave --org out" in result.stderr


def test_each_org_is_listed_with_its_health_and_one_that_is_wrong_hinders_no_other() -> None:
    write("core", "org: recordings/core\n")
    call("run", "hourly", "--org", "acme", "-q")
    listed = told("orgs")["orgs"]
    assert isinstance(listed, list)
    assert [(each["name"], each["findings"], bool(each["last_good_run"])) for each in listed] == [
        ("acme", 3, True),
        ("bolt", None, False),
        ("core", None, False),
    ]
    (told_of_bolt,), (told_of_core,) = (each["problems"] for each in listed[1:])
    assert told_of_bolt.startswith("nothing was done so far, and due: 1 job (hourly since 20")
    assert told_of_bolt.endswith("`sfsync due --org bolt` lists what is")
    assert told_of_core.startswith("config/orgs/core.yaml:1: org: recordings/core: no such folder")
    assert listed[0]["problems"] == []
    assert problems_of_all() == {
        "core": "config/orgs/core.yaml:1: org: recordings/core: no such folder or zip; name one, "
        "or demo, or salesforce"
    }
    due = told("due", "--org", "acme,bolt", exits=3)["orgs"]
    assert isinstance(due, dict)
    assert {name: [each["job"] for each in one["due"]] for name, one in due.items()} == {
        "acme": ["hourly"],
        "bolt": ["hourly"],
    }
    Path(ORGS, "core.yaml").write_text("orgg: demo")
    healths = told("health", "--org", "all", "--without-org", exits=3)
    assert healths["problems"] == [
        "core: it is not served: config/orgs/core.yaml:1: there is no key "
        '"orgg" here; did you mean "org"?'
    ]
    places = several(Place("all", None, None)) or ()
    text = generate_latest(registry_of_orgs(lambda: scraped(places))).decode()
    assert 'sfsync_healthy{service="acme"} 1.0' in text
    assert 'sfsync_healthy{service="core"} 0.0' in text
    assert 'sfsync_findings_open{code="target-going-idle"' in text
    assert 'service="bolt",state="finished"' not in text


def test_an_org_that_cannot_be_signed_in_to_is_not_listed_as_well() -> None:
    Path("acme.pem").write_text("no key")
    write("acme", SIGN_IN.replace("private_key_env: ACME_KEY", "private_key_file: acme.pem"))
    listed = told("orgs")["orgs"]
    assert isinstance(listed, list)
    assert listed[0]["org"] == "acme.my.salesforce.com"
    assert "it is no private key in PEM form" in listed[0]["problems"][0]


def test_healthz_of_several_orgs_tells_that_nobody_can_say_which_they_are() -> None:
    with serving_healths(lambda: several(Place("acme,bolt", None, None)) or (), 0) as serving:
        (ORGS / "bolt.yaml").unlink()
        for path in ("healthz", "metrics"):
            with pytest.raises(HTTPError) as answer:
                urlopen(f"{serving.url}/{path}", timeout=10)
            assert answer.value.code == 503
            (problem,) = json.loads(answer.value.read())["problems"]
            assert 'there is no org "bolt" in config/orgs' in problem


def test_what_is_due_in_all_orgs_is_carried_out_by_processes_of_their_own(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    job = ONE_JOB.replace("run hourly", "runs")
    write("acme", f"org: recordings/acme\n{job}")
    write("bolt", "orgg: demo")
    monkeypatch.setenv("SFSYNC_ORG", "all")
    monkeypatch.setenv("PYTHONPATH", str(Path(sfsync.__file__).parents[1]))
    call("due", "--run", exits=ExitCode.CONFIGURATION)
    assert "acme: hourly: ended, exit code 0" in caplog.text
    assert "bolt: config/orgs/bolt.yaml:1: there is no key" in caplog.text
    assert told("due", "--org", "acme")["due"] == []


class Failing:
    """A job that ends at once, and says why in several lines."""

    def wait(self, _seconds: float) -> int:
        return ExitCode.CONFIGURATION

    def stop(self) -> None:
        """It has ended."""

    kill = stop

    def said(self) -> str:
        return "sfsync: there are 2 problems:\n  one\n  two"


def test_each_line_of_a_failed_job_names_its_org(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write("bolt", "orgg: demo\nsmtp_prt: 25\n")
    monkeypatch.setattr("sfsync.scheduler.start", lambda *_: Failing())
    call("due", "--run", "--org", "all", exits=ExitCode.CONFIGURATION)
    told = [each.getMessage() for each in caplog.records if each.levelname != "INFO"]
    lines = [line for each in told for line in each.splitlines()]
    assert sum(line.startswith("acme: hourly: ") for line in lines) == 3
    assert sum(line.startswith("bolt: ") for line in lines) == 2
    assert all(line.startswith(("acme: hourly: ", "bolt: ")) for line in lines)


def test_mails_to_the_admin_name_the_org_and_the_command_for_it() -> None:
    reader, failed = Person("admin", "Ada", "ada@example.com"), Failed("hourly", "no", 6, None, 1)
    now = datetime(2026, 11, 25, 8, tzinfo=UTC)

    def mail(service: str) -> Rendered:
        return render_admin(AdminNews(reader, "en", now, "UTC", "", (failed,), service))

    assert mail("acme").subject == "sfsync acme: hourly failed"
    assert "sfsync doctor --org acme" in mail("acme").text
    assert mail("").subject == "sfsync: hourly failed"
    assert "--org" not in mail("").text


def test_the_summary_of_the_runs_names_the_org(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SFSYNC_ADMIN_EMAIL", "ada@example.com")
    call("run", "hourly", "--org", "acme", "--allow-large-change")
    call("report", "runs", "--org", "acme", "--out", "out")
    (mail,) = Path("out").rglob("*.eml")
    assert "Subject: sfsync acme: " in mail.read_text(encoding="utf-8")


def test_the_worst_exit_code_is_that_of_all() -> None:
    assert [worst([0, 7, 3]), worst([4, 6, 3]), worst([5, 6]), worst([1, 5]), worst([])] == [
        *(3, 6, 5, 1, 0)
    ]
    assert worst([1, 143]) == 143


# What a hint says works when it is copied.


def hints(output: str) -> list[list[str]]:
    """Return the command lines that a text names, as words after `sfsync`."""
    return [shlex.split(each)[1:] for each in re.findall("`(sfsync [^`]*)`", output)]


def test_a_hint_works_when_it_is_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SFSYNC_ORG", "all")
    shown, undone = hints(call("run", "hourly", "--org", "acme", "--allow-large-change").output)
    assert shown[-2:] == undone[-2:] == ["--org", "acme"]
    assert "applied" in call(*shown).output
    call(*undone)
    (listed,) = hints(call("findings", "list", "--org", "bolt").output)
    assert listed == ["run", "hourly", "--org", "bolt"]
    asked = call("plan", "hourly", "--org", "bolt", "--out", "a plan.json", "--format", "json")
    (applied,) = hints(asked.stderr)
    call(*applied, "--allow-large-change")
    failed = call("findings", "show", "001Dm000000000zIAA", "--org", "bolt", exits=2)
    (listed,) = hints(failed.stderr)
    assert listed == ["findings", "list", "--org", "bolt"]
    call(*listed)


def test_the_hint_of_an_org_that_the_environment_names_works_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SFSYNC_ORG", "acme")
    assert hints(call("runs").output) == [["run", "hourly", "--org", "acme"]]
    # Of one that has no file, the environment goes on saying what it says.
    monkeypatch.setenv("SFSYNC_ORG", "recordings/acme")
    assert hints(call("runs").output) == [["run", "hourly"]]
    said = call("runs", "--org", "recordings/bolt", "--state-dir", "an other").output
    (hint,) = hints(said)
    assert hint == [
        *("run", "hourly", "--org", "recordings/bolt", "--state-dir", "an other"),
    ]


def test_what_is_due_is_said_with_its_org() -> None:
    due = told("due", "--org", "acme,bolt", exits=3)["orgs"]
    assert isinstance(due, dict)
    commands = {name: one["due"][0]["command"] for name, one in due.items()}
    assert commands == {
        name: f"sfsync run hourly --quiet --org {name}" for name in ("acme", "bolt")
    }
    assert "--org" not in call("due", "--org", "demo", exits=3).output.partition("run hourly")[0]
    assert "sfsync run hourly --quiet --org acme" in call("due", "--org", "acme", exits=3).output
