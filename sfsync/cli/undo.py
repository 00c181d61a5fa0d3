"""How is a run taken back? (`sfsync undo`)"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from sfsync.cli.apply import carry_out, large_option, settle_first
from sfsync.cli.opening import lock_of, opened
from sfsync.cli.options import Place, narrowing_options, place_options
from sfsync.cli.screen import Cell, Screen
from sfsync.cli.setting import set_up
from sfsync.errors import ExitCode

if TYPE_CHECKING:
    from sfsync.undo import LeftField

_AGAIN = (
    "note: while the rules that did this hold, the next pass does it again: change them, or what"
    " they go by, before it runs"
)


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
    from sfsync.cli.sheet import show_plan
    from sfsync.jobs.undo import undo as plan_undo
    from sfsync.plan import moves_too_many

    setting = set_up(place, writes=do_apply)
    with lock_of(setting), opened(setting, writes=not setting.settings.read_only) as at:
        screen = Screen(at.org.zone, at.org.url, quiet)
        if at.writer is not None:
            settle_first(at, screen)
        found = plan_undo(at.services, run, only=only, ids=ids)
        if not (quiet and do_apply):
            # What its notes say, the table of what is left says better; and it judged nothing.
            shown = replace(found.planned.plan, notes=(), judged=0)
            show_plan(shown, screen, at.org.name, setting.policy)
        _show_left(found.left, screen)
        policy, plan = setting.policy, found.planned.plan
        large = moves_too_many(plan, policy.limits, policy.state_fields())
        if large and not do_apply:
            screen.say(f"note: {large}")
        if not plan.changes:
            screen.say(f"There is nothing{' else' if found.left else ''} to take back.")
        ran = None
        if do_apply:
            ran = carry_out(found.planned, at, screen, allow_large=allow_large)
        if plan.changes:
            _say_what_is_next(screen, is_of_rules=found.is_of_rules, is_done=do_apply)
    sys.exit(ran.exit_code if ran else ExitCode.DONE)


def _say_what_is_next(screen: Screen, *, is_of_rules: bool, is_done: bool) -> None:
    if is_of_rules:
        screen.say(_AGAIN)
    if not is_done:
        screen.say_how_to_apply()


def _show_left(left: Sequence["LeftField"], screen: Screen) -> None:
    """Print the fields that stay as they are, and why."""
    rows: list[list[Cell]] = []
    for each in left:
        sent, found = screen.value(each.expected), screen.value(each.found)
        values = f"{each.field}: the run sent {sent}, it is {found}"
        if each.expected is None and each.found is None:
            values = each.field
        record = screen.record(each.object, each.id, each.name)
        ids: list[Cell] = [] if screen.is_terminal else [each.id]
        rows.append(["left", record, *ids, values, each.why])
    screen.table(("outcome", "record", "field", "why"), rows, title="Left as it is")
