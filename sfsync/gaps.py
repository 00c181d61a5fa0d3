"""What does an org lack of what facts and rules need?

Judged by what the org describes to the service's user. A field without field-level security is
absent from a describe, exactly as one that does not exist.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from sfsync.facts import Look
from sfsync.org import FieldInfo
from sfsync.policy import FieldSpec, Policy
from sfsync.rules.blind import cannot_do_without, cannot_judge
from sfsync.rules.needs import (
    columns_known,
    columns_needed,
    fields_filled,
    fields_written,
    values_known,
    values_written,
)
from sfsync.snapshot import Snapshot

Described = Mapping[str, Mapping[str, FieldInfo] | None]

_WORDS = frozenset(
    {"string", "picklist", "combobox", "email", "phone", "url", "id", "reference", "anyType"}
    | {"textarea", "encryptedstring"}
)
# Our types -> the types of a describe that give them values of the right form.
_FITTING: Mapping[str, frozenset[str]] = {
    "text": _WORDS | {"multipicklist"},
    # The values of a multi-select picklist come as one text, which equals none of them.
    "picklist": _WORDS,
    "number": frozenset({"int", "double", "currency", "percent", "long"}),
    "flag": frozenset({"boolean"}),
    "date": frozenset({"date"}),
    "instant": frozenset({"datetime"}),
    "reference": frozenset({"reference", "id"}),
}
_CUSTOM = "__c"


class GapKind(StrEnum):
    """What is not as it should be."""

    OBJECT = "object"  # the object is not there, or hidden
    ABSENT = "absent"  # the field is not there, or hidden
    HIDDEN = "hidden"  # the field is there, and hidden
    TYPE = "type"  # it has another type than config/ says
    LOCKED = "locked"  # the service's user may not write it
    FORMULA = "formula"  # nobody can write it
    VALUES = "values"  # its picklist lacks values


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that an object, or one of its fields, lacks.

    `is_needed`: some rule cannot do its work without it; else something merely counts as empty.
    `is_filled`: no rule writes or reads it, or may do without writing it; enrichment leaves it out.
    `found` is the type that the org describes, `values` are those that the picklist lacks, `due`
    those of them that the loop cannot do without: states, and what rules write. Of an object,
    `spec` is None.
    """

    kind: GapKind
    object: str
    spec: FieldSpec | None
    is_needed: bool
    is_written: bool = False
    found: str = ""
    values: tuple[str, ...] = ()
    due: tuple[str, ...] = ()
    is_filled: bool = False

    @property
    def field(self) -> str:
        """Salesforce's name of the field; empty for an object."""
        return self.spec.field if self.spec else ""

    @property
    def is_custom(self) -> bool:
        """Whether it is something that an org gets by setup, and not with the platform."""
        return (self.field or self.object).endswith(_CUSTOM)


@dataclass(frozen=True, slots=True)
class Gaps:
    """All that an org lacks, sorted by object; and in words which rules cannot judge therefore."""

    gaps: tuple[Gap, ...]
    blind: tuple[str, ...]


def find_gaps(policy: Policy, described: Described, hidden: frozenset[str] = frozenset()) -> Gaps:
    """Compare what the policy needs with what an org describes.

    `described` has each object of `objects_needed`, None where the org shows none of that name.
    `hidden` names fields (`Account.Status__c`) that are known to exist all the same.
    """
    look = _look(policy, _missing(policy, described))
    wanted = _Wanted(
        policy,
        cannot_do_without(look) if look.snapshot.missing else frozenset(),
        hidden,
        fields_written(policy),
        fields_filled(policy),
        columns_needed(policy),
        values_known(policy),
        values_written(policy),
    )
    gaps: list[Gap] = []
    for name, columns in columns_known(policy).items():
        known = described[name]
        if known is None:
            is_needed = name in policy.machines or name in wanted.needed
            gaps.append(Gap(GapKind.OBJECT, name, None, is_needed))
            continue
        for column in columns:
            spec = policy.objects[name][column]
            gaps += wanted.gaps_of(name, spec, known.get(spec.field))
    gaps.sort(key=lambda gap: (gap.object, gap.kind, gap.field))
    return Gaps(tuple(gaps), cannot_judge(look) if look.snapshot.missing else ())


