"""Does the process itself behave: its exit code, its lock, its pipes, and when it is killed?"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from cut_org import WON, copy_in, cut

from sfsync.cli import commands

# Stops in the middle of a write: the org has the change, the journal not yet its outcome.
HALTING = """
import time
from pathlib import Path
from sfsync.cli import main
from sfsync.fake.recording.log import Log
append = Log.append
def halt(log, touched):
    append(log, touched)
    if touched:
        Path("halted").touch()
        time.sleep(60)
Log.append = halt
main()
"""
SECONDS = 60


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a small recorded org, `small`."""
    cut(tmp_path / "small")
    return tmp_path


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SFSYNC_")}
    return {**kept, "SFSYNC_ORG": "small"}


def command(*args: str) -> list[str]:
    return [sys.executable, "-m", "sfsync", *args]


def done(place: Path, *args: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command(*args),
        cwd=place,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def status_of_won(place: Path) -> object:
    """Read from the copy what a run was to change."""
    return copy_in(place / ".sfsync", place / "small").record("Account", WON)["Status__c"]


@pytest.fixture
def halted(place: Path) -> Iterator["subprocess.Popen[str]"]:
    """A run that stands still in the middle of its first write."""
    process = subprocess.Popen(
        [sys.executable, "-c", HALTING, "run", "hourly"],
        cwd=place,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    ends = time.monotonic() + SECONDS
    while not (place / "halted").exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < ends
        time.sleep(0.05)
    yield process
    process.kill()
    process.communicate()


def test_a_second_run_is_refused_while_one_is_at_work(
    place: Path, halted: "subprocess.Popen[str]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    monkeypatch.setenv("SFSYNC_ORG", "small")
    busy = CliRunner().invoke(commands, ["run", "hourly"])
    assert busy.exit_code == 7
    assert "another run is at work (.sfsync/run.lock)" in busy.stderr
    assert "\trunning\t" in CliRunner().invoke(commands, ["runs"]).stdout
    assert halted.poll() is None


@pytest.mark.parametrize(
    ("number", "exits", "said"),
    [
        (signal.SIGKILL, -signal.SIGKILL, ""),
        (signal.SIGTERM, 128 + signal.SIGTERM, "the next run first closes the books"),
        (signal.SIGINT, 128 + signal.SIGINT, "the next run first closes the books"),
    ],
)
def test_the_next_start_closes_the_books_of_a_run_that_was_ended_and_says_so(
    place: Path,
    halted: "subprocess.Popen[str]",
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    exits: int,
    said: str,
) -> None:
    halted.send_signal(number)
    _, errors = halted.communicate(timeout=SECONDS)
    assert halted.returncode == exits
    assert said in errors
    assert "Traceback" not in errors

    monkeypatch.chdir(place)
    monkeypatch.setenv("SFSYNC_ORG", "small")
    call = CliRunner().invoke
    assert "\tended early\t" in call(commands, ["runs"]).stdout
    after = call(commands, ["run", "hourly"])
    assert after.exit_code == 0
    (told,) = (line for line in after.stdout.splitlines() if "had ended early" in line)
    assert "its books are now closed: " in told
    assert " applied" in told
    runs = json.loads(call(commands, ["runs", "--format", "json"]).stdout)["runs"]
    assert [run["state"] for run in runs] == ["finished", "crashed"]
    assert {state for run in runs for state in run["counts"]} <= {"applied", "skipped"}
    assert status_of_won(place) == "Customer"


@pytest.mark.parametrize("args", [["plan", "hourly", "--format", "json"], ["rules", "schema"]])
def test_a_reader_who_has_seen_enough_is_no_error(place: Path, args: list[str]) -> None:
    with subprocess.Popen(
        command(*args),
        cwd=place,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(SECONDS) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_a_run_whose_reader_has_gone_does_all_its_work(place: Path) -> None:
    with subprocess.Popen(
        command("run", "hourly"), cwd=place, env=environment(), stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(SECONDS) == 0
    assert status_of_won(place) == "Customer"


def test_the_exit_code_reaches_the_caller(place: Path) -> None:
    result = done(place, "plan", "hourly", "--org", "missing")
    assert result.returncode == 5
    assert result.stderr.startswith("sfsync: --org missing: no such folder or zip")


@pytest.mark.parametrize("args", [["--help"], ["run", "--help"], ["plan", "--help"], ["runs"]])
def test_what_reads_no_org_waits_for_no_heavy_library(place: Path, args: list[str]) -> None:
    listing = (
        "import sys\nfrom sfsync.cli import main\ntry:\n    main()\nfinally:\n"
        "    print(*sys.modules, file=sys.stderr)\n"
    )
    heavy = {"pandas", "numpy", "pyarrow", "simple_salesforce", "requests", "distributed"}
    # Runs are read from the journal.
    heavy |= set() if args == ["runs"] else {"sqlalchemy"}
    # Settings are read by whoever does something.
    heavy |= {"pydantic", "yaml"} if args == ["plan", "--help"] else set()
    result = subprocess.run(
        [sys.executable, "-c", listing, *args],
        cwd=place,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    assert "sfsync.cli" in result.stderr.split()
    assert heavy.isdisjoint(result.stderr.split())
