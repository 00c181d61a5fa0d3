"""Which instant does the demo org live at, and which others are told from it?

Everything in the demo is so many days before or after one Monday morning in Paris. No clock is
read: the same call gives the same instant for ever.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 6, 15, 8, 0, tzinfo=UTC)
TODAY = NOW.astimezone(ZONE).date()
# The admin ticked "track field history" on this day; a platform keeps no row from before it.
HISTORY_SINCE = datetime(2025, 1, 1, tzinfo=UTC)


def day(days_ago: int) -> date:
    """The org's calendar day so many days before today; negative for the future."""
    return TODAY - timedelta(days=days_ago)


def at(days_ago: int, hour: int = 10, minute: int = 0, second: int = 0) -> datetime:
    """The UTC instant at which a clock in Paris showed this time, so many days before today."""
    wall = datetime.combine(day(days_ago), time(hour, minute, second), tzinfo=ZONE)
    return wall.astimezone(UTC)


def day_of(moment: datetime) -> date:
    """The org's calendar day of an aware instant."""
    return moment.astimezone(ZONE).date()


def days_since(moment: datetime | date) -> int:
    """Whole calendar days from an instant or a day until today; negative for the future."""
    start = day_of(moment) if isinstance(moment, datetime) else moment
    return (TODAY - start).days
