"""How does a person see which records are merged, and get back what those held that went?"""

import csv
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from sfsync.cli.screen import Screen, one_line
from sfsync.errors import NotFound
from sfsync.model import Change, JournalledChange, Loser, State, Value

# Of a change that the org did not do the losers are where they were.
_PERHAPS_MERGED = (State.APPLIED, State.UNKNOWN, State.SENT)
_CHILDREN_FILE = "children.csv"


def merge_in_words(change: Change, screen: Screen) -> Iterator[str]:
    """Say which records are merged into one, then field by field what it takes over and from which,
    and what it keeps though another has another value.
    """
    named = ", ".join(f"{one_line(each.name)} ({each.id})" for each in change.losers)
    yield f"takes in {named}"
    for proof in change.evidence:
        taken = change.fields.get(proof.fact)
        if taken is not None:
            before, after = screen.value(taken.before), screen.value(taken.after)
            yield f"{proof.fact}: {before} → {after}, from {proof.record}"
            continue
        others = ", ".join(
            f"{each.id}: {screen.value(each.fields[proof.fact])}"
            for each in change.losers
            if each.fields.get(proof.fact) not in (None, "", proof.value)
        )
        yield f"{proof.fact}: stays {screen.value(proof.value)} ({others})"


def write_losers(changes: Sequence[JournalledChange], folder: Path) -> list[Path]:
    """Write what merged records held into CSV files, one an object, and what hung on them into
    another; return the files, which only their owner may read.

    Raises NotFound where the run merged nothing.
    """
    merges = [e for e in changes if e.change.losers and e.outcome.state in _PERHAPS_MERGED]
    if not merges:
        raise NotFound("the run merged no records: there is nothing to write out")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    written = []
    for object_name in sorted({each.change.object for each in merges}):
        here = [each for each in merges if each.change.object == object_name]
        losers = [(each, loser) for each in here for loser in each.change.losers]
        fields = sorted({name for _, loser in losers for name in loser.fields} - {"Id"})
        rows = [_row(each, loser, fields) for each, loser in losers]
        file = folder / f"{object_name}.csv"
        _write(file, ["Id", *fields, "Merged into", "Outcome"], rows)
        written.append(file)
    file = folder / _CHILDREN_FILE
    _write(file, ["Object", "Id", "Field", "Hung on", "Moved to"], _children(merges))
    return [*written, file]


def _row(each: JournalledChange, loser: Loser, fields: Sequence[str]) -> list[str]:
    values = [_cell(loser.fields.get(name)) for name in fields]
    return [loser.id, *values, each.change.id, each.outcome.state.value]


def _children(merges: Sequence[JournalledChange]) -> Iterator[list[str]]:
    for each in merges:
        for loser in each.change.losers:
            for reference, ids in loser.children.items():
                child, _, field = reference.partition(".")
                yield from ([child, id, field, loser.id, each.change.id] for id in ids)


def _cell(value: Value) -> str:
    """Write a value as the platform's own loaders read it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _write(file: Path, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    def private(path: str, flags: int) -> int:
        return os.open(path, flags, 0o600)

    with open(file, "w", encoding="utf-8", newline="", opener=private) as stream:
        writer = csv.writer(stream, quoting=csv.QUOTE_ALL)
        writer.writerow(heads)
        writer.writerows(rows)
