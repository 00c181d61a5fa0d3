"""Which records were changed or deleted in a stretch of time?"""

from datetime import datetime, timedelta

from sfsync.fake.errors import ApiError, refuse_request
from sfsync.fake.rest.route import Route
from sfsync.fake.state import OrgState
from sfsync.fake.values import Row, moment_of, read_datetime, wire_datetime
from sfsync.fake.wire import Reply, Request, json_reply

_UPDATED_REACH = timedelta(days=30)
_DELETED_REACH = timedelta(days=15)
_MAX_IDS = 600_000


def list_updated(state: OrgState, request: Request, name: str) -> Reply:
    """Answer GET sobjects/X/updated: Ids of the records changed from start to before end."""
    owner = state.store.existing(name)
    start, end = _window(state, request, _UPDATED_REACH)
    rows = (row for row in state.store.live_rows(owner.name) if _changed_within(row, start, end))
    record_ids = [row["Id"] for row in rows]
    _check_number(len(record_ids))
    return json_reply({"ids": record_ids, "latestDateCovered": end})


def list_deleted(state: OrgState, request: Request, name: str) -> Reply:
    """Answer GET sobjects/X/deleted: Ids and times of what was deleted from start to before end."""
    owner = state.store.existing(name)
    start, end = _window(state, request, _DELETED_REACH)
    rows = state.store.table(owner.name).rows.values()
    deleted = [
        {"id": row["Id"], "deletedDate": row["SystemModstamp"]}
        for row in rows
        if row.get("IsDeleted") and _changed_within(row, start, end)
    ]
    _check_number(len(deleted))
    earliest = wire_datetime(state.clock.now() - _DELETED_REACH)
    return json_reply(
        {"deletedRecords": deleted, "earliestDateAvailable": earliest, "latestDateCovered": end}
    )


def _changed_within(row: Row, start: str, end: str) -> bool:
    return start <= str(row.get("SystemModstamp", "")) < end


def _check_number(count: int) -> None:
    if count > _MAX_IDS:
        raise refuse_request(400, "EXCEEDED_ID_LIMIT", f"More than {_MAX_IDS} Ids: {count}")


def _window(state: OrgState, request: Request, reach: timedelta) -> tuple[str, str]:
    start, end = (_minute(request, name) for name in ("start", "end"))
    if end - start < timedelta(minutes=1):
        raise _refuse("start must be at least one minute before end")
    if start < state.clock.now() - reach:
        raise _refuse(f"start is more than {reach.days} days ago")
    return wire_datetime(start), wire_datetime(end)


def _minute(request: Request, name: str) -> datetime:
    # A plus sign of the offset that was not encoded arrives as a blank.
    text = request.parameters.get(name, "").replace(" ", "+")
    found = read_datetime(text)
    if found is None:
        raise _refuse(f"{name} is no datetime with a time zone: {text!r}")
    return moment_of(found).replace(second=0)


def _refuse(text: str) -> ApiError:
    return refuse_request(400, "INVALID_REPLICATION_DATE", text)


ROUTES = (
    Route(("GET",), "sobjects/{object}/updated", list_updated),
    Route(("GET",), "sobjects/{object}/deleted", list_deleted),
)
