"""Which of several duplicates stays, and which values does it get, by the settings?"""

from collections.abc import Mapping
from typing import Literal

from sfsync.policy import FieldSpec, MergeSettings
from sfsync.registry import nearest
from sfsync.rules.build import Problems
from sfsync.rules.shape import MergeShape


def merge_settings(
    shapes: Mapping[Literal["Account", "Contact"], MergeShape],
    objects: Mapping[str, Mapping[str, FieldSpec]],
    problems: Problems,
) -> dict[str, MergeSettings]:
    """Read the rules by object, their fields by API name; what is wrong is noted.

    A name that begins with a capital is the API's: only an org can tell whether there is one.
    """
    settings: dict[str, MergeSettings] = {}
    for object_name, shape in shapes.items():
        known = objects.get(object_name, {})
        fields: dict[str, str] = {}
        for name, rule in shape.fields.items():
            path = ("merge", object_name, "fields", name)
            if name[0].isupper():
                api_name = name
            elif name in known:
                api_name = known[name].field
            else:
                told = f'no field "{name}" of {object_name}{nearest(name, known)}'
                problems.add(path, f"{told}; one that is not named under `objects` by its API name")
                continue
            if fields.setdefault(api_name, rule) != rule:
                problems.add(path, f"{api_name} has another rule in this list already")
        settings[object_name] = MergeSettings(shape.survivor, shape.values, fields)
    return settings
