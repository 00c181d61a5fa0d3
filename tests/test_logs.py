"""Do logs tell whoever collects them all that a run did, and nothing that a record holds?"""

import json
import logging
import re
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cut_org import IDLE, cut, give

from sfsync.cli import apply, commands, opening
from sfsync.cli.copies import open_recorded
from sfsync.cli.logs import PassedOn, complain, masked, tell_logs
from sfsync.cli.setting import Setting
from sfsync.errors import ExitCode
from sfsync.fake import FakeOrg
from sfsync.fake.faults import lose_answer, refuse
from sfsync.health import Health
from sfsync.health.serving import serve_health
from sfsync.journal import Journal

SECRET = "Planté"
EMAIL = "plante.7781@example.com"
ID = re.compile(r"\b(?:001|003|006|00T|005)Dm[A-Za-z0-9]{13}\b")
KNOWN = {"time", "level", "logger", "message", "service", "job", "run"}
Lines = list[dict[str, Any]]

pytestmark = pytest.mark.usefixtures("alone")


@pytest.fixture(autouse=True)
def as_text_again() -> Iterator[None]:
    hook, of_threads = sys.excepthook, threading.excepthook
    yield
    tell_logs("text", 0)
    logging.captureWarnings(False)
    sys.excepthook, threading.excepthook = hook, of_threads


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small org in which every name and text of people can be told from all that we say."""
    org = cut(tmp_path_factory.mktemp("recordings") / "planted")
    give(org / "Account.csv", Name=f"{SECRET} SA", Website=f"https://{SECRET}.example.com")
    give(org / "Contact.csv", LastName=f"{SECRET}eau", Email=EMAIL, Title=f"CEO {SECRET}")
    give(org / "Opportunity.csv", Name=f"{SECRET} deal", NextStep=f"call {SECRET}")
    give(org / "Task.csv", Subject=f"{SECRET} subject")
    give(org / "User.csv", LastName=SECRET, Name=f"Ana {SECRET}", Email=EMAIL)
    return org


@pytest.fixture
def meet(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[FakeOrg], None]], list[str]]:
    """Let the org that commands open do something, and collect its tokens."""

    def met(act: Callable[[FakeOrg], None]) -> list[str]:
        tokens: list[str] = []
        opens = open_recorded

        def opened(setting: Setting) -> FakeOrg:
            fake = opens(setting)
            bears = "authorization"
            fake.on_request.append(lambda call: tokens.append(call.request.headers[bears][7:]))
            act(fake)
            return fake

        monkeypatch.setattr(opening, "open_recorded", opened)
        for module in (opening, apply):
            monkeypatch.setattr(module, "sleep", lambda _: None)
        return tokens

    return met


def call(org: Path, *args: str, exits: int = ExitCode.DONE) -> Result:
    result = CliRunner().invoke(commands, [*args, "--org", str(org)])
    assert result.exit_code == exits, (result.output, result.exception)
    return result


def lines_of(result: Result) -> Lines:
    """Read the standard error as JSON lines: anything else in it would be an error."""
    return [json.loads(line) for line in result.stderr.splitlines()]


def assert_bare(text: str, tokens: list[str]) -> None:
    assert SECRET not in text
    assert SECRET.encode("ascii", "backslashreplace").decode() not in text
    assert "example.com" not in text
    assert not [token for token in tokens if token in text]


def quoting(fake: FakeOrg) -> None:
    """An org whose words quote records wherever it has a say."""
    words = f"data value too large: {SECRET} SA of {EMAIL}"
    fake.add_validation_rule("Account", lambda _, row: words if row["Id"] == IDLE else None)
    fake.on_request.append(refuse("/composite", 503, "SERVER_UNAVAILABLE", words))
    fake.on_request.append(refuse("/query", 503, "SERVER_UNAVAILABLE", words))
    fake.on_request.append(lose_answer("/composite", method="PATCH"))


def test_a_run_tells_its_beginning_and_end_and_nothing_of_records(
    planted: Path, meet: Callable[..., list[str]]
) -> None:
    tokens = meet(quoting)
    asked = ("run", "hourly", "-vv", "--log-format", "json")
    result = call(planted, *asked, exits=ExitCode.INCOMPLETE)
    assert SECRET in result.stdout  # what people are shown stays as it is
    assert_bare(result.stderr, tokens)
    assert tokens
    lines = lines_of(result)
    for line in lines:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+\+00:00", line["time"])
        assert line["level"] in ("debug", "info", "warning")
        assert set(line) >= {*KNOWN} - {"run"}
        assert line["level"] == "debug" or not ID.search(line["message"]), line
    (begin,) = [line for line in lines if " begins: " in line["message"]]
    end = lines[-1]
    assert begin["run"] == end["run"] in result.stdout
    assert (begin["job"], begin["planned"]) == ("hourly", sum(end["counts"].values()))
    assert (end["state"], end["counts"]["refused"]) == ("finished", 1)
    assert end["causes"]["rule:idle"] == {"refused": 1}
    assert sum(n for each in end["causes"].values() for n in each.values()) == begin["planned"]
    assert end["seconds"] >= 0
    assert end["api_calls"] > 10
    assert end["api_left"] > 1000
    again = [line["message"] for line in lines if "then try 2" in line["message"]]
    assert again[0].startswith("reading Organization: SERVER_UNAVAILABLE; waiting")
    answers = [line for line in lines if "status" in line]
    assert {503, 200} <= {line["status"] for line in answers}
    ids = [line["request_id"] for line in answers if "request_id" in line]
    assert len(set(ids)) == len(ids) > 5
    # Where something of a record may help it is there at -vv alone: its Id.
    assert any(ID.search(line["message"]) for line in lines)


@pytest.mark.parametrize("how", [{}, {"SFSYNC_LOG_FORMAT": "json"}], ids=["option", "setting"])
def test_a_failure_is_a_line_with_its_kind_and_exit_code(
    planted: Path, how: dict[str, str], monkeypatch: pytest.MonkeyPatch, meet: Callable[..., Any]
) -> None:
    meet(
        lambda fake: fake.on_request.append(refuse("/query", 400, "INVALID_TYPE", SECRET, times=99))
    )
    for name, value in how.items():
        monkeypatch.setenv(name, value)
    option = () if how else ("--log-format", "json")
    result = call(planted, "run", "hourly", "-q", *option, exits=ExitCode.UNREACHABLE)
    assert result.stdout == ""
    assert_bare(result.stderr, [])
    last = lines_of(result)[-1]
    assert (last["level"], last["error"], last["exit_code"]) == ("error", "OrgRefused", 6)
    assert "INVALID_TYPE" in last["message"]


def test_a_name_that_is_looked_for_in_vain_is_in_no_log(planted: Path) -> None:
    asked = ("findings", "list", "--owner", "Nobody", "--log-format", "json")
    result = call(planted, *asked, exits=ExitCode.USAGE)
    assert_bare(result.stderr, [])
    assert "Nobody" not in result.stderr
    assert lines_of(result)[-1]["error"] == "NotFound"


def test_several_problems_are_one_line(planted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SFSYNC_SMTP_PORT", "none")
    monkeypatch.setenv("SFSYNC_LOG_FORMAT", "xml")
    result = call(planted, "runs", "--log-format", "json", exits=ExitCode.CONFIGURATION)
    (line,) = lines_of(result)
    assert [each.partition(":")[0] for each in line["problems"]] == [
        "SFSYNC_LOG_FORMAT",
        "SFSYNC_SMTP_PORT",
    ]


def test_text_stays_as_it_was(planted: Path, meet: Callable[..., Any]) -> None:
    meet(
        lambda fake: fake.on_request.append(refuse("/query", 400, "INVALID_TYPE", SECRET, times=99))
    )
    result = call(planted, "run", "hourly", "-q", exits=ExitCode.UNREACHABLE)
    assert result.stderr.startswith("sfsync: ")
    assert SECRET in result.stderr


def test_what_libraries_say_is_told_without_what_they_fill_in(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tell_logs("json", 2)
    logging.getLogger("urllib3.connectionpool").warning("Retrying %s", f"/query?q={SECRET}")
    logging.getLogger("another").warning(f"all of it: {SECRET}")
    logging.getLogger("another").info("Not asked for")
    complain(f"Ana {SECRET} has no address", "somebody has no address")
    told = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["message"] for line in told] == [
        "Retrying %s",
        "said something that is left out, since it may quote records",
        "somebody has no address",
    ]
    assert set(told[0]) <= KNOWN


def test_an_error_in_sfsync_itself_says_where_and_quotes_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tell_logs("json", 0)
    try:
        {}[SECRET]
    except KeyError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    line = json.loads(capsys.readouterr().err)
    assert (line["level"], line["error"]) == ("critical", "KeyError")
    assert line["at"][-1].endswith("test_an_error_in_sfsync_itself_says_where_and_quotes_nothing")
    assert SECRET not in json.dumps(line, ensure_ascii=False)


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        (f"the mail to {EMAIL} was put off", "the mail to [address] was put off"),
        ("Bearer 00Dm!abc.def", "Bearer [token]"),
        ("session 00D000000000001AAA!AQ0.x_y went", "session [token] went"),
        ("on record with id: 001Dm000000000yIAA.", "on record with id: [id]."),
        ("bulk job 750000000000001AAA", "bulk job 750000000000001AAA"),
        ("internationalizing 123456789012345678", "internationalizing [id]"),
    ],
)
def test_addresses_tokens_and_ids_are_masked(text: str, bare: str) -> None:
    assert masked(text) == bare


def test_the_scheduler_passes_its_jobs_lines_on_and_keeps_what_went_wrong(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tell_logs("json", 0)
    ear = PassedOn()
    said = [
        json.dumps({"level": "info", "message": "all the way"}),
        json.dumps({"level": "error", "message": "no way"}),
    ]
    strange = ["Killed", "17", '{"level": 3}', f"KeyError: {SECRET}"]
    whole = "\n".join([*said, *strange, ""]).encode()
    ear.hear(whole[:20])
    ear.hear(whole[20:])
    heard = capsys.readouterr().err.splitlines()
    assert heard[:2] == said
    assert [json.loads(each)["message"][:20] for each in heard[2:]] == ["a job said something"] * 4
    assert SECRET not in "".join(heard)
    assert list(map(ear.plain, whole.decode().splitlines())) == ["", "no way", *strange]


def test_health_that_fails_is_a_line_and_quotes_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tell_logs("json", 0)

    def fail(_: bool) -> Health:
        raise KeyError(SECRET)

    with closing(Journal.open("sqlite:///journal.db")) as journal:
        serving = serve_health(journal, fail, 0)
        with pytest.raises(urllib.error.HTTPError, match="500"):
            urllib.request.urlopen(f"{serving.url}/healthz", timeout=10)
        serving.stop()
    [line] = capsys.readouterr().err.splitlines()
    assert json.loads(line)["message"] == "/healthz cannot be answered"
    assert SECRET not in line


def test_a_thread_that_fails_quotes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    tell_logs("json", 0)

    def fail() -> None:
        raise KeyError(SECRET)

    thread = Thread(target=fail)
    thread.start()
    thread.join()
    [line] = capsys.readouterr().err.splitlines()
    assert (json.loads(line)["error"], SECRET in line) == ("KeyError", False)
