"""What are managers told, and how does it reach them? (`sfsync report`)"""

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sfsync.cli import HelpfulGroup
from sfsync.cli.alerts import alerts
from sfsync.cli.delivery import (
    Way,
    admin_of,
    deliver,
    field_names,
    open_findings,
    read_reports,
    who_and_how,
)
from sfsync.cli.forecast import commit_codes, read_forecast
from sfsync.cli.mails import Mail
from sfsync.cli.opening import Opened
from sfsync.cli.options import Place, begun, now_option, place_options, since_option
from sfsync.cli.setting import set_up
from sfsync.cli.summary import runs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sfsync.report import FieldNames, Report, ReportOrder
    from sfsync.rules.texts import FindingText


@click.group(cls=HelpfulGroup)
def report() -> None:
    """Write what managers, owners and the admin are told, and send it."""


report.add_command(alerts)
report.add_command(runs)


@report.command()
@who_and_how
@since_option("What is later is new; else since the last one sent.")
@now_option
@place_options
def exceptions(
    person: str | None,
    out: Path | None,
    sends: bool,
    since: datetime | date | None,
    now: datetime | None,
    place: Place,
    quiet: bool,
) -> None:
    """Write the mails of `reports.yaml`: what is new, still open and solved, for each reader.

    Each is written as .eml, .html and .txt, with its lines as .csv. With --send they are sent, each
    once a day or week; without a mail server they go to the outbox.
    """
    setting = set_up(place)
    texts, orders = read_reports(setting)

    def written(at: Opened) -> "list[Mail]":
        start = begun(since, at.services.now, at.org.zone)
        made = _reports(at, texts, orders, start, is_rehearsal=now is not None)
        names = field_names(at)
        return [_mail(each, texts, names, _last_told(at, each)) for each in made]

    deliver(setting, Way(person, out, sends, now, quiet), written)


def _reports(
    at: Opened,
    texts: "Mapping[str, FindingText]",
    orders: "Sequence[ReportOrder]",
    since: datetime | None,
    *,
    is_rehearsal: bool,
) -> "list[Report]":
    from sfsync.extract.currencies import keeps_currencies
    from sfsync.extract.people import read_people
    from sfsync.report import Edition, build_reports

    found = open_findings(at, is_rehearsal=is_rehearsal)
    codes = commit_codes(at)
    deals, adds_up = read_forecast(at, found, codes), not keeps_currencies(at.org)
    owners = {each.finding.owner_id for each in found} | {each.owner_id for each in deals}
    people = read_people(at.org, {each or "" for each in owners})
    admin = admin_of(at)
    services, zone, url = at.services, at.org.zone, at.org.url
    reports: list[Report] = []
    for order in orders:
        told = {} if since else services.journal.editions.last(services.books, order.name)
        edition = Edition(order, services.now, since, url, zone, admin, told, deals, codes, adds_up)
        reports += build_reports(found, people, texts, edition)
    return reports


def _last_told(at: Opened, report: "Report") -> datetime | None:
    """Return as of when the reader got the last one that was sent; None before the first."""
    return at.services.journal.editions.last(at.services.books, report.name).get(report.reader.id)


def _mail(
    report: "Report",
    texts: "Mapping[str, FindingText]",
    names: "FieldNames",
    last: datetime | None,
) -> Mail:
    from sfsync.letter import EditionNote
    from sfsync.report import render

    # What was solved before `since` is told by the next one: that begins where the last one ended.
    is_all = last is None or report.since is None or report.since <= last
    notes = (EditionNote(report.name, report.reader.id, report.now),) if is_all else ()
    rendered = render(report, texts, names=names)
    return Mail(report.key, report.reader, report.now, rendered, notes)
