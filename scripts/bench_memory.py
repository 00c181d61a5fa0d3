"""How much memory does planning take, as the org grows?

    scripts/bench memory [--accounts 1000000,5000000] [--folder DIR] [--whole] [--write] [--json]

A settled org (all but 5 % stand as a pass left them) is written into a store once, partition by
partition, so that it is never in memory as a whole: a few seeded partitions of 50,000 accounts,
each of which stands under many Ids, with e-mail addresses of which some are shared by contacts of
other partitions. Then planning is measured as a process of its own for each size: from what is kept
(of which nothing has changed) and the books of the pass before, to the plan; with --write it is
written down too. With --whole the first size is also planned as one snapshot. Exit codes: 0, or 1
where the last size takes more memory than --most-mb, more than --most-memory times the first one's,
or more than --most-time times its seconds.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import bench_data
import numpy as np
import pyarrow as pa
import sqlalchemy as sa
from bench_data import NOW, PREVIOUS_AT, SERVICE_USER, ZONE
from bench_rules import policy_of_config
from records_org import RecordsOrg

from sfsync.extract.shards import by_own_id
from sfsync.extract.wanted import Wanted, shape_of, wanted_of
from sfsync.jobs import Services
from sfsync.jobs.hourly import hourly
from sfsync.journal import Journal
from sfsync.journal.tables import PASS_STATES
from sfsync.model import Action, Plan, Run, RunState
from sfsync.plan_file import written
from sfsync.policy import Partitions, Policy
from sfsync.store import Kept, Store, Table, read_table, write_table
from sfsync.typed import ID, typed

A_PARTITION = 50_000
SEEDS = 2
BOOKS = "bench"
_MB = 1_000_000
# The four digits of an Id that say in which partition it stands, and three that keep an account's
# Id in the partition that its letters give.
_SALT, _NUMBER = slice(3, 6), slice(6, 9)
_IDS = ("Id", "account", "opportunity", "lead", "account_id")


class StillOrg(RecordsOrg):
    """An org in which nothing has changed since it was read."""

    def may(self, object: str) -> frozenset[Action]:
        """Allow all."""
        return frozenset(Action)

    def ask(self, questions: Sequence[Any]) -> list[list[Mapping[str, Any]]]:
        """Know one queue."""
        row = {"Id": "00G000000000001AAA", "Name": "Onboarding", "DeveloperName": "Onboarding"}
        return [[row] for _ in questions]


@dataclass(frozen=True, slots=True)
class Measured:
    """What planning took: the most memory of its process in bytes, seconds, and what it found."""

    accounts: int
    partitions: int
    peak: int
    seconds: float
    changes: int
    findings: int
    plan_bytes: int


def still_org(policy: Policy) -> StillOrg:
    """Return the org by which kept partitions are judged."""
    columns = {name: [s.field for s in each.values()] for name, each in policy.objects.items()}
    columns["Task"] += ["OwnerId", "Description"]
    columns["Group"] = ["Id", "Name", "DeveloperName", "Type"]
    return StillOrg({}, columns, zone=ZONE, user_id=SERVICE_USER)


def make(folder: Path, accounts: int, policy: Policy) -> None:
    """Write an org of so many accounts into a store, with the books of the pass before."""
    count = -(-accounts // A_PARTITION)
    org = still_org(policy)
    wanted, _ = wanted_of(org, policy)
    size = min(accounts, A_PARTITION)
    bases = [_base(folder.parent, seed, size, wanted) for seed in range(min(SEEDS, count))]
    store = Store(folder / "store")
    tables: dict[str, list[Any]] = {each.object: [] for each in wanted}
    with closing(Journal.open(f"sqlite:///{folder / 'journal.db'}")) as journal:
        run = Run("earlier", BOOKS, "hourly", PREVIOUS_AT, PREVIOUS_AT, None, RunState.RUNNING, "")
        journal.start(run, ())
        journal.finish(run.id, finished=PREVIOUS_AT, state=RunState.FINISHED, states={}, whole=True)
    engine = sa.create_engine(f"sqlite:///{folder / 'journal.db'}")
    for number in range(count):
        shard = {n: _moved(n, t, number, count) for n, t in bases[number % len(bases)].items()}
        for name, table in shard.items():
            tables[name].append(store.filed(name, number, table) if count > 1 else table)
        with engine.begin() as connection:
            for name, state in (("Account", "status"), ("Opportunity", "stage")):
                connection.execute(sa.insert(PASS_STATES), _left(name, shard[name], state))
    engine.dispose()
    kept = {name: tuple(each) for name, each in tables.items()}
    store.keep(Kept(shape_of(wanted, SERVICE_USER), NOW, NOW, kept))


def _base(folder: Path, seed: int, accounts: int, wanted: Sequence[Wanted]) -> dict[str, Table]:
    """Make one partition's tables, as reading gives them, or take those that were made before."""
    place = folder / f"seed-{seed}-{accounts}"
    if (place / "made").exists():
        return {each.object: read_table(str(place), each.object) for each in wanted}
    place.mkdir(exist_ok=True)
    tables = _seeded(seed, accounts, wanted)
    for name, table in tables.items():
        write_table(table, str(place), name)
    (place / "made").touch()
    return tables


