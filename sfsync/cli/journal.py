"""How is the journal kept small? (`sfsync journal`)"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import click

from sfsync.cli import HelpfulGroup, opening
from sfsync.cli.opening import opened_journal, wall_clock
from sfsync.cli.options import Place, place_options
from sfsync.cli.screen import Screen
from sfsync.cli.setting import set_up

if TYPE_CHECKING:
    from sfsync.journal import Ages
    from sfsync.policy import Retention

# Whoever waits for an SQLite file looks again after a tenth of a second at the latest.
_PAUSE_SECONDS = 0.15


@click.group(cls=HelpfulGroup)
def journal() -> None:
    """Let go of what is old in the journal."""


@journal.command()
@click.option("--apply", "do_apply", is_flag=True, help="Do it; else it is only shown.")
@click.option(
    "--vacuum", is_flag=True, help="Give the room back to the system, too; runs wait meanwhile."
)
@place_options
def prune(do_apply: bool, vacuum: bool, place: Place, quiet: bool) -> None:
    """Show what is older than `retention` in sfsync.yaml and of no use, and let go of it.

    What later passes need stays, whatever its age. Runs may go on beside it.
    """
    if vacuum and not do_apply:
        raise click.UsageError("--vacuum gives back what --apply lets go of: name both")
    setting = set_up(place)
    screen = Screen(is_quiet=quiet)
    with opened_journal(setting.settings) as book:
        ages = _ages(setting.policy.retention, wall_clock())
        pruning = book.pruning(ages, setting.policy.state_fields())
        if do_apply:
            gone = pruning.prune(lambda: opening.sleep(_PAUSE_SECONDS))
        else:
            gone = pruning.foresee()
        kept = pruning.kept()
        if vacuum:
            book.vacuum()
    if quiet:
        return
    days = _days(setting.policy.retention)
    rows = [[kind, str(days[kind]), f"{number:,}"] for kind, number in gone.items()]
    heads = ("kind", "older than days", "gone" if do_apply else "would go")
    screen.table(heads, rows, whole=("kind",), right=heads[1:])
    screen.say(f"{kept:,} older changes stay: what was moved, created or filled in.")
    if not do_apply:
        screen.say("Nothing was written: --apply does it.")


def _days(retention: "Retention") -> dict[str, int]:
    """For how many days each kind is kept, by the journal's words."""
    return {
        "changes": retention.runs,
        "runs": retention.runs,
        "messages": retention.messages,
        "findings": retention.findings,
        "look-ups": retention.lookups,
        "turns": retention.turns,
    }


def _ages(retention: "Retention", now: datetime) -> "Ages":
    from sfsync.journal import Ages

    return Ages(
        at=now,
        runs=now - timedelta(days=retention.runs),
        messages=now - timedelta(days=retention.messages),
        findings=now - timedelta(days=retention.findings),
        lookups=now - timedelta(days=retention.lookups),
        turns=now - timedelta(days=retention.turns),
    )
