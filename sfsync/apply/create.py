"""How are records created, so that each is created once?

The org has no key by which it would refuse a record that it has already. So it is asked first, and
a creation whose answer was lost is looked for, never sent again: the platform may still be at work
on it. What is not found stays unknown until that cannot be any more (see `settle`).
"""

import logging
from collections.abc import Sequence

from sfsync.apply.batch import look_and_weigh, new_values
from sfsync.apply.books import Books
from sfsync.apply.present import find_created
from sfsync.apply.tries import LAST_PAUSE, PAUSES
from sfsync.errors import OrgError, OrgUnavailable
from sfsync.model import Change, Outcome, State
from sfsync.org import RowResult
from sfsync.org.codes import Again, again
from sfsync.portions import Placed

logger = logging.getLogger(__name__)

# A record that was refused because of a lock was not created: it is sent so many times in all.
_TRIES = 3
_LOCK_PAUSE = 5.0
CREATED_BEFORE = "created, or perhaps created, by an earlier run"
FOUND = "its answer was lost; it was found in the org"


def create_batch(batch: Sequence[Placed], books: Books) -> None:
    """Create what no other run created and is not there yet, and note the outcomes.

    Raises OrgUnavailable where the org went away, or gave no answer and what was sent is not found:
    that is then noted as unknown. Raises OrgRefused where it refuses to be read or written.
    """
    waiting = _never_created(batch, books)
    if waiting:
        waiting = look_and_weigh(waiting, books, sent=False)
    for number in range(_TRIES):
        if not waiting:
            return
        if number:
            books.desk.sleep(_LOCK_PAUSE)
            waiting = look_and_weigh(waiting, books, sent=False)
        waiting = _send(waiting, books)


def _never_created(batch: Sequence[Placed], books: Books) -> list[Placed]:
    """Note which were created since they were planned, or perhaps were; give back the others.

    A plan may have been saved before: the org alone does not tell of a record that somebody renamed
    since, or that is still under way.
    """
    made = books.desk.journal.created_before(books.run_id)
    before = [each for each in batch if each[1].id in made]
    books.note_all(before, State.SKIPPED, CREATED_BEFORE)
    return [each for each in batch if each[1].id not in made]


def _send(waiting: list[Placed], books: Books) -> list[Placed]:
    """Send creations once, note the outcomes, and give back those that were locked."""
    if not waiting:
        return []
    books.mark_sent(waiting)
    rows = [new_values(change) for _, change in waiting]
    try:
        results = books.desk.org.create(waiting[0][1].object, rows)
    except OrgUnavailable as lost:
        _look_for(waiting, books, lost)
        return []
    answered = list(zip(waiting, results, strict=True))
    books.note([(seq, _outcome(change, result)) for (seq, change), result in answered])
    return [placed for placed, result in answered if _was_locked(result)]


def _was_locked(result: RowResult) -> bool:
    return not result.ok and again(result.code, result.message) is Again.NOW


def _look_for(waiting: list[Placed], books: Books, lost: OrgUnavailable) -> None:
    """Look several times for what was sent without an answer; raises OrgUnavailable where some of
    it is not found.
    """
    logger.warning(
        "run %s: the answer to %d creations was lost: %s", books.run_id, len(waiting), lost
    )
    for pause in (*PAUSES[1:], LAST_PAUSE):
        books.desk.sleep(pause)
        try:
            found = find_created([change for _, change in waiting], books.desk.org)
        except OrgError as trouble:
            unanswered = f"sent, no answer ({lost}), and not to be read since ({trouble})"
            books.note_all(waiting, State.UNKNOWN, unanswered)
            raise
        books.note(
            [
                (seq, as_found(change, found[key]))
                for seq, change in waiting
                if (key := (change.object, change.id)) in found
            ]
        )
        waiting = [each for each in waiting if (each[1].object, each[1].id) not in found]
        if not waiting:
            return
    books.note_all(waiting, State.UNKNOWN, f"sent without an answer and not found so far: {lost}")
    raise OrgUnavailable(
        f"{len(waiting)} records were to be created, no answer came, and they are not found; the"
        " next start looks for them again"
    ) from lost


def as_found(change: Change, id: str) -> Outcome:
    """Tell that a record, whose creation was sent without an answer, is there."""
    return Outcome(change.object, change.id, State.APPLIED, message=FOUND, created=id)


def _outcome(change: Change, result: RowResult) -> Outcome:
    if result.ok:
        return Outcome(change.object, change.id, State.APPLIED, created=result.id)
    return Outcome(change.object, change.id, State.REFUSED, result.code, result.message)
