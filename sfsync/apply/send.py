"""How is a plan sent, batch by batch, with every step in the books before it is taken?

For each batch: read again what is about to change and what that rests on; what moved is stale. Note
the rest as sent, send it, note what the org answered. Where no answer came, read to know what
happened, and only what surely was not written is sent again.
"""

import logging
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from sfsync.apply.desk import Desk
from sfsync.apply.present import read_present, read_stirred
from sfsync.apply.verdict import may_write, was_done
from sfsync.errors import OrgError, OrgRefused, OrgUnavailable
from sfsync.model import Change, Outcome, State
from sfsync.org import RowResult

logger = logging.getLogger(__name__)

Placed = tuple[int, Change]

# What one request to the platform's collections may hold.
BATCH_SIZE = 200
# Seconds to wait before each look at the org; an answer that was lost may still be under way.
PAUSES = (0.0, 5.0, 20.0)
LAST_PAUSE = 60.0
# The platform's words for a record that was deleted between our look and our write.
GONE_CODES = ("ENTITY_IS_DELETED", "NOT_FOUND")


@dataclass(slots=True)
class _Books:
    """The journal's account of one run, and what of it is known so far."""

    desk: Desk
    run_id: str
    read_at: datetime
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    written: set[tuple[str, str]] = field(default_factory=set)

    def note(self, outcomes: Sequence[tuple[int, Outcome]]) -> None:
        self.desk.journal.note(self.run_id, outcomes)
        self.outcomes.update(outcomes)
        self.written.update(
            (outcome.object, outcome.id)
            for _, outcome in outcomes
            if outcome.state is State.APPLIED
        )

    def note_all(self, placed: Sequence[Placed], state: State, message: str) -> None:
        self.note(
            [
                (seq, Outcome(change.object, change.id, state, message=message))
                for seq, change in placed
            ]
        )


def apply(
    changes: Sequence[Change], run_id: str, desk: Desk, read_at: datetime
) -> tuple[Outcome, ...]:
    """Carry out the changes of a run that the journal holds as started; outcomes in their order.

    `read_at` is the org's clock when reading for the plan began: what the changes watch must not
    have changed since.

    Raises OrgUnavailable where the org went away: what was sent without an answer is noted as
    unknown, the rest stays planned, and the run is to be left open, for `settle` to close. Raises
    OrgRefused where the org refuses to go on (such as its daily limit): all that is not done is
    noted as skipped, with the org's words.
    """
    books = _Books(desk, run_id, read_at)
    for batch in batches(changes):
        try:
            _carry_out(batch, books)
        except OrgRefused as refusal:
            rest = [each for each in enumerate(changes) if each[0] not in books.outcomes]
            books.note_all(rest, State.SKIPPED, f"not written: {refusal}")
            raise
        desk.progress(len(books.outcomes), len(changes))
    logger.info("run %s: %d changes applied", run_id, len(books.written))
    return tuple(books.outcomes[seq] for seq in range(len(changes)))


def batches(changes: Sequence[Change]) -> Iterator[list[Placed]]:
    """Cut changes, in their order, into batches of one object and at most 200, with their seqs."""
    for _, same in groupby(enumerate(changes), key=lambda placed: placed[1].object):
        placed = list(same)
        for first in range(0, len(placed), BATCH_SIZE):
            yield placed[first : first + BATCH_SIZE]


def _carry_out(batch: list[Placed], books: _Books) -> None:
    waiting, lost = batch, None
    for pause in PAUSES:
        waiting = _look(waiting, books, pause, lost)
        if not waiting:
            return
        lost = _send(waiting, books)
        if lost is None:
            return
    waiting = _look(waiting, books, LAST_PAUSE, lost)
    if waiting:
        tries = f"sent {len(PAUSES)} times without an answer and not done so far"
        books.note_all(waiting, State.UNKNOWN, f"{tries}: {lost}")
        raise OrgUnavailable(f"{len(waiting)} changes were {tries}; try again later") from lost


def _look(
    waiting: list[Placed], books: _Books, pause: float, lost: OrgUnavailable | None
) -> list[Placed]:
    """Note what must not be sent, or was done although its answer was lost; give back the rest."""
    if pause:
        books.desk.sleep(pause)
    try:
        changes = [change for _, change in waiting]
        stirred = read_stirred(changes, books.desk.org, books.read_at)
        present = read_present(changes, books.desk.org)
    except OrgError as trouble:
        if lost is not None:
            unanswered = f"sent, no answer ({lost}), and not to be read since ({trouble})"
            books.note_all(waiting, State.UNKNOWN, unanswered)
        raise
    known: list[tuple[int, Outcome]] = []
    rest: list[Placed] = []
    for seq, change in waiting:
        outcome = None
        if lost is not None:
            outcome = was_done(change, present.get((change.object, change.id)))
        outcome = outcome or may_write(change, present, books.written)
        why = stirred.get((change.object, change.id))
        if outcome is None and why is not None:
            outcome = Outcome(change.object, change.id, State.STALE, message=why)
        if outcome is None:
            rest.append((seq, change))
        else:
            known.append((seq, outcome))
    books.note(known)
    return rest


def _send(waiting: list[Placed], books: _Books) -> OrgUnavailable | None:
    """Send a batch and note the org's answers; give back the trouble where no answer came."""
    desk = books.desk
    moved: dict[str, Outcome] = {}
    by_id = {change.id: change for _, change in waiting}

    def unchanged(ids: Sequence[str]) -> Collection[str]:
        return _still_free([by_id[id] for id in ids], books, moved)

    rows = [
        (change.id, {name: each.after for name, each in sorted(change.fields.items())})
        for _, change in waiting
    ]
    desk.journal.mark_sent(books.run_id, [seq for seq, _ in waiting], desk.clock())
    try:
        results = desk.org.update(waiting[0][1].object, rows, unchanged=unchanged)
    except OrgUnavailable as lost:
        logger.warning(
            "run %s: the answer to %d changes was lost: %s", books.run_id, len(rows), lost
        )
        return lost
    answered = zip(waiting, results, strict=True)
    books.note([(seq, _answer(change, result, moved)) for (seq, change), result in answered])
    return None


def _still_free(changes: list[Change], books: _Books, moved: dict[str, Outcome]) -> set[str]:
    try:
        present = read_present(changes, books.desk.org)
    except OrgRefused as refusal:
        # Raised through the update it would read as if nothing of the batch had been written.
        logger.warning("%d locked records stay as they were: %s", len(changes), refusal)
        return set()
    free = set()
    for change in changes:
        outcome = may_write(change, present, books.written)
        if outcome is None:
            free.add(change.id)
        else:
            moved[change.id] = outcome
    return free


def _answer(change: Change, result: RowResult, moved: dict[str, Outcome]) -> Outcome:
    if result.ok:
        return Outcome(change.object, change.id, State.APPLIED)
    if change.id in moved:
        return moved[change.id]
    state = State.STALE if result.code in GONE_CODES else State.REFUSED
    return Outcome(change.object, change.id, state, result.code, result.message)
