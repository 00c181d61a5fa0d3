"""How many API calls do a first and an hourly pass take, and how many a plain script?

    scripts/bench calls [--accounts 100000] [--changed 1000] [--moved 300]
                        [--most-first 60] [--most-hourly 40] [--json]

Both work on the fake org, which counts. The first pass reads everything and writes what it plans;
then an hour passes in which so many records change, of which so many make the rules move an
account; the hourly pass reads what changed. What each took must be what the formulas give
(`bench_formulas`). The plain script does with simple-salesforce what most scripts do: it queries
the same fields of all records, and updates record by record (its reading is done and counted, its
writing is one call a record). Of two more scripts the calls are reckoned: one that asks for the
records of each account, and GETs and PATCHes what it writes, and one that reads and writes each
object by simple-salesforce's bulk functions. Exit code 1 above a number given, or where a formula
does not give what was counted.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from math import ceil
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import bench_data
from bench_data import NOW, ZONE
from bench_formulas import Formula, formula_of, told_formula
from bench_rules import policy_of_config
from bench_served import kind_of
from empty_org import empty_org
from simple_salesforce.api import Salesforce

from sfsync.apply import Desk
from sfsync.fake import FakeOrg
from sfsync.jobs import JOBS, Ran, Services, run_planned
from sfsync.journal import Journal
from sfsync.model import to_wire
from sfsync.org import LAG
from sfsync.org.client import API_VERSION, open_org
from sfsync.org.tokens import Grant, Tokens
from sfsync.policy import Policy
from sfsync.rules.needs import columns_needed
from sfsync.store import Store

# Who is given a token, and is in the same process, asks for neither token nor version.
GIVEN_TOKEN = 3
ARCHIVED = ("Task", "Event", "AccountHistory", "OpportunityHistory")


@dataclass(frozen=True, slots=True)
class Counted:
    """One pass: the calls it took, by kind, and by which formulas; what it changed, and the calls
    of other scripts for the same.
    """

    name: str
    calls: int
    kinds: Mapping[str, int]
    formula: Formula
    changes: int
    plain: int
    others: Mapping[str, int]


def filled(accounts: int) -> tuple[FakeOrg, Mapping[str, int]]:
    """Make a fake org of the bench's records."""
    fake = empty_org(NOW, ZONE)
    counts = {}
    for name, rows in bench_data.make(accounts).records.items():
        counts[name] = len(rows)
        for row in rows:
            there = {field: value for field, value in row.items() if value is not None}
            fake.state.store.put(name, {**(fake.state.store.row(row["Id"]) or {}), **there})
    fake.state.commit()
    fake.state.daily_quota = 10_000_000
    return fake, counts


def one_pass(fake: FakeOrg, folder: Path, policy: Policy, seed: int) -> Ran:
    """Sign in, plan and run, as a process of its own does."""
    tokens = Tokens(Grant(fake.host, fake.token()))
    org = open_org(fake.session(), tokens, sleep=_wait_for(fake))
    with closing(Journal.open(f"sqlite:///{folder / 'journal.db'}")) as journal:
        now, clock = fake.clock.now(), fake.clock.now
        store = Store(folder / "store")
        services = Services(org, journal, policy, now, clock, clock, org.id, store)
        desk = Desk(org, journal, clock, _wait_for(fake), lambda *_: None)
        planned = JOBS.find("hourly")(services)
        return run_planned(planned, services, desk, allow_large=True, chance=Random(seed))


def _wait_for(fake: FakeOrg):
    return lambda seconds: fake.clock.advance(int(seconds))


