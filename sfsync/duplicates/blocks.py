"""Which records are worth comparing?

All pairs of 100,000 accounts are five thousand million. Only records of one place (town, account)
are compared: all of them where they are few, else those that share a word, or the beginning or end
of one of their rarest words; where very many share one, each with its neighbours by spelling.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import OSA

from sfsync.columns import Array
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
    compared = np.zeros(len(names), dtype=bool)
    compared[left] = compared[right] = True
    for spell in (sorted_text, run_together):
        texts = [""] * len(names)
        for row in np.flatnonzero(compared).tolist():
            texts[row] = spell(names[row])
        close |= _close(texts, left, right, at_least)
    return list(zip(left[close].tolist(), right[close].tolist(), strict=True))


def _keys(
    names: Sequence[Words], places: Array, spread: Mapping[str, int]
) -> tuple[Array, Array, Array]:
    """Return, key by key: its code, the row that has it, the row's rank by spelling."""
    codes: dict[tuple[int, str], int] = {}
    key_codes: list[int] = []
    rows: list[int] = []
    spelled = [""] * len(names)
    here = np.flatnonzero((places >= 0) & np.fromiter(map(bool, names), bool, len(names)))
    sizes = np.bincount(places[here])[places[here]]
    crowded = (sizes > _FEW).tolist()
    for row, place, many in zip(here.tolist(), places[here].tolist(), crowded, strict=True):
        if many:
            by_rarity = sorted(names[row], key=lambda word: (spread[word], word))
            spelled[row] = " ".join(by_rarity)
            for key in _keys_of(names[row], by_rarity):
                key_codes.append(codes.setdefault((place, key), len(codes)))
                rows.append(row)
    distinct = {text: rank for rank, text in enumerate(sorted(set(spelled)))}
    ranks = np.array([distinct[text] for text in spelled], dtype="int64")
    few = here[(sizes > 1) & (sizes <= _FEW)]
    row_array = np.concatenate([np.array(rows, dtype="int64"), few])
    code_array = np.concatenate([np.array(key_codes, dtype="int64"), places[few] + len(codes)])
    return code_array, row_array, ranks[row_array]


def _keys_of(words: Words, by_rarity: Sequence[str]) -> Iterator[str]:
    if len(words) > _RAREST:
        yield from set(words)
    for word in set(by_rarity[:_RAREST]):
        yield f"{word[:_EDGE]}*"
        yield f"*{word[-_EDGE:]}"
    # Words that were cut elsewhere begin alike.
    yield f"{run_together(words)[: _EDGE + 2]}**"


def _neighbours(codes: Array, rows: Array, ranks: Array, size: int) -> tuple[Array, Array]:
    """Return pairs of rows that stand at most a window apart in some block, each pair once."""
    order = np.lexsort((rows, ranks, codes))
    codes, rows = codes[order], rows[order]
    found: list[Array] = []
    for step in range(1, _WINDOW + 1):
        here = np.flatnonzero(codes[step:] == codes[:-step])
        if not len(here):
            break
        ends = rows[here], rows[here + step]
        found.append(np.minimum(*ends) * size + np.maximum(*ends))
    pairs = np.unique(np.concatenate(found)) if found else np.empty(0, dtype="int64")
    return pairs // max(size, 1), pairs % max(size, 1)


def _close(texts: Sequence[str], left: Array, right: Array, at_least: int) -> Array:
    """Tell which pairs of texts are alike enough, without reading those whose lengths forbid it."""
    lengths = np.array([len(text) for text in texts], dtype="float64")
    longer = np.maximum(lengths[left], lengths[right])
    possible = np.minimum(lengths[left], lengths[right]) >= longer * (at_least - 0.5) / 100
    close = np.zeros(len(left), dtype=bool)
    chosen = np.flatnonzero(possible)
    pool = np.array(texts, dtype=object)
    scores = process.cpdist(
        pool[left[chosen]].tolist(),
        pool[right[chosen]].tolist(),
        scorer=OSA.normalized_similarity,
        score_cutoff=(at_least - 0.5) / 100,
        workers=-1,
    )
    close[chosen] = scores > 0
    return close