def _seeded(seed: int, accounts: int, wanted: Sequence[Wanted]) -> dict[str, Table]:
    records = bench_data.make(accounts, seed=seed + 1).records
    chance = np.random.default_rng(seed)
    tables = {}
    for each in wanted:
        rows = [row for row in records.get(each.object, ()) if not row.get("IsDeleted")]
        text = {
            spec.name: pa.array([_text(row.get(spec.field)) for row in rows], pa.string())
            for spec in each.specs
        }
        if each.object == "Contact":
            text["email"] = _addresses(len(rows), chance)
        ids = pa.array([row["Id"] for row in rows], pa.string())
        table, misfits = typed(pa.table({ID: ids, **text}), each.kinds)
        assert not misfits, misfits[:3]
        tables[each.object] = table
    return tables


def _text(value: Any) -> str | None:
    if value in (None, "") and value is not False:
        return None
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _addresses(size: int, chance: np.random.Generator) -> pa.Array:
    """Give most contacts an address of their own, some one that others have, in whatever partition,
    and the rest none.
    """
    kind = chance.random(size)
    shared = chance.integers(0, 1_000_000, size)
    own = [f"person{number}@#.example.com" for number in range(size)]
    return pa.array(
        [None if k > 0.7 else own[n] if k > 0.02 else f"shared{shared[n]}@example.com"
         for n, k in enumerate(kind.tolist())],
        pa.string(),
    )  # fmt: skip


def _moved(name: str, table: Table, number: int, count: int) -> Table:
    """Let a partition's records stand under other Ids, in the partition of that number."""
    if name in ("User", "OpportunityStage"):
        return table if number == 0 else table.slice(0, 0)
    for column in set(_IDS) & set(table.column_names):
        if column == ID or table[column].null_count < len(table):
            place = table.column_names.index(column)
            table = table.set_column(place, column, _numbered(table[column], number, count))
    if name == "Contact":
        place = table.column_names.index("email")
        own = pa.compute.replace_substring(table["email"], "#", f"firm{number}")
        table = table.set_column(place, "email", own)
    return table


def _numbered(ids: pa.ChunkedArray, number: int, count: int) -> pa.Array:
    """Put a partition's number into Ids; those of accounts are made to belong there."""
    there = ids.is_valid().to_numpy()
    letters = np.array(ids.filter(pa.array(there)).to_pylist(), dtype="S18")
    bytes_of = letters.view("S1").reshape(-1, 18).copy()
    bytes_of[:, _NUMBER] = np.array([*f"{number:03d}"], dtype="S1")
    if len(letters) and letters[0].startswith(b"001"):
        _salted(bytes_of, number, count)
    found = np.full(len(there), None, dtype=object)
    found[there] = bytes_of.reshape(-1).view("S18").astype(str)
    return pa.array(found, pa.string())


def _salted(bytes_of: Any, number: int, count: int) -> None:
    salts = np.array([[*f"{salt:03d}"] for salt in range(1000)], dtype="S1")
    trial = np.repeat(bytes_of[:1], len(salts), axis=0)
    trial[:, _SALT] = salts
    ids = pa.array(trial.reshape(-1).view("S18").astype(str), pa.string())
    # How much each salt turns the place of an Id that has none.
    turn = (by_own_id(ids, count) - by_own_id(ids[:1], count)) % count
    first = {each: place for place, each in reversed([*enumerate(turn.tolist())])}
    bytes_of[:, _SALT] = b"0"
    plain = pa.array(bytes_of.reshape(-1).view("S18").astype(str), pa.string())
    needed = (number - by_own_id(plain, count)) % count
    bytes_of[:, _SALT] = salts[[first[each] for each in needed.tolist()]]


def _left(name: str, table: Table, state: str) -> list[dict[str, Any]]:
    pairs = zip(table[ID].to_pylist(), table[state].to_pylist(), strict=True)
    return [{"org": BOOKS, "object": name, "record_id": id, "state": state} for id, state in pairs]


def plan_kept(folder: Path, accounts: int, policy: Policy, *, writes: bool) -> Measured:
    """Plan from what is kept, in this process, and perhaps write the plan down."""
    start = perf_counter()
    org = still_org(policy)
    with closing(Journal.open(f"sqlite:///{folder / 'journal.db'}")) as journal:
        store = Store(folder / "store")
        services = Services(org, journal, policy, NOW, lambda: NOW, lambda: NOW, BOOKS, store)
        plan = hourly(services).plan
        size = _written(plan, folder) if writes else 0
    seconds = perf_counter() - start
    # What getrusage tells of a process that another one started includes what that one had.
    status = Path("/proc/self/status").read_text("utf-8")
    peak = int(status.partition("VmHWM:")[2].split()[0]) * 1024
    shards = len([*(folder / "store").glob("Account-*.parquet")])
    found = (len(plan.changes), len(plan.findings), size)
    return Measured(accounts, shards, peak, seconds, *found)


