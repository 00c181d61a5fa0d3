"""What would the Tooling API know of the org: its objects, custom fields and validation rules?"""

from dataclasses import replace

from sfsync.fake.describing import default_field
from sfsync.fake.schema import Field, ObjectType, Schema
from sfsync.fake.state import OrgState
from sfsync.fake.store import Store
from sfsync.fake.values import Row

_ENTITY = (
    ("Id", "id"),
    ("DurableId", "string"),
    ("QualifiedApiName", "string"),
    ("DeveloperName", "string"),
    ("Label", "string"),
    ("KeyPrefix", "string"),
)
_FIELD = (
    ("Id", "id"),
    ("DeveloperName", "string"),
    ("TableEnumOrId", "string"),
    ("EntityDefinitionId", "reference"),
)
_RULE = (
    ("Id", "id"),
    ("ValidationName", "string"),
    ("Active", "boolean"),
    ("Description", "textarea"),
    ("ErrorDisplayField", "string"),
    ("ErrorMessage", "string"),
    ("EntityDefinitionId", "reference"),
)

_SHARED = ("Organization", "PermissionSet", "Profile", "User")


def tooling_store(state: OrgState) -> Store:
    """Return the org's metadata as records, for queries: a picture of now, not to be written to."""
    there = [each for each in _SHARED if each in state.store.schema.objects]
    known = (state.store.schema.objects[each] for each in there)
    own = (
        _object("EntityDefinition", "4ie", _ENTITY),
        _object("CustomField", "00N", _FIELD),
        _object("ValidationRule", "03d", _RULE),
    )
    store = Store(Schema((*known, *own)))
    store.tables |= {each: state.store.table(each) for each in there}
    for owner in state.store.schema.objects.values():
        _add_object(state, store, owner)
    for name, rule in state.metadata.rules.items():
        row: Row = {
            "Id": state.metadata.id_of("ValidationRule", name)[0],
            "ValidationName": rule.name,
            "Active": rule.active,
            "ErrorMessage": rule.message,
            "EntityDefinitionId": rule.object_name,
        }
        shown_at: Row = {"ErrorDisplayField": rule.field_name} if rule.field_name else {}
        store.put("ValidationRule", row | shown_at)
    store.commit()
    return store


def _object(name: str, prefix: str, fields: tuple[tuple[str, str], ...]) -> ObjectType:
    made = ObjectType(name, prefix, name, f"{name}s", False, False, False)
    made.declare(*(_field(each, kind) for each, kind in fields))
    return made


def _field(name: str, kind: str) -> Field:
    made = default_field(name, kind)
    if kind != "reference":
        return made
    return replace(made, reference_to=("EntityDefinition",), relationship_name="EntityDefinition")


def _add_object(state: OrgState, store: Store, owner: ObjectType) -> None:
    # The Id of a standard object's definition is its name, as on the platform.
    store.put(
        "EntityDefinition",
        {
            "Id": owner.name,
            "DurableId": owner.name,
            "QualifiedApiName": owner.name,
            "DeveloperName": owner.name.removesuffix("__c"),
            "Label": owner.label,
            "KeyPrefix": owner.key_prefix,
        },
    )
    for each in owner.fields.values():
        if each.custom:
            name = f"{owner.name}.{each.name}"
            row: Row = {
                "Id": state.metadata.id_of("CustomField", name)[0],
                "DeveloperName": each.name.removesuffix("__c"),
                "TableEnumOrId": owner.name,
                "EntityDefinitionId": owner.name,
            }
            store.put("CustomField", row)
