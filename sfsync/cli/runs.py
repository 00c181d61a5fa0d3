"""What did the service do? (`sfsync runs`, `sfsync show`)"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

import click

from sfsync.cli.opening import opened_journal, set_up
from sfsync.cli.options import Place, format_option, place_options
from sfsync.cli.screen import Screen
from sfsync.model import JournalledChange, Run


@click.command()
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many.")
@format_option("table", "json")
@place_options
def runs(limit: int, form: str, place: Place, quiet: bool) -> None:
    """List the runs in the journal, newest first."""
    setting = set_up(place)
    with opened_journal(setting) as journal:
        found = journal.runs()[:limit]
    if form == "json":
        click.echo(
            json.dumps({"runs": [run_data(run) for run in found]}, indent=2, ensure_ascii=False)
        )
        return
    screen = Screen("UTC", "", setting.policy, quiet)
    if not found:
        screen.say("The journal has no run yet.")
    rows = [
        [
            run.id,
            run.job,
            screen.moment(run.started),
            screen.moment(run.now),
            run.state.value,
            _counts(run),
        ]
        for run in found
    ]
    screen.table(("run", "job", "started (UTC)", "as of (UTC)", "state", "changes"), rows)


@click.command()
@click.argument("run")
@format_option("table", "json")
@place_options
def show(run: str, form: str, place: Place, quiet: bool) -> None:
    """Show RUN (its id, or the beginning of it), change by change."""
    setting = set_up(place)
    with opened_journal(setting) as journal:
        found = journal.run(run)
        changes = journal.changes(found.id)
    if form == "json":
        data = {**run_data(found), "changes": [change_data(each) for each in changes]}
        click.echo(json.dumps(data, indent=2, ensure_ascii=False))
        return
    screen = Screen("UTC", "", setting.policy, quiet)
    moment = screen.moment(found.now)
    screen.say(f"{found.id} {found.job}, {found.state.value}, as of {moment} UTC: {_counts(found)}")
    if found.undoes:
        screen.say(f"It undoes {found.undoes}.")
    if found.error:
        screen.say(found.error)
    rows = [_row(each, screen) for each in changes]
    screen.table(("outcome", "record", "id", "change", "why"), rows)


def _row(each: JournalledChange, screen: Screen) -> list[str]:
    change, outcome = each.change, each.outcome
    fields = [
        f"{name}: {screen.value(v.before)} → {screen.value(v.after)}"
        for name, v in change.fields.items()
    ]
    why = (
        f"{change.cause}: {change.reason}"
        if outcome.message == ""
        else f"{outcome.code} {outcome.message}".strip()
    )
    return [
        outcome.state.value,
        change.name,
        change.id,
        ("\n" if screen.is_terminal else "; ").join(fields),
        why,
    ]


def _counts(run: Run) -> str:
    return (
        ", ".join(f"{count} {state}" for state, count in sorted(run.counts.items()))
        or "nothing to do"
    )


def run_data(run: Run) -> Mapping[str, Any]:
    """Return a run as JSON data; times in ISO form, UTC."""
    return {name: _plain(value) for name, value in asdict(run).items()}


def change_data(each: JournalledChange) -> Mapping[str, Any]:
    """Return a journalled change as JSON data, with its outcome beside it."""
    data = asdict(each.change)
    del data["rests_on"]
    outcome = {
        "state": each.outcome.state.value,
        "code": each.outcome.code,
        "message": each.outcome.message,
    }
    return {**data, "outcome": outcome, "run": each.run, "sent_at": _plain(each.sent_at)}


def _plain(value: Any) -> Any:
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else value
