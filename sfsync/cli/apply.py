"""How is a plan carried out? (`sfsync run`, `sfsync apply`)"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import SystemRandom
from typing import TYPE_CHECKING

import click

from sfsync.cli import WRITING
from sfsync.cli.admin import Telling, telling_admin
from sfsync.cli.opening import Opened, lock_of, opened, sleep, wall_clock
from sfsync.cli.options import (
    Errand,
    Place,
    Scope,
    Workplace,
    engine_options,
    errand_options,
    place_options,
    scope_options,
)
from sfsync.cli.screen import Screen, counts_in_words
from sfsync.cli.service import name_of
from sfsync.cli.setting import READ_ONLY, set_up
from sfsync.cli.sourcing import ENRICH, planned
from sfsync.errors import ConfigError, ExitCode
from sfsync.logs import logs_tell_of

if TYPE_CHECKING:
    from sfsync.apply import Desk
    from sfsync.jobs import Planned, Ran
    from sfsync.model import Run

LOOKS_BACK = (
    "--now is earlier than this copy of the org, which has gone on to {clock}: look back with"
    " `sfsync plan`, or begin again with `sfsync org reset`"
)
NO_REHEARSAL = (
    "--now rehearses another moment, and a run on a real org would write that moment's dates: look"
    " with `sfsync plan JOB --now ...`, or run on a recorded org"
)

large_option = click.option(
    "--allow-large-change",
    "allow_large",
    is_flag=True,
    help="Go on where more accounts would move than the limits allow.",
)


@click.command()
@click.argument("job")
@large_option
@errand_options
@engine_options
@scope_options
@place_options
def run(
    job: str,
    allow_large: bool,
    scope: Scope,
    errand: Errand,
    workplace: Workplace,
    place: Place,
    quiet: bool,
) -> None:
    """Plan JOB and apply the plan, in one go. This is what a scheduler calls.

    JOB is `hourly`, or `enrich`, which looks accounts up in public sources.
    """
    with telling_admin(place, job, is_watched=not quiet) as telling:
        way = (scope, errand, workplace)
        code = _run(job, telling, way, place, allow_large=allow_large, quiet=quiet)
    sys.exit(code)


def _run(
    job: str,
    telling: Telling,
    way: tuple[Scope, Errand, Workplace],
    place: Place,
    *,
    allow_large: bool,
    quiet: bool,
) -> ExitCode:
    """Plan a job and apply the plan; return the exit code."""
    from sfsync.cli.sheet import show_plan
    from sfsync.jobs import stops_entered

    scope, errand, workplace = way
    setting = set_up(place, writes=True)
    service = name_of(setting.settings)
    if quiet:
        setting.check_named()
    if setting.is_salesforce and scope.now is not None:
        raise click.UsageError(NO_REHEARSAL)
    with (
        logs_tell_of(job=job, service=service),
        lock_of(setting),
        opened(setting, scope.now, writes=True, whole=scope.whole, judges=job != ENRICH) as at,
    ):
        screen = Screen(at.org.zone, at.org.url, quiet)
        if scope.now is not None and scope.now < at.clock():
            clock = f"{screen.moment(at.clock())} {screen.zone}"
            raise click.UsageError(LOOKS_BACK.format(clock=clock))
        telling.at = at
        died = settle_first(at, screen)
        services = at.services
        if died:
            telling.tell(died)
            # What was known before is no longer all.
            services = replace(services, early=None)
        # Settling may have waited for a bulk job: the pass judges the moment at which it reads.
        services = replace(services, now=scope.now or at.clock())
        with stops_entered(services, job, SystemRandom()):
            made = planned(job, replace(at, services=services), scope, errand, workplace, screen)
        if not quiet:
            show_plan(made.plan, screen, at.org.name, setting.policy)
        ran = carry_out(made, at, screen, allow_large=allow_large)
        if scope.now is not None and not ran.outcomes:
            screen.say("Nothing was written: the clock of this copy of the org stays where it was.")
    return ran.exit_code


@click.command("apply")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@large_option
@place_options
def apply_file(file: Path, allow_large: bool, place: Place, quiet: bool) -> None:
    """Apply the plan in FILE (from `sfsync plan --out FILE`), exactly as it was shown.

    Records that changed since are stale: left alone and listed. A plan of another org or policy, or
    an old one, is refused.
    """
    from sfsync.jobs import Planned
    from sfsync.plan import check_fits
    from sfsync.plan_file import from_json

    setting = set_up(place, writes=True)
    plan = from_json(file.read_bytes(), str(file))
    with lock_of(setting), opened(setting, plan.now, at_least=plan.now, writes=True) as at:
        real = setting.is_salesforce
        policy = setting.policy
        check_fits(plan, org=at.org.id, policy=policy, at=wall_clock(), rehearses=not real)
        screen = Screen(at.org.zone, at.org.url, quiet)
        settle_first(at, screen)
        ran = carry_out(Planned(plan), at, screen, allow_large=allow_large)
    sys.exit(ran.exit_code)


def _nobody(_done: int, _total: int) -> None:
    """Take notice of progress for nobody."""


def _desk(at: Opened, progress: Callable[[int, int], None] = _nobody) -> "Desk":
    """Put at hand what applying needs."""
    from sfsync.apply import Desk

    if at.writer is None:
        raise ConfigError([READ_ONLY])
    reserve = at.setting.policy.limits.api_reserve
    return Desk(at.writer, at.services.journal, at.clock, sleep, progress, reserve)


@contextmanager
def _may_write() -> Iterator[None]:
    """Note for whoever is stopped in here that something may be half written."""
    meta = click.get_current_context().meta
    meta[WRITING] = True
    yield
    meta[WRITING] = False


def settle_first(at: Opened, screen: Screen) -> "tuple[Run, ...]":
    """Close the books of runs that died, say so, and return them."""
    from sfsync.jobs import settle_before

    with _may_write():
        settled = settle_before(at.services, _desk(at))
    for dead in settled:
        counts = counts_in_words(dead.counts)
        screen.warn(f"The run {dead.id} had ended early; its books are now closed: {counts}.")
    return settled


def carry_out(made: "Planned", at: Opened, screen: Screen, *, allow_large: bool) -> "Ran":
    """Apply what was planned, with a bar, and print what became of it."""
    from sfsync.cli.sheet import show_outcomes
    from sfsync.jobs import run_planned

    chance = SystemRandom()
    with _may_write(), screen.progress(made.plan.job) as bar:
        ran = run_planned(made, at.services, _desk(at, bar), allow_large=allow_large, chance=chance)
    show_outcomes(ran.plan.changes, ran.outcomes, screen)
    if ran.outcomes:
        run_id = ran.run.id
        screen.say(f"Run {run_id}: `sfsync show {run_id}`, `sfsync undo {run_id}`.")
    return ran
