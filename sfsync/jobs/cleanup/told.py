"""Which entries into statuses and stages do the histories tell, and in which was a record made?"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sfsync.columns import NO_INSTANT, Array, latest
from sfsync.facts import Look
from sfsync.facts.entry import Entries, entries_known
from sfsync.facts.look import UNKNOWN_STATE_CODE, state_codes

# Where changes of the field of the state are kept, and which of its columns leads to the record.
_CHANGES = {
    "Account": ("AccountHistory", "account"),
    "Opportunity": ("OpportunityFieldHistory", "opportunity"),
}
_COLUMNS = ("field", "old_value", "new_value", "created")
READS = tuple(f"{table}.{each}" for table, to in _CHANGES.values() for each in (to, *_COLUMNS))


@dataclass(frozen=True, slots=True)
class Told:
    """What the histories tell of an object's records: entries, by table, and the state that each
    was made in (its place, by the first change, which is that row of `first_table`; below 0: none
    tells).
    """

    entries: tuple[Entries, ...]
    made_in: Array
    first: Array
    first_table: str

    @property
    def records(self) -> Array:
        """The records of which some history tells an entry; some of them several times."""
        return np.concatenate([each.record for each in self.entries])

    def entered(self, place: int, size: int, now: np.datetime64) -> tuple[Array, Array, Array]:
        """Find, for each of so many records, when it last entered a state: the moment
        (datetime64[s], NaT: none tells), which table says it, and the row of that table.
        """
        best = np.full(size, NO_INSTANT)
        table, row = np.full(size, -1), np.full(size, -1)
        for number, known in enumerate(self.entries):
            here = (known.state == place) & (known.at <= now)
            moments, places = latest(known.record[here], known.at[here], size)
            later = ~np.isnat(moments) & ~(best >= moments)
            best[later], table[later] = moments[later], number
            row[later] = np.append(known.row[here], -1)[places[later]]
        return best, table, row


def told_of(look: Look, object_name: str) -> Told:
    """Return what the histories tell of an object's records."""
    table, _ = _CHANGES.get(object_name, ("", ""))
    changes = tuple(_changes(look, object_name, "new_value"))
    known = entries_known(look, object_name)
    made_in = np.full(look.size(object_name), UNKNOWN_STATE_CODE)
    first = np.full(len(made_in), -1)
    for record, state, at, rows in _changes(look, object_name, "old_value"):
        order = np.lexsort((rows, at, record))
        records, firsts = np.unique(record[order], return_index=True)
        made_in[records], first[records] = state[order][firsts], rows[order][firsts]
    others = [
        Entries(table, record[known_state], state[known_state], at[known_state], rows[known_state])
        for record, state, at, rows in changes
        for known_state in [state >= 0]
        if table != known.table
    ]
    return Told((known, *others), made_in, first, table)


def _changes(look: Look, object_name: str, column: str) -> Iterator[tuple[Array, ...]]:
    """Yield the changes of the field of the state, where the org keeps them: the record, the place
    of the state in that column, when, and the row.
    """
    table, to = _CHANGES.get(object_name, ("", ""))
    needed = {to, "field", column, "created"}
    if not needed <= set(look.frame(table).columns):
        return
    machine = look.policy.machines[object_name]
    field, record = look.column(table, "field"), look.column(table, to).values
    at = look.column(table, "created").values
    of_state = field.values == field.code(look.policy.field(object_name, machine.state))
    rows = np.flatnonzero(of_state & (record >= 0) & ~np.isnat(at))
    states = state_codes(look.column(table, column), machine, former=True)
    yield record[rows], states[rows], at[rows], rows
