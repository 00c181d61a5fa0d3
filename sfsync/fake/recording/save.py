"""How is an org written in the form of Data Export?"""

import csv
from dataclasses import asdict
from pathlib import Path

import orjson

from sfsync.fake.describing import recorded_json
from sfsync.fake.schema import ObjectType
from sfsync.fake.state import OrgState
from sfsync.fake.values import Value, wire_datetime

DESCRIPTION = "describe.json"
STATE = "state.json"


def save_folder(state: OrgState, folder: Path) -> None:
    """Write one CSV per object, describe.json (objects and fields) and state.json (clock and user).

    The folder is made if need be; files of the same names are replaced.
    """
    folder.mkdir(parents=True, exist_ok=True)
    objects = sorted(state.store.schema.objects.values(), key=lambda each: each.name)
    for owner in objects:
        _write_rows(state, owner, folder / f"{owner.name}.csv")
    _write_json(folder / DESCRIPTION, {each.name: _description(each) for each in objects})
    now = wire_datetime(state.clock.now())
    rules = [asdict(each) for each in state.metadata.rules.values()]
    about = {"now": now, "user_id": state.user_id, "validation_rules": rules}
    _write_json(folder / STATE, about)


def _description(owner: ObjectType) -> dict[str, object]:
    return {
        "keyPrefix": owner.key_prefix,
        "label": owner.label,
        "labelPlural": owner.label_plural,
        "createable": owner.createable,
        "updateable": owner.updateable,
        "deletable": owner.deletable,
        "hidden": sorted(owner.hidden),
        "guarded": sorted(owner.guarded),
        "fields": [recorded_json(each) for each in owner.fields.values()],
    }


def _write_json(path: Path, data: object) -> None:
    # Python's own encoder takes half a second for it, once it is to be indented.
    path.write_bytes(orjson.dumps(data, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def _write_rows(state: OrgState, owner: ObjectType, path: Path) -> None:
    names = [each.name for each in owner.fields.values() if each.type != "address"]
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow(names)
        for row in state.store.table(owner.name).rows.values():
            writer.writerow([_cell(owner, name, row.get(name)) for name in names])


def _cell(owner: ObjectType, name: str, value: Value | None) -> str:
    field = owner.fields[name]
    if value is None:
        return "false" if field.type == "boolean" else ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if field.type == "datetime":
        return str(value).replace("+0000", "Z")
    if isinstance(value, float):
        return str(int(value)) if value == int(value) else repr(value)
    return str(value)
