"""What is left of what the journal tells of a person's own record, when the person is forgotten?"""

import json
from typing import Any

from sfsync.traces import FORGOTTEN, left


def own_text(cut: str) -> str:
    """Return what is left of a text about a person's own record, its traces being cut; it may be
    JSON: fields with their values.
    """
    try:
        fields = json.loads(cut)
    except ValueError:
        return cut
    if not isinstance(fields, dict):
        return cut
    kept = {field: marked(field, value) for field, value in fields.items()}
    return cut if kept == fields else as_text(kept)


def marked(field: str, value: Any) -> Any:
    """Return what is left of a value of a person's own record, with the mark for what is not."""
    kept = left(field, value)
    return FORGOTTEN if kept is None and value is not None else kept


def as_text(value: Any) -> str:
    """Write a JSON value as the journal stores it."""
    return json.dumps(value, separators=(",", ":"))
