"""How does a test let a pass meet one fault, and tell afterwards what became of org and books?"""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from urllib.parse import unquote_plus

import pytest
from loop_org import config_texts, empty_org

from sfsync.apply import Desk
from sfsync.errors import ExitCode, SfsyncError
from sfsync.fake import FakeOrg
from sfsync.fake.given_faults import Faults
from sfsync.fake.server import Call
from sfsync.jobs import Planned, Ran, Services, plan_job, run_planned, settle_before
from sfsync.journal import Journal
from sfsync.model import JournalledChange, RunState
from sfsync.org.client import API_VERSION, open_org
from sfsync.org.credentials import ClientCredentials
from sfsync.org.signin import check_version, sign_in
from sfsync.policy import Policy
from sfsync.rules.load import load_policy
from sfsync.store import Store

NOW = datetime(2026, 6, 15, 8, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=200)
MOVED, STAYING = 22, 6
# Three pages of accounts, three batches, and jobs in place of both where more than a few count as
# many: so each phase of a pass is there, and more than once where it can be.
PAGE, BATCH, FEW, MANY = 10, 8, 5, 10_000
RESERVE = 0.2
# Makes the ids of all runs here, so that no two are alike.
CHANCE = Random(0)
RULES = """\
object: Account
state: status
states:
  none:         {may_become: []}
  Target:       {entered: target_at, may_become: [Backlog]}
  Working:      {entered: working_at, may_become: []}
  Customer:     {entered: customer_at, may_become: []}
  Backlog:      {entered: backlog_at, may_become: []}
  Disqualified: {entered: disqualified_at, may_become: []}
rules:
  - name: idle
    from: Target
    when: {idle_days: {at_least: 60}, next_step_on: absent}
    to: Backlog
    set: {backlog_count: {fact: next_backlog_count}, backlog_until: {fact: next_backlog_until}}
    because: no activity for {idle_days} days and nothing planned
"""
DEALS = """\
object: Opportunity
state: stage
states: {Qualified Opportunity: {}, Free Trial: {}, Closing: {}, Commit: {}, Closed Won: {}}
rules: []
"""
# What differs between two orgs in which the same was done at other moments.
MOMENTS = frozenset({"SystemModstamp", "LastModifiedDate", "Backlog_At__c"})


Requests = list[tuple[str, str, str]]


@cache
def small_policy() -> Policy:
    """The shipped settings with one rule: a pass of it is read, judged and written in no time."""
    settings = {"sfsync.yaml": config_texts()["sfsync.yaml"]}
    return load_policy({**settings, "rules/accounts.yaml": RULES, "rules/deals.yaml": DEALS})


def idle_org() -> tuple[FakeOrg, list[str]]:
    """An org whose clock stands at NOW, and the accounts that have been idle for too long."""
    fake = empty_org(NOW, "Europe/Paris")
    past = {"CreatedDate": LONG_AGO, "SystemModstamp": LONG_AGO}
    ids = []
    for number in range(MOVED + STAYING):
        status = "Target" if number < MOVED else "Customer"
        entered = {"Status__c": status, f"{status}_At__c": LONG_AGO}
        ids.append(fake.add("Account", Name=f"Firm {number:02d}", **entered, **past))
        # So few that accounts alone are read by a bulk job: with another one abreast it would be
        # chance whose results are asked for first.
        if number % 8 == 0:
            day = {"ActivityDate": LONG_AGO.date().isoformat()}
            fake.add("Task", Subject="Call", WhatId=ids[-1], Status="Completed", **day, **past)
    fake.state.page_size_limit = PAGE
    return fake, ids[:MOVED]


@dataclass(slots=True)
class Pass:
    """How a pass ended: its exit code, and what it did or was stopped by."""

    code: ExitCode
    ran: Ran | None = None
    error: SfsyncError | None = None