def an_hour_of_work(fake: FakeOrg, changed: int, moved: int) -> None:
    """Let people change so many records in an hour; so many of them move an account."""
    fake.clock.advance(3_600)
    tasks = fake.state.store.table("Task")
    accounts = ((str(row["Id"]), row.get("Status__c")) for row in there(fake, "Account"))
    quiet = (
        account
        for account, status in accounts
        if status == "Qualified Pool" and not tasks.ids_with("AccountId", account)
    )
    call = {"Subject": "Call", "Status": "Completed", "ActivityDate": NOW.date()}
    for account in islice(quiet, moved + moved // 10):
        fake.add("Task", WhatId=account, **call)
    for row in islice(there(fake, "Contact"), changed - moved):
        fake.edit("Contact", str(row["Id"]), Title="Buyer")


def there(fake: FakeOrg, name: str) -> Iterator[Mapping[str, object]]:
    """The rows of an object that are not deleted."""
    return (row for row in fake.rows(name) if not row.get("IsDeleted"))


def plain_reading(fake: FakeOrg, policy: Policy) -> int:
    """Read the same fields of all records with simple-salesforce's query_all; count the calls."""
    before = fake.call_count
    org = Salesforce(
        session_id=fake.token(), instance=fake.host, version=API_VERSION, session=fake.session()
    )
    for name, columns in columns_needed(policy).items():
        fields = dict.fromkeys(["Id", *(policy.field(name, column) for column in columns)])
        soql = f"SELECT {', '.join(fields)} FROM {name}"
        for _ in org.query_all_iter(soql, include_deleted=name in ARCHIVED):
            pass
    return fake.call_count - before


def rows_asked(fake: FakeOrg, policy: Policy, since: datetime | None) -> dict[str, int]:
    """Count the records that a pass is to read of each object: all, or those stamped since the
    reading before, less the platform's lag.
    """
    least = to_wire(since - LAG) if since else ""
    moves = {None, "created", policy.field("Account", policy.machines["Account"].state)}
    found = {}
    for name in columns_needed(policy):
        stamp = "CreatedDate" if name.endswith("History") else "SystemModstamp"
        found[name] = sum(
            str(row.get(stamp) or "") >= least
            and (since is not None or not row.get("IsDeleted"))
            and (name != "AccountHistory" or row.get("Field") in moves)
            for row in fake.rows(name)
        )
    return found


def other_scripts(rows: Mapping[str, int], changes: int) -> dict[str, int]:
    """Reckon the calls of a script that asks account by account, and of one that uses
    simple-salesforce's bulk functions: they read all, whatever changed.
    """
    accounts = rows["Account"]
    children = sum(name in rows for name in ("Opportunity", "Task", "Event"))
    return {
        "N+1, GET and PATCH": ceil(accounts / 2_000) + children * accounts + 2 * changes,
        # Create, look, results; to write: create, upload, close, look, two results.
        "simple-salesforce bulk": 3 * len(rows) + 6,
    }


def measure(accounts: int, changed: int, moved: int) -> Iterator[Counted]:
    """Count a first pass and an hourly one."""
    policy = policy_of_config()
    fake, _ = filled(accounts)
    reading = plain_reading(fake, policy)
    all_rows = rows_asked(fake, policy, None)
    read_at = None
    with TemporaryDirectory() as folder:
        for seed, name in enumerate(("first full pass", "hourly pass")):
            before, rows = len(fake.calls), rows_asked(fake, policy, read_at)
            ran = one_pass(fake, Path(folder), policy, seed)
            made = fake.calls[before:]
            changes, read_at = len(ran.outcomes), ran.plan.read_at
            yield Counted(
                name=name,
                calls=len(made),
                kinds=_kinds(made),
                formula=formula_of(rows, ran.plan.changes, whole=not seed, signing_in=GIVEN_TOKEN),
                changes=changes,
                plain=reading + changes,
                others=other_scripts(all_rows, changes),
            )
            if not seed:
                an_hour_of_work(fake, changed, moved)


def _kinds(made: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Count calls by method and resource, Ids and cursors left out."""
    return dict(Counter(kind_of(method, path) for method, path in made))


def told(results: Sequence[Counted]) -> str:
    """Say the result to a person."""
    lines = [f"{'':20}{'calls':>8}{'changes':>10}{'plain script':>14}{'ratio':>8}"]
    for each in results:
        ratio = each.plain / each.calls
        lines.append(
            f"{each.name:20}{each.calls:>8,}{each.changes:>10,}{each.plain:>14,}{ratio:>8.0f}"
        )
    for each in results:
        lines.append(f"\n{each.name}, other scripts: ")
        lines += [f"{count:>9,}  {name}" for name, count in each.others.items()]
        lines += ["", f"{each.name}, formulas:", *told_formula(each.formula, each.calls)]
        lines += ["", f"{each.name}, counted:"]
        lines += [f"{count:>9}  {kind}" for kind, count in sorted(each.kinds.items())]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Count, tell, and give the exit code."""
    parser = argparse.ArgumentParser(description="API calls of a pass, and of a plain script.")
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--changed", type=int, default=1_000, help="records changed in the hour")
    parser.add_argument("--moved", type=int, default=300, help="of them make an account move")
    parser.add_argument("--most-first", type=int, help="exit 1 above so many calls")
    parser.add_argument("--most-hourly", type=int, help="exit 1 above so many calls")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    options = parser.parse_args(arguments)
    results = list(measure(options.accounts, options.changed, options.moved))
    data = [asdict(each) for each in results]
    sys.stdout.write(json.dumps(data, indent=2) + "\n" if options.json else told(results))
    mosts = (options.most_first, options.most_hourly)
    over = [
        most is not None and each.calls > most for each, most in zip(results, mosts, strict=True)
    ]
    wrong = [each.calls != each.formula.calls for each in results]
    return 1 if any(over) or any(wrong) else 0


if __name__ == "__main__":
    sys.exit(main())
