"""What are managers told, and how does it reach them? (`sfsync report`)"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

import click

from sfsync.cli.opening import Opened, lock_of, opened
from sfsync.cli.options import Moment, Place, now_option, place_options
from sfsync.cli.posting import letterhead_of, postman_of
from sfsync.cli.screen import Screen, count
from sfsync.cli.setting import Setting, make, set_up
from sfsync.errors import ConfigError, ExitCode, NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sfsync.mail import Message
    from sfsync.model import OpenFinding
    from sfsync.report import (
        FieldNames,
        Person,
        Rendered,
        Report,
        ReportOrder,
        SummaryOrder,
        Told,
    )
    from sfsync.rules.texts import FindingText

T = TypeVar("T", bound="Told")
# Under the state folder: they hold customers' data.
FOLDER = "reports"
_NO_REHEARSAL = (
    "--now rehearses another moment, and people would get mails of it: leave out --send, or send on"
    " a recorded org"
)
_NO_ADMIN = (
    "there is nobody to send it to: name the admin in SFSYNC_ADMIN_EMAIL (it tells what has no "
    "manager, and what only an admin can mend)"
)
# Spreadsheets take a file for UTF-8 where it begins with this.
_MARK = "\ufeff"


@click.group()
def report() -> None:
    """Write what managers and the admin are told, and send it."""


@report.command()
@click.option("--to", "person", metavar="PERSON", help="Only this reader: name, address or Id.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write the files there, and not to `reports` in the state folder.",
)
@click.option("--send", "sends", is_flag=True, help="Send the mails; files only with --out.")
@click.option("--since", type=Moment(), help="What is later is new; else since the last one sent.")
@now_option
@place_options
def exceptions(
    person: str | None,
    out: Path | None,
    sends: bool,
    since: datetime | None,
    now: datetime | None,
    place: Place,
    quiet: bool,
) -> None:
    """Write the mails of `reports.yaml`: what is new, still open and solved, for each reader.

    Each is written as .eml, .html and .txt, with its lines as .csv. With --send they are sent, each
    once a day or week; without a mail server they go to the outbox.
    """
    from sfsync.report import Report, render

    setting = set_up(place)
    if sends and now is not None and setting.is_salesforce:
        raise click.UsageError(_NO_REHEARSAL)
    texts, orders = read_reports(setting)
    lock = lock_of(setting) if sends else nullcontext()
    with lock, opened(setting, now) as at:
        screen = Screen(at.org.zone, at.org.url, quiet)
        made = _reports(at, texts, orders, since, is_rehearsal=now is not None)
        reports = _chosen(made, person)
        if not reports:
            screen.say("There is nothing to tell, so there is no mail.")
            return
        names = field_names(at)
        mails = Mails[Report](at, screen, lambda each: render(each, texts, names=names))
        if out is not None or not sends:
            mails.write(reports, out or setting.settings.state_dir / FOLDER)
        if sends and not mails.send(reports):
            click.get_current_context().exit(ExitCode.INCOMPLETE)


def read_reports(
    setting: Setting,
) -> "tuple[Mapping[str, FindingText], tuple[ReportOrder, ...]]":
    """Read the findings' texts and the reports ordered. Raises ConfigError with all problems."""
    from sfsync.report import REPORTS_FILE, load_orders
    from sfsync.rules.texts import TEXTS_FILE, load_texts

    texts = load_texts(*_read(setting.config.path / TEXTS_FILE), setting.policy)
    return texts, load_orders(*_read(setting.config.path / REPORTS_FILE), codes=texts)


def read_summary_order(setting: Setting) -> "SummaryOrder":
    """Read what is ordered of the summary of the runs. Raises ConfigError with all problems."""
    from sfsync.report import REPORTS_FILE, load_summary_order

    return load_summary_order(*_read(setting.config.path / REPORTS_FILE))


def _read(file: Path) -> tuple[str, str]:
    try:
        return file.read_text(encoding="utf-8"), str(file)
    except (OSError, UnicodeDecodeError) as error:
        problem = f"{file}: cannot be read: {error}"
        raise ConfigError([f"{problem}. The one that came with sfsync will do"]) from error


def _reports(
    at: Opened,
    texts: "Mapping[str, FindingText]",
    orders: "Sequence[ReportOrder]",
    since: datetime | None,
    *,
    is_rehearsal: bool,
) -> "list[Report]":
    from sfsync.extract.people import read_people
    from sfsync.report import Edition, build_reports

    found = open_findings(at, is_rehearsal=is_rehearsal)
    people = read_people(at.org, {each.finding.owner_id or "" for each in found})
    admin = admin_of(at)
    services, zone, url = at.services, at.org.zone, at.org.url
    reports: list[Report] = []
    for order in orders:
        told = {} if since else services.journal.editions.last(services.books, order.name)
        edition = Edition(order, services.now, since, url, zone, admin, told)
        reports += build_reports(found, people, texts, edition)
    return reports


def open_findings(at: Opened, *, is_rehearsal: bool) -> "tuple[OpenFinding, ...]":
    """Return the findings in the journal, open and solved.

    Where no whole pass ran yet, and for a rehearsal, those of a plan of this moment: all are new.
    """
    from sfsync.jobs import plan_job
    from sfsync.model import OpenFinding

    services = at.services
    kept = () if is_rehearsal else services.journal.findings(services.books)
    if kept:
        return kept
    planned = plan_job("hourly", services).plan.findings
    return tuple(OpenFinding(finding, services.now, services.now) for finding in planned)


