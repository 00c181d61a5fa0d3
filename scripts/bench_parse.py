"""How fast do the org's answers become frames, and what do they take of memory?

    scripts/bench parse [--accounts 100000] [--rounds 5] [--most-csv 1.5] [--least-reader 10]
                        [--most-pages 0.45] [--json]

The same accounts of 20 fields, as the CSV of a bulk job and as JSON pages of a query, become typed
frames: by the product's own functions, and in the ways of other scripts. In every round one way
runs after the other in this process. The product's frame has more to it than the others: codes in
place of picklists and owners, an index of Ids in order, blank texts as null. Memory is the peak of
a process of its own, above what it had with the answers at hand. Exit codes: 0, or 1 where a bar
that was named is missed or the two ways of the product differ.
"""

import argparse
import gc
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

import pandas as pd
from parse_data import accounts, as_csv, as_pages
from parse_ways import (
    BARE,
    CSV,
    DEFAULT,
    OURS,
    PAGES,
    READER,
    WAYS,
    Answers,
    Way,
    product_csv,
    product_pages,
)


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds of every round, and the peak of memory in MB, of one way to read one form."""

    form: str
    way: str
    seconds: Sequence[float]
    megabytes: float

    @property
    def middle(self) -> float:
        """The median of the seconds."""
        return median(self.seconds)


def timed(way: Way, answers: Answers) -> float:
    """Run a way once and say how long it took."""
    gc.collect()
    start = perf_counter()
    way(answers)
    return perf_counter() - start


def peak_of(form: str, way: str, folder: Path) -> float:
    """Give the MB that a way takes at its peak, in a process of its own."""
    command = [sys.executable, __file__, "--alone", form, way, str(folder)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def alone(form: str, way: str, folder: Path) -> float:
    """Run a way once, in this process, and give the MB that it added to the peak."""
    answers = Answers(b"", ())
    if form == CSV:
        answers = Answers((folder / "csv").read_bytes(), ())
    else:
        answers = Answers(b"", [each.read_bytes() for each in sorted(folder.glob("page-*"))])
    before = _peak()
    frame = WAYS[form][way](answers)
    added = _peak() - before
    del frame
    return added


def _peak() -> float:
    # What getrusage tells begins with the peak of the process that started this one.
    told = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    if told is None:
        raise SystemExit("this system does not tell a process's peak of memory")
    return int(told[1]) / 1024


def kept(answers: Answers, folder: Path) -> None:
    """Write the answers where other processes find them."""
    (folder / "csv").write_bytes(answers.csv)
    for number, page in enumerate(answers.pages):
        (folder / f"page-{number:06d}").write_bytes(page)


def measure(size: int, rounds: int) -> list[Measured]:
    """Time all ways in as many rounds. Raises SystemExit where CSV and pages give other frames."""
    rows = accounts(size)
    answers = Answers(as_csv(rows), as_pages(rows))
    del rows
    pd.testing.assert_frame_equal(product_csv(answers), product_pages(answers))
    ways = [(form, name) for form, several in WAYS.items() for name in several]
    seconds: dict[tuple[str, str], list[float]] = {each: [] for each in ways}
    for _ in range(rounds):
        for form, name in ways:
            seconds[form, name].append(timed(WAYS[form][name], answers))
    with tempfile.TemporaryDirectory() as folder:
        kept(answers, Path(folder))
        return [
            Measured(form, name, seconds[form, name], peak_of(form, name, Path(folder)))
            for form, name in ways
        ]


def ratios(found: Sequence[Measured]) -> Mapping[str, float]:
    """Set the product against what its bars name."""
    middle = {(each.form, each.way): each.middle for each in found}
    return {
        "csv": middle[CSV, OURS] / middle[CSV, BARE],
        "reader": middle[CSV, READER] / middle[CSV, OURS],
        "pages": middle[PAGES, OURS] / middle[PAGES, DEFAULT],
    }


def told(found: Sequence[Measured], size: int) -> str:
    """Say the result to a person."""
    rounds = len(found[0].seconds)
    lines = [
        f"{size:,} accounts of 20 fields to a frame; {rounds} rounds, medians (least to most):",
        f"{'':34}{'seconds':>9}{'':20}{'x product':>9}{'peak':>8}",
    ]
    ours = {each.form: each.middle for each in found if each.way == OURS}
    for each in found:
        span = f"({min(each.seconds):.3f} to {max(each.seconds):.3f})"
        lines.append(
            f"{each.form:11}{each.way:23}{each.middle:9.3f}  {span:18}"
            f"{each.middle / ours[each.form]:9.2f}{each.megabytes:5.0f} MB"
        )
    ratio = ratios(found)
    lines.append(
        f"CSV: {ratio['csv']:.2f} x bare pyarrow, {ratio['reader']:.1f} times as fast as DictReader"
    )
    lines.append(f"pages: {ratio['pages']:.2f} x simple-salesforce; both forms give the same frame")
    return "\n".join(lines) + "\n"


def as_json(found: Sequence[Measured], size: int) -> str:
    """Say the result to a program."""
    facts = {
        "accounts": size,
        "rounds": len(found[0].seconds),
        "median_seconds": {f"{each.form}: {each.way}": round(each.middle, 4) for each in found},
        "peak_megabytes": {f"{each.form}: {each.way}": round(each.megabytes) for each in found},
        "ratios": {name: round(value, 3) for name, value in ratios(found).items()},
    }
    return json.dumps(facts, indent=2) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, tell, and give the exit code."""
    parser = argparse.ArgumentParser(description="From the org's answers to frames.")
    parser.add_argument("--accounts", type=int, default=100_000, help="at least 10")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--most-csv", type=float, help="exit 1 above so many times bare pyarrow")
    parser.add_argument("--least-reader", type=float, help="exit 1 below: times DictReader's speed")
    parser.add_argument("--most-pages", type=float, help="exit 1 above: times simple-salesforce")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument("--alone", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.alone:
        form, way, folder = options.alone
        sys.stdout.write(f"{alone(form, way, Path(folder))}\n")
        return 0
    if options.accounts < 10 or options.rounds < 1:
        parser.error("--accounts takes 10 or more, --rounds 1 or more")
    found = measure(options.accounts, options.rounds)
    say = as_json if options.json else told
    sys.stdout.write(say(found, options.accounts))
    ratio = ratios(found)
    missed = (
        (options.most_csv is not None and ratio["csv"] > options.most_csv)
        or (options.least_reader is not None and ratio["reader"] < options.least_reader)
        or (options.most_pages is not None and ratio["pages"] > options.most_pages)
    )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
