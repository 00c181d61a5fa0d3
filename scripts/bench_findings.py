"""How long do all findings take, likely duplicates among them, and how long would comparing all
names of a town take?

    scripts/bench findings [--accounts 100000] [--rounds 3] [--most 20] [--json]

The org has half as many opportunities and leads and twice as many contacts; of its companies and
people some are entered twice. What is told are medians of wall-clock seconds, with those of all
processors beside them, since others may use the machine. The obvious alternative, `difflib` over
all pairs of one town, is measured on a sample of the pairs and multiplied: nobody would wait for
it. Exit code 1 where the findings take more seconds than `--most`.
"""

import argparse
import gc
import json
import random
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import partial
from itertools import combinations
from statistics import median
from time import perf_counter, process_time
from typing import Any

import bench_data
import numpy as np
import twins_data
from bench_data import BenchOrg
from bench_rules import policy_of_config, snapshot_of

from sfsync.duplicates import likely_duplicates
from sfsync.facts import Look
from sfsync.model import Finding
from sfsync.rules.decide import decide
from sfsync.rules.findings import findings_of

DECLARED, DUPLICATES = "declared findings", "likely duplicates"
SAMPLE = 20_000


@dataclass(frozen=True, slots=True)
class Result:
    """Seconds (wall, processors) of every round by part, how much was found, and the seconds that
    the alternative would take for so many pairs.
    """

    counts: dict[str, int]
    seconds: dict[str, list[tuple[float, float]]]
    found: dict[str, int]
    pairs: int
    alternative: float

    def wall(self, part: str) -> float:
        """Return the median of a part's wall-clock seconds."""
        return median(each[0] for each in self.seconds[part])

    @property
    def total(self) -> float:
        """Return the seconds of all findings."""
        return sum(self.wall(part) for part in self.seconds)