@dataclass(slots=True)
class Site:
    """An org, the folder of what is kept of it, and whether much there goes through bulk jobs.

    `ids` are the accounts that are to move. `commits` counts the commits that touched an account,
    whoever wrote it; `seen` holds the requests that reached the org or a fault on the way to it, as
    (method, path, address and body). `edited` is the account that a person
    edits meanwhile, once; `planned` what the latest pass planned.
    """

    folder: Path
    in_bulk: bool
    fake: FakeOrg
    ids: list[str]
    faults: Faults = field(init=False)
    commits: Counter[str] = field(default_factory=Counter)
    seen: Requests = field(default_factory=list)
    edited: str | None = None
    planned: Planned | None = None

    def __post_init__(self) -> None:
        """Begin to watch the org."""
        self.faults = Faults(self.fake)
        # Asked before any fault: what a fault keeps from the org is seen too.
        self.fake.on_request.insert(0, self._watch)
        self.fake.state.on_commit.append(self._count)

    def _watch(self, call: Call) -> None:
        if call.when == "before":
            words = f"{call.request.target} {call.body.decode('utf-8', 'replace')}"
            self.seen.append((call.method, call.path, unquote_plus(words)))

    def _count(self, touched: list[tuple[str, str]]) -> None:
        self.commits.update(id for object, id in touched if object == "Account")

    def run(self, planned: Planned | None = None) -> Pass:
        """Sign in and carry out one pass as `sfsync run hourly` does, or a plan that was made
        before as `sfsync apply` does; nobody waits in it.
        """
        try:
            ran = self._run(self.fake.clock.now(), planned)
        except SfsyncError as error:
            return Pass(error.exit_code, error=error)
        return Pass(ran.exit_code, ran)

    def _run(self, now: datetime, planned: Planned | None) -> Ran:
        fake, journal = self.fake, shared_journal()

        def sleep(_seconds: float) -> None:
            fake.clock.advance(1)

        app = ClientCredentials(fake.url, "fake-client", "fake-secret")
        session = fake.session()
        tokens = sign_in(app, session, fake.clock.now, sleep=sleep)
        check_version(session, tokens.host, API_VERSION, sleep=sleep)
        org = open_org(session, tokens, sleep=sleep)

        def clock() -> datetime:
            return org.told_at or fake.clock.now()

        store = Store(self.folder / "store")
        policy, wall = small_policy(), fake.clock.now
        services = Services(org, journal, policy, now, wall, clock, self.books, store)
        desk = Desk(
            org,
            journal,
            clock,
            sleep,
            lambda *_: None,
            RESERVE,
            bulk_from=FEW if self.in_bulk else MANY,
            batch_size=BATCH,
        )
        settle_before(services, desk)
        planned = self.planned = planned or plan_job("hourly", services)
        return run_planned(planned, services, desk, allow_large=True, chance=CHANCE)

    def entries(self) -> list[tuple[RunState, JournalledChange]]:
        """Every change in the books, with the state of its run, oldest run first."""
        journal = shared_journal()
        return [
            (run.state, entry)
            for run in reversed(journal.runs(self.books))
            for entry in journal.changes(run.id)
        ]

    @property
    def books(self) -> str:
        """The name of the books."""
        return str(self.folder)

    def accounts(self) -> dict[str, dict[str, object]]:
        """What the org holds of each account, but for the moments at which it was written."""
        return {
            str(row["Id"]): {name: row[name] for name in row.keys() - MOMENTS}
            for row in self.fake.records("Account")
        }

    def written(self) -> Counter[str]:
        """How often the service wrote each account that it wrote."""
        return self.commits - Counter([self.edited] if self.edited else [])

    def moves(self) -> Counter[tuple[str, str]]:
        """How often the field history has each account in each status."""
        return Counter(
            (str(row["AccountId"]), str(row["NewValue"]))
            for row in self.fake.records("AccountHistory")
            if row["Field"] == "Status__c"
        )


@contextmanager
def site(folder: Path, *, in_bulk: bool) -> Iterator[Site]:
    """An idle org with new books; with `in_bulk` all but a few records are read and written by bulk
    jobs.
    """
    most = FEW if in_bulk else MANY
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sfsync.org.READ_IN_BULK_FROM", most)
        patch.setattr("sfsync.org.whole.READ_IN_BULK_FROM", most)
        yield Site(folder, in_bulk, *idle_org())


@cache
def shared_journal() -> Journal:
    """One database for the books of all sites: each has its own name there."""
    return Journal.open("sqlite://")


@dataclass(frozen=True, slots=True)
class Phase:
    """A place in a pass: the `nth` request (from 0) of `method` whose path holds `path` and whose
    address or body has `pick` in it. With `is_writing` it is about carrying out a plan.
    """

    method: str
    path: str
    pick: str = ""
    nth: int = 0
    in_bulk: bool = False
    is_writing: bool = False

    def met(self, seen: Requests) -> bool:
        """Whether there was such a request."""
        found = [
            words
            for method, path, words in seen
            if method == self.method and self.path in path and self.pick in words
        ]
        return len(found) > self.nth

    def aim(self) -> Mapping[str, object]:
        """The aim of a fault at this place."""
        picked = {"about": self.pick} if self.pick else {}
        return {"path": self.path, "method": self.method, "at": self.nth + 1, **picked}
