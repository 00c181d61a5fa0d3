"""Which history rows does a change leave behind?"""

from collections.abc import Sequence

from sfsync.fake.schema import Field, ObjectType, Schema
from sfsync.fake.state import OrgState
from sfsync.fake.values import Row, Value

_STAGE_FIELDS = ("StageName", "Amount", "Probability", "CloseDate")
_DATA_TYPES = {
    "picklist": "DynamicEnum",
    "combobox": "DynamicEnum",
    "boolean": "Boolean",
    "date": "DateOnly",
    "datetime": "DateTime",
    "int": "Double",
    "double": "Double",
    "currency": "Currency",
    "percent": "Percent",
    "email": "Email",
    "phone": "Phone",
    "url": "Url",
}


def history_object(object_name: str) -> tuple[str, str]:
    """Return the name of an object's field history and of that object's reference to the record."""
    if object_name.endswith("__c"):
        return object_name.removesuffix("__c") + "__History", "ParentId"
    special = {"Opportunity": "OpportunityFieldHistory"}
    return special.get(object_name, f"{object_name}History"), f"{object_name}Id"


def hidden_history(schema: Schema, object_name: str) -> frozenset[str]:
    """Return the values of Field whose history rows the parent's field-level security hides."""
    for owner in schema.objects.values():
        if owner.concealed and history_object(owner.name)[0] == object_name:
            hidden = (owner.fields[each] for each in owner.concealed if each in owner.fields)
            return frozenset(_shown_name(each) for each in hidden)
    return frozenset()


def write_history(
    state: OrgState, owner: ObjectType, before: Row | None, after: Row, audit: Row
) -> None:
    """Write the rows for one save: field history of tracked fields, stages of opportunities.

    `audit` holds the CreatedDate and CreatedById of the rows. Nothing is written to an object that
    the org does not have.
    """
    tracked = [each for each in owner.fields.values() if each.history_tracked]
    name, parent = history_object(owner.name)
    if tracked and name in state.store.schema.objects:
        entries = (
            [{"Field": "created", "DataType": "Text"}]
            if before is None
            else _field_entries(state, tracked, before, after)
        )
        for entry in entries:
            _put(state, name, {parent: after["Id"], **audit, **entry})
    if owner.name == "Opportunity" and "OpportunityHistory" in state.store.schema.objects:
        _write_stage_history(state, before, after, audit)


def write_merge_history(
    state: OrgState, owner: ObjectType, survivor: str, losers: Sequence[Row], audit: Row
) -> None:
    """Write a row for each record that was merged into the survivor: `accountMerged`, with its
    name. Nothing is written where no field of the object is tracked, or there is no history.
    """
    name, parent = history_object(owner.name)
    if name in state.store.schema.objects and any(e.history_tracked for e in owner.fields.values()):
        for loser in losers:
            field = f"{owner.name.lower()}Merged"
            entry = _entry(field, "Text", None, loser.get("Name"))
            _put(state, name, {parent: survivor, **audit, **entry})


def _field_entries(state: OrgState, tracked: list[Field], before: Row, after: Row) -> list[Row]:
    entries: list[Row] = []
    for field in tracked:
        old, new = before.get(field.name), after.get(field.name)
        if old == new:
            continue
        if field.type == "reference":
            entries += _lookup_entries(state, field, old, new)
        else:
            kept = not _is_too_long(field)
            entries.append(_entry(field.name, _data_type(field), old, new, kept=kept))
    return entries


def _lookup_entries(
    state: OrgState, field: Field, old: Value | None, new: Value | None
) -> list[Row]:
    name = _shown_name(field)
    return [
        _entry(name, "Text", _name_of(state, old), _name_of(state, new)),
        _entry(name, "EntityId", old, new),
    ]


def _shown_name(field: Field) -> str:
    # A standard lookup is named by its relationship: OwnerId is `Owner`.
    return field.name if field.custom else (field.relationship_name or field.name)


def _entry(
    name: str, data_type: str, old: Value | None, new: Value | None, *, kept: bool = True
) -> Row:
    entry: Row = {"Field": name, "DataType": data_type}
    if kept and old is not None:
        entry["OldValue"] = old
    if kept and new is not None:
        entry["NewValue"] = new
    return entry


def _name_of(state: OrgState, record_id: Value | None) -> Value | None:
    return (state.store.row(str(record_id)) or {}).get("Name") if record_id is not None else None


def _is_too_long(field: Field) -> bool:
    return field.type == "multipicklist" or (field.type == "textarea" and field.length > 255)


def _data_type(field: Field) -> str:
    return _DATA_TYPES.get(field.type, "Text")


def _write_stage_history(state: OrgState, before: Row | None, after: Row, audit: Row) -> None:
    if before is not None and all(before.get(each) == after.get(each) for each in _STAGE_FIELDS):
        return
    row: Row = {"OpportunityId": after["Id"], **audit}
    for name in (*_STAGE_FIELDS, "ExpectedRevenue", "ForecastCategory"):
        if name in after:
            row[name] = after[name]
    for name in ("Amount", "CloseDate"):
        if before is not None and name in before:
            row[f"Prev{name}"] = before[name]
    row["SystemModstamp"] = audit["CreatedDate"]
    _put(state, "OpportunityHistory", row)


def _put(state: OrgState, name: str, row: Row) -> None:
    declared = state.store.schema.objects[name].fields
    kept = {key: value for key, value in row.items() if key in declared}
    state.store.put(name, {"Id": state.store.new_id(name), **kept})
