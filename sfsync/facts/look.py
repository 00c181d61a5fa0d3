"""Which columns of facts and fields does a snapshot give, each computed once and only when asked
for?
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from sfsync import calendar
from sfsync.columns import Array, Column, Kind, Mask, among, empty
from sfsync.policy import NO_STATE_CODE, FieldSpec, Machine, Policy
from sfsync.registry import Registry
from sfsync.snapshot import Snapshot

T = TypeVar("T")
UNKNOWN_STATE_CODE = -2


@dataclass(frozen=True, slots=True)
class FactSpec:
    """One fact: of which object, of which kind, what it reads, and the function that computes it.

    `reads` names columns as `Object.column`; `needs` names the objects or columns without which the
    fact is not to be had (the others count as empty where the org lacks them).
    """

    object: str
    name: str
    kind: Kind
    reads: tuple[str, ...]
    needs: tuple[str, ...]
    compute: Callable[["Look"], Column]

    def missing(self, lacking: frozenset[str]) -> list[str]:
        """Name what the fact is made of and an org lacks: objects, and columns of the objects that
        it has.
        """
        read = {need for need in (*self.reads, *self.needs) if need in lacking}
        read |= {need.partition(".")[0] for need in (*self.reads, *self.needs)} & lacking
        return sorted(read)

    @property
    def meaning(self) -> str:
        """The first paragraph of the function's docstring, on one line."""
        return " ".join((self.compute.__doc__ or "").split("\n\n")[0].split())


FACTS: Registry[FactSpec] = Registry("fact")


def fact(
    object_name: str, kind: Kind, *, reads: tuple[str, ...] = (), needs: tuple[str, ...] = ()
) -> Callable[[Callable[["Look"], Column]], Callable[["Look"], Column]]:
    """Register a function as the fact of its own name."""

    def register(compute: Callable[["Look"], Column]) -> Callable[["Look"], Column]:
        name = compute.__name__
        FACTS.add(f"{object_name}.{name}", FactSpec(object_name, name, kind, reads, needs, compute))
        return compute

    return register


class Look:
    """A snapshot under a policy. Facts are functions from a Look to a Column, aligned with the
    object's frame.
    """

    def __init__(self, snapshot: Snapshot, policy: Policy) -> None:
        self.snapshot = snapshot
        self.policy = policy
        self._kept: dict[str, object] = {}

    def once(self, key: str, compute: Callable[["Look"], T]) -> T:
        """Compute something at the first call and keep it."""
        if key not in self._kept:
            self._kept[key] = compute(self)
        return self._kept[key]  # type: ignore[return-value]

    @property
    def now(self) -> np.datetime64:
        """The moment judged, datetime64[s] in UTC."""
        return self.snapshot.instant

    @property
    def today(self) -> np.datetime64:
        """Its calendar day in the org's zone, datetime64[D]."""
        return self.once("today", lambda look: look.snapshot.today)

    def start_of(self, days: Array) -> Array:
        """Return the first instant of each day in the org's zone."""
        return calendar.start_of(days, self.snapshot.zone)

    def end_of(self, days: Array) -> Array:
        """Return the last whole second of each day in the org's zone."""
        return calendar.end_of(days, self.snapshot.zone)

    def day_of(self, instants: Array) -> Array:
        """Return the calendar day of each instant in the org's zone."""
        return calendar.day_of(instants, self.snapshot.zone)

    def days_since(self, instants: Array) -> Array:
        """Return the days from each instant's calendar day to today as float64, NaN where there is
        none.
        """
        days = (self.today - self.day_of(instants)).astype("float64")
        days[np.isnat(instants)] = np.nan
        return days

    def frame(self, object_name: str) -> pd.DataFrame:
        """Return an object's frame; an empty one where the org lacks the object."""
        frame = self.snapshot.frames.get(object_name)
        return pd.DataFrame(index=pd.Index([], dtype="str")) if frame is None else frame

    def size(self, object_name: str) -> int:
        """Count the records of an object."""
        return len(self.frame(object_name))

    def guests(self, object_name: str) -> frozenset[str]:
        """Return the Ids of the records of an object that are judged elsewhere."""
        return self.once(f"{object_name} guests", lambda look: look._guests(object_name))

    def _guests(self, object_name: str) -> frozenset[str]:
        mask = self.snapshot.guests.get(object_name)
        return frozenset() if mask is None else frozenset(self.frame(object_name).index[mask])

    def lacks(self, need: str) -> bool:
        """Tell whether the org lacks an object, or a column given as `Object.column`."""
        return need in self.snapshot.missing or need.partition(".")[0] in self.snapshot.missing

    def on(self, object_name: str) -> "ObjectLook":
        """Look at one object, as conditions do."""
        return ObjectLook(self, object_name)

    def column(self, object_name: str, name: str) -> Column:
        """Return a fact, a score or a field of an object; raises KeyError where the policy knows no
        such name.
        """
        return self.once(f"{object_name}.{name}", lambda look: look._column(object_name, name))

    def _column(self, object_name: str, name: str) -> Column:
        spec = FACTS.get(f"{object_name}.{name}")
        if spec is not None:
            if any(self.lacks(need) for need in spec.needs):
                return empty(spec.kind, self.size(object_name), known=False)
            return spec.compute(self)
        machine = self.policy.machines.get(object_name)
        if machine is not None and name in machine.scores:
            return _score(self.on(object_name), machine, name, self.size(object_name))
        return self.field(object_name, name)

    def field(self, object_name: str, name: str) -> Column:
        """Return a field of an object as `column` does, and keep nothing."""
        return self._field(self.policy.objects[object_name][name], object_name)

    def _field(self, spec: FieldSpec, object_name: str) -> Column:
        frame = self.frame(object_name)
        if spec.name not in frame:
            return empty(spec.kind, len(frame))
        return _as_column(frame[spec.name], spec.kind)

    def state(self, object_name: str) -> Array:
        """Return each record's state as its place in the machine's states; NO_STATE_CODE,
        UNKNOWN_STATE_CODE.
        """
        return self.once(f"{object_name} state", lambda look: look._state(object_name))

    def in_states(self, object_name: str, names: Collection[str]) -> Mask:
        """Tell which records are in one of these states (`none`: in no state)."""
        places = self.policy.machines[object_name].places
        return among(self.state(object_name), [places[name] for name in names])

    def _state(self, object_name: str) -> Array:
        machine = self.policy.machines[object_name]
        return state_codes(self.column(object_name, machine.state), machine)


