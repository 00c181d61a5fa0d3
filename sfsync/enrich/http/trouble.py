"""What does it mean that a source gave no answer, and how long does it ask us to wait?"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_PAUSE = 60.0
# A source that turned us away, or failed again and again, is not asked by the next runs either: who
# goes on during a ban or an outage is banned for longer. A scheduler may start one every minute.
BAN_SECONDS, OUTAGE_SECONDS = 3_600.0, 600.0
_LONGEST_REST = 7 * 86_400.0
_PAUSE = 2.0
_TOO_MANY_PAUSE = 10.0
_NO_KEY, _FORBIDDEN, _TOO_MANY = 401, 403, 429
_BUSY = (502, 503, 504)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why there is no answer. `again`: the question may be put once more. `counts`: as a failure of
    the source. `leaves`: the source is left alone for this run. `pause`: seconds in which its host
    is not asked. `rests`: seconds in which other runs ask it no more either.
    """

    said: str
    again: bool = False
    counts: bool = False
    leaves: bool = False
    pause: float = 0.0
    rests: float = 0.0


def of_status(status: int, headers: Mapping[str, str], now: datetime) -> Trouble:
    """Judge a status that is no answer."""
    said = f"it answers with status {status}"
    if status == _NO_KEY:
        return Trouble(f"{said}: it does not take the key", leaves=True)
    if status == _FORBIDDEN:
        return Trouble(f"{said}: it refuses us", leaves=True, rests=BAN_SECONDS)
    if status == _TOO_MANY:
        return _paused(Trouble(said, counts=True), headers, now, _TOO_MANY_PAUSE)
    if status in _BUSY:
        return _paused(Trouble(said, again=True, counts=True), headers, now, _PAUSE)
    return Trouble(said, counts=status >= 500)


def of_later(headers: Mapping[str, str], now: datetime) -> Trouble:
    """Judge an answer that says with status 200 that there is none for now."""
    return _paused(
        Trouble("it is busy, as its answer says", again=True, counts=True), headers, now, _PAUSE
    )


def of_connection(kind: str, *, is_refused: bool) -> Trouble:
    """Judge a request that got no answer."""
    if is_refused:
        # Some operators ban in this way, and for longer where one goes on.
        said = "it refuses the connection, as it does to those it bans"
        return Trouble(said, leaves=True, rests=BAN_SECONDS)
    return Trouble(f"no answer ({kind})", again=True, counts=True, pause=_PAUSE)


def _paused(trouble: Trouble, headers: Mapping[str, str], now: datetime, without: float) -> Trouble:
    told = retry_after(headers.get("retry-after", ""), now)
    pause = without if told is None else told
    rests = min(told or 0.0, _LONGEST_REST)
    if pause > LONGEST_PAUSE:
        said = f"{trouble.said} and asks to wait {pause:.0f} seconds"
        return Trouble(said, leaves=True, rests=rests)
    return Trouble(trouble.said, trouble.again, trouble.counts, pause=pause, rests=rests)


def retry_after(text: str, now: datetime) -> float | None:
    """Read a Retry-After header, seconds or a date, as seconds from now; None where it is none."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        # More digits than a year has seconds say no more.
        return float(text[:9]) if len(text) <= 9 else float("inf")
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, IndexError, TypeError):
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - now).total_seconds())
