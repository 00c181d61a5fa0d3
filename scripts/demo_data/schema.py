"""Which fields do the demo org's objects have, and how would Salesforce describe them?"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).with_name("schema.txt")
FIELD = re.compile(r"(?P<name>\w+) (?P<type>\w+)(?:\((?P<size>[\d,]+)\))?(?P<rest>.*)")


@dataclass(frozen=True, slots=True)
class Field:
    """One field as the platform describes it; `length` in characters, 0 where it has none."""

    name: str
    type: str
    length: int
    precision: int
    scale: int
    flags: str
    values: tuple[str, ...]
    targets: tuple[str, ...]

    def describe(self) -> dict[str, object]:
        """The field in the form of Salesforce's describe call."""
        described: dict[str, object] = {
            "name": self.name,
            "label": label(self.name),
            "type": self.type,
            "length": self.length,
            "precision": self.precision,
            "scale": self.scale,
            "picklistValues": [picklist_value(value) for value in self.values],
            "restrictedPicklist": "R" in self.flags,
            "nillable": "N" in self.flags,
            "createable": "C" in self.flags,
            "updateable": "U" in self.flags,
            "defaultedOnCreate": "D" in self.flags or self.type == "id",
            "referenceTo": list(self.targets),
            "externalId": "X" in self.flags,
            "custom": self.name.endswith("__c"),
        }
        if "H" in self.flags:
            described["history_tracked"] = True
        return described


def label(name: str) -> str:
    """The words an admin reads for a field name: `Backlog_Until__c` gives Backlog Until."""
    if name == "Id":
        return "Record ID"
    plain = name.removesuffix("__c").replace("_", " ")
    if name.endswith("Id"):
        plain = name.removesuffix("Id") + " ID"
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", plain).replace("Linked In", "LinkedIn")


def picklist_value(text: str) -> dict[str, object]:
    """One picklist entry; a trailing * marks the default, a trailing - an inactive value."""
    value = text.rstrip("*-")
    return {
        "value": value,
        "label": value,
        "active": not text.endswith("-"),
        "defaultValue": text.endswith("*"),
    }


def read_field(line: str) -> Field:
    """Parse one line of the schema file.

    Raises ValueError where the line is not a field.
    """
    match = FIELD.fullmatch(line)
    if match is None:
        raise ValueError(f"{SOURCE.name}: not a field: {line!r}; write `Name type flags`")
    flags, _, tail = match["rest"].strip().partition(" ")
    if flags[:1] in {"=", ">"}:
        flags, tail = "", match["rest"].strip()
    size = [int(part) for part in (match["size"] or "0").split(",")]
    is_number = len(size) == 2
    return Field(
        name=match["name"],
        type=match["type"],
        length=0 if is_number else size[0] or (18 if match["type"] == "id" else 0),
        precision=size[0] if is_number else 0,
        scale=size[1] if is_number else 0,
        flags=flags,
        values=tuple(tail[1:].split("|")) if tail.startswith("=") else (),
        targets=tuple(tail[1:].split("|")) if tail.startswith(">") else (),
    )


def read_schema() -> dict[str, tuple[Field, ...]]:
    """Object name to its fields, in the order of the schema file."""
    schema: dict[str, tuple[Field, ...]] = {}
    text = SOURCE.read_text(encoding="utf-8")
    body = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for block in body.strip().split("\n\n"):
        object_name, *lines = block.strip().splitlines()
        schema[object_name] = tuple(read_field(line) for line in lines)
    return schema


SCHEMA = read_schema()
