"""What do the tests of public registers share?"""

import json
from collections.abc import Mapping
from pathlib import Path

from sfsync.enrich.model import Entry, Item, Place
from sfsync.model import Value

# Answers of the real services, recorded by others; they are no part of the project.
SAMPLES = Path(__file__).parents[2] / "shared" / "enrich-samples"


def recorded(folder: str, name: str) -> object:
    """One recorded answer, parsed."""
    return json.loads((SAMPLES / folder / f"{name}.json").read_text(encoding="utf-8"))


def found_of(entry: Entry) -> Mapping[Item, Value]:
    """The values that an entry gives; each item once."""
    found = {each.item: each.value for each in entry.found}
    assert len(found) == len(entry.found)
    return found


def place_row(place: Place) -> str:
    """A place as the tables of the tests write it: `street, code town country (closed)`."""
    town = " ".join(filter(None, (place.postal_code, place.city, place.country)))
    where = ", ".join(filter(None, (place.street, town)))
    return where if place.is_open else f"{where} (closed)"
