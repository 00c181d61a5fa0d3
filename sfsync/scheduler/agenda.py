"""Whose turn is it next, and how is each turn entered in the journal?

Only who holds the service's lock keeps its agenda: so an open turn that it did not begin itself is
that of a process that died.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sfsync.due import MOST_ATTEMPTS, Due, due_now, next_time
from sfsync.errors import JournalError, Locked
from sfsync.journal import Turns
from sfsync.model import Turn, to_iso
from sfsync.policy import Schedule, ScheduledJob

logger = logging.getLogger(__name__)

_SUPERSEDED = "its process ended before it could say how; the turn of {later} does its work"
_GIVEN_UP = "its process ended before it could say how, and it is not tried again"


@dataclass(frozen=True, slots=True)
class Waits:
    """How long to wait where another run is at work: until the next attempt, and in all."""

    between: timedelta = timedelta(minutes=5)
    at_most: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a turn ended: the exit code, and what went wrong: in our words (`told`), and in those of
    its job (`said`), which may quote records.
    """

    at: datetime
    exit_code: int | None
    told: str = ""
    said: str = ""

    @property
    def message(self) -> str:
        """All that is kept of it."""
        return f"{self.told}\n{self.said}".strip()


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A turn that is tried again, because another run was at work, and until when."""

    job: ScheduledJob
    turn: Turn
    again: datetime
    until: datetime


class Agenda:
    """The turns of one service."""

    def __init__(self, service: str, turns: Turns, schedule: Schedule, waits: Waits) -> None:
        self._service = service
        self._turns = turns
        self._schedule = schedule
        self._waits = waits
        self._lasts: dict[str, Turn] = {}
        self._waiting: dict[str, _Waiting] = {}
        self._unentered: list[tuple[Turn, Ended]] = []
        self._looked: datetime | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether a turn is to be tried again."""
        return bool(self._waiting)

    def follow(self, schedule: Schedule) -> None:
        """Go by another schedule from now on."""
        self._schedule = schedule
        self._looked = None

    def take_over(self, now: datetime) -> Sequence[Turn]:
        """Learn what the journal knows, and end the turns that nobody takes up again; return
        these. Called when the lock was taken.
        """
        self._waiting.clear()
        self._read(now)
        given_up = []
        for turn in self._turns.open(self._service):
            last = self._lasts.get(turn.job)
            is_newest = last is not None and last.number == turn.number
            if not is_newest or turn.attempts >= MOST_ATTEMPTS:
                given_up.append(self.end(turn, Ended(now, None, _GIVEN_UP)))
        return given_up

    def has_work(self, now: datetime, by: datetime | None = None) -> bool:
        """Tell whether there is something to enter or to begin, as far as is known: then it is
        `begin_next` that knows.
        """
        if self._unentered or self._looked is None or now < self._looked:
            return True
        if any(each.again <= now for each in self._waiting.values()):
            return True
        due = due_now(self._schedule, self._lasts, by or now)
        return any(each.job.name not in self._waiting for each in due)

    def begin_next(
        self, now: datetime, by: datetime | None = None
    ) -> tuple[ScheduledJob, Turn] | None:
        """Enter that the next turn begins at `now`, and return it; None where nothing is due at
        `by` (without: now). Raises JournalError; then nothing began.
        """
        self._enter_ends()
        # Turns that a clock was too fast for are not the last ones, once it is right again.
        if self._looked is None or now < self._looked:
            self._read(now)
        self._looked = now
        for each in self._waiting.values():
            if each.again <= now:
                return each.job, each.turn
        for due in due_now(self._schedule, self._lasts, by or now):
            if due.job.name not in self._waiting and (turn := self._begun(due, now)):
                return due.job, turn
        return None

    def waits(self, job: ScheduledJob, turn: Turn, now: datetime) -> bool:
        """Tell whether a turn that found another run at work is tried again, and note it."""
        known = self._waiting.get(job.name)
        if known is None:
            next_one = next_time(job, turn.due)
            latest = turn.started + self._waits.at_most
            until = min(latest, next_one) if next_one is not None else latest
        else:
            until = known.until
        again = now + self._waits.between
        if again >= until:
            return False
        self._waiting[job.name] = _Waiting(job, turn, again, until)
        return True

    def end(self, turn: Turn, ended: Ended) -> Turn:
        """Enter how a turn ended, now or, where the journal fails, before anything else begins."""
        self._waiting.pop(turn.job, None)
        done = replace(turn, finished=ended.at, exit_code=ended.exit_code, message=ended.message)
        last = self._lasts.get(turn.job)
        if last is None or last.due <= turn.due:
            self._lasts[turn.job] = done
        self._unentered.append((turn, ended))
        try:
            self._enter_ends()
        except JournalError as error:
            logger.error("that %s ended is entered as soon as the journal can: %s", turn.job, error)
        return done

    def _enter_ends(self) -> None:
        while self._unentered:
            turn, ended = self._unentered[0]
            self._turns.end(turn.number, ended.at, ended.exit_code, ended.message)
            self._unentered.pop(0)

    def _read(self, now: datetime) -> None:
        self._lasts = self._turns.newest(self._service, now)

    def _begun(self, due: Due, now: datetime) -> Turn | None:
        """Enter that a turn begins; None where another process has it, or had it."""
        name = due.job.name
        last = self._lasts.get(name)
        try:
            if due.dead is not None:
                self._lasts[name] = self._turns.begin_again(due.dead, now)
            else:
                if last is not None and last.is_open:
                    later = to_iso(due.since)
                    self.end(last, Ended(now, None, _SUPERSEDED.format(later=later)))
                self._lasts[name] = self._turns.begin(self._service, name, due.since, now)
        except Locked:
            self._read(now)
            return None
        return self._lasts[name]
