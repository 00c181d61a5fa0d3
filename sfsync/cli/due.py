"""What is due now, for those who bring their own clock? (`sfsync due`)"""

import json
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from sfsync.cli.hints import command
from sfsync.cli.opening import opened_journal, wall_clock
from sfsync.cli.options import Place, format_option, place_options
from sfsync.cli.scheduler import opened_scheduler
from sfsync.cli.screen import Cell, Screen, echo
from sfsync.cli.service import accepted, lock_of_service, name_of
from sfsync.cli.setting import several
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
    screen = Screen(is_quiet=quiet)
    places = several(place)
    if does:
        sys.exit(_carried_out(place, quiet) if places is None else _all_carried_out(place, quiet))
    sys.exit(_listed(place, form, screen) if places is None else _all_listed(places, form, screen))


def _carried_out(place: Place, quiet: bool) -> int:
    """Carry out what is due; return the exit code."""
    with opened_scheduler(place, quiet=quiet, keeps=False) as doing:
        code = doing.run_due()
        return BY_SIGNAL + signal.SIGTERM if doing.is_stopping else code


def _all_carried_out(place: Place, quiet: bool) -> int:
    """Carry out what is due in several orgs; return the worst exit code."""
    from sfsync.cli.many import opened_roster, worst

    with opened_roster(place, quiet=quiet, keeps=False) as doing:
        codes = doing.run_due()
        return BY_SIGNAL + signal.SIGTERM if doing.is_stopping else worst(codes.values())


@dataclass(frozen=True, slots=True)
class _Found:
    """What is due of one service, and what is at work; `place` is where the call said."""

    service: str
    place: Place
    schedule: "Schedule"
    due: "Sequence[Due]"
    at_work: Sequence[str]

    def data(self, now: datetime) -> Mapping[str, Any]:
        """Return it as JSON data."""
        told = _data(self, now)
        return {"service": self.service, **told, "at_work": self.at_work}


def _listed(place: Place, form: str, screen: Screen) -> int:
    """List what is due; return the exit code."""
    now = wall_clock()
    found = _found(place, now)
    if form == "json":
        echo(json.dumps(found.data(now), indent=2))
    else:
        _show(found, now, screen)
        for name in found.at_work:
            screen.say(f"{name} is at work.")
    return ExitCode.INCOMPLETE if found.due else ExitCode.DONE


def _all_listed(places: Sequence[Place], form: str, screen: Screen) -> int:
    """List what is due in several orgs; return the worst exit code."""
    from sfsync.cli.many import each_of, worst

    now = wall_clock()
    done, failed = each_of(places, lambda place: _found(place, now))
    if form == "json":
        told = {name: each.data(now) for name, each in done.items()}
        told |= {name: {"problems": error.problems} for name, error in failed.items()}
        echo(json.dumps({"orgs": told}, indent=2))
    else:
        rows: list[list[Cell]] = [
            [name, *row] for name, each in done.items() for row in _rows(each, screen)
        ]
        heads = ("org", "job", "due since", "zone", "command")
        screen.table(heads, rows, whole=("org", "job", "due since"))
        for name, each in done.items():
            for job in each.at_work:
                screen.say(f"{name}: {job} is at work.")
        for name, error in failed.items():
            screen.warn(f"{name}: {error}")
        if not rows:
            screen.say("Nothing is due.")
    codes = [ExitCode.INCOMPLETE for each in done.values() if each.due]
    return worst([*codes, *(error.exit_code for error in failed.values())])


def _found(place: Place, now: datetime) -> _Found:
    from sfsync.due import due_now

    setting, schedule = accepted(place)
    service = name_of(setting.settings)
    with opened_journal(setting.settings) as journal:
        lasts = journal.turns.newest(service, now)
    is_served = not lock_of_service(setting.settings).is_free()
    at_work = sorted(name for name, turn in lasts.items() if is_served and turn.is_open)
    due = [each for each in due_now(schedule, lasts, now) if each.job.name not in at_work]
    return _Found(service, place, schedule, due, at_work)


def _rows(found: _Found, screen: Screen) -> "Iterator[list[Cell]]":
    for each in found.due:
        since = replace(screen, zone=each.job.zone).moment(each.since)
        yield [each.job.name, since, each.job.zone, command(each.job.words, found.place)]


def _show(found: _Found, now: datetime, screen: Screen) -> None:
    rows = list(_rows(found, screen))
    screen.table(("job", "due since", "zone", "command"), rows, whole=("job", "due since"))
    coming = sorted(_coming(found.schedule, now), key=lambda each: each[1])
    if not found.due:
        screen.say("Nothing is due.")
    for job, at in coming[:1]:
        told = replace(screen, zone=job.zone).moment(at)
        screen.say(f"Next: {job.name}, at {told} ({job.zone}).")


def _data(found: _Found, now: datetime) -> Mapping[str, Any]:
    """Return what is due as JSON data; times in ISO form, UTC."""
    return {
        "at": to_iso(now),
        "due": [
            {
                "job": each.job.name,
                "since": to_iso(each.since),
                "command": command(each.job.words, found.place),
                "again": each.dead is not None,
            }
            for each in found.due
        ],
        "next": [{"job": job.name, "at": to_iso(at)} for job, at in _coming(found.schedule, now)],
    }


def _coming(schedule: "Schedule", now: datetime) -> "Iterator[tuple[ScheduledJob, datetime]]":
    from sfsync.due import next_time

    for job in schedule.jobs:
        at = next_time(job, now)
        if at is not None:
            yield job, at
