"""What can be said on the command line?

Commands are imported only when they are called: `sfsync --help` must not wait for pandas.
"""

import gc
import os
import signal
import sys
from importlib import import_module
from typing import Any

import click

from sfsync import __version__
from sfsync.errors import BY_SIGNAL, ExitCode, SfsyncError
from sfsync.garbage import collect_seldom

_COMMANDS = {
    "plan": ("sfsync.cli.plan:plan", "Show what a job would change, and why; writes nothing."),
    "apply": ("sfsync.cli.apply:apply_file", "Apply a plan file, exactly as it was shown."),
    "run": ("sfsync.cli.apply:run", "Plan and apply a job in one go, as a scheduler does."),
    "undo": ("sfsync.cli.undo:undo", "Show what would take a run back; --apply does it."),
    "runs": ("sfsync.cli.runs:runs", "List the runs in the journal, newest first."),
    "show": ("sfsync.cli.runs:show", "Show one run, change by change."),
    "findings": (
        "sfsync.cli.findings:findings",
        "List what must be looked at; snooze or waive what need not be.",
    ),
    "explain": (
        "sfsync.cli.explain:explain",
        "Say why a record moved, or did not, and when it may.",
    ),
    "enrich": (
        "sfsync.cli.enrich:enrich",
        "Answer what public sources leave open; list the sources.",
    ),
    "cleanup": (
        "sfsync.cli.cleanup:cleanup",
        "Repair what stands in the org, once: shown first, done with --apply.",
    ),
    "scheduler": (
        "sfsync.cli.scheduler:scheduler",
        "Carry out the schedule of sfsync.yaml, until it is stopped.",
    ),
    "due": ("sfsync.cli.due:due", "List the jobs of the schedule that are due, or do them."),
    "health": (
        "sfsync.cli.health:health",
        "Say whether all is well; serve that, and metrics, to monitoring.",
    ),
    "init": ("sfsync.cli.init:init", "Write the configuration to a folder, to be edited."),
    "doctor": ("sfsync.cli.doctor:doctor", "Check sign-in, limits, fields, permissions, journal."),
    "setup": ("sfsync.cli.setup:setup", "Make the fields and permissions that the org lacks."),
    "report": (
        "sfsync.cli.report:report",
        "Write what managers, owners and the admin are told, and send it.",
    ),
    "mail": ("sfsync.cli.mail:mail", "Try whether mails arrive."),
    "journal": ("sfsync.cli.journal:journal", "Let go of what is old in the journal."),
    "rules": ("sfsync.cli.rules:rules", "Check and show the rules, facts and states."),
    "orgs": ("sfsync.cli.orgs:orgs", "List the orgs of config/orgs; check what their files say."),
    "org": ("sfsync.cli.org:org", "Record an org, serve it, and look after our copy of it."),
}
WRITING = "sfsync.writing"
"""Under this the context notes whether something may be half written."""


class HelpfulGroup(click.Group):
    """A group that tells the nearest command of one that is mistyped."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Resolve a command; raises UsageError with the nearest one where it is none."""
        from sfsync.registry import nearest

        name, known = args[0] if args else "", self.list_commands(ctx)
        if name and not name.startswith("-") and name not in known:
            ctx.fail(f'there is no command "{name}"{nearest(name, known)}')
        return super().resolve_command(ctx, args)


class LazyGroup(HelpfulGroup):
    """A group that knows its commands by heart, and imports one when it is called."""

    def invoke(self, ctx: click.Context) -> Any:
        """Carry out a command; a failure that is known becomes a message and an exit code."""
        try:
            return super().invoke(ctx)
        except SfsyncError as error:
            from sfsync.cli.logs import tell_failure

            tell_failure(error)
            ctx.exit(error.exit_code)
        except click.UsageError as error:
            # What click says itself names no command.
            if type(error) is not click.UsageError:
                raise
            from sfsync.cli.hints import helpful

            raise click.UsageError(helpful(error.message), error.ctx) from error
        except KeyboardInterrupt:
            _say_stopped(ctx)
            ctx.exit(BY_SIGNAL + signal.SIGINT)
        except Stop as stop:
            _say_stopped(ctx)
            ctx.exit(BY_SIGNAL + stop.number)
        except BrokenPipeError:
            # Whoever read our output has seen enough (`| head`); there is nobody left to tell.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(ExitCode.DONE)
        except OSError as error:
            if error.filename is None:
                raise
            _complain(f"sfsync: {error.filename}: {error.strerror}")
            ctx.exit(ExitCode.CONFIGURATION)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order in which a newcomer needs them."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command; None where there is no such one."""
        if cmd_name not in _COMMANDS:
            return None
        module, _, attribute = _COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_text) for name, (_, help_text) in _COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="sfsync %(version)s")
def commands() -> None:
    """Keep the sales loop in Salesforce true.

    Every change is planned, explained, applied exactly as shown, journalled and reversible. Without
    further ado everything happens in an embedded demo org: try `sfsync plan hourly`.

    Exit codes: 0 done, 1 internal error, 2 usage, 3 some records refused or stale, 4 stopped by a
    limit or guard, 5 configuration, 6 org unreachable, 7 another run is at work.
    """


def main() -> None:
    """Run the command line."""
    # What is written (books, plans, copies, recordings) holds customers' data: for this user alone.
    os.umask(0o077)
    # The allocator that Arrow takes by itself gives a process its first tables at half the speed.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    signal.signal(signal.SIGTERM, _stop)
    collect_seldom()
    try:
        commands(prog_name="sfsync")
    finally:
        # Nor once more at the end.
        gc.freeze()


def _stop(number: int, _frame: object) -> None:
    raise Stop(number)


class Stop(BaseException):
    """The process was told to end (`kill`, a shutdown); passes through whatever is being done."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(number)


def _complain(text: str) -> None:
    from sfsync.cli.logs import complain

    complain(text)


def _say_stopped(ctx: click.Context) -> None:
    text = "sfsync: stopped"
    if ctx.meta.get(WRITING):
        text += "; the next run first closes the books of what was being written, and says so"
    _complain(text)
