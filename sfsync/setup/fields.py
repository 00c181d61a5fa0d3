"""How is a field made, or an existing picklist given the values that it lacks?"""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement

from sfsync.org.metadata import FieldDetail, PicklistEntry
from sfsync.policy import FieldSpec
from sfsync.setup.metadata import Component, put, put_all, root
from sfsync.setup.wishes import FieldWish

# Our types -> the platform's names of them.
PLATFORM_TYPES = {
    "text": "Text",
    "long_text": "LongTextArea",
    "email": "Email",
    "url": "Url",
    "picklist": "Picklist",
    "number": "Number",
    "flag": "Checkbox",
    "date": "Date",
    "instant": "DateTime",
    "reference": "Lookup",
}
_TEXT_LENGTH = 255
_LONG_LENGTH, _LONG_LINES = 32_768, 4
_DIGITS = 18
_LONGEST_LABEL = 40


@dataclass(frozen=True, slots=True)
class FieldToMake:
    """A field that the org lacks: what it is for, how it is to look, and its picklist's values.

    `is_restricted`: the picklist takes no others.
    """

    object: str
    field: str
    type: str
    description: str
    wish: FieldWish
    to: str = ""
    values: tuple[str, ...] = ()
    is_restricted: bool = False

    @property
    def label(self) -> str:
        """What people read above it."""
        words = self.field.removesuffix("__c").replace("_", " ")
        return self.wish.label or words[:_LONGEST_LABEL]

    @property
    def platform_type(self) -> str:
        """The platform's name of its type; a picklist of which no value is known is a text."""
        if self.type == "picklist" and not self.values:
            return PLATFORM_TYPES["text"]
        return PLATFORM_TYPES[self.type]


def field_to_make(
    object_name: str, spec: FieldSpec, wish: FieldWish, values: Sequence[str], *, is_state: bool
) -> FieldToMake:
    """Say how a field of `config/sfsync.yaml` is made.

    A picklist of states takes nothing else; to others people may add.
    """
    description = f"Read or written by sfsync, which calls it {spec.name}."
    return FieldToMake(
        object_name,
        spec.field,
        wish.type or spec.type,
        description,
        wish,
        to=spec.to or "",
        values=tuple(values) if spec.type == "picklist" else (),
        is_restricted=is_state,
    )


def new_field(made: FieldToMake) -> Component:
    """Write the field that the org lacks."""
    element = root("CustomField")
    put(element, "fullName", made.field)
    kind = made.platform_type
    if kind == "Checkbox":
        put(element, "defaultValue", False)
    if kind == "Lookup":
        put(element, "deleteConstraint", "SetNull")
    put_all(element, [("description", made.description), ("label", made.label)])
    _size(element, kind, made)
    put(element, "type", kind)
    if kind == "LongTextArea":
        put(element, "visibleLines", _LONG_LINES)
    if kind == "Picklist":
        entries = [PicklistEntry(each, each, False, True) for each in made.values]
        _value_set(element, entries, is_restricted=made.is_restricted)
    return Component("CustomField", f"{made.object}.{made.field}", element)


def _size(element: Element, kind: str, made: FieldToMake) -> None:
    if kind == "Text":
        put(element, "length", min(made.wish.length or _TEXT_LENGTH, _TEXT_LENGTH))
    elif kind == "LongTextArea":
        put(element, "length", max(made.wish.length or _LONG_LENGTH, 256))
    elif kind == "Number":
        put_all(element, [("precision", _DIGITS), ("scale", made.wish.decimals)])
    elif kind == "Lookup":
        name = made.field.removesuffix("__c")
        put_all(element, [("referenceTo", made.to), ("relationshipName", f"{name}_of")])


def extended_picklist(
    object_name: str, detail: FieldDetail, values: Sequence[str], *, is_tracked: bool
) -> Component:
    """Write an existing custom picklist with the values that it lacks at its end.

    The platform takes the file for the whole field: all that a describe tells is kept.
    """
    element = root("CustomField")
    info = detail.info
    put_all(element, [("fullName", info.name), ("label", info.label)])
    put(element, "required", not info.nillable)
    if is_tracked:
        put(element, "trackHistory", True)
    put(element, "type", PLATFORM_TYPES["picklist"])
    there = {entry.value for entry in detail.entries}
    # A value that was deactivated comes back under its name.
    entries = [
        PicklistEntry(e.value, e.label, e.is_default, e.is_active or e.value in values)
        for e in detail.entries
    ]
    entries += [PicklistEntry(each, each, False, True) for each in values if each not in there]
    _value_set(element, entries, is_restricted=info.restricted)
    return Component("CustomField", f"{object_name}.{info.name}", element, is_there=True)


def _value_set(element: Element, entries: Sequence[PicklistEntry], *, is_restricted: bool) -> None:
    value_set = SubElement(element, "valueSet")
    put(value_set, "restricted", is_restricted)
    definition = SubElement(value_set, "valueSetDefinition")
    put(definition, "sorted", False)
    for entry in entries:
        value = SubElement(definition, "value")
        put_all(value, [("fullName", entry.value), ("default", entry.is_default)])
        if not entry.is_active:
            put(value, "isActive", False)
        put(value, "label", entry.label)
