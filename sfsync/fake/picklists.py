"""Which values does a picklist have?

The stages of opportunities and the statuses of tasks are records of their own, so that an org's own
meaning of them (closed, won) is known; what a permission can be for are the org's own objects and
fields. The other picklists are listed with their field.
"""

from sfsync.fake.schema import Field, PicklistValue
from sfsync.fake.store import Store

_KEPT_AS_RECORDS = {
    ("Opportunity", "StageName"): "OpportunityStage",
    ("Task", "Status"): "TaskStatus",
}
_NAMES_OF_SCHEMA = {
    ("FieldPermissions", "Field"),
    ("FieldPermissions", "SobjectType"),
    ("ObjectPermissions", "SobjectType"),
}


def picklist_of(store: Store, object_name: str, field: Field) -> tuple[PicklistValue, ...]:
    """Return the values of a picklist field in setup order."""
    if (object_name, field.name) in _NAMES_OF_SCHEMA:
        return tuple(PicklistValue(each, each) for each in _names(store, field.name))
    kept_in = _KEPT_AS_RECORDS.get((object_name, field.name))
    if kept_in is None or kept_in not in store.schema.objects:
        return field.picklist
    rows = sorted(store.live_rows(kept_in), key=lambda row: int(row.get("SortOrder", 0)))
    return tuple(
        PicklistValue(
            str(row["MasterLabel"]),
            str(row["MasterLabel"]),
            active=bool(row.get("IsActive", True)),
            default=bool(row.get("IsDefault", False)),
        )
        for row in rows
    )


def _names(store: Store, field_name: str) -> list[str]:
    objects = store.schema.objects.values()
    if field_name == "SobjectType":
        return sorted(each.name for each in objects)
    return sorted(
        f"{owner.name}.{each.name}"
        for owner in objects
        for each in owner.fields.values()
        if each.permissionable
    )


def default_of(store: Store, object_name: str, field: Field) -> str | None:
    """Return the value a picklist takes on creation, or None."""
    values = picklist_of(store, object_name, field)
    return next((each.value for each in values if each.default), None)
