"""Which jobs had their turn, and what became of each?

A turn is entered before its job begins: so a process that dies leaves an open turn, and none has
the same turn twice unless it says so.
"""

from datetime import datetime

import sqlalchemy as sa

from sfsync.errors import JournalError, Locked
from sfsync.journal.tables import METADATA, Instant
from sfsync.model import Turn, to_iso

TURNS = sa.Table(
    "turns",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("service", sa.String(200), nullable=False),
    sa.Column("job", sa.String(80), nullable=False),
    sa.Column("due", Instant, nullable=False),
    sa.Column("started", Instant, nullable=False),
    sa.Column("finished", Instant),
    sa.Column("exit_code", sa.Integer),
    sa.Column("attempts", sa.Integer, nullable=False, default=1),
    sa.Column("message", sa.Text, nullable=False, default=""),
    sa.Index("turns_of_job", "service", "job", "due", unique=True),
)


class Turns:
    """The turns in the journal. Each method is one transaction."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def begin(self, service: str, job: str, due: datetime, at: datetime) -> Turn:
        """Enter that a job's turn begins at `at`; both aware.

        Raises Locked where it has begun already: another process has it, or had it.
        """
        values = {"service": service, "job": job, "due": due, "started": at}
        try:
            with self._engine.begin() as connection:
                number = connection.execute(sa.insert(TURNS).values(**values)).inserted_primary_key
        except JournalError as error:
            # Perhaps another process was quicker, and the index refused a second one.
            if not any(each.due == due for each in self.since(service, due) if each.job == job):
                raise
            raise Locked(f"the turn of {job} at {to_iso(due)} was begun") from error
        assert number is not None
        return Turn(number[0], service, job, due, at)

    def begin_again(self, turn: Turn, at: datetime) -> Turn:
        """Enter one more attempt at an open turn, at `at`.

        Raises Locked where another process was quicker.
        """
        mine = (TURNS.c.number == turn.number) & (TURNS.c.attempts == turn.attempts)
        values = {"started": at, "attempts": turn.attempts + 1}
        with self._engine.begin() as connection:
            taken = connection.execute(
                sa.update(TURNS).where(mine, TURNS.c.finished.is_(None)).values(**values)
            )
        if not taken.rowcount:
            raise Locked(f"the turn of {turn.job} at {to_iso(turn.due)} was begun again")
        return Turn(turn.number, turn.service, turn.job, turn.due, at, attempts=turn.attempts + 1)

    def end(self, number: int, at: datetime, exit_code: int | None, message: str = "") -> None:
        """Enter how a turn ended; without an exit code: nobody knows, and it is not tried again."""
        values = {"finished": at, "exit_code": exit_code, "message": message}
        with self._engine.begin() as connection:
            connection.execute(sa.update(TURNS).where(TURNS.c.number == number).values(**values))

    def last(self, service: str, job: str, most: int = 1) -> list[Turn]:
        """Return the last turns of a job by when they were due, newest first."""
        wanted = (
            sa.select(TURNS)
            .where(TURNS.c.service == service, TURNS.c.job == job)
            .order_by(TURNS.c.due.desc())
            .limit(most)
        )
        with self._engine.connect() as connection:
            return [_turn(row) for row in connection.execute(wanted)]

    def newest(self, service: str, by: datetime) -> dict[str, Turn]:
        """Return, by job, the last of its turns that were due at `by` (aware) or before it."""
        latest = (
            sa.select(TURNS.c.job, sa.func.max(TURNS.c.due).label("due"))
            .where(TURNS.c.service == service, TURNS.c.due <= by)
            .group_by(TURNS.c.job)
            .subquery()
        )
        wanted = sa.select(TURNS).join(
            latest, (TURNS.c.job == latest.c.job) & (TURNS.c.due == latest.c.due)
        )
        with self._engine.connect() as connection:
            rows = connection.execute(wanted.where(TURNS.c.service == service))
            return {turn.job: turn for turn in map(_turn, rows)}

    def open(self, service: str) -> list[Turn]:
        """Return the turns that have not ended: at work, or their process died; oldest first."""
        wanted = (
            sa.select(TURNS)
            .where(TURNS.c.service == service, TURNS.c.finished.is_(None))
            .order_by(TURNS.c.due, TURNS.c.number)
        )
        with self._engine.connect() as connection:
            return [_turn(row) for row in connection.execute(wanted)]

    def since(self, service: str, moment: datetime) -> list[Turn]:
        """Return the turns that were due at `moment` (aware) or later, oldest first."""
        wanted = (
            sa.select(TURNS)
            .where(TURNS.c.service == service, TURNS.c.due >= moment)
            .order_by(TURNS.c.due, TURNS.c.number)
        )
        with self._engine.connect() as connection:
            return [_turn(row) for row in connection.execute(wanted)]


def _turn(row: sa.Row[tuple[object, ...]]) -> Turn:
    return Turn(**row._mapping)
