"""Which field does a CustomField of a package mean?"""

import re
from dataclasses import replace
from xml.etree.ElementTree import Element

from sfsync.fake.describing import default_field
from sfsync.fake.metadata.component import (
    Component,
    ComponentRefused,
    check_tags,
    flag_of,
    number_of,
    text_of,
)
from sfsync.fake.metadata.values import picklist_of_field
from sfsync.fake.schema import Field, ObjectType, Schema

# Type of the package -> type of a describe.
_TYPES = {
    "Checkbox": "boolean",
    "Currency": "currency",
    "Date": "date",
    "DateTime": "datetime",
    "Email": "email",
    "EncryptedText": "encryptedstring",
    "Html": "textarea",
    "LongTextArea": "textarea",
    "Lookup": "reference",
    "MasterDetail": "reference",
    "MultiselectPicklist": "multipicklist",
    "Number": "double",
    "Percent": "percent",
    "Phone": "phone",
    "Picklist": "picklist",
    "Text": "string",
    "TextArea": "textarea",
    "Time": "time",
    "Url": "url",
}
_NOT_OFFERED = ("AutoNumber", "ExternalLookup", "Location", "Summary")
_NUMBERS = ("Currency", "Number", "Percent")
_LONG = ("Html", "LongTextArea")
_RELATIONS = ("Lookup", "MasterDetail")
# Element -> the types that must have it; no other type may.
_NEEDS = {
    "length": ("EncryptedText", "Html", "LongTextArea", "Text"),
    "precision": _NUMBERS,
    "scale": _NUMBERS,
    "visibleLines": (*_LONG, "MultiselectPicklist"),
    "referenceTo": _RELATIONS,
    "relationshipName": _RELATIONS,
    "valueSet": ("MultiselectPicklist", "Picklist"),
}
_CAN_BE_KEY = ("Email", "Number", "Text")
_LENGTHS = {"Text": (1, 255), "LongTextArea": (256, 131_072), "Html": (256, 131_072)}
_KNOWN = frozenset(
    {*_NEEDS, "fullName", "label", "type", "required", "description", "inlineHelpText"}
    | {"trackHistory", "trackFeedHistory", "trackTrending", "externalId", "unique"}
    | {"caseSensitive", "defaultValue", "deleteConstraint", "relationshipLabel"}
    | {"relationshipOrder", "reparentableMasterDetail", "writeRequiresMasterRead", "maskChar"}
    | {"maskType"}
)
_NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*__c")
_MAX_NAME = 43


def field_of(component: Component, schema: Schema, known: Field | None) -> Field:
    """Return the field that a component means; `known` is the custom field it replaces.

    Raises ComponentRefused where the platform would not take it, or the fake does not offer it.
    """
    element, name = component.element, component.name.partition(".")[2]
    _check_name(name)
    label, kind = text_of(element, "label"), text_of(element, "type")
    if kind is None:
        raise ComponentRefused(f"Must specify a 'type' for the CustomField {name}")
    _check_type(kind, element)
    if label is None:
        raise ComponentRefused("Must specify a non-empty label for the CustomField")
    if known is not None and known.type != _TYPES[kind]:
        raise ComponentRefused(
            f"The fake does not change the type of a field ({known.type} to {_TYPES[kind]})"
        )
    made = replace(
        default_field(name, _TYPES[kind]),
        label=label,
        custom=True,
        nillable=not (flag_of(element, "required") or kind == "MasterDetail")
        and kind != "Checkbox",
        history_tracked=bool(flag_of(element, "trackHistory")),
        default_value=_default(element, kind),
    )
    made = _sized(made, element, kind)
    if kind in _RELATIONS:
        return _related(made, element, schema)
    if "valueSet" in {each.tag for each in element}:
        return picklist_of_field(made, element, known)
    return made


def standard_field_of(component: Component, known: Field) -> Field:
    """Return a standard field as a component changes it: only its tracking of history can be."""
    check_tags(component.element, frozenset({"fullName", "type", "label", "trackHistory"}))
    return replace(known, history_tracked=bool(flag_of(component.element, "trackHistory")))


