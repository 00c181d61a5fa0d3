"""How long does it take until `sfsync --help` has said all?

    scripts/bench startup [--rounds 25] [--most-ms 200] [--most-times 6] [--json]

Each round starts every process once, one after the other: an interpreter that does nothing, one
that imports click alone, one that imports what an eager program would, and the product's help. The
modules that have been imported when the help is said are listed, if they are heavy. Exit codes: 0,
or 1 where a bar that was named is missed or a heavy module was imported.
"""

import argparse
import json
import math
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

ROOT = Path(__file__).resolve().parent.parent
HEAVY = ("pandas", "numpy", "pyarrow", "simple_salesforce", "requests", "sqlalchemy", "distributed")
BARE, HELP, PLAN_HELP = "python -c pass", "sfsync --help", "sfsync plan --help"
EAGER = "import pandas, simple_salesforce"
# As the installed script `sfsync` does.
_MAIN = "from sfsync.cli import main; main()"
STARTS: Mapping[str, Sequence[str]] = {
    BARE: ["pass"],
    "import click": ["import click"],
    HELP: [_MAIN, "--help"],
    PLAN_HELP: [_MAIN, "plan", "--help"],
    EAGER: ["import pandas, simple_salesforce"],
}
_LISTING = """
import sys
from sfsync.cli import main
try:
    main()
finally:
    print(*sys.modules, file=sys.stderr)
"""


@dataclass(frozen=True, slots=True)
class Result:
    """Milliseconds of every round, by what was started, and the heavy modules of each help."""

    milliseconds: Mapping[str, Sequence[float]]
    heavy: Mapping[str, Sequence[str]]

    @property
    def middle(self) -> float:
        """The median of `sfsync --help`."""
        return median(self.milliseconds[HELP])

    @property
    def times(self) -> float:
        """How many times as long as a bare interpreter `sfsync --help` takes."""
        return self.middle / median(self.milliseconds[BARE])


def start(code: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run code in an interpreter of its own, with these words on its command line."""
    # Where it is set, each start would compile the product anew.
    variables = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=ROOT,
        env=variables,
        check=True,
        capture_output=True,
        text=True,
    )


def heavy_of(name: str) -> list[str]:
    """Name the heavy modules that are imported when a help is said."""
    _, *words = STARTS[name]
    return sorted(set(HEAVY) & set(start(_LISTING, *words).stderr.split()))


def measure(rounds: int) -> Result:
    """Start everything in as many rounds; a first, untimed one writes the compiled files."""
    heavy = {name: heavy_of(name) for name in (HELP, PLAN_HELP)}
    for each in STARTS.values():
        start(*each)
    milliseconds: dict[str, list[float]] = {name: [] for name in STARTS}
    for _ in range(rounds):
        for name, each in STARTS.items():
            began = perf_counter()
            start(*each)
            milliseconds[name].append((perf_counter() - began) * 1000)
    return Result(milliseconds, heavy)


def ninetieth(values: Sequence[float]) -> float:
    """Return the value that nine in ten do not exceed."""
    return sorted(values)[math.ceil(len(values) * 0.9) - 1]


def told(result: Result) -> str:
    """Say the result to a person."""
    bare = median(result.milliseconds[BARE])
    lines = [
        f"{len(result.milliseconds[BARE])} rounds, milliseconds:",
        f"{'':34}{'median':>8}{'p90':>8}{'x bare':>8}",
    ]
    for name, values in result.milliseconds.items():
        middle = median(values)
        lines.append(f"{name:34}{middle:8.0f}{ninetieth(values):8.0f}{middle / bare:8.1f}")
    lines += [
        f"heavy modules of {name}: {', '.join(found) or 'none'}"
        for name, found in result.heavy.items()
    ]
    return "\n".join(lines) + "\n"


def as_json(result: Result) -> str:
    """Say the result to a program."""
    facts = {
        "rounds": len(result.milliseconds[BARE]),
        "median_ms": {n: round(median(v), 1) for n, v in result.milliseconds.items()},
        "p90_ms": {n: round(ninetieth(v), 1) for n, v in result.milliseconds.items()},
        "times_bare": round(result.times, 2),
        "heavy": result.heavy,
    }
    return json.dumps(facts, indent=2) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, tell, and give the exit code."""
    parser = argparse.ArgumentParser(description="The time that the help takes.")
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--most-ms", type=float, help="exit 1 above so many ms of sfsync --help")
    parser.add_argument("--most-times", type=float, help="exit 1 above so many bare interpreters")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    options = parser.parse_args(arguments)
    if options.rounds < 1:
        parser.error("--rounds takes 1 or more")
    result = measure(options.rounds)
    sys.stdout.write(as_json(result) if options.json else told(result))
    missed = (
        any(result.heavy.values())
        or (options.most_ms is not None and result.middle > options.most_ms)
        or (options.most_times is not None and result.times > options.most_times)
    )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
