"""What must somebody look at, since when, and what is to be done? (`sfsync findings`)"""

import json
from collections.abc import Callable, Sequence

import click
from rich.console import Console

from sfsync.cli import HelpfulGroup
from sfsync.cli.aside import snooze, waive
from sfsync.cli.book import LANGUAGE, Book, open_book
from sfsync.cli.options import Place, RecordId, format_option, place_options
from sfsync.cli.person import meant
from sfsync.cli.plan import as_csv
from sfsync.cli.screen import Cell, count, echo, one_line
from sfsync.errors import NotFound
from sfsync.model import OpenFinding

_HEADS = (
    *("severity", "code", "object", "id", "name", "owner_id", "owner", "message", "title"),
    *("remedy", "amount", "first_seen", "last_seen", "returned", "solved_at", "snoozed_until"),
    *("waived_until", "why", "goes_to", "link"),
)
# What a terminal shows of each code before it points at the rest.
_ROWS_SHOWN = 10
# From so many columns on a table with a column of findings has room for one of owners.
_WIDE = 110


@click.group(cls=HelpfulGroup)
def findings() -> None:
    """List what must be looked at; snooze or waive what need not be."""


findings.add_command(snooze)
findings.add_command(waive)


@findings.command("list")
@click.option("--open", is_flag=True, help="Those to be looked at; so it is without more.")
@click.option("--solved", is_flag=True, help="Those that are solved.")
@click.option("--all", is_flag=True, help="All, also snoozed and waived ones.")
@click.option("--code", help="Of this code, such as close-date-past.")
@click.option(
    "--owner",
    metavar="PERSON",
    help="Of the records of this owner: a name or its beginning, an e-mail address or an Id.",
)
@format_option("table", "json", "csv")
@place_options
def list_findings(
    code: str | None, owner: str | None, form: str, place: Place, quiet: bool, **which: bool
) -> None:
    """List the findings of the last whole pass that wrote its books.

    Without more: what is open, and neither snoozed nor waived today.
    """
    chosen = [name for name, is_chosen in which.items() if is_chosen] or ["open"]
    if len(chosen) > 1:
        raise click.UsageError("choose one of --open, --solved and --all")
    with open_book(place, quiet=quiet) as book:
        found = book.journal.findings(
            book.books,
            is_open={"open": True, "solved": False}.get(chosen[0]),
            shown_on=book.today if chosen == ["open"] else None,
            code=None if code is None else book.known(code),
            owner_ids=None if owner is None else _owners(owner, book),
        )
        book = book.with_owners(found)
        if form == "json":
            _show_data(found, book)
        elif form == "csv":
            echo(as_csv([book.data(each) for each in found], _HEADS), nl=False)
        else:
            _show(found, book, is_whole=code is not None)


def _owners(typed: str, book: Book) -> frozenset[str]:
    """Return the Ids of who is meant, among the owners of what was ever found; an Id may also be
    that of somebody else. Raises NotFound where nobody or several may be meant.
    """
    people = book.users(book.journal.finding_owners(book.books)).values()
    try:
        return meant(typed, people, "nothing was ever found of a record of")
    except NotFound:
        try:
            return frozenset([RecordId().convert(typed, None, None)])
        except click.BadParameter:
            pass
        raise


def _show_data(found: Sequence[OpenFinding], book: Book) -> None:
    data = [book.data(each) for each in found]
    echo(json.dumps({"findings": data}, indent=2, ensure_ascii=False))


def _show(found: Sequence[OpenFinding], book: Book, *, is_whole: bool) -> None:
    """Print a line each in a pipe; in a terminal a table for each code, the worst first, of which
    some rows are shown, or (`is_whole`) all.
    """
    screen = book.screen
    if not found:
        is_new = book.journal.previous_pass(book.books) is None
        hint = " No whole pass ran yet: `sfsync run hourly` enters what it finds." if is_new else ""
        screen.say(f"Nothing is to be shown.{hint}")
        return
    ranked = sorted(found, key=_rank(book))
    if screen.is_terminal:
        for code in dict.fromkeys(each.finding.code for each in ranked):
            _show_alike([each for each in ranked if each.finding.code == code], book, is_whole)
    else:
        screen.table((), [_line(each, book) for each in ranked])
    screen.say(f"{count(len(found), 'finding')}; `sfsync findings show ID` says what to do.")


