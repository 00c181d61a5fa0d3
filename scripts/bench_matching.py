"""How good and how fast is the matching of accounts with public registers, and how good are the
obvious alternatives?

    scripts/bench matching [--rounds 5] [--json]

Measured on the authored cases of `tests/cases/enrich`, those on which the matching was tuned and
those held out apart. The alternatives look at names only, and write what they are sure of: the best
one by rapidfuzz's WRatio from 90 on; the only one that has exactly the same. Precision is the share
of what is written that a careful person would write, recall the share of that which is written.
Exit code 1 where anything unsafe is written, less than 85 % of the safe ones are, or the right one
is among the first three of less than 95 % of the reviews.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from bench_table import Bar, Measured, Table, add_options, interleaved, report
from match_cases import SAMPLES, Answer, Case, by_exact_name, by_wratio, cases, figures, ours

LEAST_WRITTEN, LEAST_AMONG_THREE = 0.85, 0.95
PRODUCT = "matching"
WAYS: Mapping[str, Callable[[Case], Answer]] = {
    PRODUCT: ours,
    "best name, WRatio >= 90": by_wratio,
    "exactly the same name": by_exact_name,
}


def measure(title: str, some: Sequence[Case], rounds: int) -> Table:
    """Measure every way on some cases."""
    times = interleaved({name: partial(figures, some, way) for name, way in WAYS.items()}, rounds)
    rows = [
        Measured(each.name, [1_000_000 * value / len(some) for value in each.values], "µs")
        for each in times
    ]
    found = {name: figures(some, way) for name, way in WAYS.items()}
    notes = [f"{'':30}{'precision':>10}{'recall':>10}{'unsafe':>10}"]
    for name, each in found.items():
        written = each.written + len(each.unsafe)
        precision = each.written / max(1, written)
        notes.append(
            f"{name:30}{precision:>10.0%}{each.share_written:>10.0%}{len(each.unsafe):>10}"
        )
    mine = found[PRODUCT]
    told = {"unsafe": mine.unsafe, "not written": mine.unwritten, "not shown": mine.missing}
    notes += [f"{what}: {case}" for what, those in told.items() for case in those]
    kinds = ", ".join(f"{count} {verdict}" for verdict, count in mine.by_verdict.items())
    bars = [
        Bar("unsafe ones written", len(mine.unsafe), at_most=0, unit=""),
        Bar("of the safe ones written", mine.share_written, at_least=LEAST_WRITTEN, unit=""),
        Bar(
            "right one among three, of the reviews",
            mine.share_among_three,
            at_least=LEAST_AMONG_THREE,
            unit="",
        ),
        Bar("shown for review though it is nothing", len(mine.bothered), unit=""),
    ]
    heading = f"{title}: {len(some)} cases ({kinds}); a case, medians of {rounds} rounds"
    return Table(heading, rows, bars, PRODUCT, notes)


def main(arguments: Sequence[str]) -> int:
    """Measure, tell, and return the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/bench matching", description=__doc__)
    add_options(parser)
    options = parser.parse_args(arguments)
    every = cases()
    if not SAMPLES.is_dir() and not options.json:
        sys.stdout.write("(the recorded answers are not at hand: their cases are left out)\n")
    sets = {
        "tuned": [case for case in every if not case.is_held_out],
        "held out": [case for case in every if case.is_held_out],
    }
    tables = [measure(title, some, options.rounds) for title, some in sets.items()]
    return report(tables, as_json=options.json)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
