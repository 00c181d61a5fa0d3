"""Which records are worth comparing?

All pairs of 100,000 accounts are five thousand million. Only records of one place (town, account)
are compared: all of them where they are few, else those that share a word, or the beginning or end
of one of their rarest words; where very many share one, each with its neighbours by spelling.
"""

from collections.abc import Mapping, Sequence
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


def likely_pairs(
    names: Sequence[Words], places: Array, spread: Mapping[str, int], at_least: int
) -> list[tuple[int, int]]:
    """Return pairs of rows (the lower first, sorted) whose names score `at_least` (0 to 100) letter
    by letter.

    `places`: int codes, records of different places are not compared, those below 0 with none;
    `spread` says how many names have a word.
    """
    left, right = _neighbours(*_keys(names, places, spread), len(names))
    close = np.zeros(len(left), dtype=bool)
    for spell in (sorted_text, run_together):
        far = np.flatnonzero(~close)
        close[far] = _close([*map(spell, names)], left[far], right[far], at_least)
    return list(zip(left[close].tolist(), right[close].tolist(), strict=True))


def _keys(
    names: Sequence[Words], places: Array, spread: Mapping[str, int]
) -> tuple[Array, Array, Array]:
    """Return, key by key: its code, the row that has it, the row's rank by spelling."""
    here = np.flatnonzero((places >= 0) & np.fromiter(map(bool, names), bool, len(names)))
    sizes = np.bincount(places[here])[places[here]]
    few, crowded = here[(sizes > 1) & (sizes <= _FEW)], here[sizes > _FEW]
    words = [names[row] for row in crowded.tolist()]
    rarest = sorted(sorted(spread), key=spread.__getitem__)
    rarity = {word: rank for rank, word in enumerate(rarest)}
    by_rarity = [sorted(each, key=rarity.__getitem__) for each in words]
    keys = [_keys_of(*each) for each in zip(words, by_rarity, strict=True)]
    rows = np.concatenate([np.repeat(crowded, [len(each) for each in keys]), few])
    texts, distinct = pd.factorize(np.array([*chain.from_iterable(keys)], dtype=object))
    # All of a place with few share one key.
    texts = np.concatenate([texts, np.full(len(few), len(distinct))])
    codes, _ = pd.factorize(texts * (places.max(initial=0) + 1) + places[rows])
    spelled = [" ".join(each) for each in by_rarity]
    ranks = np.zeros(len(names), dtype="int64")
    ranks[crowded[sorted(range(len(crowded)), key=spelled.__getitem__)]] = np.arange(len(crowded))
    return codes, rows, ranks[rows]


def _keys_of(words: Words, by_rarity: Sequence[str]) -> list[str]:
    # Words that were cut elsewhere begin alike.
    keys = [f"{run_together(words)[: _EDGE + 2]}**"]
    for word in {*by_rarity[:_RAREST]}:
        keys += (f"{word[:_EDGE]}*", f"*{word[-_EDGE:]}")
    return [*keys, *{*words}] if len(words) > _RAREST else keys


def _neighbours(codes: Array, rows: Array, ranks: Array, size: int) -> tuple[Array, Array]:
    """Return pairs of rows that stand at most a window apart in some block, each pair once."""
    order = np.lexsort((rows, ranks, codes))
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


def _close(texts: Sequence[str], left: Array, right: Array, at_least: int) -> Mask:
    """Tell which pairs of texts are alike enough, without reading those whose lengths forbid it."""
    pool = np.array(texts, dtype=object)
    lengths = np.fromiter(map(len, texts), "float64", len(texts))
    longer = np.maximum(lengths[left], lengths[right])
    close = np.minimum(lengths[left], lengths[right]) >= longer * (at_least - 0.5) / 100
    scores = process.cpdist(
        pool[left[close]],
        pool[right[close]],
        scorer=OSA.normalized_similarity,
        score_cutoff=(at_least - 0.5) / 100,
        workers=-1,
    )
    close[close] = scores > 0
    return close
