"""Which options do the commands share?"""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from sfsync.model import from_wire

F = TypeVar("F", bound=Callable[..., Any])
_ID = re.compile(r"[A-Za-z0-9]{15}([A-Za-z0-9]{3})?")


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
        except ValueError as error:
            self.fail(f"{error} (write 2026-06-15T08:00:00Z)", param, ctx)


class RecordId(click.ParamType[str]):
    """A record Id of 15 or 18 characters."""

    name = "ID"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check the Id's form."""
        if not _ID.fullmatch(value):
            self.fail(f"{value!r} is no record Id: it has 15 or 18 letters and digits", param, ctx)
        return str(value)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a command works, as said on the command line; None: as the settings say."""

    org: str | None
    config: Path | None
    state_dir: Path | None


def place_options(command: F) -> F:
    """Add --org, --config, --state-dir, -v and -q; the command gets `place` and `quiet`."""
    options = [
        click.option("--org", help="demo, salesforce, or a folder or zip of a recorded org."),
        click.option("--config", type=click.Path(path_type=Path), help="The configuration folder."),
        click.option("--state-dir", type=click.Path(path_type=Path), help="Where the journal is."),
        click.option(
            "-v", "--verbose", count=True, help="Tell each step; -vv each record and call."
        ),
        click.option(
            "-q", "--quiet", is_flag=True, help="Print nothing but errors and the result."
        ),
    ]
    return _with(options, _gathered(command))


def _gathered(command: F) -> F:
    def called(
        *, org: str | None, config: Path | None, state_dir: Path | None, verbose: int, **rest: Any
    ) -> Any:
        level = {0: logging.WARNING, 1: logging.INFO}.get(verbose, logging.DEBUG)
        logging.basicConfig(level=logging.WARNING, format="%(message)s")
        logging.getLogger("sfsync").setLevel(level)
        return command(place=Place(org, config, state_dir), **rest)

    called.__doc__, called.__name__ = command.__doc__, command.__name__
    called.__click_params__ = getattr(command, "__click_params__", [])  # type: ignore[attr-defined]
    return cast(F, called)


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


def format_option(*formats: str) -> Callable[[F], F]:
    """Add --format; the first one is the default."""
    option = click.option(
        "--format", "form", type=click.Choice(formats), default=formats[0], show_default=True
    )
    return lambda command: _with([option], command)


def _with(options: list[Callable[[Any], Any]], command: F) -> F:
    for option in reversed(options):
        command = option(command)
    return command
