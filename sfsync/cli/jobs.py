"""Which command lines may the schedule's jobs be?"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from sfsync.errors import ConfigError, NotFound
from sfsync.registry import nearest

if TYPE_CHECKING:
    from sfsync.policy import Schedule, ScheduledJob

# They carry out the schedule themselves, or never end.
_NO_JOBS = (["scheduler"], ["due"], ["org", "serve"])
_QUIET = "--quiet"
# What writes to the org: always, or with --apply; and cleanups that write elsewhere.
_WRITING, _APPLY = ("run", "apply"), "--apply"
_WITH_APPLY, _OF_NO_ORG = ("cleanup", "undo", "setup"), ("export", "forget")
_PLACES = frozenset({"--org", "--config", "--state-dir"})
_HELP = frozenset({"-h", "--help"})


def check_commands(schedule: "Schedule", org: str = "") -> None:
    """Check that sfsync understands the command line of each job, which of several orgs (`org`:
    that one's name) names none itself.

    Raises ConfigError with all problems, each with its place and the nearest name.
    """
    problems = [
        f"{job.place}: {job.name}: {problem}"
        for job in schedule.jobs
        if (problem := _problem(job) or (org and _other_place(job, org)))
    ]
    if problems:
        raise ConfigError(problems)


def writers(schedule: "Schedule") -> list[str]:
    """Name the jobs that write to the org."""
    return [job.name for job in schedule.jobs if _writes(job.words)]


def _writes(words: Sequence[str]) -> bool:
    if words[0] in _WRITING:
        return True
    return _APPLY in words and words[0] in _WITH_APPLY and words[1] not in _OF_NO_ORG


def quiet(schedule: "Schedule") -> "Schedule":
    """Return the schedule with -q for each command that takes it: nobody watches."""
    return replace(schedule, jobs=tuple(_quiet(job) for job in schedule.jobs))


def _quiet(job: "ScheduledJob") -> "ScheduledJob":
    command, _, _ = _found(job.words)
    options = [name for each in command.params for name in each.opts]
    is_given = {"-q", _QUIET}.intersection(job.words)
    if _QUIET not in options or is_given:
        return job
    return replace(job, words=(*job.words, _QUIET))


def _problem(job: "ScheduledJob") -> str:
    """Say what is wrong with a job's command line; nothing where all is right."""
    if not _HELP.isdisjoint(job.words):
        return "a job does something, and does not only print help"
    try:
        command, context, rest = _found(job.words)
        path = list(job.words[: len(job.words) - len(rest)])
        if not isinstance(command, click.Group):
            _understand(command, context, rest)
    except (click.ClickException, NotFound) as error:
        said = error.format_message() if isinstance(error, click.ClickException) else str(error)
        return said.rstrip(".")
    if isinstance(command, click.Group):
        return f"which command of it?{nearest('', command.list_commands(context))[1:]}"
    return f"{' '.join(path)} cannot be a job" if path in _NO_JOBS else ""


def _other_place(job: "ScheduledJob", org: str) -> str:
    """Say what of a job's command line names where it works; nothing where all is right."""
    named = [each for each in job.words if each.partition("=")[0] in _PLACES]
    return f"a job of {org} is done for {org}: leave {', '.join(named)} out" if named else ""


def _found(words: Sequence[str]) -> tuple[click.Command, click.Context, list[str]]:
    """Find the command of a line, the context above it, and what follows it.

    Raises UsageError with the nearest name.
    """
    from sfsync.cli import commands

    command: click.Command = commands
    context, rest = click.Context(commands, info_name="sfsync"), list(words)
    while isinstance(command, click.Group) and rest:
        name = rest[0]
        inner = command.get_command(context, name)
        if inner is None:
            hint = nearest(name, command.list_commands(context))
            raise click.UsageError(f'there is no command "{name}"{hint}')
        rest.pop(0)
        if isinstance(inner, click.Group):
            context = click.Context(inner, parent=context, info_name=name)
        command = inner
    return command, context, rest


def _understand(command: click.Command, context: click.Context, rest: list[str]) -> None:
    """Read arguments and options as the command will. Raises ClickException, and NotFound for a
    job that `run` and `plan` do not know.
    """
    from sfsync.jobs import JOBS

    read = command.make_context(command.name, rest, parent=context)
    if "job" in read.params:
        JOBS.find(str(read.params["job"]))
