"""Which jobs are expected to have done their work, and since when?"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sfsync.due import latest_time
from sfsync.policy import HealthSettings, Schedule, ScheduledJob

RUN = "run"
_A_MOMENT = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Expected:
    """What is expected of a job: a good run that ended at `since` or later (aware; None: whenever,
    or never), and fewer failures in a row than `most_failures`. `is_named`: somebody set how old it
    may be, so that one that never ran is not well.
    """

    job: str
    since: datetime | None
    most_failures: int
    is_named: bool = False


def expected(
    schedule: Schedule,
    health: HealthSettings,
    now: datetime,
    *,
    by_turns: bool,
    known: Collection[str] = (),
) -> tuple[Expected, ...]:
    """Say what is expected at `now` (aware): where a scheduler serves (`by_turns`) of the jobs of
    the schedule; else, with cron, of what these run (`sfsync run JOB`), and of the jobs `known`.

    Where no age is set, a job must have done the work of its last time but one: so the last one
    may still be at work, or be tried again.
    """
    times: dict[str, list[ScheduledJob]] = {}
    for each in schedule.jobs:
        for name in [each.name] if by_turns else _run_by(each):
            times.setdefault(name, []).append(each)
    names = [*times, *health.jobs, *([] if by_turns else known)]
    return tuple(_expected(name, times.get(name, []), health, now) for name in dict.fromkeys(names))


def _run_by(job: ScheduledJob) -> Iterator[str]:
    if len(job.words) > 1 and job.words[0] == RUN:
        yield job.words[1]


def _expected(
    name: str, times: Collection[ScheduledJob], health: HealthSettings, now: datetime
) -> Expected:
    limits = health.limits(name)
    most = limits.most_failures or health.most_failures
    if limits.most_age is not None:
        return Expected(name, now - limits.most_age, most, is_named=True)
    return Expected(name, _last_but_one(times, now), most)


def _last_but_one(times: Collection[ScheduledJob], now: datetime) -> datetime | None:
    last = _latest(times, now)
    return None if last is None else _latest(times, last - _A_MOMENT)


def _latest(times: Collection[ScheduledJob], now: datetime) -> datetime | None:
    return max(filter(None, (latest_time(each, now) for each in times)), default=None)
