"""How long do all findings take, likely duplicates among them, and how long would comparing the
names of a town take?

    scripts/bench findings [--accounts 100000] [--rounds 5] [--at-most 20] [--json]

The org has half as many opportunities and leads and twice as many contacts; of its companies and
people some are entered twice. The likely duplicates have three obvious alternatives: a dictionary
of exactly the same names of one town, which finds only what is written alike; rapidfuzz, and
Python's difflib, over all pairs of names of one town. The last two are measured on a sample of the
pairs and multiplied: nobody would wait for them. Exit code 1 where all findings take more seconds
than `--at-most`.
"""

import argparse
import gc
import random
import sys
import textwrap
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from itertools import combinations
from statistics import median
from typing import Any

import bench_data
import numpy as np
import twins_data
from bench_data import BenchOrg
from bench_rules import policy_of_config, snapshot_of
from bench_table import Bar, Measured, Table, add_options, interleaved, report
from rapidfuzz import fuzz

from sfsync.duplicates import likely_duplicates
from sfsync.facts import Look
from sfsync.model import Finding
from sfsync.policy import Policy
from sfsync.rules.decide import decide
from sfsync.rules.found import findings_of
from sfsync.snapshot import Snapshot

DECLARED, DUPLICATES, ALL = "declared findings", "likely duplicates", "all findings"
EXACT, RAPIDFUZZ, DIFFLIB = "names exactly alike", "rapidfuzz, all pairs", "difflib, all pairs"
SAMPLED, NAMES_OF_TOWN = 50, 29


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


def names_by_town(org: BenchOrg) -> list[list[str]]:
    """Return the names of the accounts of each town."""
    towns: dict[str, list[str]] = defaultdict(list)
    for row in org.records["Account"]:
        if row["BillingCity"]:
            towns[row["BillingCity"]].append(row["Name"])
    return list(towns.values())


def exactly_alike(org: BenchOrg) -> int:
    """Count the accounts that have the name and the town of one before."""
    seen: set[tuple[str, str]] = set()
    alike = 0
    for row in org.records["Account"]:
        key = (row["Name"].casefold().strip(), (row["BillingCity"] or "").casefold())
        alike += key in seen
        seen.add(key)
    return alike


class Sample:
    """Names of one town, those of large towns more often, as a comparison of all would find them;
    and of how many pairs they stand for.
    """

    def __init__(self, towns: Sequence[Sequence[str]]) -> None:
        self.pairs = sum(len(names) * (len(names) - 1) // 2 for names in towns)
        dice = random.Random(1)
        chosen = dice.choices(towns, [len(each) ** 2 for each in towns], k=SAMPLED)
        self.groups = [dice.sample(each, min(NAMES_OF_TOWN, len(each))) for each in chosen]
        self.compared = sum(len(each) * (len(each) - 1) // 2 for each in self.groups)

    def by_difflib(self) -> None:
        """Compare the pairs as Python itself does."""
        for names in self.groups:
            for left, right in combinations(names, 2):
                SequenceMatcher(None, left, right).ratio()

    def by_rapidfuzz(self) -> None:
        """Compare the pairs in C++, word by word."""
        for names in self.groups:
            for left, right in combinations(names, 2):
                fuzz.token_sort_ratio(left, right)

    def of_all(self, measured: Measured) -> Measured:
        """Multiply to all pairs."""
        values = [value * self.pairs / self.compared for value in measured.values]
        return replace(measured, values=values)


class Parts:
    """The parts of all findings in one org, and what they found last."""

    def __init__(self, snapshot: Snapshot, policy: Policy) -> None:
        self._snapshot, self._policy = snapshot, policy
        self._look = Look(snapshot, policy)
        self.found: dict[str, int] = {}

    def declared(self) -> None:
        """Find what rule files declare."""
        self._look = Look(self._snapshot, self._policy)
        self.found[DECLARED] = len(declared(self._look))

    def duplicates(self) -> None:
        """Find likely duplicates; as in a pass, this finds what the part before has looked up."""
        self.found[DUPLICATES] = len(likely_duplicates(self._look))


def measure(accounts: int, rounds: int, at_most: float) -> Table:
    """Time the parts and the alternatives in so many rounds."""
    policy, org = policy_of_config(), org_with_twins(accounts)
    parts, sample = Parts(snapshot_of(org, policy), policy), Sample(names_by_town(org))
    gc.collect()
    # The records themselves live on whatever is timed.
    gc.freeze()
    works = {
        DECLARED: parts.declared,
        DUPLICATES: parts.duplicates,
        EXACT: lambda: exactly_alike(org),
        RAPIDFUZZ: sample.by_rapidfuzz,
        DIFFLIB: sample.by_difflib,
    }
    first, second, exact, fuzzy, plain = interleaved(works, rounds, warm=False)
    both = [sum(each) for each in zip(first.values, second.values, strict=True)]
    counts = ", ".join(f"{len(each):,} {name}" for name, each in org.records.items())
    found = {**parts.found, EXACT: exactly_alike(org)}
    return Table(
        f"medians of {rounds} rounds, wall-clock seconds",
        [first, second, Measured(ALL, both), exact, sample.of_all(fuzzy), sample.of_all(plain)],
        [Bar(ALL, median(both), at_most=at_most, unit="s")],
        DUPLICATES,
        [
            *textwrap.wrap(counts, 78),
            "found: " + ", ".join(f"{number:,} by {name}" for name, number in found.items()),
            f"rapidfuzz and difflib: {sample.pairs:,} pairs, multiplied from {sample.compared:,}",
        ],
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, tell, and give the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/bench findings", description=__doc__)
    parser.add_argument("--accounts", type=int, default=100_000, help="100 or more")
    parser.add_argument("--at-most", type=float, default=20, help="seconds of all findings")
    add_options(parser)
    options = parser.parse_args(arguments)
    if options.accounts < 100:
        parser.error("--accounts takes 100 or more")
    table = measure(options.accounts, options.rounds, options.at_most)
    return report([table], as_json=options.json)


if __name__ == "__main__":
    sys.exit(main())
