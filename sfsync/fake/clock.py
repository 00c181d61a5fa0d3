"""What time is it in the fake org?"""

from datetime import UTC, datetime, timedelta


class Clock:
    """A clock that stands still until it is told to move; whole seconds, UTC."""

    def __init__(self, moment: datetime) -> None:
        self._now = _whole_seconds(moment)

    def now(self) -> datetime:
        """Return the present moment: aware UTC, whole seconds."""
        return self._now

    def set(self, moment: datetime) -> None:
        """Move the clock to an aware moment, forward or back; raises ValueError on a naive one."""
        self._now = _whole_seconds(moment)

    def advance(self, seconds: float) -> None:
        """Move the clock forward; raises ValueError on a negative number of seconds."""
        if seconds < 0:
            raise ValueError(f"the clock only advances forward, not by {seconds} seconds")
        self._now = _whole_seconds(self._now + timedelta(seconds=seconds))


def _whole_seconds(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"the clock needs an aware moment, not {moment.isoformat()}")
    return moment.astimezone(UTC).replace(microsecond=0)
