"""What does a job plan, and what becomes of it?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sfsync.model.change import Change
from sfsync.model.finding import Finding

# How the journal says of a run that its books were closed by a later one.
CLOSED_LATER = "the run ended before its work was done; its books were closed later"


# States (None: none) by object and Id.
States = Mapping[str, Mapping[str, str | None]]


@dataclass(frozen=True, slots=True)
class Plan:
    """All that one job would change, sorted, without no-ops, one change a record (of those that
    many are merged into: one for every two), and what it found.

    `made_at` is the machine's clock when it was made; `now` is the moment that it judges, `read_at`
    the org's clock when reading began (UTC, all). `judged` counts the accounts judged, for
    an undo those that the last pass read (0: nobody knows). `notes` are sentences for the reader,
    such as which rules could not judge. `api_calls` estimates the requests that applying it takes.
    """

    job: str
    made_at: datetime
    now: datetime
    read_at: datetime
    org: str
    policy_hash: str
    changes: Sequence[Change]
    findings: Sequence[Finding] = ()
    notes: tuple[str, ...] = ()
    judged: int = 0
    api_calls: int = 0


class State(StrEnum):
    """What became of a planned change.

    planned: in the journal, not sent. sent: handed to the org, no outcome noted yet. applied: the
    org did it. stale: the record, or what the decision rested on, changed since it was read; left
    alone. refused: the org said no. unknown: sent, and the answer never came; settled by reading.
    skipped: never sent (the run ended before its turn), or nothing was left to do.
    """

    PLANNED = "planned"
    SENT = "sent"
    APPLIED = "applied"
    STALE = "stale"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one change; `code` and `message` are the org's own words where it refused.

    `created` is the Id of the record that was created, or was found to be there already.
    """

    object: str
    id: str
    state: State
    code: str = ""
    message: str = ""
    created: str = ""


class RunState(StrEnum):
    """How a run stands: running, finished (all of it was tried; an outcome may be unknown), crashed
    (ended early, books closed later), stopped (by a limit, a guard or an org that was not to be
    reached, before anything was written).
    """

    RUNNING = "running"
    FINISHED = "finished"
    CRASHED = "crashed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of a job, as journalled.

    `org` is the name under which the books of its org are kept, `zone` the org's IANA time zone.
    `now` is the moment judged; `started` and `finished` are the machine's clock. `api_calls` counts
    the requests that its process made, reading included; None where nobody counted. `pruned_at`
    says since when only those of its changes are there that later passes need.
    """

    id: str
    org: str
    job: str
    now: datetime
    started: datetime
    finished: datetime | None
    state: RunState
    policy_hash: str
    counts: Mapping[str, int] = field(default_factory=dict)
    undoes: str | None = None
    error: str | None = None
    zone: str = "UTC"
    api_calls: int | None = None
    pruned_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class JournalledChange:
    """A change as the journal holds it: its run, its place in it, its outcome and when it was sent
    (org's clock, UTC).
    """

    run: str
    seq: int
    change: Change
    outcome: Outcome
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class OwnWrite:
    """A status or stage that the service itself wrote, by its journal: the new value (None: it took
    the record out of every state, as an undo does), and when it was sent (UTC).
    """

    object: str
    id: str
    value: str | None
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class PreviousPass:
    """What the last finished run left behind: its `now` (UTC), and the state (status or stage) of
    each record it read; a record that is not in `states` was not read.
    """

    now: datetime
    states: States
