"""How long does one engine take for facts and rules, in a process that has done nothing before?

    python scripts/rules_engine.py ENGINE FOLDER PLAN

The engine first loads the org in FOLDER into the form that it likes best, untimed. Told as JSON:
seconds by step, those of all processors, and the process's peak memory from the moment at which the
records were there. The plan is written to PLAN. `bench_rules` runs it.
"""

import argparse
import gc
import json
import pickle
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
import pyarrow as pa
from bench_data import NOW, PREVIOUS_AT, SERVICE_USER, ZONE
from bench_inputs import Inputs

Plan = Mapping[tuple[str, str], tuple[Mapping[str, Any], str]]


PRODUCT, REASONS, FINDINGS = "product", "product, with reasons", "product, with findings"
# Another org: of each account there is nothing but half an opportunity and five activities.
LEAN = "product, without contacts and histories"
DUCK, DUCK_TWO, PLAIN = "DuckDB, 1 thread", "DuckDB, 2 threads", "plain loop"
FACTS, MASKS, CIRCLES, VALUES = "facts", "rule masks", "circle check", "new values"
SNAPSHOT, LEAN_SNAPSHOT = "snapshot.pickle", "lean.pickle"
# The one finding that the plain loop knows, too.
ALERT = "target-going-idle"
NUMBERS = frozenset({"Backlog_Count__c", "Potential_Score__c"})


class Watch:
    """Seconds by step, and of all processors in all steps."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.processors = 0.0

    def time(self, step: str, work: Callable[[], Any]) -> Any:
        """Do something, and note how long it took."""
        start, busy = perf_counter(), process_time()
        found = work()
        self.seconds[step] = self.seconds.get(step, 0.0) + perf_counter() - start
        self.processors += process_time() - busy
        return found


Timed = tuple[Watch, Callable[[], Plan]]


def ready() -> None:
    """Forget what loading took: the garbage, and the peak of memory."""
    gc.collect()
    # The records live on whatever is timed: nobody is to pay for looking through them again.
    gc.freeze()
    Path("/proc/self/clear_refs").write_text("5", "ascii")


def peak() -> int:
    """Return the most memory that the process had since it was ready, in bytes."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    (line,) = (line for line in lines if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def by_duckdb(folder: Path, threads: int) -> Timed:
    """Let DuckDB plan over native tables."""
    import duck_rules

    connection = duck_rules.loaded(folder, NOW, PREVIOUS_AT, ZONE, SERVICE_USER, threads=threads)
    watch = Watch()
    ready()
    table = watch.time(DUCK, lambda: duck_rules.plan(connection))
    return watch, lambda: plan_of_rows([table])


def by_loop(folder: Path) -> Timed:
    """Let the plain loop plan over dicts."""
    import plain_loop

    # Of millions of dicts that all live on, looking for garbage takes longer than making them.
    gc.disable()
    inputs, watch = Inputs(folder), Watch()
    records, previous, own_writes = inputs.records(), inputs.previous(), inputs.own_writes()
    gc.enable()
    ready()
    plan = watch.time(
        PLAIN,
        lambda: plain_loop.plan(
            records,
            NOW,
            ZONE,
            previous=previous,
            own_user_id=SERVICE_USER,
            own_writes=own_writes,
        ),
    )
    return watch, lambda: {key: (each.fields, each.cause) for key, each in plan.items()}


def by_product(folder: Path, name: str) -> Timed:
    """Let the product plan over its snapshot as far as the others do: to the plan's rows."""
    from bench_rules import policy_of_config

    from sfsync.facts import Look
    from sfsync.rules.decide import decide
    from sfsync.rules.follow import refuse_circles

    file = LEAN_SNAPSHOT if name == LEAN else SNAPSHOT
    policy, snapshot, watch = policy_of_config(), loaded(folder, file), Watch()
    machines = list(policy.machines.values())
    ready()
    look = watch.time(FACTS, lambda: Look(snapshot, policy))
    tables = []
    for machine in machines:
        asked_for = dict.fromkeys(asked(machine))
        watch.time(FACTS, lambda m=machine, a=asked_for: [look.column(m.object, n) for n in a])
        decision = watch.time(MASKS, lambda m=machine: decide(look, m))
        watch.time(CIRCLES, lambda d=decision: refuse_circles(look, d))
        tables.append(watch.time(VALUES, lambda d=decision: rows_of(look, d)))
    return watch, lambda: plan_of_rows(tables)


def by_judgement(folder: Path, name: str) -> Timed:
    """Let the product judge: the plan with its reasons and evidence, with all findings or none but
    the plain loop's one.
    """
    from bench_rules import policy_of_config

    from sfsync.facts import Look
    from sfsync.rules.judge import judge

    whole = policy_of_config()
    policy = whole if name == FINDINGS else without_findings(whole)
    snapshot, watch = loaded(folder), Watch()
    ready()

    def said() -> Any:
        judgement = judge(Look(snapshot, policy))
        # What is found is put into words when somebody looks at it.
        tuple(judgement.findings)
        return judgement

    judgement = watch.time(name, said)
    return watch, lambda: {
        (change.object, change.id): (
            {field: each.after for field, each in change.fields.items()},
            change.cause,
        )
        for change in judgement.changes
    }


