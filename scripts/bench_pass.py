"""How long does a pass take over the wire, and how long must it?

    scripts/bench pass [--accounts 100000] [--changed 1000] [--moved 300] [--latency 150]
                       [--rounds 5] [--without-findings] [--at-most 1.5] [--json]

The org is the fake one, served over HTTPS by a process of its own (`bench_served`); each call lasts
so many milliseconds. The first full pass reads all and writes what it plans, once. Then hour after
hour so many records change, of which so many make the rules move an account, and the hourly pass
reads what changed. With --without-findings nothing is looked for: the bench's org is messy, and has
two findings an account. A pass here is all that `sfsync run hourly` does once its modules are
imported, in a process without the org: it signs in, reads, judges, opens the books, writes and
closes them.

The bound is the chain of calls of which each needs the answer to the one before it, at so many
milliseconds, with 25 at once; the pauses between looks at a bulk job are not in it. Two scripts are
told beside it: one that reads all pages and then GETs and PATCHes record by record, and one that
reads and writes with simple-salesforce's bulk functions. Their calls are counted by what they do,
and their seconds are calls times the milliseconds that a call of theirs took here; the first look
of the bulk functions comes after 5 seconds. Exit code 1 where an hourly pass (the median of the
rounds) takes more than --at-most times the bound.
"""

import argparse
import gc
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from math import ceil
from multiprocessing import get_context
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory

from bench_calls import an_hour_of_work, filled, rows_asked
from bench_formulas import PAGE, SIGNING_IN, Formula, formula_of, told_formula
from bench_rules import policy_of_config
from bench_served import Answered, Served, counted, longest_chain, served
from simple_salesforce.api import Salesforce

from sfsync.apply import Desk
from sfsync.beside import meanwhile
from sfsync.cli.opening import sleep, wall_clock
from sfsync.cli.salesforce import credentials_of, enter_salesforce
from sfsync.garbage import collect_seldom
from sfsync.jobs import Early, Services, run_planned
from sfsync.jobs.hourly import planned, read, way_to_read
from sfsync.journal import Journal
from sfsync.model import Plan
from sfsync.org.client import API_VERSION, open_org
from sfsync.policy import DuplicateSettings, Policy
from sfsync.settings import load_salesforce
from sfsync.store import Store

FIRST, HOURLY = "first full pass", "hourly pass"
# So many records a plain script is measured with.
PAIRS = 10


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass: its seconds by part, its calls, and what it changed.

    `wire`: the seconds in which some call was on its way; `org`: how long the org itself worked
    beyond the milliseconds that a call lasts anyhow; `chain`: the most calls, each after another.
    """

    name: str
    wall: float
    processor: float
    wire: float
    org: float
    parts: Mapping[str, float]
    calls: Mapping[str, int]
    most_at_once: int
    chain: int
    changes: int
    formula: Formula

    @property
    def right(self) -> bool:
        """Whether it took the calls that the formulas give."""
        return self.formula.gives(sum(self.calls.values()))


@dataclass(frozen=True, slots=True)
class Script:
    """What a plain script would take for an hourly pass."""

    name: str
    calls: int
    seconds: float
    how: str


@dataclass(frozen=True, slots=True)
class Results:
    """A first pass, hourly ones, and what plain scripts would take; `latency` in seconds."""

    latency: float
    first: Pass
    hours: tuple[Pass, ...]
    scripts: tuple[Script, ...]

    def bound(self, each: Pass) -> float:
        """The seconds that a pass must take: its calls that had to be one after the other."""
        return each.formula.chain * self.latency

    @property
    def walls(self) -> list[float]:
        """The seconds of the hourly passes."""
        return [each.wall for each in self.hours]

    @property
    def ratio(self) -> float:
        """How many times its bound an hourly pass takes."""
        return median(each.wall / self.bound(each) for each in self.hours)

    def seconds(self) -> dict[str, list[float]]:
        """The seconds of every round: the parts of the pass, and what was in them."""
        names = self.hours[0].parts
        parts = {name: [each.parts.get(name, 0.0) for each in self.hours] for name in names}
        return {
            **parts,
            "some call on its way": [each.wire for each in self.hours],
            "processor time of the pass": [each.processor for each in self.hours],
            "the org's work beyond a call's": [each.org for each in self.hours],
        }


@dataclass(frozen=True, slots=True)
class Place:
    """Where passes happen: the org, the state folder, and the process."""

    org: Served
    folder: Path
    process: ProcessPoolExecutor


@contextmanager
def entering(org: Served) -> Iterator[None]:
    """Let this process enter the served org as a command does."""
    before = dict(os.environ)
    for name in [each for each in os.environ if each.startswith(("SFSYNC_", "SALESFORCE_"))]:
        del os.environ[name]
    os.environ.update(org.environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


class Clocked:
    """Seconds by part, as they end: of the machine's own clock, and of the processor."""

    def __init__(self) -> None:
        self.began = self.last = time.monotonic()
        self.processor = -time.process_time()
        self.parts: dict[str, float] = {}
        self.ended = self.began

    def ends(self, part: str, at: float | None = None) -> None:
        """Note that a part ends, now or at a moment."""
        at = time.monotonic() if at is None else max(at, self.last)
        self.parts[part] = at - self.last
        self.last = at


