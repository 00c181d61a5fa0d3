"""When did records enter each status and stage, where its field is empty and the history knows?"""

import numpy as np

from sfsync.columns import Array, latest
from sfsync.facts import Look
from sfsync.facts.entry import Entries, entries_known
from sfsync.jobs.cleanup.cleanup import Cleanup, Found, Option, Wishes, Written
from sfsync.model import Evidence
from sfsync.policy import Machine
from sfsync.rules.words import ids_of

FROM_CREATED = Option(
    "from-created",
    "flag",
    "Of records whose history knows nothing of their status or stage, take the day they were made.",
)


def find(look: Look, wishes: Wishes) -> Found:
    """Find the latest entry into every status and stage whose field is empty.

    A note for each field says how many come from where, and how many records that are in the status
    or stage stay without.
    """
    written: dict[str, dict[int, list[Written]]] = {}
    notes: list[str] = []
    for object_name, machine in look.policy.machines.items():
        rows = written.setdefault(object_name, {})
        known = entries_known(look, object_name)
        for place, state in enumerate(machine.states.values()):
            if state.entered is None:
                continue
            field = f"{object_name}.{look.policy.field(object_name, state.entered)}"
            if look.lacks(f"{object_name}.{state.entered}"):
                notes.append(f"{field} is not there: left out.")
                continue
            told = _of_state(look, machine, known, place, rows, bool(wishes.get(FROM_CREATED.name)))
            notes += [f"{field}: {told}."] if told else []
    return Found(written, tuple(notes))


def _of_state(
    look: Look,
    machine: Machine,
    known: Entries,
    place: int,
    rows: dict[int, list[Written]],
    from_created: bool,
) -> str:
    """Enter what is known of one status or stage into `rows`; say what comes from where."""
    state, object_name = list(machine.states.values())[place], machine.object
    name, column = state.name, str(state.entered)
    blank = np.isnat(look.column(object_name, column).values)
    here = known.state == place
    moments, places = latest(known.record[here], known.at[here], len(blank))
    by_history = blank & ~np.isnat(moments) & (moments <= look.now)
    proofs = np.append(known.row[here], -1)[places]
    for row, at, proof in _each(look, np.flatnonzero(by_history), moments, known, proofs):
        why = f"it entered {name} on {at[:10]}, says {known.table}"
        evidence = (Evidence(column, at, proof),)
        rows.setdefault(row, []).append(Written(column, at, why, evidence))
    told = [f"{int(by_history.sum())} from {known.table}"] if by_history.any() else []
    left = blank & ~by_history & (look.state(object_name) == place)
    if from_created and left.any():
        made = look.column(object_name, "created")
        born = left & ~np.isin(np.arange(len(blank)), known.record) & ~np.isnat(made.values)
        here_rows = np.flatnonzero(born)
        for row, born_at in zip(here_rows.tolist(), made.take(here_rows), strict=True):
            day = str(born_at)[:10]
            why = f"it was made on {day}, and no history says that it was ever not {name}"
            rows.setdefault(row, []).append(Written(column, born_at, why))
        told += [f"{len(here_rows)} from CreatedDate"] if len(here_rows) else []
        left &= ~born
    if left.any():
        told.append(f"{int(left.sum())} in {name} stay empty")
    return ", ".join(told)


def _each(
    look: Look, rows: Array, moments: Array, known: Entries, proofs: Array
) -> list[tuple[int, str, str]]:
    texts = np.datetime_as_string(moments[rows]).tolist()
    ids = ids_of(look, known.table, proofs[rows])
    wire = [f"{text}.000+0000" for text in texts]
    return list(zip(rows.tolist(), wire, ids, strict=True))


CLEANUP = Cleanup(
    "backfill-timestamps",
    "Fill the dates of statuses and stages from the history.",
    find,
    (FROM_CREATED,),
)
