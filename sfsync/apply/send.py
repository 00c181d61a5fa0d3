"""How are the changes of a run carried out, portion by portion?"""

import logging
from collections.abc import Sequence
from datetime import datetime

from sfsync.apply.batch import carry_out_batch
from sfsync.apply.books import Books
from sfsync.apply.bulk import carry_out_in_bulk
from sfsync.apply.create import create_batch
from sfsync.apply.desk import Desk
from sfsync.apply.merge import merge_batch
from sfsync.errors import LimitReached, OrgRefused, Stopped
from sfsync.model import Action, Change, Outcome, State
from sfsync.portions import Placed, Portion, portions

logger = logging.getLogger(__name__)

_LEFT = "left to the next pass"


def apply(
    changes: Sequence[Change], run_id: str, desk: Desk, read_at: datetime
) -> tuple[Outcome, ...]:
    """Carry out the changes of a run that the journal holds as started; outcomes in their order.

    `read_at` is the org's clock when reading for the plan began: what the changes rest on and watch
    must not have changed since.

    Raises OrgUnavailable where the org went away: what was sent without an answer is noted as
    unknown, the rest stays planned, and the run is to be left open, for `settle` to close. Raises
    LimitReached where the day's API calls are used up, Stopped where those left are kept for
    others, and OrgRefused where the org refuses to go on: all that is not done is then noted as
    skipped, with the reason.
    """
    books = Books(desk, run_id, read_at)
    try:
        for portion in portions(changes, desk.bulk_from, desk.batch_size):
            desk.keep_reserve()
            _carry_out(portion, books)
            desk.progress(len(books.outcomes), len(changes))
    except (LimitReached, Stopped) as stop:
        _leave_the_rest(changes, books, f"{_LEFT}: {stop}")
        raise
    except OrgRefused as refusal:
        _leave_the_rest(changes, books, f"not written: {refusal}")
        raise
    logger.info("run %s: %d changes applied", run_id, len(books.written))
    return tuple(books.outcomes[seq] for seq in range(len(changes)))


def _carry_out(portion: Portion, books: Books) -> None:
    waiting: Sequence[Placed] = portion.placed
    if portion.action is Action.CREATE:
        create_batch(waiting, books)
        return
    if portion.action is Action.MERGE:
        merge_batch(waiting, books)
        return
    if portion.in_bulk:
        waiting = carry_out_in_bulk(waiting, books)
    size = books.desk.batch_size
    for first in range(0, len(waiting), size):
        if portion.in_bulk:
            books.desk.keep_reserve()
        carry_out_batch(waiting[first : first + size], books)


def _leave_the_rest(changes: Sequence[Change], books: Books, why: str) -> None:
    rest = [each for each in enumerate(changes) if each[0] not in books.outcomes]
    books.note_all(rest, State.SKIPPED, why)
