"""Which values does a record of an upload give to which fields?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sfsync.fake.bulk.dialect import UploadRefused
from sfsync.fake.bulk.parents import Names
from sfsync.fake.errors import RecordRefused, refuse_record
from sfsync.fake.schema import NUMERIC_TYPES, Field, ObjectType, Schema
from sfsync.fake.values import Value, from_cell

_NULL = "#N/A"

# Makes the value of a non-empty cell; raises RecordRefused.
Reader = Callable[[str], Value | None]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of an upload: the field it is for and how one of its cells is read."""

    name: str
    read: Reader


def columns_of(names: Names, owner: ObjectType, header: Sequence[str]) -> list[Column]:
    """Return the columns that a header names; raises UploadRefused on one that is not there."""
    found = [_column(names, owner, name) for name in header]
    seen = [each.name for each in found]
    twice = [name for at, name in enumerate(seen) if name in seen[:at]]
    if twice:
        raise UploadRefused(f"InvalidBatch : Duplicate field name in the header : {twice[0]}")
    return found


def body_of(columns: Sequence[Column], cells: Sequence[str]) -> dict[str, object]:
    """Return the values of a record by field; an empty cell says nothing. Raises RecordRefused."""
    return {
        column.name: None if cell == _NULL else column.read(cell)
        for column, cell in zip(columns, cells, strict=True)
        if cell
    }


def _column(names: Names, owner: ObjectType, name: str) -> Column:
    if "." in name:
        return _parent_column(names, owner, name)
    field = owner.find(name)
    if field is None or field.type in ("address", "location"):
        raise _not_found(name)
    return Column(field.name, _reader(field))


def _parent_column(names: Names, owner: ObjectType, name: str) -> Column:
    # `Account.Number__c`; where several objects are possible `Account:What.Number__c`.
    object_name, _colon, path = name.rpartition(":")
    relationship, _dot, key = path.partition(".")
    reference = owner.find_relationship(relationship)
    target = _target(names.state.store.schema, reference, object_name) if reference else None
    field = target.find(key) if target is not None else None
    if reference is None or target is None or field is None:
        raise _not_found(name)
    if not (field.external_id or field.id_lookup):
        raise UploadRefused(
            f"InvalidBatch : Field name provided, {key} does not match an External ID, Salesforce "
            f"Id, or indexed field for {target.name}"
        )
    return Column(reference.name, lambda cell: names.parent_id(target, field, cell))


def _target(schema: Schema, reference: Field, object_name: str) -> ObjectType | None:
    if not object_name:
        if len(reference.reference_to) != 1:
            return None
        return schema.objects.get(reference.reference_to[0])
    found = schema.find(object_name)
    return found if found is not None and found.name in reference.reference_to else None


def _not_found(name: str) -> UploadRefused:
    return UploadRefused(f"InvalidBatch : Field name not found : {name}")


def _reader(field: Field) -> Reader:
    def read(cell: str) -> Value:
        value = from_cell(field, cell) if _is_plain(field, cell) else None
        if value is None:
            raise _wrong_type(field, cell)
        return value

    return (lambda cell: cell) if field.type in _AS_IT_IS else read


# Most columns are text, and there is nothing to be read in it.
_AS_IT_IS = frozenset(
    {"string", "textarea", "picklist", "multipicklist", "combobox", "email", "phone", "url"}
    | {"encryptedstring", "anyType"}
)


def _is_plain(field: Field, cell: str) -> bool:
    # Python would take spaces around a number, and 1_000, and a space in place of a datetime's T.
    if field.type in NUMERIC_TYPES:
        return "_" not in cell and cell.strip() == cell
    return field.type != "datetime" or cell[10:11] == "T"


def _wrong_type(field: Field, cell: str) -> RecordRefused:
    if field.is_reference:
        return refuse_record(
            "MALFORMED_ID", f"{field.label}: id value of incorrect type: {cell}", field.name
        )
    return refuse_record(
        "INVALID_TYPE_ON_FIELD_IN_RECORD",
        f"{field.label}: value not of required type: {cell}",
        field.name,
    )
