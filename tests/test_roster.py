"""Does one scheduler serve many orgs, so that none hinders another and none waits for ever?"""

import datetime as real
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread, current_thread
from types import SimpleNamespace

import pytest
import schedule
from simulated_days import Clock
from test_scheduler import Script, schedule_of

from sfsync.errors import ConfigError, ExitCode, Locked
from sfsync.journal import Journal
from sfsync.lock import LockFile
from sfsync.policy import Schedule
from sfsync.scheduler import Orgs, Pace, Patience, Roster, Scheduler, Slots, World

HOURLY = """
schedule:
  zone: UTC
  jobs:
    - {name: hourly, command: run hourly, every_minutes: 60}
"""
NOW = datetime(2026, 11, 25, 8, 10, tzinfo=UTC)
SECONDS = 60


class Hanging(Script):
    """A job that does not come back, whatever is done, until the test is over."""

    over = Event()

    def wait(self, seconds: float) -> int | None:
        self.over.wait(SECONDS)
        return 0


@dataclass
class Org:
    """An org that is served, on a clock of its own, until its day is done."""

    name: str
    schedule: Schedule
    clock: Clock = field(default_factory=lambda: Clock(NOW))
    until: datetime = NOW + timedelta(hours=2)
    is_done: Event = field(default_factory=Event)
    code: int = 0
    hangs: bool = False
    begun: list[str] = field(default_factory=list)


@dataclass
class House:
    """Orgs that share a journal, and what serves them."""

    folder: Path
    journal: Journal
    orgs: dict[str, Org]
    wrong: set[str] = field(default_factory=set)
    at_once: int = 2
    at_work: set[str] = field(default_factory=set)
    most: int = 0

    def __post_init__(self) -> None:
        self.slots = Slots(self.at_once)
        self.roster = Roster(Orgs(self.names, self.open), self.pause, Patience())
        self.steps: list[object] = []
        self.clocks = {name: org.clock for name, org in self.orgs.items()}

    def names(self) -> dict[str, object]:
        return dict.fromkeys([*self.orgs, *self.wrong], "here")

    @contextmanager
    def open(self, name: str, bell: Event) -> Iterator[Scheduler]:
        if name in self.wrong:
            raise ConfigError([f"config/orgs/{name}.yaml:3: no"])
        org = self.orgs[name]

        def pause(seconds: float) -> None:
            org.clock.pass_by(seconds)
            if org.clock.now >= org.until:
                org.is_done.set()
                bell.wait(SECONDS)
                bell.clear()

        def start(words: Sequence[str]) -> Script:
            org.begun.append(" ".join(words))
            self.at_work.add(name)
            self.most = max(self.most, len(self.at_work))
            return (Hanging if org.hangs else Script)(org.clock, org.code, 5)

        yield Scheduler(
            World(
                service=name,
                load=lambda: org.schedule,
                turns=self.journal.turns,
                lock=LockFile(self.folder / f"{name}.lock", f"another scheduler serves {name}"),
                clock=org.clock,
                pause=pause,
                start=start,
                after=lambda _: self.at_work.discard(name),
                slot=self.slots.of(name),
                label=f"{name}: ",
            ),
            Pace(look=600, watch=10),
        )

    def wait_for(self, *names: str) -> None:
        for name in names:
            assert self.orgs[name].is_done.wait(SECONDS), f"{name} waits for ever"

    def pause(self, _seconds: float) -> None:
        """Take the next step of the test; after the last it stops."""
        step = self.steps.pop(0) if self.steps else self.roster.stop
        step()  # type: ignore[operator]

    def serve(self, *steps: object) -> None:
        self.steps = list(steps)
        with clocks_shown(self.clocks):
            self.roster.serve()

    def codes(self, name: str) -> list[int | None]:
        return [turn.exit_code for turn in self.journal.turns.since(name, NOW - timedelta(days=1))]


@contextmanager
def clocks_shown(clocks: dict[str, Clock]) -> Iterator[None]:
    """Let the package `schedule` see the time of the org whose thread asks."""

    class Local(real.datetime):
        @classmethod
        def now(cls, tz: real.tzinfo | None = None) -> real.datetime:
            return clocks[current_thread().name].now.replace(tzinfo=None)

    shown = SimpleNamespace(datetime=Local, timedelta=timedelta, time=real.time)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schedule, "datetime", shown)
        yield


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if memory.is_dir() else tmp_path) as made:
        yield Path(made)


@pytest.fixture
def journal(folder: Path) -> Iterator[Journal]:
    Hanging.over.clear()
    journal = Journal.open(f"sqlite:///{folder / 'journal.db'}")
    yield journal
    journal.close()


