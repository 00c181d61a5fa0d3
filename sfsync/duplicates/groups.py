"""Which records are one, when several are alike?

Strong pairs draw in whoever they reach. A weak one (a near name, a domain alone) joins two groups
only where each part of one is tied to each part of the other: A like B and B like C do not make A
and C the same. A pair left out so shows when the others are solved.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from sfsync.duplicates.pair import Pair

Apart = Callable[[int, int], bool]


def groups_of(pairs: Sequence[Pair], apart: Apart, most: int) -> list[tuple[int, ...]]:
    """Return groups of 2 to `most` rows, sorted, no row in two; rows `apart` are never in one.

    `pairs` are in the order of their rows, which decides between equally strong ones.
    """
    ranked = sorted(pairs, key=lambda pair: pair.strength, reverse=True)
    groups = _Groups(apart, most)
    for pair in ranked:
        if pair.is_strong:
            groups.join(pair.left, pair.right)
    # No row is in two groups, so that the first one names its group.
    cores = {row: groups.of(row)[0] for pair in ranked for row in (pair.left, pair.right)}
    ties = {(cores[pair.left], cores[pair.right]) for pair in ranked}
    ties |= {(right, left) for left, right in ties}
    for pair in ranked:
        if not pair.is_strong:
            ours, theirs = groups.of(pair.left), groups.of(pair.right)
            if _all_tied(ours, theirs, cores, ties):
                groups.join(pair.left, pair.right)
    return sorted({group for row in cores if len(group := groups.of(row)) > 1})


def _all_tied(
    ours: Iterable[int],
    theirs: Iterable[int],
    cores: Mapping[int, int],
    ties: Collection[tuple[int, int]],
) -> bool:
    return all(
        (left, right) in ties
        for left in {cores[row] for row in ours}
        for right in {cores[row] for row in theirs}
    )


class _Groups:
    """Groups that grow; a row that nobody joined is its own."""

    def __init__(self, apart: Apart, most: int) -> None:
        self._apart = apart
        self._most = most
        self._members: dict[int, tuple[int, ...]] = {}

    def of(self, row: int) -> tuple[int, ...]:
        return self._members.get(row, (row,))

    def join(self, left: int, right: int) -> None:
        ours, theirs = self.of(left), self.of(right)
        if ours == theirs or len(ours) + len(theirs) > self._most:
            return
        if any(self._apart(one, other) for one in ours for other in theirs):
            return
        both = tuple(sorted(ours + theirs))
        self._members.update(dict.fromkeys(both, both))
