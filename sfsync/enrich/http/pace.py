"""When may a host be asked again, so that its quota is never passed?"""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Clock:
    """The time, as passed in: of the day (aware UTC), in seconds that only grow, and a way to wait
    some seconds.
    """

    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]

    def wait_until(self, moment: float) -> None:
        """Wait until the growing seconds have come to `moment`."""
        while (left := moment - self.monotonic()) > 0:
            self.sleep(left)


class Pace:
    """Turns at one host, evenly spread; not more than its quota in any one second.

    Requests reach a host with delays of their own. So a second is counted from when an earlier
    request was *answered*: at that time the host had surely seen it, and what is sent later comes
    later. A fraction of a request is not given (2.5 a second are 2), except below one a second.
    """

    def __init__(self, per_second: float, clock: Clock, *, starts_rested: bool = False) -> None:
        if per_second <= 0:
            raise ValueError("a quota is more than nothing")
        self._clock = clock
        self._step = 1 / per_second
        self._window = max(1.0, self._step)
        most = max(1, int(per_second))
        # A process before this one may have asked just now, and been killed.
        before = [] if starts_rested else [clock.monotonic()] * most
        self._answered: deque[float] = deque(before, maxlen=most)
        self._not_before = clock.monotonic()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn; the request and its answer happen inside, one at a time."""
        full = len(self._answered) == self._answered.maxlen
        due = self._answered[0] + self._window if full else self._not_before
        self._clock.wait_until(max(due, self._not_before))
        self.rest(self._step)
        try:
            yield
        finally:
            self._answered.append(self._clock.monotonic())

    def rest(self, seconds: float) -> None:
        """Give no turn for so long."""
        self._not_before = max(self._not_before, self._clock.monotonic() + seconds)
