"""Which opportunities are lost without a reason, open though nothing is sold to the account, or of
another probability than their stage?
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from sfsync.columns import Array, Mask
from sfsync.facts import Look
from sfsync.facts.stages import sorted_stages
from sfsync.jobs.cleanup.cleanup import Cleanup, Found, Wishes, Written
from sfsync.jobs.cleanup.losing import (
    OBJECT,
    READS,
    STAGE,
    Stage,
    closing,
    is_without_reason,
    lost_stage,
    need,
    stages_of,
)
from sfsync.policy import ANY_STAGE
from sfsync.rules.words import evidence_for, ids_of

_STATUS = "account_status"
_NOWHERE = "a stage that nobody knows"
# So many are named in a note.
_MOST_NAMED = 10


def find(look: Look, wishes: Wishes) -> Found:
    """Find the lost opportunities without a reason, the open ones of accounts that nothing is sold
    to any more, and those of another probability than their stage's.

    Notes name what stays as it is, since no reason is named for it.
    """
    need(look, "lost_reason")
    stages = stages_of(look)
    closed = look.column(OBJECT, "is_closed").values
    lost = closed & ~look.column(OBJECT, "is_won").values & is_without_reason(look)
    rows = np.flatnonzero(lost)
    from_stages = _lost_from(look, rows, stages)
    reasons = _reasons(look, from_stages)
    written = {
        row: [Written("lost_reason", reason, f"lost from {name}, and nobody said why")]
        for row, name, reason in zip(rows.tolist(), from_stages, reasons, strict=True)
        if reason is not None
    }
    notes = [*_unmapped(look, "lost without a reason", rows, from_stages, reasons)]
    dead = np.flatnonzero(~closed & _is_dead(look))
    if len(dead):
        at = [str(name) for name in _stage_names(look, dead)]
        reasons = _reasons(look, at)
        mapped = np.array([reason is not None for reason in reasons], dtype=bool)
        if mapped.any():
            given = [str(each) for each in reasons if each is not None]
            written |= _closed(look, dead[mapped], given, lost_stage(look, wishes))
        notes += _unmapped(look, "open on a dead account", dead, at, reasons)
    for row, each in _probabilities(look, stages, written):
        written.setdefault(row, []).append(each)
    return Found({OBJECT: written}, tuple(notes))


def _is_dead(look: Look) -> Mask:
    """Tell which opportunities belong to an account that nothing is sold to any more."""
    status = look.column(OBJECT, _STATUS)
    dead = [word in look.policy.cleanup.dead_statuses for word in status.words]
    return np.array([*dead, False], dtype=bool)[status.values]


def _closed(look: Look, rows: Array, reasons: list[str], stage: Stage) -> dict[int, list[Written]]:
    """Close these opportunities as lost; a reason that stands there already stays."""
    stands = ~is_without_reason(look)[rows]
    parts = zip(
        rows.tolist(),
        reasons,
        stands.tolist(),
        evidence_for(look, OBJECT, rows, (_STATUS,)),
        strict=True,
    )
    written = {}
    for row, reason, has_reason, evidence in parts:
        why = f"open, though the account is {evidence[0].value}"
        written[row] = [
            replace(each, evidence=evidence, rests=(_STATUS,))
            for each in closing(look, stage, reason, why)
            if not (has_reason and each.column == "lost_reason")
        ]
    return written


def _lost_from(look: Look, rows: Array, stages: Mapping[str, Stage]) -> list[str]:
    """Name the stage that each closed opportunity was lost from: the last open one that the history
    knows.
    """
    names = list(look.policy.machines[OBJECT].states)
    is_open = [name in stages and not stages[name].is_closed for name in names]
    _, record, state = sorted_stages(look)
    # Rows of no state and of one that the rules do not name have places below 0.
    told = np.flatnonzero((state >= 0) & np.array([*is_open, False], dtype=bool)[state])
    last = np.full(look.size(OBJECT), -1)
    # They are in order of time: of several the last one stays.
    last[record[told]] = state[told]
    return [names[place] if place >= 0 else _NOWHERE for place in last[rows].tolist()]


def _stage_names(look: Look, rows: Array) -> list[object]:
    return [*look.column(OBJECT, look.policy.machines[OBJECT].state).take(rows)]


def _reasons(look: Look, stages: list[str]) -> list[str | None]:
    mapping = look.policy.cleanup.lost_reasons
    return [mapping.get(name, mapping.get(ANY_STAGE)) for name in stages]


def _unmapped(
    look: Look, what: str, rows: Array, stages: list[str], reasons: list[str | None]
) -> Iterator[str]:
    """Say, stage by stage, which opportunities stay as they are."""
    ids = ids_of(look, OBJECT, rows)
    left: dict[str, list[str]] = {}
    for id, stage, reason in zip(ids, stages, reasons, strict=True):
        if reason is None:
            left.setdefault(stage, []).append(id)
    for stage, several in sorted(left.items()):
        more = len(several) - _MOST_NAMED
        named = ", ".join(several[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
        yield (
            f"{len(several)} {what} stay so: cleanup.lost_reasons names no reason for {stage}"
            f" ({named})."
        )


def _probabilities(
    look: Look, stages: Mapping[str, Stage], moved: Mapping[int, list[Written]]
) -> Iterator[tuple[int, Written]]:
    """Yield the stage's probability for each record that stays in it, and has another one."""
    if look.lacks(f"{OBJECT}.probability"):
        return
    state = look.policy.machines[OBJECT].state
    column = look.column(OBJECT, state)
    own = [
        np.nan
        if name not in stages or stages[name].probability is None
        else float(str(stages[name].probability))
        for name in column.words
    ]
    due = np.array([*own, np.nan])[column.values]
    stands = look.column(OBJECT, "probability").values
    for row in np.flatnonzero(~np.isnan(due) & (stands != due)).tolist():
        if any(each.column == state for each in moved.get(row, ())):
            continue
        after = stages[column.words[column.values[row]]].probability
        had = "no probability" if np.isnan(stands[row]) else f"{stands[row]:g} %"
        yield row, Written("probability", after, f"{had}, and its stage has {due[row]:g} %")


CLEANUP = Cleanup(
    "fix-stages",
    "Mend lost reasons, deals of dead accounts, and probabilities.",
    find,
    (STAGE,),
    reads=READS,
    needs_all=True,
)
