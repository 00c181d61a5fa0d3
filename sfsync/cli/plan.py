"""What would a job change? (`sfsync plan`)"""

import csv
import io
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sfsync.cli.hints import helpful
from sfsync.cli.opening import Opened, is_at_work, opened
from sfsync.cli.options import (
    Errand,
    Place,
    Scope,
    Workplace,
    engine_options,
    errand_options,
    format_option,
    place_options,
    scope_options,
)
from sfsync.cli.screen import Screen, counts_in_words, echo
from sfsync.cli.setting import set_up
from sfsync.cli.sourcing import ENRICH, planned
from sfsync.formula import harmless

if TYPE_CHECKING:
    from sfsync.model import Plan


_HEADS = ("object", "id", "name", "field", "before", "after", "cause", "reason", "action", "source")


@click.command()
@click.argument("job")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the plan to a file for `sfsync apply`.",
)
@format_option("table", "json", "csv")
@errand_options
@engine_options
@scope_options
@place_options
def plan(
    job: str,
    out: Path | None,
    form: str,
    scope: Scope,
    errand: Errand,
    workplace: Workplace,
    place: Place,
    quiet: bool,
) -> None:
    """Show what JOB would change, record by record, and why. Never writes to the org.

    JOB is `hourly`, or `enrich`, which looks accounts up in public sources.
    """
    from sfsync.plan_file import written

    setting = set_up(place)
    with opened(setting, scope.now, whole=scope.whole, judges=job != ENRICH) as at:
        screen = Screen(at.org.zone, at.org.url, quiet)
        made = planned(job, at, scope, errand, workplace, screen).plan
        if out is not None:
            with out.open("w", encoding="utf-8") as file:
                file.writelines(written(made))
        _print(made, form, at, quiet)
    if out is not None and not quiet:
        use = helpful(f"`sfsync apply {shlex.quote(str(out))}` carries it out")
        if setting.is_salesforce and scope.now is not None:
            use = "it rehearses another moment, so it cannot be applied to a real org"
        # Beside JSON or CSV the standard output holds nothing else.
        click.echo(f"The plan is in {out}; {use}.", err=form != "table")


def _print(made: "Plan", form: str, at: Opened, quiet: bool) -> None:
    from sfsync.cli.sheet import show_plan
    from sfsync.plan_file import to_csv_rows, written

    if form == "json":
        for text in written(made):
            echo(text, nl=False)
    elif form == "csv":
        echo(as_csv(to_csv_rows(made), _HEADS), nl=False)
    else:
        screen = Screen(at.org.zone, at.org.url, quiet)
        show_plan(made, screen, at.org.name, at.setting.policy)
        _tell_open_runs(at, screen)


def _tell_open_runs(at: Opened, screen: Screen) -> None:
    """Tell of runs that died: what they wrote is perhaps in the org, and not yet in the books."""
    if is_at_work(at.setting.settings):
        return
    for run in at.services.journal.open_runs(at.services.books):
        counts = counts_in_words(run.counts)
        screen.say(
            f"note: the run {run.id} ended early ({counts}); the next `run` closes its books"
        )


def as_csv(rows: Sequence[dict[str, object]], heads: Sequence[str]) -> str:
    """Write some columns of rows as CSV with a header.

    A cell that a spreadsheet would take for a formula is made harmless.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, heads, lineterminator="\n")
    writer.writeheader()
    writer.writerows({head: _harmless(row[head]) for head in heads} for row in rows)
    return text.getvalue()


def _harmless(cell: object) -> object:
    return harmless(cell) if isinstance(cell, str) else cell
