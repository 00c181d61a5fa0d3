"""What do a look's text columns say, each distinct text read once?"""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar, overload

import numpy as np

from sfsync.columns import Array, Column
from sfsync.facts import Look

T = TypeVar("T")


class Texts(Sequence[T]):
    """What `read` makes of each record's text, `none` where it has none; a text is read when one
    of its records is looked at.
    """

    def __init__(self, column: Column, read: Callable[[str], T], none: T) -> None:
        self._codes = column.values.tolist()
        self._words = column.words
        self._read = read
        self._known: dict[int, T] = {-1: none}

    def __len__(self) -> int:
        return len(self._codes)

    @overload
    def __getitem__(self, row: int) -> T: ...

    @overload
    def __getitem__(self, row: slice) -> Sequence[T]: ...

    def __getitem__(self, row: int | slice) -> T | Sequence[T]:
        if isinstance(row, slice):
            return [self[each] for each in range(len(self))[row]]
        code = self._codes[row]
        if code not in self._known:
            self._known[code] = self._read(self._words[code])
        return self._known[code]

    def __iter__(self) -> Iterator[T]:
        found = [*map(self._read, self._words), self._known[-1]]
        return (found[code] for code in self._codes)


def texts_of(
    look: Look, object_name: str, name: str, read: Callable[[str], T], none: T
) -> Sequence[T]:
    """Return what `read` makes of each record's text, `none` where it has none; all `none` where
    the org lacks the field or the policy does not name it.
    """
    if name not in look.policy.objects.get(object_name, {}):
        return [none] * look.size(object_name)
    return Texts(look.column(object_name, name), read, none)


def positions_of(look: Look, object_name: str, name: str) -> Array:
    """Return where each record's reference leads, int32; -1 where nowhere, or the policy does not
    name it.
    """
    if name not in look.policy.objects.get(object_name, {}):
        return np.full(look.size(object_name), -1, dtype="int32")
    return look.column(object_name, name).values.astype("int32")
