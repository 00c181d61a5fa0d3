"""How does an admin repair what stands in the org, once? (`sfsync cleanup`)"""

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sfsync.bounds import MOST_DAYS
from sfsync.cli import HelpfulGroup
from sfsync.cli.apply import carry_out, large_option, settle_first
from sfsync.cli.opening import Opened, lock_of, opened
from sfsync.cli.options import Day, Place, RecordId, place_options
from sfsync.cli.person import meant
from sfsync.cli.screen import Screen
from sfsync.cli.setting import set_up
from sfsync.errors import ExitCode, NotFound

if TYPE_CHECKING:
    from sfsync.jobs.cleanup import Cleanup, Option, Part, Wishes
    from sfsync.report import Person

_NOBODY = "no user is called"
# They change nothing in the org, and so have no plan of it.
_WITHOUT_PLAN = {
    "export": "sfsync.cli.export:export",
    "forget": "sfsync.cli.forget:forget",
}


class CleanupGroup(HelpfulGroup):
    """A group whose commands are the cleanups that there are."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return their names, in order."""
        from sfsync.jobs.cleanup import CLEANUPS

        return sorted([*CLEANUPS, *_WITHOUT_PLAN])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Make the command of a cleanup; None where there is no such one."""
        if cmd_name in _WITHOUT_PLAN:
            module, _, name = _WITHOUT_PLAN[cmd_name].partition(":")
            command: click.Command = getattr(import_module(module), name)
            return command
        from sfsync.jobs.cleanup import CLEANUPS

        return _command(CLEANUPS[cmd_name]) if cmd_name in CLEANUPS else None


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
        "text": {"metavar": own.metavar},
        "person": {"metavar": "PERSON"},
        "number": {"type": click.IntRange(0, MOST_DAYS), "metavar": "N"},
        "day": {"type": Day()},
    }
    return click.option(
        f"--{own.name}",
        help=own.help,
        multiple=own.several,
        default=own.default,
        show_default=own.default is not None,
        **kinds[own.kind],
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


def _clean_up(each: "Cleanup", given: dict[str, Any], call: _Call) -> None:
    from sfsync.cli.sheet import show_plan
    from sfsync.jobs.cleanup import plan_cleanup
    from sfsync.plan_file import to_json

    _check(each, given, call)
    setting = set_up(call.place, writes=call.do_apply)
    if call.do_apply and call.quiet:
        setting.check_named()
    with lock_of(setting), opened(setting, writes=call.do_apply) as at:
        screen = Screen(at.org.zone, at.org.url, call.quiet)
        if call.do_apply:
            settle_first(at, screen)
        wishes, part = _wished(each, given, call, at)
        made = plan_cleanup(each.name, at.services, wishes, part)
        if call.out is not None:
            call.out.write_text(to_json(made.plan), encoding="utf-8")
        if not (call.quiet and call.do_apply):
            show_plan(made.plan, screen, at.org.name, setting.policy)
        ran = None
        if call.do_apply:
            ran = carry_out(made, at, screen, allow_large=call.allow_large)
        elif call.out is not None and made.plan.changes:
            file = shlex.quote(str(call.out))
            screen.say(f"Nothing was written to the org: `sfsync apply {file}` does it.")
        elif made.plan.changes:
            screen.say_how_to_apply()
    sys.exit(ran.exit_code if ran else ExitCode.DONE)


def _check(each: "Cleanup", given: dict[str, Any], call: _Call) -> None:
    if call.out is not None and call.do_apply:
        raise click.UsageError("--out writes a plan for `sfsync apply`: leave out --apply")
    for own in each.options:
        if own.instead_of and given[own.name] and given[own.instead_of]:
            raise click.UsageError(f"--{own.instead_of} and --{own.name}: give one of them")


def _wished(
    each: "Cleanup", given: dict[str, Any], call: _Call, at: Opened
) -> "tuple[Wishes, Part]":
    """Say what is wished, and of which records. Raises NotFound where a person is nobody, or
    several.
    """
    from sfsync.extract.people import read_all_users
    from sfsync.jobs.cleanup import Part

    persons = {own.name: own for own in each.options if own.kind == "person" and given[own.name]}
    people = read_all_users(at.org) if persons or call.owner is not None else []
    owners = None if call.owner is None else meant(call.owner, people, _NOBODY)
    wishes = dict(given)
    for name, own in persons.items():
        typed = _names(given[name]) if own.several else [given[name]]
        ids = tuple(dict.fromkeys(_one(each, people) for each in typed))
        wishes[name] = ids if own.several else ids[0]
    return wishes, Part(tuple(call.ids), owners, call.limit)


def _names(typed: Sequence[str]) -> list[str]:
    return [name.strip() for each in typed for name in each.split(",") if name.strip()]


def _one(typed: str, people: "Sequence[Person]") -> str:
    """Return the Id of the one user who is meant. Raises NotFound where it is none, or several."""
    ids = sorted(meant(typed, people, _NOBODY))
    if len(ids) > 1:
        raise NotFound(f'several users are called "{typed}" ({", ".join(ids)}): give the Id of one')
    return ids[0]
