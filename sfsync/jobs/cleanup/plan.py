"""How does a cleanup become a plan?"""

from collections.abc import Iterator, Mapping, Sequence
from zoneinfo import ZoneInfo

import numpy as np

from sfsync.errors import ConfigError, NotFound
from sfsync.extract import Approach, approach
from sfsync.facts import Look
from sfsync.jobs.cleanup.cleanup import (
    CLEANUPS,
    Cleanup,
    Found,
    Part,
    Wishes,
    Written,
    within_limit,
)
from sfsync.jobs.hourly import read
from sfsync.jobs.job import CHECK_ID, Planned, Services, as_plan
from sfsync.jobs.judged import with_recent
from sfsync.model import CLEANUP_CAUSE, Change, FieldChange
from sfsync.org import OrgReader
from sfsync.policy import Policy
from sfsync.registry import nearest
from sfsync.rules.findings import owners_of
from sfsync.rules.judge import watches_of
from sfsync.rules.needs import columns_needed
from sfsync.rules.rests import resting_on
from sfsync.rules.shape import SETTINGS_FILE
from sfsync.rules.words import ids_of, names_of, standing


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
    changes, owners = _put_in_changes(look, name, found)
    _check_values(changes, services.org)
    chosen, notes = _part_of(with_recent(tuple(changes), look), owners, part)
    if cleanup.along is not None:
        chosen += cleanup.along(services.org, look, wishes, chosen)
    notes = [*found.notes, *notes]
    plan = as_plan(name, services, chosen, read_at=read_at, notes=notes, judged=found.judged)
    return Planned(plan, owners=owners)


def _put_in_changes(
    look: Look, name: str, found: Found
) -> tuple[list[Change], dict[tuple[str, str], str | None]]:
    """Put what was found into changes; tell whose the records are, by (object, id)."""
    changes: list[Change] = []
    owners: dict[tuple[str, str], str | None] = {}
    for object_name, rows in found.written.items():
        places = np.array(sorted(rows), dtype="int64")
        for rests, some in _by_rests(rows).items():
            changes += _changes(look, object_name, some, f"{CLEANUP_CAUSE}{name}", rests)
        keys = [(object_name, id) for id in ids_of(look, object_name, places)]
        owners |= dict(zip(keys, owners_of(look, object_name, places), strict=True))
    return changes, owners


def _way(cleanup: Cleanup, services: Services) -> Approach | None:
    """Decide how to read for a cleanup: as for a pass, or, where it looks at more, all afresh."""
    policy = services.policy
    if cleanup.needs_all:
        _check_named(cleanup, policy)
    usual, wanted = columns_needed(policy), columns_needed(policy, cleanup.reads)
    if wanted == usual:
        return None
    # What is kept for the passes has other columns: it stays as it is.
    return approach(services.org, policy, services.clock(), columns=wanted)


def _check_named(cleanup: Cleanup, policy: Policy) -> None:
    problems = []
    for each in cleanup.reads:
        object_name, _, name = each.partition(".")
        if name not in policy.objects.get(object_name, {}):
            told = f"the cleanup {cleanup.name} reads {each}: name its field under `objects`"
            problems.append(f"{SETTINGS_FILE}: {told}")
    if problems:
        raise ConfigError(problems)


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
        name: dict(zip(rows.tolist(), standing(look, object_name, name, rows), strict=True))
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
    return within_limit(chosen, part)
