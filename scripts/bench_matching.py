"""How good is the matching of accounts with public registers, and how good the obvious alternative?

    scripts/bench matching [--json]

Measured on the authored cases of `tests/cases/enrich`, those on which the matching was tuned and
those held out apart. The alternative takes the best name by WRatio from 90 on, with no other clue.
Exit code 1 where anything unsafe is written, less than 85 % of the safe ones are, or the right one
is among the first three of less than 95 % of the reviews.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

from match_cases import SAMPLES, Figures, by_wratio, cases, figures, ours

LEAST_WRITTEN, LEAST_AMONG_THREE = 0.85, 0.95


def is_good(figures: Figures) -> bool:
    """Tell whether nothing unsafe and enough of the rest is written and shown."""
    enough = figures.share_written >= LEAST_WRITTEN
    return not figures.unsafe and enough and figures.share_among_three >= LEAST_AMONG_THREE


def lines_of(title: str, mine: Figures, other: Figures) -> list[str]:
    """Return what is told of one set of cases."""
    kinds = ", ".join(f"{count} {verdict}" for verdict, count in mine.by_verdict.items())
    safe, reviews = mine.written + len(mine.unwritten), mine.among_three + len(mine.missing)
    lines = [
        f"{title}: {mine.cases} cases ({kinds})",
        f"  unsafe writes                     {len(mine.unsafe):4d}"
        f"   by WRatio >= 90 alone: {len(other.unsafe)}",
        f"  safe ones written                 {mine.share_written:4.0%}"
        f"   of {safe}; by WRatio: {other.share_written:.0%}",
        f"  right one among the first three   {mine.share_among_three:4.0%}   of {reviews} reviews",
        f"  shown for review though nothing   {len(mine.bothered):4d}",
    ]
    told = {"unsafe": mine.unsafe, "not written": mine.unwritten, "not shown": mine.missing}
    return lines + [f"    {what}: {case}" for what, some in told.items() for case in some]


def main(arguments: Sequence[str]) -> int:
    """Measure, tell, and return the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/bench matching", description=__doc__)
    parser.add_argument("--json", action="store_true", help="tell it as JSON")
    options = parser.parse_args(arguments)
    every = cases()
    sets = {
        "tuned": [case for case in every if not case.is_held_out],
        "held out": [case for case in every if case.is_held_out],
    }
    told = {name: (figures(some, ours), figures(some, by_wratio)) for name, some in sets.items()}
    if options.json:
        shown = {
            name: {"matching": asdict(mine), "wratio": asdict(other)}
            for name, (mine, other) in told.items()
        }
        print(json.dumps(shown, indent=1))  # noqa: T201
    else:
        if not SAMPLES.is_dir():
            print("(the recorded answers are not at hand: their cases are left out)")  # noqa: T201
        print("\n".join(line for name, pair in told.items() for line in lines_of(name, *pair)))  # noqa: T201
    return 0 if all(is_good(mine) for mine, _ in told.values()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