def test_of_fifty_orgs_one_hangs_one_is_wrong_one_is_away_and_all_others_have_their_turns(
    folder: Path, journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "sfsync.scheduler")
    shared = schedule_of(HOURLY)
    orgs = {f"org{n:02}": Org(f"org{n:02}", shared) for n in range(49)}
    orgs["org07"].hangs = True
    orgs["org11"].code = ExitCode.UNREACHABLE
    house = House(folder, journal, orgs, wrong={"broken"})
    elsewhere = LockFile(folder / "org13.lock", "another scheduler serves org13")
    elsewhere.take()
    well = [name for name in orgs if name not in ("org07", "org13")]

    def let_it_end() -> None:
        house.wait_for(*well)
        assert orgs["org07"].begun == ["run hourly"]
        Hanging.over.set()

    house.serve(let_it_end)
    elsewhere.free()
    assert {name: house.codes(name) for name in well if name != "org11"} == {
        name: [0, 0, 0] for name in well if name != "org11"
    }
    assert house.codes("org11") == [6, 6, 6]
    assert orgs["org13"].begun == []
    assert 1 < house.most <= 2
    told = caplog.text
    assert "broken: is not served: config/orgs/broken.yaml:3: no" in told
    assert "another scheduler serves org13" in told
    assert "org11: hourly: ended, exit code 6" in told


def test_orgs_come_change_and_go_when_the_configuration_is_read_again(
    folder: Path, journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "sfsync.scheduler")
    shared = schedule_of(HOURLY)
    orgs = {name: Org(name, shared) for name in ("goes", "changes", "stays")}
    house = House(folder, journal, orgs, wrong={"mended"})
    once = schedule_of(HOURLY.replace("hourly, command", "other, command"))

    def edit() -> None:
        house.wait_for(*orgs)
        for name in ("mended", "comes"):
            orgs[name] = Org(name, shared)
            house.clocks[name] = orgs[name].clock
        house.wrong.clear()
        del orgs["goes"]
        orgs["changes"].schedule = once
        for org in orgs.values():
            org.until += timedelta(hours=2)
            org.is_done.clear()
        house.roster.reload()

    everybody = dict(orgs)

    def wait() -> None:
        house.wait_for("changes", "stays", "mended", "comes")
        # It ends by itself, not with all others.
        for _ in range(100):
            if "goes: the scheduler ends" in caplog.text:
                return
            Event().wait(0.1)
        pytest.fail("what is gone is served still")

    house.serve(edit, wait)
    assert everybody["goes"].begun == ["run hourly"] * 3
    assert [turn.job for turn in journal.turns.since("changes", NOW)] == ["hourly"] * 2 + [
        "other"
    ] * 3
    assert house.codes("stays") == [0] * 5
    assert house.codes("mended") == house.codes("comes") == [0] * 5
    assert "goes: is let go when its job has ended" in caplog.text


def test_what_is_edited_while_an_org_is_opened_is_read(folder: Path, journal: Journal) -> None:
    org = Org("slow", schedule_of(HOURLY))
    house = House(folder, journal, {"slow": org})
    is_read, is_edited = Event(), Event()

    @contextmanager
    def open_slowly(name: str, bell: Event) -> Iterator[Scheduler]:
        with house.open(name, bell) as scheduler:
            is_read.set()
            assert is_edited.wait(SECONDS)
            yield scheduler

    house.roster = Roster(Orgs(house.names, open_slowly), house.pause, Patience())

    def edit() -> None:
        assert is_read.wait(SECONDS)
        org.schedule = schedule_of(HOURLY.replace("hourly, command", "other, command"))
        house.roster.reload()

    def go_on() -> None:
        is_edited.set()
        house.wait_for("slow")

    house.serve(edit, go_on)
    assert {turn.job for turn in journal.turns.since("slow", NOW)} == {"other"}


def test_what_is_due_in_all_orgs_is_done_and_each_tells_its_exit_code(
    folder: Path, journal: Journal
) -> None:
    orgs = {name: Org(name, schedule_of(HOURLY)) for name in ("well", "refused", "taken")}
    orgs["refused"].code = ExitCode.INCOMPLETE
    house = House(folder, journal, orgs, wrong={"broken"})
    elsewhere = LockFile(folder / "taken.lock", "another scheduler serves taken")
    elsewhere.take()
    house.steps = [lambda: Event().wait(0.01)] * 100 * SECONDS
    with clocks_shown(house.clocks):
        codes = house.roster.run_due()
    elsewhere.free()
    assert codes == {"well": 0, "refused": 3, "taken": Locked.exit_code, "broken": 5}
    assert house.codes("well") == [0]


def test_who_asked_first_is_next_and_who_hangs_while_asking_holds_up_nobody() -> None:
    slots = Slots(1)
    assert slots.take("first", 0)
    # It asked, and hangs now somewhere else.
    assert not slots.take("hangs", 0)
    had: list[str] = []

    def ask(name: str) -> None:
        if slots.take(name, SECONDS):
            had.append(name)
            slots.free(name)

    threads = []
    for name in ("second", "third"):
        threads.append(Thread(target=ask, args=(name,)))
        threads[-1].start()
        while name not in slots._waiting:
            Event().wait(0.01)
    slots.free("first")
    for thread in threads:
        thread.join(SECONDS)
    assert had == ["second", "third"]
    assert slots.take("hangs", 0)


def test_what_takes_long_lets_others_begin_but_not_without_end() -> None:
    slots = Slots(2)
    for name in ("a", "b"):
        assert slots.take(name, 0)
    slots.lend("a")
    slots.lend("b")
    assert slots.take("c", 0)
    assert slots.take("d", 0)
    slots.lend("c")
    assert not slots.take("e", 0)
    slots.free("a")
    slots.lend("c")
    assert slots.take("e", 0)
