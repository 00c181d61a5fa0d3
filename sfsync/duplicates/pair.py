"""Why are two records likely the same?"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations, groupby

import numpy as np
import pandas as pd

from sfsync.columns import Array


class Kind(StrEnum):
    """What two records have in common, the strongest first."""

    REGISTRATION = "same_registration"
    EMAIL = "same_email"
    DOMAIN = "same_domain"
    NAME = "near_name"


_SURE = frozenset({Kind.REGISTRATION, Kind.EMAIL})
_ORDER = {kind: place for place, kind in enumerate(Kind)}


@dataclass(frozen=True, slots=True)
class Clue:
    """One thing in common, its value, and from 0 to 100 how sure it is."""

    kind: Kind
    value: str
    score: int = 100


@dataclass(frozen=True, slots=True)
class Pair:
    """Two rows (the lower first) and what speaks for their being one, the strongest first."""

    left: int
    right: int
    clues: tuple[Clue, ...]

    @property
    def is_strong(self) -> bool:
        """Tell whether others may be drawn in by it: a sure clue, or two of them."""
        return len(self.clues) > 1 or self.clues[0].kind in _SURE

    @property
    def strength(self) -> tuple[int, int, int]:
        """Order pairs: the strongest is the greatest."""
        first = self.clues[0]
        return (-_ORDER[first.kind], len(self.clues), first.score)


def as_pairs(found: Mapping[tuple[int, int], Iterable[Clue]]) -> list[Pair]:
    """Return the pairs that have clues, in the order of their rows."""
    return [
        Pair(*ends, tuple(sorted(clues, key=lambda clue: _ORDER[clue.kind])))
        for ends, clues in sorted(found.items())
        if clues
    ]


def sharing(values: Sequence[str | None] | Array, most: int) -> Iterator[tuple[int, ...]]:
    """Yield the rows, sorted, that share a value; a value that more than `most` have says
    nothing.
    """
    codes, distinct = pd.factorize(np.array(values, dtype=object))
    times = np.bincount(codes[codes >= 0], minlength=len(distinct) + 1)
    # The last one is of those without a value, whose code is -1.
    rows = np.flatnonzero((times[codes] > 1) & (times[codes] <= most))
    rows = rows[np.argsort(codes[rows], kind="stable")]
    for _, holders in groupby(rows.tolist(), codes.tolist().__getitem__):
        yield tuple(holders)


def two_of(rows: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield all pairs of some sorted rows."""
    yield from combinations(rows, 2)
