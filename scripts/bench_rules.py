"""How much faster than a plain loop over the records, and than the same rules as SQL, are the facts
and rules, and where do they spend their time?

    scripts/bench rules [--accounts 100000 1000000] [--rounds 5] [--plain-rounds 1] [--adoption]
        [--folder DIR] [--most-of-duckdb 0.8 0.9] [--least-of-plain 15] [--most-masks 0.05]
        [--most-bytes 1000] [--json]

Every engine runs in a process of its own that has done nothing before, as an hourly pass does, has
the records in memory in the form that it likes best (typed frames; native tables; dicts), and is
timed once, from there to the rows of the plan: object, Id, field, new value, cause. In every round
one runs after the other, so that a busy machine slows all. The plans are the same, or the first
record on which they differ is named. Reasons, evidence and findings, which only the product has,
are told beside it. With more than one size the product's memory is told by account, and once more
without contacts and histories, which are half of the rows: its bar is for half an opportunity and
five activities an account. Exit codes: 0, or 1 where the plans differ or a bar is missed.
"""

import argparse
import hashlib
import json
import pickle
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from textwrap import wrap
from typing import Any

import bench_inputs
import bench_table
from bench_data import NOW, SERVICE_USER, ZONE, BenchOrg
from bench_inputs import FilesOrg, Inputs
from bench_table import Bar, Measured, Table, shown
from plain_facts import OwnWrite as LoopWrite
from plain_facts import Previous
from records_org import RecordsOrg
from rules_engine import (
    CIRCLES,
    DUCK,
    DUCK_TWO,
    FACTS,
    FINDINGS,
    LEAN,
    LEAN_SNAPSHOT,
    MASKS,
    PLAIN,
    PRODUCT,
    REASONS,
    SNAPSHOT,
    VALUES,
)

from sfsync.extract import extract
from sfsync.model import OwnWrite, PreviousPass
from sfsync.policy import Policy
from sfsync.rules.load import load_policy
from sfsync.snapshot import Snapshot

CONFIG = Path(__file__).resolve().parent.parent / "config"
FILES = (
    "sfsync.yaml",
    "rules/accounts.yaml",
    "rules/opportunities.yaml",
    "rules/contacts.yaml",
    "rules/leads.yaml",
)
STEPS = (FACTS, MASKS, CIRCLES, VALUES)
ORDER = (PLAIN, DUCK, DUCK_TWO, PRODUCT, REASONS, FINDINGS)
# Above so many accounts the plain loop takes minutes and gigabytes: it runs once.
LARGE = 100_000


@dataclass(frozen=True, slots=True)
class Result:
    """What one org took: seconds by engine and round, those of the product by step, those
    of all processors, the product's peak memory by round in bytes, that without contacts and
    histories, and what all decided.
    """

    objects: Mapping[str, int]
    seconds: Mapping[str, Sequence[float]]
    steps: Mapping[str, Sequence[float]]
    processors: Mapping[str, Sequence[float]]
    peaks: Sequence[int]
    lean_peaks: Sequence[int]
    changes: int
    digest: str


def policy_of_config() -> Policy:
    """Read the policy that the project ships."""
    return load_policy({f"config/{name}": (CONFIG / name).read_text("utf-8") for name in FILES})


def snapshot_of(org: BenchOrg, policy: Policy) -> Snapshot:
    """Read the records into frames as a pass does."""
    reader = RecordsOrg(org.records, _columns(policy), zone=ZONE, user_id=SERVICE_USER)
    return _read(reader, policy, org.previous, org.own_writes)


def snapshot_of_files(inputs: Inputs, policy: Policy) -> Snapshot:
    """Read the records in files into frames as a pass does."""
    columns = _columns(policy)
    reader = FilesOrg({}, columns, zone=ZONE, user_id=SERVICE_USER, id=str(inputs.folder))
    return _read(reader, policy, inputs.previous(), inputs.own_writes())


def _columns(policy: Policy) -> Mapping[str, Sequence[str]]:
    return {name: [spec.field for spec in each.values()] for name, each in policy.objects.items()}


def _read(
    reader: RecordsOrg, policy: Policy, previous: Previous, own_writes: Sequence[LoopWrite]
) -> Snapshot:
    states = {"Account": previous.statuses, "Opportunity": previous.stages}
    own = [OwnWrite(each.object, each.id, each.value, each.sent_at) for each in own_writes]
    return extract(reader, policy, NOW, PreviousPass(previous.now, states), own)


