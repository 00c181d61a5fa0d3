"""What does the judgement of one partition come to?

A partition is all of a small org, or what one shard of a large one holds. What is told here goes
from process to process: plain values, none of which leads back to the snapshot.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pyarrow as pa

from sfsync.facts import Look
from sfsync.jobs.asked import reviews_found
from sfsync.jobs.stakes import AtStake, Key
from sfsync.journal import Review
from sfsync.model import Action, Change, Finding, Stamp, Value, Watch, from_wire, to_wire
from sfsync.places import rows_among
from sfsync.rules.findings import owners_of
from sfsync.rules.judge import judge
from sfsync.rules.tasks import DueTask
from sfsync.snapshot import MODIFIED, PREVIOUS_STATE, WAS_READ


@dataclass(frozen=True, slots=True)
class Terms:
    """By what all partitions of a pass are judged, beside the policy.

    `read_at` is the org's clock when reading began (aware UTC). `made` holds the keys of all that
    was created before; `adds_up` says that all amounts are in one currency.
    """

    read_at: datetime
    made: frozenset[str]
    adds_up: bool


@dataclass(frozen=True, slots=True)
class Left:
    """Which records of one object were read: the Ids of all (string), and the state (None: none) of
    each one that the last pass had left in another, or not read.
    """

    object: str
    ids: pa.Array
    states: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Judged:
    """What was decided and found in one partition, each sorted as in a plan.

    `tasks` are in the order of their rules, then of the records. `stirred` names the records that
    changed while they were read: nothing is done to them in this pass, and they are in no other
    part of this. `reviews` are the questions that are open. `judged` counts accounts. `owners` has
    whose the records are that change, `amounts` what is at stake, in these at least and in those of
    which something is told.
    """

    changes: tuple[Change, ...]
    tasks: tuple[DueTask, ...]
    stirred: tuple[Key, ...]
    findings: Sequence[Finding]
    reviews: tuple[Finding, ...]
    judged: int
    left: tuple[Left, ...]
    owners: Mapping[Key, str | None]
    amounts: Mapping[Key, float]


def judged(look: Look, terms: Terms, reviews: Sequence[Review]) -> Judged:
    """Judge a partition. `reviews` are open questions about accounts.

    Raises CircleError where rules contradict each other.
    """
    judgement = judge(look, terms.made)
    quiet, stirred = apart(with_recent(judgement.changes, look), terms.read_at)
    asked = tuple(reviews_found(look, reviews))
    return Judged(
        changes=quiet,
        tasks=judgement.tasks,
        stirred=tuple((each.object, each.id) for each in stirred),
        findings=judgement.findings,
        reviews=asked,
        judged=judgement.judged,
        left=tuple(_left(look)),
        owners=_owners(look, quiet),
        amounts=AtStake(look, adds_up=terms.adds_up),
    )


def in_words(judged: Judged, told: Collection[Key] = ()) -> Judged:
    """Return the same as plain values: all findings in words, and what is at stake in the records
    of which something is found or told.
    """
    amounts = judged.amounts
    if isinstance(amounts, AtStake):
        several = (judged.changes, judged.findings, judged.reviews, judged.tasks)
        amounts = amounts.of({*told, *((one.object, one.id) for each in several for one in each)})
    return replace(judged, findings=tuple(judged.findings), amounts=amounts)


def apart(
    changes: Iterable[Change], read_at: datetime
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


def _left(look: Look) -> Iterator[Left]:
    """Yield, per object, which records were read, and the status or stage that is new."""
    for name, machine in look.policy.machines.items():
        if name not in look.snapshot.frames:
            continue
        column, frame = look.column(name, machine.state), look.frame(name)
        before = frame[PREVIOUS_STATE].array
        codes = np.array([*map(column.code, before.categories), -1])[before.codes]
        guests = look.snapshot.guests.get(name)
        home = np.full(len(frame), True) if guests is None else ~guests
        new = np.flatnonzero(home & ~(frame[WAS_READ].to_numpy() & (codes == column.values)))
        states = zip(frame.index[new].tolist(), map(_text, column.take(new)), strict=True)
        yield Left(name, pa.array(frame.index[home], pa.string()), dict(states))


def _text(state: Value) -> str | None:
    return None if state is None else str(state)


def _owners(look: Look, changes: Sequence[Change]) -> dict[Key, str | None]:
    """Return the Ids of the users who own the records that are updated; None for a queue's."""
    owners: dict[Key, str | None] = {}
    updated = [each for each in changes if each.action is Action.UPDATE]
    for name in sorted({each.object for each in updated}):
        index = look.frame(name).index
        rows = rows_among(index, [each.id for each in updated if each.object == name])
        rows = rows[rows >= 0]
        keys = [(name, id) for id in index[rows]]
        owners.update(zip(keys, owners_of(look, name, rows), strict=True))
    return owners
