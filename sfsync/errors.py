"""What can go wrong, and what does the process then say to its caller?

SfsyncError                     everything below; each carries its exit code
├── ConfigError                 settings, rules or config files are wrong (all problems at once)
│   └── CircleError             rules that would send a record round in a circle at one moment
├── PlanRefused                 the plan does not fit: other org, other policy, too old, unreadable
├── Stopped                     a limit or guard stopped the run, before it wrote or on the way
│   └── ReserveKept             what is left of the org's API requests is kept for others
├── Misused                     options that do not go together, or make no sense at that moment
├── NotFound                    no such run, record, job or rule (lists what there is)
├── OrgError
│   ├── OrgUnavailable          temporary: worth trying again later
│   └── OrgRefused              final: the org or its sign-in says no
│       └── LimitReached        the org's API requests of the day are used up
├── SourceUnavailable           a public source cannot be used for now: the others go on
├── LookupFailed                a public source cannot say anything of one company: the next goes on
├── EngineFailed                the cluster is out of reach, or its workers died over a part
├── JournalError                the journal's database failed; what it holds is safe
└── Locked                      another run holds the lock
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import Self

BY_SIGNAL = 128
"""What a shell reports of a process that a signal ended is this and the signal's number."""


class ExitCode(IntEnum):
    """What the process tells its caller (architecture, section 9)."""

    DONE = 0
    INTERNAL = 1
    USAGE = 2
    INCOMPLETE = 3
    STOPPED = 4
    CONFIGURATION = 5
    UNREACHABLE = 6
    LOCKED = 7


class SfsyncError(Exception):
    """A failure with a message for a person: what is wrong, where, and what to do."""

    exit_code = ExitCode.INTERNAL

    def __init__(self, message: str = "", logged: str = "") -> None:
        self._logged = logged
        super().__init__(message)

    @property
    def logged(self) -> str:
        """What logs say of it: without words of others, which may quote records."""
        return self._logged or str(self)


class ConfigError(SfsyncError):
    """Configuration is wrong; `problems` holds one line for each thing to mend, sorted."""

    exit_code = ExitCode.CONFIGURATION

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(self.problems))

    def __reduce__(self) -> tuple[type[Self], tuple[Sequence[str]]]:
        """Let it be made again of its problems: as exceptions go by pickle, of its message."""
        return type(self), (self.problems,)


class CircleError(ConfigError):
    """Rules contradict each other: a record would be moved round in a circle."""


class PlanRefused(SfsyncError):
    """A plan that may not be applied here or now."""

    exit_code = ExitCode.STOPPED


class Stopped(SfsyncError):
    """A limit or guard said no: before anything was written, or between two writes."""

    exit_code = ExitCode.STOPPED


class ReserveKept(Stopped):
    """The org's API requests that are left are kept for others."""


class Misused(SfsyncError):
    """What was asked for makes no sense: options that do not go together, a day that is past."""

    exit_code = ExitCode.USAGE


class NotFound(SfsyncError):
    """Something was named that does not exist."""

    exit_code = ExitCode.USAGE

    @property
    def logged(self) -> str:
        """What logs say of it: the message lists what there is, people and records too."""
        return "something was named that does not exist: without --log-format json it is told what"


class OrgError(SfsyncError):
    """The org, or the way to it."""

    exit_code = ExitCode.UNREACHABLE


class OrgUnavailable(OrgError):
    """Temporary trouble: connection, maintenance, concurrency; trying later may help."""


class OrgRefused(OrgError):
    """The org said no, and would say so again."""


class LimitReached(OrgRefused):
    """The org's API requests of the last 24 hours are used up: nothing more until some are free."""

    exit_code = ExitCode.STOPPED


class SourceUnavailable(SfsyncError):
    """A public source cannot be used for now: its quota is spent, it is down, or it refuses us."""

    exit_code = ExitCode.UNREACHABLE


class LookupFailed(SfsyncError):
    """One question to a public source, or to one website, cannot be answered."""

    exit_code = ExitCode.INCOMPLETE


class EngineFailed(SfsyncError):
    """The cluster that works on the parts is out of reach, or its workers died over one of them."""

    exit_code = ExitCode.UNREACHABLE


class JournalError(SfsyncError):
    """The journal's database failed: what it holds is safe, and the next start goes on from it."""

    exit_code = ExitCode.UNREACHABLE


class Locked(SfsyncError):
    """Another run is at work on this org."""

    exit_code = ExitCode.LOCKED
