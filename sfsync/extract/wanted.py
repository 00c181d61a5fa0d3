"""What is to be asked of an org, so that facts and rules can judge?"""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter

from sfsync.model import STAMP_FIELD
from sfsync.org import FieldInfo, OrgReader
from sfsync.org.soql import condition
from sfsync.policy import FieldSpec, Policy
from sfsync.rules.needs import columns_needed

ACCOUNT = "Account"
# What belongs to an account by way of others, and nothing belongs to.
ACTIVITIES = ("Task", "Event")
CREATED = "CreatedDate"
# The platform hides activities and history older than a year or so from ordinary queries.
_ARCHIVED = frozenset(
    {"Task", "Event", "AccountHistory", "OpportunityHistory", "OpportunityFieldHistory"}
)
# Histories of fields, of which only what befell the state is asked for.
_OF_FIELDS = {"AccountHistory": ACCOUNT, "OpportunityFieldHistory": "Opportunity"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """One object: the fields asked for, and the condition (SOQL) that its records meet.

    `stamp` is the field by which changed records are found, None where they cannot be: its fields
    may change without it. `parents` are the columns that lead, over other objects perhaps, to the
    account that a record belongs to; `homes` those and the columns that lead to a record without an
    account (a lead): what a record belongs to. `is_judged` says that rules or findings are declared
    of it, `is_shared` that it belongs to nothing and is looked at from everywhere.
    """

    object: str
    specs: tuple[FieldSpec, ...]
    where: str
    archived: bool
    stamp: str | None
    deletable: bool
    parents: tuple[tuple[str, str], ...] = ()
    homes: tuple[tuple[str, str], ...] = ()
    is_judged: bool = False
    is_shared: bool = False

    @property
    def kinds(self) -> dict[str, str]:
        """The type of each column."""
        return {spec.name: spec.type for spec in self.specs}

    @property
    def fields(self) -> list[str]:
        """The fields, by their names in the API."""
        return list(dict.fromkeys(spec.field for spec in self.specs))

    def field_of(self, column: str) -> str:
        """The API name of a column."""
        return next(spec.field for spec in self.specs if spec.name == column)


def wanted_of(
    org: OrgReader, policy: Policy, columns: Mapping[str, Sequence[str]] | None = None
) -> tuple[tuple[Wanted, ...], frozenset[str]]:
    """Return what to ask for, parents before their children, and what of it the org lacks.

    The latter are objects and columns (`Account.status`). `columns` names, by object, what is
    needed; None: what facts and rules need. Raises OrgUnavailable or OrgRefused from the door.
    """
    missing: set[str] = set()
    found: dict[str, Wanted] = {}
    needed = columns_needed(policy) if columns is None else columns
    org.describe(list(needed))
    for name, named in needed.items():
        described = org.fields(name)
        if described is None:
            missing.add(name)
            continue
        specs = policy.objects[name]
        missing |= {f"{name}.{each}" for each in named if specs[each].field not in described}
        there = tuple(specs[each] for each in named if specs[each].field in described)
        found[name] = _wanted(name, there, described, policy)
    judged = {ACCOUNT, *policy.judged} & found.keys()
    return tuple(_at_home(each, judged) for each in _parents_first(found)), frozenset(missing)


def _at_home(each: Wanted, judged: Collection[str]) -> Wanted:
    """Say what an object's records belong to; what is judged belongs to its account alone."""
    is_judged = each.object in judged
    further = () if is_judged else tuple((s.name, s.to) for s in each.specs if s.to in judged)
    homes = tuple(dict.fromkeys([*each.parents, *((name, to) for name, to in further if to)]))
    is_shared = not is_judged and not homes
    return replace(each, homes=homes, is_judged=is_judged, is_shared=is_shared)


def shape_of(wanted: Sequence[Wanted], user_id: str) -> str:
    """Return a digest of what is asked for, and by whom: tables fit no other."""
    told = [
        [each.object, each.where, each.stamp, [[s.name, s.field, s.type, s.to] for s in each.specs]]
        for each in wanted
    ]
    return hashlib.sha256(json.dumps([user_id, told]).encode()).hexdigest()[:16]


def _wanted(
    name: str, specs: tuple[FieldSpec, ...], described: Mapping[str, FieldInfo], policy: Policy
) -> Wanted:
    return Wanted(
        object=name,
        specs=specs,
        where=_only_of_state(policy, name, specs),
        archived=name in _ARCHIVED,
        stamp=_stamp(name, specs, described),
        deletable="IsDeleted" in described,
    )


def _stamp(
    name: str, specs: tuple[FieldSpec, ...], described: Mapping[str, FieldInfo]
) -> str | None:
    if any(described[spec.field].calculated for spec in specs):
        # A formula changes when what it is made of does, and its record's stamp does not.
        return None
    if STAMP_FIELD in described:
        return STAMP_FIELD
    # Rows of a history are written once.
    return CREATED if name.endswith("History") and CREATED in described else None


def _only_of_state(policy: Policy, name: str, specs: Sequence[FieldSpec]) -> str:
    """Of a history of fields only changes of the state, and creations, are asked for."""
    object_name = _OF_FIELDS.get(name, "")
    if object_name not in policy.machines or "Field" not in {spec.field for spec in specs}:
        return ""
    field = policy.field(object_name, policy.machines[object_name].state)
    return condition("Field IN {}", [field, "created"])


def _parents_first(found: Mapping[str, Wanted]) -> Iterator[Wanted]:
    ties = {
        name: [(s.name, s.to) for s in each.specs if s.to is not None and s.to in found]
        for name, each in found.items()
    }
    leads = {name: {to for _, to in several} - {name} for name, several in ties.items()}
    above = {name: _reached(name, leads) for name in found}
    parents = {
        name: tuple(
            (column, to)
            for column, to in several
            if (to == ACCOUNT or ACCOUNT in above[to])
            and name not in {to, *above[to]}
            and to not in ACTIVITIES
        )
        for name, several in ties.items()
        if name != ACCOUNT
    }
    graph = {name: {to for _, to in parents.get(name, ())} for name in found}
    order = sorted(TopologicalSorter(graph).static_order(), key=ACTIVITIES.__contains__)
    for name in order:
        yield replace(found[name], parents=parents.get(name, ()))


def _reached(name: str, leads: Mapping[str, set[str]]) -> set[str]:
    """Return the objects to which references lead from an object, over others too."""
    reached: set[str] = set()
    ahead = set(leads[name])
    while ahead:
        reached |= ahead
        ahead = {to for each in ahead for to in leads[each]} - reached
    return reached
