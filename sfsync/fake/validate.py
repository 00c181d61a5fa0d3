"""Would the platform take these values?

The codes and texts are those of the API; the first thing that is wrong with a record is what it
says.
"""

import re
from collections.abc import Mapping

from sfsync.fake.errors import ApiError, RecordRefused, refuse_record, refuse_request
from sfsync.fake.picklists import picklist_of
from sfsync.fake.schema import NUMERIC_TYPES, TEXT_TYPES, Field, ObjectType
from sfsync.fake.state import OrgState
from sfsync.fake.values import Row, Value, from_json

Changes = dict[str, Value | None]

_UNIQUE_PAIRS = {
    "PermissionSetAssignment": ("AssigneeId", "PermissionSetId"),
    "FieldPermissions": ("ParentId", "Field"),
    "ObjectPermissions": ("ParentId", "SobjectType"),
}
_EMAIL = re.compile(r"[^@\s<>(),;:]+@[^@\s<>(),;:.]+(\.[^@\s<>(),;:.]+)+")


def checked(
    state: OrgState, owner: ObjectType, body: Mapping[str, object], *, creating: bool
) -> Changes:
    """Return the values of a JSON body in kept form, null as None.

    Raises RecordRefused for what the platform refuses of a record, ApiError (JSON_PARSER_ERROR)
    where a value has the wrong JSON type.
    """
    fields = _known_fields(owner, body)
    _require_writable(fields, creating=creating)
    changes = {
        field.name: _typed(field, value) for field, value in zip(fields, body.values(), strict=True)
    }
    for field in fields:
        value = changes[field.name]
        if value is not None:
            _check_value(state, owner, field, value)
    return changes


def _known_fields(owner: ObjectType, body: Mapping[str, object]) -> list[Field]:
    fields = []
    for name in body:
        field = owner.find(name)
        if field is None and owner.is_hidden(name):
            raise _not_writable([name])
        if field is None:
            raise refuse_record(
                "INVALID_FIELD", f"No such column '{name}' on sobject of type {owner.name}"
            )
        fields.append(field)
    return fields


def _require_writable(fields: list[Field], *, creating: bool) -> None:
    refused = [each.name for each in fields if not is_writable(each, creating=creating)]
    if refused:
        raise _not_writable(refused)


def _not_writable(names: list[str]) -> RecordRefused:
    return refuse_record(
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        f"Unable to create/update fields: {', '.join(names)}. Please check the security settings "
        "of this field and verify that it is read/write for your profile or permission set.",
        *names,
    )


def is_writable(field: Field, *, creating: bool) -> bool:
    """Whether a request may carry the field."""
    return field.createable if creating else field.updateable


def _typed(field: Field, value: object) -> Value | None:
    if value is None or value == "":
        return None
    kept = from_json(field, value)
    if kept is not None:
        return kept
    if field.is_reference and isinstance(value, str):
        raise refuse_record(
            "MALFORMED_ID", f"{field.label}: id value of incorrect type: {value}", field.name
        )
    raise _parser_error(field, value)


def _parser_error(field: Field, value: object) -> ApiError:
    token = {bool: "VALUE_TRUE", int: "VALUE_NUMBER_INT", float: "VALUE_NUMBER_FLOAT"}.get(
        type(value), "VALUE_STRING"
    )
    if isinstance(value, dict | list):
        token = "START_OBJECT" if isinstance(value, dict) else "START_ARRAY"
    return refuse_request(
        400,
        "JSON_PARSER_ERROR",
        f"Cannot deserialize instance of {field.type} from {token} value {value} or request may be "
        f"missing a required field at [line:1, column:1] (field {field.name})",
    )


def _check_value(state: OrgState, owner: ObjectType, field: Field, value: Value) -> None:
    if field.type == "reference":
        _check_reference(state, owner, field, str(value))
    elif field.type in NUMERIC_TYPES:
        _check_number(field, float(value))
    elif field.type in TEXT_TYPES:
        _check_text(state, owner, field, str(value))


