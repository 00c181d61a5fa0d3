"""Which files say what is to be made: a project folder for an admin, a package for the org itself?

The same components give the same bytes.
"""

import io
import json
import zipfile
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from importlib.resources import files
from xml.etree.ElementTree import Element, SubElement

from jinja2 import Environment, StrictUndefined

from sfsync.policy import Policy
from sfsync.setup.blueprint import Blueprint
from sfsync.setup.metadata import Component, put, root, text_of

PROJECT_FILE = "sfdx-project.json"
FILES_FOR_THE_ADMIN = "README.md"
_SOURCE = "force-app/main/default"
# Zip files keep a time for each member: the same content shall give the same bytes.
_NO_TIME = (1980, 1, 1, 0, 0, 0)
# Fields of tasks and events are defined once for both.
_DEFINED_ON = {"Task": "Activity", "Event": "Activity"}
_NEW_FIELDS, _CHANGED_FIELDS = "New fields", "Changed fields"
_TITLES = {
    "StandardValueSet": "Sets of standard picklist values, changed",
    "PermissionSet": "Permission sets of the service's user",
    "ValidationRule": "Validation rules, inactive",
}


def project_of(blueprint: Blueprint, policy: Policy, org: str, version: str) -> Mapping[str, str]:
    """Return the files of an SFDX project by their paths; `org` is named to the reader."""
    project = {
        "packageDirectories": [{"path": "force-app", "default": True}],
        "name": "sfsync-setup",
        "namespace": "",
        "sourceApiVersion": version,
    }
    written = {_source_path(each): text_of(each.element) for each in blueprint.components}
    written[PROJECT_FILE] = json.dumps(project, indent=2) + "\n"
    written[FILES_FOR_THE_ADMIN] = _readme(blueprint, policy, org)
    return dict(sorted(written.items()))


def _source_path(component: Component) -> str:
    if component.type == "CustomField":
        return f"{_SOURCE}/objects/{_owner(component)}/fields/{component.short}.field-meta.xml"
    if component.type == "ValidationRule":
        folder = f"{_SOURCE}/objects/{_owner(component)}/validationRules"
        return f"{folder}/{component.short}.validationRule-meta.xml"
    if component.type == "StandardValueSet":
        folder = f"{_SOURCE}/standardValueSets"
        return f"{folder}/{component.name}.standardValueSet-meta.xml"
    return f"{_SOURCE}/permissionsets/{component.name}.permissionset-meta.xml"


def _owner(component: Component) -> str:
    return _DEFINED_ON.get(component.object, component.object)


def _readme(blueprint: Blueprint, policy: Policy, org: str) -> str:
    template = Environment(
        undefined=StrictUndefined,
        autoescape=False,
        keep_trailing_newline=True,
        trim_blocks=False,
    ).from_string(files("sfsync.setup").joinpath("admin.md").read_text(encoding="utf-8"))
    moving = [name for name, machine in policy.machines.items() if machine.rules]
    tracked = next(iter(moving or policy.machines))
    return template.render(
        org=org,
        permission_set=blueprint.permission_set,
        cleanup_set=blueprint.cleanup_set,
        parts=_parts(blueprint),
        changing=blueprint.changing,
        by_hand=blueprint.by_hand,
        rules_are_known=blueprint.rules_are_known,
        tracked_object=tracked,
        tracked_field=policy.state_fields()[tracked],
    )


def _parts(blueprint: Blueprint) -> list[tuple[str, list[str]]]:
    """Return the names of the components under their titles, without titles that have none."""
    parts: dict[str, list[str]] = {
        title: [] for title in (_NEW_FIELDS, _CHANGED_FIELDS, *_TITLES.values())
    }
    for each in blueprint.components:
        of_field = _CHANGED_FIELDS if each.is_there else _NEW_FIELDS
        parts[_TITLES.get(each.type, of_field)].append(each.name)
    return [(title, names) for title, names in parts.items() if names]


def archive_of(blueprint: Blueprint, version: str) -> bytes:
    """Return the package as a zip that the Metadata API takes.

    Validation rules are only in it where it is known that the org has none of their names.
    """
    blueprint = blueprint if blueprint.rules_are_known else _without_rules(blueprint)
    members = {"package.xml": text_of(_manifest(blueprint, version))}
    objects: dict[str, Element] = {}
    for each in blueprint.components:
        if each.type in ("CustomField", "ValidationRule"):
            owner = objects.setdefault(_owner(each), root("CustomObject"))
            owner.append(_as_part(each))
        elif each.type == "StandardValueSet":
            members[f"standardValueSets/{each.name}.standardValueSet"] = text_of(each.element)
        else:
            members[f"permissionsets/{each.name}.permissionset"] = text_of(each.element)
    members |= {f"objects/{name}.object": text_of(each) for name, each in objects.items()}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(members):
            archive.writestr(zipfile.ZipInfo(name, _NO_TIME), members[name])
    return stream.getvalue()


def _without_rules(blueprint: Blueprint) -> Blueprint:
    kept = tuple(each for each in blueprint.components if each.type != "ValidationRule")
    return replace(blueprint, components=kept)


def _as_part(component: Component) -> Element:
    """Return a component's element as it stands within its object's file."""
    part = deepcopy(component.element)
    part.tag = "fields" if component.type == "CustomField" else "validationRules"
    del part.attrib["xmlns"]
    return part


def _manifest(blueprint: Blueprint, version: str) -> Element:
    package = root("Package")
    for kind in sorted({each.type for each in blueprint.components}):
        block = SubElement(package, "types")
        for each in blueprint.of_type(kind):
            owner = _owner(each)
            put(block, "members", f"{owner}.{each.short}" if owner else each.name)
        put(block, "name", kind)
    put(package, "version", version)
    return package
