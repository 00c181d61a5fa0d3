"""Which pauses in the backlog end on another day than the rules give by the history?"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sfsync.columns import Array, Mask, latest
from sfsync.facts import Look
from sfsync.facts.entry import entered_days, entries_known
from sfsync.facts.pause import pauses_by_history
from sfsync.jobs.cleanup.cleanup import Written
from sfsync.policy import Keep, Machine
from sfsync.rules.words import evidence_for

_ACCOUNT = "Account"
_ENDS, _BY_REASON = "pause_ends_on", "next_backlog_until_by_reason"


@dataclass(frozen=True, slots=True)
class Pauses:
    """What is written into the dates of pauses, by the row of the account, and which rows are left:
    since nobody knows when the pause began or how it came about, and since it lasts longer.
    """

    written: dict[int, Written]
    unknown: Array
    longer: Array


def pauses(look: Look, *, shortens: bool) -> Pauses:
    """Find the pauses whose date disagrees with the day of the entry and the length for the number
    of stays, or for the lost reason that led there.

    A date that is later is kept, as rules keep one that a person set, unless it `shortens` them.
    """
    machine = look.policy.machines[_ACCOUNT]
    keep = next((each for each in machine.keep if pause_field(each) is not None), None)
    column = None if keep is None else pause_field(keep)
    if keep is None or column is None or look.lacks(f"{_ACCOUNT}.{column}"):
        nothing = np.array([], dtype="int64")
        return Pauses({}, nothing, nothing)
    here = look.in_states(_ACCOUNT, keep.staying_in or ())
    by_stays, by_reason = pauses_by_history(look)
    stands = look.column(_ACCOUNT, column).values
    # Where no date stands, or one of an earlier stay, the rules go by the number of stays.
    is_free = np.isnat(stands) | (stands < entered_days(look))
    after_loss, is_told = _came_by_loss(look, machine, here)
    has_both = ~is_free & ~np.isnat(by_reason)
    due = np.where(has_both & after_loss, by_reason, by_stays)
    is_right = here & ((stands == by_stays) | (stands == by_reason))
    # Which of two lengths holds, only the status before tells.
    unknown = here & ~is_right & (np.isnat(due) | (has_both & ~is_told))
    wrong = here & ~is_right & ~unknown
    longer = wrong & ~is_free & (stands > due) & (not shortens)
    rows = np.flatnonzero(wrong & ~longer)
    written = dict(_written(look, column, rows, due, has_both & after_loss))
    return Pauses(written, np.flatnonzero(unknown), np.flatnonzero(longer))


def pause_field(keep: Keep) -> str | None:
    """Name the field in which a keep holds the end of the pause; None where it holds another."""
    return next((each.field for each in keep.set if each.fact == _ENDS), None)


def _came_by_loss(look: Look, machine: Machine, here: Mask) -> tuple[Mask, Mask]:
    """Tell which accounts came from a status from which lost deals lead to a pause, and of which
    the history tells the status before at all.
    """
    known = entries_known(look, _ACCOUNT)
    entered = look.column(_ACCOUNT, "entered_status_at").values
    # The field may be some moments ahead of its row in the history.
    before = (known.at <= entered[known.record]) & (
        known.state != look.state(_ACCOUNT)[known.record]
    )
    _, places = latest(known.record[before], known.at[before], len(here))
    states = np.append(known.state[before], -1)[places]
    losing = {
        machine.places[name]
        for rule in machine.rules
        if any(each.fact == _BY_REASON for each in rule.set)
        for name in rule.from_states
    }
    return np.isin(states, sorted(losing)) & (states >= 0), states >= 0


def _written(
    look: Look, column: str, rows: Array, due: Array, by_reason: Mask
) -> Iterator[tuple[int, Written]]:
    names = ("entered_status_at", "backlog_count")
    proofs = evidence_for(look, _ACCOUNT, rows, names)
    reasons = evidence_for(look, _ACCOUNT, rows, ("last_lost_reason",))
    entered = entered_days(look)[rows]
    days = (due[rows] - entered).astype("int64")
    for row, day, length, proof, reason, is_by_reason, end in zip(
        rows.tolist(),
        entered.tolist(),
        days.tolist(),
        proofs,
        reasons,
        by_reason[rows].tolist(),
        np.datetime_as_string(due[rows]).tolist(),
        strict=True,
    ):
        of = f"lost: {reason[0].value}" if is_by_reason else f"stay {proof[1].value or 1:g}"
        why = f"paused since {day} for {length} days ({of})"
        evidence = (*proof, *reason) if is_by_reason else proof
        yield row, Written(column, end, why, evidence, ("entered_status_at",))
