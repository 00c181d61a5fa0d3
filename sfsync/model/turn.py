"""When was a job's turn, and what became of it?"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Turn:
    """One time that a job of the schedule was due, as journalled. Instants are UTC.

    `service` names the schedule that it belongs to: one journal may hold those of several. `due` is
    the moment that the schedule names; `started` and `finished` are the machine's clock, of the
    last of its `attempts`. `exit_code` is that of the command (docs/operate.md), None while it runs
    and where its process died; `message` is the last that it said of what went wrong.
    """

    number: int
    service: str
    job: str
    due: datetime
    started: datetime
    finished: datetime | None = None
    exit_code: int | None = None
    attempts: int = 1
    message: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it runs, or its process died before it could say how it ended."""
        return self.finished is None
