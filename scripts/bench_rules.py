"""How much faster than a plain loop over the records are the facts and rules, and where do they
spend their time?

    scripts/bench rules [--accounts 100000] [--rounds 5] [--adoption] [--at-least 8] [--json]

Both sides have their records in memory in the form they like best (frames; dicts) and decide the
same plan, which is checked. In every round one runs after the other in this process, so that a busy
machine slows both; what is told are medians of wall-clock seconds. The product also says reasons,
evidence and findings and refuses circles, the plain loop does not. Exit codes: 0, or 1 where the
plans differ or the ratio is below --at-least.
"""

import argparse
import gc
import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import bench_data
import plain_loop
from bench_data import NOW, SERVICE_USER, ZONE, BenchOrg
from records_org import RecordsOrg

from sfsync.extract import extract
from sfsync.facts import Look
from sfsync.model import Change, OwnWrite, PreviousPass
from sfsync.policy import Machine, Policy
from sfsync.rules.decide import decide
from sfsync.rules.follow import refuse_circles
from sfsync.rules.judge import changes_of, judge
from sfsync.rules.load import load_policy
from sfsync.rules.words import facts_of, tested
from sfsync.snapshot import Snapshot

CONFIG = Path(__file__).resolve().parent.parent / "config"
FILES = (
    "sfsync.yaml",
    "rules/accounts.yaml",
    "rules/opportunities.yaml",
    "rules/contacts.yaml",
    "rules/leads.yaml",
)
PARTS = ("facts", "masks", "circle check", "words")
# The whole of a judgement: what the plain loop decides, and the findings, of which it knows one.
ALERT = "target-going-idle"
ALL = "product with all findings"

Plan = Mapping[tuple[str, str], tuple[Mapping[str, Any], str]]


@dataclass(frozen=True, slots=True)
class Result:
    """Seconds of every round, by what was timed, and what both sides decided."""

    counts: Mapping[str, int]
    seconds: Mapping[str, Sequence[float]]
    changes: int
    digest: str

    @property
    def ratio(self) -> float:
        """How many times as fast as the plain loop the product is."""
        return median(self.seconds["plain loop"]) / median(self.seconds["product"])


def policy_of_config() -> Policy:
    """Read the policy that the project ships."""
    return load_policy({f"config/{name}": (CONFIG / name).read_text("utf-8") for name in FILES})


def snapshot_of(org: BenchOrg, policy: Policy) -> Snapshot:
    """Read the records into frames as a pass does."""
    objects = {
        name: [spec.field for spec in each.values()] for name, each in policy.objects.items()
    }
    states = {("Account", id): state for id, state in org.previous.statuses.items()}
    states |= {("Opportunity", id): state for id, state in org.previous.stages.items()}
    return extract(
        RecordsOrg(org.records, objects, zone=ZONE, user_id=SERVICE_USER),
        policy,
        NOW,
        PreviousPass(org.previous.now, states),
        [OwnWrite(own.object, own.id, own.value or "", own.sent_at) for own in org.own_writes],
    )


def plain(org: BenchOrg) -> Mapping[tuple[str, str], plain_loop.Planned]:
    """Let the plain loop plan."""
    return plain_loop.plan(
        org.records,
        NOW,
        ZONE,
        previous=org.previous,
        own_user_id=SERVICE_USER,
        own_writes=org.own_writes,
    )


def asked(machine: Machine) -> Iterator[str]:
    """Name the facts and fields that a machine's rules look at or write."""
    yield from facts_of([*machine.rules, *machine.keep, *machine.findings])
    for lines in machine.scores.values():
        for line in lines:
            yield from tested(line.when)
    for rule in machine.rules:
        yield from (each.fact for each in rule.set if each.fact)


def parts(snapshot: Snapshot, policy: Policy) -> Iterator[tuple[str, Callable[[], object]]]:
    """Give the steps of `judge`, each to be called after the one before it."""
    look, machines = Look(snapshot, policy), list(policy.machines.values())
    yield "facts", lambda: [look.column(each.object, n) for each in machines for n in asked(each)]
    decisions = [decide(look, machine) for machine in machines]
    yield "masks", lambda: [decide(look, machine) for machine in machines]
    yield "circle check", lambda: [refuse_circles(look, decision) for decision in decisions]
    yield (
        "words",
        lambda: [*(each for decision in decisions for each in changes_of(look, decision))],
    )


