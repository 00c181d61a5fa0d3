"""What is to be made in this org, and what is left for the admin's own hands?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sfsync.gaps import Gap, GapKind
from sfsync.model import Value
from sfsync.org.metadata import FieldDetail
from sfsync.policy import Policy
from sfsync.rules.needs import columns_known, fields_filled, fields_written, values_known
from sfsync.setup.fields import FieldToMake, extended_picklist, field_to_make, new_field
from sfsync.setup.formulas import validation_rule
from sfsync.setup.metadata import Component
from sfsync.setup.permissions import Grants, is_granted, permission_set
from sfsync.setup.stages import STAGES, stages
from sfsync.setup.wishes import StageWish, Wishes, object_of

_EVERY_DAY = "What sfsync reads and writes, and nothing else."
_CLEANING = "What sfsync's cleanups write beside that. Assign it for the time of a cleanup only."
Details = Mapping[str, Mapping[str, FieldDetail] | None]
# The standard picklist that is a set of its own in the platform's metadata.
_STAGE = ("Opportunity", "StageName")
# Of our types those that a formula must treat in a way of their own, in a describe's words.
_DESCRIBED = {"picklist": "picklist", "flag": "boolean"}


@dataclass(frozen=True, slots=True)
class OrgNow:
    """What setup must know of an org: its fields, the rows of its stages, names of its validation
    rules and of the permissions that users can have (None: the org does not tell), fields that are
    known to be there or to be tracked, and the permission sets of ours that it is known to have.
    """

    details: Details
    stages: Sequence[Mapping[str, Value]]
    validation_rules: frozenset[str] | None
    user_permissions: frozenset[str] | None
    hidden: frozenset[str]
    tracked: frozenset[str]
    permission_sets: frozenset[str]


@dataclass(frozen=True, slots=True)
class Blueprint:
    """Components to deploy, sorted by type and name; what changes what is there already, and what
    only the admin can do, both in sentences. `permission_set` is the one of every day;
    `cleanup_set` the one for cleanups, empty where none is wished.

    Where the org did not tell which validation rules it has, `rules_are_known` is False: deploying
    one that is there would switch it off.
    """

    components: tuple[Component, ...]
    changing: tuple[str, ...]
    by_hand: tuple[str, ...]
    permission_set: str
    cleanup_set: str
    rules_are_known: bool

    @property
    def is_all_there(self) -> bool:
        """Whether the org lacks nothing of it: only permission sets are written again."""
        return all(each.type == "PermissionSet" and each.is_there for each in self.components)

    def of_type(self, kind: str) -> list[Component]:
        """The components of one type."""
        return [each for each in self.components if each.type == kind]


def draw(policy: Policy, wishes: Wishes, gaps: Sequence[Gap], org: OrgNow) -> Blueprint:
    """Say what is to be made so that an org has all that the policy needs, and the wishes name.

    Nothing is made twice: a field that is there, shown or hidden, is never written anew, except for
    a custom picklist that lacks states or values that rules write.
    """
    plan = _Drawing(policy, wishes, tuple(gaps), org)
    made = plan.fields_to_make()
    components = [new_field(each) for each in made]
    changed, sentences, by_hand = plan.picklists()
    components += changed
    rules, left_out = plan.validation_rules(made)
    components += rules
    sets = plan.permission_sets(made)
    components += sets
    components.sort(key=lambda each: (each.type, each.name))
    return Blueprint(
        tuple(components),
        tuple(sentences),
        (*plan.beyond_setup(), *by_hand, *left_out),
        wishes.permission_set.name,
        wishes.cleanups.permission_set.name if wishes.cleanups.edit else "",
        org.validation_rules is not None,
    )


@dataclass(frozen=True, slots=True)
class _Drawing:
    policy: Policy
    wishes: Wishes
    gaps: tuple[Gap, ...]
    org: OrgNow

    def fields_to_make(self) -> list[FieldToMake]:
        known = values_known(self.policy)
        states = self.policy.state_fields()
        made = {
            f"{gap.object}.{gap.field}": field_to_make(
                gap.object,
                gap.spec,
                self.wishes.field(gap.object, gap.field),
                known.get(f"{gap.object}.{gap.spec.name}", ()),
                is_state=states.get(gap.object) == gap.field,
            )
            for gap in self.gaps
            if gap.kind is GapKind.ABSENT and gap.is_custom and gap.spec is not None
        }
        for extra in self._extras():
            made.setdefault(f"{extra.object}.{extra.field}", extra)
        return [made[name] for name in sorted(made)]

    def _extras(self) -> Iterator[FieldToMake]:
        """Give the fields that only setup.yaml names, and the org lacks."""
        for object_name, fields in self.wishes.fields.items():
            there = self.org.details.get(object_name)
            for field, wish in fields.items():
                full = f"{object_name}.{field}"
                if there is None or field in there or full in self.org.hidden or not wish.type:
                    continue
                words = "Named in sfsync's setup.yaml; people fill it in."
                yield FieldToMake(object_name, field, wish.type, words, wish)

    def picklists(self) -> tuple[list[Component], list[str], list[str]]:
        """Give the picklists that get values, what that changes, and what is to be done by hand."""
        components, changing, by_hand = [], [], []
        for gap in self.gaps:
            if gap.kind is not GapKind.VALUES or gap.spec is None:
                continue
            full = f"{gap.object}.{gap.field}"
            due = gap.due
            words = ", ".join(due or gap.values)
            if (gap.object, gap.field) == _STAGE and due:
                made, stays = self._stages(due)
                components += made
                changing += [f"{STAGES} gets {words}; the org's own stages stay."] if made else []
                by_hand += stays
            elif due and self._may_extend(gap):
                detail = (self.org.details[gap.object] or {})[gap.field]
                is_tracked = full in self.org.tracked
                components.append(extended_picklist(gap.object, detail, due, is_tracked=is_tracked))
                changing.append(
                    f"{full} gets {words}. The file stands for the whole field: values and labels "
                    "are kept, description and help text are not, history tracking is "
                    + ("kept." if is_tracked else "off.")
                )
            else:
                by_hand.append(f"{full}: add {words} to the picklist, if records shall have them.")
        return components, changing, by_hand

    def _may_extend(self, gap: Gap) -> bool:
        detail = (self.org.details.get(gap.object) or {}).get(gap.field)
        return gap.is_custom and detail is not None and not detail.is_dependent

    def _stages(self, due: Sequence[str]) -> tuple[list[Component], list[str]]:
        added: dict[str, StageWish] = {
            name: self.wishes.stages[name] for name in due if name in self.wishes.stages
        }
        unsaid = [name for name in due if name not in added]
        by_hand = [
            f"{'.'.join(_STAGE)}: add the stage {name}; setup.yaml does not say what it means."
            for name in unsaid
        ]
        if not self.org.stages:
            return [], [
                f"{'.'.join(_STAGE)}: add the stages {', '.join(due)}; the org does not show its "
                "stages, so that setup cannot keep them."
            ]
        return ([stages(self.org.stages, added)] if added else []), by_hand

    def validation_rules(self, made: Sequence[FieldToMake]) -> tuple[list[Component], list[str]]:
        """Give the rules that the org has not yet, and what is left out."""
        components, left_out = [], []
        for wish in self.wishes.validation_rules:
            object_name = object_of(wish, self.policy)
            if f"{object_name}.{wish.name}" in (self.org.validation_rules or ()):
                continue
            types = self._types(object_name, made)
            field = self.policy.state_fields()[object_name]
            written = validation_rule(wish, object_name, field, types.get)
            components += [written.component] if written.component else []
            lacking = ", ".join(written.missing)
            if written.component is None:
                left_out.append(f"{wish.name}: no validation rule, since the org lacks {lacking}.")
            elif written.missing:
                left_out.append(
                    f"{wish.name}: the validation rule does not ask for {lacking}, which the org "
                    "lacks."
                )
        return components, left_out

    def _types(self, object_name: str, made: Sequence[FieldToMake]) -> dict[str, str]:
        """Give the describe types of an object's fields, and of its account's as `Account.Name`.

        Fields to come, and those that are there and hidden, have the type that they are said to
        have.
        """
        types = {}
        for name, prefix in ((object_name, ""), ("Account", "Account.")):
            for field, kind in self._said_types(name).items():
                if f"{name}.{field}" in self.org.hidden:
                    types[prefix + field] = _DESCRIBED.get(kind, "string")
            for field, detail in (self.org.details.get(name) or {}).items():
                types[prefix + field] = detail.info.type
            for each in made:
                if each.object == name:
                    types[prefix + each.field] = _DESCRIBED.get(each.type, "string")
        return types

    def _said_types(self, object_name: str) -> dict[str, str]:
        wishes = self.wishes.fields.get(object_name, {})
        named = self.policy.objects.get(object_name, {}).values()
        return {field: wish.type or "" for field, wish in wishes.items()} | {
            spec.field: spec.type for spec in named
        }

    def permission_sets(self, made: Sequence[FieldToMake]) -> list[Component]:
        """Give the set of every day, and the one for cleanups where there is anything to open."""
        wish, extra = self.wishes.permission_set, self.wishes.cleanups
        sets = [permission_set(wish, _EVERY_DAY, self.grants(made))]
        if extra.edit:
            grants = self.cleanup_grants(made)
            sets.append(permission_set(extra.permission_set, _CLEANING, grants))
        return [replace(each, is_there=each.name in self.org.permission_sets) for each in sets]

    def cleanup_grants(self, made: Sequence[FieldToMake]) -> Grants:
        wish = self.wishes.cleanups
        coming = {(each.object, each.field) for each in made}
        opened = {
            name: {self._grant(name, field, coming) for field in fields} - {""}
            for name, fields in wish.edit.items()
            if self.org.details.get(name) is not None
        }
        edited, deleted = frozenset(opened), frozenset(wish.delete) & set(opened)
        known = self.org.user_permissions
        return Grants(opened, opened, known, edited=edited, deleted=deleted)

    def grants(self, made: Sequence[FieldToMake]) -> Grants:
        coming = {(each.object, each.field) for each in made}
        written_columns, filled = fields_written(self.policy), fields_filled(self.policy)
        read: dict[str, set[str]] = {}
        written: dict[str, set[str]] = {}
        for object_name, columns in columns_known(self.policy).items():
            details = self.org.details.get(object_name)
            if details is None:
                continue
            read[object_name], written[object_name] = set(), set()
            for column in columns:
                field = self.policy.field(object_name, column)
                grant = self._grant(object_name, field, coming)
                if not grant:
                    continue
                read[object_name].add(grant)
                is_formula = field in details and details[field].info.calculated
                changed = (*written_columns.get(object_name, ()), *filled.get(object_name, ()))
                if column in changed and not is_formula:
                    written[object_name].add(grant)
        for object_name, fields in self.wishes.fields.items():
            names = {self._grant(object_name, field, coming) for field in fields}
            read.setdefault(object_name, set()).update(names - {""})
        kept = {name: each for name, each in read.items() if each}
        creates = any(machine.tasks for machine in self.policy.machines.values())
        return Grants(kept, written, self.org.user_permissions, creates)

    def _grant(self, object_name: str, field: str, coming: set[tuple[str, str]]) -> str:
        detail = (self.org.details.get(object_name) or {}).get(field)
        if detail is not None:
            return detail.grant
        is_there = f"{object_name}.{field}" in self.org.hidden
        return field if is_there or (object_name, field) in coming else ""

    def beyond_setup(self) -> Iterator[str]:
        """Say what neither files nor permissions put right."""
        for gap in self.gaps:
            full = f"{gap.object}.{gap.field}" if gap.field else gap.object
            if gap.kind is GapKind.OBJECT:
                yield f"{full}: the org has no such object, or hides it from who ran setup."
            elif gap.kind is GapKind.TYPE and gap.spec is not None:
                yield (
                    f"{full} is a {gap.found}, config/sfsync.yaml says {gap.spec.type}: name "
                    "another field there, or correct the type."
                )
            elif gap.kind is GapKind.FORMULA:
                yield f"{full} is a formula, which nobody can write: name another field for it."
            elif gap.kind is GapKind.ABSENT and not gap.is_custom:
                yield f"{full}: a standard field that the org hides or does not have."
            elif gap.kind is GapKind.LOCKED and not self._can_be_granted(gap):
                yield f"{full}: no permission set makes it writable; look at the field's settings."

    def _can_be_granted(self, gap: Gap) -> bool:
        return is_granted(gap.object) and bool(self._grant(gap.object, gap.field, set()))