def _check_reference(state: OrgState, owner: ObjectType, field: Field, record_id: str) -> None:
    target = state.store.schema.of_id(record_id)
    if target is None or target.name not in field.reference_to:
        raise refuse_record(
            "MALFORMED_ID", f"{field.label}: id value of incorrect type: {record_id}", field.name
        )
    row = state.store.row(record_id)
    if row is None:
        raise refuse_record("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    if row.get("IsDeleted"):
        raise refuse_record("ENTITY_IS_DELETED", "entity is deleted")
    if field.name == "OwnerId" and target.name == "User" and not row.get("IsActive"):
        raise refuse_record(
            "INACTIVE_OWNER_OR_USER",
            f"operation performed with inactive user [{record_id[:15]}] as owner of "
            f"{owner.label.lower()}",
            field.name,
        )


def _check_number(field: Field, number: float) -> None:
    digits = field.precision - field.scale if field.precision else 18
    if field.type == "int":
        too_large = not -(2**31) <= number < 2**31
    else:
        too_large = abs(number) >= 10**digits
    if too_large:
        raise refuse_record(
            "NUMBER_OUTSIDE_VALID_RANGE",
            f"{field.label}: value outside of valid range on numeric field: {number:g}",
            field.name,
        )


def _check_text(state: OrgState, owner: ObjectType, field: Field, text: str) -> None:
    if field.length and len(text) > field.length:
        raise refuse_record(
            "STRING_TOO_LONG",
            f"{field.label}: data value too large: {text} (max length={field.length})",
            field.name,
        )
    if field.type == "email" and not _EMAIL.fullmatch(text):
        raise refuse_record(
            "INVALID_EMAIL_ADDRESS", f"{field.label}: invalid email address: {text}", field.name
        )
    if field.restricted_picklist:
        _check_picklist(state, owner, field, text)


def _check_picklist(state: OrgState, owner: ObjectType, field: Field, text: str) -> None:
    active = {each.value for each in picklist_of(state.store, owner.name, field) if each.active}
    chosen = text.split(";") if field.type == "multipicklist" else [text]
    for value in chosen:
        if value not in active:
            raise refuse_record(
                "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
                f"{field.label}: bad value for restricted picklist field: {value}",
                field.name,
            )


def check_required(owner: ObjectType, row: Row, named: Mapping[str, object] | None = None) -> None:
    """Raise RecordRefused (REQUIRED_FIELD_MISSING) unless all required fields have a value.

    `named`: look only at these fields (an update need not repeat the others).
    """
    missing = [
        each.name
        for each in owner.fields.values()
        if not each.nillable
        and (each.createable or each.updateable)
        and each.type != "boolean"
        and each.name not in row
        and (named is None or each.name in named)
    ]
    if missing:
        raise refuse_record(
            "REQUIRED_FIELD_MISSING",
            f"Required fields are missing: [{', '.join(missing)}]",
            *missing,
        )


def check_unique(
    state: OrgState, owner: ObjectType, row: Row, changed: Mapping[str, object]
) -> None:
    """Raise RecordRefused (DUPLICATE_VALUE) where a unique field repeats another record's value.

    The same goes for the pair of fields that tells the permissions of one from another's.
    """
    _check_unique_pair(state, owner, row)
    for name in changed:
        field = owner.fields[name]
        if not field.unique or name not in row:
            continue
        for other in state.store.table(owner.name).ids_with(name, row[name]):
            found = state.store.table(owner.name).rows[other]
            if other != row.get("Id") and not found.get("IsDeleted"):
                raise refuse_record(
                    "DUPLICATE_VALUE",
                    f"duplicate value found: {name} duplicates value on record with id: "
                    f"{other[:15]}",
                )


def _check_unique_pair(state: OrgState, owner: ObjectType, row: Row) -> None:
    pair = _UNIQUE_PAIRS.get(owner.name)
    if pair is None:
        return
    first, second = pair
    for other in state.store.table(owner.name).ids_with(first, row[first]):
        found = state.store.table(owner.name).rows[other]
        is_other = other != row.get("Id") and not found.get("IsDeleted")
        if is_other and found.get(second) == row.get(second):
            raise refuse_record(
                "DUPLICATE_VALUE",
                f"Duplicate {owner.name}. {first}: {row[first]}; {second}: {row[second]}",
                first,
                second,
            )


def run_validation_rules(
    state: OrgState, owner: ObjectType, before: Row | None, after: Row
) -> None:
    """Raise RecordRefused (FIELD_CUSTOM_VALIDATION_EXCEPTION) where a rule of the org objects."""
    for rule in state.validation_rules.get(owner.name, ()):
        answer = rule(dict(before) if before is not None else None, dict(after))
        if answer is not None:
            text, *places = (answer,) if isinstance(answer, str) else answer
            raise refuse_record("FIELD_CUSTOM_VALIDATION_EXCEPTION", text, *places)
