"""How much money is at stake in a record?"""

from collections.abc import Iterable, Iterator, Mapping
from math import isnan

import numpy as np
import pandas as pd

from sfsync.facts import Look
from sfsync.places import rows_among

Key = tuple[str, str]
# The opportunity's own amount; of an account the open ones of its opportunities.
_STAKES = {"Opportunity": "amount", "Account": "open_pipeline"}


class AtStake(Mapping[Key, float]):
    """The amounts of all opportunities, and of the open ones of each account; the latter only where
    amounts add up, being in one currency. In what has none, or 0, nothing is at stake.

    `values_of` has them for all records of an object, row by row (float64, NaN for nothing).
    """

    def __init__(self, look: Look, *, adds_up: bool) -> None:
        adding = [
            (name, look.column(name, column).values)
            for name, column in _STAKES.items()
            if name in look.policy.judged and (name != "Account" or adds_up)
        ]
        self.values_of = {name: np.where(each == 0, np.nan, each) for name, each in adding}
        self._ids: Mapping[str, pd.Index] = {name: look.frame(name).index for name, _ in adding}

    def of(self, records: Iterable[Key]) -> dict[Key, float]:
        """Return what is at stake in some records, by object and Id."""
        wanted: dict[str, set[str]] = {}
        for name, id in records:
            wanted.setdefault(name, set()).add(id)
        found: dict[Key, float] = {}
        for name in wanted.keys() & self.values_of.keys():
            ids = sorted(wanted[name])
            there = zip(ids, self._rows(name, ids), strict=True)
            found.update({(name, id): each for id, each in there if not isnan(each)})
        return found

    def _rows(self, name: str, ids: list[str]) -> list[float]:
        rows = rows_among(self._ids[name], ids)
        return list(np.append(self.values_of[name], np.nan)[rows].tolist())

    def __getitem__(self, key: Key) -> float:
        return self.of([key])[key]

    def __iter__(self) -> Iterator[Key]:
        for name, values in self.values_of.items():
            yield from ((name, id) for id in self._ids[name][~np.isnan(values)])

    def __len__(self) -> int:
        return sum(int(np.count_nonzero(~np.isnan(each))) for each in self.values_of.values())
