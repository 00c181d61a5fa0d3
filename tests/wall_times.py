"""When is a job due, found the slow way: by looking at a clock on the wall, minute by minute?"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from sfsync.policy import ScheduledJob

A_MINUTE = timedelta(minutes=1)
DAY = tuple[date, Sequence[tuple[datetime, time]]]


def times_of(job: ScheduledJob, begins: datetime, ends: datetime) -> list[datetime]:
    """All moments at which the job is due, of the days that lie whole between two moments (UTC)."""
    found = set()
    for day, minutes in _days(job.zone, begins, ends):
        if day.weekday() in job.days:
            found |= {_first(minutes, at) for at in job.at}
            found |= set(_beats(job, minutes))
    return sorted(found)


@lru_cache(maxsize=4)
def _days(zone: str, begins: datetime, ends: datetime) -> Sequence[DAY]:
    """Each day of a zone, with its minutes and what the clock on the wall shows at each."""
    return tuple(_walked(zone, begins, ends))


def _walked(zone: str, begins: datetime, ends: datetime) -> Iterator[DAY]:
    minutes: list[tuple[datetime, time]] = []
    today, moment = None, begins
    is_whole = False
    wall = ZoneInfo(zone)
    while moment < ends:
        shown = moment.astimezone(wall)
        if shown.date() != today:
            if today is not None and is_whole:
                yield today, minutes
            is_whole = today is not None
            today, minutes = shown.date(), []
        minutes.append((moment, shown.time()))
        moment += A_MINUTE


def _first(minutes: Sequence[tuple[datetime, time]], at: time) -> datetime:
    return next(moment for moment, shown in minutes if shown >= at)


def _beats(job: ScheduledJob, minutes: Sequence[tuple[datetime, time]]) -> Iterator[datetime]:
    if job.rhythm is None:
        return
    first = _first(minutes, job.rhythm.begins)
    # An end that the clocks leave out is the first time after the gap, as a beginning is.
    last = min(shown for _, shown in minutes if shown >= job.rhythm.ends)
    for moment, shown in minutes:
        is_beat = (moment - first) % job.rhythm.every == timedelta()
        if moment >= first and is_beat and shown <= last:
            yield moment
