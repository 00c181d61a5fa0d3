"""What is a cleanup, which are there, and how does one become a plan?

A cleanup repairs what stands in an org, once: an admin looks at its plan, and carries it out or
not. A new one is a file in this folder and a line in its `__init__`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np

from sfsync.columns import Array, Kind, Mask
from sfsync.errors import ConfigError, NotFound
from sfsync.extract import Approach, approach
from sfsync.facts import Look
from sfsync.jobs.hourly import read, with_recent
from sfsync.jobs.job import CHECK_ID, Planned, Services, as_plan
from sfsync.model import CLEANUP_CAUSE, Change, Evidence, FieldChange, Value
from sfsync.org import OrgReader
from sfsync.registry import Registry, nearest
from sfsync.rules.findings import owners_of, referred_ids
from sfsync.rules.judge import watches_of
from sfsync.rules.needs import columns_needed
from sfsync.rules.rests import resting_on
from sfsync.rules.shape import SETTINGS_FILE
from sfsync.rules.words import ids_of, names_of

# By the options' names. Two that all cleanups have are among them, so that what is shared out is
# shared out among the records asked for: `id` (empty: all) and `owner` (None: everybody).
Wishes = Mapping[str, Value | tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Option:
    """What may be wished of a cleanup beside what all understand: a `flag`, a `text`, a `number` of
    0 or more, a `day` (as 2026-06-15), or a `person`, of whom the cleanup is told the user's Id.

    Where `several` may be given (persons also with commas) they come as a tuple. One that is
    `instead_of` another is not given together with it.
    """

    name: str
    kind: Literal["flag", "text", "number", "day", "person"]
    help: str
    default: int | None = None
    several: bool = False
    metavar: str = "TEXT"
    instead_of: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """What a cleanup writes into one field (our name) of a record, why, and what proves it.

    Values are as on the wire: into a reference goes an Id. `rests` names the facts that decided, or
    fields of other records (`account.country`): where what they are made of changes, so may they.
    """

    column: str
    after: Value
    reason: str
    evidence: tuple[Evidence, ...] = ()
    rests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """What a cleanup would write, by object and row of the object's frame, and what it says of
    it; where it moves accounts, of how many `judged` ones.
    """

    written: Mapping[str, Mapping[int, Sequence[Written]]]
    notes: tuple[str, ...] = ()
    judged: int = 0


# What is left of what was found, once it is known which values the org has.
Fit = Callable[[OrgReader, Look, Found], Found]
# Changes of other records that go along with those that were chosen.
Along = Callable[[OrgReader, Look, Wishes, Sequence[Change]], Sequence[Change]]


@dataclass(frozen=True, slots=True)
class Made:
    """The changes that a cleanup makes itself, of the part that is asked for; whose the records
    are, by (object, id); and what it says of them.
    """

    changes: tuple[Change, ...]
    owners: Mapping[tuple[str, str], str | None]
    notes: tuple[str, ...] = ()


def nothing(_look: Look, _wishes: Wishes) -> Found:
    """Find nothing to be written into fields."""
    return Found({})


def _anything(_wishes: Wishes, _today: date) -> None:
    """Take any wishes."""


@dataclass(frozen=True, slots=True)
class Cleanup:
    """One cleanup: what it does in one line, what may be wished of it, and how it is found.

    `reads` names the columns (`Object.column`) that it needs beside those of facts and rules,
    `may_read` those that it can do without where the policy does not name them. `check` raises
    Misused where the wishes make no sense, on that day of the org. `fit` takes out what the org's
    picklists lack; without it such a value is refused. What goes `along` with a record is not
    counted by `--limit`. One that does something else to records than to write fields has `make` in
    place of `find`, and looks itself at which part is asked for.
    """

    name: str
    summary: str
    find: Callable[[Look, Wishes], Found] = nothing
    options: tuple[Option, ...] = ()
    reads: tuple[str, ...] = ()
    may_read: tuple[str, ...] = ()
    fit: Fit | None = None
    along: Along | None = None
    check: Callable[[Wishes, date], None] = _anything
    make: "Callable[[Services, Look, Wishes, Part], Made] | None" = None


@dataclass(frozen=True, slots=True)
class Part:
    """Of which records a cleanup is wanted: these Ids, of this owner's, so many at most (nothing
    named: all).
    """

    ids: Sequence[str] = ()
    owners: frozenset[str] | None = None
    limit: int | None = None


CLEANUPS: Registry[Cleanup] = Registry("cleanup")


def plan_cleanup(name: str, services: Services, wishes: Wishes, part: Part) -> Planned:
    """Plan a cleanup of all records of the loop, or of a part of them.

    Raises NotFound for an unknown cleanup, for a record that nothing is to be done about, and for a
    value that a picklist does not have; Misused for wishes that make no sense; ConfigError where
    no name is given to a field that it reads; Stopped where the org cannot spare the API calls.
    """
    cleanup = CLEANUPS.find(name)
    cleanup.check(wishes, services.now.astimezone(ZoneInfo(services.org.zone)).date())
    read_at = services.clock()
    look = read(services, _way(cleanup, services))
    owned = None if part.owners is None else tuple(sorted(part.owners))
    wishes = {**wishes, "id": tuple(part.ids), "owner": owned}
    if cleanup.make is not None:
        made = cleanup.make(services, look, wishes, part)
        plan = as_plan(name, services, made.changes, read_at=read_at, notes=made.notes)
        return Planned(plan, owners=made.owners)
    found = cleanup.find(look, wishes)
    found = found if cleanup.fit is None else cleanup.fit(services.org, look, found)
    changes: list[Change] = []
    owners: dict[tuple[str, str], str | None] = {}
    for object_name, rows in found.written.items():
        places = np.array(sorted(rows), dtype="int64")
        for rests, some in _by_rests(rows).items():
            changes += _changes(look, object_name, some, f"{CLEANUP_CAUSE}{name}", rests)
        keys = [(object_name, id) for id in ids_of(look, object_name, places)]
        owners |= dict(zip(keys, owners_of(look, object_name, places), strict=True))
    _check_values(changes, services.org)
    chosen, notes = _part_of(with_recent(tuple(changes), look), owners, part)
    if cleanup.along is not None:
        chosen += cleanup.along(services.org, look, wishes, chosen)
    notes = [*found.notes, *notes]
    plan = as_plan(name, services, chosen, read_at=read_at, notes=notes, judged=found.judged)
    return Planned(plan, owners=owners)


def _way(cleanup: Cleanup, services: Services) -> Approach | None:
    """Decide how to read for a cleanup: as for a pass, or, where it needs more, all afresh."""
    policy = services.policy
    needed = columns_needed(policy, cleanup.may_read)
    if not cleanup.reads and needed == columns_needed(policy):
        return None
    columns = {name: set(several) for name, several in needed.items()}
    problems = []
    for each in cleanup.reads:
        object_name, _, name = each.partition(".")
        columns.setdefault(object_name, set()).add(name)
        if name not in policy.objects.get(object_name, {}):
            told = f"the cleanup {cleanup.name} reads {each}: name its field under `objects`"
            problems.append(f"{SETTINGS_FILE}: {told}")
    if problems:
        raise ConfigError(problems)
    wanted = {name: sorted(several) for name, several in columns.items()}
    # What is kept for the passes has other columns: it stays as it is.
    return approach(services.org, policy, services.clock(), columns=wanted)


def _by_rests(
    written: Mapping[int, Sequence[Written]],
) -> dict[tuple[str, ...], dict[int, Sequence[Written]]]:
    """Part the rows by the facts on which all that is written into them rests."""
    groups: dict[tuple[str, ...], dict[int, Sequence[Written]]] = {}
    for row, several in written.items():
        rests = tuple(dict.fromkeys(name for each in several for name in each.rests))
        groups.setdefault(rests, {})[row] = several
    return groups


def _check_values(changes: Sequence[Change], org: OrgReader) -> None:
    """Refuse values that a picklist does not have: an org may take them, and then has one more."""
    asked = {
        (each.object, field, change.after)
        for each in changes
        for field, change in each.fields.items()
        if isinstance(change.after, str)
    }
    problems = []
    for object_name, field, value in sorted(asked):
        info = (org.fields(object_name) or {}).get(field)
        if info is not None and info.values and value not in info.values:
            problems.append(f'{object_name}.{field} has no value "{value}"')
            problems[-1] += nearest(str(value), info.values)
    if problems:
        raise NotFound("\n".join(problems))


def asked_for(look: Look, object_name: str, wishes: Wishes) -> Mask:
    """Tell which records of an object are asked for by `--id` and `--owner`."""
    asked = np.ones(look.size(object_name), dtype=bool)
    ids, owners = wishes.get("id"), wishes.get("owner")
    if isinstance(ids, tuple) and ids:
        asked &= np.asarray(look.frame(object_name).index.str.startswith(ids), dtype=bool)
    if isinstance(owners, tuple):
        there = owners_of(look, object_name, np.arange(len(asked)))
        asked &= np.isin(np.array(there, dtype=object), owners)
    return asked


def _changes(
    look: Look,
    object_name: str,
    written: Mapping[int, Sequence[Written]],
    cause: str,
    rests: Sequence[str],
) -> Iterator[Change]:
    """Put what is written into changes, without what stands there already."""
    rows = np.array(sorted(written), dtype="int64")
    if not len(rows):
        return
    columns = {each.column for several in written.values() for each in several}
    before = {
        name: dict(zip(rows.tolist(), _standing(look, object_name, name, rows), strict=True))
        for name in columns
    }
    parts = zip(
        rows.tolist(),
        ids_of(look, object_name, rows),
        names_of(look, object_name, rows),
        resting_on(look, object_name, rows, rests),
        strict=True,
    )
    watches = watches_of(look, object_name, rests)
    for row, id, name, rests_on in parts:
        several = [each for each in written[row] if before[each.column][row] != each.after]
        fields = {
            look.policy.field(object_name, each.column): FieldChange(
                before[each.column][row], each.after
            )
            for each in sorted(several, key=lambda each: each.column)
        }
        if fields:
            reason = "; ".join(dict.fromkeys(each.reason for each in several))
            evidence = tuple(dict.fromkeys(proof for each in several for proof in each.evidence))
            yield Change(object_name, id, name, fields, cause, reason, evidence, rests_on, watches)


def _standing(look: Look, object_name: str, name: str, rows: Array) -> Sequence[Value]:
    """Return what stands in a field as on the wire: of a reference, the Id."""
    column, to = look.column(object_name, name), look.policy.objects[object_name][name].to
    if column.kind is Kind.REFERENCE and to is not None:
        return referred_ids(look, to, column.values[rows])
    return column.take(rows)


def _part_of(
    changes: Sequence[Change], owners: Mapping[tuple[str, str], str | None], part: Part
) -> tuple[list[Change], list[str]]:
    chosen = sorted(changes, key=lambda each: (each.object, each.id))
    if part.ids:
        for record_id in sorted(set(part.ids)):
            if not any(each.id.startswith(record_id) for each in chosen):
                raise NotFound(f"there is nothing to clean up of a record {record_id}: {CHECK_ID}")
        chosen = [each for each in chosen if each.id.startswith(tuple(part.ids))]
    if part.owners is not None:
        chosen = [each for each in chosen if owners[each.object, each.id] in part.owners]
    if part.limit is None or len(chosen) <= part.limit:
        return chosen, []
    left = len(chosen) - part.limit
    return chosen[: part.limit], [f"{left} more are left out by --limit {part.limit}."]
