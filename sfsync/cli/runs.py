"""What did the service do? (`sfsync runs`, `sfsync show`)"""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from rich.text import Text

from sfsync.cli.books import are_kept_here, shares_journal
from sfsync.cli.merges import write_losers
from sfsync.cli.opening import is_at_work, opened_journal
from sfsync.cli.options import Place, format_option, place_options
from sfsync.cli.screen import Cell, Screen, count, counts_in_words, echo, one_line
from sfsync.cli.setting import settings_of
from sfsync.cli.sheet import outcome_row, said, with_why
from sfsync.model import ENRICH_CAUSE, JournalledChange, Run, RunState, State, to_iso

# The journal alone cannot tell a run at work from one whose process died.
ENDED_EARLY = "ended early"
# `sfsync show` tells the rest.
_LONGEST = 120


@click.command()
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many.")
@format_option("table", "json")
@place_options
def runs(limit: int, form: str, place: Place, quiet: bool) -> None:
    """List the runs in the journal, newest first."""
    settings = settings_of(place)
    with opened_journal(settings) as journal:
        found = journal.runs()
    if shares_journal(settings):
        # The lock tells of this org alone whether its open run is at work.
        is_ours = are_kept_here(settings)
        found = [run for run in found if is_ours(run.org)]
    found = found[:limit]
    if form == "json":
        echo(json.dumps({"runs": [run_data(run) for run in found]}, indent=2, ensure_ascii=False))
        return
    screen = Screen(is_quiet=quiet)
    if not found:
        screen.say("The journal has no run yet: `sfsync run hourly` makes the first.")
        return
    at_work = is_at_work(settings)
    rows = [_run_row(run, screen, _state(run, at_work)) for run in found]
    heads = ("run", "started, as of", "calls", "result")
    screen.table(heads, rows, whole=("run", "started, as of"), right=("calls",))
    screen.say(f"Times are in {' or '.join(sorted({run.zone for run in found}))}.")


@click.command()
@click.argument("run")
@format_option("table", "json")
@click.option(
    "--restore",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write what merged records held into CSV files there.",
)
@place_options
def show(run: str, form: str, restore: Path | None, place: Place, quiet: bool) -> None:
    """Show RUN (its id, or the beginning of it), change by change."""
    settings = settings_of(place)
    with opened_journal(settings) as journal:
        found = journal.run(run)
        changes = journal.changes(found.id)
    if restore is not None:
        for file in write_losers(changes, restore):
            echo(str(file))
        return
    if form == "json":
        data = {**run_data(found), "changes": [change_data(each) for each in changes]}
        echo(json.dumps(data, indent=2, ensure_ascii=False))
        return
    screen = Screen(found.zone, is_quiet=quiet)
    state = _state(found, is_at_work(settings))
    calls = "" if found.api_calls is None else f", {count(found.api_calls, 'API call')}"
    done = f", {counts_in_words(found.counts)}" if found.state is not RunState.STOPPED else ""
    screen.say(f"{found.id}: {found.job}, {state}{done}{calls}")
    screen.say(
        f"started {screen.moment(found.started)}, as of {screen.moment(found.now)} {screen.zone}"
    )
    if found.undoes:
        screen.say(f"It undoes {found.undoes}.")
    if found.pruned_at:
        screen.say(f"Pruned {screen.moment(found.pruned_at)}: only what later passes need is left.")
    if state == ENDED_EARLY:
        screen.say("Its books are open: the next run, apply or undo closes them.")
    if found.error:
        screen.say(found.error)
    rows = [_row(each, screen) for each in changes]
    heads = ("outcome", "record", "change", "why")
    # Of many fields, why stands below the record.
    is_wide = any(len(row) == len(heads) for row in rows) or not screen.is_terminal
    screen.table(heads if is_wide else heads[:-1], rows, whole=("outcome",))


def _run_row(run: Run, screen: Screen, state: str) -> list[Cell]:
    screen = replace(screen, zone=run.zone)
    times = [screen.moment(run.started), screen.moment(run.now)]
    calls = "" if run.api_calls is None else str(run.api_calls)
    result = counts_in_words(run.counts)
    if run.state is RunState.STOPPED:
        result = one_line(run.error or "")
    if not screen.is_terminal:
        return [run.id, run.job, *times, state, result, calls]
    told = result if state == RunState.FINISHED else f"{state}: {result}"
    if len(told) > _LONGEST:
        told = f"{told[: _LONGEST - 1]}…"
    below = (("\n", ""), (run.job, "dim")), (("\n", ""), (times[1], "dim"))
    return [Text.assemble(run.id, *below[0]), Text.assemble(times[0], *below[1]), calls, told]


def _state(run: Run, at_work: bool) -> str:
    if run.state is RunState.RUNNING and not at_work:
        return ENDED_EARLY
    return run.state.value


def _row(each: JournalledChange, screen: Screen) -> list[Cell]:
    change, outcome = each.change, each.outcome
    state, *record, why = outcome_row(change, outcome, screen)
    between = "\n" if screen.is_terminal else "; "
    fields = between.join(fields_of(each, screen))
    is_applied = outcome.state is State.APPLIED and not outcome.message
    if is_applied and screen.is_terminal and change.cause.startswith(ENRICH_CAUSE):
        return [state, with_why(record[0], change), fields]
    if is_applied:
        why = screen.words(f"{change.cause}: {change.reason}")
    return [state, *record, fields, why]


def fields_of(each: JournalledChange, screen: Screen) -> list[str]:
    """Say what a journalled change did, field by field."""
    return list(said(each.change, each.change.fields.items(), screen))


def run_data(run: Run) -> Mapping[str, Any]:
    """Return a run as JSON data; times in ISO form, UTC."""
    return {name: _plain(value) for name, value in asdict(run).items()}


def change_data(each: JournalledChange) -> Mapping[str, Any]:
    """Return a journalled change as JSON data, with its outcome beside it."""
    from sfsync.plan_file import with_told_sources

    data = with_told_sources(asdict(each.change))
    del data["rests_on"]
    outcome = {
        "state": each.outcome.state.value,
        "code": each.outcome.code,
        "message": each.outcome.message,
        "created": each.outcome.created,
    }
    return {**data, "outcome": outcome, "run": each.run, "sent_at": _plain(each.sent_at)}


def _plain(value: Any) -> Any:
    return to_iso(value) if isinstance(value, datetime) else value