def field_names(at: Opened) -> "FieldNames":
    """Return how the org calls the fields of which findings speak; takes one request."""
    from sfsync.report import FieldNames

    objects = [*at.setting.policy.machines]
    at.org.describe(objects)
    told = {
        (object_name, name): info
        for object_name in objects
        for name, info in (at.org.fields(object_name) or {}).items()
    }
    money = frozenset(each for each, info in told.items() if info.type == "currency")
    return FieldNames({each: info.label for each, info in told.items()}, money)


def admin_of(at: Opened) -> "Person":
    """Return the admin: the org's user with the address that is set, if there is one."""
    from sfsync.extract.people import read_person
    from sfsync.report import Person

    email = at.setting.settings.admin_email
    nobody = Person("admin", "Admin", email)
    return (read_person(at.org, email) if email else None) or nobody


def _chosen(reports: "list[Report]", person: str | None) -> "list[Report]":
    """Narrow reports to a reader's. Raises NotFound where none of them goes to such a person."""
    from sfsync.registry import nearest

    if person is None:
        return reports
    told = person.casefold()
    chosen = [
        each
        for each in reports
        if told in (each.reader.name.casefold(), each.reader.email.casefold())
        or each.reader.id == person
    ]
    if not chosen:
        hint = nearest(person, {each.reader.name for each in reports})
        raise NotFound(f'there is no report for "{person}"{hint}')
    return chosen


class Mails(Generic[T]):
    """Mails of one kind, which `rendered` puts into words: written to files, or sent."""

    def __init__(self, at: Opened, screen: Screen, rendered: "Callable[[T], Rendered]") -> None:
        self._at = at
        self._screen = screen
        self._settings = at.setting.settings
        self._rendered = rendered

    def write(self, reports: Sequence[T], folder: Path) -> None:
        """Write each as mail, page, text and table, and say where."""
        make(folder)
        for each in reports:
            rendered = self._rendered(each)
            files = {
                "html": rendered.html.encode(),
                "txt": rendered.text.encode(),
                "csv": f"{_MARK}{rendered.csv}".encode() if rendered.csv else b"",
                "eml": self._eml(each, rendered),
            }
            name = _file_name(each)
            written = [kind for kind, content in files.items() if content]
            for kind in written:
                (folder / f"{name}.{kind}").write_bytes(files[kind])
            kinds = ", ".join(f".{kind}" for kind in written)
            self._screen.tell(f"{each.reader.name}: {folder / name} ({kinds})")
            if not each.reader.email:
                self._screen.warn(f"{each.reader.name}: {_NO_ADMIN}")

    def send(self, reports: Sequence[T]) -> bool:
        """Send each that has a reader, and say what became of it; tell whether all were sent."""
        from sfsync.letter import MessageState

        services = self._at.services
        postman = postman_of(self._settings, services.journal, services.books)
        readable = [each for each in reports if each.reader.email]
        for each in reports:
            if each not in readable:
                self._screen.warn(f"{each.reader.name}: {_NO_ADMIN}")
        mails = [message_of(each, self._rendered(each)) for each in readable]
        deliveries = postman.send(mails)
        for told, delivery in zip(readable, deliveries, strict=True):
            self._screen.tell(delivery.sentence)
            if delivery.state is MessageState.SENT and not delivery.is_earlier:
                editions = services.journal.editions
                editions.note(services.books, told.name, told.reader.id, told.now)
        sent = sum(delivery.state is MessageState.SENT for delivery in deliveries)
        self._screen.say(f"{count(sent, 'mail')} of {len(reports)} sent")
        return sent == len(reports)

    def _eml(self, report: T, rendered: "Rendered") -> bytes:
        from sfsync.mail import to_eml

        if not report.reader.email:
            return b""
        head = letterhead_of(self._settings)
        # A file is no mail that was sent: the same report gives the same bytes.
        message_id = f"<{report.key.replace(':', '.')}@{head.sender.domain}>"
        return to_eml(message_of(report, rendered), head, report.now, message_id)


def message_of(report: "Told", rendered: "Rendered") -> "Message":
    """Make the mail of a report. Raises ConfigError where its reader's address is none."""
    from sfsync.mail import Address, Attachment, Message

    name = f"{_file_name(report)}.csv"
    table = Attachment(name, "text/csv", f"{_MARK}{rendered.csv}".encode())
    try:
        to = Address(report.reader.email, report.reader.name)
    except ValueError as error:
        raise ConfigError([f"{report.reader.name} (User {report.reader.id}): {error}"]) from error
    attachments = (table,) if rendered.csv else ()
    return Message(to, rendered.subject, rendered.text, rendered.html, report.key, attachments)


def _file_name(report: "Told") -> str:
    """Name a report's files: `exceptions-2026-06-15-maud.verchere-lys`."""
    _, period, _ = report.key.split(":")
    reader = report.reader.email.partition("@")[0] or report.reader.name
    plain = unicodedata.normalize("NFKD", reader).encode("ascii", "ignore").decode()
    return f"{report.name}-{period}-{re.sub(r'[^A-Za-z0-9.-]+', '-', plain).lower()}"
