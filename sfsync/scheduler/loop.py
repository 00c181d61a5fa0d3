"""How does the scheduler go on for years, whatever happens to the jobs, the journal or itself?"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import schedule

from sfsync.errors import BY_SIGNAL, ConfigError, ExitCode, SfsyncError
from sfsync.journal import Turns
from sfsync.lock import Lock
from sfsync.logs import Worded
from sfsync.model import Turn, to_iso
from sfsync.policy import Schedule, ScheduledJob
from sfsync.scheduler.agenda import Agenda, Ended, Waits
from sfsync.scheduler.child import Child
from sfsync.scheduler.several_lines import each_line
from sfsync.scheduler.slots import Always, Slot

logger = logging.getLogger("sfsync.scheduler")

_KILLED = 137


@dataclass(frozen=True, slots=True)
class World:
    """What a service stands on: its name in the journal, its configuration, turns and lock, and how
    time passes and jobs are begun.

    `load` raises ConfigError where the configuration is wrong, OSError where it cannot be kept;
    `start` OSError where the system cannot. `pause` waits so many seconds, or less where a signal
    comes. Where orgs are served side by side, `slot` is its place among the jobs at work, and what
    is told begins with `label`.
    """

    service: str
    load: Callable[[], Schedule]
    turns: Turns
    lock: Lock
    clock: Callable[[], datetime]
    pause: Callable[[float], None]
    start: Callable[[Sequence[str]], Child]
    after: Callable[[Turn], None] = lambda _: None
    slot: Slot = field(default_factory=Always)
    label: str = ""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often it looks, in whole seconds: at what is due and at the lock, and at the job at
    work; how long that one has for its end; and when it has been at work for long. What `waits`
    says is for jobs that find another run at work.
    """

    look: int = 10
    watch: int = 1
    grace: int = 7
    long: int = 900
    waits: Waits = field(default_factory=Waits)


