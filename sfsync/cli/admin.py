"""What is the admin told at once: that a job failed or works again, what is refused again and
again, that API calls are short?

Of each cause there is one mail an hour at most, whichever process meets with it: the journal has
the last one. Whoever sends such a mail does so beside its work, and no trouble with it changes how
that ends.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Thread
from typing import TYPE_CHECKING

import click

from sfsync.cli import opening
from sfsync.cli.mails import Mail, message_of
from sfsync.cli.opening import Opened, opened_journal
from sfsync.cli.options import Place
from sfsync.cli.posting import postman_of
from sfsync.cli.service import name_of
from sfsync.cli.setting import Setting, settings_of
from sfsync.errors import (
    ConfigError,
    ExitCode,
    LimitReached,
    Locked,
    Misused,
    NotFound,
    OrgError,
    ReserveKept,
    SfsyncError,
)
from sfsync.letter import AlertNote
from sfsync.model import to_iso

if TYPE_CHECKING:
    from sfsync.journal import Journal
    from sfsync.letter import Alerted, Subject
    from sfsync.model import OpenFinding, Run, Turn
    from sfsync.report import AdminNews, AdminOccasion, Failed, Person, Recovered
    from sfsync.settings import Settings

logger = logging.getLogger(__name__)

PASSES = 3
_PAUSE = timedelta(hours=1)
_NOBODY = ("", "")
# What these say concerns who typed the command, or that another run does the work.
_NO_FAILURES = (Locked, Misused, NotFound, click.ClickException, click.exceptions.Exit)
_MOST_BOOKS = 80
_PATIENCE, _HURRY = 5.0, 0.5


@dataclass(slots=True)
class Telling:
    """What a process met with so far: the org that it opened, and why it failed, if it did."""

    place: Place
    job: str
    is_watched: bool
    at: Opened | None = None
    failure: Exception | None = None

    def tell(self, died: Sequence["Run"] = ()) -> None:
        """Tell how the job fared; or, at once, that runs of it died whose books are closed now:
        nobody was there to tell it then, and this one may die, too.
        """
        if not self.is_watched:
            _beside(lambda: _tell_of_job(self, died))


@contextmanager
def telling_admin(place: Place, job: str, *, is_watched: bool) -> Iterator[Telling]:
    """Tell the admin, when what is done within is over, what they have to know at once of a job.

    Whoever watches (`is_watched`) sees it for themselves, and no mail is sent.
    """
    telling = Telling(place, job, is_watched)
    try:
        yield telling
    except _NO_FAILURES:
        raise
    except Exception as error:
        telling.failure = error
        telling.tell()
        raise
    telling.tell()


def tell_of_turn(setting: Setting, turn: "Turn", *, hurries: bool = False) -> None:
    """Tell the admin that a turn of the schedule failed, or that its job works again.

    What the process of `sfsync run` tells itself is left to it. A mail server that is slow keeps
    the scheduler waiting for some seconds only, and hardly one that `hurries` to end.
    """
    telling = Thread(target=_beside, args=(lambda: _tell_of_turn(setting, turn),), daemon=True)
    telling.start()
    telling.join(_HURRY if hurries else _PATIENCE)


def _beside(tell: Callable[[], None]) -> None:
    try:
        tell()
    except Exception as error:  # noqa: BLE001 - how the work ends must not hang on a mail
        told = error.logged if isinstance(error, SfsyncError) else type(error).__name__
        logger.warning("the admin could not be told: %s", told)


def _tell_of_job(telling: Telling, died: Sequence["Run"]) -> None:
    settings = settings_of(telling.place)
    if not settings.admin_email:
        return
    with opened_journal(settings) as journal:
        # An org that is away would be asked again and again for the admin's language.
        is_away = isinstance(telling.failure, OrgError)
        desk = _Desk(settings, journal, None if is_away else telling.at)
        desk.tell(list(_of_dead(died, desk) if died else _of_job(telling, desk)))


def _tell_of_turn(setting: Setting, turn: "Turn") -> None:
    from sfsync.health import GOOD_CODES

    settings = setting.settings
    if not settings.admin_email or turn.exit_code == ExitCode.LOCKED:
        return
    with opened_journal(settings) as journal:
        desk = _Desk(settings, journal, None)
        if turn.exit_code in GOOD_CODES:
            desk.tell(list(desk.recovered(turn.job)))
        elif not _tells_itself(setting, turn):
            desk.tell([_failed_turn(journal, name_of(settings), turn)])


def _tells_itself(setting: Setting, turn: "Turn") -> bool:
    job = setting.policy.schedule.find(turn.job)
    is_run = job is not None and job.words[:1] == ("run",)
    return is_run and turn.exit_code in list(ExitCode) and turn.exit_code != ExitCode.USAGE


def _failed_turn(journal: "Journal", service: str, turn: "Turn") -> "Failed":
    from sfsync.health import GOOD_CODES
    from sfsync.report import Failed

    failures, good = 0, None
    for each in journal.turns.last(service, turn.job, 50):
        if each.exit_code in GOOD_CODES:
            good = each.finished
            break
        failures += not each.is_open and each.exit_code != ExitCode.LOCKED
    return Failed(turn.job, turn.message, turn.exit_code, good, failures)


def _of_dead(died: Sequence["Run"], desk: "_Desk") -> Iterator["AdminOccasion"]:
    """Say of each job that runs of it died."""
    for job in dict.fromkeys(run.job for run in died):
        yield desk.failed(job, "", None)


def _of_job(telling: Telling, desk: "_Desk") -> Iterator["AdminOccasion"]:
    """Say what there is to tell when a job is over."""
    error = telling.failure
    if isinstance(error, SfsyncError):
        yield desk.failed(telling.job, str(error), error.exit_code)
    elif error is not None:
        yield desk.failed(telling.job, f"{type(error).__name__}: {error}", ExitCode.INTERNAL)
    else:
        yield from desk.recovered(telling.job)
    if telling.at is not None:
        yield from _of_org(
            telling.at, desk, is_short=isinstance(error, (ReserveKept, LimitReached))
        )


def _of_org(at: Opened, desk: "_Desk", *, is_short: bool) -> Iterator["AdminOccasion"]:
    from sfsync.policy import UPDATE_REFUSED
    from sfsync.report import RefusedAgain, ReserveTouched, refused_again

    books, today = at.services.books, at.services.now.date()
    found = desk.journal.findings(books, is_open=True, shown_on=today, code=UPDATE_REFUSED)
    new = tuple(each for each in refused_again(found, PASSES) if not desk.is_told(each))
    if new:
        yield RefusedAgain(new)
    usage, reserve = at.org.usage(), at.setting.policy.limits.api_reserve
    if usage is not None and (is_short or usage.left < usage.kept(reserve)):
        yield ReserveTouched(usage.left, usage.total, usage.kept(reserve))


class _Desk:
    """Where mails to the admin are written and sent, and what was told before is looked up."""

    def __init__(self, settings: "Settings", journal: "Journal", at: Opened | None) -> None:
        self._settings = settings
        self.journal = journal
        self._at = at
        # The org may not be there to say under which name its books are kept.
        self._books = f"service:{name_of(settings)}"[:_MOST_BOOKS]
        self._last: dict[Subject, Alerted] = dict(journal.alerts.last(self._books))

    def failed(self, job: str, error: str, exit_code: int | None) -> "Failed":
        """Say that a run of a job failed; how it fared before, on the org whose runs are the
        newest, the journal knows.
        """
        from sfsync.report import Failed

        records = [each for each in self.journal.totals.jobs() if each.job == job]
        record = max(records, key=lambda each: each.last, default=None)
        good, failures = (None, 0) if record is None else (record.good, record.failures)
        return Failed(job, error, exit_code, good, failures)

    def recovered(self, job: str) -> Iterator["Recovered"]:
        """Say that a job works again, where the last that was told of it is that it failed."""
        from sfsync.report import Recovered

        failed = self._last.get((f"failed:{job}", *_NOBODY))
        well = self._last.get((f"recovered:{job}", *_NOBODY))
        if failed is not None and (well is None or well.as_of < failed.as_of):
            yield Recovered(job, failed.as_of)

    def is_told(self, each: "OpenFinding") -> bool:
        """Tell whether the admin was told of a refused record in this spell."""
        finding = each.finding
        last = self._last.get(("refused", finding.object, finding.id))
        return last is not None and last.spell >= to_iso(each.first_seen)

    def tell(self, occasions: Sequence["AdminOccasion"]) -> None:
        """Send what was not told within the last hour; before that, what was put off earlier."""
        now = opening.wall_clock()
        due = tuple(each for each in occasions if self._is_due(each.cause, now))
        postman = postman_of(self._settings, self.journal, self._books, is_hasty=True)
        if self.journal.messages.open(self._books):
            postman.resume()
        if not due:
            return
        news = self._news(due, now)
        notes = tuple(self._notes(news))
        from sfsync.report import render_admin

        mail = Mail(news.key, news.reader, now, render_admin(news), notes)
        for delivery in postman.send([message_of(mail)]):
            logger.info("%s", delivery.sentence)

    def _is_due(self, cause: str, now: datetime) -> bool:
        last = self._last.get((cause, *_NOBODY))
        return last is None or now - last.as_of >= _PAUSE

    def _news(self, occasions: tuple["AdminOccasion", ...], now: datetime) -> "AdminNews":
        from sfsync.report import AdminNews
        from sfsync.report.orders import OF_READER

        zone = self.journal.totals.zone() if self._at is None else self._at.org.zone
        url = "" if self._at is None else self._at.org.url
        language = _language(self._at) or OF_READER
        service = self._settings.name_in_mails
        return AdminNews(self._reader(), language, now, zone, url, occasions, service)

    def _reader(self) -> "Person":
        from sfsync.extract.people import read_person
        from sfsync.report import Person

        email = self._settings.admin_email
        nobody = Person("admin", "Admin", email)
        if self._at is None:
            return nobody
        try:
            return read_person(self._at.org, email) or nobody
        except SfsyncError as error:
            logger.info("the admin's language is not known: %s", error)
            return nobody

    def _notes(self, news: "AdminNews") -> Iterator[AlertNote]:
        """Yield what the reader then knows: the causes, and each refused record."""
        from sfsync.report import RefusedAgain

        reader, now = news.reader.id, news.now
        for each in news.occasions:
            yield AlertNote(each.cause, *_NOBODY, to_iso(now), reader, now)
            for found in each.found if isinstance(each, RefusedAgain) else ():
                record = (found.finding.object, found.finding.id)
                yield AlertNote(each.cause, *record, to_iso(found.first_seen), reader, now)


def _language(at: Opened | None) -> str:
    from sfsync.cli.delivery import read_summary_order

    try:
        return "" if at is None else read_summary_order(at.setting).language
    except ConfigError as error:
        logger.info("the language that is ordered is not known: %s", error)
        return ""
