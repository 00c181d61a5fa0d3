"""How does a test let months of a scheduler's life pass?

Jobs crash, hang, or find another run at work; the org is away; the scheduler is stopped, killed and
started again.

The scheduler, its journal and its lock are the real ones; time and jobs are scripted. What must
always hold is checked whenever the scheduler has nothing to do.
"""

import datetime as real
import gc
import sqlite3
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
import schedule
from wall_times import times_of

from sfsync.journal import Journal
from sfsync.lock import LockFile
from sfsync.model import Turn
from sfsync.policy import Schedule
from sfsync.scheduler import Pace, Scheduler, World

SERVICE = "acme"
ORG_AWAY, BUSY, CRASHED, KILLED, STOPPED = 6, 7, 1, 137, 143
# Of what a job may do: how it ends, after how many minutes at most, and how often.
ENDS = ((0, 15, 80), (3, 15, 4), (CRASHED, 5, 4), (KILLED, 60, 3), (0, 300, 4))


class Died(BaseException):
    """The scheduler's process was killed, or the machine lost its power."""


@dataclass
class Clock:
    """The time of the machine."""

    now: datetime

    def __call__(self) -> datetime:
        """Tell the time."""
        return self.now.replace(microsecond=0)

    def pass_by(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)

    @contextmanager
    def shown_to_the_package(self) -> Iterator[None]:
        """Let the package `schedule` see this time as it sees the machine's: local and naive."""

        class Local(real.datetime):
            @classmethod
            def now(cls, tz: real.tzinfo | None = None) -> real.datetime:
                local = self.now.astimezone(tz or ZoneInfo("Europe/Paris"))
                return local if tz else local.replace(tzinfo=None)

        with pytest.MonkeyPatch.context() as patch:
            shown = SimpleNamespace(datetime=Local, timedelta=timedelta, time=real.time)
            patch.setattr(schedule, "datetime", shown)
            yield


@dataclass
class Job:
    """A job at work: it ends after some time, or when it is told to."""

    days: "Days"
    code: int
    left: float
    heeds: bool
    is_stopped: bool = False

    def wait(self, seconds: float) -> int | None:
        """Let time pass until it ends, at most so much."""
        passed = min(seconds, self.left)
        self.days.clock.pass_by(passed)
        self.left -= passed
        self.days.befall(passed)
        if self.left > 0:
            return None
        self.days.at_work = None
        return STOPPED if self.is_stopped else self.code

    def stop(self) -> None:
        """Ask it to end."""
        if self.heeds:
            self.is_stopped, self.left = True, min(self.left, 2)

    def kill(self) -> None:
        """End it."""
        self.code, self.left, self.is_stopped = KILLED, 0, False

    def said(self) -> str:
        """What it said."""
        return f"exit code {self.code}"


