"""How is a record updated if an external id names it, and created if none does?"""

from collections.abc import Mapping

from sfsync.fake.errors import refuse_record
from sfsync.fake.external import matches
from sfsync.fake.schema import Field, ObjectType
from sfsync.fake.values import from_cell
from sfsync.fake.write import Writer


def upsert(
    writer: Writer, owner: ObjectType, field: Field, body: Mapping[str, object]
) -> tuple[str, bool]:
    """Update the record that the body's external id names, or create one.

    Returns its Id and whether it is new. Raises RecordRefused (300 on several matches, or what
    refuses the record itself) or ApiError.
    """
    given = next((value for key, value in body.items() if key.lower() == field.name.lower()), None)
    others = {key: value for key, value in body.items() if key.lower() != field.name.lower()}
    is_given = given not in (None, "")
    found = matches(writer.state, owner, field, str(given)) if is_given else []
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
    if field.name == "Id" and is_given:
        raise refuse_record("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", status=404)
    if field.name != "Id":
        # A value out of a URL is text, whatever the type of the field.
        others[field.name] = from_cell(field, given) if isinstance(given, str) and given else given
    return writer.create(owner, others), True
