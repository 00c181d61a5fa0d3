"""What must somebody look at, since when, and what is to be done? (`sfsync findings`)"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from sfsync.cli.opening import opened
from sfsync.cli.options import Place, RecordId, format_option, place_options
from sfsync.cli.plan import as_csv
from sfsync.cli.screen import Cell, Screen, count, echo
from sfsync.cli.setting import set_up, texts_file
from sfsync.model import OpenFinding

if TYPE_CHECKING:
    from sfsync.journal import Journal
    from sfsync.rules.texts import FindingText

_LANGUAGE = "en"
_HEADS = (
    *("severity", "code", "object", "id", "name", "owner_id", "message", "title", "remedy"),
    *("amount", "first_seen", "last_seen", "returned", "solved_at", "snoozed_until"),
    *("waived_until", "why", "goes_to", "link"),
)
# What a terminal shows of each code before it points at the rest.
_ROWS_SHOWN = 10
_DAY = click.DateTime(formats=["%Y-%m-%d"])


@dataclass(frozen=True, slots=True)
class _Book:
    """The findings of the org that is meant, the org's day, and how they are shown."""

    journal: "Journal"
    books: str
    today: date
    screen: Screen
    texts: "Mapping[str, FindingText]"


@contextmanager
def _book(place: Place, *, quiet: bool) -> Iterator[_Book]:
    from sfsync.rules.texts import load_texts

    setting = set_up(place)
    texts = load_texts(*texts_file(setting.config))
    with opened(setting) as at:
        services, zone = at.services, at.org.zone
        today = services.now.astimezone(ZoneInfo(zone)).date()
        yield _Book(services.journal, services.books, today, Screen(zone, at.org.url, quiet), texts)


@click.group()
def findings() -> None:
    """List what must be looked at; snooze or waive what need not be."""


@findings.command("list")
@click.option("--open", "which", flag_value="open", default=True, help="Those to be looked at.")
@click.option("--solved", "which", flag_value="solved", help="Those that are solved.")
@click.option("--all", "which", flag_value="all", help="All, also snoozed and waived ones.")
@click.option("--code", help="Of this code, such as close-date-past.")
@click.option("--owner", type=RecordId(), help="Of the records that this user owns.")
@format_option("table", "json", "csv")
@place_options
def list_findings(
    which: str, code: str | None, owner: str | None, form: str, place: Place, quiet: bool
) -> None:
    """List the findings of the last whole pass that wrote its books.

    Without more: what is open, and neither snoozed nor waived today.
    """
    with _book(place, quiet=quiet) as book:
        found = book.journal.findings(
            book.books,
            is_open={"open": True, "solved": False}.get(which),
            shown_on=book.today if which == "open" else None,
            code=_known(code, book),
            owner_id=owner,
        )
        if form == "json":
            data = [_data(each, book) for each in found]
            echo(json.dumps({"findings": data}, indent=2, ensure_ascii=False))
        elif form == "csv":
            echo(as_csv([_data(each, book) for each in found], _HEADS), nl=False)
        else:
            _show(found, book, is_whole=code is not None)


def _known(code: str | None, book: _Book) -> str | None:
    """Check a code; raises NotFound with the nearest one."""
    from sfsync.errors import NotFound
    from sfsync.registry import nearest

    if code is not None and code not in book.texts:
        raise NotFound(f'no finding is called "{code}"{nearest(code, book.texts)}')
    return code


def _show(found: Sequence[OpenFinding], book: _Book, *, is_whole: bool) -> None:
    """Print a line each in a pipe; in a terminal a table for each code, the worst first, of which
    some rows are shown, or (`is_whole`) all.
    """
    screen = book.screen
    if not found:
        screen.say("Nothing is to be shown. `sfsync run hourly` enters what it finds.")
        return
    ranked = sorted(found, key=_rank(book))
    if screen.is_terminal:
        for code in dict.fromkeys(each.finding.code for each in ranked):
            _show_alike([each for each in ranked if each.finding.code == code], book, is_whole)
    else:
        screen.table((), [_line(each, book) for each in ranked])
    screen.say(f"{count(len(found), 'finding')}; `sfsync findings show ID` says what to do.")


def _show_alike(found: Sequence[OpenFinding], book: _Book, is_whole: bool) -> None:
    """Print the findings of one code as a table; what all of them say stands in its title."""
    screen, code = book.screen, found[0].finding.code
    text = book.texts.get(code)
    title = f"{code} ({len(found)}), {text.severity}: {text.title[_LANGUAGE]}" if text else code
    shown = found if is_whole else found[:_ROWS_SHOWN]
    says = [screen.words(each.finding.message) for each in shown]
    heads, rows = ["record"], [[_record(each, book)] for each in shown]
    if len(set(says)) > 1 or len(shown) == 1:
        heads.append("finding")
        rows = [[*row, said] for row, said in zip(rows, says, strict=True)]
    for row, each in zip(rows, shown, strict=True):
        row += [_age(each, book), _amount(each, ",")]
    screen.table([*heads, "since", "amount"], rows, title, ("since", "amount"), ("amount",))
    if len(shown) < len(found):
        screen.tell(f"... and {len(found) - len(shown)} more: --code {code} shows them all")
    screen.tell()


def _rank(book: _Book) -> Callable[[OpenFinding], tuple[int, str, float, str]]:
    """Sort the worst first, then by code, the most expensive first."""
    from sfsync.rules.texts import SEVERITIES

    def rank(each: OpenFinding) -> tuple[int, str, float, str]:
        text = book.texts.get(each.finding.code)
        place = SEVERITIES.index(text.severity) if text else len(SEVERITIES)
        return place, each.finding.code, -(each.amount or 0), each.finding.id

    return rank