def _show_alike(found: Sequence[OpenFinding], book: Book, is_whole: bool) -> None:
    """Print the findings of one code as a table; what all of them say stands in its title."""
    screen, code = book.screen, found[0].finding.code
    text = book.texts.get(code)
    title = f"{code} ({len(found)}), {text.severity}: {text.title[LANGUAGE]}" if text else code
    shown = found if is_whole else found[:_ROWS_SHOWN]
    says = [screen.words(each.finding.message) for each in shown]
    asides = [book.aside(each) for each in shown]
    heads, rows = ["record"], [[_record(each, book)] for each in shown]
    if tells := len(set(says)) > 1 or len(shown) == 1 or any(asides):
        heads.append("finding")
        for row, said, aside in zip(rows, says, asides, strict=True):
            row.append("\n".join([said, *aside]))
    if not tells or Console().width >= _WIDE:
        heads.append("owner")
        for row, each in zip(rows, shown, strict=True):
            row.append(one_line(book.owner(each)))
    for row, each in zip(rows, shown, strict=True):
        row += [book.age(each), _amount(each, ",")]
    screen.table([*heads, "since", "amount"], rows, title, ("since", "amount"), ("amount",))
    if len(shown) < len(found):
        screen.tell(f"... and {len(found) - len(shown)} more: --code {code} shows them all")
    screen.tell()


def _rank(book: Book) -> Callable[[OpenFinding], tuple[int, str, float, str]]:
    """Sort the worst first, then by code, the most expensive first."""
    from sfsync.rules.texts import SEVERITIES

    def rank(each: OpenFinding) -> tuple[int, str, float, str]:
        text = book.texts.get(each.finding.code)
        place = SEVERITIES.index(text.severity) if text else len(SEVERITIES)
        return place, each.finding.code, -(each.amount or 0), each.finding.id

    return rank


def _line(each: OpenFinding, book: Book) -> list[Cell]:
    """Return a finding as one line for a pipe."""
    finding, screen = each.finding, book.screen
    text = book.texts.get(finding.code)
    said = f"{finding.code}: {screen.words(finding.message)}"
    record = [finding.name, finding.object, finding.id]
    row = [text.severity if text else "", *record, said, book.since(each), _amount(each)]
    return [*row, book.owner(each), "; ".join(book.aside(each))]


def _record(each: OpenFinding, book: Book) -> Cell:
    return book.screen.record(each.finding.object, each.finding.id, each.finding.name)


def _amount(each: OpenFinding, between: str = "") -> str:
    return "" if each.amount is None else f"{each.amount:{between}.0f}"


@findings.command()
@click.argument("record", metavar="ID", type=RecordId())
@format_option("table", "json")
@place_options
def show(record: str, form: str, place: Place, quiet: bool) -> None:
    """Show all that was found of the record ID: what proves it, and what to do."""
    with open_book(place, quiet=quiet) as book:
        found = book.journal.findings(book.books, record_id=record)
        if not found:
            raise NotFound(f"nothing was found of {record}; `sfsync findings list` shows the rest")
        book = book.with_owners(found)
        if form == "json":
            _show_data(found, book)
            return
        for each in found:
            _tell(each, book)


def _tell(each: OpenFinding, book: Book) -> None:
    finding, screen = each.finding, book.screen
    text = book.texts.get(finding.code)
    screen.tell(f"{finding.code}: {text.title[LANGUAGE] if text else ''}")
    screen.tell(f"  {finding.object} {finding.id} ({finding.name})")
    # Not wrapped: a terminal opens what it sees whole.
    echo(f"  {book.link(each)}")
    screen.tell(f"  owned by {book.owner(each) or 'no user'}")
    screen.tell(f"  {screen.words(finding.message)}")
    screen.tell(f"  {'since ' if each.solved_at is None else ''}{book.since(each)}")
    for aside in book.aside(each, once=True):
        screen.tell(f"  {aside}")
    for proof in finding.evidence:
        record = f" ({proof.record})" if proof.record else ""
        screen.tell(f"  {proof.fact}: {screen.value(proof.value)}{record}")
    if text:
        screen.tell(f"  What to do: {text.remedy[LANGUAGE]}")
