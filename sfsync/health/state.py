"""How does the service fare?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sfsync.errors import ExitCode
from sfsync.model import to_iso

# Some records refused or stale: the job did its work.
GOOD_CODES = (ExitCode.DONE, ExitCode.INCOMPLETE)


@dataclass(frozen=True, slots=True)
class JobHealth:
    """How a job fares: when its last good run ended (aware UTC; None: never), how many failed
    since, and what is wrong with that. `error` is what the last of these said, for people alone:
    it may quote records.
    """

    job: str
    good: datetime | None
    failures: int
    error: str
    problems: tuple[str, ...] = ()

    def age(self, now: datetime) -> float | None:
        """Return how long ago its last good run ended, in seconds."""
        return None if self.good is None else (now - self.good) / timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class OpenTurn:
    """A turn that has not ended; `problem` says so where it should have."""

    job: str
    started: datetime
    attempts: int
    problem: str = ""


@dataclass(frozen=True, slots=True)
class OrgHealth:
    """Whether the org answered (None: it was not asked), why not, and how many API calls it has
    left, of how many (None: nobody knows).
    """

    is_reachable: bool | None = None
    problem: str = ""
    api_left: int | None = None
    api_total: int | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """All that there is to say at a moment (aware UTC).

    `journal` says what is wrong with the journal. `mails` counts those that wait, by state;
    `mail_problem` tells of one that waits too long.
    """

    now: datetime
    jobs: tuple[JobHealth, ...] = ()
    turns: tuple[OpenTurn, ...] = ()
    mails: Mapping[str, int] = field(default_factory=dict)
    mail_problem: str = ""
    journal: str = ""
    org: OrgHealth = OrgHealth()

    @property
    def problems(self) -> tuple[str, ...]:
        """All that is wrong, the worst first; nothing where the service is well."""
        told = [
            self.journal,
            self.org.problem,
            *(each for job in self.jobs for each in job.problems),
            *(each.problem for each in self.turns),
            self.mail_problem,
        ]
        return tuple(filter(None, told))

    def data(self) -> dict[str, Any]:
        """Return it as JSON has it: instants are ISO texts, ages seconds."""
        org = self.org
        return {
            "healthy": not self.problems,
            "problems": list(self.problems),
            "now": to_iso(self.now),
            "jobs": [self._job(each) for each in self.jobs],
            "open_turns": [
                {"job": each.job, "started": to_iso(each.started), "attempts": each.attempts}
                for each in self.turns
            ],
            "journal": {"writable": not self.journal},
            "org": {
                "reachable": org.is_reachable,
                "api_left": org.api_left,
                "api_total": org.api_total,
            },
            "mails": dict(self.mails),
        }

    def _job(self, job: JobHealth) -> dict[str, Any]:
        return {
            "job": job.job,
            "healthy": not job.problems,
            "last_good_run": None if job.good is None else to_iso(job.good),
            "age_seconds": job.age(self.now),
            "failures_in_a_row": job.failures,
        }


@dataclass(frozen=True, slots=True)
class Healths:
    """How several orgs fare, by name, at a moment (aware UTC)."""

    now: datetime
    orgs: Mapping[str, Health]

    @property
    def problems(self) -> tuple[str, ...]:
        """All that is wrong, each with the name of its org."""
        return tuple(f"{name}: {each}" for name, one in self.orgs.items() for each in one.problems)

    def data(self) -> dict[str, Any]:
        """Return it as JSON has it, with that of each org."""
        return {
            "healthy": not self.problems,
            "problems": list(self.problems),
            "now": to_iso(self.now),
            "orgs": {name: each.data() for name, each in self.orgs.items()},
        }