def one_pass(folder: Path, policy: Policy, seed: int) -> tuple[Clocked, Plan]:
    """Sign in, read, judge, write; give the times, and the plan without its findings."""
    gc.collect()
    clock = Clocked()
    entrance = enter_salesforce(credentials_of(load_salesforce()), API_VERSION, wall_clock)
    database = f"sqlite:///{folder / 'journal.db'}"
    with closing(Journal.open(database)) as journal, meanwhile() as besides:
        most, store, named = policy.reading.at_once, Store(folder / "store"), entrance.tokens.org
        early = Early.of(store, journal, policy, named) if named else None
        org = open_org(entrance.session, entrance.tokens, version=entrance.version, at_once=most)
        clock.ends("signing in")
        now = org.told_at or wall_clock()

        def told() -> object:
            return org.told_at or wall_clock()

        services = Services(
            *(org, journal, policy, now, wall_clock, told, org.id, store),
            begun=wall_clock(),
            meanwhile=besides,
            early=early,
        )
        desk = Desk(org, journal, told, sleep, lambda *_: None, policy.limits.api_reserve)
        way = way_to_read(services)
        look = read(services, way)
        clock.ends("reading")
        made = planned(services, look, way.read_at)
        clock.ends("judging")
        ran = run_planned(made, services, desk, allow_large=True, chance=Random(seed))
    clock.ended = time.monotonic()
    clock.processor += time.process_time()
    return clock, replace(ran.plan, findings=())


def measured(
    name: str, at: Place, policy: Policy, seed: int, read_at: datetime | None
) -> tuple[Pass, datetime]:
    """Carry out a pass, and tell what it took, and when the org was read."""
    org = at.org
    rows = org.let(rows_asked, policy, read_at)
    org.calls()
    clock, plan = at.process.submit(one_pass, at.folder, policy, seed).result()
    calls, most = org.calls()
    writes = [each for each in calls if each.came >= clock.last]
    if writes:
        clock.ends("opening books", writes[0].came)
        clock.ends("writing", writes[-1].went)
    clock.ends("closing books", clock.ended)
    changes = plan.changes
    found = Pass(
        name=name,
        wall=clock.ended - clock.began,
        processor=clock.processor,
        wire=on_the_wire(calls),
        org=sum(max(0.0, each.worked - org.latency) for each in calls),
        parts=clock.parts,
        calls=counted(calls),
        most_at_once=most,
        chain=len(longest_chain(calls)),
        changes=len(changes),
        formula=formula_of(rows, changes, whole=read_at is None, signing_in=SIGNING_IN),
    )
    return found, plan.read_at


def on_the_wire(calls: Sequence[Answered]) -> float:
    """Return the seconds in which some call was on its way."""
    seconds = end = 0.0
    for each in sorted(calls, key=lambda call: call.came):
        seconds += max(0.0, each.went - max(each.came, end))
        end = max(end, each.went)
    return seconds


def plain_scripts(org: Served, rows: Mapping[str, int], moved: int) -> list[Script]:
    """Measure what a call, and what a bulk job of no record, takes a plain script here, and reckon
    an hourly pass of it: it reads all, and writes as many.
    """
    credentials = credentials_of(load_salesforce())
    tokens = enter_salesforce(credentials, API_VERSION, wall_clock).tokens
    plain = Salesforce(session_id=tokens.token, instance=tokens.host, version=API_VERSION)
    some = plain.query(f"SELECT Id FROM Contact LIMIT {PAIRS}")["records"]
    began = time.monotonic()
    for row in some:
        title = plain.Contact.get(row["Id"])["Title"]
        plain.Contact.update(row["Id"], {"Title": title})
    a_call = (time.monotonic() - began) / (2 * PAIRS)
    began = time.monotonic()
    list(plain.bulk2.Contact.query("SELECT Id FROM Contact WHERE Id = null"))
    a_job = time.monotonic() - began
    org.calls()
    pages = sum(max(1, ceil(count / PAGE)) for count in rows.values())
    each = pages + 2 * moved
    bulk = 3 * len(rows) + 6
    return [
        Script("pages, GET and PATCH", each, each * a_call, f"{a_call * 1000:.0f} ms a call"),
        Script(
            "simple-salesforce bulk", bulk, (len(rows) + 1) * a_job, f"{a_job:.1f} s a job or more"
        ),
    ]


