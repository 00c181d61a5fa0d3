"""Does the scheduler carry out each turn once, for months, whatever happens?"""

import gc
import logging
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random, getrandbits
from tempfile import TemporaryDirectory

import pytest
from loop_org import config_texts
from simulated_days import KILLED, STOPPED, Clock, Days

from sfsync.errors import ConfigError, ExitCode, Locked
from sfsync.journal import Journal
from sfsync.lock import LockFile
from sfsync.model import Turn
from sfsync.policy import Schedule
from sfsync.rules.load import load_policy
from sfsync.scheduler import Pace, Scheduler, World

SETTINGS = "sfsync.yaml"
# At times that the clocks leave out or show twice; and each hour of the night, too.
MORE = """
    - {name: gap, command: doctor, at: "02:30"}
    - {name: round-the-clock, command: runs, every_minutes: 60, begins: "00:10", days: [sun]}
    - {name: weekly, command: findings list, at: ["03:00"], days: [sun]}
    - {name: elsewhere, command: rules check, at: "23:30", zone: Asia/Tokyo, most_minutes: 60}
"""


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory, where there is such a place: thousands of turns are entered."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if memory.is_dir() else tmp_path) as folder:
        yield Path(folder)


TWO = """
schedule:
  jobs:
    - {name: early, command: run hourly, every_minutes: 60, most_minutes: 30}
    - {name: late, command: report runs, at: "07:30"}
"""
NOW = datetime(2026, 11, 25, 8, 10, tzinfo=UTC)


def schedule_of(text: str) -> Schedule:
    texts = config_texts()
    others, _, _ = texts[SETTINGS].partition("\nschedule:")
    return load_policy({**texts, SETTINGS: others + text}).schedule


class Script:
    """A job that ends with a code after so many seconds; it may not heed SIGTERM."""

    def __init__(self, clock: Clock, code: int, seconds: float, *, heeds: bool = True) -> None:
        self.clock, self.code, self.left, self.heeds = clock, code, seconds, heeds

    def wait(self, seconds: float) -> int | None:
        passed = min(seconds, self.left)
        self.clock.pass_by(passed)
        self.left -= passed
        return None if self.left else self.code

    def stop(self) -> None:
        if self.heeds:
            self.code, self.left = STOPPED, 0

    def kill(self) -> None:
        self.code, self.left = KILLED, 0

    def said(self) -> str:
        return "what it said last"


