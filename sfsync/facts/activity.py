"""When was an account or opportunity last worked on, and what is planned next?

An activity is a closed Task or an Event that has started (spec, section 3). Invitees' copies,
masters of a series and the service's own tasks count neither as activity nor as a next step.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from sfsync.columns import (
    NO_INSTANT,
    Array,
    Column,
    Kind,
    Mask,
    Proof,
    counts,
    empty,
    latest,
)
from sfsync.facts.look import Look, fact

_TASK = (
    "account",
    "opportunity",
    "subject",
    "is_closed",
    "is_recurrence",
    "due",
    "completed",
    "created",
)
_EVENT = ("account", "opportunity", "is_all_day", "is_child", "is_recurrence", "day", "starts")
READS = tuple(f"Task.{name}" for name in _TASK) + tuple(f"Event.{name}" for name in _EVENT)
# What says when an event is. Without `is_recurrence`, `is_child` or `subject` an org has no series,
# invitees or marks to leave out, so nothing is unknown for want of these.
_EVENT_TIME = ("Event.is_all_day", "Event.day", "Event.starts")
# Each alone gives a task an instant.
_TASK_TIME = ("Task.completed", "Task.due", "Task.created")
# What says which steps are planned, on whatever they are about.
PLANNED = ("Task", "Event", "Task.is_closed", "Task.due", *_EVENT_TIME)
# What says how long nothing was done.
DONE = ("Task", "Event", "Task.is_closed", *_EVENT_TIME)
OF_ACCOUNT = ("Task.account", "Event.account")
_A_DAY = np.timedelta64(1, "D")


# Tasks are worked out so many at a time: their arrays stay in the processor's cache, and small.
_AT_ONCE = 100_000


@dataclass(frozen=True, slots=True)
class Activities:
    """The tasks, or the events.

    `done`: each record's instant as an activity, NaT where it is none yet (or never). `coming`: the
    rows, int32, of next steps; `days`: the day of each of these, datetime64[D].
    """

    object: str
    done: Array
    coming: Array
    days: Array


def activities(look: Look) -> tuple[Activities, ...]:
    """Return the tasks, then the events, worked out once a look."""
    return look.once("activities", lambda look: (_tasks(look), _events(look)))


def _tasks(look: Look) -> Activities:
    closed = look.column("Task", "is_closed").values
    due = look.field("Task", "due").values
    counts_at_all = ~look.column("Task", "is_recurrence").values & ~_own_tasks(look)
    done = np.full(len(closed), NO_INSTANT)
    rows = np.flatnonzero(closed & counts_at_all)
    for some in np.array_split(rows, len(rows) // _AT_ONCE + 1):
        done[some] = _task_instants(look, some, due[some])
    coming = np.flatnonzero(~closed & counts_at_all & (due >= look.today)).astype("int32")
    return Activities("Task", done, coming, due[coming])


def _task_instants(look: Look, rows: Array, due: Array) -> Array:
    """Return the instant of each of these closed tasks (spec, section 3), never later than now."""
    instants = look.column("Task", "completed").values[rows]
    bare = np.flatnonzero(np.isnat(instants))
    limit = look.policy.facts.import_after_days
    # Only tasks completed long after their day can be late by calendar days: the zone is asked for
    # these alone.
    maybe_late = np.flatnonzero(instants - due.astype("datetime64[s]") > (limit - 1) * _A_DAY)
    late = maybe_late[look.day_of(instants[maybe_late]) - due[maybe_late] > limit * _A_DAY]
    instants[late] = look.end_of(due[late])
    dated = bare[due[bare] <= look.today]
    instants[bare] = look.column("Task", "created").values[rows[bare]]
    instants[dated] = look.start_of(due[dated])
    return np.minimum(instants, look.now)


def _own_tasks(look: Look) -> Mask:
    frame = look.frame("Task")
    if "subject" not in frame:
        return np.zeros(len(frame), dtype=bool)
    starts = frame["subject"].str.startswith(look.policy.facts.service_mark)
    return starts.fillna(False).to_numpy(dtype=bool)


def _events(look: Look) -> Activities:
    all_day = look.column("Event", "is_all_day").values
    day = look.field("Event", "day").values
    starts = look.column("Event", "starts").values.copy()
    # The platform gives an all-day event a midnight in UTC, whatever the zone: its day counts.
    whole = np.flatnonzero(all_day)
    starts[whole] = look.start_of(day[whole])
    counts_at_all = (
        ~look.column("Event", "is_child").values & ~look.column("Event", "is_recurrence").values
    )
    coming = np.flatnonzero(counts_at_all & (starts > look.now)).astype("int32")
    days = np.where(all_day[coming], day[coming], look.day_of(starts[coming]))
    # An all-day event may have no day.
    dated = ~np.isnat(days)
    starts[~(counts_at_all & (starts <= look.now))] = NO_INSTANT
    return Activities("Event", starts, coming[dated], days[dated])


def cannot_tell(look: Look, link: str) -> bool:
    """Tell whether the org lacks both tasks and events, or has one of them without what says which
    are activities, when they were, and what they are about (`link`: account or opportunity).
    """
    has_tasks, has_events = not look.lacks("Task"), not look.lacks("Event")
    task_columns = ("Task.is_closed", f"Task.{link}")
    return (
        not (has_tasks or has_events)
        or (has_tasks and (any(map(look.lacks, task_columns)) or all(map(look.lacks, _TASK_TIME))))
        or (has_events and any(map(look.lacks, (*_EVENT_TIME, f"Event.{link}"))))
    )


def last_in(look: Look, object_name: str, link: str) -> Column:
    """Return the instant of the latest activity that leads by `link` to each record; unknown where
    `cannot_tell` says so.
    """
    if cannot_tell(look, link):
        return empty(Kind.INSTANT, look.size(object_name), known=False)
    found = [
        latest(look.column(each.object, link).values, each.done, look.size(object_name))
        for each in activities(look)
    ]
    moments, proof = _later(look, found)
    return Column(Kind.INSTANT, moments, proof=proof)


def next_in(look: Look, object_name: str, link: str) -> Column:
    """Return the day of the next step that leads by `link` to each record."""
    found = []
    for each in activities(look):
        groups = look.column(each.object, link).values[each.coming]
        # The earliest day is the latest of the days counted backwards.
        days, rows = latest(groups, _backwards(each.days), look.size(object_name))
        found.append((days, np.append(each.coming, np.int32(-1))[rows]))
    days, proof = _later(look, found)
    return Column(Kind.DATE, _backwards(days), proof=proof)


def _backwards(days: Array) -> Array:
    """Count days from 1970 the other way; NaT stays, being the number that is its own negative."""
    return (-days.view("int64")).view(days.dtype)


def _later(look: Look, found: Sequence[tuple[Array, Array]]) -> tuple[Array, Proof]:
    """Return the later of each record's latest task and latest event (the event, of two at once),
    and what proves it.
    """
    (moments, rows), (others, other_rows) = found
    tasks = len(activities(look)[0].done)
    later = ~np.isnat(others) & ~(moments > others)
    moments[later], rows[later] = others[later], other_rows[later] + tasks
    sizes = tuple((each.object, len(each.done)) for each in activities(look))
    return moments, Proof(rows, sizes)


@fact("Account", Kind.INSTANT, reads=READS)
def last_activity_at(look: Look) -> Column:
    """The instant of the latest activity: a closed task, or an event that has started."""
    return last_in(look, "Account", "account")


@fact("Account", Kind.DATE, reads=READS, needs=(*PLANNED, *OF_ACCOUNT))
def next_step_on(look: Look) -> Column:
    """The earliest day, today or later, of an open task or of an event that has not started."""
    return next_in(look, "Account", "account")


@fact("Account", Kind.NUMBER, reads=READS, needs=(*DONE, *OF_ACCOUNT))
def idle_days(look: Look) -> Column:
    """Days since the later of the last activity and the entry into the status; unknown where the
    entry is.
    """
    last = look.column("Account", "last_activity_at")
    if not last.known:
        return empty(Kind.NUMBER, look.size("Account"), known=False)
    entered = look.column("Account", "entered_status_at")
    days = look.days_since(np.fmax(last.values, entered.values))
    by_activity = last.values > entered.values
    proof = (
        Proof(np.where(by_activity, last.proof.rows, -1), last.proof.tables) if last.proof else None
    )
    return Column(Kind.NUMBER, np.where(entered.present, days, np.nan), proof=proof)


def _recent(look: Look, tables: Iterable[Activities]) -> Column:
    first = look.start_of(np.array([look.today - look.policy.facts.recent_days * _A_DAY]))[0]
    size = look.size("Account")
    total = np.zeros(size)
    for each in tables:
        rows = np.flatnonzero(each.done >= first)
        total += counts(look.column(each.object, "account").values[rows], size)
    return Column(Kind.NUMBER, total)


@fact("Account", Kind.NUMBER, reads=READS)
def recent_activities(look: Look) -> Column:
    """How many activities there were in the last `recent_days` days."""
    if cannot_tell(look, "account"):
        return empty(Kind.NUMBER, look.size("Account"), known=False)
    return _recent(look, activities(look))


@fact("Account", Kind.NUMBER, reads=READS, needs=("Event", "Event.account", *_EVENT_TIME))
def recent_events(look: Look) -> Column:
    """How many events there were among the activities of the last `recent_days` days."""
    _, events = activities(look)
    return _recent(look, [events])