def states_alone(policy: Policy) -> Policy:
    """The policy without anything that people are told of, and without the tasks, which rest on it:
    for a task that is due the org is asked for its queues, two calls more.
    """
    machines, stateless = (
        {name: replace(each, findings=(), tasks=()) for name, each in several.items()}
        for several in (policy.machines, policy.stateless)
    )
    nothing = DuplicateSettings(find=False)
    return replace(policy, machines=machines, stateless=stateless, duplicates=nothing)


def measure(options: argparse.Namespace) -> Results:
    """Carry out a first pass, and hourly ones."""
    policy = policy_of_config()
    if options.without_findings:
        policy = states_alone(policy)
    fake, _ = filled(options.accounts)
    gc.collect()
    gc.freeze()
    latency = options.latency / 1_000
    with TemporaryDirectory() as place:
        folder = Path(place)
        with (
            served(fake, latency, folder) as org,
            entering(org),
            # As each command does, it looks for garbage seldom.
            ProcessPoolExecutor(1, get_context("spawn"), collect_seldom) as process,
        ):
            at = Place(org, folder, process)
            first, read_at = measured(FIRST, at, policy, 0, None)
            hours = []
            for seed in range(1, options.rounds + 1):
                org.let(an_hour_of_work, options.changed, options.moved)
                hour, read_at = measured(HOURLY, at, policy, seed, read_at)
                hours.append(hour)
            rows = org.let(rows_asked, policy, None)
            scripts = plain_scripts(org, rows, hours[-1].changes)
    return Results(latency, first, tuple(hours), tuple(scripts))


def told(results: Results) -> str:
    """Say the result to a person."""
    lines = [f"{'':22}{'calls':>9}{'in a row':>9}{'bound':>9}{'wall':>9}{'ratio':>8}"]
    hours = results.hours
    for each, walls in ((results.first, [results.first.wall]), (hours[-1], results.walls)):
        bound, wall = results.bound(each), median(walls)
        lines.append(
            f"{each.name:22}{sum(each.calls.values()):>9,}{each.formula.chain:>9}"
            f"{bound:>8.2f}s{wall:>8.2f}s{wall / bound:>8.2f}"
        )
    bound = results.bound(hours[-1])
    for script in results.scripts:
        ratio = script.seconds / bound
        lines.append(
            f"{script.name:22}{script.calls:>9,}{'':>18}{script.seconds:>8.1f}s{ratio:>8.1f}"
            f"  {script.how}"
        )
    lines.append(f"\nhourly: {len(hours)} rounds, medians (least to most)")
    for name, seconds in results.seconds().items():
        spread = f"({min(seconds):.2f} to {max(seconds):.2f})"
        lines.append(f"{name:32}{median(seconds):8.2f} s  {spread}")
    for each in (results.first, hours[-1]):
        counts = sum(each.calls.values())
        lines += ["", f"{each.name}: {each.changes:,} changes, {each.most_at_once} calls at once"]
        lines += told_formula(each.formula, counts)
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, tell, and give the exit code."""
    parser = argparse.ArgumentParser(description="A pass over the wire, and its lower bound.")
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--changed", type=int, default=1_000, help="records changed in the hour")
    parser.add_argument("--moved", type=int, default=300, help="of them make an account move")
    parser.add_argument("--latency", type=float, default=150, help="milliseconds that a call lasts")
    parser.add_argument("--rounds", type=int, default=5, help="hourly passes")
    parser.add_argument("--without-findings", action="store_true", help="states alone")
    parser.add_argument("--at-most", type=float, help="exit 1 above so many times the bound")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    options = parser.parse_args(arguments)
    results = measure(options)
    text = json.dumps(asdict(results), indent=2) + "\n" if options.json else told(results)
    sys.stdout.write(text)
    over = options.at_most is not None and results.ratio > options.at_most
    wrong = [each for each in (results.first, *results.hours) if not each.right]
    return 1 if over or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
