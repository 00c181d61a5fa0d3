"""How are an org's records and fields written in the form of Salesforce's Data Export?"""

import csv
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

from sfsync.org import FieldInfo, OrgReader
from sfsync.recording.wanted import Wanted

Row = dict[str, str | None]
Change = Callable[[Row], Row]

_NUMBERS = frozenset({"double", "currency", "percent"})
_ROWS_AT_ONCE = 1_000


def write_rows(
    org: OrgReader, wanted: Wanted, folder: Path, change: Change | None
) -> tuple[int, set[str]]:
    """Write an object's CSV piece by piece; return how many records, and which fields they are
    about.

    The latter is what the column Field of a history names. `change` is applied to each record
    before it is written. A record that came twice, since it changed meanwhile, is written as it
    came first. Raises OrgUnavailable or OrgRefused from the door.
    """
    fields_named, seen = set[str](), set[str]()
    with (folder / f"{wanted.object}.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow(wanted.fields)
        for row in _rows(org, wanted):
            record_id = str(row["Id"])
            if record_id in seen:
                continue
            seen.add(record_id)
            fields_named.add(str(row.get("Field")))
            written = change(row) if change else row
            writer.writerow([_cell(info, written[name]) for name, info in wanted.fields.items()])
    return len(seen), fields_named


def _rows(org: OrgReader, wanted: Wanted) -> Iterator[Row]:
    tables = org.tables(
        wanted.object, list(wanted.fields), archived=wanted.archived, where=wanted.where
    )
    for table in tables:
        # As Python's dicts, all rows of a piece at once would take a multiple of its size.
        for batch in table.to_batches(_ROWS_AT_ONCE):
            yield from batch.to_pylist()


def _cell(info: FieldInfo, text: str | None) -> str:
    if text is None:
        return "false" if info.type == "boolean" else ""
    if info.type in _NUMBERS:
        number = float(text)
        return str(int(number)) if number.is_integer() else repr(number)
    return text.replace("+0000", "Z") if info.type == "datetime" else text


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
