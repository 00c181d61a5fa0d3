"""Is the admin told at once what failed, works again or is refused again and again, and of each
cause no more than once an hour?
"""

import email
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from pathlib import Path
from threading import Event

import pytest
from click.testing import CliRunner, Result
from cut_org import IDLE

from sfsync.cli import apply, commands, opening
from sfsync.cli.admin import tell_of_turn
from sfsync.cli.copies import open_recorded
from sfsync.cli.options import Place
from sfsync.cli.setting import Setting, set_up
from sfsync.errors import ExitCode
from sfsync.fake import FakeOrg
from sfsync.fake.faults import refuse
from sfsync.journal import Journal
from sfsync.letter import MessageState
from sfsync.model import Run, RunState, Turn

ADMIN = "admin@example.com"
WORDS = "Ask the boss first"
BEGIN = datetime(2026, 11, 25, 7, 5, tzinfo=UTC)
HALF_AN_HOUR, AN_HOUR = timedelta(minutes=30), timedelta(hours=1)
Act = Callable[[FakeOrg], None]

pytestmark = pytest.mark.usefixtures("alone")


class Service:
    """Runs of the hourly job that nobody watches, at the times that a test says."""

    def __init__(self, org: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.org, self.now = org, BEGIN
        self.act: Act = lambda _: None
        self._seen: set[Path] = set()
        monkeypatch.setenv("SFSYNC_ADMIN_EMAIL", ADMIN)
        monkeypatch.setattr(opening, "wall_clock", lambda: self.now)
        monkeypatch.setattr(opening, "open_recorded", self._opened)
        for module in (opening, apply):
            monkeypatch.setattr(module, "sleep", lambda _: None)

    def _opened(self, setting: Setting) -> FakeOrg:
        fake = open_recorded(setting)
        self.act(fake)
        return fake

    def run(self, *args: str, after: timedelta = timedelta(), exits: int = 0) -> Result:
        self.now += after
        asked = ["run", "hourly", "--org", str(self.org), *args]
        result = CliRunner().invoke(commands, asked)
        assert result.exit_code == exits, (result.output, result.exception)
        return result

    def mails(self) -> list[EmailMessage]:
        """The mails in the outbox that are new since this was asked last."""
        new = sorted(set(Path(".sfsync/outbox").glob("*.eml")) - self._seen)
        self._seen.update(new)
        read = [email.message_from_bytes(each.read_bytes(), policy=policy.default) for each in new]
        assert {each["To"].addresses[0].addr_spec for each in read} <= {ADMIN}
        return read

    def subjects(self) -> list[str]:
        return [str(each["Subject"]) for each in self.mails()]

    @property
    def setting(self) -> Setting:
        return set_up(Place(str(self.org), None, None))

    def journal(self) -> Journal:
        return Journal.open(self.setting.settings.journal)


@pytest.fixture
def service(small: Path, monkeypatch: pytest.MonkeyPatch) -> Service:
    return Service(small, monkeypatch)


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return " ".join(str(body.get_content()).split())


def away(fake: FakeOrg) -> None:
    fake.on_request.append(refuse("/query", 400, "INVALID_TYPE", WORDS, times=99))


def refusing(fake: FakeOrg) -> None:
    fake.add_validation_rule("Account", lambda _, row: WORDS if row["Id"] == IDLE else None)


def test_a_failure_is_told_once_an_hour_and_its_end_once(service: Service) -> None:
    service.run("-q")
    assert service.subjects() == []
    service.act = away
    service.run("-q", after=AN_HOUR, exits=ExitCode.UNREACHABLE)
    (mail,) = service.mails()
    assert mail["Subject"] == "sfsync: hourly failed"
    text = text_of(mail)
    assert f"INVALID_TYPE: {WORDS}" in text
    assert "The last good run ended 11/25/2026 8:05 AM." in text
    assert "Look: sfsync doctor" in text
    service.run("-q", after=HALF_AN_HOUR, exits=ExitCode.UNREACHABLE)
    assert service.subjects() == []
    service.run("-q", after=HALF_AN_HOUR, exits=ExitCode.UNREACHABLE)
    assert service.subjects() == ["sfsync: hourly failed"]
    service.act = lambda _: None
    service.run("-q", after=HALF_AN_HOUR)
    assert service.subjects() == ["sfsync: hourly works again"]
    service.run("-q", after=AN_HOUR)
    assert service.subjects() == []


def test_who_watches_or_names_no_admin_gets_no_mail(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.act = away
    service.run(exits=ExitCode.UNREACHABLE)
    monkeypatch.setenv("SFSYNC_ADMIN_EMAIL", "")
    service.run("-q", exits=ExitCode.UNREACHABLE)
    assert service.subjects() == []


def test_a_record_that_is_refused_in_the_third_pass_is_told_once(service: Service) -> None:
    service.act = refusing
    told = []
    for _ in range(4):
        service.run("-q", after=2 * AN_HOUR, exits=ExitCode.INCOMPLETE)
        told.append(service.mails())
    assert [len(each) for each in told] == [0, 0, 1, 0]
    (mail,) = told[2]
    assert mail["Subject"] == "sfsync: 1 record refused again and again"
    text = text_of(mail)
    assert WORDS in text
    assert "3 passes in a row" in text
    assert IDLE in text
    html = mail.get_body(("html",))
    assert html is not None
    assert f"/lightning/r/Account/{IDLE}/view" in html.get_content()


def test_short_api_calls_are_told_with_the_failure_in_one_mail(service: Service) -> None:
    def short(fake: FakeOrg) -> None:
        fake.state.daily_quota += 12 - fake.state.calls_left()

    service.act = short
    service.run("-q", exits=ExitCode.STOPPED)
    (mail,) = service.mails()
    assert mail["Subject"] == "sfsync: hourly failed, API calls are short"
    text = text_of(mail)
    assert re.search(r"The org has \d+ of 12 API calls left; 2 are kept for others", text)


def test_a_run_that_died_is_told_by_the_next_one(service: Service) -> None:
    with opening.opened(service.setting) as at:
        dead = Run(
            *("dead", at.services.books, "hourly", BEGIN, BEGIN, None, RunState.RUNNING, "x")
        )
        at.services.journal.start(dead, ())
    service.run("-q", after=AN_HOUR)
    failed, well = service.mails()
    assert (failed["Subject"], well["Subject"]) == (
        "sfsync: hourly failed",
        "sfsync: hourly works again",
    )
    assert "Its process ended before its work was done" in text_of(failed)


def test_no_trouble_with_the_mail_changes_how_a_run_ends(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.act = away
    monkeypatch.setenv("SFSYNC_SMTP_HOST", "localhost")
    result = service.run("-q", exits=ExitCode.UNREACHABLE)
    assert "the admin could not be told: SFSYNC_MAIL_FROM is not set" in result.stderr
    monkeypatch.setenv("SFSYNC_MAIL_FROM", "sales@example.com")
    monkeypatch.setenv("SFSYNC_SMTP_PORT", "1")
    service.run("-q", after=HALF_AN_HOUR, exits=ExitCode.UNREACHABLE)
    journal = service.journal()
    (waiting,) = journal.messages.open("service:small")
    assert waiting.state is MessageState.PLANNED
    # It will come, so it counts as told.
    service.run("-q", after=HALF_AN_HOUR, exits=ExitCode.UNREACHABLE)
    assert len(journal.messages.open("service:small")) == 1
    journal.close()


def turn(job: str, exit_code: int | None, message: str = "") -> Turn:
    return Turn(1, "small", job, BEGIN, BEGIN, BEGIN, exit_code, message=message)


def test_a_scheduler_in_a_hurry_does_not_wait_for_the_mail_server(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    met = Event()

    def slow(_: object) -> None:
        met.wait(20)

    monkeypatch.setattr(Journal, "open", slow)
    began = time.monotonic()
    tell_of_turn(service.setting, turn("hourly", 137), hurries=True)
    met.set()
    assert time.monotonic() - began < 4


def test_turns_tell_what_their_processes_could_not(service: Service) -> None:
    Path(".sfsync").mkdir()
    setting = service.setting
    # `sfsync run` tells itself that the org was away; another run is at work; the others are well.
    for job, code in (("hourly", 6), ("full-pass", 7), ("summary", 3), ("alerts", 0)):
        tell_of_turn(setting, turn(job, code))
    assert service.subjects() == []
    # Killed, nobody knows how, not understood, and no `sfsync run`.
    for job, code in (("hourly", 137), ("full-pass", None), ("enrichment", 2), ("exceptions", 5)):
        tell_of_turn(setting, turn(job, code, "said at last"))
        (mail,) = service.mails()
        assert mail["Subject"] == f"sfsync: {job} failed"
        assert "said at last" in text_of(mail)
    service.now += AN_HOUR
    for job in ("hourly", "summary"):
        tell_of_turn(setting, turn(job, ExitCode.DONE))
    assert service.subjects() == ["sfsync: hourly works again"]
