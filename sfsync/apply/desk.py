"""What does applying need at hand?"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sfsync.journal import Journal
from sfsync.org import Org, keep_reserve
from sfsync.portions import BATCH_SIZE, BULK_FROM


@dataclass(frozen=True, slots=True)
class Desk:
    """The org, the books, and the ways to wait and to tell.

    `clock` gives the org's time (aware UTC), `sleep` waits some seconds, `progress` is told how
    many changes of how many are done. `reserve` is the share of the org's daily API calls that is
    left to others, from 0 to 1. More than `bulk_from` changes of an object go by bulk jobs, the
    others `batch_size` at once.
    """

    org: Org
    journal: Journal
    clock: Callable[[], datetime]
    sleep: Callable[[float], None]
    progress: Callable[[int, int], None]
    reserve: float = 0.0
    bulk_from: int = BULK_FROM
    batch_size: int = BATCH_SIZE

    def keep_reserve(self) -> None:
        """Raise Stopped where what is left of the day's API calls is kept for others."""
        keep_reserve(self.org, self.reserve)
