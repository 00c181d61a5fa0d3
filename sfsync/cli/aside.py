"""How is a finding set aside until a day, and taken back? (`sfsync findings snooze`, `waive`)"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import click

from sfsync.cli.book import Book, open_book
from sfsync.cli.options import Place, RecordId, place_options
from sfsync.errors import NotFound
from sfsync.model import OpenFinding

_LONGEST_SNOOZE = timedelta(days=366)
_UNTIL = "--until"


def _finding_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add CODE, ID, --until and --end."""
    day = click.DateTime(formats=["%Y-%m-%d"])
    for option in (
        click.option("--end", "ends", is_flag=True, help="Take it back: it is shown again."),
        click.option(_UNTIL, type=day, metavar="DATE", help="The day it is back, after today."),
        click.argument("record", metavar="ID", type=RecordId()),
        click.argument("code"),
    ):
        command = option(command)
    return command


@click.command()
@_finding_options
@place_options
def snooze(
    code: str, record: str, until: datetime | None, ends: bool, place: Place, quiet: bool
) -> None:
    """Do not show the finding CODE of the record ID before a day, a year ahead at most.

    With --end, take that back.
    """
    _check_one(until, ends)
    with open_book(place, quiet=quiet) as book:
        if until is None:
            _present(book, code, record, "snoozed", lambda each: each.snoozed_until)
        day = _day(until, book)
        if day - book.today > _LONGEST_SNOOZE:
            hint = "what is rightly so is waived (`sfsync findings waive`)"
            raise click.BadParameter(f"{day} is more than a year ahead: {hint}", param_hint=_UNTIL)
        book.journal.snooze(book.books, book.known(code), record, day)
        book.screen.say(f"{code} of {record} is shown again from {day} on.")


@click.command()
@_finding_options
@click.option("--why", help="The reason, for those who ask later; goes with --until.")
@place_options
def waive(
    code: str,
    record: str,
    until: datetime | None,
    ends: bool,
    why: str | None,
    place: Place,
    quiet: bool,
) -> None:
    """Do not ask before a day for what the finding CODE of the record ID is about.

    With --end, take that back; the reason is kept.
    """
    _check_one(until, ends)
    if ends and why is not None:
        raise click.UsageError("--end keeps the reason that was given: leave out --why")
    reason = (why or "").strip()
    if not ends and not reason:
        raise click.BadParameter("say why, in a few words", param_hint="--why")
    with open_book(place, quiet=quiet) as book:
        if until is None:
            reason = _present(book, code, record, "waived", lambda each: each.waived_until).why
        day = _day(until, book)
        book.journal.waive(book.books, book.known(code), record, day, reason)
        waived = "waived no more" if ends else "waived"
        book.screen.say(f"{code} of {record} is {waived}; it is asked for again from {day}.")


def _check_one(until: datetime | None, ends: bool) -> None:
    if (until is not None) == ends:
        raise click.UsageError("say until when with --until DATE, or take it back with --end")


def _day(until: datetime | None, book: Book) -> date:
    """Return the day from which a finding is shown again: today, where its setting aside ends.

    Raises BadParameter for a day that is not after the org's present one.
    """
    if until is None:
        return book.today
    day = until.date()
    if day <= book.today:
        raise click.BadParameter(f"{day} is not after today, {book.today}", param_hint=_UNTIL)
    return day


def _present(
    book: Book, code: str, record: str, word: str, until: Callable[[OpenFinding], date | None]
) -> OpenFinding:
    """Return a finding that is snoozed or waived today. Raises NotFound where it is not."""
    for each in book.journal.findings(book.books, code=book.known(code), record_id=record):
        day = until(each)
        if day is not None and book.today < day:
            return each
    raise NotFound(f"{code} of {record} is not {word}: `sfsync findings show {record}` shows it")
