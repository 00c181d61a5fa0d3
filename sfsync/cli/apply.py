"""How is a plan carried out? (`sfsync run`, `sfsync apply`)"""

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from random import SystemRandom

import click

from sfsync.apply import Desk
from sfsync.cli.opening import Opened, lock_path, opened, set_up, sleep, wall_clock
from sfsync.cli.options import Place, narrowing_options, now_option, place_options
from sfsync.cli.screen import Screen, show_outcomes, show_plan
from sfsync.jobs import Planned, Ran, locked, plan_job, run_planned, settle_before
from sfsync.plan import check_fits, from_json

large_option = click.option(
    "--allow-large-change",
    "allow_large",
    is_flag=True,
    help="Go on where more accounts would move than the limits allow.",
)


@click.command()
@click.argument("job")
@large_option
@now_option
@narrowing_options
@place_options
def run(
    job: str,
    allow_large: bool,
    now: datetime | None,
    only: Sequence[str],
    ids: Sequence[str],
    place: Place,
    quiet: bool,
) -> None:
    """Plan JOB and apply the plan, in one go. This is what a scheduler calls.

    JOB is `hourly`.
    """
    setting = set_up(place)
    with locked(lock_path(setting)), opened(setting, now) as at:
        screen = Screen(at.org.zone, at.org.url, setting.policy, quiet)
        settle_first(at, screen)
        made = plan_job(job, at.services, only=only, ids=ids)
        show_plan(made.plan, screen, at.org.name)
        ran = carry_out(made, at, screen, allow_large=allow_large)
    sys.exit(ran.exit_code)


@click.command("apply")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@large_option
@place_options
def apply_file(file: Path, allow_large: bool, place: Place, quiet: bool) -> None:
    """Apply the plan in FILE (from `sfsync plan --out FILE`), exactly as it was shown.

    Records that changed since are stale: left alone and listed. A plan of another org or policy, or
    an old one, is refused.
    """
    plan = from_json(file.read_text(encoding="utf-8"), str(file))
    setting = set_up(place)
    with locked(lock_path(setting)), opened(setting, plan.now, at_least=plan.now) as at:
        check_fits(plan, org=at.org.id, policy=setting.policy, at=wall_clock())
        screen = Screen(at.org.zone, at.org.url, setting.policy, quiet)
        settle_first(at, screen)
        ran = carry_out(Planned(plan), at, screen, allow_large=allow_large)
    sys.exit(ran.exit_code)


def desk_of(at: Opened, screen: Screen, bar: object = None) -> Desk:
    """Put at hand what applying needs."""
    return Desk(at.org, at.services.journal, at.clock, sleep, bar or (lambda _done, _total: None))  # type: ignore[arg-type]


def settle_first(at: Opened, screen: Screen) -> None:
    """Close the books of runs that died, and say so."""
    for dead in settle_before(at.services, desk_of(at, screen)):
        counts = ", ".join(f"{count} {state}" for state, count in sorted(dead.counts.items()))
        screen.say(f"The run {dead.id} had ended early; its books are now closed: {counts}.")


def carry_out(made: Planned, at: Opened, screen: Screen, *, allow_large: bool) -> Ran:
    """Apply what was planned, with a bar, and print what became of it."""
    with screen.progress(made.plan.job) as bar:
        ran = run_planned(
            made,
            at.services,
            desk_of(at, screen, bar),
            allow_large=allow_large,
            chance=SystemRandom(),
        )
    show_outcomes(ran.plan.changes, ran.outcomes, screen)
    if ran.outcomes:
        run_id = ran.run.id
        screen.say(f"Run {run_id}: `sfsync show {run_id}`, `sfsync undo {run_id}`.")
    return ran
