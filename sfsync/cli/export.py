"""How does what the journal, or a plan, holds get into a spreadsheet? (`sfsync cleanup export`)"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sfsync.cli.opening import opened, opened_journal
from sfsync.cli.options import Beginning, Place, RecordId, format_option, place_options
from sfsync.cli.person import meant
from sfsync.cli.setting import set_up, settings_of
from sfsync.formula import harmless
from sfsync.model import Source, State, to_iso

if TYPE_CHECKING:
    from sfsync.journal import Cut, Journal

Row = Mapping[str, Any]

# Spreadsheets take a file for UTF-8 where it begins with this.
_MARK = "\ufeff"
# So many rows are written at once.
_PORTION = 1_000
_OF_CHANGE = ("object", "id", "name", "field", "before", "after", "cause", "reason", "action")


@dataclass(frozen=True, slots=True)
class _Kind:
    """What can be exported: its columns, and the options that narrow it."""

    columns: Sequence[str]
    narrowed_by: Sequence[str]


# Documented in docs/operate.md: columns are added at the end, and none is renamed.
KINDS: Mapping[str, _Kind] = {
    "findings": _Kind(
        (
            *("org", "state", "code", "object", "id", "name", "owner_id", "message", "amount"),
            *("first_seen", "last_seen", "returned", "solved_at", "snoozed_until"),
            *("waived_until", "why", "evidence"),
        ),
        ("since", "until", "object", "ids", "code", "owner"),
    ),
    "plan": _Kind((*_OF_CHANGE, "source"), ("plan", "run", "object", "ids", "cause")),
    "runs": _Kind(
        (
            *("id", "org", "zone", "job", "state", "now", "started", "finished", "policy_hash"),
            *("undoes", "error", "api_calls", *(state.value for state in State)),
        ),
        ("run", "since", "until"),
    ),
    "changes": _Kind(
        (
            *("run", "org", "job", "started", "seq", "object", "id", "created", "name", "action"),
            *("field", "before", "after", "source", "cause", "reason", "outcome", "code"),
            *("message", "sent_at", "evidence"),
        ),
        ("run", "since", "until", "object", "ids", "cause"),
    ),
}
_ASKED = {"ids": "--id"}


@click.command(short_help="Write what the journal holds as CSV or JSON.")
@click.argument("what", metavar="WHAT", type=click.Choice(list(KINDS)))
@click.option(
    "--plan",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Of plan: this file, made by --out.",
)
@click.option("--run", metavar="RUN", help="Only this run: its id, or the beginning of it.")
@click.option("--since", type=Beginning(), help="Runs begun, or findings seen, from then on.")
@click.option("--until", type=Beginning(), help="Runs begun, or findings seen, before that.")
@click.option("--object", metavar="NAME", help="Only records of this object.")
@click.option("--id", "ids", multiple=True, type=RecordId(), help="Only this record.")
@click.option("--cause", metavar="NAME", help="Only changes by this rule, keep, task or cleanup.")
@click.option("--code", help="Only findings of this code.")
@click.option("--owner", metavar="PERSON", help="Only findings of this owner: name, address or Id.")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write it to this file."
)
@format_option("csv", "json")
@place_options
def export(
    what: str, out: Path | None, form: str, place: Place, quiet: bool, **narrowing: Any
) -> None:
    """Write findings, a plan, runs or changes as CSV or JSON for a spreadsheet.

    WHAT is findings, plan (of a file, or as a run planned it), runs or changes (a row for each
    field, with what became of it). Formulas in cells are made harmless. Times are UTC.
    """
    _check(what, narrowing)
    kind = KINDS[what]
    with opened_journal(settings_of(place)) as journal:
        rows = _rows(what, narrowing, journal, place)
        told = _Counted(rows)
        pieces = (_as_csv if form == "csv" else _as_json)(told, kind.columns)
        if out is None:
            for piece in pieces:
                click.echo(piece.encode(), nl=False)
            return
        _write(out, chain([_MARK] if form == "csv" else [], pieces))
    if not quiet:
        click.echo(f"{told.number} rows are in {out}.")


def _check(what: str, narrowing: Mapping[str, Any]) -> None:
    given = {name for name, value in narrowing.items() if value not in (None, ())}
    wrong = sorted(given.difference(KINDS[what].narrowed_by))
    if wrong:
        names = ", ".join(_ASKED.get(name, f"--{name}") for name in wrong)
        fits = ", ".join(_ASKED.get(name, f"--{name}") for name in KINDS[what].narrowed_by)
        raise click.UsageError(f"{what} cannot be narrowed by {names}: only by {fits}")
    if what == "plan" and len(given & {"plan", "run"}) != 1:
        raise click.UsageError("say which plan: --plan FILE, or --run RUN for what a run planned")
    since, until = narrowing["since"], narrowing["until"]
    if since is not None and until is not None and since >= until:
        raise click.UsageError(
            f"--since {to_iso(since)} is not before --until {to_iso(until)}: nothing is between"
        )


def _rows(
    what: str, narrowing: Mapping[str, Any], journal: "Journal", place: Place
) -> Iterable[Row]:
    cut = _cut(narrowing, journal, place)
    if what == "plan" and narrowing["plan"] is not None:
        return _of_file(narrowing["plan"], cut)
    reading: Mapping[str, Callable[[Cut], Iterable[Row]]] = {
        "findings": journal.exports.findings,
        "plan": journal.exports.changes,
        "runs": journal.exports.runs,
        "changes": journal.exports.changes,
    }
    return reading[what](cut)


def _cut(narrowing: Mapping[str, Any], journal: "Journal", place: Place) -> "Cut":
    """Say which rows are meant. Raises NotFound where the run or the owner is none."""
    from sfsync.journal import Cut

    run, owner = narrowing["run"], narrowing["owner"]
    return Cut(
        run=None if run is None else journal.run(run).id,
        since=_instant(narrowing["since"]),
        until=_instant(narrowing["until"]),
        object=narrowing["object"],
        ids=narrowing["ids"],
        cause=narrowing["cause"],
        code=narrowing["code"],
        owners=None if owner is None else _owners(owner, place),
    )


def _instant(given: datetime | date | None) -> datetime | None:
    """Return an instant; a day begins at midnight UTC, as the times in the file are."""
    if given is None or isinstance(given, datetime):
        return given
    return datetime.combine(given, time(), UTC)


def _owners(typed: str, place: Place) -> frozenset[str]:
    """Return the Ids of who is meant; only of an Id the org need not be asked."""
    from sfsync.extract.people import read_all_users

    try:
        return frozenset([RecordId().convert(typed, None, None)])
    except click.BadParameter:
        pass
    with opened(set_up(place)) as at:
        return meant(typed, read_all_users(at.org), "no user is called")


def _of_file(file: Path, cut: "Cut") -> Iterator[Row]:
    """Yield the rows of a plan file. Raises PlanRefused where it is none."""
    from sfsync.plan_file import from_json, to_csv_rows

    for row in to_csv_rows(from_json(file.read_bytes(), str(file))):
        cause = str(row["cause"])
        is_by = cut.cause is None or cause == cut.cause or cause.endswith(f":{cut.cause}")
        is_of = cut.object in (None, row["object"]) and (not cut.ids or row["id"] in cut.ids)
        if is_by and is_of:
            yield row


class _Counted:
    """Rows that are counted as they pass."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = rows
        self.number = 0

    def __iter__(self) -> Iterator[Row]:
        for row in self._rows:
            self.number += 1
            yield row