class Stage:
    """A scheduler on a fast clock, its jobs by script, and what it did."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock(NOW)
        self.file = folder / "journal.db"
        self.journal = Journal.open(f"sqlite:///{self.file}")
        self.lock = LockFile(folder / "scheduler.lock", "another scheduler serves acme")
        self.schedule: Schedule | ConfigError = schedule_of(TWO)
        self.fails: OSError | None = None
        self.jobs: list[Script | OSError] = []
        self.begun: list[tuple[str, datetime]] = []
        self.pauses: list[Callable[[], None]] = []
        self.told: list[Turn] = []
        world = World(
            service="acme",
            load=self.load,
            turns=self.journal.turns,
            lock=self.lock,
            clock=self.clock,
            pause=self.pause,
            start=self.start,
            after=self.told.append,
        )
        self.scheduler = Scheduler(world, Pace(look=60, watch=10))

    def load(self) -> Schedule:
        if isinstance(self.schedule, ConfigError):
            raise self.schedule
        if self.fails is not None:
            raise self.fails
        return self.schedule

    def start(self, words: Sequence[str]) -> Script:
        self.begun.append((" ".join(words), self.clock()))
        job = self.jobs.pop(0) if self.jobs else Script(self.clock, 0, 5)
        if isinstance(job, OSError):
            raise job
        return job

    def pause(self, seconds: float) -> None:
        """Let the next thing happen whenever there is nothing to do; after the last it stops."""
        self.clock.pass_by(seconds)
        if self.pauses:
            self.pauses.pop(0)()
        else:
            self.scheduler.stop()

    def serve(self, *pauses: Callable[[], None]) -> None:
        self.pauses = list(pauses)
        with self.clock.shown_to_the_package():
            self.scheduler.serve()

    def ends(self) -> list[tuple[str, int | None]]:
        return [(turn.job, turn.exit_code) for turn in self.told]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path)
    yield stage
    stage.journal.close()


def nothing() -> None:
    """Let a look pass."""


def test_one_after_the_other_the_longest_due_first_each_once(stage: Stage) -> None:
    stage.serve(nothing, nothing)
    assert [words for words, _ in stage.begun] == ["report runs", "run hourly"]
    assert stage.begun[1][1] - stage.begun[0][1] == timedelta(seconds=5)
    assert stage.ends() == [("late", 0), ("early", 0)]
    assert [turn.due.hour for turn in stage.told] == [7, 8]


def test_a_job_that_crashes_or_cannot_be_started_stops_no_other(stage: Stage) -> None:
    stage.jobs = [OSError("no memory"), Script(stage.clock, KILLED, 5)]
    stage.serve()
    assert stage.ends() == [("late", 1), ("early", KILLED)]
    assert stage.told[0].message == "it cannot be started: no memory"
    assert stage.told[1].message == "its process was ended by the signal 9\nwhat it said last"


def test_what_goes_on_for_too_long_is_ended_and_killed_where_it_does_not_heed(
    stage: Stage,
) -> None:
    stage.jobs = [Script(stage.clock, 0, 5), Script(stage.clock, 0, 9_000, heeds=False)]
    stage.serve()
    [_, early] = stage.told
    assert early.exit_code == KILLED
    assert early.message == (
        "ended after 0:30:00, which is its limit (most_minutes)\nwhat it said last"
    )
    assert early.finished is not None
    assert (
        timedelta(0)
        <= early.finished - early.started - timedelta(minutes=30)
        < timedelta(seconds=20)
    )


def test_beside_another_run_it_is_tried_again_for_an_hour_or_until_its_next_time(
    stage: Stage,
) -> None:
    stage.jobs = [Script(stage.clock, 0, 5), *(Script(stage.clock, 7, 1) for _ in range(30))]
    stage.serve(*[nothing] * 55)
    nine = NOW.replace(hour=9, minute=0)
    tries = [at for words, at in stage.begun if words == "run hourly" and at < nine]
    gaps = [b - a for a, b in pairwise(tries)]
    assert timedelta(minutes=5) <= min(gaps) <= max(gaps) < timedelta(minutes=7)
    assert 8 <= len(tries) <= 10
    assert stage.ends()[:2] == [("late", 0), ("early", 7)]
    assert (stage.told[1].attempts, stage.told[1].due) == (1, nine.replace(hour=8))


def test_a_wrong_configuration_is_refused_whole_and_the_one_before_goes_on(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "sfsync.scheduler")

    def spoil() -> None:
        stage.schedule = ConfigError(["sfsync.yaml:7: no", "sfsync.yaml:9: neither"])
        stage.scheduler.reload()

    def mend() -> None:
        stage.schedule = schedule_of(TWO.replace("late", "later"))
        stage.scheduler.reload()

    stage.serve(spoil, lambda: stage.clock.pass_by(3_600), nothing, mend, nothing)
    [refused] = [each for each in caplog.messages if "refused" in each]
    assert refused == (
        "the configuration is refused, and the one before goes on:\n"
        "sfsync.yaml:7: no\nsfsync.yaml:9: neither"
    )
    assert stage.ends() == [("late", 0), ("early", 0), ("early", 0), ("later", 0)]


def test_a_configuration_that_the_system_cannot_read_ends_neither_scheduler_nor_job(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    class Reloading(Script):
        def wait(self, seconds: float) -> int | None:
            stage.scheduler.reload()
            return super().wait(seconds)

    stage.jobs = [Reloading(stage.clock, 0, 20)]
    stage.fails = OSError("no space left on device")
    stage.serve(stage.scheduler.reload, nothing)
    assert stage.ends() == [("late", 0), ("early", 0)]
    assert "refused" in caplog.text
    assert "no space left" in caplog.text


def test_what_is_due_ends_with_a_lock_that_is_lost(stage: Stage) -> None:
    class Losing(Script):
        def wait(self, seconds: float) -> int | None:
            stage.lock.free()
            return super().wait(seconds)

    stage.jobs = [Losing(stage.clock, 0, 500)]
    assert stage.scheduler.run_due() == ExitCode.LOCKED
    assert [words for words, _ in stage.begun] == ["report runs"]
    assert [turn.attempts for turn in stage.journal.turns.open("acme")] == [1]


def test_logs_tell_our_words_of_an_end_and_the_jobs_only_to_people(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    stage.jobs = [Script(stage.clock, 1, 5), Script(stage.clock, KILLED, 5)]
    stage.serve()
    told = [each for each in caplog.records if ": ended, " in each.getMessage()]
    assert all("what it said last" in each.getMessage() for each in told)
    logged = [getattr(each, "logged", each) for each in (record.args[-1] for record in told)]  # type: ignore[index]
    assert logged == ["", ": its process was ended by the signal 9"]


def test_a_journal_that_is_away_ends_nothing_and_loses_no_turn(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    def rename(old: str, new: str) -> None:
        with closing(sqlite3.connect(stage.file)) as database:
            database.execute(f"ALTER TABLE {old} RENAME TO {new}")

    class Away(Script):
        def said(self) -> str:
            rename("turns", "away")
            return super().said()

    stage.jobs = [Away(stage.clock, 3, 5)]
    stage.serve(nothing, nothing, lambda: rename("away", "turns"), nothing)
    assert stage.ends() == [("late", 3), ("early", 0)]
    assert sum("nothing can be done now" in each for each in caplog.messages) == 1
    assert [turn.exit_code for turn in stage.journal.turns.last("acme", "late")] == [3]


def test_another_scheduler_waits_and_takes_over(
    stage: Stage, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    other = LockFile(tmp_path / "scheduler.lock", "another scheduler serves acme")
    other.take()
    with pytest.raises(Locked, match="another scheduler serves acme"):
        stage.scheduler.run_due()
    stage.serve(nothing, other.free, nothing)
    assert len(stage.begun) == 2
    assert sum("another scheduler serves" in each for each in caplog.messages) == 1


def test_what_was_stopped_is_taken_up_once_and_not_a_third_time(stage: Stage) -> None:
    class Stopping(Script):
        def wait(self, seconds: float) -> int | None:
            stage.scheduler.stop()
            return super().wait(seconds)

    for _ in range(2):
        stage.scheduler = Scheduler(stage.scheduler._world, Pace(look=60, watch=10))
        stage.jobs = [Stopping(stage.clock, 0, 500)]
        stage.serve()
        assert stage.told == []
    [late] = stage.journal.turns.last("acme", "late")
    assert (late.is_open, late.attempts) == (True, 2)
    stage.scheduler = Scheduler(stage.scheduler._world, Pace(look=60, watch=10))
    stage.serve()
    assert stage.ends() == [("late", None), ("early", 0)]
    assert stage.told[0].message.endswith("it is not tried again")


def test_nothing_is_kept_of_turns_that_have_ended(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    # What is kept of the log would be all that grows.
    caplog.set_level(logging.CRITICAL, "sfsync.scheduler")
    counts = []

    def count_hour() -> None:
        stage.told.clear()
        gc.collect()
        modules = [str(type(each).__module__) for each in gc.get_objects()]
        counts.append(sum(each.startswith(("sfsync", "schedule")) for each in modules))

    hours = [lambda: stage.clock.pass_by(3_600)] * 100
    stage.serve(*hours, count_hour, *hours, count_hour)
    assert len(stage.begun) > 200
    assert abs(counts[1] - counts[0]) < 20


def long_schedule() -> Schedule:
    texts = config_texts()
    return load_policy({**texts, SETTINGS: texts[SETTINGS].rstrip("\n") + MORE}).schedule


@pytest.mark.parametrize("month", [3, 10])
def test_two_months_with_a_change_of_the_clocks(
    month: int, quick: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # What is kept of the log would be all that grows.
    caplog.set_level(logging.CRITICAL, "sfsync.scheduler")
    begins = datetime(2026, month - 1, 25, 12, tzinfo=UTC)
    clock = Clock(begins)
    days = Days(long_schedule(), quick, Random(getrandbits(32)), clock, begins + timedelta(days=61))
    with clock.shown_to_the_package():
        days.pass_by()
    counts = days.check_all()
    assert counts["turns"] > 800
    assert counts["idle"] > 1000
    assert min(counts["kills"], counts["restarts"], counts["crashed"], counts["busy"]) > 4
    assert counts["grown"] < 50
