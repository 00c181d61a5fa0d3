"""What is the plan of an org, of what was decided in its partitions?"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import TypeAlias, TypeVar

import pyarrow as pa

from sfsync.extract.currencies import keeps_currencies
from sfsync.facts import Look
from sfsync.jobs.job import Planned, Services
from sfsync.jobs.judged import Judged, Left, Terms, apart
from sfsync.jobs.piles import Folder, Later, LaterByObject, Pile
from sfsync.jobs.stakes import AtStake, Key
from sfsync.jobs.tasks import Waiting, tasks_of
from sfsync.jobs.unsaid import Joined, Unsaid
from sfsync.model import Action, Change, Finding, Plan
from sfsync.policy import Policy
from sfsync.portions import BULK_FROM, calls_of_updates, concerned, writing_calls
from sfsync.rules.blind import blind_spots
from sfsync.rules.found import Found
from sfsync.rules.needs import columns_needed
from sfsync.rules.tasks import DueTask
from sfsync.snapshot import Snapshot

T = TypeVar("T")
# An object, and the number of a partition.
Part = tuple[str, int]
_Told: TypeAlias = dict[Key, T] | Later[Key, T]
NAME = "hourly"
# Reading begins some moments after the pass has read its clock.
_A_WHILE = timedelta(hours=1)


def terms_of(services: Services, read_at: datetime) -> Terms:
    """Say by what all partitions of a pass are judged."""
    made = services.journal.created_keys(services.books)
    return Terms(read_at, made, adds_up=not keeps_currencies(services.org))


def _by_id(change: Change) -> tuple[str, str]:
    return change.object, change.id


def _by_code(finding: Finding) -> tuple[str, str, str]:
    return finding.object, finding.id, finding.code


class _Together:
    """What the partitions gave so far: as it is, or in files of a folder."""

    def __init__(self, folder: Folder | None) -> None:
        self.changes: list[Change] | Pile[Change] = Pile(folder, _by_id) if folder else []
        # Without a folder there is one part, which is all of the org.
        self.findings: Sequence[Finding] = Pile(folder, _by_code) if folder else ()
        self.unsaid: Unsaid | None = None
        self.read: dict[Part, pa.Array] | Later[Part, pa.Array] = Later(folder) if folder else {}
        self.states: dict[str, dict[str, str | None]] | LaterByObject = (
            LaterByObject(folder) if folder else {}
        )
        self.owners: dict[Key, str | None] | Later[Key, str | None] = (
            Later(folder) if folder else {}
        )
        self.amounts: Mapping[Key, float] = Later(folder) if folder else {}
        self.calls = Calls(folder)
        self.reviews: list[Finding] = []
        self.tasks: list[DueTask] = []
        self.stirred = self.judged = self._parts = 0

    def add(self, part: Judged) -> None:
        """Add what one partition gave."""
        self.states.update((left.object, _but(left, part.stirred)) for left in part.left)
        self.read.update(((left.object, self._parts), left.ids) for left in part.left)
        self._parts += 1
        self.owners.update(part.owners.items())
        if isinstance(self.amounts, Later):
            self.amounts.update(part.amounts.items())
        else:
            self.amounts = part.amounts
        self.calls.extend(part.changes)
        self.changes.extend(part.changes)
        if isinstance(self.findings, Pile):
            self.findings.extend(part.findings)
        else:
            self.findings = part.findings
        if isinstance(part.findings, Found) and isinstance(part.amounts, AtStake):
            self.unsaid = Unsaid(part.findings, part.amounts)
        self.reviews += part.reviews
        self.tasks += part.tasks
        self.stirred += len({*part.stirred})
        self.judged += part.judged


def merged(
    parts: Iterable[Judged],
    services: Services,
    read_at: datetime,
    missing: frozenset[str],
    alike: Sequence[Finding],
    folder: Folder | None = None,
) -> Planned:
    """Make the plan of all partitions of an org: byte for byte what one snapshot of it gives.

    `alike` are the likely duplicates, which are found over all partitions. With a `folder` what
    there is very much of is kept there: changes and findings, Ids, states, owners and amounts.
    """
    together = _Together(folder)
    rest = iter(parts)
    # What one partition gave is let go of before the next one is judged.
    while (part := next(rest, None)) is not None:
        together.add(part)
        del part
    waiting = _with_tasks(together, services, read_at)
    more = Joined(alike, (*waiting.findings, *sorted(together.reviews, key=lambda each: each.id)))
    plan = Plan(
        job=NAME,
        made_at=services.wall(),
        now=services.now,
        read_at=read_at,
        org=services.org.id,
        policy_hash=services.policy.hash,
        changes=_sorted(together.changes),
        findings=_ending_with(together.findings, more),
        notes=tuple(_notes(services, read_at, missing, waiting, together.stirred)),
        judged=together.judged,
        api_calls=together.calls.count(),
    )
    return Planned(
        plan,
        together.states,
        read=together.read,
        whole=True,
        amounts=together.amounts,
        unsaid=together.unsaid,
        owners=together.owners,
    )


def _with_tasks(together: _Together, services: Services, read_at: datetime) -> Waiting:
    """Add the tasks that are due now; return what is told of the others."""
    tasks, waiting = tasks_of(_in_order(together.tasks, services.policy), services.org)
    now, later = apart(tasks, read_at)
    created = sorted(now, key=_by_id)
    together.calls.extend(created)
    together.changes.extend(created)
    together.stirred += len(later)
    return waiting


def _but(left: Left, stirred: Iterable[Key]) -> dict[str, str | None]:
    gone = {id for name, id in stirred if name == left.object}
    return {id: state for id, state in left.states.items() if id not in gone}


def _sorted(changes: list[Change] | Pile[Change]) -> Sequence[Change]:
    return changes if isinstance(changes, Pile) else tuple(sorted(changes, key=_by_id))


def _ending_with(findings: Sequence[Finding], more: Sequence[Finding]) -> Sequence[Finding]:
    return findings.ending_with(more) if isinstance(findings, Pile) else Joined(findings, more)


def _in_order(tasks: Iterable[DueTask], policy: Policy) -> list[DueTask]:
    """Put tasks in the order of their rules, then of the records."""
    places = {
        (name, task.name): (n, m)
        for n, (name, machine) in enumerate(policy.machines.items())
        for m, task in enumerate(machine.tasks)
    }
    return sorted(tasks, key=lambda each: (places[each.object, each.task.name], each.id))


class Calls:
    """Counts the requests that applying changes takes, without holding all of them."""

    def __init__(self, folder: Folder | None) -> None:
        self._folder = folder
        self._few: dict[str, list[Change]] = {}
        self._others: list[Change] = []
        self._many: dict[str, Pile[tuple[str, str, frozenset[str]]]] = {}

    def extend(self, changes: Iterable[Change]) -> None:
        """Count changes in."""
        for name, same in groupby(sorted(changes, key=_by_id), lambda each: each.object):
            each = [*same]
            self._others += (one for one in each if one.action is not Action.UPDATE)
            updates = [one for one in each if one.action is Action.UPDATE]
            if name not in self._many:
                self._few.setdefault(name, []).extend(updates)
                updates = self._few[name]
                if self._folder is None or len(updates) <= BULK_FROM:
                    continue
                self._many[name] = Pile(self._folder, lambda told: told[:2])
                del self._few[name]
            self._many[name].extend(sorted(map(concerned, updates), key=lambda told: told[:2]))

    def count(self) -> int:
        """Return how many requests all of them take."""
        few = [one for each in self._few.values() for one in sorted(each, key=_by_id)]
        many = sum(calls_of_updates(pile, len(pile)) for pile in self._many.values())
        return many + writing_calls(few) + writing_calls(sorted(self._others, key=_by_id))


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
