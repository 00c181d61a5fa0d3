"""What does the sales loop ask for, right now?"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pandas as pd

from sfsync.calendar import latest
from sfsync.duplicates import likely_duplicates
from sfsync.extract import Approach, approach, extract
from sfsync.extract.currencies import keeps_currencies
from sfsync.facts import Look
from sfsync.jobs.asked import reviews_found
from sfsync.jobs.job import JOBS, Planned, Services, as_plan
from sfsync.jobs.tasks import tasks_of
from sfsync.model import Action, Change, Finding, Stamp, Watch, from_wire, to_wire
from sfsync.rules.blind import blind_spots
from sfsync.rules.findings import owners_of
from sfsync.rules.judge import judge
from sfsync.rules.needs import columns_needed
from sfsync.snapshot import MODIFIED, Snapshot

NAME = "hourly"
# What is at stake in a record: the opportunity's own amount, the open ones of an account.
_STAKES = {"Opportunity": "amount", "Account": "open_pipeline"}
# Reading begins some moments after the pass has read its clock.
_A_WHILE = timedelta(hours=1)


def read(services: Services, way: Approach | None = None) -> Look:
    """Read the org as the rules need it, with what the journal knows of earlier runs.

    Raises Stopped where that takes more API calls than the org can spare.
    """
    org, policy, journal = services.org, services.policy, services.journal
    snapshot = extract(
        org,
        policy,
        services.now,
        journal.previous_pass(services.books),
        journal.own_writes(services.books, policy.state_fields()),
        way=way or way_to_read(services),
    )
    return Look(snapshot, policy)


def way_to_read(services: Services) -> Approach:
    """Decide how to read the org. Raises Stopped where the org cannot spare the API calls."""
    org, policy, read_at = services.org, services.policy, services.clock()
    whole_since = latest(policy.reading.whole_after, read_at, org.zone)
    if services.whole:
        whole_since = datetime.max.replace(tzinfo=UTC)
    return approach(org, policy, read_at, services.store, whole_since=whole_since)


@JOBS.named(NAME)
def hourly(services: Services) -> Planned:
    """Judge every account and opportunity by the rules, and plan what they ask for, tasks
    included.
    """
    way = way_to_read(services)
    return planned(services, read(services, way), way.read_at)


def planned(services: Services, look: Look, read_at: datetime) -> Planned:
    """Plan what the rules ask for, of an org that was read when its clock said `read_at`."""
    judgement = judge(look, services.journal.created_keys(services.books))
    tasks, waiting = tasks_of(judgement.tasks, services.org)
    changes = (*with_recent(judgement.changes, look), *tasks)
    quiet, stirred = _apart(changes, read_at)
    notes = [*blind_spots(look, columns_needed(services.policy)), *waiting.notes]
    if stirred:
        notes.append(f"{len(stirred)} records changed while they were read: left to the next pass.")
    if services.now < read_at - _A_WHILE:
        notes.append(f"This looks back: the org has gone on to {read_at:%Y-%m-%d %H:%M} UTC since.")
    plan = as_plan(
        NAME,
        services,
        quiet,
        read_at=read_at,
        findings=(
            *judgement.findings,
            *likely_duplicates(look),
            *waiting.findings,
            *reviews_found(look, services.journal.reviews.open(services.books)),
        ),
        notes=notes,
        judged=judgement.judged,
    )
    states = _states(look.snapshot, look)
    for change in stirred:
        # Of a task that is to be created no state is known.
        states.pop((change.object, change.id), None)
    adds_up, owners = not keeps_currencies(services.org), _owners(look, quiet)
    amounts = _at_stake(look, plan.findings, adds_up=adds_up)
    return Planned(plan, states, whole=True, amounts=amounts, owners=owners)


def _at_stake(
    look: Look, findings: Sequence[Finding], *, adds_up: bool
) -> dict[tuple[str, str], float]:
    """Return the amount of each opportunity, and of the open ones of each account, of which
    something was found; the latter only where amounts add up, being in one currency.
    """
    amounts: dict[tuple[str, str], float] = {}
    for object_name, name in _STAKES.items() if adds_up else [("Opportunity", "amount")]:
        ids = sorted({each.id for each in findings if each.object == object_name})
        if not ids:
            continue
        rows = look.frame(object_name).index.get_indexer(pd.Index(ids))
        values = look.column(object_name, name).take(rows)
        pairs = zip(ids, values, strict=True)
        amounts.update({(object_name, id): float(value) for id, value in pairs if value})
    return amounts


def _owners(look: Look, changes: Sequence[Change]) -> dict[tuple[str, str], str | None]:
    """Return the Ids of the users who own the records that are updated; None for a queue's."""
    owners: dict[tuple[str, str], str | None] = {}
    updated = [each for each in changes if each.action is Action.UPDATE]
    for name in sorted({each.object for each in updated}):
        index = look.frame(name).index
        rows = index.get_indexer(pd.Index([each.id for each in updated if each.object == name]))
        rows = rows[rows >= 0]
        keys = [(name, id) for id in index[rows]]
        owners.update(zip(keys, owners_of(look, name, rows), strict=True))
    return owners


def with_recent(changes: tuple[Change, ...], look: Look) -> tuple[Change, ...]:
    """Name, in what changes rest on, the watched records that changed shortly before the reading.

    What shows later with a stamp of that time was under way when it was read: only so can the two
    be told apart.
    """
    watches = {watch for change in changes for watch in change.watches}
    recent = {watch: _changed_lately(watch, look) for watch in watches}
    found = []
    for change in changes:
        named = {each for watch in change.watches for each in recent[watch].get(change.id, ())}
        more = sorted(named - set(change.rests_on))
        found.append(replace(change, rests_on=(*change.rests_on, *more)) if more else change)
    return tuple(found)


def _changed_lately(watch: Watch, look: Look) -> dict[str, list[Stamp]]:
    """Return the stamps of a watched object's recent records, by the record that they lead to."""
    specs = look.policy.objects[watch.object].values()
    column = next(spec.name for spec in specs if spec.field == watch.field)
    lately = look.snapshot.recent.get(watch.object)
    found: dict[str, list[Stamp]] = {}
    if lately is not None and column in lately:
        for id, parent, modified in zip(
            lately.index, lately[column], lately[MODIFIED], strict=True
        ):
            stamp = Stamp(watch.object, id, to_wire(modified.tz_localize("UTC")))
            found.setdefault(parent, []).append(stamp)
    return found


def _apart(
    changes: tuple[Change, ...], read_at: datetime
) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
    """Part the changes that rest on what stood when reading began from those that do not.

    Pages are read one after another: what somebody changes meanwhile is read in part only.
    """
    quiet: list[Change] = []
    stirred: list[Change] = []
    for change in changes:
        stamps = [stamp.modified for stamp in change.rests_on if stamp.modified]
        late = any(from_wire(stamp) > read_at for stamp in stamps)
        (stirred if late else quiet).append(change)
    return tuple(quiet), tuple(stirred)


def _states(snapshot: Snapshot, look: Look) -> dict[tuple[str, str], str | None]:
    """Return the status or stage of each record read."""
    states: dict[tuple[str, str], str | None] = {}
    for name, machine in look.policy.machines.items():
        if name in snapshot.frames:
            column = look.column(name, machine.state)
            words = [*column.words, None]
            values = [words[code] for code in column.values.tolist()]
            states.update(
                zip([(name, i) for i in snapshot.frames[name].index], values, strict=True)
            )
    return states
