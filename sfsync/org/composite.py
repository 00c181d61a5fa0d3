"""How are several questions put to the org in one call?"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from simple_salesforce.exceptions import SalesforceGeneralError

MOST_STATEMENTS: Final = 5
_HALTED = "PROCESSING_HALTED"


def composite_of(version: str, statements: Sequence[str], *, archived: bool) -> dict[str, Any]:
    """Give the body of the composite request that asks up to 5 statements.

    A statement in it may be longer than a URL of its own could be.
    """
    resource = "queryAll" if archived else "query"
    return {
        "allOrNone": False,
        "compositeRequest": [
            {
                "method": "GET",
                "url": f"/services/data/v{version}/{resource}/?q={quote(soql, safe='')}",
                "referenceId": f"q{place}",
            }
            for place, soql in enumerate(statements)
        ],
    }


def bodies_of(answer: object) -> list[Any] | None:
    """Give the bodies of a composite answer in the order asked; None where it is of another form.

    Raises SalesforceGeneralError where a request in it was refused, as if it had been sent alone.
    """
    found = answer.get("compositeResponse") if isinstance(answer, Mapping) else None
    if not isinstance(found, list) or not all(map(_is_whole, found)):
        return None
    refused = [each for each in found if each["httpStatusCode"] >= 300]
    # The platform stops the others because of one: that one tells why.
    refused.sort(key=lambda each: _HALTED in str(each["body"]))
    if refused:
        raise SalesforceGeneralError(
            "composite", refused[0]["httpStatusCode"], "query", refused[0]["body"]
        )
    bodies = {each["referenceId"]: each["body"] for each in found}
    names = [f"q{place}" for place in range(len(found))]
    return [bodies[name] for name in names] if set(names) == set(bodies) else None


def _is_whole(entry: object) -> bool:
    return (
        isinstance(entry, Mapping)
        and isinstance(entry.get("httpStatusCode"), int)
        and "body" in entry
        and "referenceId" in entry
    )
