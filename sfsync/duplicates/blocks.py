"""Which records are worth comparing?

All pairs of 100,000 accounts are five thousand million. Only records of one place (town, account)
are compared: all of them where they are few, else those that share a word, or the beginning or end
of one of their rarest words; where very many share one, each with its neighbours by spelling.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import chain

import numpy as np
import pandas as pd
from rapidfuzz import process
from rapidfuzz.distance import OSA

from sfsync.columns import Array, Mask
from sfsync.duplicates.alike import run_together, sorted_text
from sfsync.duplicates.names import Words

# How many neighbours each record is compared with in a block.
_WINDOW = 12
# In a place of so many records all are compared, which takes less than finding out which to.
_FEW = 8
_EDGE = 3
_RAREST = 2
# So many letters are told apart, each by whether it is there at all and more than once.
_LETTERS = 32
# So many texts are taken at a time, for the memory's sake.
_PORTION = 10_000


def likely_pairs(
    names: Sequence[Words],
    places: Array,
    spread: Callable[[], Mapping[str, int]],
    at_least: int,
) -> list[tuple[int, int]]:
    """Return pairs of rows (the lower first, sorted) whose names score `at_least` (0 to 100) letter
    by letter.

    `places`: int codes, records of different places are not compared, those below 0 with none;
    `spread` says how many names have a word; it is only asked where a place is crowded.
    """
    left, right = _neighbours(*_keys(names, places, spread), len(names))
    least = (at_least - 0.5) / 100
    near = _letters_allow(names, left, right, least)
    left, right = left[near], right[near]
    close = np.zeros(len(left), dtype=bool)
    for spell in (sorted_text, run_together):
        ours, theirs = ([spell(names[row]) for row in rows.tolist()] for rows in (left, right))
        scores = process.cpdist(
            ours, theirs, scorer=OSA.normalized_similarity, score_cutoff=least, workers=-1
        )
        close |= scores > 0
    return list(zip(left[close].tolist(), right[close].tolist(), strict=True))


def _keys(
    names: Sequence[Words], places: Array, spread: Callable[[], Mapping[str, int]]
) -> tuple[Array, Array, Array]:
    """Return, key by key: its code, the row that has it, the row's rank by spelling."""
    here = np.flatnonzero(places >= 0)
    here = here[[bool(names[row]) for row in here.tolist()]]
    sizes = np.bincount(places[here])[places[here]]
    few, crowded = here[(sizes > 1) & (sizes <= _FEW)], here[sizes > _FEW]
    words = [names[row] for row in crowded.tolist()]
    distinct = {*chain.from_iterable(words)}
    times = spread() if distinct else {}
    rarity = {word: (times[word], word) for word in distinct}
    edges = {word: (f"{word[:_EDGE]}*", f"*{word[-_EDGE:]}") for word in distinct}
    by_rarity = [sorted(each, key=rarity.__getitem__) for each in words]
    keys = [_keys_of(*each, edges) for each in zip(words, by_rarity, strict=True)]
    rows = np.concatenate([np.repeat(crowded, [len(each) for each in keys]), few])
    texts, known = pd.factorize(np.array([*chain.from_iterable(keys)], dtype=object))
    # All of a place with few share one key.
    texts = np.concatenate([texts, np.full(len(few), len(known))])
    codes, _ = pd.factorize(texts * (places.max(initial=0) + 1) + places[rows])
    spelled = [" ".join(each) for each in by_rarity]
    ranks = np.arange(len(names))
    ranks[crowded[sorted(range(len(crowded)), key=spelled.__getitem__)]] = np.arange(len(crowded))
    return codes, rows, ranks[rows]


def _keys_of(
    words: Words, by_rarity: Sequence[str], edges: Mapping[str, tuple[str, str]]
) -> list[str]:
    # Words that were cut elsewhere begin alike.
    keys = [f"{run_together(words)[: _EDGE + 2]}**"]
    for word in {*by_rarity[:_RAREST]}:
        keys += edges[word]
    return [*keys, *{*words}] if len(words) > _RAREST else keys


def _neighbours(codes: Array, rows: Array, ranks: Array, size: int) -> tuple[Array, Array]:
    """Return pairs of rows that stand at most a window apart in some block, each pair once."""
    order = np.lexsort((ranks, codes))
    codes, rows = codes[order], rows[order]
    found = [np.empty(0, dtype="int64")]
    for step in range(1, _WINDOW + 1):
        here = np.flatnonzero(codes[step:] == codes[:-step])
        if not len(here):
            break
        ends = rows[here], rows[here + step]
        found.append(np.minimum(*ends) * size + np.maximum(*ends))
    pairs = np.sort(np.concatenate(found))
    # Sorting takes far less than np.unique, which looks each pair up.
    pairs = pairs[np.diff(pairs, prepend=-1) > 0]
    return pairs // max(size, 1), pairs % max(size, 1)


def _letters_allow(names: Sequence[Words], left: Array, right: Array, least: float) -> Mask:
    """Tell of which pairs of rows the letters, in whatever order, allow the names to be as alike as
    `least` (0 to 1).

    That sorts out nearly all pairs in a tenth of the time that comparing them takes: a slip takes
    away one letter at most, and brings one at most. Letters that share a place let more through.
    """
    rows, ends = np.unique(np.concatenate([left, right]), return_inverse=True)
    left, right = ends[: len(left)], ends[len(left) :]
    names = [names[row] for row in rows.tolist()]
    texts = [*map(run_together, names)]
    parts = [texts[first : first + _PORTION] for first in range(0, len(texts), _PORTION)]
    there = np.concatenate([np.empty(0, dtype="uint64"), *map(_letters_in, parts)])
    # The blanks between words are letters, too.
    lengths = np.fromiter(map(len, texts), "int64") + np.fromiter(map(len, names), "int64")
    ours, theirs = there[left], there[right]
    lost, won = np.bitwise_count(ours & ~theirs), np.bitwise_count(theirs & ~ours)
    longer = np.maximum(lengths[left], lengths[right])
    return np.asarray(1 - np.maximum(lost, won) / longer >= least)


def _letters_in(texts: Sequence[str]) -> Array:
    """Return, text by text, which letters it has and which more than once, a bit each, uint64."""
    letters = np.frombuffer("".join(texts).encode("utf-32-le"), dtype="uint32")
    owners = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
    times = np.bincount(owners * _LETTERS + letters % _LETTERS, minlength=len(texts) * _LETTERS)
    times = times.reshape(-1, _LETTERS)
    return np.packbits(np.hstack([times > 0, times > 1]), axis=1).view("uint64").ravel()