class Scheduler:
    """Carries out the jobs of one service, one at a time, as long as it holds the service's lock.

    `stop` and `reload` only set a flag, and so may be called by a signal's handler.
    """

    def __init__(self, world: World, pace: Pace | None = None) -> None:
        """Read the configuration. Raises ConfigError with all problems where it is wrong."""
        self._world = world
        self._pace = pace or Pace()
        self._agenda = Agenda(world.service, world.turns, world.load(), self._pace.waits)
        self._is_stopping = False
        self._is_leaving = False
        self._is_to_reload = False
        self._is_new = True
        self._trouble = ""
        self._failure = 0

    @property
    def is_stopping(self) -> bool:
        """Whether it was told to end."""
        return self._is_stopping

    def stop(self) -> None:
        """End: the job at work is asked to end safely, and has its grace; nothing more begins."""
        self._is_stopping = True

    def leave(self) -> None:
        """End when the job at work, if there is one, has ended by itself; nothing more begins."""
        self._is_leaving = True

    def reload(self) -> None:
        """Read the configuration again; where it is wrong, the one before goes on."""
        self._is_to_reload = True

    def serve(self) -> None:
        """Carry out what is due, until it is stopped; beside another scheduler wait, and take over
        when that one ends.
        """
        while self._take_lock():
            try:
                self._serve_alone()
            finally:
                self._world.lock.free()
        logger.info("%s: the scheduler ends", self._world.service)

    def run_due(self) -> int:
        """Carry out what is due at this moment, and return the first exit code that is not 0: also
        where the lock was lost on the way, and others go on.

        Raises Locked where a scheduler serves already, and JournalError.
        """
        by = self._world.clock()
        with self._world.lock:
            self._tell_given_up(self._agenda.take_over(by))
            while self._may_begin():
                if not self._carry_out_next(by) and not self._agenda.is_waiting:
                    return self._failure
                if self._agenda.is_waiting:
                    self._world.pause(self._pace.look)
        return self._failure or ExitCode.LOCKED

    def _take_lock(self) -> bool:
        """Wait for the lock; tell whether it was taken, or the scheduler stopped before."""
        while not (self._is_stopping or self._is_leaving):
            try:
                self._world.lock.take()
            except SfsyncError as error:
                self._tell_trouble("waiting", error)
            else:
                logger.info("%s: the scheduler serves", self._world.service)
                return True
            self._heed_reload()
            self._world.pause(self._pace.look)
        return False

    def _serve_alone(self) -> None:
        self._is_new = True
        beats = schedule.Scheduler()
        while self._may_begin():
            # The package's clock is the machine's local one: when that is put back, its next time
            # would be an hour away.
            if beats.idle_seconds is None or beats.idle_seconds > self._pace.look:
                beats.clear()
                beats.every(self._pace.look).seconds.do(self._look)
                self._look()
                continue
            self._world.pause(max(0.0, beats.idle_seconds))
            self._heed_reload()
            beats.run_pending()

    def _may_go_on(self) -> bool:
        if not self._is_stopping and not self._world.lock.is_held():
            logger.error("%s: the lock was lost: nothing more begins here", self._world.service)
            return False
        return not self._is_stopping

    def _may_begin(self) -> bool:
        return not self._is_leaving and self._may_go_on()

    def _look(self) -> None:
        """Carry out all that is due. No trouble of the journal or the system ends the scheduler."""
        try:
            self._heed_reload()
            if self._is_new:
                self._tell_given_up(self._agenda.take_over(self._world.clock()))
                self._is_new = False
            while self._may_begin() and self._carry_out_next():
                pass
        except (SfsyncError, OSError) as error:
            self._tell_trouble("nothing can be done now", error)
        else:
            self._trouble = ""

    def _tell_trouble(self, what: str, error: Exception) -> None:
        # Once, and not every few seconds while it lasts.
        trouble = f"{what}: {error}"
        if trouble != self._trouble:
            logger.warning("%s: %s: %s", self._world.service, what, error)
        self._trouble = trouble

    def _tell_given_up(self, turns: Sequence[Turn]) -> None:
        for turn in turns:
            self._tell_end(turn, turn.message)

    def _heed_reload(self) -> None:
        if not self._is_to_reload:
            return
        self._is_to_reload = False
        try:
            self._agenda.follow(self._world.load())
        except (ConfigError, OSError) as error:
            label = self._world.label
            told = "%sthe configuration is refused, and the one before goes on:%s"
            logger.error(told, label, each_line(label, f"\n{error}"))
        else:
            logger.info("%s: the configuration is read again", self._world.service)

    def _carry_out_next(self, by: datetime | None = None) -> bool:
        """Carry out one job, when its turn has come among those of other orgs; tell whether one was
        due.
        """
        world = self._world
        if not self._agenda.has_work(world.clock(), by):
            return False
        try:
            if not self._has_slot():
                return False
            begun = self._agenda.begin_next(world.clock(), by)
            if begun is None:
                return False
            self._carry_out(*begun)
        finally:
            world.slot.free()
        return True

    def _has_slot(self) -> bool:
        while not self._world.slot.take(self._pace.watch):
            self._heed_reload()
            if not self._may_begin():
                return False
        return True

    def _carry_out(self, job: ScheduledJob, turn: Turn) -> None:
        name = self._world.label + job.name
        logger.info("%s: begins, due %s", name, to_iso(turn.due))
        ended = self._carried_out(job)
        if ended is None:
            logger.info("%s: stopped with the scheduler; the next one takes it up", name)
        elif ended.exit_code == ExitCode.LOCKED and self._agenda.waits(job, turn, ended.at):
            logger.info("%s: another run is at work; it is tried again", name)
        else:
            self._failure = self._failure or ended.exit_code or 0
            self._tell_end(self._agenda.end(turn, ended), ended.told)

    def _carried_out(self, job: ScheduledJob) -> Ended | None:
        """Carry out a job; None where it was stopped with the scheduler."""
        clock = self._world.clock
        try:
            child = self._world.start(job.words)
        except OSError as error:
            return Ended(clock(), ExitCode.INTERNAL, f"it cannot be started: {error}")
        left = job.limit / timedelta(seconds=1)
        while (code := child.wait(self._pace.watch)) is None:
            left -= self._pace.watch
            if job.limit / timedelta(seconds=1) - left >= self._pace.long:
                self._world.slot.lend()
            self._heed_reload()
            if not self._may_go_on():
                code = self._end(child)
                # It may have come to its own end meanwhile.
                return None if code >= BY_SIGNAL else Ended(clock(), code, said=child.said())
            if left <= 0:
                told = f"ended after {job.limit}, which is its limit (most_minutes)"
                return Ended(clock(), self._end(child), told, child.said())
        told = ""
        if code >= BY_SIGNAL:
            told = f"its process was ended by the signal {code - BY_SIGNAL}"
        return Ended(clock(), code, told, child.said())

    def _end(self, child: Child) -> int:
        child.stop()
        code = child.wait(self._pace.grace)
        if code is None:
            child.kill()
            code = child.wait(self._pace.watch)
        return _KILLED if code is None else code

    def _tell_end(self, turn: Turn, told: str) -> None:
        """Tell how a turn ended; `told` is what its message says in our words."""
        how = f"exit code {turn.exit_code}" if turn.exit_code is not None else "nobody knows how"
        is_good = turn.exit_code == ExitCode.DONE
        why, logged = ("" if is_good or not text else f": {text}" for text in (turn.message, told))
        level = logging.INFO if is_good else logging.WARNING
        name = self._world.label + turn.job
        words = Worded(each_line(f"{name}: ", why) if self._world.label else why, logged)
        logger.log(level, "%s: ended, %s, due %s%s", name, how, to_iso(turn.due), words)
        try:
            self._world.after(turn)
        except Exception:
            logger.exception("%s: what follows a turn failed", name)
