"""How are the books of a run closed that a dead process left open?"""

import logging
from collections.abc import Sequence

from sfsync.apply.desk import Desk
from sfsync.apply.present import read_touched
from sfsync.apply.verdict import decide
from sfsync.model import JournalledChange, Outcome, Run, RunState, State

logger = logging.getLogger(__name__)

NEVER_SENT = "never sent: the run ended before its turn"
NOT_DONE = "sent or about to be sent when the run ended; the org did not do it"
ENDED = "the run ended before its work was done; its books were closed later"


def settle(books: str, desk: Desk) -> tuple[Run, ...]:
    """Close the org's open runs, oldest first, and give them back as they now stand.

    Only to be called under the lock, where every open run is a dead one. What was never sent is
    skipped; what was sent without a known outcome is read and decided. Raises OrgUnavailable or
    OrgRefused where it cannot be read: the run then stays open.
    """
    return tuple(_close(run, desk) for run in reversed(desk.journal.open_runs(books)))


def _close(run: Run, desk: Desk) -> Run:
    entries = desk.journal.changes(run.id)
    outcomes = [
        (entry.seq, _outcome(entry, State.SKIPPED, NEVER_SENT))
        for entry in entries
        if entry.outcome.state is State.PLANNED
    ]
    sent = [each for each in entries if each.outcome.state in (State.SENT, State.UNKNOWN)]
    outcomes += _decided(sent, desk)
    desk.journal.note(run.id, outcomes)
    desk.journal.finish(
        run.id, finished=desk.clock(), state=RunState.CRASHED, states=None, error=ENDED
    )
    logger.info("run %s was left open: %d changes settled", run.id, len(outcomes))
    return desk.journal.run(run.id)


def _decided(sent: Sequence[JournalledChange], desk: Desk) -> list[tuple[int, Outcome]]:
    present = read_touched([entry.change for entry in sent], desk.org)
    return [
        (
            entry.seq,
            decide(entry.change, present.get((entry.change.object, entry.change.id)))
            or _outcome(entry, State.SKIPPED, NOT_DONE),
        )
        for entry in sent
    ]


def _outcome(entry: JournalledChange, state: State, message: str) -> Outcome:
    return Outcome(entry.change.object, entry.change.id, state, message=message)
