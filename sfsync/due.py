"""Which jobs of the schedule are due at a moment, and when is their next time?

A job is due where its latest time has passed and had no turn: however many it missed, it is due
once. All moments are aware UTC; the times of the schedule are those of each job's zone.

The clocks change: a time that they leave out is the first instant after the gap; one that comes
twice counts the first time; a rhythm goes on by real time, so that each hour is one hour.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from sfsync.model import Turn
from sfsync.policy import Schedule, ScheduledJob

# The process of a turn died: once it is taken up again, and no more.
MOST_ATTEMPTS = 2
_A_DAY = timedelta(days=1)
_A_SECOND = timedelta(seconds=1)
# Some job has but one day a week; where a zone leaves a whole day out it is done on the next.
_FARTHEST_DAYS = 9


@dataclass(frozen=True, slots=True)
class Due:
    """A job whose turn it is, and since when; `dead` is its turn whose process died."""

    job: ScheduledJob
    since: datetime
    dead: Turn | None = None


def due_now(schedule: Schedule, lasts: Mapping[str, Turn], now: datetime) -> tuple[Due, ...]:
    """Return what is due at `now`, the longest due first, then in the schedule's order.

    `lasts` holds, by job, the turn with the latest due moment that is not later than `now`. An open
    one counts as dead: leave out the jobs that are at work.
    """
    found = [due for job in schedule.jobs if (due := _due(job, lasts.get(job.name), now))]
    return tuple(sorted(found, key=lambda each: each.since))


def _due(job: ScheduledJob, last: Turn | None, now: datetime) -> Due | None:
    latest = latest_time(job, now)
    if latest is not None and (last is None or last.due < latest):
        # Where a dead turn is older than this, this one does its work.
        return Due(job, latest)
    if last is not None and last.is_open and last.attempts < MOST_ATTEMPTS:
        return Due(job, last.due, last)
    return None


def latest_time(job: ScheduledJob, now: datetime) -> datetime | None:
    """Return the job's latest time at `now` or before it."""
    today = now.astimezone(ZoneInfo(job.zone)).date()
    for back in range(-1, _FARTHEST_DAYS):
        passed = [each for each in _times_on(job, today - back * _A_DAY) if each <= now]
        if passed:
            return passed[-1]
    return None


def next_time(job: ScheduledJob, now: datetime) -> datetime | None:
    """Return the job's first time after `now`."""
    today = now.astimezone(ZoneInfo(job.zone)).date()
    for ahead in range(-1, _FARTHEST_DAYS):
        coming = [each for each in _times_on(job, today + ahead * _A_DAY) if each > now]
        if coming:
            return coming[0]
    return None


# A few days of each job, of many orgs.
@lru_cache(maxsize=1024)
def _times_on(job: ScheduledJob, day: date) -> tuple[datetime, ...]:
    """Return the instants that the schedule names for a day of the job's zone, in order."""
    if day.weekday() not in job.days:
        return ()
    times = {_instant(day, at, job.zone) for at in job.at}
    return tuple(sorted(times.union(_of_rhythm(job, day))))


def _of_rhythm(job: ScheduledJob, day: date) -> Iterator[datetime]:
    if job.rhythm is None:
        return
    moment = _instant(day, job.rhythm.begins, job.zone)
    # Of a time that comes twice the second one is meant: until then it is still that time.
    end = _instant(day, job.rhythm.ends.replace(fold=1), job.zone)
    while moment <= end:
        yield moment
        moment += job.rhythm.every


def _instant(day: date, at: time, zone: str) -> datetime:
    """Return when it is that time on that day; where it is not, the first instant after the gap."""
    local = datetime.combine(day, at, ZoneInfo(zone))
    moment = local.astimezone(UTC)
    if moment.astimezone(local.tzinfo).replace(tzinfo=None) == local.replace(tzinfo=None):
        return moment
    # Read by the clock before the gap it is later than the change, by the one after it earlier.
    late, early = sorted(
        (local.replace(fold=fold).astimezone(UTC) for fold in (0, 1)), reverse=True
    )
    changed = late.astimezone(local.tzinfo).utcoffset()
    return _first(early, late, lambda each: each.astimezone(local.tzinfo).utcoffset() == changed)


def _first(early: datetime, late: datetime, holds: Callable[[datetime], bool]) -> datetime:
    """Return the first whole second at which something holds that does at `late`, not at
    `early`.
    """
    while late - early > _A_SECOND:
        middle = early + (late - early) // (2 * _A_SECOND) * _A_SECOND
        early, late = (early, middle) if holds(middle) else (middle, late)
    return late
