"""How often, and after which pause, is a question put to the org again?"""

import logging
import random
from collections.abc import Callable, Iterator
from typing import TypeVar

from sfsync.logs import Worded
from sfsync.org.trouble import FAMILIES, Trouble, diagnose

logger = logging.getLogger(__name__)

T = TypeVar("T")

_LONGEST_SECONDS = 60.0


def pauses(first: float) -> Iterator[float]:
    """Give growing pauses in seconds, each off its nominal length by up to half.

    Clients that were turned away together must not come back together.
    """
    length = first
    while True:
        yield random.uniform(0.5, 1.5) * length
        length = min(length * 3, _LONGEST_SECONDS)


def once(call: Callable[[], T], doing: str) -> T:
    """Put a question once; raises OrgUnavailable or OrgRefused."""
    answer = _attempt(call, doing)
    if isinstance(answer, Trouble):
        raise answer.error()
    return answer


def persist(
    call: Callable[[], T],
    doing: str,
    sleep: Callable[[float], None],
    absent: Callable[[Trouble], bool] | None = None,
) -> T | None:
    """Put a question that changes nothing, again where the trouble is temporary.

    None where `absent` says that the trouble is an answer. Raises OrgUnavailable or OrgRefused.
    """
    tried = 0
    waits: Iterator[float] | None = None
    while isinstance(answer := _attempt(call, doing), Trouble):
        tried += 1
        if absent is not None and absent(answer):
            return None
        if tried >= answer.advice.tries:
            raise answer.error()
        waits = waits or pauses(answer.advice.pause)
        pause = next(waits)
        said = Worded(answer.said, answer.logged)
        logger.warning("%s; waiting %.1f seconds, then try %d", said, pause, tried + 1)
        sleep(pause)
    return answer


def _attempt(call: Callable[[], T], doing: str) -> T | Trouble:
    # The error ends here: a traceback of it would print the URL and the answer, that is, values of
    # records.
    try:
        return call()
    except FAMILIES as error:
        return diagnose(error, doing)
