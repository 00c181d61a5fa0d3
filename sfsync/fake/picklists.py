"""Which values does a picklist have?

The stages of opportunities and the statuses of tasks are records of their own, so that an org's own
meaning of them (closed, won) is known; the other picklists are listed with their field.
"""

from sfsync.fake.schema import Field, PicklistValue
from sfsync.fake.store import Store

_KEPT_AS_RECORDS = {
    ("Opportunity", "StageName"): "OpportunityStage",
    ("Task", "Status"): "TaskStatus",
}


def picklist_of(store: Store, object_name: str, field: Field) -> tuple[PicklistValue, ...]:
    """Return the values of a picklist field in setup order."""
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


def default_of(store: Store, object_name: str, field: Field) -> str | None:
    """Return the value a picklist takes on creation, or None."""
    values = picklist_of(store, object_name, field)
    return next((each.value for each in values if each.default), None)
