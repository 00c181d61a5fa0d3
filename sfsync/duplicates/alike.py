"""Are two names the same but for their spelling?"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, partial
from itertools import chain

from rapidfuzz.distance import OSA

from sfsync.duplicates.names import Words

SAME_WORDS = 100
# A word that so many names have is a word of its own, not a slip of the pen.
_WELL_KNOWN = 4
_WORD_LIKENESS = 0.66
# A word of so many letters may have two slips, a shorter one only one.
_LONG_WORD = 12


def sorted_text(words: Words) -> str:
    """Return the words in an order that does not depend on how they were written."""
    return " ".join(sorted(words))


def run_together(words: Words) -> str:
    """Return the words as written, without blanks."""
    return "".join(words)


def spread_of(names: Iterable[Words]) -> Counter[str]:
    """Count in how many distinct names each word is."""
    return Counter(chain.from_iterable(map(frozenset, {*names})))


class Likeness:
    """How alike names are, seen among all the names of an org.

    `Martin` and `Marin` differ by a slip where one of them is rare, and are two names where both
    are well known.
    """

    def __init__(
        self,
        names: Iterable[Words],
        at_least: int,
        spread: Callable[[], Mapping[str, int]] | None = None,
    ) -> None:
        """Compare names of which a word counts for as much as it is spread among them, or, where
        these are not all of an org's, as `spread` says.
        """
        self._at_least = at_least
        self._spread = spread or partial(spread_of, names)

    @cached_property
    def spread(self) -> Mapping[str, int]:
        """In how many names each word is."""
        return self._spread()

    def score(self, left: Words, right: Words) -> int | None:
        """Return from 0 to 100 how alike two names are; None where they are two names.

        All words must have their counterpart, in any order; numbers must be equal.
        """
        if not left or not right:
            return None
        only_left, only_right = _without_common(left, right)
        if not only_left and not only_right:
            return SAME_WORDS
        joined = OSA.normalized_similarity(run_together(left), run_together(right))
        in_order = OSA.normalized_similarity(sorted_text(left), sorted_text(right))
        score = min(round(100 * max(joined, in_order)), SAME_WORDS - 1)
        if score < self._at_least or any(_has_digit(word) for word in only_left + only_right):
            return None
        fits = len(only_left) == len(only_right) and self._are_slips(only_left, only_right)
        return score if fits or _is_cut_elsewhere(left, right) else None

    def _are_slips(self, left: Sequence[str], right: Sequence[str]) -> bool:
        open_words = list(right)
        for word in left:
            best = max(open_words, key=lambda other: (OSA.similarity(word, other), other))
            if not self._is_slip(word, best):
                return False
            open_words.remove(best)
        return True

    def _is_slip(self, left: str, right: str) -> bool:
        both_known = min(self.spread[left], self.spread[right]) >= _WELL_KNOWN
        slips = 2 if min(len(left), len(right)) >= _LONG_WORD else 1
        return (
            not both_known
            and OSA.distance(left, right) <= slips
            and OSA.normalized_similarity(left, right) >= _WORD_LIKENESS
        )


def _without_common(left: Words, right: Words) -> tuple[list[str], list[str]]:
    only_left, only_right = [], list(right)
    for word in left:
        if word in only_right:
            only_right.remove(word)
        else:
            only_left.append(word)
    return sorted(only_left), sorted(only_right)


def _is_cut_elsewhere(left: Words, right: Words) -> bool:
    """Tell whether the names are letter for letter the same, blanks apart, in their order."""
    return run_together(left) == run_together(right)


def _has_digit(word: str) -> bool:
    return any(letter.isdigit() for letter in word)
