"""How are records merged, so that nothing of the losers is lost and none is merged twice?

What the losers held is in the journal before the first request is sent. A merge may be sent again
where its answer was lost: the org merges no record that is gone.
"""

import logging
from collections.abc import Sequence

from sfsync.apply.batch import new_values, outcome_of
from sfsync.apply.books import Books
from sfsync.apply.merged import look_at_merges, may_merge, was_merged
from sfsync.apply.tries import try_until_known
from sfsync.errors import OrgUnavailable
from sfsync.model import Change, Outcome, State
from sfsync.org import Merge, RowResult
from sfsync.org.codes import Again, again
from sfsync.portions import Placed

logger = logging.getLogger(__name__)


def merge_batch(batch: Sequence[Placed], books: Books) -> None:
    """Look at what merges of one object touch and rest on, send those that may be done, and note
    the outcomes.

    Raises OrgUnavailable where the org went away, or gave no answer to any of several tries: what
    was sent is then noted as unknown. Raises OrgRefused where it refuses to be read or written.
    """
    try_until_known(
        batch,
        books,
        lambda waiting, sent: _weigh(waiting, books, sent=sent),
        lambda waiting: _send(waiting, books),
        "merges",
    )


def _weigh(waiting: Sequence[Placed], books: Books, *, sent: bool) -> list[Placed]:
    """Note what must not be sent, or was done although its answer was lost; give back the rest."""
    sight = look_at_merges([change for _, change in waiting], books.desk.org)
    rest: list[Placed] = []
    known: list[tuple[Placed, Outcome]] = []
    for placed in waiting:
        change = placed[1]
        outcome = was_merged(change, sight) if sent else None
        if outcome is not None:
            # What comes after it in the same group then rests on this run's own work.
            _own(change, books)
        outcome = outcome or may_merge(change, sight, books.written)
        if outcome is None:
            rest.append(placed)
        else:
            known.append((placed, outcome))
    _note(known, books)
    return rest


def _send(waiting: list[Placed], books: Books) -> tuple[list[Placed], OrgUnavailable | None]:
    """Send merges and note the org's answers; give back those that were locked, or all with the
    trouble where no answer came.
    """
    merges = [
        Merge(change.id, new_values(change), tuple(loser.id for loser in change.losers))
        for _, change in waiting
    ]
    books.mark_sent(waiting)
    try:
        results = books.desk.org.merge(waiting[0][1].object, merges)
    except OrgUnavailable as lost:
        logger.warning(
            "run %s: the answer to %d merges was lost: %s", books.run_id, len(merges), lost
        )
        return waiting, lost
    answered = list(zip(waiting, results, strict=True))
    _note([(placed, outcome_of(placed[1], result)) for placed, result in answered], books)
    return [placed for placed, result in answered if _was_locked(result)], None


def _note(known: Sequence[tuple[Placed, Outcome]], books: Books) -> None:
    books.note([(seq, outcome) for (seq, _), outcome in known])
    for (_, change), outcome in known:
        if outcome.state is State.APPLIED:
            _own(change, books)


def _own(change: Change, books: Books) -> None:
    """Count all that a merge touched as written by this run: what hung on a loser bears a new stamp
    by its hand.
    """
    books.written.update((change.object, id) for id in (change.id, *(e.id for e in change.losers)))
    for loser in change.losers:
        for reference, ids in loser.children.items():
            books.written.update((reference.partition(".")[0], id) for id in ids)


def _was_locked(result: RowResult) -> bool:
    return not result.ok and again(result.code, result.message) is Again.NOW
