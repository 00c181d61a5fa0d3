"""How is a SOQL statement answered, page by page?"""

import re
from collections.abc import Callable, Sequence
from datetime import timedelta

from sfsync.fake.errors import ApiError, refuse_request
from sfsync.fake.ids import with_checksum
from sfsync.fake.rest.columns import column_metadata
from sfsync.fake.rest.route import Route
from sfsync.fake.soql.dates import Calendar
from sfsync.fake.soql.grammar import parse
from sfsync.fake.soql.run import Answer, Runner
from sfsync.fake.state import Cursor, OrgState
from sfsync.fake.values import Row
from sfsync.fake.wire import Reply, Request, json_reply

_MAX_PAGE = 2_000
_MIN_PAGE = 200
_MAX_STATEMENT = 100_000
_CURSOR_LIFE = timedelta(days=2)
_BATCH_SIZE = re.compile(r"batchSize\s*=\s*(\d+)", re.IGNORECASE)


def query(state: OrgState, request: Request) -> Reply:
    """Answer GET query: without deleted and archived rows."""
    return _answer(state, request, all_rows=False)


def query_all(state: OrgState, request: Request) -> Reply:
    """Answer GET queryAll: with deleted and archived rows."""
    return _answer(state, request, all_rows=True)


def next_page(state: OrgState, request: Request, locator: str) -> Reply:
    """Answer GET query/locator: the rows from an offset on; rows deleted meanwhile are left out."""
    key, _dash, offset = locator.rpartition("-")
    cursor = state.cursors.get(key)
    if cursor is None or not offset.isdigit() or int(offset) > len(cursor.record_ids):
        raise _bad_locator()
    if state.clock.now() - cursor.made_at > _CURSOR_LIFE:
        del state.cursors[key]
        raise _bad_locator()
    return json_reply(_page(state, request, key, cursor, int(offset)))


def _answer(state: OrgState, request: Request, *, all_rows: bool) -> Reply:
    statement = request.parameters.get("q", "")
    if not statement.strip():
        raise refuse_request(400, "MALFORMED_QUERY", "unexpected token: '<EOF>'")
    if len(statement) > _MAX_STATEMENT:
        raise refuse_request(
            400, "QUERY_TOO_COMPLICATED", "SOQL statement is over 100,000 characters"
        )
    parsed = parse(statement)
    children = _child_page(state, request, all_rows=all_rows)
    runner = Runner(state.store, statement, calendar_of(state, request), all_rows, children)
    answer = runner.run(parsed)
    if request.parameters.get("columns", "false").lower() == "true":
        return json_reply(column_metadata(state.store, statement, parsed))
    if answer.render is None:
        return json_reply(_groups(answer))
    found = state.store.existing(parsed.object_name)
    cursor = Cursor(found.name, answer.record_ids, answer.render, all_rows, state.clock.now())
    return json_reply(_first_page(state, request, cursor))


def calendar_of(state: OrgState, request: Request) -> Calendar:
    """Return what date literals mean to the user of a request; weeks start on Sunday in en_US."""
    user = state.store.row(request.user_id) or {}
    locale = str(user.get("LocaleSidKey", "en_US"))
    return Calendar(
        state.clock.now(),
        state.zone_of(request.user_id),
        6 if locale == "en_US" else 0,
        state.fiscal_start,
    )


def _groups(answer: Answer) -> dict[str, object]:
    if answer.count is not None:
        return {"totalSize": answer.count, "done": True, "records": []}
    return {"totalSize": len(answer.groups), "done": True, "records": list(answer.groups)}


def _first_page(state: OrgState, request: Request, cursor: Cursor) -> dict[str, object]:
    if len(cursor.record_ids) <= _page_size(state, request):
        return _page(state, request, "", cursor, 0)
    state.cursors_made += 1
    key = with_checksum("01g" + str(state.cursors_made).rjust(12, "0"))
    state.cursors[key] = cursor
    return _page(state, request, key, cursor, 0)


def _page(
    state: OrgState, request: Request, key: str, cursor: Cursor, offset: int
) -> dict[str, object]:
    end = offset + _page_size(state, request)
    rows = _rows(state, cursor, cursor.record_ids[offset:end])
    page: dict[str, object] = {
        "totalSize": len(cursor.record_ids),
        "done": end >= len(cursor.record_ids),
    }
    if not page["done"]:
        page["nextRecordsUrl"] = f"{request.base}/query/{key}-{end}"
    page["records"] = [cursor.render(row, request.base) for row in rows]
    return page


def _rows(state: OrgState, cursor: Cursor, record_ids: Sequence[str]) -> list[Row]:
    kept = state.store.table(cursor.object_name).rows
    rows = (kept[each] for each in record_ids if each in kept)
    return [row for row in rows if cursor.all_rows or not row.get("IsDeleted")]


def _page_size(state: OrgState, request: Request) -> int:
    asked = _BATCH_SIZE.search(request.headers.get("sforce-query-options", ""))
    size = int(asked.group(1)) if asked else _MAX_PAGE
    # The platform may always return fewer rows than asked for; `page_size_limit` makes it.
    return min(max(_MIN_PAGE, min(size, _MAX_PAGE)), state.page_size_limit)


def _child_page(
    state: OrgState, request: Request, *, all_rows: bool
) -> Callable[[list[str], Callable[[Row, str], dict[str, object]], str, str], object]:
    def page(
        record_ids: list[str],
        render: Callable[[Row, str], dict[str, object]],
        object_name: str,
        _base: str,
    ) -> object:
        if not record_ids:
            return None
        cursor = Cursor(object_name, record_ids, render, all_rows, state.clock.now())
        return _first_page(state, request, cursor)

    return page


def _bad_locator() -> ApiError:
    return refuse_request(400, "INVALID_QUERY_LOCATOR", "invalid query locator")


ROUTES = (
    Route(("GET",), "query", query),
    Route(("GET",), "queryAll", query_all),
    Route(("GET",), "query/{locator}", next_page),
    Route(("GET",), "queryAll/{locator}", next_page),
)
