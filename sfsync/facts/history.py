"""Which rows of a history say that a record came into its present state, and who wrote them?

What the service wrote itself is no entry of its own: the field's time, which the service chose,
stands (spec, section 3).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sfsync.columns import NO_INSTANT, Array, Column, Kind, Mask, latest
from sfsync.facts.look import Look, placed, state_places
from sfsync.policy import NO_STATE_CODE, Machine

# A row of the history is the service's own if it was written from a little before the journal says
# it was sent (clocks differ) to an hour after (long runs); failing the journal, up to an hour after
# the time in the field.
_BEFORE_SENT = 300
_AFTER_SENT = 3600
_SPAN = 1 << 34


@dataclass(frozen=True, slots=True)
class History:
    """Rows that say a record came into a state: its position, the state's place and the text
    itself, when, by whom, and the row.
    """

    record: Array
    state: Array
    text: Column
    at: Array
    by_service: Mask
    by_other: Mask
    row: Array


def state_field(look: Look, object_name: str) -> Array:
    """Return, for each record, the time in the field of its present state, datetime64[s].

    NaT where there is none; a time later than now counts as none (spec, section 3).
    """
    machine = look.policy.machines[object_name]
    states = look.state(object_name)
    times = np.full(len(states), NO_INSTANT)
    for place, state in enumerate(machine.states.values()):
        if state.entered:
            here = np.flatnonzero(states == place)
            times[here] = look.column(object_name, state.entered).values[here]
    return np.where(times > look.now, NO_INSTANT, times)


def entries(look: Look, object_name: str, history: History, own: Mask) -> tuple[Array, Array]:
    """Return, for each record, the latest entry that the history knows into its present state, and
    its row (-1 none).

    `own` tells which rows of the history are the service's own (`own_rows`).
    """
    states = look.state(object_name)
    present = history.record >= 0
    present[present] = states[history.record[present]] == history.state[present]
    record = np.where(present & ~own, history.record, -1)
    moments, places = latest(record, history.at, len(states))
    return moments, np.where(places >= 0, np.append(history.row, np.int32(-1))[places], -1)


def own_rows(look: Look, object_name: str, history: History) -> Mask:
    """Tell which rows of a history the service itself wrote: by its journal, unless somebody else
    is named; failing that, by its user, up to an hour after the time in the field of the row's
    state.
    """
    field = _field_of_row(look, object_name, history)
    near_field = (history.at >= field) & (history.at <= field + np.timedelta64(_AFTER_SENT, "s"))
    return np.asarray(
        (history.by_service & near_field)
        | (_journalled(look, object_name, history) & ~history.by_other)
    )


def _field_of_row(look: Look, object_name: str, history: History) -> Array:
    """Return, for each row, what its record has in the field of the row's state, datetime64[s]."""
    times = np.full(len(history.record), NO_INSTANT)
    for place, state in enumerate(look.policy.machines[object_name].states.values()):
        if state.entered:
            here = np.flatnonzero((history.state == place) & (history.record >= 0))
            times[here] = look.column(object_name, state.entered).values[history.record[here]]
    return np.where(times > look.now, NO_INSTANT, times)


def _journalled(look: Look, object_name: str, history: History) -> Mask:
    """Tell which rows the journal knows as the service's own writes: same record, same state, at
    about that time.

    A text that is no state of the loop (any more) is compared as it stands.
    """
    writes = look.snapshot.own_writes.get(object_name)
    found = np.zeros(len(history.record), dtype=bool)
    if writes is None or writes.empty:
        return found
    written = Column(
        Kind.WORDS,
        writes["value"].cat.codes.to_numpy().astype("int32"),
        tuple(writes["value"].cat.categories),
    )
    numbers = _numbers_of(look.policy.machines[object_name], written)
    size = max(numbers.values()) + 1
    sent = sortable_key(
        writes["record"].to_numpy(), placed(written, numbers), writes["sent"].to_numpy(), size
    )
    sent.sort()
    earliest = history.at - np.timedelta64(_AFTER_SENT, "s")
    said = placed(history.text, numbers)
    wanted = sortable_key(history.record, said, earliest, size)
    first = np.searchsorted(sent, wanted)
    ends = wanted + _AFTER_SENT + _BEFORE_SENT
    known = (first < len(sent)) & (history.record >= 0) & (said >= NO_STATE_CODE)
    found[known] = sent[first[known]] <= ends[known]
    return found


def _numbers_of(machine: Machine, written: Column) -> Mapping[str, int]:
    """Number the names of a machine's states, old ones too, and after them the other texts
    written.
    """
    numbers = state_places(machine, former=True)
    others = [word for word in written.words if word not in numbers]
    return {**numbers, **{word: len(machine.states) + n for n, word in enumerate(others)}}


def sortable_key(record: Array, state: Array, at: Array, states: int) -> Array:
    """Put record, state and second into one number, int64, that sorts by them in this order."""
    seconds = at.astype("datetime64[s]").astype("int64")
    # One more than there are states: no state has a place of its own, before them all.
    place = record.astype("int64") * (states + 1) + (state - NO_STATE_CODE)
    return np.asarray(place * _SPAN + seconds)


def by_whom(look: Look, creator: Column) -> tuple[Mask, Mask]:
    """Tell which history rows the service's user wrote, and which somebody else did (neither:
    nobody knows).
    """
    user = look.snapshot.user_id
    mine = (
        creator.values == creator.code(user) if user else np.zeros(len(creator.values), dtype=bool)
    )
    return mine, creator.present & ~mine if user else np.zeros(len(creator.values), dtype=bool)
