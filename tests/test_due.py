"""Is a job due when its time has passed, once, and also where the clocks change?"""

from bisect import bisect_right
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from hypothesis import example, given, settings
from hypothesis import strategies as st
from loop_org import CONFIG, config_texts
from random_orgs import part
from wall_times import times_of

from sfsync.cli import commands
from sfsync.cli.jobs import check_commands
from sfsync.due import due_now, latest_time, next_time
from sfsync.errors import ConfigError
from sfsync.model import Turn
from sfsync.policy import Rhythm, Schedule, ScheduledJob
from sfsync.rules.load import load_policy

# A gap and a repeated hour, also where they are half an hour or at midnight, and none at all.
CHANGES = (
    ("Europe/Paris", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    ("Europe/Paris", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC)),
    ("America/Santiago", datetime(2026, 9, 6, 4, tzinfo=UTC)),
    ("Asia/Kolkata", datetime(2026, 6, 15, 8, tzinfo=UTC)),
)
SETTINGS = "sfsync.yaml"


def job(
    *at: str,
    name: str = "hourly",
    zone: str = "Europe/Paris",
    days: frozenset[int] = frozenset(range(7)),
    rhythm: Rhythm | None = None,
) -> ScheduledJob:
    times = tuple(time.fromisoformat(each) for each in at)
    return ScheduledJob(
        name, ("run", "hourly"), zone, days, times, rhythm, timedelta(hours=4), "sfsync.yaml:1"
    )