def _written(plan: Plan, folder: Path) -> int:
    with TemporaryDirectory(dir=folder) as place:
        out = Path(place) / "plan.json"
        with out.open("w", encoding="utf-8") as file:
            file.writelines(written(plan))
        return out.stat().st_size


def measured(folder: Path, accounts: int, *, whole: bool, writes: bool) -> Measured:
    """Measure planning in a process of its own; what it needs is made where it is not there."""
    policy = replace(policy_of_config(), partitions=Partitions())
    place = folder / f"{'whole' if whole else 'parts'}-{accounts}"
    if not (place / "made").exists():
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        if whole:
            _made_whole(place, folder / f"parts-{accounts}")
        else:
            make(place, accounts, policy)
        (place / "made").touch()
    command = [sys.executable, __file__, "--measure", str(place), "--accounts", str(accounts)]
    command += ["--write"] if writes else []
    told = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ)
    return Measured(**json.loads(told.stdout))


def _made_whole(place: Path, parts: Path) -> None:
    """Put the shards of a store together into one."""
    kept = Store(parts / "store").load()
    assert kept is not None, parts
    store = Store(place / "store")
    tables = {
        name: (pa.concat_tables([each.read() for each in shards]),)
        for name, shards in kept.tables.items()
    }
    store.keep(replace(kept, tables=tables))
    shutil.copy(parts / "journal.db", place / "journal.db")


def lines_of(several: Sequence[Measured], whole: Measured | None) -> Iterator[str]:
    """Say the result to a person."""
    yield f"{'accounts':>10} {'activities':>11} {'parts':>6} {'peak MB':>8} {'seconds':>8} " + (
        f"{'changes':>9} {'findings':>9} {'plan MB':>8}"
    )
    for each in [*several, *([whole] if whole else [])]:
        yield (
            f"{each.accounts:>10,} {each.accounts * 5:>11,} {each.partitions:>6}"
            f" {each.peak / _MB:>8.0f} {each.seconds:>8.1f}"
            f" {each.changes:>9,} {each.findings:>9,} {each.plan_bytes / _MB:>8.0f}"
        )
    memory, time = ratios(several)
    yield f"the last against the first: memory x {memory:.2f}, time x {time:.2f}"


def ratios(several: Sequence[Measured]) -> tuple[float, float]:
    """Return the memory and the time of the last against the first."""
    first, last = several[0], several[-1]
    return last.peak / first.peak, last.seconds / first.seconds


def as_json(several: Sequence[Measured], whole: Measured | None) -> str:
    """Say the result to a program."""
    memory, time = ratios(several)
    told = {
        "partitioned": [_plain(each) for each in several],
        "whole": _plain(whole) if whole else None,
        "memory_ratio": round(memory, 3),
        "time_ratio": round(time, 3),
    }
    return json.dumps(told, indent=2) + "\n"


def _plain(each: Measured) -> dict[str, Any]:
    return {name: getattr(each, name) for name in Measured.__slots__}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, tell, and give the exit code."""
    parser = argparse.ArgumentParser(description="Memory of planning by the size of the org.")
    parser.add_argument("--accounts", default="1000000,5000000", help="sizes, with commas")
    parser.add_argument("--folder", type=Path, help="keep what is made there for another time")
    parser.add_argument("--whole", action="store_true", help="also the first as one snapshot")
    parser.add_argument("--write", action="store_true", help="also write the plan down")
    parser.add_argument("--most-mb", type=float, default=800, help="exit 1 above")
    parser.add_argument("--most-memory", type=float, default=1.2, help="exit 1 above")
    parser.add_argument("--most-time", type=float, default=6, help="exit 1 above")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    sizes = [int(each) for each in options.accounts.split(",")]
    if options.measure is not None:
        done = plan_kept(options.measure, sizes[0], policy_of_config(), writes=options.write)
        sys.stdout.write(json.dumps(_plain(done)))
        return 0
    with TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        measure = partial(measured, folder, writes=options.write)
        several = [measure(size, whole=False) for size in sizes]
        whole = measure(sizes[0], whole=True) if options.whole else None
    told = as_json(several, whole) if options.json else "\n".join(lines_of(several, whole)) + "\n"
    sys.stdout.write(told)
    memory, time = ratios(several)
    is_flat = memory <= options.most_memory and time <= options.most_time
    return 0 if is_flat and several[-1].peak <= options.most_mb * _MB else 1


if __name__ == "__main__":
    sys.exit(main())
