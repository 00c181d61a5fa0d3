"""In which ways are records written, and what does the org answer to each?"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sfsync.errors import OrgUnavailable
from sfsync.model import Value
from sfsync.org import RowResult
from sfsync.org.composite import creation_of, deletion_of, update_of
from sfsync.org.read import is_id

Rows = Sequence[tuple[str, Mapping[str, Value]]]


@dataclass(frozen=True, slots=True)
class Way:
    """How rows are written: what that is called, the request for some of them, and how the answer
    to one is read.

    Rows are told apart by their Ids, or, until the org gives them Ids, by their places. `read`
    raises OrgUnavailable where an answer does not match what was sent.
    """

    doing: str
    done: str
    request: Callable[[str, Rows], dict[str, Any]]
    read: Callable[[str, Any, str], RowResult]


def _update(object: str, rows: Rows) -> dict[str, Any]:
    return update_of([{"attributes": {"type": object}, "id": id, **values} for id, values in rows])


def _creation(object: str, rows: Rows) -> dict[str, Any]:
    return creation_of([{"attributes": {"type": object}, **values} for _, values in rows])


def _deletion(object: str, rows: Rows) -> dict[str, Any]:
    return deletion_of([id for id, _ in rows])


def _row_result(id: str, entry: Any, doing: str) -> RowResult:
    answered = entry.get("id") if isinstance(entry, Mapping) else None
    if answered is not None and answered[:15] != id[:15]:
        raise unreadable(doing)
    return _result(id, entry, doing)


def _created_result(_place: str, entry: Any, doing: str) -> RowResult:
    answered = entry.get("id") if isinstance(entry, Mapping) else None
    result = _result("", entry, doing)
    if not result.ok:
        return result
    # Without its Id nobody could find again what was created.
    if not isinstance(answered, str) or not is_id(answered):
        raise unreadable(doing)
    return replace(result, id=answered)


def _result(id: str, entry: Any, doing: str) -> RowResult:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("success"), bool):
        raise unreadable(doing)
    if entry["success"]:
        return RowResult(id, True)
    errors = entry.get("errors") or []
    words = "; ".join(str(error.get("message", "")) for error in errors)
    code = str(errors[0].get("statusCode", "")) if errors else ""
    return RowResult(id, False, code or "UNKNOWN_EXCEPTION", words or "refused without a reason")


def unreadable(doing: str) -> OrgUnavailable:
    """Say that what the org answered is no answer to what was sent."""
    return OrgUnavailable(
        f"{doing}: the answer does not match what was sent. "
        "Read the records to know what was written"
    )


UPDATE = Way("updating", "updated", _update, _row_result)
CREATION = Way("creating", "created", _creation, _created_result)
DELETION = Way("deleting", "deleted", _deletion, _row_result)
