"""What becomes of a deploy, step by step?

A deploy waits (Pending), runs (InProgress) and ends; each question about its state brings it one
step further, and with the last step the org changes. Nobody sees a deploy half done.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from sfsync.fake.metadata.component import (
    Component,
    ComponentRefused,
    Failure,
    check_tags,
    flag_of,
    required_text,
)
from sfsync.fake.metadata.fields import field_of, owners_of, standard_field_of
from sfsync.fake.metadata.kept import Deployment, DeployOptions, StoredRule, Taken
from sfsync.fake.metadata.package import read_package
from sfsync.fake.metadata.permissions import apply_permission_set
from sfsync.fake.metadata.values import KEPT_AS_RECORDS, apply_value_set
from sfsync.fake.schema import Field, Schema
from sfsync.fake.state import OrgState
from sfsync.fake.values import wire_datetime

_RULE_TAGS = frozenset(
    {"fullName", "active", "description", "errorConditionFormula", "errorDisplayField"}
    | {"errorMessage", "shouldEvaluateOnClient"}
)


def begin(state: OrgState, content: bytes, options: DeployOptions, user_id: str) -> Deployment:
    """Take a zip in and return its deploy, which waits."""
    package = read_package(
        content, single=options.single_package, allow_missing=options.allow_missing_files
    )
    kept = state.metadata
    deploy_id, _new = kept.id_of("Deploy", str(len(kept.deployments) + 1))
    created = wire_datetime(state.clock.now())
    made = Deployment(deploy_id, user_id, options, content, package, created)
    kept.deployments[deploy_id] = made
    return made


def advance(state: OrgState, deployment: Deployment) -> None:
    """Bring a deploy one step further before its state is told; one that has ended stays as it is.

    The first question finds it waiting still.
    """
    if not deployment.was_asked_for:
        deployment.was_asked_for = True
    elif deployment.status == "Pending":
        deployment.status = "InProgress"
    elif deployment.status == "InProgress":
        _finish(state, deployment)


def take_again(state: OrgState, content: bytes, options: DeployOptions) -> None:
    """Give the schema what a deploy of old gave it; the records it made are not made again."""
    package = read_package(
        content, single=options.single_package, allow_missing=options.allow_missing_files
    )
    for each in package.components:
        if each.kind != "PermissionSet" and each.name not in KEPT_AS_RECORDS:
            # What was refused then is refused again.
            with suppress(ComponentRefused):
                _APPLIERS[each.kind](state, each)


def _finish(state: OrgState, deployment: Deployment) -> None:
    options = deployment.options
    before = _Snapshot.of(state)
    with state.transaction():
        mark = state.store.mark()
        deployment.failures = list(deployment.package.failures)
        failed = {(each.kind, each.name) for each in deployment.failures}
        for each in deployment.package.components:
            if (each.kind, each.name) not in failed:
                _take(state, deployment, each)
        undone = options.rollback_on_error and bool(deployment.failures)
        if undone or options.check_only:
            state.store.roll_back(mark)
            before.restore(state)
        elif deployment.taken:
            for listener in state.metadata.on_deploy:
                listener(deployment.archive, options)
    if deployment.failures:
        partial = deployment.taken and not options.rollback_on_error
        deployment.status = "SucceededPartial" if partial else "Failed"
    else:
        deployment.status = "Succeeded"
    deployment.completed = wire_datetime(state.clock.now())


def _take(state: OrgState, deployment: Deployment, component: Component) -> None:
    try:
        record_id, is_new = _APPLIERS[component.kind](state, component)
    except ComponentRefused as refusal:
        deployment.failures.append(
            Failure(component.kind, component.name, component.file, str(refusal))
        )
    else:
        deployment.taken.append(Taken(component, record_id, is_new))


def _take_field(state: OrgState, component: Component) -> tuple[str, bool]:
    schema, name = state.store.schema, component.name.partition(".")[2]
    owners = owners_of(component, schema)
    for owner in owners:
        known = owner.fields.get(name)
        if known is not None and not known.custom:
            owner.declare(standard_field_of(component, known))
            continue
        made = field_of(component, schema, known)
        if known is None and made.permissionable:
            owner.guarded.add(name)
        owner.declare(made)
    return state.metadata.id_of(component.kind, component.name)


def _take_rule(state: OrgState, component: Component) -> tuple[str, bool]:
    owner, *others = owners_of(component, state.store.schema)
    if others:
        raise ComponentRefused("Validation rules belong to Task or Event, not to Activity")
    check_tags(component.element, _RULE_TAGS)
    if component.element.findtext("active") is None:
        raise ComponentRefused("Required field is missing: active")
    shown_at = component.element.findtext("errorDisplayField")
    if shown_at is not None and shown_at not in owner.fields:
        raise ComponentRefused(f"In field: errorDisplayField - no field named {shown_at} found")
    state.metadata.rules[component.name] = StoredRule(
        owner.name,
        required_text(component, "fullName"),
        bool(flag_of(component.element, "active")),
        required_text(component, "errorConditionFormula"),
        required_text(component, "errorMessage"),
        shown_at,
    )
    return state.metadata.id_of(component.kind, component.name)


def _take_value_set(state: OrgState, component: Component) -> tuple[str, bool]:
    apply_value_set(state, component)
    return state.metadata.id_of(component.kind, component.name)[0], False


def _take_object(_state: OrgState, component: Component) -> tuple[str, bool]:
    raise ComponentRefused(
        f"The fake takes fields and validation rules of an object, not its {component.element.tag}"
    )


_APPLIERS: dict[str, Callable[[OrgState, Component], tuple[str, bool]]] = {
    "CustomObject": _take_object,
    "CustomField": _take_field,
    "ValidationRule": _take_rule,
    "StandardValueSet": _take_value_set,
    "PermissionSet": apply_permission_set,
}


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """The schema and the metadata as they were, to be put back."""

    schema: Schema
    fields: dict[str, dict[str, Field]]
    guarded: dict[str, set[str]]
    rules: dict[str, StoredRule]
    ids: dict[tuple[str, str], str]

    @classmethod
    def of(cls, state: OrgState) -> "_Snapshot":
        schema, kept = state.store.schema, state.metadata
        return cls(
            schema,
            {name: dict(owner.fields) for name, owner in schema.objects.items()},
            {name: set(owner.guarded) for name, owner in schema.objects.items()},
            dict(kept.rules),
            dict(kept.ids),
        )

    def restore(self, state: OrgState) -> None:
        for name, owner in self.schema.objects.items():
            owner.fields, owner.guarded = self.fields[name], self.guarded[name]
            owner.refresh()
        state.metadata.rules, state.metadata.ids = self.rules, self.ids
