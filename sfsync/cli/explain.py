"""Why did a record move, or did not? (`sfsync explain`)"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

import click

from sfsync.cli.opening import opened, set_up
from sfsync.cli.options import Place, RecordId, format_option, now_option, place_options
from sfsync.cli.runs import change_data
from sfsync.cli.screen import Screen
from sfsync.explain import FAILS, HOLDS, MOVES, Clause, Explanation
from sfsync.explain import explain as explain_record
from sfsync.jobs.hourly import read
from sfsync.model import JournalledChange


@click.command()
@click.argument("record", type=RecordId(), metavar="ID")
@format_option("table", "json")
@now_option
@place_options
def explain(record: str, form: str, now: datetime | None, place: Place, quiet: bool) -> None:
    """Say why the account or opportunity ID moves or does not, and when it next may.

    Shows its facts and what proves them, what each rule says of it, and what the service did to it
    before.
    """
    setting = set_up(place)
    with opened(setting, now) as at:
        found = explain_record(read(at.services), record)
        history = at.services.journal.history(at.org.id, found.object, found.id)
        if form == "json":
            data = {**asdict(found), "history": [change_data(each) for each in history]}
            click.echo(json.dumps(data, indent=2, ensure_ascii=False))
            return
        _show(found, history, Screen(at.org.zone, at.org.url, setting.policy, quiet))


def _show(found: Explanation, history: Sequence[JournalledChange], screen: Screen) -> None:
    screen.say(f"{found.object} {found.id} {found.name}: {found.state or 'no status'}")
    _show_verdicts(found, screen)
    facts = [[fact.fact, screen.value(fact.value), fact.record or ""] for fact in found.facts]
    _head("Facts", screen)
    screen.table(("fact", "value", "proved by"), facts)
    if found.points:
        _head("Scores", screen)
        rows = [
            [each.score, f"{each.points:+g}" if each.holds else "0", each.condition]
            for each in found.points
        ]
        screen.table(("score", "points", "for"), rows)
    _head("What the service did before", screen)
    if not history:
        screen.say("Nothing.")
    rows = [
        [each.run, each.outcome.state.value, each.change.cause, _fields(each, screen)]
        for each in history
    ]
    screen.table(("run", "outcome", "cause", "change"), rows)


def _show_verdicts(found: Explanation, screen: Screen) -> None:
    """Say first what happens, then what each rule for its present state says."""
    moving = next((rule for rule in found.rules if rule.verdict == MOVES), None)
    if moving is not None:
        screen.say(f"The next pass moves it to {moving.to} (rule {moving.name}): {moving.reason}.")
    elif found.next_move is not None:
        move = found.next_move
        screen.say(f"If nothing happens, it moves on {move.day} to {move.to} (rule {move.rule}).")
    elif found.rules:
        screen.say("If nothing happens, no rule will move it.")
    rows = []
    for rule in found.rules:
        if rule.verdict == MOVES:
            rows.append([rule.name, "moves it", rule.reason])
        elif rule.verdict == HOLDS:
            rows.append(
                [rule.name, "holds too", f"but {moving.name if moving else 'another'} comes first"]
            )
        elif rule.verdict == FAILS:
            rows.append(
                [
                    rule.name,
                    "does not hold",
                    "\n".join(_clause(each, screen) for each in rule.failing),
                ]
            )
    if rows:
        _head("Rules for its status", screen)
        screen.table(("rule", "verdict", "because"), rows)
    others = [rule.name for rule in found.rules if rule.verdict not in (MOVES, HOLDS, FAILS)]
    if others:
        screen.say(f"Not from this status: {', '.join(others)}.")


def _clause(clause: Clause, screen: Screen) -> str:
    value = "" if clause.value is None else f"; it is {screen.value(clause.value)}"
    return f"needs {clause.text}{value}" if clause.is_known else f"needs {clause.text}; unknown"


def _fields(each: JournalledChange, screen: Screen) -> str:
    return "; ".join(
        f"{n}: {screen.value(v.before)} → {screen.value(v.after)}"
        for n, v in each.change.fields.items()
    )


def _head(text: str, screen: Screen) -> None:
    screen.say()
    screen.say(text)
