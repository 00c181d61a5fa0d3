"""What is due now, for those who bring their own clock? (`sfsync due`)"""

import json
import shlex
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from sfsync.cli.opening import opened_journal, wall_clock
from sfsync.cli.options import Place, format_option, place_options
from sfsync.cli.scheduler import opened_scheduler
from sfsync.cli.screen import Cell, Screen, echo
from sfsync.cli.service import accepted, lock_of_service, name_of
from sfsync.errors import BY_SIGNAL, ExitCode
from sfsync.model import to_iso

if TYPE_CHECKING:
    from sfsync.due import Due
    from sfsync.policy import Schedule, ScheduledJob


@click.command()
@click.option("--run", "does", is_flag=True, help="Carry out what is due, and end.")
@format_option("table", "json")
@place_options
def due(does: bool, form: str, place: Place, quiet: bool) -> None:
    """List the jobs of the schedule that are due now, and since when.

    Exit code 3 where something is due, else 0. With --run each is carried out, one after the
    other, and the exit code is the first one that is not 0.
    """
    if does:
        sys.exit(_carried_out(place, quiet))
    sys.exit(_listed(place, form, Screen(is_quiet=quiet)))


def _carried_out(place: Place, quiet: bool) -> int:
    """Carry out what is due; return the exit code."""
    with opened_scheduler(place, quiet=quiet, keeps=False) as doing:
        code = doing.run_due()
        return BY_SIGNAL + signal.SIGTERM if doing.is_stopping else code


def _listed(place: Place, form: str, screen: Screen) -> int:
    """List what is due; return the exit code."""
    from sfsync.due import due_now

    setting, schedule = accepted(place)
    now = wall_clock()
    service = name_of(setting.settings)
    with opened_journal(setting.settings) as journal:
        lasts = journal.turns.newest(service, now)
    is_served = not lock_of_service(setting.settings).is_free()
    at_work = {name for name, turn in lasts.items() if is_served and turn.is_open}
    found_due = [each for each in due_now(schedule, lasts, now) if each.job.name not in at_work]
    if form == "json":
        data = _data(schedule, found_due, now)
        echo(json.dumps({"service": service, **data, "at_work": sorted(at_work)}, indent=2))
    else:
        _show(schedule, found_due, now, screen)
        for name in sorted(at_work):
            screen.say(f"{name} is at work.")
    return ExitCode.INCOMPLETE if found_due else ExitCode.DONE


def _show(schedule: "Schedule", found: "Sequence[Due]", now: datetime, screen: Screen) -> None:
    rows: list[list[Cell]] = []
    for each in found:
        since = replace(screen, zone=each.job.zone).moment(each.since)
        rows.append([each.job.name, since, each.job.zone, _command(each.job)])
    screen.table(("job", "due since", "zone", "command"), rows, whole=("job", "due since"))
    coming = sorted(_coming(schedule, now), key=lambda each: each[1])
    if not found:
        screen.say("Nothing is due.")
    for job, at in coming[:1]:
        told = replace(screen, zone=job.zone).moment(at)
        screen.say(f"Next: {job.name}, at {told} ({job.zone}).")


def _data(schedule: "Schedule", found: "Sequence[Due]", now: datetime) -> Mapping[str, Any]:
    """Return what is due as JSON data; times in ISO form, UTC."""
    return {
        "at": to_iso(now),
        "due": [
            {
                "job": each.job.name,
                "since": to_iso(each.since),
                "command": _command(each.job),
                "again": each.dead is not None,
            }
            for each in found
        ],
        "next": [{"job": job.name, "at": to_iso(at)} for job, at in _coming(schedule, now)],
    }


def _coming(schedule: "Schedule", now: datetime) -> "Iterator[tuple[ScheduledJob, datetime]]":
    from sfsync.due import next_time

    for job in schedule.jobs:
        at = next_time(job, now)
        if at is not None:
            yield job, at


def _command(job: "ScheduledJob") -> str:
    return shlex.join(("sfsync", *job.words))
