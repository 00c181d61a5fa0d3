"""What is the plan of an org, of what was decided in its partitions?"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sfsync.extract.currencies import keeps_currencies
from sfsync.facts import Look
from sfsync.jobs.job import Planned, Services
from sfsync.jobs.judged import Judged, Key, Left, Terms, apart
from sfsync.jobs.tasks import Waiting, tasks_of
from sfsync.model import Change, Finding, Plan
from sfsync.portions import writing_calls
from sfsync.rules.blind import blind_spots
from sfsync.rules.needs import columns_needed
from sfsync.rules.tasks import DueTask
from sfsync.snapshot import Snapshot

NAME = "hourly"
# Reading begins some moments after the pass has read its clock.
_A_WHILE = timedelta(hours=1)


def terms_of(services: Services, read_at: datetime) -> Terms:
    """Say by what all partitions of a pass are judged."""
    made = services.journal.created_keys(services.books)
    return Terms(read_at, made, adds_up=not keeps_currencies(services.org))


@dataclass(slots=True)
class _Together:
    """What the partitions gave so far."""

    changes: list[Change] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    reviews: list[Finding] = field(default_factory=list)
    tasks: list[DueTask] = field(default_factory=list)
    stirred: set[Key] = field(default_factory=set)
    judged: int = 0
    left: list[Left] = field(default_factory=list)
    owners: dict[Key, str | None] = field(default_factory=dict)
    amounts: dict[Key, float] = field(default_factory=dict)
    at_stake_in_tasks: dict[Key, float] = field(default_factory=dict)

    def add(self, part: Judged) -> None:
        self.changes += part.changes
        self.findings += part.findings
        self.reviews += part.reviews
        self.tasks += part.tasks
        self.stirred.update(part.stirred)
        self.judged += part.judged
        self.left += part.left
        self.owners |= part.owners
        self.amounts |= part.amounts
        self.at_stake_in_tasks |= part.at_stake_in_tasks


def merged(
    parts: Iterable[Judged],
    services: Services,
    read_at: datetime,
    missing: frozenset[str],
    alike: Sequence[Finding],
) -> Planned:
    """Make the plan of all partitions of an org: byte for byte what one snapshot of it gives.

    `alike` are the likely duplicates, which are found over all partitions.
    """
    all_of = _Together()
    for part in parts:
        all_of.add(part)
    policy = services.policy
    places = {
        (name, task.name): (n, m)
        for n, (name, machine) in enumerate(policy.machines.items())
        for m, task in enumerate(machine.tasks)
    }
    due = sorted(all_of.tasks, key=lambda each: (places[each.object, each.task.name], each.id))
    tasks, waiting = tasks_of(due, services.org)
    tasks_now, tasks_later = apart(tasks, read_at)
    changes = sorted((*all_of.changes, *tasks_now), key=lambda each: (each.object, each.id))
    found = sorted(all_of.findings, key=lambda each: (each.object, each.id, each.code))
    reviews = sorted(all_of.reviews, key=lambda each: each.id)
    stirred = len(all_of.stirred) + len(tasks_later)
    plan = Plan(
        job=NAME,
        made_at=services.wall(),
        now=services.now,
        read_at=read_at,
        org=services.org.id,
        policy_hash=policy.hash,
        changes=tuple(changes),
        findings=(*found, *alike, *waiting.findings, *reviews),
        notes=tuple(_notes(services, read_at, missing, waiting, stirred)),
        judged=all_of.judged,
        api_calls=writing_calls(changes),
    )
    states = {
        key: state
        for left in all_of.left
        for key, state in left.items()
        if key not in all_of.stirred
    }
    late = {(each.object, each.id) for each in waiting.findings}
    amounts = {key: each for key, each in all_of.at_stake_in_tasks.items() if key in late}
    return Planned(plan, states, whole=True, amounts=all_of.amounts | amounts, owners=all_of.owners)


def _notes(
    services: Services, read_at: datetime, missing: frozenset[str], waiting: Waiting, stirred: int
) -> Iterator[str]:
    policy, now = services.policy, services.now
    # Which rules cannot judge is the same of every record: none is needed to tell.
    nothing = Look(Snapshot(now, services.org.zone, "", "", {}, {}, missing), policy)
    yield from blind_spots(nothing, columns_needed(policy))
    yield from waiting.notes
    if stirred:
        yield f"{stirred} records changed while they were read: left to the next pass."
    if now < read_at - _A_WHILE:
        yield f"This looks back: the org has gone on to {read_at:%Y-%m-%d %H:%M} UTC since."
