"""How does a bench tell what it measured?

As a table to a person and the same as JSON to a program: what was measured, a row each (median,
least, most, ratio to the row that is the measure), and beneath it the bars: what was found, the
limit, and whether it is met. A bench exits with 1 where a bar is missed, and a bar without a limit
is told but cannot be missed.
"""

import argparse
import gc
import json
import os
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any

NAME, NUMBER, UNIT = 30, 10, 6
COLUMNS = ("median", "least", "most")


@dataclass(frozen=True, slots=True)
class Measured:
    """One thing that was measured, a value a round."""

    name: str
    values: Sequence[float]
    unit: str = "s"

    @property
    def median(self) -> float:
        """Return what is told of it."""
        return median(self.values)

    def times(self, other: "Measured") -> float:
        """Return how many times the other it is: where both have a value of each round, the median
        of the rounds' ratios, which a machine that is busy for a while does not move.
        """
        if len(self.values) != len(other.values):
            return self.median / other.median
        return median(mine / theirs for mine, theirs in zip(self.values, other.values, strict=True))


@dataclass(frozen=True, slots=True)
class Bar:
    """What was found, to be at most or at least so much; `x` stands for a ratio."""

    name: str
    found: float
    at_most: float | None = None
    at_least: float | None = None
    unit: str = "x"

    @property
    def is_met(self) -> bool:
        """Tell whether it holds; what has no limit does."""
        is_over = self.at_most is not None and self.found > self.at_most
        return not is_over and (self.at_least is None or self.found >= self.at_least)

    @property
    def limit(self) -> str:
        """Return the limit as it is printed."""
        signs = (("<=", self.at_most), (">=", self.at_least))
        return " ".join(f"{sign} {shown(limit)}" for sign, limit in signs if limit is not None)


@dataclass(frozen=True, slots=True)
class Table:
    """What one bench measured under one title; `measure` names the row that ratios are to, where
    there is one. Notes are lines beneath it: what the rows do not say.
    """

    title: str
    rows: Sequence[Measured]
    bars: Sequence[Bar] = ()
    measure: str = ""
    notes: Sequence[str] = ()

    def row(self, name: str) -> Measured:
        """Return a row by its name."""
        return next(each for each in self.rows if each.name == name)

    def ratio(self, row: Measured) -> float | None:
        """Return how many times the measure a row is; None where there is no measure."""
        return row.times(self.row(self.measure)) if self.measure else None


def interleaved(
    works: Mapping[str, Callable[[], object]], rounds: int, *, warm: bool = True
) -> list[Measured]:
    """Do each in every round, so that a busy machine slows all, and give their seconds; a first
    round, untimed, warms up.
    """
    seconds: dict[str, list[float]] = {name: [] for name in works}
    if warm:
        for work in works.values():
            work()
    for _ in range(rounds):
        for name, work in works.items():
            gc.collect()
            start = perf_counter()
            work()
            seconds[name].append(perf_counter() - start)
    return [Measured(name, each) for name, each in seconds.items()]


def add_options(parser: argparse.ArgumentParser, *, rounds: int = 5) -> None:
    """Give a bench the options that all have."""
    parser.add_argument("--rounds", type=_positive, default=rounds, help="of each, in turns")
    parser.add_argument("--json", action="store_true", help="tell it as JSON")


def report(tables: Sequence[Table], *, as_json: bool) -> int:
    """Tell the tables; return the exit code: 1 where a bar is missed."""
    sys.stdout.write(to_json(tables) if as_json else "\n".join(to_text(each) for each in tables))
    return 0 if all(bar.is_met for table in tables for bar in table.bars) else 1


def to_text(table: Table) -> str:
    """Write a table for a person, 80 columns wide."""
    lines = [table.title]
    if table.rows:
        head = "".join(f"{name:>{NUMBER}}" for name in COLUMNS)
        lines.append(f"{'':{NAME}}{head}{'':{UNIT}}{'ratio' if table.measure else '':>{NUMBER}}")
        lines += [_line(table, row) for row in table.rows]
    if table.bars:
        lines.append(f"{'':{NAME + NUMBER}}{'found':>{NUMBER}}{'limit':>{NUMBER + UNIT}}")
        lines += [_bar(bar) for bar in table.bars]
    return "\n".join([line.rstrip() for line in lines] + list(table.notes)) + "\n"


def _line(table: Table, row: Measured) -> str:
    values = (row.median, min(row.values), max(row.values))
    ratio = table.ratio(row)
    numbers = "".join(f"{shown(value):>{NUMBER}}" for value in values)
    told = "" if ratio is None else f"{shown(ratio)} x"
    return f"{row.name:{NAME}}{numbers} {row.unit:{UNIT - 1}}{told:>{NUMBER}}"


def _bar(bar: Bar) -> str:
    verdict = ("met" if bar.is_met else "MISSED") if bar.limit else ""
    wide, limit = NAME + NUMBER, NUMBER + UNIT - 1
    return f"{bar.name:{wide}}{shown(bar.found):>{NUMBER}} {bar.limit:>{limit}} {verdict}"


def to_json(tables: Sequence[Table]) -> str:
    """Write tables for a program, with the machine on which they were measured."""
    told = {"machine": machine(), "tables": [_facts(table) for table in tables]}
    return json.dumps(told, indent=1) + "\n"


def _facts(table: Table) -> dict[str, Any]:
    rows = [
        {
            "name": row.name,
            "unit": row.unit,
            "median": row.median,
            "least": min(row.values),
            "most": max(row.values),
            "rounds": len(row.values),
            "ratio": table.ratio(row),
        }
        for row in table.rows
    ]
    bars = [
        {**{name: getattr(bar, name) for name in Bar.__slots__}, "is_met": bar.is_met}
        for bar in table.bars
    ]
    notes = list(table.notes)
    named = {"title": table.title, "measure": table.measure or None}
    return {**named, "rows": rows, "bars": bars, "notes": notes}


def machine() -> Mapping[str, str | int]:
    """Describe the machine as far as it matters for what was measured."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "processors": os.cpu_count() or 1,
        "memory_gib": round(pages / 2**30),
        "system": platform.system(),
        "python": platform.python_version(),
    }


def shown(value: float) -> str:
    """Write a number with the three or four digits that say something."""
    if abs(value) >= 1_000 or value == int(value):
        return f"{value:,.0f}"
    places = next(places for least, places in ((100, 1), (10, 2), (0, 3)) if abs(value) >= least)
    return f"{value:.{places}f}"


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number of rounds: give 1 or more")
    return value
