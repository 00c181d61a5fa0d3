"""How are an org's records and fields written in the form of Salesforce's Data Export?"""

import csv
import json
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from sfsync.model import Value
from sfsync.org import FieldInfo, OrgReader
from sfsync.recording.wanted import Wanted

Row = dict[str, Value]
Change = Callable[[Row], Row]


def write_rows(
    org: OrgReader, wanted: Wanted, folder: Path, change: Change | None
) -> tuple[int, set[str]]:
    """Write an object's CSV page by page; return how many records, and which fields they are about.

    The latter is what the column Field of a history names. `change` is applied to each record
    before it is written. Raises OrgUnavailable or OrgRefused from the door.
    """
    count, fields_named, latest = 0, set[str](), None
    pages = org.pages(
        wanted.object, list(wanted.fields), archived=wanted.archived, where=wanted.where
    )
    with (folder / f"{wanted.object}.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow(wanted.fields)
        for page in pages:
            for row in page:
                # Pages come ordered by Id: what moved from one to the next comes twice in a row.
                if row["Id"] == latest:
                    continue
                latest = row["Id"]
                count += 1
                fields_named.add(str(row.get("Field")))
                written = change(row) if change else row
                writer.writerow(
                    [_cell(info, written[name]) for name, info in wanted.fields.items()]
                )
    return count, fields_named


def _cell(info: FieldInfo, value: Value) -> str:
    if value is None:
        return "false" if info.type == "boolean" else ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value).replace("+0000", "Z") if info.type == "datetime" else str(value)


def described(wanted: Wanted, tracked: Collection[str]) -> list[Mapping[str, object]]:
    """Return the fields of an object for `describe.json`; `tracked` have a history."""
    return [
        _field(info) | ({"history_tracked": True} if name in tracked else {})
        for name, info in wanted.fields.items()
    ]


def _field(info: FieldInfo) -> dict[str, object]:
    found: dict[str, object] = {
        "name": info.name,
        "type": info.type,
        "label": info.label,
        "length": info.length,
        "createable": info.createable,
        "updateable": info.updateable,
        "nillable": info.nillable,
        "custom": info.name.endswith("__c"),
    }
    if info.reference_to:
        found["referenceTo"] = list(info.reference_to)
    if info.values:
        found["restrictedPicklist"] = info.restricted
        found["picklistValues"] = [
            {"value": value, "label": value, "active": True, "defaultValue": False}
            for value in info.values
        ]
    return found


def write_json(file: Path, found: Mapping[str, object]) -> None:
    """Write JSON that a person can read."""
    text = json.dumps(found, ensure_ascii=False, indent=1) + "\n"
    file.write_text(text, encoding="utf-8")
