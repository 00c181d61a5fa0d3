"""How does a person see plans, runs and records.

In a terminal with colour and links, in a pipe as plain lines?
"""

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
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

from sfsync.model import (
    RULE_CAUSE,
    Change,
    FieldChange,
    Finding,
    Outcome,
    Plan,
    State,
    Value,
    from_wire,
)
from sfsync.policy import Policy

# What a terminal shows of each rule before it points at the other formats.
ROWS_SHOWN = 15


@dataclass(frozen=True, slots=True)
class Screen:
    """Where output goes, in which zone times are said, and where records are opened."""

    zone: str
    url: str
    policy: Policy
    is_quiet: bool = False

    @property
    def is_terminal(self) -> bool:
        """Whether a person sits before it."""
        return sys.stdout.isatty()

    def say(self, text: str = "") -> None:
        """Print a line, unless told to be quiet."""
        if not self.is_quiet:
            click.echo(text)

    def table(
        self, heads: Sequence[str], rows: Sequence[Sequence[str | Text]], title: str = ""
    ) -> None:
        """Print rows: a table in a terminal, lines with tabs in a pipe."""
        if self.is_quiet or not rows:
            return
        if not self.is_terminal:
            for row in rows:
                click.echo("\t".join(_one_line(str(cell)) for cell in row))
            return
        table = Table(
            title=title or None,
            title_justify="left",
            box=None,
            pad_edge=False,
            padding=(0, 2, 0, 0),
        )
        for head in heads:
            table.add_column(head, overflow="fold", header_style="dim")
        for row in rows:
            table.add_row(*row)
        Console().print(table)

    def link(self, object_name: str, record_id: str, name: str) -> Text:
        """Return a record's name as a link to its page."""
        address = f"{self.url}/lightning/r/{object_name}/{record_id}/view"
        return Text(name, style=f"link {address}") if self.is_terminal else Text(name)

    def moment(self, moment: datetime) -> str:
        """Say an instant in the org's zone."""
        return moment.astimezone(ZoneInfo(self.zone)).strftime("%Y-%m-%d %H:%M")

    def value(self, value: Value) -> str:
        """Say a field's value; instants in the org's zone, null as a dash."""
        if value is None:
            return "-"
        if isinstance(value, str) and value.endswith("+0000"):
            return self.moment(from_wire(value))
        return str(value)

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


def _one_line(text: str) -> str:
    return " ".join(text.split())


def show_plan(plan: Plan, screen: Screen, org_name: str) -> None:
    """Print a plan.

    What it judges, its changes by rule with reasons, its findings, a summary, its notes.
    """
    judged = f"{plan.judged} accounts judged, " if plan.judged else ""
    screen.say(
        f"{plan.job} on {org_name} ({plan.org}) as of {screen.moment(plan.now)} {screen.zone}:"
        f" {judged}{_count(len(plan.changes), 'change')}, {_count(len(plan.findings), 'finding')}"
    )
    for cause, changes in by_cause(plan.changes).items():
        _show_changes(cause, changes, screen)
    show_findings(plan.findings, screen)
    show_summary(plan, screen)
    for note in plan.notes:
        screen.say(f"note: {note}")


def by_cause(changes: Sequence[Change]) -> Mapping[str, list[Change]]:
    """Group changes by cause, rules first, in the order in which they come."""
    grouped: dict[str, list[Change]] = {}
    for change in sorted(changes, key=lambda each: not each.cause.startswith(RULE_CAUSE)):
        grouped.setdefault(change.cause, []).append(change)
    return grouped


def _show_changes(cause: str, changes: Sequence[Change], screen: Screen) -> None:
    if screen.is_terminal:
        screen.say()
    shown = changes[:ROWS_SHOWN] if screen.is_terminal else changes
    rows = [_change_row(change, screen) for change in shown]
    screen.table(("record", "change", "why"), rows, title=f"{cause} ({len(changes)})")
    if len(shown) < len(changes):
        screen.say(f"... and {len(changes) - len(shown)} more: --format csv or json shows them all")


def _change_row(change: Change, screen: Screen) -> list[str | Text]:
    fields = "; ".join(
        f"{name}: {screen.value(values.before)} → {screen.value(values.after)}"
        for name, values in _state_first(change, screen.policy)
    )
    if screen.is_terminal:
        return [
            screen.link(change.object, change.id, change.name),
            fields.replace("; ", "\n"),
            change.reason,
        ]
    return [change.cause, change.object, change.id, change.name, fields, change.reason]


def _state_first(change: Change, policy: Policy) -> list[tuple[str, FieldChange]]:
    state = policy.state_fields().get(change.object)
    return sorted(change.fields.items(), key=lambda item: (item[0] != state, item[0]))


def show_findings(findings: Sequence[Finding], screen: Screen) -> None:
    """Print findings by code."""
    for code in sorted({finding.code for finding in findings}):
        mine = [finding for finding in findings if finding.code == code]
        if screen.is_terminal:
            screen.say()
        shown = mine[:ROWS_SHOWN] if screen.is_terminal else mine
        rows = [_finding_row(each, screen) for each in shown]
        screen.table(("record", "finding"), rows, title=f"{code} ({len(mine)})")
        if len(shown) < len(mine):
            screen.say(f"... and {len(mine) - len(shown)} more: --format json shows them all")


def _finding_row(finding: Finding, screen: Screen) -> list[str | Text]:
    if screen.is_terminal:
        return [screen.link(finding.object, finding.id, finding.name), finding.message]
    code = f"finding:{finding.code}"
    return [code, finding.object, finding.id, finding.name, "", finding.message]


def show_summary(plan: Plan, screen: Screen) -> None:
    """Print how many changes each cause makes, and findings by code."""
    if not screen.is_terminal:
        return
    rows: list[Sequence[str | Text]] = [
        [cause, str(len(changes)), _moves(changes, screen.policy)]
        for cause, changes in by_cause(plan.changes).items()
    ]
    found = Counter(finding.code for finding in plan.findings)
    rows += [[f"finding {code}", str(count), ""] for code, count in sorted(found.items())]
    screen.say()
    screen.table(("cause", "records", "from → to"), rows, title="Summary")
    screen.say()


def _moves(changes: Sequence[Change], policy: Policy) -> str:
    states = policy.state_fields()
    pairs = Counter(
        (str(values.before or "none"), str(values.after))
        for change in changes
        if (values := change.fields.get(states.get(change.object, "")))
    )
    return ", ".join(f"{before} → {after}" for before, after in sorted(pairs))


def show_outcomes(changes: Sequence[Change], outcomes: Sequence[Outcome], screen: Screen) -> None:
    """Print what became of the changes: counts, and each one that was not applied, with why."""
    counts = Counter(outcome.state for outcome in outcomes)
    rows: list[Sequence[str | Text]] = [
        [
            outcome.state.value,
            screen.link(change.object, change.id, change.name),
            change.id,
            f"{outcome.code} {outcome.message}".strip(),
        ]
        for change, outcome in zip(changes, outcomes, strict=True)
        if outcome.state is not State.APPLIED
    ]
    screen.table(("outcome", "record", "id", "why"), rows, title="Not applied")
    summary = (
        ", ".join(f"{count} {state.value}" for state, count in sorted(counts.items()))
        or "nothing to do"
    )
    screen.say(summary)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
