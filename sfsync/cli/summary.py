"""What is the admin told of the runs? (`sfsync report runs`)"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sfsync.cli.delivery import Way, admin_of, deliver, read_summary_order, read_texts
from sfsync.cli.mails import Mail
from sfsync.cli.opening import Opened, is_at_work
from sfsync.cli.options import Place, begun, place_options, since_option
from sfsync.cli.setting import set_up
from sfsync.errors import NotFound
from sfsync.letter import EditionNote, MessageState
from sfsync.model import JournalledChange, Run, RunState

if TYPE_CHECKING:
    from sfsync.letter import JournalledMessage
    from sfsync.report import Period, Summary, SummaryOrder

# The first summary goes back so far, not to the beginning of the journal.
_FIRST = {"daily": timedelta(days=1), "weekly": timedelta(weeks=1)}
_LEFT = (MessageState.PLANNED, MessageState.SENDING, MessageState.UNKNOWN)


@click.command()
@click.option("--run", "run_id", metavar="RUN", help="Only this run: its id, or the beginning.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write the files there, and not to `reports` in the state folder.",
)
@click.option("--send", "sends", is_flag=True, help="Send the mail; files only with --out.")
@since_option("Runs that ended later; else since the last one sent.")
@place_options
def runs(
    run_id: str | None,
    out: Path | None,
    sends: bool,
    since: datetime | date | None,
    place: Place,
    quiet: bool,
) -> None:
    """Write the summary of the runs for the admin: what moved, what was refused or left, API calls.

    Written as .eml, .html and .txt. With --send it is sent, once a day or week (`reports.yaml`), or
    once for each --run; where nothing happened there is no mail.
    """
    from sfsync.report import render_summary

    setting = set_up(place)
    if run_id is not None and since is not None:
        raise click.UsageError("--run tells of one run, --since of several: leave one of them out")
    texts, order = read_texts(setting), read_summary_order(setting)

    def written(at: Opened) -> list[Mail]:
        # Whoever holds the lock knows that no run is at work.
        is_busy = not sends and is_at_work(setting.settings)
        start = begun(since, at.services.wall(), at.org.zone)
        made = _summary(at, order, run_id, start, is_busy=is_busy)
        if not made.is_worth_telling:
            return []
        # What is left out is told by the next one: that begins where the last one ended.
        is_all = start is None or start <= _due_since(at, order, made.reader.id)[0]
        notes = (EditionNote(made.name, made.reader.id, made.now),) if is_all else ()
        return [Mail(made.key, made.reader, made.now, render_summary(made, texts), notes)]

    deliver(setting, Way(None, out, sends, None, quiet), written)


def _summary(
    at: Opened, order: "SummaryOrder", run_id: str | None, since: datetime | None, *, is_busy: bool
) -> "Summary":
    from sfsync.report import summarise

    services, journal = at.services, at.services.journal
    period = _period(at, order, run_id, since)
    if period.since is None:
        chosen: Sequence[Run] = [journal.run(period.run)]
        mails: Sequence[JournalledMessage] = ()
    else:
        every = reversed(journal.runs(services.books))
        chosen = [run for run in every if _is_told(run, period.since, is_busy=is_busy)]
        mails = _mails(at, period.since)
    found = journal.findings(services.books)
    return summarise(period, _with_changes(chosen, at), found, mails)


def _period(
    at: Opened, order: "SummaryOrder", run_id: str | None, since: datetime | None
) -> "Period":
    """Say of which runs is told. Raises NotFound where this org has no such run."""
    from sfsync.report import Period

    services, reader = at.services, admin_of(at)
    now, run, is_first = services.wall(), "", False
    if run_id is not None:
        found = services.journal.run(run_id)
        if found.org != services.books:
            raise NotFound(f"{found.id} is a run on {found.org}: name its org with --org")
        run = found.id
    elif since is None:
        since, is_first = _due_since(at, order, reader.id)
    states = services.policy.state_fields()
    org, service = at.org, at.setting.settings.name_in_mails
    return Period(order, reader, now, since, org.url, org.zone, states, is_first, run, service)


def _due_since(at: Opened, order: "SummaryOrder", reader: str) -> tuple[datetime, bool]:
    """Return since when runs are to be told to a reader, and whether it is for the first time."""
    from sfsync.report import SUMMARY

    services = at.services
    last = services.journal.editions.last(services.books, SUMMARY).get(reader)
    return last or services.wall() - _FIRST[order.every], last is None


def _is_told(run: Run, since: datetime, *, is_busy: bool) -> bool:
    """Tell whether a run ended since then; an open one has died, unless one is at work."""
    if run.state is RunState.RUNNING:
        return not is_busy
    return run.finished is not None and run.finished > since


def _with_changes(
    runs: Sequence[Run], at: Opened
) -> Iterator[tuple[Run, Sequence[JournalledChange]]]:
    for run in runs:
        yield run, at.services.journal.changes(run.id) if run.counts else ()


def _mails(at: Opened, since: datetime) -> list["JournalledMessage"]:
    """Return the mails that were refused since then, and those that are left to be sent."""
    messages, books = at.services.journal.messages, at.services.books
    refused = messages.in_states(books, [MessageState.REFUSED])
    return [
        *(each for each in refused if each.changed_at > since),
        *messages.in_states(books, _LEFT),
    ]