def paris(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Paris")).astimezone(UTC)


def turn(due: datetime, *, finished: bool = True, attempts: int = 1, name: str = "hourly") -> Turn:
    return Turn(1, "acme", name, due, due, due if finished else None, 0, attempts)


def told(*jobs: ScheduledJob, now: datetime, **lasts: Turn) -> list[tuple[str, datetime]]:
    return [(each.job.name, each.since) for each in due_now(Schedule(jobs), lasts, now)]


def test_a_time_that_the_clocks_leave_out_is_the_first_instant_after_the_gap() -> None:
    night = job("02:30")
    assert next_time(night, paris("2026-03-28 12:00")) == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert next_time(night, paris("2026-03-29 12:00")) == paris("2026-03-30 02:30")


def test_a_time_that_comes_twice_counts_once() -> None:
    night, first = job("02:30"), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert next_time(night, paris("2026-10-24 12:00")) == first
    assert next_time(night, first) == paris("2026-10-26 02:30")


@pytest.mark.parametrize(("day", "count"), [("03-28", 24), ("03-29", 23), ("10-25", 25)])
def test_a_rhythm_has_a_turn_each_real_hour(day: str, count: int) -> None:
    hourly = job(rhythm=Rhythm(timedelta(hours=1), time(0, 5), time(23, 59)))
    moment: datetime | None = paris(f"2026-{day} 00:00")
    ends, found = paris(f"2026-{day} 23:59"), []
    while (moment := next_time(hourly, moment)) and moment <= ends:
        found.append(moment)
    assert len(found) == count
    assert {b - a for a, b in pairwise(found)} == {timedelta(hours=1)}


def test_until_a_time_that_comes_twice_is_until_its_second_coming() -> None:
    nightly = job(rhythm=Rhythm(timedelta(hours=1), time(1, 10), time(2, 30)))
    changed = datetime(2026, 10, 25, 1, tzinfo=UTC)
    assert next_time(nightly, changed) == changed + timedelta(minutes=10)
    assert next_time(nightly, changed + timedelta(minutes=10)) == paris("2026-10-26 01:10")


times = st.times(max_value=time(23, 59)).map(
    lambda each: each.replace(second=0, microsecond=0, fold=0)
)
rhythms = st.builds(
    lambda every, ends: Rhythm(timedelta(minutes=every), min(ends), max(ends)),
    st.integers(1, 1440),
    st.lists(times, min_size=2, max_size=2),
)


# Rhythms that begin and end, or only end, in the hour that the clocks leave out.
LEFT_OUT = Rhythm(timedelta(minutes=30), time(0, 10), time(0, 40))
ENDS_LEFT_OUT = Rhythm(timedelta(minutes=30), time(1, 30), time(2, 40))


@settings(max_examples=part(0.3))
@example(CHANGES[4], frozenset(range(7)), LEFT_OUT, 0)
@example(CHANGES[0], frozenset(range(7)), ENDS_LEFT_OUT, 0)
@given(
    st.sampled_from(CHANGES),
    st.frozensets(st.integers(0, 6), min_size=1),
    st.one_of(st.lists(times, min_size=1, max_size=3), rhythms),
    st.integers(-36 * 60, 36 * 60),
)
def test_a_clock_on_the_wall_agrees(
    change: tuple[str, datetime], days: frozenset[int], when: list[time] | Rhythm, minutes: int
) -> None:
    zone, changed = change
    at, rhythm = ((), when) if isinstance(when, Rhythm) else (tuple(when), None)
    each = ScheduledJob("any", (), zone, days, at, rhythm, timedelta(hours=1), "")
    right = times_of(each, changed - timedelta(days=4), changed + timedelta(days=4))
    now = changed + timedelta(minutes=minutes)
    place = bisect_right(right, now)
    if place:
        assert latest_time(each, now) == right[place - 1]
    if place < len(right):
        assert next_time(each, now) == right[place]


def test_what_was_missed_is_due_once_and_what_had_its_turn_is_not() -> None:
    hourly = job(rhythm=Rhythm(timedelta(hours=1), time(7, 5), time(20, 5)))
    now, due = paris("2026-11-25 12:40"), paris("2026-11-25 12:05")
    assert told(hourly, now=now) == [("hourly", due)]
    assert told(hourly, now=now, hourly=turn(paris("2026-11-23 07:05"))) == [("hourly", due)]
    assert told(hourly, now=now, hourly=turn(due)) == []
    # It had its turn under an earlier schedule, at a time that is none any more.
    assert told(hourly, now=now, hourly=turn(due + timedelta(minutes=9))) == []


def test_the_longest_due_comes_first_then_the_order_of_the_file() -> None:
    jobs = (job("08:00", name="b"), job("08:00", name="a"), job("07:00", name="c"))
    now = paris("2026-11-25 09:00")
    assert [name for name, _ in told(*jobs, now=now)] == ["c", "b", "a"]


def test_a_dead_turn_is_taken_up_once_unless_a_newer_one_does_its_work() -> None:
    nightly, due = job("01:30"), paris("2026-11-25 01:30")
    dead = turn(due, finished=False)
    [again] = due_now(Schedule((nightly,)), {"hourly": dead}, due + timedelta(hours=1))
    assert (again.since, again.dead) == (due, dead)
    twice = turn(due, finished=False, attempts=2)
    assert told(nightly, now=due + timedelta(hours=1), hourly=twice) == []
    [newer] = due_now(Schedule((nightly,)), {"hourly": twice}, due + timedelta(days=1))
    assert (newer.since, newer.dead) == (due + timedelta(days=1), None)


def shipped_with(old: str, new: str) -> dict[str, str]:
    text = config_texts()[SETTINGS]
    assert text.count(old) == 1, old
    return {**config_texts(), SETTINGS: text.replace(old, new)}


WRONG = [
    (
        "zone: Europe/Paris",
        "zone: Europe/Pari",
        'no time zone "Europe/Pari"; did you mean "Europe/',
    ),
    ('at: "01:30"', "at: 1:30", 'write a time of the day in quotes, as "08:30"'),
    ('at: "02:00"', 'hour: "02:00"', 'unknown key "hour"; there is: '),
    ("name: alerts", "name: enrichment", '"enrichment" is the name of a job above'),
    ('ends: "20:05"', 'ends: "06:05"', "it ends before it begins"),
    ('at: "08:40"', "every_minutes: 0", "greater than or equal to 1"),
    ('at: "08:20"', 'at: "08:20", begins: "07:00"', '"begins" goes with "every_minutes"'),
    ('at: "08:30", days: [mon', 'at: "08:30", days: [mo', 'no day "mo"; did you mean "mon"?'),
    ("report alerts --send", "report 'alerts --send", "No closing quotation"),
]


def test_each_mistake_in_the_schedule_is_told_on_its_line_and_all_at_once() -> None:
    text = config_texts()[SETTINGS]
    for old, new, _ in WRONG:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    with pytest.raises(ConfigError) as caught:
        load_policy({**config_texts(), SETTINGS: text})
    for _, new, problem in WRONG:
        lines = [n for n, each in enumerate(text.splitlines(), 1) if new in each]
        places = tuple(f"{SETTINGS}:{line}: " for line in lines)
        found = [each for each in caught.value.problems if each.startswith(places)]
        assert any(problem in each for each in found), (problem, found)


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("rum hourly", 'there is no command "rum"; did you mean "run"?'),
        ("run hourli", 'no job is called "hourli"; did you mean "hourly"?'),
        ("run hourly --ful", "No such option '--ful'. Did you mean '--full'?"),
        ("report", "which command of it? there is: alerts, exceptions, runs"),
        ("report exeptions", 'no command "exeptions"; did you mean "exceptions"?'),
        ("report runs --since yesterday", "neither a day"),
        ("run", "Missing argument 'JOB'"),
        ("run --help", "does not only print help"),
        ("due --run", "due cannot be a job"),
        ("org serve", "org serve cannot be a job"),
    ],
)
def test_a_command_that_sfsync_does_not_have_is_told_with_the_nearest(
    command: str, problem: str
) -> None:
    policy = load_policy(shipped_with("command: run enrich,", f"command: {command},"))
    with pytest.raises(ConfigError) as caught:
        check_commands(policy.schedule)
    [found] = caught.value.problems
    place = next(each.place for each in policy.schedule.jobs if each.name == "enrichment")
    assert found.startswith(f"{place}: enrichment: ")
    assert problem in found


def test_the_schedule_as_shipped_is_understood_and_changes_no_plan() -> None:
    shipped = load_policy(config_texts())
    check_commands(shipped.schedule)
    assert load_policy(shipped_with('at: "01:30"', 'at: "01:31"')).hash == shipped.hash
    assert load_policy(shipped_with("near_name: 85", "near_name: 86")).hash != shipped.hash


@pytest.mark.usefixtures("alone")
def test_rules_check_tells_of_the_commands(tmp_path: Path) -> None:
    for name, text in shipped_with("command: run enrich,", "command: run enrih,").items():
        (tmp_path / "config" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "config" / name).write_text(text, encoding="utf-8")
    for name in ("findings.yaml", "reports.yaml", "setup.yaml"):
        (tmp_path / "config" / name).write_bytes((CONFIG / name).read_bytes())
    said = CliRunner().invoke(commands, ["rules", "check"])
    assert said.exit_code == 5
    assert 'enrichment: no job is called "enrih"; did you mean "enrich"?' in said.stderr
