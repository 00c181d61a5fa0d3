"""What does `schedule` in sfsync.yaml say, once every time, day and zone in it is checked?

Whether sfsync has the commands is told by the command line, which alone knows them.
"""

import shlex
from datetime import time, timedelta
from typing import Any
from zoneinfo import available_timezones

from sfsync.lines import Document, Path
from sfsync.policy import WEEKDAYS, HealthSettings, JobLimits, Rhythm, Schedule, ScheduledJob
from sfsync.registry import nearest
from sfsync.rules.build import Problems
from sfsync.rules.running import HealthShape, ScheduledShape, ScheduleShape

_KEY = "schedule"
_OF_NO_PLAN = (_KEY, "health", "partitions", "retention", "version")


def schedule_of(shape: ScheduleShape, problems: Problems) -> Schedule:
    """Return the schedule; of use only if no problem was noted."""
    _known_zone(shape.zone, (_KEY, "zone"), problems)
    jobs = []
    for n, each in enumerate(shape.jobs):
        path: Path = (_KEY, "jobs", n)
        if each.name in [other.name for other in shape.jobs[:n]]:
            problems.add((*path, "name"), f'"{each.name}" is the name of a job above')
        if each.zone is not None:
            _known_zone(each.zone, (*path, "zone"), problems)
        jobs.append(_job(each, each.zone or shape.zone, path, problems))
    return Schedule(tuple(jobs))


def health_of(shape: HealthShape) -> HealthSettings:
    """Return what counts as unhealthy."""
    jobs = {
        name: JobLimits(
            None if each.most_hours is None else timedelta(hours=each.most_hours),
            each.most_failures,
        )
        for name, each in shape.jobs.items()
    }
    return HealthSettings(shape.most_failures, jobs)


def that_plans_rest_on(document: Document) -> Any:
    """Return what a file says of what is to be done: when that is, for how long the journal keeps
    it, in which partitions it is judged, and when all is well, changes no plan.
    """
    data = document.data
    if not isinstance(data, dict):
        return data
    return {key: value for key, value in data.items() if key not in _OF_NO_PLAN}


def _known_zone(zone: str, path: Path, problems: Problems) -> None:
    zones = available_timezones()
    if zone not in zones:
        near = nearest(zone, zones)
        hint = near if near.startswith("; did") else "; write it as Europe/Paris"
        problems.add(path, f'there is no time zone "{zone}"{hint}')


def _job(each: ScheduledShape, zone: str, path: Path, problems: Problems) -> ScheduledJob:
    for n, day in enumerate(each.days):
        if day not in WEEKDAYS:
            hint = nearest(day, WEEKDAYS)
            problems.add((*path, "days", n), f'{each.name}: there is no day "{day}"{hint}')
    if bool(each.at) == bool(each.every_minutes):
        problems.add(path, f'{each.name}: give either "at" or "every_minutes"')
    return ScheduledJob(
        name=each.name,
        words=_words(each, path, problems),
        zone=zone,
        days=frozenset(n for n, day in enumerate(WEEKDAYS) if not each.days or day in each.days),
        at=tuple(sorted(set(each.at))),
        rhythm=_rhythm(each, path, problems),
        limit=timedelta(minutes=each.most_minutes),
        place=problems.place((*path, "command")),
    )


def _words(each: ScheduledShape, path: Path, problems: Problems) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(each.command))
    except ValueError as error:
        problems.add((*path, "command"), f"{each.name}: {error}: {each.command}")
        return ()


def _rhythm(each: ScheduledShape, path: Path, problems: Problems) -> Rhythm | None:
    begins, ends = each.begins or time(0), each.ends or time(23, 59)
    if each.every_minutes is None:
        for key in ("begins", "ends"):
            if getattr(each, key) is not None:
                problems.add((*path, key), f'{each.name}: "{key}" goes with "every_minutes"')
        return None
    if ends < begins:
        told = f"{each.name}: it ends before it begins; write two jobs where midnight is between"
        problems.add((*path, "ends"), told)
    return Rhythm(timedelta(minutes=each.every_minutes), begins, ends)