def _lean(snapshot: Snapshot) -> Snapshot:
    """Return the snapshot without the rows of contacts and histories."""
    gone = {"Contact", "AccountHistory", "OpportunityHistory"} & snapshot.frames.keys()
    frames = {name: snapshot.frames[name].iloc[:0].copy() for name in gone}
    return replace(snapshot, frames={**snapshot.frames, **frames})


def engines_of(round_number: int, plain_rounds: int) -> list[str]:
    """Name the engines of a round; the plain loop takes part in the first ones."""
    loops = [PLAIN] if round_number < plain_rounds else []
    return [*loops, DUCK, PRODUCT, DUCK_TWO, REASONS, FINDINGS]


def measure(inputs: Inputs, rounds: int, plain_rounds: int) -> Result:
    """Run all engines in turns, each in a process of its own."""
    policy, plans = policy_of_config(), inputs.folder / "plans"
    plans.mkdir(exist_ok=True)
    snapshot = snapshot_of_files(inputs, policy)
    for name, each in ((SNAPSHOT, snapshot), (LEAN_SNAPSHOT, _lean(snapshot))):
        with (inputs.folder / name).open("wb") as file:
            pickle.dump(each, file, pickle.HIGHEST_PROTOCOL)
    del snapshot, each
    seconds: dict[str, list[float]] = {}
    steps: dict[str, list[float]] = {step: [] for step in STEPS}
    processors: dict[str, list[float]] = {}
    peaks: list[int] = []
    lean: list[int] = []
    digest = ""
    for number in range(rounds):
        for engine in engines_of(number, plain_rounds):
            plan = plans / f"{engine}.jsonl"
            told = run(engine, inputs.folder, plan)
            seconds.setdefault(engine, []).append(sum(told["seconds"].values()))
            took = f"{seconds[engine][-1]:.3f} s, {told['processors']:.3f} of processors"
            sys.stderr.write(f"{inputs.folder.name}, round {number + 1}: {engine}: {took}\n")
            processors.setdefault(engine, []).append(told["processors"])
            digest = same(plan, plans / f"{engines_of(0, plain_rounds)[0]}.jsonl", digest)
            if engine == PRODUCT:
                lean.append(run(LEAN, inputs.folder, plans / "lean.jsonl")["peak"])
                peaks.append(told["peak"])
                for step in STEPS:
                    steps[step].append(told["seconds"][step])
    changes = sum(1 for _ in (plans / f"{PRODUCT}.jsonl").open(encoding="utf-8"))
    return Result(inputs.objects, seconds, steps, processors, peaks, lean, changes, digest)


