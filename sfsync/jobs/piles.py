"""How are very many changes and findings kept in order, with few of them in memory at any time?"""

import heapq
import pickle
import secrets
import shutil
import weakref
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")
# So many things are read and written at a time; of a hundred partitions as many each.
_PORTION = 200


class Folder:
    """A folder that goes, with all that is in it, when nobody needs it any more."""

    def __init__(self, place: Path) -> None:
        self.name = mkdtemp(dir=place)
        weakref.finalize(self, shutil.rmtree, self.name, ignore_errors=True)


class Pile(Sequence[T]):
    """Things in the order of a key, in a file for each partition; then some more, as they are.

    They are read whenever they are looked at, one after the other: an index is a long way. The
    files go when the pile does.
    """

    def __init__(self, folder: Folder, key: Callable[[T], Any]) -> None:
        self._folder = folder
        self._key = key
        self._files: list[Path] = []
        self._size = 0
        self._tail: Sequence[T] = ()

    def extend(self, things: Sequence[T]) -> None:
        """Add things that are in order."""
        if things:
            self._files.append(write_things(self._folder.name, things))
            self._size += len(things)

    def ending_with(self, tail: Sequence[T]) -> "Pile[T]":
        """Return the pile with some more things behind all others."""
        self._tail = tail
        return self

    def __len__(self) -> int:
        return self._size + len(self._tail)

    def __iter__(self) -> Iterator[T]:
        runs: list[Iterator[T]] = [things_in(file) for file in self._files]
        return chain(heapq.merge(*runs, key=self._key), self._tail)

    @overload
    def __getitem__(self, place: int) -> T: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[T]: ...

    def __getitem__(self, place: int | slice) -> T | Sequence[T]:
        if isinstance(place, slice):
            first, last, step = place.indices(len(self))
            return tuple(islice(self, first, last, step))
        try:
            return next(islice(self, range(len(self))[place], None))
        except StopIteration as error:
            raise IndexError(place) from error


class Later(Mapping[K, V], Generic[K, V]):
    """A mapping in files, one a partition, that is read when something of it is asked for."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._files: list[Path] = []
        self._read: dict[K, V] | None = None

    def update(self, pairs: Iterable[tuple[K, V]]) -> None:
        """Add what is known of one partition."""
        self._read = None
        self._files.append(write_things(self._folder.name, [*pairs]))

    @property
    def _all(self) -> dict[K, V]:
        if self._read is None:
            self._read = {}
            for file in self._files:
                self._enter(self._read, things_in(file))
        return self._read

    def _enter(self, read: dict[K, V], things: Iterable[tuple[K, V]]) -> None:
        read.update(things)

    def __getitem__(self, key: K) -> V:
        return self._all[key]

    def __iter__(self) -> Iterator[K]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)


class LaterByObject(Later[str, dict[str, str | None]]):
    """States in files, one a partition, which each have some records of an object."""

    def _enter(
        self,
        read: dict[str, dict[str, str | None]],
        things: Iterable[tuple[str, dict[str, str | None]]],
    ) -> None:
        for name, states in things:
            read.setdefault(name, {}).update(states)


def write_things(folder: str, things: Sequence[T]) -> Path:
    """Write things into a new file of a folder, some at a time."""
    file = Path(folder) / f"{secrets.token_hex(8)}.things"
    with file.open("wb") as sink:
        for first in range(0, len(things), _PORTION):
            some = zlib.compress(pickle.dumps(things[first : first + _PORTION], 5), 1)
            sink.write(len(some).to_bytes(8, "little") + some)
    return file


def things_in(file: Path) -> Iterator[Any]:
    """Yield the things of a file, some in memory at a time."""
    with file.open("rb") as source:
        while size := source.read(8):
            yield from pickle.loads(zlib.decompress(source.read(int.from_bytes(size, "little"))))
