"""What does it cost, and bring, to have a large org judged by the workers of a Dask cluster?

    scripts/bench engine [--accounts 1000000,5000000] [--rounds 5] [--workers 2] [--folder DIR]
                         [--without-kill] [--most-times 3] [--json]

The orgs are those of `scripts/bench memory`, kept in a store: `--folder` takes those that it kept.
In every round the same pass is planned in this process, then on a cluster of this machine's own
that is begun for it and ended after it, as a command does. At the first size it is done once more
with a worker killed half-way. All plans must be the same. What is told are medians of wall-clock
seconds, with what of it is the cluster's beginning and end. Exit codes: 0, or 1 where plans differ
or the cluster takes more than --most-times as long as one process at the last size.
"""

import argparse
import hashlib
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import bench_memory
from bench_data import NOW
from bench_rules import policy_of_config

from sfsync.engine import Engine, Here
from sfsync.engine.cluster import Dask
from sfsync.jobs import Services
from sfsync.jobs.hourly import hourly
from sfsync.journal import Journal
from sfsync.policy import Partitions, Policy
from sfsync.store import Store

HERE, DASK, BEGUN = "one process", "dask, begun for it", "  of it begin and end"


@dataclass(slots=True)
class Measured:
    """Seconds of every round at one size, and the plan that all engines made."""

    accounts: int
    partitions: int = 0
    changes: int = 0
    digest: str = ""
    killed: float = 0
    seconds: Mapping[str, list[float]] = field(
        default_factory=lambda: {HERE: [], DASK: [], BEGUN: []}
    )

    @property
    def ratio(self) -> float:
        """How many times as long as one process the cluster takes."""
        return median(self.seconds[DASK]) / median(self.seconds[HERE])


class Killing:
    """An engine that kills one of the processes that work for it, half-way."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def each(self, work: Callable[[Any], Any], parts: Sequence[Any]) -> Iterator[Any]:
        """Yield what the work gives."""
        for number, done in enumerate(self._engine.each(work, parts)):
            if number == len(parts) // 2:
                os.kill(workers_of(os.getpid())[0], signal.SIGKILL)
            yield done


def workers_of(process: int) -> list[int]:
    """Return the worker processes that a process has begun."""
    import psutil

    begun = psutil.Process(process).children(recursive=True)
    return [each.pid for each in begun if any("spawn_main" in word for word in each.cmdline())]


def planned(folder: Path, policy: Policy, engine: Engine, told: Measured) -> float:
    """Plan from what is kept; return the seconds that it took.

    Raises SystemExit where the plan is not the one that was made before.
    """
    org = bench_memory.still_org(policy)
    with closing(Journal.open(f"sqlite:///{folder / 'journal.db'}")) as journal:
        store, books = Store(folder / "store"), bench_memory.BOOKS
        services = Services(org, journal, policy, NOW, lambda: NOW, lambda: NOW, books, store)
        start = perf_counter()
        plan = hourly(replace(services, engine=engine)).plan
        seconds = perf_counter() - start
        digest = hashlib.sha256()
        # As JSON a plan of a million accounts has a gigabyte.
        for each in chain(plan.changes, plan.notes):
            digest.update(repr(each).encode())
        for found in plan.findings:
            digest.update(f"{found.code} {found.object} {found.id} {found.message}\n".encode())
    mine = digest.hexdigest()[:16]
    if told.digest not in ("", mine):
        raise SystemExit(f"the plans of {told.accounts:,} accounts differ")
    told.digest, told.changes = mine, len(plan.changes)
    return seconds


def measure(folder: Path, accounts: int, rounds: int, workers: int, *, kills: bool) -> Measured:
    """Time both engines in as many rounds, and perhaps once more with a worker that is killed.
    Raises SystemExit where plans differ.
    """
    policy = replace(policy_of_config(), partitions=Partitions())
    place = folder / f"parts-{accounts}"
    if not (place / "made").exists():
        place.mkdir(parents=True, exist_ok=True)
        bench_memory.make(place, accounts, policy)
        (place / "made").touch()
    told = Measured(accounts, len([*(place / "store").glob("Account-*.parquet")]))
    for _ in range(rounds):
        told.seconds[HERE].append(planned(place, policy, Here(), told))
        begun, planning = clustered(place, policy, workers, told)
        told.seconds[BEGUN].append(begun)
        told.seconds[DASK].append(begun + planning)
    if kills:
        told.killed = sum(clustered(place, policy, workers, told, kills=True))
    return told


def clustered(
    place: Path, policy: Policy, workers: int, told: Measured, *, kills: bool = False
) -> tuple[float, float]:
    """Plan on a cluster that is begun for it; return the seconds of its beginning and end, and
    those of planning.
    """
    start = perf_counter()
    with Dask(workers=workers) as engine:
        list(engine.each(abs, [1]))
        begun = perf_counter() - start
        planning = planned(place, policy, Killing(engine) if kills else engine, told)
        start = perf_counter()
    return begun + perf_counter() - start, planning


def lines_of(several: Sequence[Measured], workers: int) -> Iterator[str]:
    """Say the result to a person."""
    rounds = len(several[0].seconds[HERE])
    cores = os.cpu_count()
    yield f"{workers} workers, {cores} processors; {rounds} rounds, medians (least to most)"
    for each in several:
        yield (
            f"{each.accounts:,} accounts in {each.partitions} partitions: {each.changes:,} changes,"
            f" same plan {each.digest}"
        )
        for name, seconds in each.seconds.items():
            spread = f"({min(seconds):.1f} to {max(seconds):.1f})"
            yield f"  {name:26}{median(seconds):8.1f} s  {spread}"
        if each.killed:
            yield f"  {'dask, one worker killed':26}{each.killed:8.1f} s  (once)"
        yield f"  dask takes {each.ratio:.2f} times as long as one process"


def as_json(several: Sequence[Measured]) -> str:
    """Say the result to a program."""
    told = [
        {
            "accounts": each.accounts,
            "partitions": each.partitions,
            "changes": each.changes,
            "digest": each.digest,
            "median_seconds": {name.strip(): median(s) for name, s in each.seconds.items()},
            "killed_seconds": each.killed,
            "ratio": round(each.ratio, 3),
        }
        for each in several
    ]
    return json.dumps(told, indent=2) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, tell, and give the exit code."""
    parser = argparse.ArgumentParser(description="A Dask cluster against one process.")
    parser.add_argument("--accounts", default="1000000,5000000", help="sizes, with commas")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--without-kill", action="store_true", help="kill no worker")
    parser.add_argument("--folder", type=Path, help="where `scripts/bench memory` kept its orgs")
    parser.add_argument("--most-times", type=float, default=0, help="exit 1 above; 0: tell only")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    options = parser.parse_args(arguments)
    sizes = [int(each) for each in options.accounts.split(",")]
    with TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        several = [
            measure(
                *(folder, size, options.rounds, options.workers),
                kills=size == sizes[0] and not options.without_kill,
            )
            for size in sizes
        ]
    told = (
        as_json(several) if options.json else "\n".join(lines_of(several, options.workers)) + "\n"
    )
    sys.stdout.write(told)
    return 1 if options.most_times and several[-1].ratio > options.most_times else 0


if __name__ == "__main__":
    sys.exit(main())
