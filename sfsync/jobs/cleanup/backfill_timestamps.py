"""When did records enter each status and stage, where its field is empty and the history knows?"""

from dataclasses import dataclass

import numpy as np

from sfsync.columns import Array, Column, Kind, Mask
from sfsync.facts import Look
from sfsync.jobs.cleanup.cleanup import Cleanup, Found, Option, Wishes, Written
from sfsync.jobs.cleanup.told import READS, Told, told_of
from sfsync.model import Evidence
from sfsync.policy import StateSpec
from sfsync.rules.words import ids_of

FROM_CREATED = Option(
    "from-created",
    "flag",
    "Of what no history says an entry into, take the day the record was made, if it was made so.",
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
        told = told_of(look, object_name)
        for place, state in enumerate(machine.states.values()):
            if state.entered is None:
                continue
            field = f"{object_name}.{look.policy.field(object_name, state.entered)}"
            if look.lacks(f"{object_name}.{state.entered}"):
                notes.append(f"{field} is not there: left out.")
                continue
            of_state = _OfState(look, object_name, state, place, told, rows)
            words = of_state.enter(from_created=bool(wishes.get(FROM_CREATED.name)))
            notes += [f"{field}: {words}."] if words else []
    return Found(written, tuple(notes))


@dataclass(frozen=True, slots=True)
class _OfState:
    """One status or stage, what the histories tell, and the rows to enter it into."""

    look: Look
    object: str
    state: StateSpec
    place: int
    told: Told
    rows: dict[int, list[Written]]

    def enter(self, *, from_created: bool) -> str:
        """Enter what is known; say what comes from where."""
        look, name = self.look, self.state.name
        blank = np.isnat(look.column(self.object, self.column).values)
        moments, tables, proofs = self.told.entered(self.place, len(blank), look.now)
        counts = []
        for number, known in enumerate(self.told.entries):
            rows = np.flatnonzero(blank & (tables == number))
            why = f"it entered {name} on {{day}}, says {known.table}"
            self._write(rows, moments, why, known.table, proofs)
            counts += [f"{len(rows)} from {known.table}"] if len(rows) else []
        left = blank & (tables < 0)
        if from_created:
            made = self._made(left)
            counts += [f"{int(made.sum())} from CreatedDate"] if made.any() else []
            left &= ~made
        stay = int((left & (look.state(self.object) == self.place)).sum())
        return ", ".join([*counts, *([f"{stay} in {name} stay empty"] if stay else [])])

    @property
    def column(self) -> str:
        """Our name of the field."""
        return str(self.state.entered)

    def _made(self, left: Mask) -> Mask:
        """Enter the day on which they were made into those that were made so; tell which."""
        look, name = self.look, self.state.name
        moments = look.column(self.object, "created").values
        left = left & ~np.isnat(moments)
        was = left & (self.told.made_in == self.place)
        why = f"it was made on {{day}}, and was {name} when {self.told.first_table} began"
        self._write(np.flatnonzero(was), moments, why, self.told.first_table, self.told.first)
        untold = np.ones(len(left), dtype=bool)
        untold[self.told.records] = False
        is_so = look.state(self.object) == self.place
        ever = left & ~was & is_so & untold & (self.told.first < 0)
        why = f"it was made on {{day}}, and no history says that it was ever not {name}"
        self._write(np.flatnonzero(ever), moments, why)
        return np.asarray(was | ever)

    def _write(
        self, rows: Array, moments: Array, why: str, table: str = "", proofs: Array | None = None
    ) -> None:
        wire = [str(each) for each in Column(Kind.INSTANT, moments).take(rows)]
        ids = [""] * len(rows) if proofs is None else ids_of(self.look, table, proofs[rows])
        for row, at, id in zip(rows.tolist(), wire, ids, strict=True):
            evidence = (Evidence(self.column, at, id),) if id else ()
            written = Written(self.column, at, why.format(day=at[:10]), evidence)
            self.rows.setdefault(row, []).append(written)


CLEANUP = Cleanup(
    "backfill-timestamps",
    "Fill the dates of statuses and stages from the history.",
    find,
    (FROM_CREATED,),
    reads=READS,
)
