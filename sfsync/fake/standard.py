"""What do Salesforce's standard objects look like?

Read from `standard.txt`, whose head explains its form.
"""

import re
from functools import cache
from importlib.resources import files

from sfsync.fake.schema import Field, ObjectType, PicklistValue

_HEADING = re.compile(r"\[(\w+) (\w{3}) ([^;]+); ([^;]+); ([CUD-]+)\]")
_FIELD = re.compile(
    r"(?P<name>\w+) (?P<type>\w+)(?:\((?P<size>[\d,]+)\))? (?P<flags>[A-Z]+)"
    r"(?: > (?P<targets>[\w,]+) as (?P<relationship>\w+)(?: / (?P<children>\w+))?)?"
    r"(?: = (?P<values>.+))?"
)
_AUDIT = """\
Id id DFGSA
IsDeleted boolean DFGS
CreatedDate datetime DFSA
CreatedById reference DFGSA > User as CreatedBy
LastModifiedDate datetime DFSA
LastModifiedById reference DFGSA > User as LastModifiedBy
SystemModstamp datetime DFSA"""


def standard_objects() -> list[ObjectType]:
    """Return fresh copies of all standard objects the fake knows, every field visible."""
    return [copy_object(each) for each in _parsed().values()]


def standard_object(name: str) -> ObjectType | None:
    """Return a fresh copy of one standard object, or None if the fake does not know it."""
    known = _parsed().get(name)
    return copy_object(known) if known else None


def copy_object(source: ObjectType) -> ObjectType:
    """Return an independent copy of an object type; its fields are shared, being immutable."""
    made = ObjectType(
        source.name,
        source.key_prefix,
        source.label,
        source.label_plural,
        source.createable,
        source.updateable,
        source.deletable,
        dict(source.fields),
        set(source.hidden),
        set(source.guarded),
    )
    made.refresh()
    return made


def label_of(name: str) -> str:
    """Return the label Salesforce would give a field: words of the name, `Id` as `ID`."""
    plain = name.removesuffix("__c").replace("_", " ")
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", plain)
    return re.sub(r"\bId$", "ID", words)


@cache
def _parsed() -> dict[str, ObjectType]:
    text = files("sfsync.fake").joinpath("standard.txt").read_text(encoding="utf-8")
    objects: dict[str, ObjectType] = {}
    current: ObjectType | None = None
    for line in text.replace("@audit\n", _AUDIT + "\n").splitlines():
        if not line or line.startswith("# ") or line == "#":
            continue
        if line.startswith("["):
            current = _object(line)
            objects[current.name] = current
        elif current is not None:
            current.declare(_field(current, line))
    return objects


def _object(line: str) -> ObjectType:
    found = _HEADING.fullmatch(line)
    if not found:
        raise ValueError(f"standard.txt: not a heading: {line}")
    name, prefix, label, plural, rights = found.groups()
    return ObjectType(name, prefix, label, plural, "C" in rights, "U" in rights, "D" in rights)


def _field(owner: ObjectType, line: str) -> Field:
    found = _FIELD.fullmatch(line)
    if not found:
        raise ValueError(f"standard.txt: not a field: {line}")
    name, kind, flags = found["name"], found["type"], found["flags"]
    sizes = [int(each) for each in (found["size"] or "0").split(",")]
    return Field(
        name=name,
        type=kind,
        label=f"{owner.label} ID" if name == "Id" else label_of(name),
        length=sizes[0] if len(sizes) == 1 else 0,
        precision=sizes[0] if len(sizes) == 2 else 0,
        scale=sizes[1] if len(sizes) == 2 else 0,
        createable="C" in flags,
        updateable="U" in flags,
        nillable="N" in flags,
        defaulted_on_create="D" in flags,
        filterable="F" in flags,
        groupable="G" in flags,
        sortable="S" in flags,
        aggregatable="A" in flags,
        restricted_picklist="K" in flags,
        polymorphic="P" in flags,
        reference_to=tuple(found["targets"].split(",")) if found["targets"] else (),
        relationship_name=found["relationship"],
        child_relationship=found["children"],
        picklist=_picklist(found["values"]),
        id_lookup="I" in flags or name == "Id",
    )


def _picklist(values: str | None) -> tuple[PicklistValue, ...]:
    texts = values.split("; ") if values else []
    return tuple(
        PicklistValue(text.removesuffix("*"), text.removesuffix("*"), default=text.endswith("*"))
        for text in texts
    )
