"""What does a report hold: which findings, what sums, which trend?"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sfsync.model import OpenFinding
from sfsync.report.forecast import Forecast
from sfsync.report.people import Person
from sfsync.rules.texts import FindingText

SEVERITIES = ("high", "medium", "low")
# Of how many weeks the trend is drawn: two months are enough to see where it goes.
WEEKS = 8


class Standing(StrEnum):
    """How a finding stands since the last report: new, open (still), solved."""

    NEW = "new"
    OPEN = "open"
    SOLVED = "solved"


@dataclass(frozen=True, slots=True)
class Line:
    """One finding as a report tells it.

    `owner` is the owner's name, empty where the record has none that is known. `days` it was open,
    by the days of the org. `link` opens the record in Lightning.
    """

    found: OpenFinding
    text: FindingText
    owner: str
    standing: Standing
    days: int
    link: str

    @property
    def record(self) -> tuple[str, str]:
        """The record: its object and Id."""
        return self.found.finding.object, self.found.finding.id


@dataclass(frozen=True, slots=True)
class Sums:
    """Lines counted. `high` counts the severe ones among new and open, `oldest` is in days.

    `amount` is the money at stake in them, each record counted once; None where nothing is known of
    it.
    """

    new: int = 0
    open: int = 0
    solved: int = 0
    high: int = 0
    oldest: int = 0
    amount: float | None = None


@dataclass(frozen=True, slots=True)
class Team:
    """What stands below one manager, whoever is between."""

    manager: Person
    sums: Sums
    forecasts: tuple[Forecast, ...] = ()


@dataclass(frozen=True, slots=True)
class Week:
    """How many findings were open at the end of a day."""

    ends: date
    open: int


@dataclass(frozen=True, slots=True)
class Report:
    """What one reader is told.

    `key` is the same for all reports of one name to one reader in one day or week: of these only
    one is to be sent. `capacity` says as what they read: manager, owner or admin. `since` is the
    last report (None: this is the first one). `put_off` counts findings that are snoozed or waived,
    and not among `lines`. `sums`, `trend` and `forecasts` also count what `teams` hold. Where the
    org keeps several currencies amounts do not add up (`adds_up`), and `currency` is empty.
    """

    key: str
    name: str
    reader: Person
    capacity: str
    language: str
    currency: str
    now: datetime
    since: datetime | None
    zone: str
    lines: tuple[Line, ...]
    teams: tuple[Team, ...]
    sums: Sums
    trend: tuple[Week, ...]
    put_off: int
    forecasts: tuple[Forecast, ...] = ()
    adds_up: bool = True


def sum_up(lines: Sequence[Line], *, adds_up: bool = True) -> Sums:
    """Count lines, and the money in those not solved: of each record the largest amount, once.

    Where amounts do not add up, being in several currencies, there is no sum.
    """
    unsolved = [line for line in lines if line.standing is not Standing.SOLVED]
    new = sum(line.standing is Standing.NEW for line in unsolved)
    return Sums(
        new=new,
        open=len(unsolved) - new,
        solved=len(lines) - len(unsolved),
        high=sum(line.text.severity == SEVERITIES[0] for line in unsolved),
        oldest=max((line.days for line in unsolved), default=0),
        amount=at_stake(unsolved) if adds_up else None,
    )


def at_stake(lines: Iterable[Line]) -> float | None:
    """Sum the money of lines, each record counted once; None where nothing is known of it."""
    amounts: dict[tuple[str, str], float] = {}
    for line in lines:
        if line.found.amount is not None:
            amounts[line.record] = max(line.found.amount, amounts.get(line.record, 0.0))
    return sum(amounts.values()) if amounts else None


def trend_of(found: Sequence[OpenFinding], now: datetime, zone: str) -> tuple[Week, ...]:
    """Count what was open now and at the same time of the weeks before, oldest first.

    A finding that returned counts from its return: its earlier life is not known.
    """
    moments = [now - timedelta(weeks=weeks) for weeks in reversed(range(WEEKS))]
    return tuple(
        Week(day_in(zone, moment), sum(_was_open(each, moment) for each in found))
        for moment in moments
    )


def _was_open(found: OpenFinding, moment: datetime) -> bool:
    is_solved = found.solved_at is not None and found.solved_at <= moment
    return found.first_seen <= moment and not is_solved


def day_in(zone: str, moment: datetime) -> date:
    """Return the day of an instant in a zone (IANA name)."""
    return moment.astimezone(ZoneInfo(zone)).date()


def worst_first(line: Line) -> tuple[int, float, int, tuple[str, str], str]:
    """Order lines by how bad they are: severity, then money, then age."""
    money = line.found.amount or 0.0
    severity = SEVERITIES.index(line.text.severity)
    return severity, -money, -line.days, line.record, line.text.code


def oldest_first(line: Line) -> tuple[int, float, str, tuple[str, str]]:
    """Order lines of one kind: the oldest first, of those the most expensive."""
    return -line.days, -(line.found.amount or 0.0), line.found.finding.name, line.record
