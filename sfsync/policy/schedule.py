"""What is to be done when, without anybody asking?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time, timedelta

# As the configuration names them, in the order of `date.weekday()`.
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Again and again from a time of the day until another, both included, each `every`."""

    every: timedelta
    begins: time
    ends: time


@dataclass(frozen=True, slots=True)
class ScheduledJob:
    """A job of the schedule: an sfsync command line (`words`, without `sfsync`), and its times.

    Times and `days` (0 is Monday) are those of `zone` (IANA name): each of `at`, or a `rhythm`. Who
    goes on for longer than `limit` is ended. `place` is the line of the configuration.
    """

    name: str
    words: tuple[str, ...]
    zone: str
    days: frozenset[int]
    at: tuple[time, ...]
    rhythm: Rhythm | None
    limit: timedelta
    place: str


@dataclass(frozen=True, slots=True)
class Schedule:
    """The jobs that are done by themselves, in the order of the configuration."""

    jobs: Sequence[ScheduledJob] = ()

    def find(self, name: str) -> ScheduledJob | None:
        """Return the job of that name; None where there is none."""
        return next((job for job in self.jobs if job.name == name), None)
