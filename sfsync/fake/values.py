"""In which form are values kept, and how do they come in?

Rows are kept sparse (a null is an absent key) and in the form of the REST API's JSON: text and Ids
as text, dates as `2017-03-01`, datetimes as `2026-02-03T10:11:12.000+0000` (always UTC, so their
order is the order of the texts), int as int, the other numbers as float, booleans as bool.
"""

import re
from datetime import UTC, date, datetime
from functools import lru_cache

from sfsync.fake.ids import normalise
from sfsync.fake.schema import Field

Value = str | int | float | bool
Row = dict[str, Value]

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_EXPORTED = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_DATETIME = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})"
)


def wire_datetime(moment: datetime) -> str:
    """Return an aware moment in the API's form, cut to whole seconds; ValueError if naive."""
    if moment.tzinfo is None:
        raise ValueError(f"a datetime needs a time zone: {moment.isoformat()}")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def moment_of(text: str) -> datetime:
    """Return the aware UTC moment of a kept datetime."""
    return datetime.fromisoformat(text).astimezone(UTC)


# Of one org, read again and again, most moments are known already.
@lru_cache(maxsize=65_536)
def read_datetime(text: str) -> str | None:
    """Return the kept form of an ISO 8601 datetime with zone, or None if it is none."""
    if not _DATETIME.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
        return wire_datetime(moment) if 1700 <= moment.year <= 4000 else None
    except (ValueError, OverflowError):
        return None


def zoned(text: str) -> str:
    """Add the zone that the weekly export leaves out: its `2026-02-03 10:11:12` is GMT."""
    return f"{text}Z" if _EXPORTED.fullmatch(text) else text


def read_date(text: str) -> str | None:
    """Return a date written YYYY-MM-DD between 1700 and 4000, or None if it is none."""
    if not _DATE.fullmatch(text):
        return None
    try:
        return text if 1700 <= date.fromisoformat(text).year <= 4000 else None
    except ValueError:
        return None


def from_python(field: Field, value: object) -> Value | None:
    """Return the kept form of a Python value for a field; None and "" are null.

    Takes `date` and `datetime` as well as what JSON has. Raises ValueError naming the field where
    the value does not fit the field's type.
    """
    if value is None or value == "":
        return None
    if isinstance(value, datetime) and field.type == "datetime":
        return wire_datetime(value)
    if isinstance(value, date) and not isinstance(value, datetime) and field.type == "date":
        return value.isoformat()
    found = from_json(field, value)
    if found is None:
        raise ValueError(f"{field.name} ({field.type}) cannot hold {value!r}")
    return found


def from_json(field: Field, value: object) -> Value | None:
    """Return the kept form of a non-null JSON value, or None where its type does not fit."""
    if field.type == "anyType":
        return value if isinstance(value, str | bool | int | float) else None
    if field.type == "boolean":
        return value if isinstance(value, bool) else None
    if isinstance(value, bool):
        return None
    if field.type in ("int", "long"):
        return value if isinstance(value, int) else None
    if field.type in ("double", "currency", "percent"):
        return float(value) if isinstance(value, int | float) else None
    return _from_text(field, value) if isinstance(value, str) else None


def _from_text(field: Field, text: str) -> Value | None:
    if field.type == "date":
        return read_date(text)
    if field.type == "datetime":
        return read_datetime(text)
    if field.is_reference:
        return normalise(text)
    return text


def from_cell(field: Field, text: str) -> Value | None:
    """Return the kept form of a non-empty CSV cell, or None where it does not fit the type."""
    if field.type == "boolean":
        return {"true": True, "1": True, "false": False, "0": False}.get(text.lower())
    if field.type in ("int", "long"):
        number = _number(text)
        return int(number) if number is not None and number == int(number) else None
    if field.type in ("double", "currency", "percent"):
        return _number(text)
    return _from_text(field, text) if field.type != "anyType" else text


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < 1e300 else None
