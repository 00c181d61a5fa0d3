"""How are some updates or deletions of one object carried out, in one request to the org?

Either may be sent again where its answer was lost: the records tell whether it was done.
"""

import logging
from collections.abc import Collection, Sequence

from sfsync.apply.books import Books
from sfsync.apply.present import Sight, look
from sfsync.apply.tries import try_until_known
from sfsync.apply.verdict import ALREADY_GONE, may_write, was_done
from sfsync.errors import OrgRefused, OrgUnavailable
from sfsync.model import Action, Change, Outcome, State, Value
from sfsync.org import RowResult
from sfsync.portions import Placed

logger = logging.getLogger(__name__)

# The platform's words for a record that was deleted between our look and our write.
GONE_CODES = ("ENTITY_IS_DELETED", "NOT_FOUND")


def carry_out_batch(batch: Sequence[Placed], books: Books) -> None:
    """Look at what changes touch and rest on, send those that may be written, and note the
    outcomes.

    Raises OrgUnavailable where the org went away, or gave no answer to any of several tries: what
    was sent is then noted as unknown. Raises OrgRefused where it refuses to be read or written.
    """
    try_until_known(
        batch,
        books,
        lambda waiting, sent: look_and_weigh(waiting, books, sent=sent),
        lambda waiting: _send(waiting, books),
    )


def look_and_weigh(waiting: Sequence[Placed], books: Books, *, sent: bool) -> list[Placed]:
    """Look at the org, and `weigh`; raises OrgUnavailable or OrgRefused where it cannot be read."""
    sight = look([change for _, change in waiting], books.desk.org, books.read_at)
    return weigh(waiting, sight, books, sent=sent)


def weigh(waiting: Sequence[Placed], sight: Sight, books: Books, *, sent: bool) -> list[Placed]:
    """Note which changes must not be written as the org stands now, and give back the others.

    Where they were `sent` already without an answer, those that the org did are noted as applied.
    """
    known: list[tuple[int, Outcome]] = []
    rest: list[Placed] = []
    for seq, change in waiting:
        outcome = None
        if sent:
            outcome = was_done(change, sight.rows.get((change.object, change.id)))
        outcome = outcome or may_write(change, sight, books.written)
        if outcome is None:
            rest.append((seq, change))
        else:
            known.append((seq, outcome))
    books.note(known)
    return rest


def _send(waiting: list[Placed], books: Books) -> tuple[list[Placed], OrgUnavailable | None]:
    """Send a batch and note the org's answers; give back all with the trouble where none came."""
    moved: dict[str, Outcome] = {}
    by_id = {change.id: change for _, change in waiting}

    def unchanged(ids: Sequence[str]) -> Collection[str]:
        return _still_free([by_id[id] for id in ids], books, moved)

    org, object = books.desk.org, waiting[0][1].object
    rows = [(change.id, new_values(change)) for _, change in waiting]
    books.mark_sent(waiting)
    try:
        if waiting[0][1].action is Action.DELETE:
            results = org.delete(object, [id for id, _ in rows], unchanged=unchanged)
        else:
            results = org.update(object, rows, unchanged=unchanged)
    except OrgUnavailable as lost:
        logger.warning(
            "run %s: the answer to %d changes was lost: %s", books.run_id, len(rows), lost
        )
        return waiting, lost
    books.note(
        [
            (seq, moved.get(change.id) or outcome_of(change, result))
            for (seq, change), result in zip(waiting, results, strict=True)
        ]
    )
    return [], None


def _still_free(changes: list[Change], books: Books, moved: dict[str, Outcome]) -> set[str]:
    try:
        sight = look(changes, books.desk.org, books.read_at)
    except OrgRefused as refusal:
        # Raised through the update it would read as if nothing of the batch had been written.
        logger.warning("%d locked records stay as they were: %s", len(changes), refusal)
        return set()
    free = set()
    for change in changes:
        outcome = may_write(change, sight, books.written)
        if outcome is None:
            free.add(change.id)
        else:
            moved[change.id] = outcome
    return free


def new_values(change: Change) -> dict[str, Value]:
    """Give the values that a change writes, by field, in order."""
    return {name: each.after for name, each in sorted(change.fields.items())}


def outcome_of(change: Change, result: RowResult) -> Outcome:
    """Tell what became of a change that the org answered."""
    if result.ok:
        return Outcome(change.object, change.id, State.APPLIED)
    if change.action is Action.DELETE and result.code in GONE_CODES:
        return Outcome(change.object, change.id, State.SKIPPED, message=ALREADY_GONE)
    state = State.STALE if result.code in GONE_CODES else State.REFUSED
    return Outcome(change.object, change.id, state, result.code, result.message)
