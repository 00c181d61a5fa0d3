"""What does the journal take of time and room, and what would a bare script?

    scripts/bench journal [--changes 100000] [--fields 1] [--rounds 5] [--at-most 2]
                          [--bytes 130] [--found 0.5] [--json]

The product enters a run with all its changes before anything is sent, marks each batch of 200 as
sent, notes what became of it, and closes the run. The bare script (sqlite3, nothing else) writes
the same columns, once: in one transaction, or in one, with its fsync, for every 200 changes; it
has one table with a row a field, its values inline, and the same index. Each round begins with a
new file, and both start from the same changes in memory. Then a second run of the same records is
entered, the way a journal grows, and what is asked of it is measured. Last, a process is killed
with SIGKILL in the middle of a run, and the journal must hold exactly what was committed.

Found: the changes of a run and their fields are read from the journal as rows. Turned round: they
are made changes again, and the plan that takes them back (`sfsync undo`, without its calls of the
org). Exit code 1 where a bar is missed, and where the killed run's journal holds anything else.
"""

import argparse
import json
import os
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa
from bench_table import Bar, Measured, Table, add_options, interleaved, report

from sfsync.journal import Journal
from sfsync.journal.reading import find_run
from sfsync.journal.tables import RUNS
from sfsync.model import Change, Evidence, FieldChange, Outcome, Run, RunState, Stamp, State
from sfsync.model.value import to_wire
from sfsync.undo import reverse

ORG, SEED, BATCH = "00D000000000001AAA", 7, 200
NOW = datetime(2026, 6, 15, 8, tzinfo=UTC)
STATUSES = ("Target", "Active", "Backlog", "Client", "Unqualified Pool", "Qualified Pool")
PRODUCT = "product"
ONE, EACH = "bare script, one transaction", "bare script, an fsync per 200"
OF_ROW, REST, ALL = ("changes", "changes_of_record"), "all else", "all"
COLUMNS = (
    "run, seq, field, object, record_id, name, before, after, cause, reason, evidence, rests_on,"
    " state, sent_at"
)
BARE = f"""
CREATE TABLE changes ({COLUMNS}, PRIMARY KEY (run, seq, field)) WITHOUT ROWID;
CREATE INDEX of_record ON changes (record_id);
"""


def changes_of(number: int, fields: int) -> list[Change]:
    """Make changes as an hourly pass plans them, by their Ids; of so many fields each: a status,
    the moment at which it began, a score.
    """
    dice = Random(SEED)
    return [_change(dice, place, fields) for place in range(number)]


def _change(dice: Random, place: int, fields: int) -> Change:
    id = f"001{place:012d}AAA"
    before, after = dice.sample(STATUSES, 2)
    days, score = dice.randint(30, 400), dice.randint(0, 100)
    read = NOW - timedelta(seconds=dice.randint(3_600, 30_000_000))
    began = to_wire(NOW - timedelta(seconds=dice.randint(30_000_000, 60_000_000)))
    written = {
        "Status__c": FieldChange(before, after),
        f"{after.replace(' ', '_')}_At__c": FieldChange(began, to_wire(NOW)),
        "Potential_Score__c": FieldChange(None, score),
    }
    return Change(
        object="Account",
        id=id,
        name=f"Company {place}",
        fields=dict(list(written.items())[:fields]),
        cause=f"rule:to-{after.lower().replace(' ', '-')}",
        reason=f"no activity for {days} days, potential {score // 10 * 10}",
        evidence=(Evidence("days_since_last_activity", days, f"00T{place:012d}AAA"),)
        if place % 10 == 0
        else (Evidence("days_since_last_activity", days),),
        rests_on=(Stamp("Account", id, to_wire(read)),),
    )


def a_run(number: int) -> Run:
    """Make a run that begins."""
    at = NOW + timedelta(hours=number)
    id = f"{at:%Y%m%d-%H%M%S}-{number:04x}"
    return Run(id, ORG, "hourly", at, at, None, RunState.RUNNING, "p1")


def journal_at(path: Path) -> Journal:
    """Open a journal in a file."""
    return Journal.open(f"sqlite:///{path}")


