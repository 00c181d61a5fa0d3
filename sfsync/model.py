"""Which values pass between the parts of the house?

Values of fields are kept as Salesforce's REST API writes them: text, numbers, true/false, None,
dates as `2026-06-15`, datetimes as `2026-06-15T08:00:00.000+0000` (UTC). So what is planned, shown,
journalled, sent and undone is one and the same thing, and JSON needs no translation.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum

RULE_CAUSE = "rule:"
TASK_CAUSE = "task:"
UNDO_CAUSE = "undo:"
# The source of its identity follows; its reason says why that is the company, a colon, and which
# fields are filled or refreshed.
ENRICH_CAUSE = "enrich:"
# How the journal says of a run that its books were closed by a later one.
CLOSED_LATER = "the run ended before its work was done; its books were closed later"
# The platform moves it whenever a record changes, by whatever hand.
STAMP_FIELD = "SystemModstamp"
# By these two a record that was created is found again: an activity can have no key of ours.
ABOUT_FIELD = "WhatId"
LABEL_FIELD = "Subject"

Value = str | int | float | bool | None


def to_wire(moment: datetime) -> str:
    """Write an aware instant as Salesforce does: `2026-06-15T08:00:00.000+0000`, cut to whole
    seconds.
    """
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def from_wire(text: str) -> datetime:
    """Read an instant in any ISO form with an offset (`Z`, `+0000`, `+02:00`) as aware UTC, cut to
    whole seconds.

    Raises ValueError where the text is no instant or has no offset.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone: end it with Z or an offset such as +02:00")
    return moment.astimezone(UTC).replace(microsecond=0)


def same_value(left: Value, right: Value) -> bool:
    """Tell whether two field values are the same to Salesforce.

    Null equals blank text, 3 equals 3.0, lines may end in one way or the other, and datetimes are
    compared by instant: the API writes `+0000`, exports write `.000Z`.
    """
    if left in (None, "") or right in (None, ""):
        return left in (None, "") and right in (None, "")
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if left == right:
        return True
    if isinstance(left, str) and isinstance(right, str) and "\r" in left + right:
        return left.replace("\r\n", "\n") == right.replace("\r\n", "\n")
    moment = _instant(left)
    return moment is not None and moment == _instant(right)


def _instant(value: Value) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        return from_wire(value)
    except (ValueError, OverflowError):
        return None


class Action(StrEnum):
    """What a change does to its record."""

    UPDATE = "update"
    CREATE = "create"
    DELETE = "delete"


_KEY_START = "new"
# With it a key is as long as an Id.
_DIGEST_LENGTH = 15


def key_of_new(object: str, about: str, cause: str) -> str:
    """Return the key under which a record that is to be created goes until it has an Id: the same
    for the same object, the same cause, and the same record that it is about.
    """
    digest = hashlib.sha256("\0".join((object, about, cause)).encode()).hexdigest()
    return f"{_KEY_START}{digest[:_DIGEST_LENGTH]}"


@dataclass(frozen=True, slots=True)
class Source:
    """Which public source a value comes from, and the address that shows it to a person.

    `as_of` is of when the value is (`2023`, `2026-05-17`, "" where nobody tells), `fetched_on` the
    day (UTC) on which it was read, `confidence` how sure it is that it is this company's (0 to 1).
    """

    provider: str
    url: str
    as_of: str
    fetched_on: str
    confidence: float


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of one record: what stands there, what is to stand there, and where that comes
    from, if it is a public source.
    """

    before: Value
    after: Value
    source: Source | None = None


@dataclass(frozen=True, slots=True, order=True)
class Stamp:
    """A record as it was read: its object, Id and SystemModstamp (as on the wire; None where the
    org has none).
    """

    object: str
    id: str
    modified: str | None


@dataclass(frozen=True, slots=True, order=True)
class Watch:
    """Records that a decision rests on, there or not: those of `object` whose `field` (API names)
    leads to the changed record. None of them may have changed since the plan was read.
    """

    object: str
    field: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """A fact that made a rule hold: its name, its value, and the record that proves it, if one
    does.
    """

    fact: str
    value: Value
    record: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one record: all its fields together, why, and what the decision rests on.

    `rests_on` holds the record itself first, then the records that the evidence names, each as it
    was read. `watches` says what else the decision saw, and what it saw none of. A record that is
    to be created has no Id yet: its `id` is a key (`key_of_new`), its fields have no value before,
    and `rests_on` begins with the record that it is about. A record that is to be deleted has no
    values afterwards.
    """

    object: str
    id: str
    name: str
    fields: Mapping[str, FieldChange]
    cause: str
    reason: str
    evidence: tuple[Evidence, ...] = ()
    rests_on: tuple[Stamp, ...] = ()
    watches: tuple[Watch, ...] = ()
    action: Action = Action.UPDATE

    @property
    def about(self) -> str:
        """The Id of the record that it changes, or that the record to be created is about."""
        is_new = self.action is Action.CREATE and self.rests_on
        return self.rests_on[0].id if is_new else self.id


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a person must look at; its identity is (code, object, id)."""

    code: str
    object: str
    id: str
    name: str
    owner_id: str | None
    message: str
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenFinding:
    """A finding as the journal keeps it: since when, until when, and what is at stake.

    `first_seen` begins its present spell, `last_seen` is the last pass that found it (UTC).
    `amount` is the opportunity's, or the sum of the account's open ones. `returned`: it had been
    solved before. `solved_at`: the pass that found it no more; None while it is open. Before the
    day `snoozed_until` or `waived_until` it is not shown; `why` says for what reason it is waived.
    """

    finding: Finding
    first_seen: datetime
    last_seen: datetime
    amount: float | None = None
    returned: bool = False
    solved_at: datetime | None = None
    snoozed_until: date | None = None
    waived_until: date | None = None
    why: str = ""

    def is_hidden(self, on: date) -> bool:
        """Tell whether it is snoozed or waived on that day."""
        return any(
            until is not None and on < until for until in (self.snoozed_until, self.waived_until)
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """All that one job would change, sorted, without no-ops, one change a record, and what it
    found.

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
    changes: tuple[Change, ...]
    findings: tuple[Finding, ...] = ()
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
    the requests that its process made, reading included; None where nobody counted.
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
    each record it read.

    `states` is keyed by (object, id); a record that is not in it was not read.
    """

    now: datetime
    states: Mapping[tuple[str, str], str | None]
