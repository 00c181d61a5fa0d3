"""Do days begin and end where the org's clocks say, also when the clocks change?"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sfsync.calendar import day_of, end_of, start_of

ZONES = (
    *("UTC", "Europe/Paris", "Europe/Dublin", "America/Los_Angeles", "America/Santiago"),
    *("America/Havana", "America/Asuncion", "America/Sao_Paulo", "Asia/Beirut", "Africa/Cairo"),
    *("Africa/Casablanca", "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Kiritimati"),
    *("Asia/Kathmandu", "Asia/Tehran"),
)
# Not before 2012: pandas misses by an hour the midnight that Samoa skipped in 2010.
DAYS = st.dates(date(2012, 1, 2), date(2035, 12, 31))
MOMENTS = st.datetimes(datetime(2012, 1, 2), datetime(2035, 12, 31)).map(  # noqa: DTZ001
    lambda moment: moment.replace(tzinfo=UTC, microsecond=0)
)
A_SECOND = np.timedelta64(1, "s")


def instants(*moments: str) -> np.ndarray:
    return np.array(moments, dtype="datetime64[s]")


def days(*each: str) -> np.ndarray:
    return np.array(each, dtype="datetime64[D]")


@pytest.mark.parametrize(
    ("moment", "zone", "day"),
    [
        ("2026-06-14T21:59:59", "Europe/Paris", "2026-06-14"),
        ("2026-06-14T22:00:00", "Europe/Paris", "2026-06-15"),
        ("2026-12-14T22:59:59", "Europe/Paris", "2026-12-14"),
        ("2026-12-14T23:00:00", "Europe/Paris", "2026-12-15"),
        ("2026-06-15T06:59:59", "America/Los_Angeles", "2026-06-14"),
        ("2026-06-15T09:59:59", "Pacific/Kiritimati", "2026-06-15"),
        ("2026-06-15T10:00:00", "Pacific/Kiritimati", "2026-06-16"),
    ],
)
def test_the_day_of_an_instant_is_the_orgs_day(moment: str, zone: str, day: str) -> None:
    assert day_of(instants(moment), zone).tolist() == days(day).tolist()


@pytest.mark.parametrize(
    ("day", "zone", "start", "end"),
    [
        ("2026-06-15", "UTC", "2026-06-15T00:00:00", "2026-06-15T23:59:59"),
        ("2026-06-15", "Europe/Paris", "2026-06-14T22:00:00", "2026-06-15T21:59:59"),
        # The day of 23 hours, and that of 25.
        ("2026-03-29", "Europe/Paris", "2026-03-28T23:00:00", "2026-03-29T21:59:59"),
        ("2026-10-25", "Europe/Paris", "2026-10-24T22:00:00", "2026-10-25T22:59:59"),
        # Midnight does not exist: the day begins at one o'clock, which is when the clocks went on.
        ("2026-09-06", "America/Santiago", "2026-09-06T04:00:00", "2026-09-07T02:59:59"),
        # Midnight comes twice: the day begins at the first.
        ("2026-11-01", "America/Havana", "2026-11-01T04:00:00", "2026-11-02T04:59:59"),
        # The clocks change by half an hour.
        ("2026-04-05", "Australia/Lord_Howe", "2026-04-04T13:00:00", "2026-04-05T13:29:59"),
    ],
)
def test_a_day_begins_at_its_first_instant_and_ends_at_its_last_second(
    day: str, zone: str, start: str, end: str
) -> None:
    assert start_of(days(day), zone).tolist() == instants(start).tolist()
    assert end_of(days(day), zone).tolist() == instants(end).tolist()


@given(st.lists(DAYS, max_size=5), st.sampled_from(ZONES))
def test_the_start_is_the_first_instant_that_falls_on_the_day(
    chosen: list[date], zone: str
) -> None:
    wanted = np.array(chosen, dtype="datetime64[D]")
    start, end = start_of(wanted, zone), end_of(wanted, zone)
    assert day_of(start, zone).tolist() == wanted.tolist()
    assert (day_of(start - A_SECOND, zone) < wanted).all()
    assert day_of(end, zone).tolist() == wanted.tolist()
    assert (day_of(end + A_SECOND, zone) > wanted).all()


@given(st.lists(MOMENTS, max_size=5), st.sampled_from(ZONES))
@example([datetime(2026, 10, 25, 0, 30, tzinfo=UTC)], "Europe/Paris")
def test_pythons_own_calendar_agrees(moments: list[datetime], zone: str) -> None:
    given_ones = np.array([moment.replace(tzinfo=None) for moment in moments], "datetime64[s]")
    local = [moment.astimezone(ZoneInfo(zone)).date() for moment in moments]
    assert day_of(given_ones, zone).tolist() == local
    starts = [datetime.combine(day, time(0), ZoneInfo(zone)).astimezone(UTC) for day in local]
    expected = [start.replace(tzinfo=None) for start in starts]
    assert start_of(np.array(local, "datetime64[D]"), zone).tolist() == expected


def test_what_is_missing_stays_missing() -> None:
    nothing_then_something = instants("NaT", "2026-06-15T08:00:00")
    assert np.isnat(day_of(nothing_then_something, "Europe/Paris")).tolist() == [True, False]
    some_days = days("NaT", "2026-06-15", "NaT")
    for turned in (start_of(some_days, "Europe/Paris"), end_of(some_days, "Europe/Paris")):
        assert np.isnat(turned).tolist() == [True, False, True]


def test_of_nothing_comes_nothing_with_the_right_dtype() -> None:
    assert day_of(instants(), "Europe/Paris").dtype == "datetime64[D]"
    assert start_of(days(), "Europe/Paris").dtype == "datetime64[s]"
    assert end_of(days(), "Europe/Paris").dtype == "datetime64[s]"


@given(DAYS, st.integers(0, 400), st.sampled_from(ZONES))
def test_a_limit_in_days_is_moved_by_no_change_of_the_clocks(
    day: date, length: int, zone: str
) -> None:
    later = day + timedelta(days=length)
    either = np.array([day, later], dtype="datetime64[D]")
    noon = start_of(either, zone) + np.timedelta64(12, "h")
    assert (np.diff(day_of(noon, zone)) == np.timedelta64(length, "D")).all()