def enter(journal: Journal, run: Run, changes: Sequence[Change], batches: int | None = None) -> int:
    """Keep the books of a run as applying it does; all of it, or so many batches only. Return how
    many changes have an outcome.
    """
    journal.start(run, changes)
    done = 0
    for first in range(0, len(changes), BATCH):
        if batches is not None and first == batches * BATCH:
            return done
        batch = range(first, min(first + BATCH, len(changes)))
        journal.mark_sent(run.id, batch, run.now + timedelta(seconds=first // BATCH))
        applied = [
            (seq, Outcome(changes[seq].object, changes[seq].id, State.APPLIED)) for seq in batch
        ]
        journal.note(run.id, applied)
        done += len(batch)
    journal.finish(
        run.id, finished=run.now, state=RunState.FINISHED, states=None, whole=False, api_calls=1
    )
    return done


def bare_rows(changes: Sequence[Change], run: int) -> Iterator[tuple[Any, ...]]:
    """Say the same as plain rows."""
    said = partial(json.dumps, separators=(",", ":"))
    sent = f"{NOW:%Y-%m-%dT%H:%M:%S.%fZ}"
    for seq, change in enumerate(changes):
        told = (
            change.cause,
            change.reason,
            said([[each.fact, each.value, each.record] for each in change.evidence]),
            said([[each.object, each.id, each.modified] for each in change.rests_on]),
            "applied",
            sent,
        )
        about = (change.object, change.id, change.name)
        for name, field in change.fields.items():
            yield (run, seq, name, *about, said(field.before), said(field.after), *told)


def bare(path: Path, changes: Sequence[Change], fields: int, batch: int | None) -> None:
    """Write all rows with sqlite3 alone, in one transaction or in one for so many changes."""
    path.unlink(missing_ok=True)
    insert = f"INSERT INTO changes VALUES ({', '.join('?' * len(COLUMNS.split(',')))})"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.executescript(BARE)
        if batch is None:
            connection.executemany(insert, bare_rows(changes, 1))
            connection.commit()
            return
        rows = list(bare_rows(changes, 1))
        for first in range(0, len(rows), batch * fields):
            connection.executemany(insert, rows[first : first + batch * fields])
            connection.commit()


def measure_writing(folder: Path, changes: Sequence[Change], fields: int, rounds: int) -> Table:
    """Time the product and the bare script, each with a new file in every round."""

    def product() -> None:
        for old in folder.glob("journal.db*"):
            old.unlink()
        with closing(journal_at(folder / "journal.db")) as journal:
            enter(journal, a_run(1), changes)

    file = folder / "bare.db"
    works = {
        PRODUCT: product,
        EACH: lambda: bare(file, changes, fields, BATCH),
        ONE: lambda: bare(file, changes, fields, None),
    }
    title = (
        f"a run of {len(changes):,} changes of {fields} field(s) each; medians of {rounds} rounds"
    )
    return Table(title, interleaved(works, rounds), measure=EACH)


def measure_asking(folder: Path, changes: Sequence[Change], rounds: int) -> list[Measured]:
    """Time what is asked of a journal with two such runs."""
    with closing(journal_at(folder / "journal.db")) as journal:
        second = a_run(2)
        enter(journal, second, changes)
        engine = journal._engine
        with engine.connect() as connection:
            number = connection.scalar(sa.select(RUNS.c.number).where(RUNS.c.id == second.id))

        def found() -> None:
            with engine.connect() as connection:
                rows = find_run(connection, number, second.id)
            assert len(rows.changes) == len(changes)

        def undo() -> None:
            entries = journal.changes(second.id)
            present = {
                (each.change.object, each.change.id): {
                    "SystemModstamp": None,
                    **{name: field.after for name, field in each.change.fields.items()},
                }
                for each in entries
            }
            back = reverse(entries, present)
            assert len(back.changes) == len(changes)

        middle = changes[len(changes) // 2].id
        works = {
            "undo: the run found": found,
            "undo: its changes turned round": undo,
            "one record's history": lambda: journal.history(ORG, "Account", middle),
            "the summary of a run": lambda: journal.run(second.id),
        }
        return interleaved(works, rounds)


def bytes_by_table(path: Path) -> dict[str, int]:
    """Return how much of the file each table and index takes, after what is in the log is in it."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size = "SELECT name, sum(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC"
        try:
            return dict(connection.execute(size).fetchall())
        except sqlite3.OperationalError:
            # This SQLite was built without the table of sizes.
            return {"changes": path.stat().st_size}


def killed(folder: Path, changes: Sequence[Change], batches: int = 3) -> bool:
    """Kill a process in the middle of a run; tell whether the journal holds exactly what was
    committed: all changes planned, and the outcomes of so many batches.
    """
    path, run = folder / "killed.db", a_run(3)
    child = os.fork()
    if child == 0:
        journal = journal_at(path)
        enter(journal, run, changes, batches)
        journal.mark_sent(run.id, range(batches * BATCH, batches * BATCH + BATCH), run.now)
        with journal._engine.begin() as connection:
            # Not committed: it must not be there.
            connection.execute(sa.update(RUNS).values(state=RunState.FINISHED.value))
            os.kill(os.getpid(), 9)
    _, status = os.waitpid(child, 0)
    with closing(sqlite3.connect(path)) as connection:
        is_whole = connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    with closing(journal_at(path)) as journal:
        counts = journal.run(run.id).counts
        is_open = journal.run(run.id).state is RunState.RUNNING
    there = {"applied": batches * BATCH, "sent": BATCH}
    there["planned"] = len(changes) - sum(there.values())
    return os.WTERMSIG(status) == 9 and is_whole and is_open and counts == there


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, tell, and give the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/bench journal", description=__doc__)
    parser.add_argument("--changes", type=int, default=100_000, help="1,000 or more")
    parser.add_argument("--fields", type=int, choices=(1, 2, 3), default=1, help="of each change")
    parser.add_argument("--at-most", type=float, default=2, help="times the bare script")
    parser.add_argument("--bytes", type=float, default=130, help="at most so many a change")
    parser.add_argument("--found", type=float, default=0.5, help="seconds to find a run, at most")
    add_options(parser)
    options = parser.parse_args(arguments)
    if options.changes < 1_000:
        parser.error("--changes takes 1,000 or more")
    changes = changes_of(options.changes, options.fields)
    with TemporaryDirectory() as name:
        folder = Path(name)
        survives = killed(folder, changes)
        writing = measure_writing(folder, changes, options.fields, options.rounds)
        bare_size = sum(bytes_by_table(folder / "bare.db").values())
        asking = measure_asking(folder, changes, options.rounds)
        room = measure_room(bytes_by_table(folder / "journal.db"), 2 * len(changes), bare_size)
    ratio = writing.row(PRODUCT).times(writing.row(EACH))
    # Both runs are in that file: a second one finds pages that are full.
    row = sum(each.median for each in room.rows if each.name in OF_ROW)
    bars = [
        Bar("product / bare, an fsync per 200", ratio, at_most=options.at_most),
        Bar("bytes of a row of changes, with its index", row, at_most=options.bytes, unit="bytes"),
        Bar("undo: the run found", asking[0].median, at_most=options.found, unit="s"),
        Bar("SIGKILL: exactly what was committed is there", survives, at_least=1, unit=""),
    ]
    told = f"asked of two such runs; wall-clock seconds, medians of {options.rounds} rounds"
    tables = [writing, room, Table(told, asking), Table("bars", (), bars)]
    return report(tables, as_json=options.json)


def measure_room(sizes: dict[str, int], changes: int, bare_size: int) -> Table:
    """Say what a change takes of the file, by table and index."""
    whole = sum(sizes.values())
    large = {name: size for name, size in sizes.items() if size > whole / 200}
    large |= {REST: whole - sum(large.values()), ALL: whole, "bare script: all": bare_size * 2}
    rows = [Measured(name, [size / changes], "bytes") for name, size in large.items()]
    return Table("bytes of the file for each change, two runs of the same records", rows)


if __name__ == "__main__":
    sys.exit(main())
