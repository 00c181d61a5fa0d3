"""Which record does an external id name?"""

from collections.abc import Mapping

from sfsync.fake.errors import refuse_record
from sfsync.fake.ids import normalise
from sfsync.fake.schema import Field, ObjectType
from sfsync.fake.soql.literals import is_text
from sfsync.fake.state import OrgState
from sfsync.fake.values import Row, from_cell


def external_field(owner: ObjectType, name: str) -> Field:
    """Return a field that can name records; raises RecordRefused 404 where there is none."""
    field = owner.find(name)
    if field is None or not (field.external_id or field.id_lookup):
        raise refuse_record(
            "NOT_FOUND",
            f"Provided external ID field does not exist or is not accessible: {name}",
            status=404,
        )
    return field


def matches(state: OrgState, owner: ObjectType, field: Field, text: str) -> list[Row]:
    """Return the records that are not deleted and bear a value given as text, in a URL."""
    if field.name == "Id":
        row = state.store.table(owner.name).rows.get(normalise(text) or "")
        return [row] if row is not None and not row.get("IsDeleted") else []
    value = from_cell(field, text)
    if not is_text(field):
        rows = state.store.live_rows(owner.name)
        return [row for row in rows if value is not None and row.get(field.name) == value]
    wanted = text.lower()
    rows = state.store.live_rows(owner.name)
    return [row for row in rows if str(row.get(field.name, "")).lower() == wanted]


def with_parents(
    state: OrgState, owner: ObjectType, body: Mapping[str, object]
) -> dict[str, object]:
    """Return a body in which parents named by external id are named by Id.

    `{"Account": {"Ext__c": "v"}}` becomes `{"AccountId": "001..."}`. Raises RecordRefused where the
    relationship or field is unknown, or not exactly one parent bears the value.
    """
    found: dict[str, object] = {}
    for key, value in body.items():
        reference = owner.find_relationship(key) if isinstance(value, Mapping) else None
        if reference is None or not isinstance(value, Mapping):
            found[key] = value
        else:
            found[reference.name] = _parent_id(state, reference, value)
    return found


def _parent_id(state: OrgState, reference: Field, named: Mapping[str, object]) -> object:
    target = state.store.schema.objects[reference.reference_to[0]]
    keys = [each for each in named if each != "attributes"]
    if len(keys) != 1:
        raise refuse_record(
            "INVALID_FIELD", f"{reference.relationship_name} must name one external id field"
        )
    field, text = external_field(target, keys[0]), str(named[keys[0]])
    rows = matches(state, target, field, text)
    if len(rows) != 1:
        raise refuse_record(
            "INVALID_FIELD",
            f"Foreign key external ID: {text} not found for field {field.name} in entity "
            f"{target.name}",
        )
    return rows[0]["Id"]
