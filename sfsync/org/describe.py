"""What does the org say about an object's fields?"""

from collections.abc import Mapping, Sequence
from typing import Any

from sfsync.errors import OrgRefused
from sfsync.model import Action
from sfsync.org import FieldInfo

# Their values are objects of several parts, which are fields of their own (BillingCity of
# BillingAddress).
_COMPOUND = frozenset({"address", "location", "complexvalue"})


def read_fields(described: Mapping[str, Any]) -> dict[str, FieldInfo]:
    """Read the fields of an object's describe, by API name."""
    return {field["name"]: _field(field) for field in described["fields"]}


def read_actions(described: Mapping[str, Any]) -> frozenset[Action]:
    """Read what may be done with an object's records; what describe does not tell is allowed."""
    told = {
        Action.CREATE: "createable",
        Action.UPDATE: "updateable",
        Action.DELETE: "deletable",
        Action.MERGE: "mergeable",
    }
    return frozenset(action for action, key in told.items() if described.get(key, True))


def read_children(described: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Read which fields of which objects lead to an object's records."""
    told = described.get("childRelationships") or ()
    return tuple((each["childSObject"], each["field"]) for each in told)


def _field(field: Mapping[str, Any]) -> FieldInfo:
    picklist = field.get("picklistValues") or ()
    return FieldInfo(
        name=field["name"],
        type=field["type"],
        label=field["label"],
        updateable=field["updateable"],
        createable=field["createable"],
        nillable=field["nillable"],
        length=field.get("length") or 0,
        values=tuple(entry["value"] for entry in picklist if entry["active"]),
        restricted=bool(field.get("restrictedPicklist")),
        reference_to=tuple(field.get("referenceTo") or ()),
        calculated=bool(field.get("calculated")),
        unique=bool(field.get("unique") or field.get("externalId")),
    )


def check_readable(
    object: str, known: Mapping[str, FieldInfo] | None, fields: Sequence[str]
) -> Mapping[str, FieldInfo]:
    """Give the object's fields if all that are asked for can be read.

    Raises OrgRefused, naming every one that cannot.
    """
    if known is None:
        raise OrgRefused(
            f"{object}: the org has no such object, or hides it from the service's user. "
            "Check the name, and the object's permissions"
        )
    missing = sorted({name for name in fields if name not in known})
    if missing:
        raise OrgRefused(
            f"{object}: the org has no such field, or hides it from the service's user: "
            f"{', '.join(missing)}. Check the names (as the API spells them) and the field-level "
            "security"
        )
    compound = sorted({name for name in fields if known[name].type in _COMPOUND})
    if compound:
        raise OrgRefused(
            f"{object}: made of other fields: {', '.join(compound)}. Ask for the parts instead"
        )
    return known
