"""What does one column of facts or fields look like while it is judged?

Columns are NumPy arrays, one element a record, in the order of the object's frame. Instants are
`datetime64[s]` in UTC, dates `datetime64[D]` (calendar days of the org), numbers float64 with NaN
for null, flags bool, words integer codes into `words` with -1 for null, references positions in the
other object's frame with -1 for none (`position_dtype`). They are not to be written into: one
element may stand for all.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from sfsync.model import Value

Array = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]

NO_INSTANT = np.datetime64("NaT", "s")
NO_DAY = np.datetime64("NaT", "D")
# How NaT is kept.
_NAT = np.iinfo("int64").min
# So many rows at a time: what is worked out of them stays in the processor's cache.
_AT_ONCE = 250_000


class Kind(StrEnum):
    """What a column holds, which decides the conditions that fit it."""

    NUMBER = "number"
    FLAG = "flag"
    WORDS = "words"
    DATE = "date"
    INSTANT = "instant"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Proof:
    """Which record proves each element: an int32 row in the tables laid end to end, -1 for none.

    `tables` names the objects and how many rows each has, in the order they were laid.
    """

    rows: Array
    tables: tuple[tuple[str, int], ...]

    def by_table(self, positions: Array) -> Iterator[tuple[str, Array, Array]]:
        """Yield, for each object, which of the `positions` (their places in it) one of its records
        proves, and the rows of these records in its frame.
        """
        rows = self.rows[positions]
        first = 0
        for name, size in self.tables:
            here = np.flatnonzero((rows >= first) & (rows < first + size))
            yield name, here, rows[here] - first
            first += size


@dataclass(frozen=True, slots=True)
class Column:
    """Values of one fact or field. `known` is False where the org lacks what the column is made
    of.
    """

    kind: Kind
    values: Array
    words: tuple[str, ...] = ()
    proof: Proof | None = None
    known: bool = True

    @property
    def present(self) -> Mask:
        """Where a value stands. Flags always have one."""
        if self.kind is Kind.NUMBER:
            return ~np.isnan(self.values)
        if self.kind in (Kind.DATE, Kind.INSTANT):
            return ~np.isnat(self.values)
        if self.kind is Kind.FLAG:
            return np.ones(len(self.values), dtype=bool)
        return np.asarray(self.values >= 0)

    def only(self, chosen: Mask | Array) -> "Column":
        """Return some of the elements, without their proofs."""
        return replace(self, values=self.values[chosen], proof=None)

    def take(self, positions: Array) -> list[Value]:
        """Return elements as field values (see `model`); None where there is none or it is
        unknown.
        """
        if not self.known:
            return [None] * len(positions)
        elements = self.values[positions]
        if self.kind is Kind.WORDS:
            words: tuple[Value, ...] = (*self.words, None)
            return [words[code] for code in elements.tolist()]
        # Few values are distinct.
        distinct, places = np.unique(elements, return_inverse=True)
        there = replace(self, values=distinct).present.tolist()
        each = [v if t else None for v, t in zip(self._as_values(distinct), there, strict=True)]
        return [each[place] for place in places.tolist()]

    def _as_values(self, elements: Array) -> list[Value]:
        if self.kind in (Kind.DATE, Kind.INSTANT):
            ending = "" if self.kind is Kind.DATE else ".000+0000"
            return [f"{text}{ending}" for text in np.datetime_as_string(elements).tolist()]
        return [*map(_number, elements.tolist())]

    def at(self, position: int) -> Value:
        """Return one element as `take` does."""
        return self.take(np.array([position]))[0]

    def code(self, word: str) -> int:
        """Return the code of a word, or -2, which no element has."""
        return self.words.index(word) if word in self.words else -2


def _number(value: float | int | bool) -> Value:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def empty(kind: Kind, size: int, *, known: bool = True) -> Column:
    """Return a column without any value (flags: all False)."""
    fillers: Mapping[Kind, tuple[Any, str]] = {
        Kind.NUMBER: (np.nan, "float64"),
        Kind.FLAG: (False, "bool"),
        Kind.WORDS: (-1, "int32"),
        Kind.REFERENCE: (-1, "int32"),
        Kind.DATE: (NO_DAY, "datetime64[D]"),
        Kind.INSTANT: (NO_INSTANT, "datetime64[s]"),
    }
    filler, dtype = fillers[kind]
    return Column(kind, _all_same(filler, dtype, size), known=known)


def same(kind: Kind, value: Any, size: int) -> Column:
    """Return a column with one and the same value throughout: of words, this one word."""
    if kind is Kind.WORDS:
        return Column(kind, _all_same(0, "int32", size), (str(value),))
    return Column(kind, _all_same(value, empty(kind, 0).values.dtype, size))


def _all_same(value: Any, dtype: Any, size: int) -> Array:
    # One element that stands for all: most columns of this kind are looked at in few places.
    return np.broadcast_to(np.array(value, dtype=dtype), (size,))


def position_dtype(size: int) -> "np.dtype[Any]":
    """Return the smallest signed integer that holds the positions in a frame of so many rows, and
    -1: an org has few users, and millions of tasks.
    """
    return np.min_scalar_type(-max(size, 1))


def among(values: Array, wanted: Iterable[Any]) -> Mask:
    """Tell which elements are one of the wanted few."""
    # NumPy's own `isin` is made for many.
    found = np.zeros(len(values), dtype=bool)
    for each in wanted:
        found |= values == each
    return found


def latest(groups: Array, moments: Array, size: int) -> tuple[Array, Array]:
    """Find the latest moment in each group, and the last row that has it.

    `groups`: int codes from 0 to size - 1, negative ones are left out; `moments`: datetime64, NaT
    left out. Returns (moments of `size`, NaT where a group has none; rows, int32, -1 where none).
    """
    best = np.full(size, _NAT, dtype="int64")
    found = np.full(size, -1, dtype="int32")
    numbers = moments.view("int64")
    parts = [slice(start, start + _AT_ONCE) for start in range(0, len(groups), _AT_ONCE)]
    for part in parts:
        here = groups[part] >= 0
        np.maximum.at(best, groups[part][here], numbers[part][here])
    for part in parts:
        group = groups[part]
        hits = np.flatnonzero(group >= 0)
        hits = hits[numbers[part][hits] == best[group[hits]]]
        found[group[hits]] = hits + part.start
    # NaT is the least of all numbers, and no moment.
    found[best == _NAT] = -1
    return best.view(moments.dtype), found


def last_rows(groups: Array, size: int) -> Array:
    """Find the last row of each group, int32, -1 where it has none; negative groups count not."""
    found = np.full(size, -1, dtype="int32")
    here = np.flatnonzero(groups >= 0).astype("int32")
    found[groups[here]] = here
    return found


def counts(groups: Array, size: int) -> Array:
    """Count the rows of each group as float64; negative groups are left out."""
    return np.bincount(groups[groups >= 0], minlength=size).astype("float64")
