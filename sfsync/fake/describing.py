"""How is a field written in the JSON of a describe, and read from it?"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from sfsync.fake.schema import Field, PicklistValue
from sfsync.fake.standard import label_of

_SOAP_TYPES = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "address": "urn:address",
    "anyType": "xsd:anyType",
}
_ALWAYS_NONE = [
    "calculatedFormula",
    "controllerName",
    "defaultValueFormula",
    "extraTypeInfo",
    "filteredLookupInfo",
    "inlineHelpText",
    "mask",
    "maskType",
    "referenceTargetField",
    "relationshipOrder",
]
_ALWAYS_FALSE = [
    "aiPredictionField",
    "autoNumber",
    "cascadeDelete",
    "dependentPicklist",
    "deprecatedAndHidden",
    "displayLocationInDecimal",
    "encrypted",
    "formulaTreatNullNumberAsZero",
    "highScaleNumber",
    "htmlFormatted",
    "queryByDistance",
    "restrictedDelete",
    "writeRequiresMasterRead",
]
# Key of the describe -> attribute of Field, for those that are carried over as they are.
_FLAGS = {
    "aggregatable": "aggregatable",
    "calculated": "calculated",
    "caseSensitive": "case_sensitive",
    "createable": "createable",
    "custom": "custom",
    "defaultedOnCreate": "defaulted_on_create",
    "externalId": "external_id",
    "filterable": "filterable",
    "groupable": "groupable",
    "idLookup": "id_lookup",
    "nillable": "nillable",
    "polymorphicForeignKey": "polymorphic",
    "restrictedPicklist": "restricted_picklist",
    "sortable": "sortable",
    "unique": "unique",
    "updateable": "updateable",
}
_SIZES = ("length", "precision", "scale")
_GROUPABLE = frozenset(
    {"string", "picklist", "reference", "id", "date", "int", "email", "phone", "url", "boolean"}
    | {"combobox"}
)


@lru_cache(maxsize=4_096)
def field_json(field: Field, picklist: tuple[PicklistValue, ...] = ()) -> Mapping[str, object]:
    """Return a field as a describe shows it: every key of the platform is there.

    The same mapping each time: it is not to be changed.
    """
    described: dict[str, object] = {key: getattr(field, name) for key, name in _FLAGS.items()}
    described |= {key: getattr(field, key) for key in (*_SIZES, "name", "type", "label")}
    described |= dict.fromkeys(_ALWAYS_NONE) | dict.fromkeys(_ALWAYS_FALSE, False)
    described |= {
        "byteLength": field.length * 3,
        "compoundFieldName": None,
        "defaultValue": field.default_value,
        "digits": 9 if field.type == "int" else 0,
        "nameField": field.name == "Name",
        "namePointing": field.polymorphic,
        "permissionable": field.permissionable,
        "picklistValues": [_picklist_json(each) for each in picklist or field.picklist],
        "referenceTo": list(field.reference_to),
        "relationshipName": field.relationship_name,
        "searchPrefilterable": field.type == "reference",
        "soapType": _SOAP_TYPES.get(field.type, "xsd:string"),
    }
    return dict(sorted(described.items()))


def _picklist_json(value: PicklistValue) -> dict[str, object]:
    return {
        "active": value.active,
        "defaultValue": value.default,
        "label": value.label,
        "validFor": None,
        "value": value.value,
    }


def recorded_json(field: Field) -> dict[str, object]:
    """Return a field for `describe.json`: as in a describe, with what a describe does not tell."""
    return {
        **field_json(field),
        "history_tracked": field.history_tracked,
        "childRelationshipName": field.child_relationship,
    }


def field_from_json(described: Mapping[str, object], known: Field | None) -> Field:
    """Return the field that a description means, on top of what is known of it.

    The keys are those of a describe; `name` is required, and `type` where nothing is known. Beyond
    a describe: `history_tracked`, `childRelationshipName`. Raises ValueError on what cannot be
    meant.
    """
    field = known or _new_field(described)
    changes: dict[str, object] = {}
    for key, name in (*_FLAGS.items(), *((each, each) for each in (*_SIZES, "type", "label"))):
        if key in described:
            changes[name] = described[key]
    if "picklistValues" in described:
        changes["picklist"] = _picklist(described["picklistValues"])
    if described.get("referenceTo"):
        changes["reference_to"] = tuple(_texts(described["referenceTo"]))
    for key, name in (
        ("relationshipName", "relationship_name"),
        ("childRelationshipName", "child_relationship"),
        ("defaultValue", "default_value"),
        ("history_tracked", "history_tracked"),
    ):
        if key in described:
            changes[name] = described[key]
    made: Field = replace(field, **changes)  # type: ignore[arg-type]
    return replace(made, createable=False, updateable=False) if made.calculated else made


def _new_field(described: Mapping[str, object]) -> Field:
    name, kind = described.get("name"), described.get("type")
    if not isinstance(name, str) or not isinstance(kind, str):
        raise ValueError(f"a field needs a name and a type: {dict(described)}")
    return default_field(name, kind)


def default_field(name: str, kind: str) -> Field:
    """Return a writable, optional field of a type with the platform's usual flags and sizes."""
    long_text = kind in ("textarea", "multipicklist")
    return Field(
        name=name,
        type=kind,
        label=label_of(name),
        length={"string": 255, "picklist": 255, "url": 255, "email": 80, "phone": 40}.get(kind, 0)
        or (32_768 if kind == "textarea" else 0),
        precision=18 if kind in ("double", "currency", "percent") else 0,
        scale=2 if kind in ("currency", "percent", "double") else 0,
        createable=True,
        updateable=True,
        nillable=kind != "boolean",
        defaulted_on_create=kind == "boolean",
        filterable=kind != "textarea",
        groupable=kind in _GROUPABLE,
        sortable=not long_text,
        aggregatable=kind not in ("boolean", "textarea", "multipicklist"),
        custom=name.endswith("__c"),
        relationship_name=name.removesuffix("__c") + "__r"
        if kind == "reference" and name.endswith("__c")
        else None,
    )


def _texts(found: object) -> list[str]:
    if not isinstance(found, Sequence) or isinstance(found, str):
        raise ValueError(f"a list of names is needed, not {found!r}")
    return [str(each) for each in found]


def _picklist(found: object) -> tuple[PicklistValue, ...]:
    if not isinstance(found, Sequence) or isinstance(found, str):
        raise ValueError(f"picklistValues is a list, not {found!r}")
    values = []
    for each in found:
        if isinstance(each, str):
            values.append(PicklistValue(each, each))
        elif isinstance(each, Mapping) and "value" in each:
            value = str(each["value"])
            values.append(
                PicklistValue(
                    value,
                    str(each.get("label") or value),
                    active=bool(each.get("active", True)),
                    default=bool(each.get("defaultValue", False)),
                )
            )
        else:
            raise ValueError(f"a picklist value is a text or has a value, not {each!r}")
    return tuple(values)
