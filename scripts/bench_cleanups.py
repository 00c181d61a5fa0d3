"""How long does each cleanup take in a large org: its preview, doing it, the next preview, and
taking it back?

    scripts/bench cleanups [--accounts 10000] [--only NAME ...] [--most 30] [--json]

Each is called as an admin calls it, a process a command, on a recorded org that holds the demo many
times. What is told are wall-clock seconds, the start of the process and the reading of the
recording included, and how many records it would change, the first time and then. Where a cleanup
fills fields the recording has none of them. Exit code 1 where preview or apply take more
seconds than `--most`.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from many_demos import DEMO, write_many

CALLS = {
    "backfill-timestamps": ("--from-created",),
    "close-stale": ("--reason", "No decision", "--idle-days", "0", "--past-days", "0"),
    "fix-stages": (),
    "merge-duplicates": ("--object", "Account"),
    "normalise": (),
    "reassign-owners": (
        *("--from", "Pilar Riosca, Théo Poivrin, Jules Sanslien, Dario Corteverde"),
        *("--to", "Grace Hollowell"),
    ),
    "recompute": ("--statuses",),
}
# The fields, by the ends of their names, that are empty where that is what a cleanup mends.
BLANK = {"backfill-timestamps": "_At__c", "recompute": "_Score__c"}
_CHANGES = re.compile(r"^(?:\d+ accounts judged, )?(\d+) changes?, ", re.MULTILINE)
_LOST_REASONS = ("lost_reasons: {}", "lost_reasons: {default: No decision}")


@dataclass(frozen=True, slots=True)
class Result:
    """One cleanup: seconds of each step, and how many records each would change or changed."""

    name: str
    preview: float
    apply: float
    again: float
    undo: float
    changes: int
    again_changes: int


class Bench:
    """A recorded org, and a state folder for each cleanup."""

    def __init__(self, folder: Path, accounts: int) -> None:
        self.folder = folder
        with (DEMO / "Account.csv").open(encoding="utf-8") as stream:
            size = sum(1 for _ in stream) - 1
        copies = -(-accounts // size)
        self.org = write_many(folder / "org", copies)
        self.others = {
            name: write_many(folder / f"for-{name}", copies, blank) for name, blank in BLANK.items()
        }
        self.config = folder / "config"
        shutil.copytree(DEMO.parent, self.config, ignore=shutil.ignore_patterns("demo"))
        settings = self.config / "sfsync.yaml"
        text = settings.read_text(encoding="utf-8")
        settings.write_text(text.replace(*_LOST_REASONS), encoding="utf-8")

    def measure(self, name: str) -> Result:
        """Preview a cleanup, do it, preview it again and take it back."""
        call = ("cleanup", name, *CALLS[name])
        preview, said = self._called(name, *call)
        apply, _ = self._called(name, *call, "--apply", "--allow-large-change")
        again, repeated = self._called(name, *call)
        _, runs = self._called(name, "runs", "--format", "json")
        found = json.loads(runs)["runs"]
        undo = 0.0
        if found:
            run = ("undo", found[0]["id"], "--apply", "--allow-large-change")
            undo, _ = self._called(name, *run)
        return Result(name, preview, apply, again, undo, _changes(said), _changes(repeated))

    def _called(self, state: str, *args: str) -> tuple[float, str]:
        """Call sfsync; return the seconds it took and what it printed."""
        org = self.others.get(state, self.org)
        where = ("--org", str(org), "--state-dir", str(self.folder / state))
        command = [sys.executable, "-m", "sfsync", *args, *where]
        if args[0] != "runs":
            command += ["--config", str(self.config)]
        # 3: the org refused some, as it does with records of users who left.
        begun = perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, env=_plain(), check=False)
        seconds = perf_counter() - begun
        if done.returncode not in (0, 3):
            raise SystemExit(f"{' '.join(args)} ended with {done.returncode}: {done.stderr}")
        return seconds, done.stdout


def _plain() -> dict[str, str]:
    """Return the environment without settings of sfsync."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SFSYNC_")}


def _changes(said: str) -> int:
    found = _CHANGES.search(said)
    if found is None:
        raise SystemExit(f"no number of changes was told:\n{said[-2000:]}")
    return int(found[1])


def told(results: Sequence[Result], accounts: int) -> str:
    """Say the results to a person."""
    lines = [f"{accounts:,} accounts; seconds, with the start of each process"]
    lines.append(
        f"{'cleanup':22}{'changes':>9}{'preview':>9}{'apply':>8}{'again':>8}{'left':>6}{'undo':>8}"
    )
    lines += [
        f"{each.name:22}{each.changes:9,}{each.preview:9.1f}{each.apply:8.1f}{each.again:8.1f}"
        f"{each.again_changes:6,}{each.undo:8.1f}"
        for each in results
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure, and say the results."""
    parser = argparse.ArgumentParser(prog="scripts/bench cleanups")
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--only", action="append", choices=CALLS, default=None)
    parser.add_argument("--most", type=float, default=None)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        bench = Bench(Path(folder), given.accounts)
        results = [bench.measure(name) for name in given.only or CALLS]
    data = json.dumps([asdict(each) for each in results], indent=1)
    sys.stdout.write(f"{data if given.json else told(results, given.accounts)}\n")
    most = max(max(each.preview, each.apply) for each in results)
    if given.most is not None and most > given.most:
        sys.exit(1)


if __name__ == "__main__":
    main()
