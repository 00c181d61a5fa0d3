"""What does a permission set of a package grant?"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from sfsync.fake.founding import add_setup_row
from sfsync.fake.metadata.component import (
    Component,
    ComponentRefused,
    check_tags,
    flag_of,
    required_text,
    text_of,
)
from sfsync.fake.schema import Field
from sfsync.fake.state import OrgState
from sfsync.fake.values import Row

_RIGHTS = {
    "allowRead": "PermissionsRead",
    "allowCreate": "PermissionsCreate",
    "allowEdit": "PermissionsEdit",
    "allowDelete": "PermissionsDelete",
    "viewAllRecords": "PermissionsViewAllRecords",
    "modifyAllRecords": "PermissionsModifyAllRecords",
}
# Right -> what it cannot be without.
_DEPENDS = {
    "allowCreate": ("allowRead",),
    "allowEdit": ("allowRead",),
    "allowDelete": ("allowRead", "allowEdit"),
    "viewAllRecords": ("allowRead",),
    "modifyAllRecords": ("allowRead", "allowEdit", "allowDelete", "viewAllRecords"),
}
_KNOWN = frozenset(
    {"label", "description", "hasActivationRequired", "license"}
    | {"fieldPermissions", "objectPermissions", "userPermissions"}
)
_NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*")


@dataclass(frozen=True, slots=True)
class _Granted:
    """One row of FieldPermissions or ObjectPermissions, without its parent."""

    object_name: str
    fields: Mapping[str, object]


def apply_permission_set(state: OrgState, component: Component) -> tuple[str, bool]:
    """Create or replace a permission set; return its Id and whether it is new.

    What it granted before and does not grant now is taken away. Raises ComponentRefused on what the
    platform refuses.
    """
    element, name = component.element, component.name
    if not _NAME.fullmatch(name):
        raise ComponentRefused(f"The permission set name '{name}' is no API name")
    check_tags(element, _KNOWN)
    about = {
        "Name": name,
        "Label": required_text(component, "label"),
        "Description": text_of(element, "description"),
        "HasActivationRequired": bool(flag_of(element, "hasActivationRequired")),
        "IsCustom": True,
        **_user_permissions(state, element),
    }
    granted = [
        *(
            granted
            for each in element.findall("fieldPermissions")
            for granted in _field_grants(state, each)
        ),
        *(_object_grant(state, each) for each in element.findall("objectPermissions")),
    ]
    rows = state.store.live_rows("PermissionSet")
    known = next((row for row in rows if str(row["Name"]).lower() == name.lower()), None)
    if known is not None:
        about["Id"] = known["Id"]
        about["CreatedDate"] = known["CreatedDate"]
        _take_away(state, str(known["Id"]))
    record_id = add_setup_row(state, "PermissionSet", **about)
    for each in granted:
        add_setup_row(state, each.object_name, ParentId=record_id, **each.fields)
    return record_id, known is None


def _user_permissions(state: OrgState, element: Element) -> dict[str, object]:
    fields = state.store.schema.objects["PermissionSet"].fields
    found: dict[str, object] = {}
    for each in element.findall("userPermissions"):
        name = f"Permissions{text_of(each, 'name')}"
        if name not in fields:
            raise ComponentRefused(f"Unknown user permission: {text_of(each, 'name')}")
        found[name] = bool(flag_of(each, "enabled"))
    return found


def _field_grants(state: OrgState, element: Element) -> list[_Granted]:
    path = text_of(element, "field") or ""
    object_name, _dot, field_name = path.partition(".")
    owners = ("Task", "Event") if object_name == "Activity" else (object_name,)
    field = _field(state, owners[0], field_name)
    if field is None:
        raise ComponentRefused(f"In field: field - no CustomField named {path} found")
    if not field.permissionable:
        raise ComponentRefused(f"You cannot deploy to a required field: {path}")
    editable = bool(flag_of(element, "editable"))
    readable = bool(flag_of(element, "readable"))
    if editable and not readable:
        raise ComponentRefused(f"Field {path}: editable depends on readable")
    rights = {"PermissionsRead": readable, "PermissionsEdit": editable}
    return [
        _Granted(
            "FieldPermissions",
            {"SobjectType": owner, "Field": f"{owner}.{field_name}", **rights},
        )
        for owner in owners
    ]


def _field(state: OrgState, object_name: str, field_name: str) -> Field | None:
    owner = state.store.schema.objects.get(object_name)
    return owner.fields.get(field_name) if owner is not None else None


def _object_grant(state: OrgState, element: Element) -> _Granted:
    name = text_of(element, "object") or ""
    if name not in state.store.schema.objects:
        raise ComponentRefused(f"In field: field - no CustomObject named {name} found")
    given = {right: bool(flag_of(element, right)) for right in _RIGHTS}
    for right, needed in _DEPENDS.items():
        missing = [each for each in needed if not given[each]]
        if given[right] and missing:
            raise ComponentRefused(
                f"Permission {right} on {name} depends on permission(s): {', '.join(missing)}"
            )
    rights = {_RIGHTS[right]: allowed for right, allowed in given.items()}
    return _Granted("ObjectPermissions", {"SobjectType": name, **rights})


def _take_away(state: OrgState, parent: str) -> None:
    for name in ("FieldPermissions", "ObjectPermissions"):
        table = state.store.table(name)
        for record_id in table.ids_with("ParentId", parent):
            gone: Row = {**table.rows[record_id], "IsDeleted": True}
            state.store.put(name, gone)
