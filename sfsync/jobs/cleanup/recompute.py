"""Which scores, backlog dates and statuses are others than the rules give, as of a day?"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
import pandas as pd

from sfsync.columns import Array
from sfsync.errors import Misused
from sfsync.facts import Look
from sfsync.jobs.cleanup.as_of import Since, as_of, since
from sfsync.jobs.cleanup.cleanup import Cleanup, Found, Option, Wishes, Written, asked_for
from sfsync.jobs.cleanup.pauses import Pauses, pause_field, pauses
from sfsync.policy import Keep, Machine
from sfsync.rules.decide import Decision, decide, rule_of
from sfsync.rules.follow import carried_out, refuse_circles
from sfsync.rules.judge import changes_of
from sfsync.rules.words import facts_of, ids_of

AS_OF = Option("as-of", "day", "As the rules would have judged at the end of this day; today.")
STATUSES = Option("statuses", "flag", "Also move accounts to the status that the rules give.")
SHORTEN = Option(
    "shorten",
    "flag",
    "Also shorten pauses that last longer than the rules give; a person may have prolonged them.",
)
_ACCOUNT = "Account"
_MOST_NAMED = 10
_STANDING = (
    "Fields of which no history tells (size, industry, titles, lost reasons) count as they stand"
    " now."
)


@dataclass(slots=True)
class _Left:
    """The rows of accounts and opportunities that would change, and are left, by why."""

    rows: dict[tuple[str, str], set[int]] = field(default_factory=dict)

    def add(self, object_name: str, why: str, row: int) -> None:
        self.rows.setdefault((object_name, why), set()).add(row)

    def in_words(self, look: Look, wishes: Wishes) -> Iterator[str]:
        for (object_name, why), rows in self.rows.items():
            asked = asked_for(look, object_name, wishes)
            here = np.array([row for row in sorted(rows) if asked[row]], dtype="int64")
            if len(here):
                more = len(here) - _MOST_NAMED
                named = ", ".join(ids_of(look, object_name, here[:_MOST_NAMED]))
                named += f" and {more} more" if more > 0 else ""
                yield f"{len(here)} of {object_name} left: {why} ({named})."


def check(wishes: Wishes, today: date) -> None:
    """Raise Misused for a day to come: nothing is known of it."""
    day = wishes.get(AS_OF.name)
    if day is not None and date.fromisoformat(str(day)) > today:
        raise Misused(f"--as-of {day} is after today, which is {today} for the org")


def find(look: Look, wishes: Wishes) -> Found:
    """Find the scores and backlog dates that differ from what the rules give at the end of a day,
    and, where that is wished, the accounts that they would move.

    Notes say which records are left, since they moved after that day or nobody knows enough.
    """
    wished = wishes.get(AS_OF.name)
    day = look.today if wished is None else np.datetime64(str(wished), "D")
    then, later, left = as_of(look, day), since(look, day), _Left()
    written: dict[str, dict[int, list[Written]]] = {}
    for object_name, machine in look.policy.machines.items():
        moves = object_name == _ACCOUNT and bool(wishes.get(STATUSES.name))
        found = _of_object(_Then(look, then, day), machine, later, left, moves=moves)
        if object_name == _ACCOUNT:
            dates = pauses(then, shortens=bool(wishes.get(SHORTEN.name)))
            _add_pauses(_Then(look, then, day), dates, found, later, left)
        written[object_name] = found
    notes = [*left.in_words(look, wishes)]
    if day != look.today:
        notes.append(_STANDING)
    judged = look.size(_ACCOUNT) if wishes.get(STATUSES.name) else 0
    return Found(written, tuple(notes), judged)


@dataclass(frozen=True, slots=True)
class _Then:
    """The org as it is, as it was at the end of a day, and that day."""

    look: Look
    then: Look
    day: np.datetime64

    def rows(self, object_name: str, ids: "pd.Index[str]") -> Array:
        """Return where records stand in the org as it is."""
        return np.asarray(self.look.frame(object_name).index.get_indexer(ids))

    @property
    def said_moved(self) -> str:
        """Say why a record is left that moved since."""
        return f"they, or a deal of theirs, moved after {self.day}"

    def said(self, reason: str) -> str:
        """Say for which day a reason holds, where that is not today."""
        return reason if self.day == self.look.today else f"{reason}, as of {self.day}"


def _of_object(
    org: _Then, machine: Machine, later: Since, left: _Left, *, moves: bool
) -> dict[int, list[Written]]:
    """Return what is written into the scores of one object's records, and, where it `moves` them,
    into all that goes with a move.
    """
    # The dates of pauses are found apart, also where one stands.
    keep = tuple(each for each in machine.keep if pause_field(each) is None)
    plain, _ = _written_by(org, replace(machine, rules=(), keep=tuple(_scoring(machine))))
    moving = replace(machine, keep=keep)
    full, moved = _written_by(org, moving) if moves else (plain, set[int]())
    found = {}
    for row in full.keys() | plain.keys():
        if later.moved[machine.object][row]:
            left.add(machine.object, org.said_moved, row)
        elif row in moved and later.news[machine.object][row]:
            left.add(machine.object, f"not moved, since something happened after {org.day}", row)
            found[row] = plain.get(row, [])
        else:
            found[row] = full.get(row, [])
    return found


def _scoring(machine: Machine) -> Iterator[Keep]:
    for keep in machine.keep:
        if any(each.fact in machine.scores for each in keep.set):
            yield keep


def _written_by(org: _Then, machine: Machine) -> tuple[dict[int, list[Written]], set[int]]:
    """Return what the rules write until none moves anything any more, by row, and which rows they
    move. Raises CircleError where they contradict each other.
    """
    found: dict[int, dict[str, Written]] = {}
    moved: set[int] = set()
    for look, decision in _steps(org.then, machine):
        columns = {look.policy.field(machine.object, w.field): w.field for w in decision.writes}
        changes = list(changes_of(look, decision))
        ids = pd.Index([each.id for each in changes], dtype="str")
        then_rows = look.frame(machine.object).index.get_indexer(ids)
        rows = org.rows(machine.object, ids)
        for change, then_row, row in zip(changes, then_rows.tolist(), rows.tolist(), strict=True):
            rule = rule_of(decision, then_row)
            rests = tuple(facts_of([rule])) if rule is not None else ()
            by = f" (rule {rule.name})" if rule is not None else ""
            moved |= {row} if rule is not None else set()
            for name, each in change.fields.items():
                reason = org.said(f"{change.reason}{by}")
                one = Written(columns[name], each.after, reason, change.evidence, rests)
                found.setdefault(row, {})[one.column] = one
    return {row: [*several.values()] for row, several in found.items()}, moved


def _steps(look: Look, machine: Machine) -> Iterator[tuple[Look, Decision]]:
    """Yield what is decided, and then, once that is carried out in memory, what that leads to."""
    decision = decide(look, machine)
    refuse_circles(look, decision)
    yield look, decision
    while decision.moved.any():
        look = Look(carried_out(look.snapshot, decision), look.policy)
        decision = decide(look, machine)
        yield look, decision


def _add_pauses(
    org: _Then, dates: Pauses, found: dict[int, list[Written]], later: Since, left: _Left
) -> None:
    """Add the dates of pauses of accounts that stay where they are."""
    index = org.then.frame(_ACCOUNT).index
    machine = org.look.policy.machines[_ACCOUNT]
    for then_row, one in dates.written.items():
        row = int(org.rows(_ACCOUNT, index[[then_row]])[0])
        several = found.get(row, [])
        if later.moved[_ACCOUNT][row]:
            left.add(_ACCOUNT, org.said_moved, row)
        elif not any(each.column == machine.state for each in several):
            rest = [each for each in several if each.column != one.column]
            found[row] = [*rest, replace(one, reason=org.said(one.reason))]
    for rows, why in (
        (dates.unknown, "nobody knows since when, or after which status, they are paused"),
        (dates.longer, f"paused for longer than the rules give; --{SHORTEN.name} shortens them"),
    ):
        for row in org.rows(_ACCOUNT, index[rows]).tolist():
            left.add(_ACCOUNT, org.said_moved if later.moved[_ACCOUNT][row] else why, row)


CLEANUP = Cleanup(
    "recompute",
    "Bring scores, Backlog dates and statuses to what rules give.",
    find,
    (AS_OF, STATUSES, SHORTEN),
    check=check,
)
