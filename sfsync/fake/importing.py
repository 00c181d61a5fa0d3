"""How does a record get into the org as an import would bring it, audit fields and all?"""

from collections.abc import Mapping
from datetime import date, datetime

from sfsync.fake import activities
from sfsync.fake.derive import Save, derive, follow_up, stamps
from sfsync.fake.history import write_history
from sfsync.fake.picklists import default_of
from sfsync.fake.schema import ObjectType
from sfsync.fake.standard import standard_object
from sfsync.fake.state import OrgState
from sfsync.fake.values import Row, from_python, wire_datetime

_STAMPS = ("CreatedDate", "LastModifiedDate", "SystemModstamp")
# What is taken for a field: JSON's values, and dates and datetimes as Python has them.
Given = str | int | float | bool | date | datetime | None


def import_record(
    state: OrgState, owner: ObjectType, fields: Mapping[str, Given], *, history: bool
) -> str:
    """Put a record into the store, complete what is not given, and return its Id.

    Raises ValueError on an unknown field, a value of the wrong type or an Id that is taken,
    RecordRefused where fields contradict each other.
    """
    row = _defaults(state, owner)
    for name in fields:
        row.pop(name, None)
    row |= _values(owner, fields)
    _complete(owner, row)
    _take_id(state, owner, row)
    given = next((row[name] for name in _STAMPS if name in row), None)
    stamp = str(given or wire_datetime(state.clock.now()))
    user_id = str(row.get("CreatedById") or state.user_id or row["Id"])
    save = Save(state, owner, None, row, fields.keys(), stamp)
    derive(save)
    _stamp(owner, row, user_id, stamp)
    _archive_if_old(state, owner, row, fields)
    state.store.put(owner.name, row)
    if history:
        audit: Row = {"CreatedDate": stamp, "CreatedById": user_id}
        write_history(state, owner, None, row, audit)
    follow_up(save)
    if owner.name == "RecordType":
        _give_record_types(state, str(row.get("SobjectType")))
    return str(row["Id"])


def _values(owner: ObjectType, fields: Mapping[str, Given]) -> Row:
    row: Row = {}
    for name, value in fields.items():
        field = owner.fields.get(name)
        if field is None:
            raise ValueError(f"{owner.name} has no field {name}")
        kept = from_python(field, value)
        if kept is not None:
            row[name] = kept
    return row


def _defaults(state: OrgState, owner: ObjectType) -> Row:
    row: Row = {each.name: False for each in owner.fields.values() if each.type == "boolean"}
    for field in owner.fields.values():
        value = field.default_value
        if field.type == "picklist":
            value = default_of(state.store, owner.name, field) or value
        if value is not None:
            row[field.name] = value
    if "OwnerId" in owner.fields:
        row["OwnerId"] = state.user_id
    if owner.name == "User":
        row |= {"IsActive": True, "UserType": "Standard"}
    return {name: value for name, value in row.items() if name in owner.fields}


def _complete(owner: ObjectType, row: Row) -> None:
    if "LastName" in owner.fields and "Name" in row and "LastName" not in row:
        first, _blank, last = str(row["Name"]).rpartition(" ")
        row |= {"FirstName": first, "LastName": last} if first else {"LastName": last}
    if owner.name == "Event" and not row.get("IsAllDayEvent") and "EndDateTime" not in row:
        row.setdefault("DurationInMinutes", 60)


def _take_id(state: OrgState, owner: ObjectType, row: Row) -> None:
    given = row.get("Id")
    if given is None:
        row["Id"] = state.store.new_id(owner.name)
    elif str(given)[:3] != owner.key_prefix or state.store.row(str(given)) is not None:
        raise ValueError(f"{given} is no new Id of {owner.name} ({owner.key_prefix}...)")


def _stamp(owner: ObjectType, row: Row, user_id: str, stamp: str) -> None:
    modified = str(row.get("LastModifiedDate", stamp))
    for name, value in stamps(owner, user_id, stamp, creating=True).items():
        row.setdefault(name, value)
    # A record was last touched when it was last modified, unless it is said otherwise.
    if "SystemModstamp" in owner.fields and str(row.get("SystemModstamp", "")) < modified:
        row["SystemModstamp"] = modified


def _give_record_types(state: OrgState, object_name: str) -> None:
    # An object has the field RecordTypeId from its first record type on.
    owner, standard = state.store.schema.objects[object_name], standard_object(object_name)
    if standard is not None and "RecordTypeId" in standard.fields:
        owner.declare(standard.fields["RecordTypeId"])


def _archive_if_old(
    state: OrgState, owner: ObjectType, row: Row, given: Mapping[str, Given]
) -> None:
    is_activity = owner.name in activities.ACTIVITY_OBJECTS
    if is_activity and "IsArchived" in owner.fields and "IsArchived" not in given:
        limit = activities.archive_limit(state)
        row["IsArchived"] = activities.is_old_enough(state, owner.name, row, limit)
