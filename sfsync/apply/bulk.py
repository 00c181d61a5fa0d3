"""How are thousands of changes carried out, by a bulk job of the org?"""

import logging
from collections.abc import Sequence

from sfsync.apply.batch import look_and_weigh, new_values, outcome_of
from sfsync.apply.books import Books
from sfsync.apply.moved import moved_since
from sfsync.errors import OrgRefused, OrgUnavailable
from sfsync.model import Change, Outcome, State
from sfsync.org import UNPROCESSED, RowResult
from sfsync.org.codes import Again, again
from sfsync.portions import Placed

logger = logging.getLogger(__name__)

# Records that a job found locked, or did not come to, go through so many jobs at most.
MOST_JOBS = 3
# Seconds between two jobs: whoever held the locks is to come to an end.
PAUSE = 10.0
_NOT_TRIED = "left to the next pass: the org's bulk job ended before its turn"


def carry_out_in_bulk(placed: Sequence[Placed], books: Books) -> list[Placed]:
    """Send changes of one object through a bulk job, and note the outcomes.

    Gives back those that are to be sent in batches: the few that were locked or not tried at all
    (they are noted already, as if nothing more came of it), and all where the org takes no job.
    Raises OrgUnavailable where the org went away: what was sent is then noted as unknown. Raises
    OrgRefused where the org refused and nothing was written, Stopped where its API calls are kept
    for others.
    """
    waiting: list[Placed] = list(placed)
    for number in range(MOST_JOBS):
        if number:
            books.desk.sleep(PAUSE)
            books.desk.keep_reserve()
        waiting = _free(waiting, books)
        job = _open(waiting, books) if waiting else None
        if job is None:
            return waiting
        waiting = _send(job, waiting, books)
        if len(waiting) <= books.desk.bulk_from:
            return waiting
    return []


def _open(waiting: Sequence[Placed], books: Books) -> str | None:
    try:
        return books.desk.org.open_job(waiting[0][1].object)
    except OrgRefused as refusal:
        logger.warning("%d changes go without a bulk job: %s", len(waiting), refusal)
        return None


def _send(job: str, waiting: Sequence[Placed], books: Books) -> list[Placed]:
    """Hand changes to an open job, note what became of them, and give back whom to send again."""
    # From here on the books can tell whom to ask what was written.
    books.mark_sent(waiting, job)
    rows = [(change.id, new_values(change)) for _, change in waiting]
    try:
        results = books.desk.org.send_job(job, waiting[0][1].object, rows)
    except OrgUnavailable as lost:
        books.note_all(waiting, State.UNKNOWN, f"handed to the bulk job {job}, no answer ({lost})")
        raise
    answered = list(zip(waiting, results, strict=True))
    books.note([(seq, outcome_of_job(change, result)) for (seq, change), result in answered])
    left = [placed for placed, result in answered if _may_go_again(result)]
    logger.info("bulk job %s: %d records sent, %d are left", job, len(rows), len(left))
    return left


def _free(waiting: Sequence[Placed], books: Books) -> list[Placed]:
    """Note what must not be written, and give back the rest in the same order."""
    org = books.desk.org
    moved = moved_since([change for _, change in waiting], org, books.read_at, books.written)
    doubtful = [placed for placed in waiting if _key(placed[1]) in moved]
    if not doubtful:
        return list(waiting)
    free = {seq for seq, _ in look_and_weigh(doubtful, books, sent=False)}
    return [placed for placed in waiting if _key(placed[1]) not in moved or placed[0] in free]


def _key(change: Change) -> tuple[str, str]:
    return change.object, change.id


def _may_go_again(result: RowResult) -> bool:
    if result.ok:
        return False
    return result.code == UNPROCESSED or again(result.code, result.message) is Again.NOW


def outcome_of_job(change: Change, result: RowResult) -> Outcome:
    """Tell what became of a change that a bulk job was given."""
    if result.code == UNPROCESSED and not result.ok:
        return Outcome(change.object, change.id, State.SKIPPED, UNPROCESSED, _NOT_TRIED)
    return outcome_of(change, result)