def run(engine: str, folder: Path, plan: Path) -> dict[str, Any]:
    """Run one engine; return what it tells. Raises CalledProcessError where it fails."""
    program = Path(__file__).with_name("rules_engine.py")
    command = [sys.executable, str(program), engine, str(folder), str(plan)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return dict(json.loads(done.stdout))


def same(mine: Path, first: Path, digest: str) -> str:
    """Return the digest of a plan, which is to be that of the first one. Raises SystemExit naming
    the first record on which they differ.
    """
    found = hashlib.sha256(mine.read_bytes()).hexdigest()[:16]
    if digest and found != digest:
        ours, theirs = (set(each.read_text("utf-8").splitlines()) for each in (mine, first))
        record = min(json.loads(line)[:2] for line in ours ^ theirs)
        told = [
            next((line for line in lines if json.loads(line)[:2] == record), "no change")
            for lines in (ours, theirs)
        ]
        raise SystemExit(
            f"the plans differ, first at {' '.join(record)}:\n  {mine.stem:24}{told[0]}\n"
            f"  {first.stem:24}{told[1]}"
        )
    return found


def table_of(
    result: Result, of_duckdb: float | None, of_plain: float | None, of_masks: float | None
) -> Table:
    """Put one size into a table, with its bars."""
    rows = [Measured(name, result.seconds[name]) for name in ORDER if name in result.seconds]
    rows += [Measured(f"  of product: {name}", each) for name, each in result.steps.items()]
    table = Table("", rows, measure=DUCK)
    product = table.row(PRODUCT)
    share = median(
        masks / whole for masks, whole in zip(result.steps[MASKS], product.values, strict=True)
    )
    bars = [
        Bar("product to DuckDB on one thread", product.times(table.row(DUCK)), of_duckdb),
        Bar("rule masks, share of the product", share, of_masks),
    ]
    notes = [f"the same plan: {result.changes:,} records change, digest {result.digest}"]
    if PLAIN in result.seconds:
        loop = table.row(PLAIN)
        bars.insert(1, Bar("plain loop to product", loop.times(product), None, of_plain))
        if len(loop.values) < len(product.values):
            notes.append(f"the plain loop takes long: it ran {len(loop.values)} times")
    busy = [Measured(name, result.processors[name]) for name in (PRODUCT, DUCK)]
    notes.append(
        f"processor seconds, which others on the machine move less: product"
        f" {shown(busy[0].median)}, DuckDB on one thread {shown(busy[1].median)},"
        f" {shown(busy[0].times(busy[1]))} x"
    )
    peak = median(result.peaks) / 1e6
    notes.append(f"the product's process, records and judgement: at most {peak:,.0f} MB")
    told = [line for note in notes for line in wrap(note, 79)]
    counts = ", ".join(f"{count:,} {name}" for name, count in result.objects.items())
    return replace(table, title="\n".join(wrap(counts, 79)), bars=bars, notes=told)


def slope_of(results: Sequence[Result], most: float | None) -> Table:
    """Tell how much more memory the product takes for an account more, with its activities and all
    else that hangs on it.
    """
    few, many = min(results, key=_accounts), max(results, key=_accounts)
    accounts = _accounts(many) - _accounts(few)
    whole = (median(many.peaks) - median(few.peaks)) / accounts
    lean = (median(many.lean_peaks) - median(few.lean_peaks)) / accounts
    rows = sum(many.objects.values()) / _accounts(many)
    title = f"Memory from {_accounts(few):,} to {_accounts(many):,} accounts, bytes for one more"
    return Table(
        title,
        (),
        [
            Bar("with its opportunities and activities", lean, most, unit="B"),
            Bar(f"with contacts and histories, too: {rows:.1f} rows", whole, unit="B"),
        ],
    )


def _accounts(result: Result) -> int:
    return result.objects["Account"]


def usual_limit(accounts: int) -> float | None:
    """Return what the product may take at most of DuckDB's time; no bar for a small org."""
    if accounts < LARGE:
        return None
    return 0.8 if accounts == LARGE else 0.9


def measured(options: argparse.Namespace, folder: Path) -> list[Table]:
    """Measure all sizes; return a table for each, and one of the memory."""
    limits = options.most_of_duckdb or [usual_limit(size) for size in options.accounts]
    results, tables = [], []
    for accounts, of_duckdb in zip(options.accounts, limits, strict=True):
        name = f"{accounts}-adoption" if options.adoption else str(accounts)
        inputs = bench_inputs.make(folder / name, accounts, settled=not options.adoption)
        loops = options.plain_rounds
        if loops is None:
            loops = options.rounds if accounts <= LARGE else 1
        results.append(measure(inputs, options.rounds, loops))
        of_plain = options.least_of_plain or (15 if accounts > LARGE else None)
        of_masks = options.most_masks or (0.05 if accounts >= LARGE else None)
        tables.append(table_of(results[-1], of_duckdb, of_plain, of_masks))
    if len(set(options.accounts)) > 1:
        tables.append(slope_of(results, options.most_bytes))
    return tables


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, tell, and give the exit code."""
    parser = argparse.ArgumentParser(description="Facts and rules against a plain loop and SQL.")
    bench_table.add_options(parser)
    parser.add_argument(
        "--accounts", type=int, nargs="+", default=[LARGE], help="sizes of orgs, at least 10"
    )
    parser.add_argument(
        "--plain-rounds",
        type=int,
        help=f"rounds with the plain loop (one above {LARGE:,} accounts, else all)",
    )
    parser.add_argument(
        "--adoption", action="store_true", help="no account has a status yet: all are moved"
    )
    parser.add_argument("--folder", type=Path, help="keep the orgs here, for another time")
    parser.add_argument(
        "--most-of-duckdb",
        type=float,
        nargs="+",
        help="exit 1 above this ratio, one a size (100,000: 0.8, more: 0.9)",
    )
    parser.add_argument(
        "--least-of-plain", type=float, help="exit 1 below this ratio (large orgs 15)"
    )
    parser.add_argument("--most-masks", type=float, help="exit 1 above this share (0.05)")
    parser.add_argument("--most-bytes", type=float, default=1000, help="exit 1 above, an account")
    options = parser.parse_args(arguments)
    if min(options.accounts) < 10:
        parser.error("--accounts takes 10 or more")
    if options.most_of_duckdb and len(options.most_of_duckdb) != len(options.accounts):
        parser.error("--most-of-duckdb takes one ratio for each size")
    with TemporaryDirectory() as temporary:
        tables = measured(options, options.folder or Path(temporary))
    return bench_table.report(tables, as_json=options.json)


if __name__ == "__main__":
    sys.exit(main())
