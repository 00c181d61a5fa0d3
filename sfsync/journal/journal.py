"""What may be asked of the journal, and what may be written to it?"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Self

import sqlalchemy as sa

from sfsync.errors import Locked, NotFound
from sfsync.journal import rows
from sfsync.journal.creations import CreationsBook, is_about
from sfsync.journal.database import open_database
from sfsync.journal.enrichment import EnrichmentBook
from sfsync.journal.entries import enter_changes, update_changes
from sfsync.journal.findings import FindingsBook
from sfsync.journal.lock import check_fence, enter_books
from sfsync.journal.losers import LOSERS, loser_rows
from sfsync.journal.reading import read_changes, read_run
from sfsync.journal.shelf import Shelf
from sfsync.journal.states import StatesBook, forget_states, keep_states
from sfsync.journal.tables import CHANGES, RUNS
from sfsync.journal.texts import number_of
from sfsync.journal.totals import count_again
from sfsync.model import (
    Change,
    JournalledChange,
    Outcome,
    Run,
    RunState,
    State,
    States,
)

NEWEST_SHOWN = 5


class Journal(CreationsBook, StatesBook, FindingsBook, EnrichmentBook, Shelf):
    """The durable record of runs. Each method is one transaction: done whole, or not at all."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, url: str) -> Self:
        """Open the journal at an SQLAlchemy URL such as `sqlite:///journal.db`, made where missing.

        Raises ConfigError where the database cannot be used or a newer version of sfsync wrote it,
        JournalError where its server cannot be reached.
        """
        return cls(open_database(url))

    def close(self) -> None:
        """Let go of the database; the journal cannot be lost by not calling this."""
        self._engine.dispose()

    def start(self, run: Run, changes: Sequence[Change]) -> None:
        """Enter a run and all its changes as planned; the place of a change is its seq.

        Raises ValueError, naming record and field, where a value is none that Salesforce has;
        Locked where another machine has taken over the lock of the runs, or works on the same org
        under another one.
        """
        with self._engine.begin() as connection:
            check_fence(connection)
            enter_books(connection, run.org)
            connection.execute(sa.insert(RUNS).values(rows.run_row(run)))
            number = self._number(connection, run.id)
            enter_changes(connection, number, changes)
            losers = (row for each in enumerate(changes) for row in loser_rows(number, *each))
            rows.insert(connection, LOSERS, list(losers))

    def mark_sent(
        self, run_id: str, seqs: Sequence[int], sent_at: datetime, *, job: str | None = None
    ) -> None:
        """Note that these changes are about to be handed to the org, or to its bulk job `job`.

        `sent_at` is aware, by the org's clock. Raises NotFound where there is no such run; Locked
        where another machine has taken over the lock of the runs: then nothing may be sent.
        """
        if not seqs:
            return
        with self._updating(run_id, fenced=True) as (connection, number):
            text = None if job is None else number_of(connection, number, job)
            values = {"state": State.SENT.value, "sent_at": sent_at, "job_text": text}
            update_changes(connection, number, ((seq, values) for seq in seqs))

    def jobs(self, run_id: str) -> dict[str, list[int]]:
        """The org's bulk jobs to which changes of a run were handed, each with the seqs of those
        that were not sent again otherwise since; sorted.

        Raises NotFound where there is no such run.
        """
        found: dict[str, list[int]] = defaultdict(list)
        with self._engine.connect() as connection:
            number = self._number(connection, run_id)
            query = (
                sa.select(CHANGES.c.job, CHANGES.c.seq)
                .where(CHANGES.c.run == number, CHANGES.c.job.is_not(None))
                .order_by(CHANGES.c.job, CHANGES.c.seq)
            )
            for job, seq in connection.execute(query):
                found[job].append(seq)
        return dict(found)

    def note(self, run_id: str, outcomes: Sequence[tuple[int, Outcome]]) -> None:
        """Note what became of changes, by seq. Raises NotFound where there is no such run.

        Raises Locked where another machine has taken over the lock of the runs; what the org did is
        noted all the same: who took over could not know it.
        """
        try:
            self._note(run_id, outcomes)
        except Locked:
            done = [each for each in outcomes if each[1].state is State.APPLIED]
            self._note(run_id, done, fenced=False)
            raise

    def _note(
        self, run_id: str, outcomes: Sequence[tuple[int, Outcome]], *, fenced: bool = True
    ) -> None:
        noted = (
            (
                seq,
                {
                    "state": outcome.state.value,
                    "code": outcome.code or None,
                    "message": outcome.message or None,
                    "created": outcome.created or None,
                },
            )
            for seq, outcome in outcomes
        )
        if outcomes:
            with self._updating(run_id, fenced=fenced) as (connection, number):
                update_changes(connection, number, noted)

    @contextmanager
    def _updating(self, run_id: str, *, fenced: bool) -> Iterator[tuple[sa.Connection, int]]:
        """Begin to update changes of a run; give its number."""
        query = sa.select(RUNS.c.number, RUNS.c.state).where(RUNS.c.id == run_id)
        with self._engine.begin() as connection:
            if fenced:
                check_fence(connection)
            run = connection.execute(query).one_or_none()
            if run is None:
                raise self._no_such_run(connection, run_id)
            yield connection, run.number
            # While it is open nothing of it is counted.
            if run.state != RunState.RUNNING.value:
                count_again(connection, run.number)

    def finish(
        self,
        run_id: str,
        *,
        finished: datetime,
        state: RunState,
        states: States | None,
        error: str | None = None,
        whole: bool = True,
        forgotten: Collection[tuple[str, str]] = (),
        api_calls: int | None = None,
    ) -> None:
        """Close a run, and keep the state (status or stage) in which it left each record.

        `states` is what the run read, changed by what it applied; only what differs from the state
        kept so far is written, and of what is not named it stays. With None no state is touched.
        `forgotten` are records whose state nobody knows any more: what was kept of them goes.
        `whole` says that the run read whole objects, so that it is the previous pass of the next
        one; a run that read some records only (an undo, a cleanup) says False. `api_calls` are the
        requests made for it, None where nobody knows. Raises NotFound where there is no such run;
        Locked where another machine has taken over the lock of the runs: it closes the books.
        """
        with self._engine.begin() as connection:
            check_fence(connection)
            number = self._number(connection, run_id)
            connection.execute(
                sa.update(RUNS)
                .where(RUNS.c.number == number)
                .values(
                    finished=finished,
                    state=state.value,
                    error=error,
                    is_pass=whole and states is not None,
                    api_calls=api_calls,
                )
            )
            count_again(connection, number)
            if states or forgotten:
                query = sa.select(RUNS.c.org).where(RUNS.c.number == number)
                org = connection.execute(query).scalar_one()
                keep_states(connection, org, states or {})
                forget_states(connection, org, forgotten)

    def runs(self, org: str | None = None) -> list[Run]:
        """All runs, of one org or of every org, newest first."""
        conditions = [] if org is None else [RUNS.c.org == org]
        with self._engine.connect() as connection:
            return rows.read_runs(connection, *conditions)

    def open_runs(self, org: str) -> list[Run]:
        """The runs whose books are open, newest first: under the lock, those of dead processes."""
        with self._engine.connect() as connection:
            return rows.read_runs(
                connection, RUNS.c.org == org, RUNS.c.state == RunState.RUNNING.value
            )

    def run(self, id_or_prefix: str) -> Run:
        """The run of this id, or the only one whose id begins so.

        Raises NotFound where there is none (it lists the newest) or more than one (it lists them).
        """
        with self._engine.connect() as connection:
            exact = rows.read_runs(connection, RUNS.c.id == id_or_prefix)
            if exact:
                return exact[0]
            begins = RUNS.c.id.startswith(id_or_prefix, autoescape=True)
            found = rows.read_runs(connection, begins) if id_or_prefix else []
            if len(found) == 1:
                return found[0]
            if found:
                ids = ", ".join(run.id for run in found[:NEWEST_SHOWN])
                raise NotFound(
                    f"{len(found)} runs begin with {id_or_prefix!r}: {ids}; give more of the id"
                )
            raise self._no_such_run(connection, id_or_prefix)

    def changes(self, run_id: str) -> list[JournalledChange]:
        """The changes of a run by seq. Raises NotFound where there is no such run."""
        with self._engine.connect() as connection:
            number = self._number(connection, run_id)
            return read_run(connection, number, run_id)

    def history(self, org: str, object: str, record_id: str) -> list[JournalledChange]:
        """All changes ever planned for a record, and creations of records about it, newest run
        first.
        """
        own = sa.and_(CHANGES.c.object == object, CHANGES.c.record_id == record_id)
        # Asked for as one, no index serves: the database would look at every change it has.
        asked = (own, sa.and_(sa.not_(own), is_about(record_id)))
        order = [CHANGES.c.run.desc(), CHANGES.c.seq.desc()]
        with self._engine.connect() as connection:
            found = [
                change
                for condition in asked
                for change in read_changes(connection, [RUNS.c.org == org, condition], order)
            ]
            numbers = rows.numbers_of(connection, org) if found else {}
        return sorted(found, key=lambda each: (numbers[each.run], each.seq), reverse=True)

    def _number(self, connection: sa.Connection, run_id: str) -> int:
        number = connection.scalar(sa.select(RUNS.c.number).where(RUNS.c.id == run_id))
        if number is None:
            raise self._no_such_run(connection, run_id)
        return int(number)

    def _no_such_run(self, connection: sa.Connection, run_id: str) -> NotFound:
        query = sa.select(RUNS.c.id).order_by(RUNS.c.number.desc()).limit(NEWEST_SHOWN)
        ids = ", ".join(connection.scalars(query))
        newest = f"the newest are {ids}" if ids else "the journal has none yet"
        return NotFound(f"no run {run_id!r} in the journal; {newest}")
