"""Do the scheduler's process and those of its jobs bear being stopped and killed in mid-apply?"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner
from cut_org import WON, copy_in, cut
from loop_org import CONFIG

from sfsync.cli import commands
from sfsync.journal import Journal

# As often as wanted, a job stands still in the middle of a write, before the org has the change or
# after; the journal has no outcome yet. Python runs this at the start of each process.
HALTING = """
import os, sys, time
from pathlib import Path
if "hourly" in sys.orig_argv and Path("halts").exists():
    from sfsync.fake.recording.log import Log
    append = Log.append
    def halt(log, touched):
        if Path("halts").read_text() == "after":
            append(log, touched)
        if touched:
            Path("halted").write_text(str(os.getpid()))
            time.sleep(60)
    Log.append = halt
"""
SCHEDULE = """
schedule:
  jobs:
    - {name: first, command: run hourly, at: "00:00"}
    - {name: second, command: run hourly, at: "00:00"}
"""
SECONDS = 60
SETTINGS = Path("config", "sfsync.yaml")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a small recorded org, a configuration of two jobs, and jobs that halt."""
    cut(tmp_path / "small")
    shutil.copytree(CONFIG, tmp_path / "config", ignore=lambda _, names: {"demo"} & set(names))
    text = (CONFIG / "sfsync.yaml").read_text(encoding="utf-8").partition("\nschedule:")[0]
    (tmp_path / SETTINGS).write_text(text + SCHEDULE, encoding="utf-8")
    (tmp_path / "early").mkdir()
    (tmp_path / "early" / "sitecustomize.py").write_text(HALTING, encoding="utf-8")
    (tmp_path / "halts").write_text("before")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SFSYNC_ORG", "small")
    found = [str(tmp_path / "early"), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(found))
    return tmp_path


class Served:
    """A scheduler's process."""

    def __init__(self, place: Path) -> None:
        self.log = place / "log"
        with self.log.open("w") as stream:
            command = [sys.executable, "-m", "sfsync", "scheduler"]
            self.process = subprocess.Popen(command, stderr=stream)

    def told(self, words: str) -> bool:
        return words in self.log.read_text(encoding="utf-8")

    def until(self, holds: Callable[[], bool]) -> None:
        ends = time.monotonic() + SECONDS
        while not holds():
            assert self.process.poll() is None, self.log.read_text(encoding="utf-8")
            assert time.monotonic() < ends, self.log.read_text(encoding="utf-8")
            time.sleep(0.05)


@pytest.fixture
def served(place: Path) -> Iterator[Served]:
    served = Served(place)
    yield served
    served.process.kill()
    served.process.wait()


def halted(place: Path) -> int:
    """The job that stands still; 0 where there is none yet."""
    file = place / "halted"
    return int(file.read_text() or 0) if file.exists() else 0


def turns(place: Path) -> list[tuple[str, int | None, int]]:
    journal = Journal.open(f"sqlite:///{place / '.sfsync' / 'journal.db'}")
    found = [journal.turns.last("small", name)[0] for name in ("first", "second")]
    journal.close()
    return [(turn.job, turn.exit_code, turn.attempts) for turn in found]


def due() -> tuple[int, Mapping[str, object]]:
    said = CliRunner().invoke(commands, ["due", "--format", "json"])
    return said.exit_code, json.loads(said.stdout)


def test_the_scheduler_is_reloaded_and_stopped_and_its_job_is_killed_in_mid_apply(
    place: Path, served: Served
) -> None:
    served.until(lambda: halted(place) > 0)
    right = SETTINGS.read_text(encoding="utf-8")
    SETTINGS.write_text(right.replace("run hourly", "run hourli"), encoding="utf-8")
    served.process.send_signal(signal.SIGHUP)
    served.until(lambda: served.told("the one before goes on"))
    assert served.told('first: no job is called "hourli"; did you mean "hourly"?')
    assert served.told('second: no job is called "hourli"; did you mean "hourly"?')

    # A job dies; the next one reads the configuration that was accepted, not the wrong one.
    first = halted(place)
    (place / "halted").unlink()
    (place / "halts").write_text("after")
    os.kill(first, signal.SIGKILL)
    served.until(lambda: halted(place) > 0)
    assert served.told("first: ended, exit code 137, due ")
    SETTINGS.write_text(right, encoding="utf-8")
    served.process.send_signal(signal.SIGHUP)
    served.until(lambda: served.told("the configuration is read again"))
    code, told = due()
    assert (code, told["due"], told["at_work"]) == (0, [], ["second"])
    assert CliRunner().invoke(commands, ["due", "--run", "-q"]).exit_code == 7

    began = time.monotonic()
    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(SECONDS) == 0
    assert time.monotonic() - began < 10
    assert served.told("second: stopped with the scheduler")
    assert not Path(f"/proc/{halted(place)}").exists()
    assert turns(place) == [("first", 137, 1), ("second", None, 1)]

    # Who comes next takes up what was stopped, and its run closes the books of both.
    (place / "halts").unlink()
    code, told = due()
    assert (code, told["at_work"]) == (3, [])
    assert [(each["job"], each["again"]) for each in told["due"]] == [("second", True)]  # type: ignore[attr-defined]
    said = CliRunner().invoke(commands, ["due", "--run"])
    assert said.exit_code == 0, said.output
    assert turns(place) == [("first", 137, 1), ("second", 0, 2)]
    runs = json.loads(CliRunner().invoke(commands, ["runs", "--format", "json"]).stdout)["runs"]
    assert [run["state"] for run in runs] == ["finished", "crashed", "crashed"]
    assert "sent" not in {state for run in runs for state in run["counts"]}
    org = copy_in(place / ".sfsync", place / "small")
    assert org.record("Account", WON)["Status__c"] == "Customer"
