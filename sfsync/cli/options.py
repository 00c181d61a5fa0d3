"""Which options do the commands share?"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, TypeVar, cast
from zoneinfo import ZoneInfo

import click

from sfsync.cli.hints import note_place
from sfsync.cli.logs import FORMS, tell_logs
from sfsync.model import from_wire, to_iso

F = TypeVar("F", bound=Callable[..., Any])
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_ID = re.compile(r"[A-Za-z0-9]{15}([A-Za-z0-9]{3})?")
_SHORT_ID = 15
_SUFFIXES = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_INSTANTS = "write 2026-06-15T08:00:00Z, or with an offset 2026-06-15T10:00:00+02:00"


class Moment(click.ParamType[datetime]):
    """An instant with its offset, such as 2026-06-15T08:00:00Z."""

    name = "ISO"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Read the instant as aware UTC."""
        if isinstance(value, datetime):
            return value
        try:
            return from_wire(value)
        except ValueError:
            self.fail(f"{value!r} is no instant with its time zone: {_INSTANTS}", param, ctx)


class Beginning(click.ParamType[datetime | date]):
    """An instant with its offset, or a day, which begins at midnight in the org's zone."""

    name = "DAY|ISO"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime | date:
        """Read the instant as aware UTC, or the day."""
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value) if _DAY.fullmatch(value) else from_wire(value)
        except ValueError:
            self.fail(f"{value!r} is neither a day, as 2026-06-15, nor an instant", param, ctx)


class Day(click.ParamType[str]):
    """A day, such as 2026-06-15."""

    name = "DAY"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check that there is such a day, and return it as it is written."""
        try:
            day = date.fromisoformat(value) if _DAY.fullmatch(value) else None
        except ValueError:
            day = None
        if day is None:
            self.fail(f"{value!r} is no day: write 2026-06-15", param, ctx)
        return day.isoformat()


def begun(since: datetime | date | None, now: datetime, zone: str) -> datetime | None:
    """Return the instant (UTC) that --since means at `now` (aware) in a zone (IANA name). Raises
    BadParameter where it is yet to come.
    """
    if since is None:
        return None
    if not isinstance(since, datetime):
        since = datetime.combine(since, time(), ZoneInfo(zone)).astimezone(UTC)
    if since > now:
        told = f"{to_iso(since)} is later than the moment judged, {to_iso(now)}"
        raise click.BadParameter(told, param_hint="--since")
    return since


def since_option(help_text: str) -> Callable[[F], F]:
    """Add --since."""
    return lambda command: _with(
        [click.option("--since", type=Beginning(), help=help_text)], command
    )


class RecordId(click.ParamType[str]):
    """A record Id; one of 15 characters is completed to 18.

    The last three say which of the others are capitals, so that an Id whose case was lost on its
    way is put right, and a mistyped one is mostly noticed.
    """

    name = "ID"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check the Id's form, and return its 18 characters."""
        text = str(value)
        if not _ID.fullmatch(text):
            self.fail(f"{value!r} is no record Id: it has 15 or 18 letters and digits", param, ctx)
        if len(text) == _SHORT_ID:
            return text + _suffix(text)
        cased = _with_case(text[:_SHORT_ID], text[_SHORT_ID:].upper())
        if cased is None:
            self.fail(f"{value!r} is no record Id: its last three do not fit the rest", param, ctx)
        return cased


def _suffix(text: str) -> str:
    """Return the three characters that keep the case of fifteen, five bits each."""
    blocks = (text[:5], text[5:10], text[10:])
    bits = (sum(char.isupper() << place for place, char in enumerate(block)) for block in blocks)
    return "".join(_SUFFIXES[each] for each in bits)


