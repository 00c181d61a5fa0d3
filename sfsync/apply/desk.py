"""What does applying need at hand?"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sfsync.journal import Journal
from sfsync.org import Org


@dataclass(frozen=True, slots=True)
class Desk:
    """The org, the books, and the ways to wait and to tell.

    `clock` gives the org's time (aware UTC), `sleep` waits some seconds, `progress` is told how
    many changes of how many are done.
    """

    org: Org
    journal: Journal
    clock: Callable[[], datetime]
    sleep: Callable[[float], None]
    progress: Callable[[int, int], None]