@dataclass
class Days:
    """Days that pass, and all that happens in them."""

    plan: Schedule
    folder: Path
    chance: Random
    clock: Clock
    ends: datetime
    pace: Pace = field(default_factory=lambda: Pace(look=1200, watch=60))
    at_work: Job | None = None
    started: list[tuple[datetime, str, int]] = field(default_factory=list)
    ended: list[tuple[datetime, str]] = field(default_factory=list)
    objects: dict[str, int] = field(default_factory=dict)
    kills: int = 0
    restarts: int = 0
    idle_looks: int = 0

    def __post_init__(self) -> None:
        """Find out when each job is due, the slow way."""
        self.begins = self.clock.now
        begins = self.begins - timedelta(days=9)
        ends = self.ends + timedelta(days=2)
        self.right = {job.name: times_of(job, begins, ends) for job in self.plan.jobs}
        self.names = {job.words: job.name for job in self.plan.jobs}

    def pass_by(self) -> None:
        """Let the days pass; a scheduler that died or was stopped is started again."""
        file = self.folder / "journal.db"
        with (
            closing(Journal.open(f"sqlite:///{file}")) as self.journal,
            closing(sqlite3.connect(file)) as self.database,
        ):
            while self.clock.now < self.ends:
                self.serve_once()
                self.clock.pass_by(self.chance.choice((5, 90, 4_000, 100_000)))
            # The last day may have had no quiet moment.
            self.count_objects()

    def serve_once(self) -> None:
        """One life of a scheduler's process."""
        lock = LockFile(self.folder / "scheduler.lock", "another scheduler serves")
        world = World(
            service=SERVICE,
            load=lambda: self.plan,
            turns=self.journal.turns,
            lock=lock,
            clock=self.clock,
            pause=self.pause,
            start=self.start,
            after=self.after,
        )
        self.scheduler = Scheduler(world, self.pace)
        self.known = {}
        try:
            self.scheduler.serve()
            self.restarts += 1
        except Died:
            self.kills += 1
            # The system frees the lock of a dead process; its job ends unseen.
            lock.free()
            self.at_work = None

    def start(self, words: Sequence[str]) -> Job:
        """Begin a job, of which none is at work."""
        assert self.at_work is None, "two jobs at a time"
        name = self.names[tuple(words)]
        due, is_ended = self.last_turns(name)[0]
        assert not is_ended, "a job without a turn"
        code, most, _ = self.chance.choices(ENDS, [share for *_, share in ENDS])[0]
        if self.is_org_away():
            code, most = ORG_AWAY, 1
        if self.is_admin_at_work():
            code, most = BUSY, 0
        self.started.append((due, name, code))
        minutes = self.chance.uniform(0, most)
        self.at_work = Job(self, code, minutes * 60 + 1, self.chance.random() < 0.8)
        return self.at_work

    def is_org_away(self) -> bool:
        """Whether the org cannot be reached: the first two days of each fortnight."""
        return self.clock.now.timetuple().tm_yday % 14 < 2

    def is_admin_at_work(self) -> bool:
        """Whether a command of the admin holds the lock of the runs: some mornings."""
        return self.clock.now.timetuple().tm_yday % 5 == 3 and 6 <= self.clock.now.hour < 9

    def after(self, turn: Turn) -> None:
        """Note how a turn ended."""
        self.ended.append((turn.due, turn.job))
        if self.chance.random() < 0.05:
            raise RuntimeError("what is told of a turn failed")

    def pause(self, seconds: float) -> None:
        """Nothing is to be done: so nothing may be due that did not have its turn."""
        self.idle_looks += 1
        for job in self.plan.jobs:
            self.had_its_turn(job.name)
        self.count_objects()
        self.clock.pass_by(seconds)
        self.befall(seconds)

    def count_objects(self) -> None:
        """Count what of sfsync is in memory, a quarter of the way and at the end; libraries keep
        caches of their own.
        """
        left = (self.ends - self.clock.now) / (self.ends - self.begins)
        for name, share in (("quarter", 0.75), ("end", 0.02)):
            if left < share and name not in self.objects:
                gc.collect()
                modules = [str(type(each).__module__) for each in gc.get_objects()]
                self.objects[name] = sum(
                    each.startswith(("sfsync", "schedule")) for each in modules
                )

    def had_its_turn(self, name: str) -> None:
        """Check that the latest time of a job was its turn's, or that of a turn that waits."""
        times = self.right[name]
        latest = times[bisect_right(times, self.clock()) - 1]
        if self.known.get(name) != latest:
            turns = {due for due, _ in self.last_turns(name)}
            assert latest in turns, f"{name} was due at {latest}, and idle at {self.clock()}"
            self.known[name] = latest

    def last_turns(self, name: str) -> list[tuple[datetime, bool]]:
        """When the last turns of a job were due, and whether they ended; asked past the journal,
        which takes its time.
        """
        asked = "SELECT due, finished FROM turns WHERE job = ? ORDER BY due DESC LIMIT 3"
        return [
            (datetime.fromisoformat(due).replace(tzinfo=UTC), finished is not None)
            for due, finished in self.database.execute(asked, (name,))
        ]

    def befall(self, seconds: float) -> None:
        """Let happen what may happen in so many seconds."""
        day = seconds / 86_400
        if self.chance.random() < 0.5 * day:
            raise Died
        if self.chance.random() < 0.3 * day or self.clock.now >= self.ends:
            self.scheduler.stop()
        if self.chance.random() < 0.5 * day:
            self.scheduler.reload()

    def check_all(self) -> Mapping[str, int]:
        """Check what must hold of all the turns; count what happened."""
        with closing(Journal.open(f"sqlite:///{self.folder / 'journal.db'}")) as journal:
            turns = journal.turns.since(SERVICE, datetime(2000, 1, 1, tzinfo=UTC))
        starts = defaultdict(int)
        for due, name, code in self.started:
            starts[due, name] += code != BUSY
        for turn in turns:
            assert turn.due in self.right[turn.job], turn
            assert turn.attempts <= 2, turn
            assert starts[turn.due, turn.job] <= turn.attempts, turn
        assert starts.keys() <= {(turn.due, turn.job) for turn in turns}
        open_turns = [turn for turn in turns if turn.is_open]
        assert len(open_turns) <= len(self.plan.jobs)
        assert len(self.ended) == len(set(self.ended)), "the end of a turn was told twice"
        return {
            "due": sum(len(times) for times in self.right.values()),
            "turns": len(turns),
            "taken up": sum(turn.attempts > 1 for turn in turns),
            "unknown": sum(not turn.is_open and turn.exit_code is None for turn in turns),
            "crashed": sum(turn.exit_code in (CRASHED, KILLED) for turn in turns),
            "busy": sum(turn.exit_code == BUSY for turn in turns),
            "limit": sum("its limit" in turn.message for turn in turns),
            "kills": self.kills,
            "restarts": self.restarts,
            "idle": self.idle_looks,
            "grown": self.objects["end"] - self.objects["quarter"],
        }