def _line(each: OpenFinding, book: _Book) -> list[Cell]:
    """Return a finding as one line for a pipe."""
    finding, screen = each.finding, book.screen
    text = book.texts.get(finding.code)
    said = f"{finding.code}: {screen.words(finding.message)}"
    record = [finding.name, finding.object, finding.id]
    return [text.severity if text else "", *record, said, _since(each, book), _amount(each)]


def _record(each: OpenFinding, book: _Book) -> Cell:
    return book.screen.record(each.finding.object, each.finding.id, each.finding.name)


def _amount(each: OpenFinding, between: str = "") -> str:
    return "" if each.amount is None else f"{each.amount:{between}.0f}"


def _since(each: OpenFinding, book: _Book) -> str:
    """Say since when a finding is open, or since when it is not."""
    if each.solved_at is not None:
        return _age(each, book)
    return f"{_day(each.first_seen, book)} ({_age(each, book)})"


def _age(each: OpenFinding, book: _Book) -> str:
    """Say for how many days a finding is open, and whether it is back."""
    if each.solved_at is not None:
        return f"solved {_day(each.solved_at, book)}"
    days = (book.today - _day(each.first_seen, book)).days
    words = count(days, "day") if days else "today"
    return f"{words}, returned" if each.returned else words


def _day(moment: datetime, book: _Book) -> date:
    return moment.astimezone(ZoneInfo(book.screen.zone)).date()


@findings.command()
@click.argument("record", metavar="ID", type=RecordId())
@format_option("table", "json")
@place_options
def show(record: str, form: str, place: Place, quiet: bool) -> None:
    """Show all that was found of the record ID: what proves it, and what to do."""
    from sfsync.errors import NotFound

    with _book(place, quiet=quiet) as book:
        found = book.journal.findings(book.books, record_id=record)
        if not found:
            raise NotFound(f"nothing was found of {record}; `sfsync findings list` shows the rest")
        if form == "json":
            data = [_data(each, book) for each in found]
            echo(json.dumps({"findings": data}, indent=2, ensure_ascii=False))
            return
        for each in found:
            _tell(each, book)


def _tell(each: OpenFinding, book: _Book) -> None:
    finding, screen = each.finding, book.screen
    text = book.texts.get(finding.code)
    screen.tell(f"{finding.code}: {text.title[_LANGUAGE] if text else ''}")
    screen.tell(f"  {finding.object} {finding.id} ({finding.name})")
    screen.tell(f"  {screen.words(finding.message)}")
    screen.tell(f"  since {_since(each, book)}" if each.solved_at is None else _since(each, book))
    for until, word in ((each.snoozed_until, "snoozed"), (each.waived_until, "waived")):
        if until is not None and book.today < until:
            screen.tell(f"  {word} until {until}{f': {each.why}' if word == 'waived' else ''}")
    for proof in finding.evidence:
        record = f" ({proof.record})" if proof.record else ""
        screen.tell(f"  {proof.fact}: {screen.value(proof.value)}{record}")
    if text:
        screen.tell(f"  What to do: {text.remedy[_LANGUAGE]}")


@findings.command()
@click.argument("code")
@click.argument("record", metavar="ID", type=RecordId())
@click.option("--until", required=True, type=_DAY, metavar="DATE", help="The day it is back.")
@place_options
def snooze(code: str, record: str, until: datetime, place: Place, quiet: bool) -> None:
    """Do not show the finding CODE of the record ID before a day."""
    with _book(place, quiet=quiet) as book:
        book.journal.snooze(book.books, str(_known(code, book)), record, until.date())
        book.screen.say(f"{code} of {record} is shown again from {until.date()} on.")


@findings.command()
@click.argument("code")
@click.argument("record", metavar="ID", type=RecordId())
@click.option("--until", required=True, type=_DAY, metavar="DATE", help="The day it is back.")
@click.option("--why", required=True, help="The reason, for those who ask later.")
@place_options
def waive(code: str, record: str, until: datetime, why: str, place: Place, quiet: bool) -> None:
    """Do not ask before a day for what the finding CODE of the record ID is about."""
    if not why.strip():
        raise click.BadParameter("say why, in a few words", param_hint="--why")
    with _book(place, quiet=quiet) as book:
        journal = book.journal
        journal.waive(book.books, str(_known(code, book)), record, until.date(), why.strip())
        book.screen.say(f"{code} of {record} is waived; it is asked for again from {until.date()}.")


def _data(each: OpenFinding, book: _Book) -> dict[str, Any]:
    """Return a finding as JSON data, with its texts and its link; times in ISO form, UTC."""
    finding = each.finding
    text = book.texts.get(finding.code)
    return {
        **asdict(finding),
        "severity": text.severity if text else None,
        "goes_to": text.goes_to if text else None,
        "title": text.title[_LANGUAGE] if text else None,
        "remedy": text.remedy[_LANGUAGE] if text else None,
        "link": f"{book.screen.url}/lightning/r/{finding.object}/{finding.id}/view",
        "amount": each.amount,
        "first_seen": _plain(each.first_seen),
        "last_seen": _plain(each.last_seen),
        "returned": each.returned,
        "solved_at": _plain(each.solved_at),
        "snoozed_until": _plain(each.snoozed_until),
        "waived_until": _plain(each.waived_until),
        "why": each.why,
    }


def _plain(value: date | datetime | None) -> str | None:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return None if value is None else value.isoformat()
