"""How does a person see a plan, and what became of it?"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from textwrap import fill
from typing import TYPE_CHECKING

from rich.text import Text

from sfsync.cli.merges import merge_in_words
from sfsync.cli.screen import Cell, Screen, count, counts_in_words, one_line
from sfsync.model import (
    ENRICH_CAUSE,
    RULE_CAUSE,
    Action,
    Change,
    FieldChange,
    Finding,
    Outcome,
    Plan,
    Source,
    State,
    Value,
    to_wire,
)

if TYPE_CHECKING:
    from sfsync.policy import Policy

# What a terminal shows of each rule before it points at the other formats.
ROWS_SHOWN = 15
# Findings have a list and a report of their own; a plan is about changes.
FINDINGS_SHOWN = 5
# Characters of a line that leaves most of 80 to what is beside it.
NARROW = 28
# Lines of up to so many are not broken, and leave room for a column with reasons.
_WHOLE, _BESIDE_WHY = 52, 44
NO_STATE = "none"


def show_plan(plan: Plan, screen: Screen, org_name: str, policy: "Policy") -> None:
    """Print a plan: what, where and as of when; changes by rule, findings, a summary, notes."""
    at = f"as of {screen.moment(plan.now)} {screen.zone}"
    screen.say(f"{plan.job} on {org_name} ({plan.org}), {at}")
    states = policy.state_fields()
    for cause, changes in by_cause(plan.changes).items():
        _show_changes(cause, changes, _Cells(plan, screen, states))
    _show_findings(plan.findings, screen)
    if screen.is_terminal and not screen.is_quiet:
        _show_summary(plan, screen, states)
    judged = f"{count(plan.judged, 'account')} judged, " if plan.judged else ""
    screen.say(
        f"{judged}{count(len(plan.changes), 'change')}, {count(len(plan.findings), 'finding')}"
    )
    for note in plan.notes:
        screen.say(f"note: {screen.words(note)}")


def by_cause(changes: Sequence[Change]) -> Mapping[str, list[Change]]:
    """Group changes by cause, rules first, in the order in which they come."""
    grouped: dict[str, list[Change]] = {}
    for change in sorted(changes, key=lambda each: not each.cause.startswith(RULE_CAUSE)):
        grouped.setdefault(change.cause, []).append(change)
    return grouped


class _Cells:
    """How one plan's changes are said in the cells of a table."""

    def __init__(self, plan: Plan, screen: Screen, states: Mapping[str, str]) -> None:
        self.screen = screen
        self._states = states
        self._now = to_wire(plan.now)

    def line(self, change: Change) -> list[Cell]:
        """Return a change as one line for a pipe."""
        fields = "; ".join(said(change, self._fields(change), self.screen))
        return [change.cause, change.object, change.id, change.name, fields, change.reason]

    def row(self, change: Change) -> list[Cell]:
        """Return a change for a terminal: the record, and the new values below each other."""
        record = record_of(change, "", self.screen)
        return [record, Text("\n").join(self._lines(change))]

    def _lines(self, change: Change) -> Iterator[Text]:
        state = self._states.get(change.object)
        if change.action is not Action.UPDATE:
            first, *rest = said(change, self._fields(change), self.screen)
            yield Text(first)
            yield from (Text(each, style="dim") for each in rest)
            return
        for name, values in self._fields(change):
            after = self._value(values.after)
            if name == state:
                yield Text(f"{self._value(values.before or NO_STATE)} → {after}")
            else:
                before = "" if values.before is None else f" {self._value(values.before)}"
                whence = _shortly_of(values, change.cause)
                yield Text(f"{name}{before} → {after}{whence}", style="dim")

    def _value(self, value: Value) -> str:
        return "now" if value == self._now else self.screen.value(value)

    def _fields(self, change: Change) -> list[tuple[str, FieldChange]]:
        state = self._states.get(change.object)
        return sorted(change.fields.items(), key=lambda item: (item[0] != state, item[0]))


def said(
    change: Change, fields: Iterable[tuple[str, FieldChange]], screen: Screen
) -> Iterator[str]:
    """Say what a change does: to what is created, deleted or merged first that, then field by
    field, and from which public source a value comes, if from one.
    """
    if change.action is Action.UPDATE:
        for name, values in fields:
            before, after = screen.value(values.before), screen.value(values.after)
            is_short = screen.is_terminal
            whence = _shortly_of(values, change.cause) if is_short else _of(values.source)
            yield f"{name}: {before} → {after}{whence}"
        return
    if change.action is Action.MERGE:
        yield from merge_in_words(change, screen)
        return
    creates = change.action is Action.CREATE
    yield f"{'creates' if creates else 'deletes'} the {change.object}"
    for name, values in fields:
        yield f"{name}: {screen.value(values.after if creates else values.before)}"


def _of(source: Source | None) -> str:
    if source is None:
        return ""
    return f" ({source.provider}, {source.as_of})" if source.as_of else f" ({source.provider})"


def _shortly_of(values: FieldChange, cause: str) -> str:
    """Say only what a change of this cause does not tell by itself: another source than its own,
    and of which year a figure is.
    """
    source = values.source
    if source is None:
        return ""
    told = [] if cause.endswith(f":{source.provider}") else [source.provider]
    is_year = source.as_of.isdigit() and source.as_of != str(values.after)
    told += [source.as_of] if is_year else []
    return f" ({', '.join(told)})" if told else ""


