"""How is a question written in SOQL?"""

from collections.abc import Sequence
from urllib.parse import urlencode

from simple_salesforce.format import format_soql

from sfsync.errors import OrgRefused
from sfsync.model import Value

# The platform takes 100,000 characters; what it adds itself (sharing, currencies) counts too.
LONGEST_STATEMENT = 90_000
# The platform allows 16,384 bytes for the URI, and as many for URI and headers together; tokens may
# have 2,000.
_LONGEST_URI = 12_000
_ROOM_FOR_PATH = 100
# A page of the platform has as many records: more Ids would only be read in pages.
_MOST_IDS = 2_000


def condition(text: str, *values: Value | Sequence[str]) -> str:
    """Fill the `{}` of a SOQL condition with quoted values, as in `condition("Name = {}", name)`.

    Dates and datetimes are no text to SOQL: give them as `{:literal}`. Raises IndexError where a
    value is missing.
    """
    return format_soql(text, *values)


def select(
    object: str, fields: Sequence[str], conditions: Sequence[str], *, sorted_by_id: bool = True
) -> str:
    """Write the statement that reads `fields` where all `conditions` are met.

    Names must have been found in describe. Raises OrgRefused where the statement is too long to be
    sent in any way.
    """
    where = " AND ".join(f"({text})" for text in conditions)
    soql = f"SELECT {', '.join(fields)} FROM {object}"
    soql += f" WHERE {where}" if where else ""
    soql += " ORDER BY Id" if sorted_by_id else ""
    if len(soql) > LONGEST_STATEMENT:
        raise OrgRefused(
            f"reading {object}: the statement is too long for the org ({len(fields)} fields). "
            "Ask for fewer fields at once"
        )
    return soql


def selects_of_ids(
    object: str, fields: Sequence[str], ids: Sequence[str], conditions: Sequence[str]
) -> list[str]:
    """Write the statements that read the records with these Ids; each Id stands in one of them.

    None is longer than the org takes, none asks for more Ids than a page has records. Raises
    OrgRefused where a statement is too long even for no Id.
    """
    bare = len(select(object, fields, [condition("Id IN {}", []), *conditions]))
    each = len(condition("{},", "0" * 18))
    size = max(1, min(_MOST_IDS, (LONGEST_STATEMENT - bare) // each))
    pieces = [list(ids[start : start + size]) for start in range(0, len(ids), size)]
    return [select(object, fields, [condition("Id IN {}", piece), *conditions]) for piece in pieces]


def fits_a_url(soql: str) -> bool:
    """Tell whether a statement is short enough to be sent in a URL."""
    return _ROOM_FOR_PATH + len(urlencode({"q": soql})) <= _LONGEST_URI