def loaded(folder: Path, name: str = SNAPSHOT) -> Any:
    """Load a snapshot that `bench_rules` left in the folder."""
    with (folder / name).open("rb") as file:
        return pickle.load(file)


def asked(machine: Any) -> Iterator[str]:
    """Name the facts and fields that a machine's rules look at or write, findings aside."""
    from sfsync.rules.words import facts_of, tested

    yield from facts_of([*machine.rules, *machine.keep])
    for lines in machine.scores.values():
        for line in lines:
            yield from tested(line.when)
    for rule in machine.rules:
        yield from (each.fact for each in rule.set if each.fact)


def without_findings(policy: Any) -> Any:
    """The policy without findings but the one that the plain loop knows."""
    machines = {
        name: replace(each, findings=tuple(f for f in each.findings if f.name == ALERT))
        for name, each in policy.machines.items()
    }
    return replace(policy, machines=machines)


def rows_of(look: Any, decision: Any) -> pa.Table:
    """Return the plan's rows of one object as DuckDB does: a row for each field that changes."""
    from sfsync.rules.decide import differs
    from sfsync.rules.words import ids_of

    machine = decision.machine
    names = [f"rule:{rule.name}" for rule in machine.rules] + [keep.name for keep in machine.keep]
    cause = np.where(decision.moved, decision.rule, len(names))
    found = []
    for write in last_writes(decision.writes):
        rows = np.flatnonzero(write.mask)
        before = look.column(machine.object, write.field).only(rows)
        rows = rows[differs(before, write.after.only(rows))]
        first = len(machine.rules) + write.source
        cause[rows] = np.where(decision.moved[rows], cause[rows], np.minimum(cause[rows], first))
        found.append((look.policy.field(machine.object, write.field), rows, write.after.take(rows)))
    rows = np.concatenate([np.zeros(0, dtype="int64"), *(each for _, each, _ in found)])
    fields = [name for name, each, _ in found for _ in range(len(each))]
    values = [None if value is None else str(value) for _, _, each in found for value in each]
    causes = np.array([*names, ""], dtype=object)[cause[rows]]
    return pa.table(
        {
            "object": pa.array([machine.object] * len(rows), pa.string()),
            "id": pa.array(ids_of(look, machine.object, rows), pa.string()),
            "field": pa.array(fields, pa.string()),
            "value": pa.array(values, pa.string()),
            "cause": pa.array(causes, pa.string()),
        }
    )


def last_writes(writes: Sequence[Any]) -> Iterator[Any]:
    """Yield the writes, each without the records to whose field a later one writes."""
    for place, write in enumerate(writes):
        later = [each.mask for each in writes[place + 1 :] if each.field == write.field]
        yield replace(write, mask=write.mask & ~np.logical_or.reduce(later)) if later else write


def plan_of_rows(tables: Iterable[pa.Table]) -> Plan:
    """Put a plan's rows together by record, with the numbers as numbers."""
    plan: dict[tuple[str, str], tuple[dict[str, Any], str]] = {}
    for table in tables:
        columns = (table[name].to_pylist() for name in ("object", "id", "field", "value", "cause"))
        for object_name, id, field, value, cause in zip(*columns, strict=True):
            is_number = field in NUMBERS and value is not None
            fields, first = plan.setdefault((object_name, id), ({}, cause))
            if cause != first:
                raise SystemExit(f"{object_name} {id} has two causes: {first} and {cause}")
            fields[field] = int(value) if is_number else value
    return plan


def written(plan: Plan, file: Path) -> None:
    """Write a plan, a line of JSON for each record in order."""
    lines = (json.dumps([*key, *plan[key]], sort_keys=True) for key in sorted(plan))
    file.write_text("".join(f"{line}\n" for line in lines), "utf-8")


ENGINES: Mapping[str, Callable[[Path], Timed]] = {
    PLAIN: by_loop,
    DUCK: lambda folder: by_duckdb(folder, 1),
    DUCK_TWO: lambda folder: by_duckdb(folder, 2),
    PRODUCT: lambda folder: by_product(folder, PRODUCT),
    LEAN: lambda folder: by_product(folder, LEAN),
    REASONS: lambda folder: by_judgement(folder, REASONS),
    FINDINGS: lambda folder: by_judgement(folder, FINDINGS),
}


def main() -> None:
    """Run one engine and tell."""
    parser = argparse.ArgumentParser(description="Facts and rules by one engine, cold.")
    parser.add_argument("engine", choices=ENGINES)
    parser.add_argument("folder", type=Path)
    parser.add_argument("plan", type=Path, help="the file to write the plan to")
    options = parser.parse_args()
    watch, plan = ENGINES[options.engine](options.folder)
    most = peak()
    written(plan(), options.plan)
    told = {"seconds": watch.seconds, "processors": watch.processors, "peak": most}
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
