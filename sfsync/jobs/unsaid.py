"""Which findings of a plan are put into words only when somebody looks at them?"""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import chain
from math import isnan
from typing import overload

import numpy as np

from sfsync.columns import Array
from sfsync.jobs.stakes import AtStake
from sfsync.model import Finding
from sfsync.rules.found import Findings, Found


class Unsaid:
    """What rules found in all of an org, with the money at stake."""

    def __init__(self, found: Found, stakes: AtStake) -> None:
        self._found = found
        self._amounts = found.amounts(stakes.values_of)

    def __len__(self) -> int:
        return len(self._found)

    def fingerprints(self) -> Array:
        """Return a number for each (int64), which is the same in the next pass where all of it
        is.
        """
        return self._found.fingerprints(self._amounts)

    def some(self, places: Sequence[int] | Array) -> Sequence[tuple[Finding, float | None]]:
        """Put some into words, each with the amount at stake; `places` are in order."""
        here = np.asarray(places, dtype="int64")
        amounts = self._amounts[here].tolist()
        told = [None if isnan(amount) else amount for amount in amounts]
        return list(zip(self._found.some(here), told, strict=True))


class Sought(Findings):
    """Findings that are looked for when somebody looks at them."""

    def __init__(self, look_for: Callable[[], Sequence[Finding]]) -> None:
        self._look_for = look_for

    @cached_property
    def _found(self) -> Sequence[Finding]:
        return tuple(self._look_for())

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self._found)

    @overload
    def __getitem__(self, place: int) -> Finding: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Finding]: ...

    def __getitem__(self, place: int | slice) -> Finding | Sequence[Finding]:
        return self._found[place]


class Joined(Findings):
    """Findings, and some more behind them."""

    def __init__(self, first: Sequence[Finding], more: Sequence[Finding]) -> None:
        self.first = first
        self.more = more

    def __len__(self) -> int:
        return len(self.first) + len(self.more)

    def __iter__(self) -> Iterator[Finding]:
        return chain(self.first, self.more)

    @overload
    def __getitem__(self, place: int) -> Finding: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Finding]: ...

    def __getitem__(self, place: int | slice) -> Finding | Sequence[Finding]:
        size = len(self.first)
        if isinstance(place, slice):
            places = range(len(self))[place]
            # The first are not put into words for the sake of those behind them.
            if not places or min(places[0], places[-1]) >= size:
                return [self.more[each - size] for each in places]
            return tuple(self)[place]
        place = range(len(self))[place]
        return self.first[place] if place < size else self.more[place - size]