def _as_csv(rows: Iterable[Row], columns: Sequence[str]) -> Iterator[str]:
    """Yield pieces of CSV with a header; texts cannot be formulas."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    left = iter(rows)
    while True:
        piece = list(islice(left, _PORTION))
        writer.writerows([_cell(row[name]) for name in columns] for row in piece)
        yield text.getvalue()
        if not piece:
            return
        text.seek(0)
        text.truncate()


def _as_json(rows: Iterable[Row], columns: Sequence[str]) -> Iterator[str]:
    """Yield pieces of a JSON array with a record a line."""
    yield "["
    between = "\n"
    for row in rows:
        data = {name: _plain(row[name]) for name in columns}
        yield between + json.dumps(data, ensure_ascii=False)
        between = ",\n"
    yield "\n]\n"


def _cell(value: Any) -> Any:
    plain = _plain(value)
    if isinstance(plain, bool):
        return "true" if plain else "false"
    return harmless(plain) if isinstance(plain, str) else plain


def _plain(value: Any) -> Any:
    """Return what JSON has: instants (UTC) and days in ISO form, a source in words."""
    from sfsync.plan_file import source_in_words

    if isinstance(value, datetime):
        return to_iso(value)
    if isinstance(value, date):
        return value.isoformat()
    return source_in_words(value) if isinstance(value, Source) else value


def _write(file: Path, pieces: Iterable[str]) -> None:
    """Write the file whole, or not at all. Raises OSError where it cannot be written."""
    fresh = file.with_name(f".{file.name}.part")
    try:
        with fresh.open("w", encoding="utf-8", newline="") as stream:
            stream.writelines(pieces)
        fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)
