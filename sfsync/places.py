"""In which row of a frame stands the record of an Id?

Many Ids are looked up as numbers: eight of their bytes at once are hashed, and what is found is
compared byte by byte. Whatever is not as Ids usually are (other lengths, an Id twice) is looked up
as text. A few among sorted ones are found by halving.
"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from sfsync.columns import Array

_LENGTH = 18
# Where the words of eight bytes begin that make up an Id.
_STARTS = (0, 8, 10)
# Among so few Ids texts are found faster.
_FEW = 2_000
# Odd, so that no two words become one.
_ODD = np.uint64(0x9E3779B97F4A7C15)
_AT_ONCE = 250_000

Texts: TypeAlias = pa.Array | pa.ChunkedArray | pd.Index


class Places:
    """The rows of some Ids, each looked up as often as is asked. Of an Id that stands there twice
    the first row is found.
    """

    def __init__(self, ids: Texts) -> None:
        self._ids = _flat(ids)
        self._words = _words_of(self._ids) if len(self._ids) > _FEW else []
        self._hashes = pd.Index(_hashes(self._words) if self._words else [], dtype="int64")

    def __len__(self) -> int:
        return len(self._ids)

    def of(self, wanted: Texts) -> Array:
        """Return the row of each Id, int32, -1 where it is null or not there."""
        texts = _flat(wanted)
        starts = range(0, len(texts), _AT_ONCE)
        found = [self._rows(texts.slice(start, _AT_ONCE)) for start in starts]
        return np.concatenate([np.zeros(0, dtype="int32"), *found])

    def _rows(self, texts: pa.LargeStringArray) -> Array:
        known = texts.drop_null()
        words = _words_of(known)
        if not (self._words and words and self._hashes.is_unique):
            places = pc.index_in(texts, value_set=self._ids, skip_nulls=True)
            return np.asarray(places.fill_null(-1).to_numpy(zero_copy_only=False), dtype="int32")
        rows = self._hashes.get_indexer(pd.Index(_hashes(words)))
        # Another Id may have the same number; there is only one row that it can stand for.
        for mine, theirs in zip(self._words, words, strict=True):
            rows[mine[rows] != theirs] = -1
        found = np.full(len(texts), -1, dtype="int32")
        found[texts.is_valid().to_numpy(zero_copy_only=False)] = rows
        return found


def rows_among(ids: Texts, wanted: Sequence[str] | Texts) -> Array:
    """Return the row of each of a few Ids among sorted ones, -1 where it is not there."""
    asked = letters_of(wanted if isinstance(wanted, Texts) else pa.array(wanted, pa.string()))
    return rows_in(letters_of(ids), asked)


def rows_in(letters: Array, asked: Array) -> Array:
    """Return rows as `rows_among` does, of Ids that are letters already."""
    rows = np.searchsorted(letters, asked)
    there = rows < len(letters)
    there[there] = letters[rows[there]] == asked[there]
    return np.where(there, rows, -1)


def letters_of(ids: Texts) -> Array:
    """Return Ids as NumPy compares them: bytes, in the order of the texts; none may be null."""
    texts = _flat(ids)
    if not _are_usual(texts):
        return np.array([each.encode() for each in texts.to_pylist()], dtype=bytes)
    _, ends, letters = texts.buffers()
    start = int(np.frombuffer(ends, "int64")[texts.offset])
    return np.ndarray(len(texts), f"S{_LENGTH}", letters, start)


def _flat(ids: Texts) -> pa.LargeStringArray:
    texts = (pa.array(ids) if isinstance(ids, pd.Index) else ids).cast(pa.large_string())
    return texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts


def _words_of(texts: pa.LargeStringArray) -> list[Array]:
    """Return the Ids' bytes as words of eight, uint64; nothing where one is null or of another
    length, or where there is none.
    """
    if not _are_usual(texts):
        return []
    _, ends, letters = texts.buffers()
    first = int(np.frombuffer(ends, "int64")[texts.offset])
    return [np.ndarray(len(texts), "<u8", letters, first + start, (_LENGTH,)) for start in _STARTS]


def _are_usual(texts: pa.LargeStringArray) -> bool:
    """Whether there are Ids, each of the usual length."""
    if not len(texts) or texts.null_count:
        return False
    bounds = np.frombuffer(texts.buffers()[1], "int64")[texts.offset :][: len(texts) + 1]
    return bool((np.diff(bounds) == _LENGTH).all())


def _hashes(words: list[Array]) -> Array:
    return (words[0] * _ODD ^ words[1]).view("int64")