def without_findings(policy: Policy) -> Policy:
    """The policy with the one finding that the plain loop knows, too."""
    machines = {
        name: replace(each, findings=tuple(f for f in each.findings if f.name == ALERT))
        for name, each in policy.machines.items()
    }
    return replace(policy, machines=machines)


def timed(work: Callable[[], object], seconds: list[float]) -> None:
    """Run something and note how long it took."""
    gc.collect()
    start = perf_counter()
    work()
    seconds.append(perf_counter() - start)


def plan_of(changes: Iterable[Change]) -> Plan:
    """Reduce changes to what the plain loop says too: new values and causes."""
    return {
        (change.object, change.id): (
            {name: each.after for name, each in change.fields.items()},
            change.cause,
        )
        for change in changes
    }


def digest_of(plan: Plan) -> str:
    """Return 16 hexadecimal digits that change when any part of a plan does."""
    lines = [json.dumps([*key, *plan[key]], sort_keys=True) for key in sorted(plan)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def same(mine: Plan, theirs: Plan) -> str:
    """Return the digest of two plans. Raises SystemExit naming the first record on which they
    differ.
    """
    for key in sorted(mine.keys() | theirs.keys()):
        if mine.get(key) != theirs.get(key):
            raise SystemExit(
                f"the plans differ, first at {' '.join(key)}:\n  product    {mine.get(key)}\n"
                f"  plain loop {theirs.get(key)}"
            )
    return digest_of(mine)


def measure(accounts: int, rounds: int, *, settled: bool) -> Result:
    """Time both sides and the product's parts in as many rounds; the first, untimed, warms up."""
    whole = policy_of_config()
    policy = without_findings(whole)
    org = bench_data.make(accounts, settled=settled)
    snapshot = snapshot_of(org, whole)
    mine = plan_of(judge(Look(snapshot, policy)).changes)
    theirs = {key: (each.fields, each.cause) for key, each in plain(org).items()}
    digest = same(mine, theirs)
    # The records themselves live on whatever is timed: neither side is to pay for looking through
    # them again.
    gc.collect()
    gc.freeze()
    seconds: dict[str, list[float]] = {name: [] for name in ("plain loop", "product", ALL, *PARTS)}
    for _ in range(rounds):
        timed(lambda: plain(org), seconds["plain loop"])
        timed(lambda: judge(Look(snapshot, policy)), seconds["product"])
        timed(lambda: judge(Look(snapshot, whole)), seconds[ALL])
        for name, work in parts(snapshot, policy):
            timed(work, seconds[name])
    counts = {name: len(rows) for name, rows in org.records.items()}
    return Result(counts, seconds, len(mine), digest)


def told(result: Result) -> str:
    """Say the result to a person."""
    counts = ", ".join(f"{count:,} {name}" for name, count in result.counts.items())
    rounds = len(result.seconds["product"])
    lines = [f"{counts}; {rounds} rounds, medians (least to most):"]
    for name, seconds in result.seconds.items():
        label = f"  of it {name}" if name in PARTS else name
        lines.append(
            f"{label:20}{median(seconds):8.3f} s  ({min(seconds):.3f} to {max(seconds):.3f})"
        )
    lines.append(f"the product is {result.ratio:.1f} times as fast as the plain loop")
    lines.append(f"same plan: {result.changes:,} records change, digest {result.digest}")
    return "\n".join(lines) + "\n"


def as_json(result: Result) -> str:
    """Say the result to a program."""
    medians = {name: round(median(each), 4) for name, each in result.seconds.items()}
    facts = {
        "counts": result.counts,
        "rounds": len(result.seconds["product"]),
        "median_seconds": medians,
        "ratio": round(result.ratio, 2),
        "changes": result.changes,
        "digest": result.digest,
    }
    return json.dumps(facts, indent=2) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, tell, and give the exit code."""
    parser = argparse.ArgumentParser(description="Facts and rules against a plain loop.")
    parser.add_argument("--accounts", type=int, default=100_000, help="at least 10")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--adoption", action="store_true", help="no account has a status yet: all are moved"
    )
    parser.add_argument("--at-least", type=float, default=0, help="exit 1 below this ratio")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    options = parser.parse_args(arguments)
    if options.accounts < 10 or options.rounds < 1:
        parser.error("--accounts takes 10 or more, --rounds 1 or more")
    result = measure(options.accounts, options.rounds, settled=not options.adoption)
    sys.stdout.write(as_json(result) if options.json else told(result))
    return 0 if result.ratio >= options.at_least else 1


if __name__ == "__main__":
    sys.exit(main())