def _with_case(text: str, suffix: str) -> str | None:
    """Give fifteen characters the case that their suffix tells; None where it cannot be theirs."""
    if not set(suffix) <= set(_SUFFIXES):
        return None
    chars = [
        char.upper() if _SUFFIXES.index(suffix[place // 5]) >> place % 5 & 1 else char.lower()
        for place, char in enumerate(text)
    ]
    cased = "".join(chars)
    return cased + suffix if _suffix(cased) == suffix else None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a command works, as said on the command line; None: as the settings say."""

    org: str | None
    config: Path | None
    state_dir: Path | None


def place_options(command: F) -> F:
    """Add --org, --config, --state-dir, --log-format, -v and -q; the command gets `place` and
    `quiet`.
    """
    options = [
        click.option(
            "--org",
            help="demo, salesforce, a folder or zip of a recorded org, or a name in config/orgs; "
            "all, or several with commas, where a command is for many.",
        ),
        click.option("--config", type=click.Path(path_type=Path), help="The configuration folder."),
        click.option("--state-dir", type=click.Path(path_type=Path), help="Where the journal is."),
        click.option(
            "-v", "--verbose", count=True, help="Tell each step; -vv each record and call."
        ),
        click.option(
            "--log-format",
            "log_form",
            type=click.Choice(FORMS),
            help="How the standard error tells what happens: text, or JSON for who collects logs.",
        ),
        click.option(
            "-q", "--quiet", is_flag=True, help="Print only the result, and what went wrong."
        ),
    ]
    parts = ("org", "config", "state_dir", "log_form", "verbose")
    return _with(options, _gathered(command, "place", _place, parts))


def _place(
    org: str | None, config: Path | None, state_dir: Path | None, log_form: str | None, verbose: int
) -> Place:
    # Whoever only asks for help reads no settings.
    from sfsync.settings import log_format

    tell_logs(log_form or log_format(), verbose)
    place = Place(org, config, state_dir)
    note_place(place)
    return place


def narrowing_options(command: F) -> F:
    """Add --only and --id."""
    options = [
        click.option("--only", multiple=True, metavar="RULE", help="Only what this rule does."),
        click.option("--id", "ids", multiple=True, type=RecordId(), help="Only this record."),
    ]
    return _with(options, command)


def now_option(command: F) -> F:
    """Add --now."""
    option = click.option(
        "--now", type=Moment(), help="Rehearse another moment, such as 2026-06-15T08:00:00Z."
    )
    return _with([option], command)


@dataclass(frozen=True, slots=True)
class Scope:
    """What of a job is meant: judged at which moment, which rules and records (none: all), and
    whether everything is read afresh.
    """

    now: datetime | None
    only: Sequence[str]
    ids: Sequence[str]
    whole: bool


def scope_options(command: F) -> F:
    """Add --now, --only, --id and --full; the command gets them as `scope`."""
    scoped = _gathered(command, "scope", Scope, ("now", "only", "ids", "whole"))
    full = click.option(
        "--full",
        "whole",
        is_flag=True,
        help="Read everything afresh, not only what changed since it was last read.",
    )
    return now_option(narrowing_options(_with([full], scoped)))


@dataclass(frozen=True, slots=True)
class Errand:
    """How far a job that asks public sources goes: how many accounts at most (None: as configured),
    and which providers (none: all).
    """

    limit: int | None
    providers: Sequence[str]


def errand_options(command: F) -> F:
    """Add --limit and --provider; the command gets them as `errand`."""
    options = [
        click.option(
            "--limit", type=click.IntRange(min=1), help="Of enrich: so many accounts at most."
        ),
        click.option(
            "--provider",
            "providers",
            multiple=True,
            metavar="NAME",
            help="Of enrich: ask only this source.",
        ),
    ]
    return _with(options, _gathered(command, "errand", Errand, ("limit", "providers")))


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where partitions are judged, as said on the command line; None: as the settings say."""

    engine: str | None
    scheduler: str | None
    workers: int | None


def engine_options(command: F) -> F:
    """Add --engine, --scheduler and --workers; the command gets them as `workplace`."""
    options = [
        click.option(
            "--engine",
            type=click.Choice(["here", "dask"]),
            help="Of hourly: judge a large org's partitions here, or on a Dask cluster.",
        ),
        click.option(
            "--scheduler",
            metavar="URL",
            help="The Dask scheduler, such as tcp://10.0.0.5:8786; without, processes of ours.",
        ),
        click.option(
            "--workers", type=click.IntRange(min=1), help="So many processes of ours; one a core."
        ),
    ]
    parts = ("engine", "scheduler", "workers")
    return _with(options, _gathered(command, "workplace", Workplace, parts))


def format_option(*formats: str) -> Callable[[F], F]:
    """Add --format; the first one is the default."""
    option = click.option(
        "--format", "form", type=click.Choice(formats), default=formats[0], show_default=True
    )
    return lambda command: _with([option], command)


def _gathered(command: F, name: str, make: Callable[..., object], parts: Sequence[str]) -> F:
    """Let a command get some of its options as one value of that name."""

    def called(**given: Any) -> Any:
        one = make(**{part: given.pop(part) for part in parts})
        return command(**{name: one}, **given)

    called.__doc__, called.__name__ = command.__doc__, command.__name__
    called.__click_params__ = getattr(command, "__click_params__", [])  # type: ignore[attr-defined]
    return cast(F, called)


def _with(options: list[Callable[[Any], Any]], command: F) -> F:
    for option in reversed(options):
        command = option(command)
    return command