@dataclass(frozen=True, slots=True)
class ObjectLook:
    """One object of a look: what a condition sees (`conditions.Sight`)."""

    look: Look
    object: str

    @property
    def now(self) -> np.datetime64:
        """The moment judged."""
        return self.look.now

    @property
    def today(self) -> np.datetime64:
        """Its calendar day in the org's zone."""
        return self.look.today

    def column(self, name: str) -> Column:
        """Return the fact, score or field of that name."""
        return self.look.column(self.object, name)

    def start_of(self, days: Array) -> Array:
        """Return the first instant of each day in the org's zone."""
        return self.look.start_of(days)


def state_codes(column: Column, machine: Machine, *, former: bool = False) -> Array:
    """Translate a column of words into places in the machine's states, int16.

    NO_STATE_CODE where there is no word, UNKNOWN_STATE_CODE where it is none of the states (nor, if
    `former`, one of their older names).
    """
    return placed(column, state_places(machine, former=former))


def state_places(machine: Machine, *, former: bool = False) -> Mapping[str, int]:
    """Return the place of each state of a machine by its name and, if `former`, its older names."""
    places = {name: place for place, name in enumerate(machine.states)}
    if former:
        for state in machine.states.values():
            places.update(dict.fromkeys(state.formerly, places[state.name]))
    return places


def placed(column: Column, places: Mapping[str, int]) -> Array:
    """Translate a column of words into the places of words, int32: NO_STATE_CODE where there is no
    word, UNKNOWN_STATE_CODE where it has no place.
    """
    table = np.array(
        [places.get(word, UNKNOWN_STATE_CODE) for word in column.words] + [NO_STATE_CODE],
        dtype="int16",
    )
    return np.asarray(table[column.values])


def _as_column(series: "pd.Series[Any]", kind: Kind) -> Column:
    if kind is Kind.WORDS:
        # The array itself: NumPy, handed the series, would have pandas look its protocol's names up
        # among the Ids, and hash them all for that.
        array = series.array
        # Not a category where it is none yet: that would sort the words.
        codes, words = (
            (array.codes, array.categories)
            if isinstance(array, pd.Categorical)
            else pd.factorize(series)
        )
        return Column(kind, codes, tuple(words.tolist()))
    values = series.to_numpy()
    return Column(kind, values.astype("datetime64[D]") if kind is Kind.DATE else values)


def _score(sight: ObjectLook, machine: Machine, name: str, size: int) -> Column:
    """Sum the points of the conditions that hold, never below 0 nor above 100."""
    total = np.zeros(size)
    for line in machine.scores[name]:
        total[line.when.holds(sight)] += line.points
    return Column(Kind.NUMBER, np.clip(total, 0, 100, out=total))
