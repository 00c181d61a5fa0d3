"""How does an admin repair what stands in the org, once? (`sfsync cleanup`)"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sfsync.bounds import MOST_DAYS
from sfsync.cli.apply import carry_out, large_option, settle_first
from sfsync.cli.opening import Opened, lock_of, opened
from sfsync.cli.options import Day, Place, RecordId, place_options
from sfsync.cli.person import meant
from sfsync.cli.screen import Screen
from sfsync.cli.setting import set_up
from sfsync.errors import ExitCode

if TYPE_CHECKING:
    from sfsync.jobs.cleanup import Cleanup, Option, Part
    from sfsync.model import Value


class CleanupGroup(click.Group):
    """A group whose commands are the cleanups that there are."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return their names, in order."""
        from sfsync.jobs.cleanup import CLEANUPS

        return sorted(CLEANUPS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Make the command of a cleanup; None where there is no such one."""
        from sfsync.jobs.cleanup import CLEANUPS

        return _command(CLEANUPS[cmd_name]) if cmd_name in CLEANUPS else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Resolve a command; a mistyped one is told the nearest."""
        from sfsync.jobs.cleanup import CLEANUPS

        if args and not args[0].startswith("-"):
            CLEANUPS.find(args[0])
        return super().resolve_command(ctx, args)


@click.group(cls=CleanupGroup, invoke_without_command=True)
@click.pass_context
def cleanup(ctx: click.Context) -> None:
    """Repair what stands in the org, once: each shows its plan, and does it with --apply."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@dataclass(frozen=True, slots=True)
class _Call:
    """How a cleanup was called."""

    ids: Sequence[str]
    owner: str | None
    limit: int | None
    out: Path | None
    do_apply: bool
    allow_large: bool
    place: Place
    quiet: bool


def _command(each: "Cleanup") -> click.Command:
    """Make a command with the options that all cleanups have, and those of this one."""

    def called(
        *,
        ids: Sequence[str],
        owner: str | None,
        limit: int | None,
        out: Path | None,
        do_apply: bool,
        allow_large: bool,
        place: Place,
        quiet: bool,
        **wishes: Any,
    ) -> None:
        call = _Call(ids, owner, limit, out, do_apply, allow_large, place, quiet)
        _clean_up(each, {name.replace("_", "-"): value for name, value in wishes.items()}, call)

    command: Any = place_options(called)
    for option in reversed(_common()):
        command = option(command)
    for own in reversed(each.options):
        command = _option(own)(command)
    made = click.command(each.name, short_help=each.summary)(command)
    made.help = f"{each.summary} Shows what it would do; with --apply it is done."
    return made


def _option(own: "Option") -> Any:
    kinds: dict[str, dict[str, Any]] = {
        "flag": {"is_flag": True},
        "text": {"metavar": "TEXT"},
        "number": {"type": click.IntRange(0, MOST_DAYS), "metavar": "N"},
        "day": {"type": Day()},
    }
    shown = own.default is not None
    return click.option(
        f"--{own.name}", help=own.help, default=own.default, show_default=shown, **kinds[own.kind]
    )


def _common() -> list[Any]:
    file = click.Path(dir_okay=False, path_type=Path)
    return [
        click.option("--id", "ids", multiple=True, type=RecordId(), help="Only this record."),
        click.option("--owner", metavar="PERSON", help="Only this owner's: name, address or Id."),
        click.option("--limit", type=click.IntRange(min=1), help="So many records at most."),
        click.option("--out", type=file, help="Write the plan there, for `sfsync apply`."),
        click.option("--apply", "do_apply", is_flag=True, help="Do it; without, it is only shown."),
        large_option,
    ]


def _clean_up(each: "Cleanup", wishes: "dict[str, Value]", call: _Call) -> None:
    from sfsync.cli.sheet import show_plan
    from sfsync.jobs.cleanup import plan_cleanup
    from sfsync.plan import to_json

    if call.out is not None and call.do_apply:
        raise click.UsageError("--out writes a plan for `sfsync apply`: leave out --apply")
    setting = set_up(call.place, writes=call.do_apply)
    if call.do_apply and call.quiet:
        setting.check_named()
    with lock_of(setting), opened(setting, writes=call.do_apply) as at:
        screen = Screen(at.org.zone, at.org.url, call.quiet)
        if call.do_apply:
            settle_first(at, screen)
        made = plan_cleanup(each.name, at.services, wishes, _part(call, at))
        if call.out is not None:
            call.out.write_text(to_json(made.plan), encoding="utf-8")
        if not (call.quiet and call.do_apply):
            show_plan(made.plan, screen, at.org.name, setting.policy)
        ran = None
        if call.do_apply:
            ran = carry_out(made, at, screen, allow_large=call.allow_large)
        elif call.out is not None:
            screen.say(f"Nothing was written to the org: `sfsync apply {call.out}` does it.")
        elif made.plan.changes:
            screen.say("Nothing was written: add --apply to do it.")
    sys.exit(ran.exit_code if ran else ExitCode.DONE)


def _part(call: _Call, at: Opened) -> "Part":
    """Say of which records it is wanted. Raises NotFound where the owner is nobody, or several."""
    from sfsync.extract.people import read_all_users
    from sfsync.jobs.cleanup import Part

    owners = None
    if call.owner is not None:
        owners = meant(call.owner, read_all_users(at.org), "no user is called")
    return Part(tuple(call.ids), owners, call.limit)
