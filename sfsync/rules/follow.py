"""Would the rules send a record round in a circle at one moment?

Each planned move is followed to its end in memory: its fields are put into a copy of the snapshot,
and the same facts and rules judge it again, as the next pass would. A record that comes back to a
state it was in at this very moment is a contradiction between rules, and the plan is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from sfsync.columns import Column, Kind
from sfsync.errors import CircleError
from sfsync.facts import Look
from sfsync.policy import Machine
from sfsync.rules.decide import Decision, Write, decide
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
    writes: dict[str, list[Write]] = {}
    for write in decision.writes:
        writes.setdefault(write.field, []).append(write)
    for field, each in writes.items():
        series = frame[field] if field in frame else _blank(frame.index, each[0].after)
        frame[field] = _written(series, each)
    frame[PREVIOUS_STATE] = frame[machine.state]
    frame[WAS_READ] = True
    return replace(
        snapshot, frames={**snapshot.frames, machine.object: frame}, previous=snapshot.now
    )


def _written(series: "pd.Series[Any]", writes: Sequence[Write]) -> "pd.Series[Any]":
    """Return the field with all that is written into it, a later write over an earlier one."""
    if writes[0].after.kind is Kind.WORDS:
        stands = series.astype(object)
        words = np.array(stands.where(stands.notna(), None), dtype=object)
        for write in writes:
            after = np.append(np.array(write.after.words, dtype=object), [None])
            words[write.mask] = after[write.after.values[write.mask]]
        return pd.Series(pd.Categorical(words), index=series.index)
    values = series.to_numpy(copy=True)
    for write in writes:
        values[write.mask] = write.after.values[write.mask]
    return pd.Series(values, index=series.index)


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
