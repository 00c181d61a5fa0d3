"""Would the rules send a record round in a circle at one moment?

Each planned move is followed to its end in memory: its fields are put into a copy of the snapshot,
and the same facts and rules judge it again, as the next pass would. A record that comes back to a
state it was in at this very moment is a contradiction between rules, and the plan is refused.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from sfsync.columns import Column, Kind, Mask
from sfsync.errors import CircleError
from sfsync.facts import Look
from sfsync.policy import Machine
from sfsync.rules.decide import Decision, decide
from sfsync.rules.words import ids_of, name_of
from sfsync.snapshot import PREVIOUS_STATE, WAS_READ, Snapshot

Chain = tuple[tuple[str, str], ...]


def refuse_circles(look: Look, decision: Decision) -> None:
    """Raise CircleError, naming the rules and a record for each, where following the moves leads
    round in a circle.
    """
    chains: dict[str, Chain] = {}
    problems: dict[tuple[str, ...], str] = {}
    current, made = look, decision
    while made.moved.any():
        rows = np.flatnonzero(made.moved)
        ids = ids_of(current, made.machine.object, rows)
        for row, record in zip(rows.tolist(), ids, strict=True):
            rule = made.machine.rules[made.rule[row]]
            chains[record] = (
                *chains.get(record, ()),
                (_state(made.machine, made.before[row]), rule.name),
            )
            if rule.to in [state for state, _ in chains[record]]:
                problem = _problem(look, made.machine, record, chains[record], rule.to)
                problems.setdefault(*problem)
        if problems:
            raise CircleError(list(problems.values()))
        # Only what moves is looked at again: few records, so the rest is left out before anything
        # is put into their copy.
        few = current.snapshot.only({made.machine.object: made.moved})
        current = Look(carried_out(few, made.only(made.moved)), look.policy)
        made = decide(current, made.machine)


def carried_out(snapshot: Snapshot, decision: Decision) -> Snapshot:
    """Return the snapshot as it would be read once all that was decided is written."""
    machine = decision.machine
    frame = snapshot.frames[machine.object].copy(deep=False)
    for write in decision.writes:
        if write.field in frame:
            frame[write.field] = _written(frame[write.field], write.mask, write.after)
        else:
            frame[write.field] = _written(_blank(frame.index, write.after), write.mask, write.after)
    frame[PREVIOUS_STATE] = frame[machine.state]
    frame[WAS_READ] = True
    return replace(
        snapshot, frames={**snapshot.frames, machine.object: frame}, previous=snapshot.now
    )


def _written(series: "pd.Series[Any]", mask: Mask, column: Column) -> "pd.Series[Any]":
    if column.kind is Kind.WORDS:
        words = np.append(np.array(column.words, dtype=object), [None])[column.values]
        stands = np.array(series.astype(object).where(series.notna(), None), dtype=object)
        return pd.Series(pd.Categorical(np.where(mask, words, stands)), index=series.index)
    values = column.values.astype("datetime64[s]") if column.kind is Kind.DATE else column.values
    return pd.Series(np.where(mask, values, series.to_numpy()), index=series.index)


def _blank(index: "pd.Index[Any]", column: Column) -> "pd.Series[Any]":
    fillers: Mapping[Kind, object] = {Kind.NUMBER: np.nan, Kind.FLAG: False, Kind.WORDS: None}
    filler = fillers.get(column.kind, np.datetime64("NaT", "s"))
    dtype = object if column.kind is Kind.WORDS else None
    return pd.Series([filler] * len(index), index=index, dtype=dtype)


def _state(machine: Machine, code: int) -> str:
    return list(machine.states)[code] if code >= 0 else "no status"


def _problem(
    look: Look, machine: Machine, record: str, chain: Chain, back_to: str
) -> tuple[tuple[str, ...], str]:
    """Return the rules of the circle, and what is wrong with them, in words."""
    circle = chain[[state for state, _ in chain].index(back_to) :]
    rules = tuple(sorted(rule for _, rule in circle))
    way = " -> ".join([*(state for state, _ in circle), back_to])
    places = ", ".join(rule.place for rule in machine.rules if rule.name in rules)
    name = name_of(look, machine.object, look.snapshot.position(machine.object, record) or 0)
    return rules, (
        f"{places}: the rules {' and '.join(rules)} send {machine.object} {record} ({name}) round"
        f" in a circle at one moment: {way}; make their conditions exclude each other"
    )
