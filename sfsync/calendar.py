"""On which day of the org does an instant fall, and when does a day of the org begin?

A day's start is its first instant, also where the clocks change at midnight; its end is its last
whole second. So days are compared with days, and daylight saving never moves a limit (spec, section
2).
"""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from sfsync.columns import Array

_A_DAY = np.timedelta64(1, "D")
_A_SECOND = np.timedelta64(1, "s")


def day_of(instants: Array, zone: str) -> Array:
    """Return the calendar day in `zone` (IANA name) of each UTC instant: datetime64[s] ->
    datetime64[D], NaT stays.
    """
    local = pd.DatetimeIndex(instants.astype("datetime64[s]"), tz="UTC").tz_convert(zone)
    return local.tz_localize(None).to_numpy().astype("datetime64[D]")


def start_of(days: Array, zone: str) -> Array:
    """Return the first instant (UTC) of each day in `zone`: datetime64[D] -> datetime64[s], NaT
    stays.

    Where midnight does not exist the day begins when the clocks have gone forward; where it comes
    twice, at the first.
    """
    # Hashed, not sorted: many are asked for, few are distinct.
    places, distinct = pd.factorize(days.astype("datetime64[D]").view("int64"))
    each = distinct.view("datetime64[D]")
    midnights = pd.DatetimeIndex(each.astype("datetime64[s]"))
    twice_first = np.ones(len(each), dtype=bool)
    local = midnights.tz_localize(zone, nonexistent="NaT", ambiguous=twice_first)
    starts = local.tz_convert("UTC").tz_localize(None).to_numpy(copy=True).astype("datetime64[s]")
    for skipped in np.flatnonzero(np.isnat(starts) & ~np.isnat(each)):
        starts[skipped] = _first_instant(each[skipped], zone)
    return np.asarray(starts[places])


def _first_instant(day: Any, zone: str) -> Any:
    """Find by halving where a day begins whose midnight does not exist."""
    # Zones lie less than a day from UTC, and the change of the clocks is less than another.
    early = day.astype("datetime64[s]") - 2 * _A_DAY
    late = early + 4 * _A_DAY
    while late - early > _A_SECOND:
        middle = early + (late - early) // 2
        if day_of(np.array([middle]), zone)[0] < day:
            early = middle
        else:
            late = middle
    return late


def latest(at: time, moment: datetime, zone: str) -> datetime:
    """Return when it was last `at` o'clock in `zone` (IANA name), at `moment` or before it.

    Both moments are aware UTC. Where the clocks leave that time out, it is the time by which they
    were put forward later.
    """
    local = moment.astimezone(ZoneInfo(zone))
    days = (local.date(), local.date() - timedelta(days=1))
    times = [datetime.combine(day, at, ZoneInfo(zone)).astimezone(UTC) for day in days]
    return next(each for each in [*times, times[-1] - timedelta(days=1)] if each <= moment)


def end_of(days: Array, zone: str) -> Array:
    """Return the last whole second (UTC) of each day in `zone`: datetime64[D] -> datetime64[s], NaT
    stays.
    """
    return np.asarray(start_of(days.astype("datetime64[D]") + _A_DAY, zone) - _A_SECOND)
