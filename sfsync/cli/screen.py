"""How does a person see text, tables, records and times?

In a terminal with colour and links, in a pipe as plain lines.
"""

import os
import re
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from sfsync.cli.hints import helpful
from sfsync.cli.logs import complain, is_json
from sfsync.errors import Stopped
from sfsync.model import Value, from_wire

_WIRE = re.compile(r"'?(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000\+0000)'?")
# Joins emoji to one: no printable character by itself, yet part of names.
_JOINER = "\u200d"
_SHORT = 40

Cell = str | Text


@dataclass(frozen=True, slots=True)
class Screen:
    """Where output goes, in which zone times are said, and where records are opened.

    A quiet one prints results, and nothing that accompanies them.
    """

    zone: str = "UTC"
    url: str = ""
    is_quiet: bool = False

    @property
    def is_terminal(self) -> bool:
        """Whether a person sits before it."""
        return sys.stdout.isatty()

    def say(self, text: str = "") -> None:
        """Print a sentence beside the result, unless told to be quiet."""
        if not self.is_quiet:
            self.tell(text)

    def warn(self, text: str, logged: str = "") -> None:
        """Print what went wrong beside the result, also where it is quiet; `logged` is for logs,
        where the text names people or records.
        """
        if self.is_quiet or is_json():
            complain(text, logged)
        if not self.is_quiet:
            click.echo(helpful(text))

    def say_how_to_apply(self) -> None:
        """Say that only a preview was shown."""
        self.say("Nothing was written: add --apply to do it.")

    def tell(self, text: str = "") -> None:
        """Print a sentence, its commands as they can be copied; wrapped in a terminal."""
        text = helpful(text)
        if self.is_terminal:
            Console().print(Text(text))
        else:
            echo(text)

    def table(
        self,
        heads: Sequence[str],
        rows: Sequence[Sequence[Cell]],
        title: str = "",
        whole: Collection[str] = (),
        right: Collection[str] = (),
    ) -> None:
        """Print rows: a table in a terminal, lines with tabs in a pipe.

        `whole` names columns whose lines are only broken where the others have no room to give,
        `right` those of figures.
        """
        if not rows:
            return
        if not self.is_terminal:
            for row in rows:
                echo("\t".join(one_line(str(cell)) for cell in row))
            return
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        for head in heads:
            table.add_column(
                head,
                overflow="fold",
                header_style="dim",
                no_wrap=head in whole,
                justify="right" if head in right else "left",
            )
        for row in rows:
            table.add_row(*row)
        if title:
            Console().print(Text(title, style="bold"))
        Console().print(table)

    def record(self, object_name: str, record_id: str, name: str) -> Text:
        """Return a record's name as a link to its page; in a terminal with its Id below."""
        shown = one_line(name)
        if not self.is_terminal:
            return Text(shown)
        # Who asks only the journal does not know where the org is.
        page = f"link {self.url}/lightning/r/{object_name}/{record_id}/view" if self.url else ""
        return Text.assemble((shown, page), "\n", (record_id, "dim"))

    def moment(self, moment: datetime) -> str:
        """Say an instant in the org's zone."""
        return moment.astimezone(ZoneInfo(self.zone)).strftime("%Y-%m-%d %H:%M")

    def value(self, value: Value) -> str:
        """Say a field's value; instants in the org's zone, null as a dash."""
        if value is None:
            return "-"
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        text = one_line(self.words(str(value)))
        if self.is_terminal and len(text) > _SHORT:
            return f"{text[: _SHORT - 1]}…"
        return text

    def words(self, text: str) -> str:
        """Say a sentence's instants in the org's zone; they come as the API writes them."""
        return _WIRE.sub(lambda found: self.moment(from_wire(found[1])), text)

    @contextmanager
    def progress(self, what: str) -> Iterator["Bar"]:
        """Show a bar while something takes long, in a terminal only."""
        columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        shown = Progress(*columns, transient=True, disable=self.is_quiet or not self.is_terminal)
        with shown:
            yield Bar(shown)


@dataclass(slots=True)
class Bar:
    """A progress bar that appears when it is first told of something."""

    progress: Progress
    task: TaskID | None = None

    def __call__(self, done: int, total: int) -> None:
        """Tell how many of how many are done."""
        if self.task is None:
            self.task = self.progress.add_task("", total=total)
        self.progress.update(self.task, completed=done, total=total)


def echo(text: str, *, nl: bool = True) -> None:
    """Print to the standard output, or to nobody where nobody listens any more.

    Whoever read our output has seen enough (`| head`): that is no reason to stop half-way in a run.
    """
    try:
        click.echo(text, nl=nl)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def one_line(text: str) -> str:
    """Return a text without line ends and control characters, which would spoil a table."""
    plain = (char if char.isprintable() or char == _JOINER else " " for char in text)
    return " ".join("".join(plain).split())


def count(number: int, noun: str) -> str:
    """Say a number of things: `1 change`, `2 changes`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def counts_in_words(counts: Mapping[str, int]) -> str:
    """Say counts by state: `3 applied, 1 stale`; without any, that there was nothing to do."""
    return ", ".join(f"{n} {state}" for state, n in sorted(counts.items())) or "nothing to do"


def ask(question: str, otherwise: str) -> None:
    """Ask whether to go on; raises Stopped where the answer is no, or nobody can answer."""
    try:
        agreed = click.confirm(question, err=True)
    except click.Abort:
        agreed = False
    if not agreed:
        raise Stopped(f"{otherwise}, since nobody agreed: add --yes where nobody can")
