"""Which changes are written together, and how many requests does that take?

Updates, creations, deletions and merges are requests of their own. Only updates go by bulk jobs:
what a job creates could not be told apart from what somebody else creates.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from math import ceil

from sfsync.model import Action, Change

# One request takes five of the platform's collections of 200.
BATCH_SIZE = 1_000
# The platform's own advice: collections for up to so many records, a bulk job beyond.
BULK_FROM = 2_000
# The platform takes 200 merges in one request, and works ten minutes on it at most: each moves all
# that hangs on what goes.
MERGES_AT_ONCE = 50
# Far below the 100 MB of a bulk job, and not too much to be looked at once.
JOB_SIZE = 50_000
# One request answers so many statements, and one statement may name so many Ids.
_STATEMENTS_AT_ONCE = 5
_IDS_AT_ONCE = 2_000
# To open a bulk job, to fill and to close it, some looks whether it has ended, three results.
_JOB_CALLS = 9

Placed = tuple[int, Change]


@dataclass(frozen=True, slots=True)
class Portion:
    """Changes of one object and one kind that are written together, each with its place in the
    plan: in one request, or by one bulk job.
    """

    placed: tuple[Placed, ...]
    in_bulk: bool = False

    @property
    def action(self) -> Action:
        """What all of them do to their records."""
        return self.placed[0][1].action


def portions(
    changes: Sequence[Change], bulk_from: int = BULK_FROM, batch_size: int = BATCH_SIZE
) -> Iterator[Portion]:
    """Cut changes into the portions in which they are written, objects in their order.

    More than `bulk_from` updates of one object go by bulk jobs, in the order of their accounts: the
    platform locks a record's account too. The others go by requests of at most `batch_size`, in
    their order; merges, each of which is long work, by smaller ones.
    """
    for _, same in groupby(enumerate(changes), key=lambda placed: placed[1].object):
        of_object = list(same)
        for action in Action:
            placed = [each for each in of_object if each[1].action is action]
            if action is Action.UPDATE and len(placed) > bulk_from:
                yield from _cut(sorted(placed, key=_account), JOB_SIZE, in_bulk=True)
            elif action is Action.MERGE:
                yield from _cut(placed, MERGES_AT_ONCE)
            else:
                yield from _cut(placed, batch_size)


def _account(placed: Placed) -> tuple[str, str]:
    change = placed[1]
    accounts = (stamp.id for stamp in change.rests_on if stamp.object == "Account")
    return next(accounts, change.id), change.id


def _cut(placed: Sequence[Placed], size: int, *, in_bulk: bool = False) -> Iterator[Portion]:
    # As even as can be: a job for a handful would cost as much as one for thousands.
    even = ceil(len(placed) / ceil(len(placed) / size)) if in_bulk else size
    for first in range(0, len(placed), even):
        yield Portion(tuple(placed[first : first + even]), in_bulk)


def writing_calls(
    changes: Sequence[Change], bulk_from: int = BULK_FROM, batch_size: int = BATCH_SIZE
) -> int:
    """Estimate the requests that applying takes: for each portion a look at what it rests on, and
    the write.

    It is exact where all goes well and the org has described the objects already; a bulk job may
    need some looks more or less until it has ended.
    """
    return sum(
        _bulk_calls(portion.placed) if portion.in_bulk else _batch_calls(portion.placed)
        for portion in portions(changes, bulk_from, batch_size)
    )


def calls_of_updates(updates: Iterable[tuple[str, str, frozenset[str]]], size: int) -> int:
    """Estimate the requests of updates of one object, more than go without bulk jobs, as
    `writing_calls` does: `size` of them, told in the order of their accounts, each with the objects
    that it concerns (see `concerned`).
    """
    rest, calls = iter(updates), 0
    even = ceil(size / ceil(size / JOB_SIZE))
    while portion := [*islice(rest, even)]:
        calls += len(frozenset().union(*(objects for _, _, objects in portion))) + _JOB_CALLS
    return calls


def concerned(change: Change) -> tuple[str, str, frozenset[str]]:
    """Say of an update by what bulk jobs are ordered, its account and Id, and which objects it
    concerns.
    """
    account, id = _account((0, change))
    rested = (each.object for each in change.rests_on)
    watched = (each.object for each in change.watches)
    return account, id, frozenset([change.object, *rested, *watched])


def _batch_calls(placed: Sequence[Placed]) -> int:
    touched = {change.id for _, change in placed}
    evidence = {
        (stamp.object, stamp.id)
        for _, change in placed
        for stamp in change.rests_on
        if stamp.object != change.object or stamp.id not in touched
    }
    watched = {watch for _, change in placed for watch in change.watches}
    asked = Counter(object for object, _ in evidence).values()
    hanging = {name for _, each in placed for loser in each.losers for name in loser.children}
    statements = 1 + len(watched) + len(hanging) + sum(ceil(ids / _IDS_AT_ONCE) for ids in asked)
    return ceil(statements / _STATEMENTS_AT_ONCE) + 1


def _bulk_calls(placed: Sequence[Placed]) -> int:
    objects = {change.object for _, change in placed}
    objects |= {stamp.object for _, change in placed for stamp in change.rests_on}
    objects |= {watch.object for _, change in placed for watch in change.watches}
    return len(objects) + _JOB_CALLS