def owners_of(component: Component, schema: Schema) -> list[ObjectType]:
    """Return the objects that get a component; fields of activities go to tasks and events.

    Raises ComponentRefused where there is no such object.
    """
    name = component.name.partition(".")[0]
    if name == "Activity":
        return [schema.objects[each] for each in ("Task", "Event") if each in schema.objects]
    if name in ("Task", "Event") and component.kind == "CustomField":
        raise ComponentRefused(
            f"Entity Enumeration Or ID: bad value for restricted picklist field: {name} (custom "
            "fields of tasks and events belong to Activity)"
        )
    if name not in schema.objects:
        raise ComponentRefused(f"no CustomObject named {name} found")
    return [schema.objects[name]]


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name) or len(name) > _MAX_NAME:
        raise ComponentRefused(
            f"The field name '{name}' can only contain alphanumeric characters and single "
            f"underscores, must begin with a letter, end in __c and have at most {_MAX_NAME} "
            "characters"
        )


def _check_type(kind: str, element: Element) -> None:
    if kind in _NOT_OFFERED or element.find("formula") is not None:
        raise ComponentRefused(f"The fake does not offer fields of the type {kind} or formulas")
    if kind not in _TYPES:
        raise ComponentRefused(f"'{kind}' is not a valid value for the enum 'FieldType'")
    check_tags(element, _KNOWN)
    tags = {each.tag for each in element}
    for tag, kinds in _NEEDS.items():
        if kind in kinds and tag not in tags:
            raise ComponentRefused(f"Must specify '{tag}' for a CustomField of type {kind}")
        if kind not in kinds and tag in tags:
            raise ComponentRefused(f"Can not specify '{tag}' for a CustomField of type {kind}")
    if kind == "Checkbox" and "defaultValue" not in tags:
        raise ComponentRefused("Must specify 'defaultValue' for a CustomField of type Checkbox")
    for tag in ("externalId", "unique"):
        if flag_of(element, tag) and kind not in _CAN_BE_KEY:
            raise ComponentRefused(f"Can not specify '{tag}' for a CustomField of type {kind}")


def _default(element: Element, kind: str) -> bool | float | str | None:
    found = text_of(element, "defaultValue")
    if found is None:
        return None
    if kind == "Checkbox":
        return bool(flag_of(element, "defaultValue"))
    quoted = re.fullmatch(r'"([^"]*)"', found)
    if quoted and _TYPES[kind] == "string":
        return quoted.group(1)
    if kind in _NUMBERS and re.fullmatch(r"-?\d+(\.\d+)?", found):
        return float(found)
    raise ComponentRefused(f"The fake does not evaluate the default value {found}")


def _sized(made: Field, element: Element, kind: str) -> Field:
    length = number_of(element, "length") or made.length
    least, most = _LENGTHS.get(kind, (0, 175 if kind == "EncryptedText" else length))
    if not least <= length <= most:
        raise ComponentRefused(f"The length of {kind} must be between {least} and {most}: {length}")
    precision, scale = (number_of(element, each) or 0 for each in ("precision", "scale"))
    if kind in _NUMBERS and not (0 < precision <= 18 and scale <= precision):
        raise ComponentRefused(
            f"precision must be between 1 and 18 and scale at most precision: {precision}, {scale}"
        )
    return replace(
        made,
        length=255 if kind == "TextArea" else length,
        precision=precision,
        scale=scale,
        external_id=bool(flag_of(element, "externalId")),
        id_lookup=bool(flag_of(element, "externalId")),
        unique=bool(flag_of(element, "unique")),
        case_sensitive=bool(flag_of(element, "caseSensitive")),
    )


def _related(made: Field, element: Element, schema: Schema) -> Field:
    target = text_of(element, "referenceTo") or ""
    if target not in schema.objects:
        raise ComponentRefused(
            f"referenceTo value of '{target}' does not resolve to a valid entity"
        )
    return replace(
        made,
        reference_to=(target,),
        child_relationship=f"{text_of(element, 'relationshipName')}__r",
    )
