"""Which record does an external id name?"""

from collections.abc import Mapping

from sfsync.fake.errors import refuse_record
from sfsync.fake.ids import normalise
from sfsync.fake.schema import Field, ObjectType
from sfsync.fake.soql.literals import is_text
from sfsync.fake.state import OrgState
from sfsync.fake.values import Row, from_cell, from_json
from sfsync.fake.write import Writer


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
    return [
        row
        for row in state.store.live_rows(owner.name)
        if row.get(field.name) == value
        or (is_text(field) and str(row.get(field.name, "")).lower() == text.lower())
    ]


def upsert(
    writer: Writer, owner: ObjectType, field: Field, body: Mapping[str, object]
) -> tuple[str, bool]:
    """Update the record that the body's external id names, or create one; return Id and `created`.

    Raises RecordRefused (300 on several matches, or what refuses the record itself) or ApiError.
    """
    given = next((value for key, value in body.items() if key.lower() == field.name.lower()), None)
    others = {key: value for key, value in body.items() if key.lower() != field.name.lower()}
    found = matches(writer.state, owner, field, str(given)) if given not in (None, "") else []
    if len(found) > 1:
        raise refuse_record(
            "DUPLICATE_EXTERNAL_ID",
            f"{field.name}: more than one record found for external id field: {given}",
            field.name,
            status=300,
        )
    if found:
        writer.update(owner, str(found[0]["Id"]), others)
        return str(found[0]["Id"]), False
    if field.name != "Id":
        value = from_cell(field, str(given)) if isinstance(given, str) else from_json(field, given)
        others[field.name] = value if value is not None else given
    elif given not in (None, ""):
        raise refuse_record("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", status=404)
    return writer.create(owner, others), True
