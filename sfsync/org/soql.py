"""How is a question written in SOQL?"""

from collections.abc import Sequence
from urllib.parse import urlencode

from simple_salesforce.format import format_soql

from sfsync.errors import OrgRefused
from sfsync.model import Value

# The platform allows 16,384 bytes for the URI, and as many for URI and headers together; tokens may
# have 2,000.
LONGEST_URI = 12_000
MOST_IDS = 200
_ROOM_FOR_PATH = 100


def condition(text: str, *values: Value | Sequence[str]) -> str:
    """Fill the `{}` of a SOQL condition with quoted values, as in `condition("Name = {}", name)`.

    Dates and datetimes are no text to SOQL: give them as `{:literal}`. Raises IndexError where a
    value is missing.
    """
    return format_soql(text, *values)


def select(object: str, fields: Sequence[str], conditions: Sequence[str]) -> str:
    """Write the statement that reads `fields` where all `conditions` are met, ordered by Id.

    Names must have been found in describe. Raises OrgRefused where the statement is too long to be
    sent.
    """
    where = " AND ".join(f"({text})" for text in conditions)
    soql = f"SELECT {', '.join(fields)} FROM {object}"
    soql = f"{soql} WHERE {where} ORDER BY Id" if where else f"{soql} ORDER BY Id"
    if _length(soql) > LONGEST_URI:
        raise OrgRefused(
            f"reading {object}: the statement is too long for the org ({len(fields)} fields). "
            "Ask for fewer fields at once"
        )
    return soql


def chunks(object: str, fields: Sequence[str], ids: Sequence[str]) -> list[Sequence[str]]:
    """Cut Ids into pieces of at most 200 whose statement is short enough to be sent."""
    bare = _length(select(object, fields, [condition("Id IN {}", []), "IsDeleted = false"]))
    each = _length(condition("{},", "0" * 18)) - _length("")
    size = max(1, min(MOST_IDS, (LONGEST_URI - bare) // each))
    return [ids[start : start + size] for start in range(0, len(ids), size)]


def _length(soql: str) -> int:
    return _ROOM_FOR_PATH + len(urlencode({"q": soql}))
