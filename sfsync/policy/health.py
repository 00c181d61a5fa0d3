"""What counts as unhealthy?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class JobLimits:
    """How old the last good run of a job may be (None: as its times in the schedule tell), and
    after how many failures in a row it is not well (None: as for all).
    """

    most_age: timedelta | None = None
    most_failures: int | None = None


@dataclass(frozen=True, slots=True)
class HealthSettings:
    """After how many failures in a row a job is not well, and what holds for some of them."""

    most_failures: int = 3
    jobs: Mapping[str, JobLimits] = field(default_factory=dict)

    def limits(self, job: str) -> JobLimits:
        """Return what holds for a job."""
        return self.jobs.get(job, JobLimits())
