"""Does a scheduler bear being killed for as long as you like? Real processes on the demo org.

    PYTHONPATH=. .venv/bin/python scripts/soak.py --minutes 5

Two schedulers of one service run, each a process, on a clock that is so fast that an hour takes
seconds. Their jobs are processes as in real life. At random moments a job or a scheduler is killed
with SIGKILL, or a scheduler stopped or reloaded, and started again. In the end the journal must
show each turn once, no two of them at a time, and closed books; and the memory of the scheduler
that lived longest must be flat.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random

import click

ROOT = Path(__file__).parents[1]
# The Saturday before the clocks go back.
BEGINS = datetime(2026, 10, 24, 12, tzinfo=UTC)
FASTER = 600
SCHEDULE = """
schedule:
  zone: Europe/Paris
  jobs:
    - {name: hourly, command: run hourly, every_minutes: 60}
    - {name: often, command: runs, every_minutes: 20}
    - {name: night, command: run hourly --full, at: "02:30"}
    - {name: morning, command: report runs, at: "08:00"}
"""


def clock_of(zero: float) -> "datetime":
    """Tell the fast time; `zero` is the real moment at which it begins."""
    return (BEGINS + timedelta(seconds=(time.time() - zero) * FASTER)).replace(microsecond=0)


def serve(zero: float) -> None:
    """Be a scheduler, on the fast clock."""
    from sfsync.cli import scheduler as command
    from sfsync.cli.options import Place
    from sfsync.scheduler import Pace, Waits, loop

    command.wall_clock = lambda: clock_of(zero)
    pace = Pace(look=1, watch=1, waits=Waits(timedelta(minutes=20), timedelta(hours=2)))
    made = loop.Scheduler.__init__
    loop.Scheduler.__init__ = lambda self, world: made(self, world, pace)
    with command.opened_scheduler(Place(None, None, None), quiet=False) as serving:
        serving.serve()


class Soak:
    """Two schedulers, and what is done to them."""

    def __init__(self, folder: Path, chance: Random) -> None:
        self.folder, self.chance = folder, chance
        self.zero = time.time()
        self.log = (folder / "log").open("a")
        self.begun: dict[int, float] = {}
        self.processes = [self.begin(), self.begin()]
        self.done: Counter[str] = Counter()
        self.memory: dict[int, list[int]] = {}

    def begin(self) -> "subprocess.Popen[bytes]":
        """Start a scheduler."""
        command = [sys.executable, str(Path(__file__).absolute()), "--serve", str(self.zero)]
        env = {**os.environ, "PYTHONPATH": str(ROOT), "SFSYNC_ORG": "demo"}
        process = subprocess.Popen(command, cwd=self.folder, env=env, stderr=self.log)
        self.begun[process.pid] = time.monotonic()
        return process

    def disturb(self) -> None:
        """Do one of them some harm."""
        place = self.chance.randrange(2)
        process = self.processes[place]
        what = self.chance.choice(("kill", "stop", "reload", "job", "job", "nothing"))
        self.done[what] += 1
        if what == "reload":
            # Python takes a second or two until it heeds signals.
            if time.monotonic() - self.begun[process.pid] > 15:
                process.send_signal(signal.SIGHUP)
        elif what == "job":
            for child in children_of(process.pid):
                self.done["job killed"] += 1
                os.kill(child, signal.SIGKILL)
        elif what in ("kill", "stop"):
            began = time.monotonic()
            process.send_signal(signal.SIGKILL if what == "kill" else signal.SIGTERM)
            process.wait()
            assert time.monotonic() - began < 10, "it did not end within 10 seconds"
            self.processes[place] = self.begin()

    def look(self) -> None:
        """Note the memory of each scheduler, and that it lives."""
        for process in self.processes:
            assert process.poll() is None, "a scheduler ended by itself"
            pages = Path(f"/proc/{process.pid}/statm").read_text().split()[1]
            kilobytes = int(pages) * os.sysconf("SC_PAGE_SIZE") // 1024
            self.memory.setdefault(process.pid, []).append(kilobytes)

    def last(self, seconds: float) -> None:
        """Go on for so long, then stop both, and tell what was."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            time.sleep(self.chance.uniform(5, 25))
            self.look()
            self.disturb()
        self.end()
        click.echo(f"{clock_of(self.zero) - BEGINS} passed; done: {dict(self.done)}")
        longest = max(self.memory.values(), key=len)
        click.echo(f"memory of the one that lived longest, in KB: {longest}")

    def kill(self) -> None:
        """Leave nothing behind."""
        for process in self.processes:
            if process.poll() is None:
                process.kill()

    def end(self) -> None:
        """Stop both."""
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            assert process.wait(15) == 0


def children_of(pid: int) -> list[int]:
    """Return the processes that a process started and that live."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(each) for each in text.split()]


def check(folder: Path) -> None:
    """Check the books, and tell what happened."""
    from sfsync.journal import Journal

    journal = Journal.open(f"sqlite:///{folder / '.sfsync' / 'journal.db'}")
    turns = journal.turns.since("demo", datetime(2000, 1, 1, tzinfo=UTC))
    assert len({(turn.job, turn.due) for turn in turns}) == len(turns)
    assert max(turn.attempts for turn in turns) <= 2
    # Where nobody knows how a turn ended, nobody knows when.
    known = [turn for turn in turns if turn.finished and turn.exit_code not in (None, 7)]
    known.sort(key=lambda turn: turn.started)
    for turn, following in pairwise(known):
        assert turn.finished is not None
        assert turn.finished <= following.started, (turn, following)
    runs = Counter(run.state.value for run in journal.runs())
    ends = Counter(str(turn.exit_code) for turn in turns)
    click.echo(
        f"turns: {len(turns)}, exit codes {dict(ends)}, open {len(journal.turns.open('demo'))}"
    )
    click.echo(f"taken up again: {sum(turn.attempts > 1 for turn in turns)}, runs: {dict(runs)}")
    journal.close()
    assert runs["running"] <= 1, "books are open"


def main() -> None:
    """Soak."""
    parser = argparse.ArgumentParser(description="Kill schedulers, and look whether they mind.")
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--serve", type=float, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve is not None:
        serve(given.serve)
        return
    with tempfile.TemporaryDirectory() as name:
        folder, chance = Path(name), Random(given.seed)
        config = folder / "config"
        (config / "rules").mkdir(parents=True)
        for file in [*(ROOT / "config").glob("*.yaml"), *(ROOT / "config").glob("rules/*.yaml")]:
            text = file.read_text(encoding="utf-8")
            if file.name == "sfsync.yaml":
                text = text.partition("\nschedule:")[0] + SCHEDULE
            (config / file.relative_to(ROOT / "config")).write_text(text, encoding="utf-8")
        (config / "demo").symlink_to(ROOT / "config" / "demo")
        soak = Soak(folder, chance)
        try:
            soak.last(given.minutes * 60)
            check(folder)
        except AssertionError:
            click.echo((folder / "log").read_text(encoding="utf-8")[-6000:])
            raise
        finally:
            soak.kill()


if __name__ == "__main__":
    main()
