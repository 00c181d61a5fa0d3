"""How does a bulk job come to its end?"""

import logging
from collections.abc import Iterator, Mapping
from typing import Any, Final

import requests

from sfsync.errors import OrgUnavailable
from sfsync.org.trouble import Trouble, UnreadableAnswer
from sfsync.org.wire import Wire, unreadable

logger = logging.getLogger(__name__)

COMPLETE: Final = "JobComplete"
FAILED: Final = "Failed"
ABORTED: Final = "Aborted"
OPEN: Final = "Open"
ENDED: Final = frozenset({COMPLETE, FAILED, ABORTED})

# A small job is done within seconds; a look at a long one costs a call of the day's.
_FIRST_LOOK_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 30.0
_PATIENCE_SECONDS = 6 * 3600.0


def look(wire: Wire, path: str, doing: str) -> Mapping[str, Any] | None:
    """Ask for a job's state and figures; None where the org does not know the job (any more)."""
    info = wire.get(path, doing, _is_gone)
    if info is not None and not isinstance(info.get("state"), str):
        raise unreadable(doing)
    return info


def id_of(answer: requests.Response) -> str:
    """Read the Id of a job that was just made; raises UnreadableAnswer where none is told."""
    info = answer.json()
    found = info.get("id") if isinstance(info, Mapping) else None
    if not isinstance(found, str) or not found.isalnum():
        raise UnreadableAnswer("the answer tells no job")
    return found


def wait(wire: Wire, path: str, doing: str) -> Mapping[str, Any]:
    """Wait for a job's end, up to 6 hours, and give its state and figures.

    Raises OrgUnavailable where it does not end or is gone.
    """
    for pause in _pauses():
        wire.sleep(pause)
        info = look(wire, path, doing)
        if info is None:
            raise OrgUnavailable(f"{doing}: the org knows the bulk job no more. Try again")
        if info["state"] in ENDED:
            logger.debug("%s: job %s ended as %s", doing, info.get("id"), info["state"])
            return info
    raise OrgUnavailable(
        f"{doing}: the bulk job did not end within {_PATIENCE_SECONDS / 3600:.0f} hours. See "
        "Setup, Bulk Data Load Jobs, and try again later"
    )


def _pauses() -> Iterator[float]:
    pause, waited = _FIRST_LOOK_SECONDS, 0.0
    while waited < _PATIENCE_SECONDS:
        yield pause
        waited += pause
        pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)


def _is_gone(trouble: Trouble) -> bool:
    return trouble.status == 404