def with_why(record: Cell, change: Change) -> Text:
    """Put below a record why it is changed, where what becomes of it needs the room beside it."""
    why = fill(_why(change), NARROW, break_on_hyphens=False)
    return Text.assemble(record, "\n", (why, "dim"))


def _why(change: Change) -> str:
    """Say why, without the fields, which stand beside it."""
    if not change.cause.startswith(ENRICH_CAUSE):
        return change.reason
    return change.reason.rpartition(": ")[0] or change.reason


def record_of(change: Change, created: str, screen: Screen) -> Text:
    """Return the record of a change as a link; one that has no Id yet leads nowhere."""
    if change.action is Action.CREATE and not created:
        return Text(one_line(change.name))
    return screen.record(change.object, created or change.id, change.name)


def _show_changes(cause: str, changes: Sequence[Change], cells: _Cells) -> None:
    screen = cells.screen
    if not screen.is_terminal:
        screen.table((), [cells.line(change) for change in changes])
        return
    screen.tell()
    title, heads = f"{cause} ({len(changes)})", ["record", "change"]
    shown = changes[:ROWS_SHOWN]
    rows = [cells.row(change) for change in shown]
    widest = max(len(line) for row in rows for line in str(row[1]).splitlines())
    reasons = {change.reason for change in changes}
    if len(reasons) == 1 and not cause.startswith(ENRICH_CAUSE):
        title += f": {reasons.pop()}"
    elif widest > _BESIDE_WHY:
        rows = [
            [with_why(record, change), told]
            for (record, told), change in zip(rows, shown, strict=True)
        ]
    else:
        heads.append("why")
        rows = [[*row, _why(change)] for row, change in zip(rows, shown, strict=True)]
    screen.table(heads, rows, title, whole=("change",) if widest <= _WHOLE else ())
    _point_at_rest(len(changes), "--format csv or json", screen)


def _show_findings(findings: Sequence[Finding], screen: Screen) -> None:
    for code in sorted({finding.code for finding in findings}):
        mine = [finding for finding in findings if finding.code == code]
        if not screen.is_terminal:
            screen.table((), [_finding_line(each) for each in mine])
            continue
        screen.tell()
        rows: list[list[Cell]] = [
            [screen.record(each.object, each.id, each.name), each.message]
            for each in mine[:FINDINGS_SHOWN]
        ]
        screen.table(("record", "finding"), rows, title=f"finding:{code} ({len(mine)})")
        if len(mine) > FINDINGS_SHOWN:
            screen.tell(f"... and {len(mine) - FINDINGS_SHOWN} more: --format json shows them all")


def _finding_line(finding: Finding) -> list[Cell]:
    code = f"finding:{finding.code}"
    return [code, finding.object, finding.id, finding.name, "", finding.message]


def _point_at_rest(number: int, how: str, screen: Screen) -> None:
    if number > ROWS_SHOWN:
        screen.tell(f"... and {number - ROWS_SHOWN} more: {how} shows them all")


def _show_summary(plan: Plan, screen: Screen, states: Mapping[str, str]) -> None:
    rows: list[Sequence[Cell]] = [
        [cause, str(len(changes)), _moves(changes, states)]
        for cause, changes in by_cause(plan.changes).items()
    ]
    found = Counter(finding.code for finding in plan.findings)
    rows += [[f"finding:{code}", str(number), ""] for code, number in sorted(found.items())]
    screen.tell()
    screen.table(("cause", "records", "from → to"), rows, title="Summary", whole=("cause",))


def _moves(changes: Sequence[Change], states: Mapping[str, str]) -> str:
    """Say between which states changes move: `Churn, Target → Working`; or what is created."""
    sources: dict[str, set[str]] = {}
    others = {change.action for change in changes} - {Action.UPDATE}
    if others:
        done = " and ".join(f"{action.value}s" for action in sorted(others))
        return f"{done} {', '.join(sorted({change.object for change in changes}))}"
    for change in changes:
        values = change.fields.get(states.get(change.object, ""))
        if values is not None:
            sources.setdefault(str(values.after), set()).add(str(values.before or NO_STATE))
    return "; ".join(f"{', '.join(sorted(b))} → {after}" for after, b in sorted(sources.items()))


def show_outcomes(changes: Sequence[Change], outcomes: Sequence[Outcome], screen: Screen) -> None:
    """Print what became of changes: each that was not done with why, the skipped ones by reason."""
    pairs = list(zip(changes, outcomes, strict=True))
    rows: list[Sequence[Cell]] = [
        outcome_row(change, outcome, screen)
        for change, outcome in pairs
        if outcome.state not in (State.APPLIED, State.SKIPPED)
    ]
    if screen.is_terminal and rows:
        screen.tell()
    screen.table(("outcome", "record", "why"), rows, title="Not applied")
    skipped = Counter(each.message for each in outcomes if each.state is State.SKIPPED)
    for message, number in sorted(skipped.items()):
        screen.say(f"{number} skipped, {screen.words(message)}")
    screen.say(counts_in_words(Counter(outcome.state.value for outcome in outcomes)))


def outcome_row(change: Change, outcome: Outcome, screen: Screen) -> list[Cell]:
    """Return what became of a change as a row: outcome, record, in a pipe the Id, why."""
    record: list[Cell] = [record_of(change, outcome.created, screen)]
    if not screen.is_terminal:
        record.append(outcome.created or change.id)
    why = screen.words(f"{outcome.code} {outcome.message}".strip())
    return [outcome.state.value, *record, why]
