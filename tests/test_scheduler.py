"""Does the scheduler carry out each turn once, for months, whatever happens?"""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random, getrandbits
from tempfile import TemporaryDirectory

import pytest
from loop_org import config_texts
from simulated_days import Clock, Days

from sfsync.policy import Schedule
from sfsync.rules.load import load_policy

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
    # Nothing is kept of the hundreds of turns of the last six weeks.
    assert counts["grown"] < 300
