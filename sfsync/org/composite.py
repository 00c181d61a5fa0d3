"""How are several requests put to the org in one call?"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from simple_salesforce.exceptions import SalesforceGeneralError

# So many requests go into one call; of queries and collections so many.
MOST_REQUESTS: Final = 25
MOST_STATEMENTS: Final = 5
COLLECTIONS: Final = "composite/sobjects"
# Without it the org's assignment rules run on every lead and case that is written.
KEEP_OWNERS: Final = {"Sforce-Auto-Assign": "FALSE"}
_HALTED = "PROCESSING_HALTED"


def statements_in_one(version: str, statements: Sequence[str], *, archived: bool) -> dict[str, Any]:
    """Give the body of the call that asks up to 5 statements.

    A statement in it may be longer than a URL of its own could be.
    """
    resource = "queryAll" if archived else "query"
    return _composite(
        version, [{"url": f"{resource}/?q={quote(soql, safe='')}"} for soql in statements]
    )


def describes_in_one(version: str, objects: Sequence[str]) -> dict[str, Any]:
    """Give the body of the call that describes up to 25 objects."""
    return _composite(version, [{"url": f"sobjects/{name}/describe"} for name in objects])


def update_of(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Give the request that updates up to 200 records, each on its own."""
    return {"method": "PATCH", "url": COLLECTIONS, "body": _collection(records)}


def creation_of(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Give the request that creates up to 200 records, each on its own."""
    return {"method": "POST", "url": COLLECTIONS, "body": _collection(records)}


def deletion_of(ids: Sequence[str]) -> dict[str, Any]:
    """Give the request that deletes up to 200 records, each on its own."""
    return {"method": "DELETE", "url": f"{COLLECTIONS}?ids={','.join(ids)}&allOrNone=false"}


def _collection(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"allOrNone": False, "records": list(records)}


def writes_in_one(version: str, requests: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Give the body of the call that sends up to 5 requests which write, each on its own."""
    return _composite(version, [{**each, "httpHeaders": KEEP_OWNERS} for each in requests])


def _composite(version: str, requests: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    root = f"/services/data/v{version}/"
    return {
        "allOrNone": False,
        "compositeRequest": [
            {"method": "GET", **each, "url": root + each["url"], "referenceId": f"q{place}"}
            for place, each in enumerate(requests)
        ],
    }


def answers_of(answer: object) -> list[Any] | None:
    """Give the bodies of a call's answers in the order asked; None where it is of another form.

    Raises SalesforceGeneralError where one was refused, as if it had been sent alone.
    """
    found = _entries(answer)
    if found is None:
        return None
    refused = _refused(found)
    if refused:
        raise refused[0]
    return [each["body"] for each in found]


def writes_of(answer: object) -> list[Any] | None:
    """As `answers_of`, where each was a write: None also where some were done and others refused,
    so that nobody takes a refusal for having written nothing.
    """
    found = _entries(answer)
    refused = [] if found is None else _refused(found)
    if found is not None and len(refused) == len(found) and refused:
        raise refused[0]
    return None if found is None or refused else [each["body"] for each in found]


def whatever_of(answer: object) -> list[Any]:
    """Give the bodies as they are, those of refusals too; none where it is of another form."""
    return [each["body"] for each in _entries(answer) or ()]


def _entries(answer: object) -> list[Mapping[str, Any]] | None:
    found = answer.get("compositeResponse") if isinstance(answer, Mapping) else None
    if not isinstance(found, list) or not all(map(_is_whole, found)):
        return None
    by_name = {each["referenceId"]: each for each in found}
    names = [f"q{place}" for place in range(len(found))]
    return [by_name[name] for name in names] if set(names) == set(by_name) else None


def _refused(found: Sequence[Mapping[str, Any]]) -> list[SalesforceGeneralError]:
    refused = [each for each in found if each["httpStatusCode"] >= 300]
    # The platform stops the others because of one: that one tells why.
    refused.sort(key=lambda each: _HALTED in str(each["body"]))
    return [
        SalesforceGeneralError("composite", each["httpStatusCode"], "composite", each["body"])
        for each in refused
    ]


def _is_whole(entry: object) -> bool:
    return (
        isinstance(entry, Mapping)
        and isinstance(entry.get("httpStatusCode"), int)
        and "body" in entry
        and "referenceId" in entry
    )
