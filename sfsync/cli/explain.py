"""Why did a record move, or did not? (`sfsync explain`)"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import click
from rich.text import Text

from sfsync.cli.opening import Opened, opened
from sfsync.cli.options import Place, RecordId, format_option, now_option, place_options
from sfsync.cli.runs import change_data, fields_of
from sfsync.cli.screen import Cell, Screen, echo
from sfsync.cli.setting import set_up
from sfsync.model import JournalledChange, Source, Value, same_value

if TYPE_CHECKING:
    from sfsync.explain import Clause, Explanation, RuleVerdict
    from sfsync.extract.meetings import Meeting
    from sfsync.rules.commit import Item


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
    from sfsync.explain import explain as explain_record
    from sfsync.extract.meetings import read_meetings
    from sfsync.jobs.hourly import read

    setting = set_up(place)
    with opened(setting, now) as at:
        found = explain_record(read(at.services), record)
        history = at.services.journal.history(at.services.books, found.object, found.id)
        enriched = _enriched(at, found.object, found.id)
        items = found.commit.items if found.commit else ()
        proofs = (each.record or "" for item in items for each in item.evidence)
        meetings = read_meetings(at.org, proofs)
        if form == "json":
            data = {
                **asdict(found),
                "enriched": [asdict(each) for each in enriched],
                "history": [change_data(each) for each in history],
            }
            for item in data["commit"]["items"] if items else ():
                records = [each["record"] for each in item["evidence"]]
                item["meetings"] = [asdict(meetings[id]) for id in records if id in meetings]
            echo(json.dumps(data, indent=2, ensure_ascii=False))
            return
        screen = Screen(at.org.zone, at.org.url, quiet)
        _show_answer(found, at.services.now, screen)
        _show_verdicts(found, screen)
        _show_commit(found, meetings, screen)
        _show_facts(found, screen)
        _show_enriched(enriched, screen)
        _show_history(history, screen)


@dataclass(frozen=True, slots=True)
class Enriched:
    """A field that a public source filled: with what, from where, in which run, and what stands
    there now.
    """

    field: str
    value: Value
    source: Source
    run: str
    stands: bool
    present: Value


def _enriched(at: Opened, object_name: str, record_id: str) -> list[Enriched]:
    """Return what enrichment filled in a record, beside what stands there now."""
    filled = at.services.journal.filled(at.services.books, object_name, record_id)
    there = set(at.org.fields(object_name) or ())
    names = sorted(field for _, field in filled if field in there)
    rows = at.org.records(object_name, [record_id], names) if names else {}
    row = rows.get(record_id, {})
    found = []
    for (_, field), each in sorted(filled.items()):
        present = row.get(field)
        stands = same_value(each.value, present)
        found.append(Enriched(field, each.value, each.source, each.run, stands, present))
    return found


def _show_enriched(enriched: Sequence[Enriched], screen: Screen) -> None:
    if not enriched:
        return
    _head("Filled from public sources", screen)
    if not screen.is_terminal:
        screen.table((), [[*_filled(each, screen), each.source.url] for each in enriched])
        return
    rows: list[list[Cell]] = []
    for each in enriched:
        field, value, provider, as_of, *_, stands = _filled(each, screen)
        whence = Text.assemble(provider, "\n", (f"of {as_of}", "dim")) if as_of != "-" else provider
        rows.append([field, value, whence, stands])
    screen.table(("field", "value", "source", "stands"), rows, whole=("field", "source"))
    for source in dict.fromkeys(replace(each.source, as_of="") for each in enriched):
        read = f"read {source.fetched_on}, {source.confidence:.0%} sure"
        screen.tell(f"{source.provider}: {source.url} ({read})")


def _filled(each: Enriched, screen: Screen) -> list[str]:
    """Say a field, what it was filled with, the source, of when that is, when it was read, how sure
    it is, and whether it still stands.
    """
    return [
        each.field,
        screen.value(each.value),
        each.source.provider,
        each.source.as_of or "-",
        each.source.fetched_on,
        f"{each.source.confidence:.0%}",
        "yes" if each.stands else f"no: {screen.value(each.present)}",
    ]


def _show_answer(found: "Explanation", now: datetime, screen: Screen) -> None:
    """Answer in three lines: what it is, whether and when it moves, what decides it."""
    from sfsync.explain import FAILS, MOVES

    name = screen.record(found.object, found.id, found.name).plain.partition("\n")[0]
    screen.tell(f"{name}: {found.state or 'no status'} ({found.object} {found.id})")
    at = f"as of {screen.moment(now)} {screen.zone}"
    rules = {rule.name: rule for rule in found.rules}
    moving = next((rule for rule in found.rules if rule.verdict == MOVES), None)
    if moving is not None:
        screen.tell(f"It moves to {moving.to} in the next pass (rule {moving.name}, {at})")
        screen.tell(f"because: {moving.in_short}.")
        return
    move = found.next_move
    if move is None:
        failing = [rule for rule in found.rules if rule.verdict == FAILS]
        screen.tell(f"No rule moves it, nor will one if nothing happens ({at}).")
        nearest = min(failing, key=lambda rule: len(rule.failing), default=None)
    else:
        screen.tell(
            f"It stays; if nothing happens, {move.rule} moves it to {move.to} on {move.day}."
        )
        nearest = rules.get(move.rule)
    if nearest is not None and nearest.failing:
        clauses = " and ".join(_clause(each, screen) for each in nearest.failing)
        screen.tell(f"What holds {nearest.name} back: {clauses}.")


def _show_verdicts(found: "Explanation", screen: Screen) -> None:
    """Say what each rule for its present state says."""
    from sfsync.explain import FAILS, HOLDS, MOVES

    moving = next((rule.name for rule in found.rules if rule.verdict == MOVES), "another")
    said = [rule for rule in found.rules if rule.verdict in (MOVES, HOLDS, FAILS)]
    if said:
        _head("Rules for its status", screen)
        rows = [_verdict(rule, moving, screen) for rule in said]
        screen.table(("rule", "verdict", "because"), rows, whole=("rule",))
    others = [rule.name for rule in found.rules if rule not in said]
    if others:
        screen.say(f"Not from this status: {', '.join(others)}.")


def _verdict(rule: "RuleVerdict", moving: str, screen: Screen) -> list[Cell]:
    from sfsync.explain import HOLDS, MOVES

    if rule.verdict == MOVES:
        return [rule.name, "moves it", "as said above"]
    if rule.verdict == HOLDS:
        return [rule.name, "holds too", f"but {moving} comes first"]
    clauses = (_clause(each, screen) for each in rule.failing)
    return [rule.name, "does not hold", ("\n" if screen.is_terminal else "; ").join(clauses)]


def _clause(clause: "Clause", screen: Screen) -> str:
    if not clause.is_known:
        return f"needs {clause.text}; unknown"
    value = "" if clause.value is None else f"; it is {_value(clause.value, screen)}"
    return f"needs {clause.text}{value}"


def _value(value: Value, screen: Screen) -> str:
    # In words as the conditions have them, which say "is true".
    return str(value).lower() if isinstance(value, bool) else screen.value(value)


def _show_commit(found: "Explanation", meetings: "Mapping[str, Meeting]", screen: Screen) -> None:
    """Say what Commit needs, item by item: whether it is there, and what proves it."""
    if found.commit is None:
        return
    if not found.commit.is_asked:
        screen.say()
        screen.tell(f"What Commit needs is {found.commit.why}.")
        return
    _head("What Commit needs", screen)
    between = "\n" if screen.is_terminal else "; "
    rows = [
        [item.code, item.standing.value, between.join(_proofs(item, meetings, screen))]
        for item in found.commit.items
    ]
    screen.table(("item", "standing", "proof"), rows, whole=("standing",))


def _proofs(item: "Item", meetings: "Mapping[str, Meeting]", screen: Screen) -> Iterator[str]:
    """Say what is wrong with an item, and what stands in its fields: where it is missing, whether
    each is filled in or blank. Another record that has them is named once.
    """
    from sfsync.rules.commit import Standing

    if item.why:
        yield screen.words(item.why)
    named: set[str | None] = {None}
    for field, proof in zip(item.fields, item.evidence, strict=True):
        stands = _stands(item, field) if item.standing is Standing.MISSING else ""
        if proof.value is None and (not stands or field in item.why):
            continue
        meeting, more = meetings.get(proof.record or ""), ""
        if proof.record not in named:
            about = f"{meeting.subject}, {meeting.day}, " if meeting else ""
            more = f" ({about}{proof.record})"
        named.add(proof.record)
        value = "" if proof.value is None else f": {_value(proof.value, screen)}"
        yield f"{field}{stands}{value}{more}"


def _stands(item: "Item", field: str) -> str:
    """Say of a field that must be filled in whether it is; nothing of others."""
    if field not in item.asked:
        return ""
    return " is blank" if field in item.blank else " is filled in"


def _show_facts(found: "Explanation", screen: Screen) -> None:
    _head("Facts", screen)
    facts = [[each.fact, _value(each.value, screen), each.record or ""] for each in found.facts]
    screen.table(("fact", "value", "proved by"), facts)
    if found.points:
        _head("Scores", screen)
        rows = [
            [each.score, f"{each.points:+g}" if each.holds else "0", each.condition]
            for each in found.points
        ]
        screen.table(("score", "points", "for"), rows)


def _show_history(history: Sequence[JournalledChange], screen: Screen) -> None:
    _head("What the service did before", screen)
    if not history:
        screen.say("Nothing.")
    if not screen.is_terminal:
        screen.table((), [[*_done(each), "; ".join(fields_of(each, screen))] for each in history])
        return
    rows: list[list[Cell]] = []
    for each in history:
        run, outcome, cause = _done(each)
        told = Text.assemble(run, "\n", (cause, "dim"))
        rows.append([told, outcome, "\n".join(fields_of(each, screen))])
    screen.table(("run", "outcome", "change"), rows, whole=("run", "outcome"))


def _done(each: JournalledChange) -> tuple[str, str, str]:
    return each.run, each.outcome.state.value, each.change.cause


def _head(text: str, screen: Screen) -> None:
    screen.say()
    screen.say(text)
