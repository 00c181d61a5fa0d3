"""On which day of the org does an instant fall, and when does a day of the org begin?

A day's start is its first instant, also where the clocks change at midnight; its end is its last
whole second. So days are compared with days, and daylight saving never moves a limit (spec, section
2).
"""

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
    each, places = np.unique(days.astype("datetime64[D]"), return_inverse=True)
    midnights = pd.DatetimeIndex(each.astype("datetime64[s]"))
    first = midnights.tz_localize(
        zone, nonexistent="shift_forward", ambiguous=np.ones(len(each), dtype=bool)
    )
    return first.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[s]")[places]


def end_of(days: Array, zone: str) -> Array:
    """Return the last whole second (UTC) of each day in `zone`: datetime64[D] -> datetime64[s], NaT
    stays.
    """
    return np.asarray(start_of(days.astype("datetime64[D]") + _A_DAY, zone) - _A_SECOND)
