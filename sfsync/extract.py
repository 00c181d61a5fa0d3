"""Which objects and fields do facts and rules need, and what does the org say in them?

Only what some fact or rule reads is asked for. What the org lacks is noted, not guessed: rules that
need it cannot judge.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from sfsync.columns import Mask
from sfsync.errors import ConfigError
from sfsync.facts import Look
from sfsync.model import OwnWrite, PreviousPass, Value
from sfsync.org import OrgReader
from sfsync.org.soql import condition
from sfsync.policy import FieldSpec, Policy
from sfsync.rules.needs import columns_needed
from sfsync.snapshot import Snapshot, frame_of, own_writes_of, parse, refer, with_previous

logger = logging.getLogger(__name__)

# The platform hides activities and history older than a year or so from ordinary queries.
_ARCHIVED = frozenset({"Task", "Event", "AccountHistory", "OpportunityHistory"})
_UNFIT_SHOWN = 3


def extract(
    org: OrgReader,
    policy: Policy,
    now: datetime,
    previous: PreviousPass | None = None,
    own_writes: Sequence[OwnWrite] = (),
) -> Snapshot:
    """Read all that the policy needs, as of `now` (aware UTC, whole seconds).

    Raises OrgUnavailable or OrgRefused from the door.
    """
    missing: set[str] = set()
    raw: dict[str, tuple[list[Value], dict[str, list[Value]]]] = {}
    wanted = columns_needed(policy)
    for object_name, columns in wanted.items():
        specs = _readable(org, policy.objects[object_name], object_name, columns, missing)
        if specs is not None:
            where = _only_of_state(policy, object_name, specs)
            raw[object_name] = _read(org, object_name, specs, where)
    frames = _frames(raw, policy)
    for object_name in policy.machines:
        if object_name in frames:
            frames[object_name] = with_previous(frames[object_name], object_name, previous)
    own = {
        name: own_writes_of(name, frames[name].index, own_writes)
        for name in policy.machines
        if name in frames
    }
    references = {
        name: {spec.name: spec.to for spec in fields.values() if spec.to and spec.to in frames}
        for name, fields in policy.objects.items()
    }
    when = previous.now if previous else None
    snapshot = Snapshot(
        now, org.zone, org.id, org.user_id, frames, references, frozenset(missing), when, own
    )
    return in_the_loop(snapshot, policy)


def _readable(
    org: OrgReader,
    specs: Mapping[str, FieldSpec],
    object_name: str,
    columns: Iterable[str],
    missing: set[str],
) -> list[FieldSpec] | None:
    described = org.fields(object_name)
    if described is None:
        missing.add(object_name)
        return None
    missing |= {f"{object_name}.{name}" for name in columns if specs[name].field not in described}
    return [specs[name] for name in columns if specs[name].field in described]


def _only_of_state(policy: Policy, object_name: str, specs: Sequence[FieldSpec]) -> str:
    """Of the field history only changes of the status, and creations, are asked for."""
    of_history = object_name == "AccountHistory" and "Account" in policy.machines
    if not of_history or "Field" not in {spec.field for spec in specs}:
        return ""
    field = policy.field("Account", policy.machines["Account"].state)
    return condition("Field IN {}", [field, "created"])


def _read(
    org: OrgReader, object_name: str, specs: Sequence[FieldSpec], where: str
) -> tuple[list[Value], dict[str, list[Value]]]:
    """Read one object column by column; the records themselves are not kept."""
    ids: list[Value] = []
    columns: dict[str, list[Value]] = {spec.name: [] for spec in specs}
    asked = ["Id", *dict.fromkeys(spec.field for spec in specs)]
    for page in org.pages(object_name, asked, archived=object_name in _ARCHIVED, where=where):
        ids += [row["Id"] for row in page]
        for spec in specs:
            columns[spec.name] += [row[spec.field] for row in page]
    logger.info("%s: %d records read", object_name, len(ids))
    return _once(ids, columns)


def _once(
    ids: list[Value], columns: dict[str, list[Value]]
) -> tuple[list[Value], dict[str, list[Value]]]:
    """Keep the last reading of a record that came on two pages (it changed in between)."""
    places = {record_id: place for place, record_id in enumerate(ids)}
    if len(places) == len(ids):
        return ids, columns
    kept = sorted(places.values())
    return [ids[place] for place in kept], {
        name: [values[place] for place in kept] for name, values in columns.items()
    }


def _frames(
    raw: Mapping[str, tuple[list[Value], dict[str, list[Value]]]], policy: Policy
) -> dict[str, pd.DataFrame]:
    indexes = {
        name: pd.Index([str(i) for i in ids], dtype="str").sort_values()
        for name, (ids, _) in raw.items()
    }
    nothing = pd.Index([], dtype="str")
    problems: list[str] = []
    frames = {}
    for object_name, (ids, columns) in raw.items():
        parsed: dict[str, Any] = {}
        for name, values in columns.items():
            spec = policy.objects[object_name][name]
            if spec.to is not None:
                # To an object that the org lacks, references lead nowhere.
                parsed[name] = refer(values, indexes.get(spec.to, nothing))
            else:
                parsed[name] = _parsed(values, spec)
            if parsed[name] is None:
                problems += _unfit(object_name, spec, ids, values)
        if not problems:
            frames[object_name] = frame_of([str(i) for i in ids], parsed)
    if problems:
        raise ConfigError(problems)
    return frames


def _parsed(values: Sequence[Value], spec: FieldSpec) -> Any:
    """Turn one column into the array of its type; None where some value does not fit."""
    try:
        return parse(values, "picklist" if spec.type == "reference" else spec.type)
    except (ValueError, TypeError):
        return None


def _unfit(
    object_name: str, spec: FieldSpec, ids: Sequence[Value], values: Sequence[Value]
) -> Iterator[str]:
    """Say which values of a column do not fit its type: the first few, then how many more."""
    wrong = [(i, v) for i, v in zip(ids, values, strict=True) if _parsed([v], spec) is None]
    for record_id, value in wrong[:_UNFIT_SHOWN]:
        yield (
            f"{object_name} {record_id}: {spec.field} is {value!r}, which is no {spec.type}; mend"
            f" it, or the type of {spec.name} in sfsync.yaml"
        )
    if len(wrong) > _UNFIT_SHOWN:
        yield f"{object_name}: {spec.field} has {len(wrong)} values that are no {spec.type}"


def in_the_loop(snapshot: Snapshot, policy: Policy) -> Snapshot:
    """Leave out what `config/` leaves out, and what was created later than `now`.

    Tasks alone stay whenever they were created: their instant is never later than now (spec,
    section 3).
    """
    look = Look(snapshot, policy)
    kept: dict[str, Mask] = {}
    for object_name, frame in snapshot.frames.items():
        stays = np.ones(len(frame), dtype=bool)
        if "created" in frame and object_name != "Task":
            stays &= ~(frame["created"].to_numpy() > snapshot.instant)
        out = policy.leave_out.get(object_name)
        if out is not None:
            stays &= ~out.truth(look.on(object_name)).holds
        kept[object_name] = stays
    if all(mask.all() for mask in kept.values()):
        return snapshot
    return snapshot.only(kept)