def org_with_twins(accounts: int) -> BenchOrg:
    """Make an org whose companies and people have names, some of them twice."""
    org, twins = bench_data.make(accounts), twins_data.make(accounts, people=accounts * 2)
    ids = {}
    for row, twin in zip(org.records["Account"], twins.records["Account"], strict=False):
        ids[twin["Id"]] = row["Id"]
        row.update({name: twin[name] for name in ("Name", "BillingCity", "Website")})
        row["ParentId"] = ids.get(twin["ParentId"])
    contacts = org.records["Contact"]
    people = [
        {
            **contacts[n % len(contacts)],
            **{name: twin[name] for name in ("Id", "Name", "Email")},
            "AccountId": ids.get(twin["AccountId"]),
        }
        for n, twin in enumerate(twins.records["Contact"])
    ]
    leads = leads_like(people, accounts // 2)
    for n, task in enumerate(org.records["Task"]):
        task["WhoId"] = leads[n // 8 % len(leads)]["Id"] if n % 8 == 0 else None
    return replace(org, records={**org.records, "Contact": people, "Lead": leads})


def leads_like(people: Sequence[Mapping[str, Any]], size: int) -> list[dict[str, Any]]:
    """Make so many leads: every fourth is a contact, too, every tenth there twice, some converted,
    and some without an address or with one that is none.
    """
    leads = []
    for n, person in enumerate(people[:size]):
        email = person["Email"] if n % 4 == 0 else f"lead.{n - n % 10 // 9}@lead{n // 50}.example"
        leads.append(
            {
                "Id": f"00Q{n:012d}AAA",
                "Name": person["Name"],
                "Company": f"Company {n}",
                "Email": "n/a" if n % 100 == 1 else None if n % 20 == 2 else email,
                "Status": "Closed - Not Converted" if n % 6 == 0 else "Working - Contacted",
                "IsConverted": n % 7 == 0,
                **{name: person[name] for name in ("CreatedDate", "SystemModstamp", "IsDeleted")},
            }
        )
    return leads


def declared(look: Look) -> list[Finding]:
    """Find all that rule files declare, the facts that they need included."""
    policy = look.policy
    found: list[Finding] = []
    for machine in policy.machines.values():
        found += findings_of(look, machine, decide(look, machine).moved)
    for machine in policy.stateless.values():
        found += findings_of(look, machine, np.zeros(look.size(machine.object), dtype=bool))
    return found


def timed(work: Callable[[], Sequence[Finding]]) -> tuple[tuple[float, float], int]:
    """Run something; return its seconds (wall, processors) and how much it found."""
    gc.collect()
    wall, processors = perf_counter(), process_time()
    found = work()
    return (perf_counter() - wall, process_time() - processors), len(found)


def alternative(org: BenchOrg) -> tuple[int, float]:
    """Return how many pairs of names share a town, and the seconds that difflib would take for all
    of them, by a sample.
    """
    towns: dict[str, list[str]] = defaultdict(list)
    for row in org.records["Account"]:
        if row["BillingCity"]:
            towns[row["BillingCity"]].append(row["Name"])
    pairs = sum(len(names) * (len(names) - 1) // 2 for names in towns.values())
    dice = random.Random(1)
    names = dice.choices(list(towns.values()), [len(each) ** 2 for each in towns.values()], k=50)
    few = [
        pair for each in names for pair in combinations(dice.sample(each, min(29, len(each))), 2)
    ]
    start = perf_counter()
    for left, right in few[:SAMPLE]:
        SequenceMatcher(None, left, right).ratio()
    return pairs, (perf_counter() - start) / len(few[:SAMPLE]) * pairs


def measure(accounts: int, rounds: int) -> Result:
    """Time the parts in so many rounds."""
    policy, org = policy_of_config(), org_with_twins(accounts)
    snapshot = snapshot_of(org, policy)
    gc.collect()
    # The records themselves live on whatever is timed.
    gc.freeze()
    parts: Mapping[str, Callable[[Look], Sequence[Finding]]] = {
        DECLARED: declared,
        DUPLICATES: likely_duplicates,
    }
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in parts}
    found = {}
    for _ in range(rounds):
        # As in a pass, the second part finds what the first has looked up.
        look = Look(snapshot, policy)
        for name, work in parts.items():
            taken, found[name] = timed(partial(work, look))
            seconds[name].append(taken)
    counts = {name: len(rows) for name, rows in org.records.items()}
    return Result(counts, seconds, found, *alternative(org))


def told(result: Result) -> str:
    """Say the result to a person."""
    counts = ", ".join(f"{count:,} {name}" for name, count in result.counts.items())
    lines = [f"{counts}; medians of {len(result.seconds[DECLARED])} rounds"]
    for name, each in result.seconds.items():
        processors = median(one[1] for one in each)
        lines.append(
            f"{name:20}{result.wall(name):8.2f} s  ({processors:.2f} s of processors, "
            f"{result.found[name]:,} found)"
        )
    lines.append(f"{'all findings':20}{result.total:8.2f} s")
    lines.append(
        f"difflib over all {result.pairs:,} pairs of names of one town would take "
        f"{result.alternative:,.0f} s (multiplied from a sample of the pairs)"
    )
    return "\n".join(lines) + "\n"


def as_json(result: Result) -> str:
    """Say the result to a program."""
    facts = {
        "counts": result.counts,
        "median_seconds": {name: round(result.wall(name), 3) for name in result.seconds},
        "found": result.found,
        "pairs_of_one_town": result.pairs,
        "difflib_seconds_by_sample": round(result.alternative, 1),
    }
    return json.dumps(facts, indent=2) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, tell, and give the exit code."""
    parser = argparse.ArgumentParser(description="All findings, likely duplicates among them.")
    parser.add_argument("--accounts", type=int, default=100_000, help="at least 100")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--most", type=float, default=20, help="exit 1 above so many seconds")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    options = parser.parse_args(arguments)
    if options.accounts < 100 or options.rounds < 1:
        parser.error("--accounts takes 100 or more, --rounds 1 or more")
    result = measure(options.accounts, options.rounds)
    sys.stdout.write(as_json(result) if options.json else told(result))
    return 0 if result.total <= options.most else 1


if __name__ == "__main__":
    sys.exit(main())
