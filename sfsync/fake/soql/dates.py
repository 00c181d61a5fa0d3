"""Which days does a date literal such as LAST_N_DAYS:30 mean?"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sfsync.fake.values import wire_datetime

_DAYS = ("TODAY", "YESTERDAY", "TOMORROW", "LAST_90_DAYS", "NEXT_90_DAYS")
_UNITS = ("WEEK", "MONTH", "QUARTER", "YEAR", "FISCAL_QUARTER", "FISCAL_YEAR")
_COUNTED_DAYS = ("LAST_N_DAYS", "NEXT_N_DAYS", "N_DAYS_AGO")
_SINGLE = tuple(f"{which}_{unit}" for unit in _UNITS for which in ("THIS", "LAST", "NEXT"))
_COUNTED = tuple(
    form.format(unit) for unit in _UNITS for form in ("LAST_N_{}S", "NEXT_N_{}S", "N_{}S_AGO")
)
RANGE_NAMES = frozenset((*_DAYS, *_COUNTED_DAYS, *_SINGLE, *_COUNTED))


def takes_count(name: str) -> bool:
    """Whether a date literal is followed by a colon and a number."""
    return name in _COUNTED_DAYS or name in _COUNTED


@dataclass(frozen=True, slots=True)
class Calendar:
    """What date literals depend on: the moment, the running user's zone, week and fiscal year.

    `week_start` counts from 0 = Monday to 6 = Sunday; `fiscal_start` is a month, 1 to 12.
    """

    now: datetime
    zone: ZoneInfo
    week_start: int = 6
    fiscal_start: int = 1

    @property
    def today(self) -> date:
        """The running user's calendar date."""
        return self.now.astimezone(self.zone).date()

    def days(self, name: str, count: int) -> tuple[date, date]:
        """Return the first day of a date literal and the day after its last."""
        today = self.today
        if name in _DAYS or name in _COUNTED_DAYS:
            first, last = _day_span(name, count)
            return today + timedelta(days=first), today + timedelta(days=last + 1)
        unit, first, last = _unit_span(name, count)
        return self._start(unit, first), self._start(unit, last + 1)

    def instants(self, name: str, count: int) -> tuple[str, str]:
        """Return a date literal as first instant and first instant after it, in kept form.

        The literals that run "through today" end with the present second.
        """
        first, after = self.days(name, count)
        end = self._midnight(after)
        if name in ("LAST_N_DAYS", "LAST_90_DAYS"):
            end = wire_datetime(self.now + timedelta(seconds=1))
        return self._midnight(first), end

    def _midnight(self, day: date) -> str:
        return wire_datetime(datetime.combine(day, time(), self.zone).astimezone(UTC))

    def _start(self, unit: str, steps: int) -> date:
        today = self.today
        if unit == "WEEK":
            first = today - timedelta(days=(today.weekday() - self.week_start) % 7)
            return first + timedelta(weeks=steps)
        length = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}[unit.removeprefix("FISCAL_")]
        begin = self.fiscal_start if unit.startswith("FISCAL_") else 1
        months = today.year * 12 + today.month - 1
        aligned = months - (months - (begin - 1)) % length
        year, month = divmod(aligned + steps * length, 12)
        return date(year, month + 1, 1)


def _day_span(name: str, count: int) -> tuple[int, int]:
    spans = {
        "TODAY": (0, 0),
        "YESTERDAY": (-1, -1),
        "TOMORROW": (1, 1),
        "LAST_90_DAYS": (-90, 0),
        "NEXT_90_DAYS": (1, 90),
        "LAST_N_DAYS": (-count, 0),
        "NEXT_N_DAYS": (1, count),
        "N_DAYS_AGO": (-count, -count),
    }
    return spans[name]


def _unit_span(name: str, count: int) -> tuple[str, int, int]:
    for unit in _UNITS:
        spans = {
            f"THIS_{unit}": (0, 0),
            f"LAST_{unit}": (-1, -1),
            f"NEXT_{unit}": (1, 1),
            f"LAST_N_{unit}S": (-count, -1),
            f"NEXT_N_{unit}S": (1, count),
            f"N_{unit}S_AGO": (-count, -count),
        }
        if name in spans:
            return (unit, *spans[name])
    raise KeyError(name)
