"""How is a run taken back? (`sfsync undo`)"""

import sys
from collections.abc import Sequence

import click

from sfsync.cli.apply import carry_out, large_option, settle_first
from sfsync.cli.opening import lock_path, opened, set_up
from sfsync.cli.options import Place, narrowing_options, place_options
from sfsync.cli.screen import Screen, show_plan
from sfsync.jobs import locked
from sfsync.jobs.undo import undo as plan_undo


@click.command()
@click.argument("run")
@click.option("--apply", "do_apply", is_flag=True, help="Do it; without, it is only shown.")
@large_option
@narrowing_options
@place_options
def undo(
    run: str,
    do_apply: bool,
    allow_large: bool,
    only: Sequence[str],
    ids: Sequence[str],
    place: Place,
    quiet: bool,
) -> None:
    """Show what would take RUN back; with --apply, do it.

    RUN is a run's id, or its beginning. Fields that somebody changed since are left and listed. An
    undo is a run, too: it can itself be undone.
    """
    setting = set_up(place)
    with locked(lock_path(setting)), opened(setting) as at:
        screen = Screen(at.org.zone, at.org.url, setting.policy, quiet)
        settle_first(at, screen)
        planned = plan_undo(at.services, run, only=only, ids=ids)
        show_plan(planned.planned.plan, screen, at.org.name)
        if not do_apply:
            screen.say("Nothing was written: add --apply to do it.")
            return
        ran = carry_out(planned.planned, at, screen, allow_large=allow_large)
    sys.exit(ran.exit_code)
