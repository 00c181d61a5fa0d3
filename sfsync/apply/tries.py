"""How often is something handed to the org whose answers may be lost?"""

import logging
from collections.abc import Callable, Sequence

from sfsync.apply.books import Books
from sfsync.errors import OrgError, OrgUnavailable
from sfsync.model import State
from sfsync.portions import Placed

logger = logging.getLogger(__name__)

# Seconds to wait before each look at the org; an answer that was lost may still be under way.
PAUSES = (0.0, 5.0, 20.0)
LAST_PAUSE = 60.0

Weigh = Callable[[Sequence[Placed], bool], list[Placed]]
Send = Callable[[list[Placed]], tuple[list[Placed], OrgUnavailable | None]]


def try_until_known(
    batch: Sequence[Placed], books: Books, weigh: Weigh, send: Send, noun: str = "changes"
) -> None:
    """Look, send, and look again where no answer came.

    `weigh` looks at the org, notes what must not be sent (and of what was `sent`, what the org
    did), and gives back the rest. `send` gives back what is to be tried again, with the trouble
    where no answer came. Raises OrgUnavailable where the org gave none to any of several tries:
    what was sent is then noted as unknown.
    """
    waiting, lost = list(batch), None
    for pause in PAUSES:
        before = len(waiting)
        waiting = _weighed(waiting, books, pause, lost, weigh)
        if lost is not None:
            settled = before - len(waiting)
            logger.warning(
                "run %s: read again: %d of %d are settled", books.run_id, settled, before
            )
        if waiting:
            waiting, lost = send(waiting)
        if not waiting:
            return
    if lost is None:
        return
    waiting = _weighed(waiting, books, LAST_PAUSE, lost, weigh)
    if waiting:
        tries = f"sent {len(PAUSES)} times without an answer and not done so far"
        books.note_all(waiting, State.UNKNOWN, f"{tries}: {lost}")
        raise OrgUnavailable(f"{len(waiting)} {noun} were {tries}; try again later") from lost


def _weighed(
    waiting: list[Placed], books: Books, pause: float, lost: OrgUnavailable | None, weigh: Weigh
) -> list[Placed]:
    if pause:
        books.desk.sleep(pause)
    try:
        return weigh(waiting, lost is not None)
    except OrgError as trouble:
        if lost is not None:
            unanswered = f"sent, no answer ({lost}), and not to be read since ({trouble})"
            books.note_all(waiting, State.UNKNOWN, unanswered)
        raise
