"""When was an account or opportunity last worked on, and what is planned next?

An activity is a closed Task or an Event that has started (spec, section 3). Invitees' copies,
masters of a series and the service's own tasks count neither as activity nor as a next step.
"""

from dataclasses import dataclass

import numpy as np

from sfsync.columns import (
    NO_DAY,
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


@dataclass(frozen=True, slots=True)
class Activities:
    """Tasks, then events, in one table.

    `account`, `opportunity`: positions, -1 none. `done`: the activity's instant, NaT where it is
    none yet (or never). `planned`: the day of a next step, NaT where it is none. `is_event`: flag.
    """

    account: Array
    opportunity: Array
    done: Array
    planned: Array
    is_event: Mask
    tables: tuple[tuple[str, int], ...]


def activities(look: Look) -> Activities:
    """Put tasks and events into one table, once a look."""
    return look.once("activities", _activities)


def _activities(look: Look) -> Activities:
    task_done, task_planned = _tasks(look)
    event_done, event_planned = _events(look)
    return Activities(
        account=np.concatenate([look.column(name, "account").values for name in ("Task", "Event")]),
        opportunity=np.concatenate(
            [look.column(name, "opportunity").values for name in ("Task", "Event")]
        ),
        done=np.concatenate([task_done, event_done]),
        planned=np.concatenate([task_planned, event_planned]),
        is_event=np.arange(len(task_done) + len(event_done)) >= len(task_done),
        tables=(("Task", len(task_done)), ("Event", len(event_done))),
    )


def _tasks(look: Look) -> tuple[Array, Array]:
    closed = look.column("Task", "is_closed").values
    due = look.column("Task", "due").values
    counts_at_all = ~look.column("Task", "is_recurrence").values & ~_own_tasks(look)
    done = np.where(closed & counts_at_all, _task_instants(look, due), NO_INSTANT)
    planned = np.where(~closed & counts_at_all & (due >= look.today), due, NO_DAY)
    return done, planned


def _task_instants(look: Look, due: Array) -> Array:
    """Return each task's instant, were it closed (spec, section 3), never later than now."""
    instants = look.column("Task", "completed").values.copy()
    limit = look.policy.facts.import_after_days
    # Only tasks completed long after their day can be late by calendar days: the zone is asked for
    # these alone.
    maybe_late = np.flatnonzero(instants - due.astype("datetime64[s]") > (limit - 1) * _A_DAY)
    late = maybe_late[look.day_of(instants[maybe_late]) - due[maybe_late] > limit * _A_DAY]
    instants[late] = look.end_of(due[late])
    bare = np.flatnonzero(np.isnat(look.column("Task", "completed").values))
    dated = bare[due[bare] <= look.today]
    instants[bare] = look.column("Task", "created").values[bare]
    instants[dated] = look.start_of(due[dated])
    return np.minimum(instants, look.now)


def _own_tasks(look: Look) -> Mask:
    frame = look.frame("Task")
    if "subject" not in frame:
        return np.zeros(len(frame), dtype=bool)
    starts = frame["subject"].str.startswith(look.policy.facts.service_mark)
    return starts.fillna(False).to_numpy(dtype=bool)


def _events(look: Look) -> tuple[Array, Array]:
    all_day = look.column("Event", "is_all_day").values
    day = look.column("Event", "day").values
    starts = look.column("Event", "starts").values.copy()
    # The platform gives an all-day event a midnight in UTC, whatever the zone: its day counts.
    whole = np.flatnonzero(all_day)
    starts[whole] = look.start_of(day[whole])
    counts_at_all = (
        ~look.column("Event", "is_child").values & ~look.column("Event", "is_recurrence").values
    )
    started = starts <= look.now
    coming = np.flatnonzero(counts_at_all & (starts > look.now))
    planned = np.full(len(starts), NO_DAY)
    planned[coming] = np.where(all_day[coming], day[coming], look.day_of(starts[coming]))
    return np.where(counts_at_all & started, starts, NO_INSTANT), planned


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


def last_in(look: Look, object_name: str, groups: Array) -> Column:
    """Return the instant of each record's latest activity; unknown where `cannot_tell` says so."""
    size = look.size(object_name)
    if cannot_tell(look, object_name.lower()):
        return empty(Kind.INSTANT, size, known=False)
    table = activities(look)
    moments, rows = latest(groups, table.done, size)
    return Column(Kind.INSTANT, moments, proof=Proof(rows, table.tables))


def next_in(look: Look, object_name: str, groups: Array) -> Column:
    """Return the day of each record's next step."""
    size = look.size(object_name)
    table = activities(look)
    # The earliest day is the latest of the days counted backwards.
    backwards = (-table.planned.astype("datetime64[s]").astype("int64")).view("datetime64[s]")
    turned = np.where(np.isnat(table.planned), NO_INSTANT, backwards)
    moments, rows = latest(groups, turned, size)
    days = np.where(np.isnat(moments), NO_INSTANT, (-moments.astype("int64")).view("datetime64[s]"))
    return Column(Kind.DATE, days.astype("datetime64[D]"), proof=Proof(rows, table.tables))


@fact("Account", Kind.INSTANT, reads=READS)
def last_activity_at(look: Look) -> Column:
    """The instant of the latest activity: a closed task, or an event that has started."""
    return last_in(look, "Account", activities(look).account)


@fact("Account", Kind.DATE, reads=READS, needs=(*PLANNED, *OF_ACCOUNT))
def next_step_on(look: Look) -> Column:
    """The earliest day, today or later, of an open task or of an event that has not started."""
    return next_in(look, "Account", activities(look).account)


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


def _recent(look: Look, mask: Mask | None = None) -> Column:
    table = activities(look)
    first = look.start_of(np.array([look.today - look.policy.facts.recent_days * _A_DAY]))[0]
    recent = table.done >= first
    chosen = recent if mask is None else recent & mask
    return Column(Kind.NUMBER, counts(np.where(chosen, table.account, -1), look.size("Account")))


@fact("Account", Kind.NUMBER, reads=READS)
def recent_activities(look: Look) -> Column:
    """How many activities there were in the last `recent_days` days."""
    if cannot_tell(look, "account"):
        return empty(Kind.NUMBER, look.size("Account"), known=False)
    return _recent(look)


@fact("Account", Kind.NUMBER, reads=READS, needs=("Event", "Event.account", *_EVENT_TIME))
def recent_events(look: Look) -> Column:
    """How many events there were among the activities of the last `recent_days` days."""
    return _recent(look, activities(look).is_event)
