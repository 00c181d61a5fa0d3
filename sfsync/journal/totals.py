"""What do all runs come to: how many, how long, and what became of how many changes?

Whoever watches asks often, and the changes are many: what became of those of a run is counted once,
when its books are closed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from sfsync.errors import JournalError
from sfsync.journal.database import BUSY_TIMEOUT_MS
from sfsync.journal.finding_tables import FINDINGS
from sfsync.journal.messages import MESSAGES
from sfsync.journal.rows import insert
from sfsync.journal.tables import BOOKS, CHANGES, METADATA, RUNS
from sfsync.journal.turns import TURNS
from sfsync.model import RunState

_NO_RUN, _SHORT_WAIT_MS = -1, 200

RUN_COUNTS = sa.Table(
    "run_counts",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True),
    # The number of a run that may be deleted since: what it did still counts.
    sa.Column("run", sa.Integer, nullable=False),
    sa.Column("org", BOOKS, nullable=False),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("outcome", sa.String(16), nullable=False),
    sa.Column("changes", sa.Integer, nullable=False),
    sa.Index("run_counts_of_run", "run"),
    # Holds all that the sums need, in their order.
    sa.Index("run_counts_of_cause", "org", "cause", "outcome", "changes"),
)
RUN_ENDS = sa.Table(
    "run_ends",
    METADATA,
    sa.Column("run", sa.Integer, primary_key=True, autoincrement=False),
    # From the start of its process, so with what was read and judged.
    sa.Column("seconds", sa.Float),
    # What the org's last answer told of its API calls of 24 hours.
    sa.Column("api_left", sa.Integer),
    sa.Column("api_total", sa.Integer),
)


@dataclass(frozen=True, slots=True)
class RunTotal:
    """The runs of a job on an org that ended in one state: how many, how many of these were timed,
    in how many seconds, and with how many API calls.
    """

    org: str
    job: str
    state: str
    runs: int
    timed: int
    seconds: float
    api_calls: int


@dataclass(frozen=True, slots=True)
class ChangeTotal:
    """How many changes of one cause ended so."""

    org: str
    cause: str
    outcome: str
    changes: int


@dataclass(frozen=True, slots=True)
class JobRecord:
    """How a job fared on an org: when its last finished run ended (aware UTC, None: never), how
    many ended otherwise since, and the words of the last of these. A run that is open counts for
    neither. Of two records the one with the later run has the higher `last`.
    """

    org: str
    job: str
    last: int
    good: datetime | None
    failures: int
    error: str = ""


@dataclass(frozen=True, slots=True)
class TurnTotal:
    """The turns of a job that ended with an exit code (None: open, or nobody knows how)."""

    service: str
    job: str
    exit_code: int | None
    is_open: bool
    turns: int


@dataclass(frozen=True, slots=True)
class Counted:
    """How many things of an org are in one state or of one code."""

    org: str
    what: str
    number: int


def count_again(connection: sa.Connection, number: int) -> None:
    """Count what became of the changes of a run, if its books are closed."""
    connection.execute(sa.delete(RUN_COUNTS).where(RUN_COUNTS.c.run == number))
    is_closed = RUNS.c.state != RunState.RUNNING.value
    cause = CHANGES.c.cause.label("cause")
    told = (CHANGES.c.run, RUNS.c.org, cause, CHANGES.c.state.label("outcome"))
    counted = (
        sa.select(*told, sa.func.count().label("changes"))
        .join(RUNS, RUNS.c.number == CHANGES.c.run)
        .where(RUNS.c.number == number, is_closed)
        .group_by(*told)
    )
    insert(connection, RUN_COUNTS, [row._asdict() for row in connection.execute(counted)])


class Totals:
    """The sums over the journal. Each method is one transaction, and none but `end` writes."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def end(self, run_id: str, seconds: float, api_left: int | None, api_total: int | None) -> None:
        """Enter of a run that ended how long it took, and how many API calls the org has left."""
        number = sa.select(RUNS.c.number).where(RUNS.c.id == run_id).scalar_subquery()
        told = {"seconds": seconds, "api_left": api_left, "api_total": api_total}
        with self._engine.begin() as connection:
            # Perhaps a run that was deleted since had the same number.
            connection.execute(sa.delete(RUN_ENDS).where(RUN_ENDS.c.run == number))
            connection.execute(sa.insert(RUN_ENDS).values(run=number, **told))

    def try_writing(self) -> None:
        """Try whether the journal can be written; nothing is. Raises JournalError where it cannot.

        One that another process is writing can be written.
        """
        with self._engine.connect() as connection:
            is_sqlite = self._engine.dialect.name == "sqlite"
            if is_sqlite:
                connection.exec_driver_sql(f"PRAGMA busy_timeout = {_SHORT_WAIT_MS}")
            try:
                connection.execute(sa.delete(RUNS).where(RUNS.c.number == _NO_RUN))
            except JournalError as error:
                if "locked" not in str(error):
                    raise
            finally:
                connection.rollback()
                if is_sqlite:
                    connection.exec_driver_sql(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")

    def of_run(self, run_id: str) -> Mapping[str, Mapping[str, int]]:
        """Return what became of the changes of a closed run: by cause, how many by outcome."""
        query = (
            sa.select(RUN_COUNTS.c.cause, RUN_COUNTS.c.outcome, RUN_COUNTS.c.changes)
            .join(RUNS, RUNS.c.number == RUN_COUNTS.c.run)
            .where(RUNS.c.id == run_id)
            .order_by(RUN_COUNTS.c.cause, RUN_COUNTS.c.outcome)
        )
        found: dict[str, dict[str, int]] = {}
        with self._engine.connect() as connection:
            for cause, outcome, changes in connection.execute(query):
                found.setdefault(cause, {})[outcome] = changes
        return found

    def runs(self) -> list[RunTotal]:
        """Return the runs by org, job and state."""
        of = (RUNS.c.org, RUNS.c.job, RUNS.c.state)
        summed = (
            sa.func.count(RUN_ENDS.c.seconds),
            sa.func.coalesce(sa.func.sum(RUN_ENDS.c.seconds), 0.0),
            sa.func.coalesce(sa.func.sum(RUNS.c.api_calls), 0),
        )
        query = (
            sa.select(*of, sa.func.count(), *summed)
            .join(RUN_ENDS, RUN_ENDS.c.run == RUNS.c.number, isouter=True)
            .group_by(*of)
            .order_by(*of)
        )
        with self._engine.connect() as connection:
            return [RunTotal(*row) for row in connection.execute(query)]

    def changes(self) -> list[ChangeTotal]:
        """Return the changes of closed runs by org, cause and outcome."""
        of = (RUN_COUNTS.c.org, RUN_COUNTS.c.cause, RUN_COUNTS.c.outcome)
        summed = sa.func.sum(RUN_COUNTS.c.changes)
        query = sa.select(*of, summed).group_by(*of).order_by(*of)
        with self._engine.connect() as connection:
            return [ChangeTotal(*row) for row in connection.execute(query)]

    def jobs(self) -> list[JobRecord]:
        """Return how each job fared on each org."""
        is_good = RUNS.c.state == RunState.FINISHED.value
        last_good = sa.func.max(RUNS.c.number).filter(is_good)
        ended = sa.func.max(RUNS.c.finished, type_=RUNS.c.finished.type).filter(is_good)
        of = (RUNS.c.org, RUNS.c.job)
        last = sa.func.max(RUNS.c.number)
        query = sa.select(*of, last, last_good, ended).group_by(*of).order_by(*of)
        found = []
        with self._engine.connect() as connection:
            for org, job, newest, number, good in connection.execute(query).all():
                bad = (
                    sa.select(RUNS.c.error)
                    .where(RUNS.c.org == org, RUNS.c.job == job, RUNS.c.number > (number or 0))
                    .where(RUNS.c.state.in_([RunState.STOPPED.value, RunState.CRASHED.value]))
                    .order_by(RUNS.c.number.desc())
                )
                errors = connection.scalars(bad).all()
                error = (errors or [""])[0] or ""
                found.append(JobRecord(org, job, newest, good, len(errors), error))
        return found

    def zone(self) -> str:
        """Return the zone (IANA name) of the org of the newest run; UTC where there is none."""
        query = sa.select(RUNS.c.zone).order_by(RUNS.c.number.desc()).limit(1)
        with self._engine.connect() as connection:
            return connection.scalar(query) or "UTC"

    def api_left(self) -> list[tuple[str, int, int]]:
        """Return of each org how many API calls it had left, of how many, as told last; the org of
        the newest run first.
        """
        told = RUN_ENDS.c.api_left.is_not(None)
        last = (
            sa.select(sa.func.max(RUN_ENDS.c.run))
            .join(RUNS, RUNS.c.number == RUN_ENDS.c.run)
            .where(told)
            .group_by(RUNS.c.org)
        )
        query = (
            sa.select(RUNS.c.org, RUN_ENDS.c.api_left, RUN_ENDS.c.api_total)
            .join(RUNS, RUNS.c.number == RUN_ENDS.c.run)
            .where(RUN_ENDS.c.run.in_(last))
            .order_by(RUN_ENDS.c.run.desc())
        )
        with self._engine.connect() as connection:
            return [(row[0], row[1], row[2]) for row in connection.execute(query)]

    def findings(self, at: datetime) -> list[Counted]:
        """Return how many findings of each code are open on the day of `at` (aware): not solved,
        snoozed or waived.
        """
        shown = [
            sa.or_(until.is_(None), until <= at.date())
            for until in (FINDINGS.c.snoozed_until, FINDINGS.c.waived_until)
        ]
        is_open = FINDINGS.c.solved_at.is_(None)
        return self._counted(FINDINGS.c.org, FINDINGS.c.code, is_open, *shown)

    def mails(self) -> list[Counted]:
        """Return how many mails are in each state."""
        return self._counted(MESSAGES.c.org, MESSAGES.c.state)

    def turns(self) -> list[TurnTotal]:
        """Return the turns by service, job and how they ended."""
        is_open = TURNS.c.finished.is_(None)
        of = (TURNS.c.service, TURNS.c.job, TURNS.c.exit_code, is_open)
        query = sa.select(*of, sa.func.count()).group_by(*of).order_by(*of)
        with self._engine.connect() as connection:
            return [
                TurnTotal(service, job, code, bool(is_open), number)
                for service, job, code, is_open, number in connection.execute(query)
            ]

    def _counted(
        self, org: sa.Column[str], what: sa.Column[str], *wanted: sa.ColumnElement[bool]
    ) -> list[Counted]:
        query = sa.select(org, what, sa.func.count()).where(*wanted)
        with self._engine.connect() as connection:
            rows = connection.execute(query.group_by(org, what).order_by(org, what))
            return [Counted(*row) for row in rows]
