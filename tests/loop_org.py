"""How does a test carry the shipped sales loop through a fake org, pass by pass?"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from random import Random
from typing import Any

from empty_org import CONFIG as CONFIG
from empty_org import empty_org as empty_org
from entering import connect

from sfsync.apply import Desk
from sfsync.facts import Look
from sfsync.fake import FakeOrg
from sfsync.jobs import Planned, Ran, Services, run_planned
from sfsync.jobs.hourly import hourly, planned, read
from sfsync.jobs.undo import undo
from sfsync.journal import Journal
from sfsync.model import Run, RunState, States, from_wire
from sfsync.org import Org
from sfsync.policy import Policy
from sfsync.portions import BATCH_SIZE
from sfsync.rules.load import load_policy

Records = Mapping[str, Sequence[Mapping[str, Any]]]

CONFIG_FILES = (
    "sfsync.yaml",
    "rules/accounts.yaml",
    "rules/opportunities.yaml",
    "rules/contacts.yaml",
    "rules/leads.yaml",
)
ENRICH_FILES = ("enrich.yaml", "industries.yaml")


@cache
def config_texts() -> Mapping[str, str]:
    """The shipped configuration as it stands in its files."""
    names = (*CONFIG_FILES, *ENRICH_FILES)
    return {name: (CONFIG / name).read_text(encoding="utf-8") for name in names}


@cache
def shipped_policy() -> Policy:
    """The shipped configuration, loaded once."""
    return load_policy(config_texts())


@cache
def enforcing_policy() -> Policy:
    """The shipped configuration with `commit: {mode: enforce}`, loaded once."""
    texts = dict(config_texts())
    said = texts["sfsync.yaml"].replace("  mode: report ", "  mode: enforce ", 1)
    assert said != texts["sfsync.yaml"]
    return load_policy({**texts, "sfsync.yaml": said})


def fill(fake: FakeOrg, records: Records) -> None:
    """Put records in the REST API's form into the org, as they are; users that are there stay."""
    users = {str(row["Id"]) for row in fake.records("User")}
    # Activities look up the account of what they are about: that has to be there before them.
    order = ("User", "Account", "Contact", "Opportunity", "Task", "Event")
    for name in (*order, *(each for each in records if each not in order)):
        for row in records.get(name, ()):
            if row.get("Id") not in users:
                fake.add(name, **row)
    # No record of an org bears a stamp later than the org's clock.
    stamps = [
        from_wire(str(row["SystemModstamp"]))
        for name in records
        for row in fake.records(name)
        if row.get("SystemModstamp")
    ]
    fake.clock.set(max([fake.clock.now(), *stamps]))


Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Loop:
    """An org, the door to it, the books, and the moment that every pass judges."""

    fake: FakeOrg
    org: Org
    journal: Journal
    now: datetime
    batch_size: int = BATCH_SIZE
    chance: Random = field(default_factory=lambda: Random(0))
    policy: Policy = field(default_factory=shipped_policy)

    @property
    def services(self) -> Services:
        clock = self.fake.clock.now
        return Services(self.org, self.journal, self.policy, self.now, clock, clock, self.org.id)

    @property
    def desk(self) -> Desk:
        nothing = (lambda _: None, lambda *_: None)
        return Desk(
            self.org, self.journal, self.fake.clock.now, *nothing, batch_size=self.batch_size
        )

    def look(self) -> Look:
        """What a pass would see."""
        return read(self.services)

    def judge(self) -> tuple[Look, Planned]:
        """What a pass sees, and what it would change."""
        look = self.look()
        return look, planned(self.services, look, self.fake.clock.now())

    def plan(self) -> Planned:
        """What a pass would change."""
        return hourly(self.services)

    def apply(self, planned: Planned) -> Ran:
        """Carry out what was planned, however much it is."""
        return run_planned(planned, self.services, self.desk, allow_large=True, chance=self.chance)

    def run(self) -> Ran:
        """One whole pass."""
        return self.apply(self.plan())

    def undo(self, run_id: str) -> Ran:
        """Take a run back."""
        return self.apply(undo(self.services, run_id).planned)

    def remember(self, now: datetime, states: States) -> None:
        """Let the books say that an earlier pass at `now` left these records so."""
        run = Run(f"earlier-{now:%Y%m%d%H%M%S}", self.org.id, "hourly", now, now, None,
                  RunState.RUNNING, self.policy.hash)  # fmt: skip
        self.journal.start(run, ())
        self.journal.finish(run.id, finished=now, state=RunState.FINISHED, states=states)


def amounts_of(planned: Planned) -> Mapping[Key, float]:
    """What is at stake in the records of which something was found."""
    found = planned.unsaid.some(range(len(planned.unsaid))) if planned.unsaid else ()
    told = {(each.object, each.id): amount for each, amount in found if amount is not None}
    return {**planned.amounts, **told}


@contextmanager
def loop_of(fake: FakeOrg, now: datetime, policy: Policy | None = None) -> Iterator[Loop]:
    """A loop over an org, with new books in memory; by the shipped policy if no other is given."""
    org = connect(fake.session(), fake.host, fake.token(), sleep=lambda _: None)
    with closing(Journal.open("sqlite://")) as journal:
        yield Loop(fake, org, journal, now, policy=policy or shipped_policy())