def objects_needed(policy: Policy) -> tuple[str, ...]:
    """Name the objects that facts, rules and enrichment read, sorted."""
    return tuple(sorted(columns_known(policy)))


def absent_fields(policy: Policy, described: Described) -> dict[str, list[str]]:
    """Name, per object that is there, the needed fields (Salesforce's names) that are not shown."""
    found = {
        name: sorted(
            {policy.field(name, column) for column in columns} - set(described[name] or ())
        )
        for name, columns in columns_known(policy).items()
        if described[name] is not None
    }
    return {name: fields for name, fields in found.items() if fields}


def _missing(policy: Policy, described: Described) -> frozenset[str]:
    missing = {name for name, known in described.items() if known is None}
    for name, columns in columns_needed(policy).items():
        known = described[name]
        if known is not None:
            missing |= {
                f"{name}.{each}" for each in columns if policy.field(name, each) not in known
            }
    return frozenset(missing)


def _look(policy: Policy, missing: frozenset[str]) -> Look:
    # What cannot be judged follows from the fields alone: records and moment do not matter.
    moment = datetime(2000, 1, 1, tzinfo=UTC)
    return Look(Snapshot(moment, "UTC", "", "", {}, {}, missing), policy)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the policy needs: full names (`Account.Status__c`) without which some rule cannot judge
    or that are known to exist, our names of the fields that rules write, that enrichment fills and
    that rules need at all, and values by column.
    """

    policy: Policy
    needed: frozenset[str]
    hidden: frozenset[str]
    written: Mapping[str, frozenset[str]]
    filled: Mapping[str, frozenset[str]]
    read: Mapping[str, Sequence[str]]
    values_known: Mapping[str, Sequence[str]]
    values_written: Mapping[str, Sequence[str]]

    def gaps_of(self, object_name: str, spec: FieldSpec, info: FieldInfo | None) -> Iterator[Gap]:
        is_written = spec.name in self.written.get(object_name, ())
        is_spare = spec.name not in self.read.get(object_name, ())
        if info is None:
            full = f"{object_name}.{spec.field}"
            kind = GapKind.HIDDEN if full in self.hidden else GapKind.ABSENT
            is_needed = is_written or full in self.needed
            yield Gap(kind, object_name, spec, is_needed, is_written, is_filled=is_spare)
            return
        if not _fits(spec, info):
            found = _type_of(info)
            kind = GapKind.TYPE
            yield Gap(kind, object_name, spec, not is_spare, is_written, found, is_filled=is_spare)
            return
        is_filled = spec.name in self.filled.get(object_name, ())
        if (is_written or is_filled) and not info.updateable:
            kind = GapKind.FORMULA if info.calculated else GapKind.LOCKED
            yield Gap(kind, object_name, spec, is_written, is_written, is_filled=not is_written)
        if info.type == "picklist":
            yield from self._values_of(object_name, spec, info, is_written)

    def _values_of(
        self, object_name: str, spec: FieldSpec, info: FieldInfo, is_written: bool
    ) -> Iterator[Gap]:
        column = f"{object_name}.{spec.name}"
        lacking = [each for each in self.values_known.get(column, ()) if each not in info.values]
        if not lacking:
            return
        machine = self.policy.machines.get(object_name)
        due = set(self.values_written.get(column, ()))
        due |= set(machine.states) if machine and machine.state == spec.name else set()
        yield Gap(
            GapKind.VALUES,
            object_name,
            spec,
            # An open picklist takes what it does not list.
            info.restricted,
            is_written,
            values=tuple(lacking),
            due=tuple(each for each in lacking if each in due),
        )


def _fits(spec: FieldSpec, info: FieldInfo) -> bool:
    if info.type not in _FITTING[spec.type]:
        return False
    return not spec.to or not info.reference_to or spec.to in info.reference_to


def _type_of(info: FieldInfo) -> str:
    return f"{info.type} to {', '.join(info.reference_to)}" if info.reference_to else info.type
