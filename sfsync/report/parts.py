"""Of which parts does a mail consist, once all is in words?"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One record; `facts` says money, age, and whether it is back, `because` why it was moved."""

    name: str
    link: str
    message: str
    facts: tuple[str, ...]
    because: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """The records of one owner that have the same wrong."""

    severity: str
    label: str
    title: str
    remedy: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that is wrong with a record; `facts` says its age, and whether it is back."""

    severity: str
    label: str
    title: str
    message: str
    remedy: str
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RecordBlock:
    """A record with which several things are wrong, the severest first."""

    name: str
    link: str
    money: str
    points: tuple[Point, ...]

    @property
    def severity(self) -> str:
        """How bad the worst of it is."""
        return self.points[0].severity


@dataclass(frozen=True, slots=True)
class OwnerPart:
    """What one owner's records have; `facts` says how many findings they are, and the money."""

    owner: str
    facts: str
    blocks: tuple[Block | RecordBlock, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """What is new, still open, or solved; `more` tells of those that are left to the CSV."""

    title: str
    standing: str
    count: str
    owners: tuple[OwnerPart, ...]
    more: str


@dataclass(frozen=True, slots=True)
class TeamRow:
    """A manager below, and what stands in their teams."""

    name: str
    counts: str
    facts: str
    forecasts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bar:
    """One week of the trend: `height` in pixels."""

    day: str
    number: str
    height: int


@dataclass(frozen=True, slots=True)
class View:
    """The mail in words, part by part."""

    language: str
    subject: str
    title: str
    summary: str
    money: str
    notes: tuple[str, ...]
    bars: tuple[Bar, ...]
    teams: tuple[TeamRow, ...]
    sections: tuple[Section, ...]
    endings: tuple[str, ...]
    words: Mapping[str, str]
    forecasts: tuple[str, ...] = ()
