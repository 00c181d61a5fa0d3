"""How is a job that reads many records created and looked at, and how are its results fetched?"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NoBase64
from urllib.parse import urlencode

from sfsync.fake.bulk import query
from sfsync.fake.bulk.dialect import csv_text
from sfsync.fake.bulk.jobs import (
    ABORTED,
    JOB_COMPLETE,
    QUERY_OPERATIONS,
    UPLOAD_COMPLETE,
    QueryJob,
    find_query,
    form_of,
    info,
    new_id,
    summary,
)
from sfsync.fake.bulk.progress import go_on, look
from sfsync.fake.errors import ApiError, refuse_request
from sfsync.fake.rest.bulk_jobs import (
    bad_state,
    check_keys,
    check_not_ended,
    check_version,
    csv_reply,
    delete_job,
    dialect_of,
    list_jobs,
    state_asked,
    text_of,
)
from sfsync.fake.rest.route import Route
from sfsync.fake.state import OrgState
from sfsync.fake.wire import Reply, Request, json_reply

_KEYS = frozenset({"operation", "query", "contentType", "lineEnding", "columnDelimiter"})
_LINKS = 5
_SINCE = 47.0
_PARALLEL_SINCE = 58.0


def create(state: OrgState, request: Request) -> Reply:
    """Answer POST jobs/query: 200 with the job, in JSON whatever is said to be accepted."""
    check_version(request, _SINCE)
    body = request.json_object()
    check_keys(body, _KEYS)
    operation = text_of(body, "operation")
    if operation not in QUERY_OPERATIONS:
        raise refuse_request(
            400, "INVALIDJOB", f"operation {operation} is not one of {', '.join(QUERY_OPERATIONS)}"
        )
    statement, dialect = text_of(body, "query"), dialect_of(body)
    if state.query_jobs_left() < 1:
        most = state.bulk_query_quota
        raise refuse_request(
            400,
            "LIMIT_EXCEEDED",
            f"Max bulk v2 query jobs ({most}) per 24 hrs has been exceeded ({most})",
        )
    owner_name = query.check(state, request.user_id, statement)
    now = state.clock.now()
    job = QueryJob(
        new_id(state),
        operation,
        owner_name,
        request.user_id,
        request.version,
        dialect,
        now,
        now,
        UPLOAD_COMPLETE,
        statement=statement,
    )
    state.bulk_jobs[job.id] = job
    state.used_query_jobs.append(now)
    reply = json_reply(summary(job) | form_of(job))
    go_on(state, job)
    return reply


def list_all(state: OrgState, request: Request) -> Reply:
    """Answer GET jobs/query."""
    return list_jobs(state, request, QueryJob)


def show(state: OrgState, _request: Request, job_id: str) -> Reply:
    """Answer GET jobs/query/Id; each look may let the job go on."""
    job = find_query(state, job_id)
    look(state, job)
    return json_reply(info(job))


def change(state: OrgState, request: Request, job_id: str) -> Reply:
    """Answer PATCH jobs/query/Id: a query job can only be aborted."""
    job = find_query(state, job_id)
    if state_asked(request) != ABORTED:
        raise bad_state("A query job can only be put into the state Aborted")
    check_not_ended(job, "Aborting")
    job.move(ABORTED, state.clock.now())
    return json_reply(summary(job))


def delete(state: OrgState, _request: Request, job_id: str) -> Reply:
    """Answer DELETE jobs/query/Id."""
    return delete_job(state, find_query(state, job_id))


def results(state: OrgState, request: Request, job_id: str) -> Reply:
    """Answer GET jobs/query/Id/results: a page of the file and where the next one begins."""
    job = _complete(state, job_id)
    start = _offset(job, request.parameters.get("locator"))
    end = start + _page_size(state, request)
    lines = job.lines[start:end]
    header = [job.header_line] if start == 0 or state.bulk_header_every_page else []
    return csv_reply(
        csv_text([*header, *lines]),
        {
            "Sforce-NumberOfRecords": str(len(lines)),
            # The end is told by the word, not by leaving the header out.
            "Sforce-Locator": _locator(end) if end < len(job.lines) else "null",
        },
    )


def result_pages(state: OrgState, request: Request, job_id: str) -> Reply:
    """Answer GET jobs/query/Id/resultPages: up to five links to pages, to be fetched at once."""
    check_version(request, _PARALLEL_SINCE)
    job = _complete(state, job_id)
    if job.version != request.version:
        raise refuse_request(
            409,
            "API_VERSION_MISMATCH",
            f"The job was created with version {job.version}, not {request.version}",
        )
    size = _page_size(state, request)
    start = _offset(job, request.parameters.get("locator"))
    after = start + size * _LINKS
    starts = range(start, min(after, max(len(job.lines), 1)), size)
    own = f"{request.base}/jobs/query/{job.id}"
    shown: dict[str, object] = {
        "resultPages": [{"resultUrl": _link(f"{own}/results", at, request)} for at in starts],
        "done": after >= len(job.lines),
    }
    if not shown["done"]:
        shown[state.bulk_next_key] = _link(f"{own}/resultPages", after, request)
    return json_reply(shown)


def _link(path: str, start: int, request: Request) -> str:
    parameters = {"locator": _locator(start)} if start else {}
    size = request.parameters.get("maxRecords")
    if size is not None:
        parameters["maxRecords"] = size
    return f"{path}?{urlencode(parameters)}" if parameters else path


def _complete(state: OrgState, job_id: str) -> QueryJob:
    job = find_query(state, job_id)
    if job.state != JOB_COMPLETE:
        raise bad_state(f"The job is in the state {job.state} and has no results")
    return job


def _page_size(state: OrgState, request: Request) -> int:
    asked = request.parameters.get("maxRecords")
    if asked is None:
        return state.bulk_page_size
    if not asked.isdigit() or int(asked) < 1:
        raise refuse_request(
            400, "INVALID_INPUT", f"maxRecords must be a whole number above 0, not {asked}"
        )
    return int(asked)


def _locator(offset: int) -> str:
    return urlsafe_b64encode(str(offset).encode()).decode().rstrip("=")


def _offset(job: QueryJob, locator: str | None) -> int:
    if not locator:
        return 0
    try:
        text = urlsafe_b64decode(locator + "=" * (-len(locator) % 4)).decode("ascii")
    except (NoBase64, ValueError):
        raise _bad_locator(locator) from None
    if not text.isdigit() or int(text) >= max(len(job.lines), 1):
        raise _bad_locator(locator)
    return int(text)


def _bad_locator(locator: str) -> ApiError:
    return refuse_request(400, "INVALID_QUERY_LOCATOR", f"invalid query locator: {locator}")


ROUTES = (
    Route(("POST",), "jobs/query", create),
    Route(("GET",), "jobs/query", list_all),
    Route(("GET",), "jobs/query/{id}", show),
    Route(("PATCH",), "jobs/query/{id}", change),
    Route(("DELETE",), "jobs/query/{id}", delete),
    Route(("GET",), "jobs/query/{id}/results", results),
    Route(("GET",), "jobs/query/{id}/resultPages", result_pages),
)
