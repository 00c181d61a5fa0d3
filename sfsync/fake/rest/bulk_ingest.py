"""How is a job that writes many records created, fed, closed and looked at?"""

from collections.abc import Callable

from sfsync.fake.bulk import ingest
from sfsync.fake.bulk.jobs import (
    ABORTED,
    ENDED,
    OPEN,
    UPLOAD_COMPLETE,
    IngestJob,
    content_url,
    find_ingest,
    form_of,
    info,
    new_id,
    summary,
)
from sfsync.fake.bulk.progress import go_on, look
from sfsync.fake.errors import ApiError, refuse_request
from sfsync.fake.rest.bulk_jobs import (
    Body,
    bad_state,
    check_keys,
    check_not_ended,
    check_open,
    check_version,
    csv_reply,
    delete_job,
    dialect_of,
    list_jobs,
    state_asked,
    text_of,
)
from sfsync.fake.rest.route import Route
from sfsync.fake.schema import ObjectType
from sfsync.fake.state import OrgState
from sfsync.fake.wire import Reply, Request, json_reply

_OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete")
_SINCE = 41.0
_MAX_BYTES = 100 * 1024 * 1024
_KEYS = frozenset(
    {"operation", "object", "contentType", "lineEnding", "columnDelimiter", "externalIdFieldName"}
    | {"assignmentRuleId", "concurrencyMode"}
)


def create(state: OrgState, request: Request) -> Reply:
    """Answer POST jobs/ingest: 200 with the job, open."""
    check_version(request, _SINCE)
    body = request.json_object()
    check_keys(body, _KEYS)
    operation = text_of(body, "operation")
    owner = _object(state, text_of(body, "object"))
    _check_operation(state, operation)
    if state.batches_left() < 1:
        raise refuse_request(400, "LIMIT_EXCEEDED", "ApiBatchItems Limit exceeded.")
    now = state.clock.now()
    job = IngestJob(
        new_id(state),
        operation,
        owner.name,
        request.user_id,
        request.version,
        dialect_of(body),
        now,
        now,
        OPEN,
        external_id=_external_id(owner, body, operation),
    )
    state.bulk_jobs[job.id] = job
    return json_reply(summary(job) | {"contentUrl": content_url(job)} | form_of(job))


def list_all(state: OrgState, request: Request) -> Reply:
    """Answer GET jobs/ingest."""
    return list_jobs(state, request, IngestJob)


def upload(state: OrgState, request: Request, job_id: str) -> Reply:
    """Answer PUT jobs/ingest/Id/batches: 201, once for each job."""
    job = find_ingest(state, job_id)
    kind = request.headers.get("content-type", "")
    if not kind.lower().startswith("text/csv"):
        raise refuse_request(
            415, "UNSUPPORTED_MEDIA_TYPE", f"The content must be text/csv, not {kind!r}"
        )
    if job.state != OPEN:
        raise bad_state(f"The job is in the state {job.state} and takes no content any more")
    if job.upload is not None:
        raise refuse_request(
            400,
            "CLIENTINPUTERROR",
            f"Found multiple contents for job: <{job.id}>, please 'Close' / 'Abort' / 'Delete' the "
            "current Job then create a new Job and make sure you only do 'PUT' once on a given "
            "Job.",
        )
    if len(request.body) > _MAX_BYTES:
        raise refuse_request(
            413, "CLIENTINPUTERROR", f"The content of a job has at most {_MAX_BYTES} bytes"
        )
    job.upload = request.body
    return Reply(201)


def change(state: OrgState, request: Request, job_id: str) -> Reply:
    """Answer PATCH jobs/ingest/Id: close the upload, or abort what is not done yet."""
    job = find_ingest(state, job_id)
    if state_asked(request) == ABORTED:
        check_not_ended(job, "Aborting")
        ingest.leave(state, job)
        return json_reply(summary(job))
    check_open(job, "Closing")
    job.move(UPLOAD_COMPLETE, state.clock.now())
    reply = json_reply(summary(job))
    go_on(state, job)
    return reply


def show(state: OrgState, _request: Request, job_id: str) -> Reply:
    """Answer GET jobs/ingest/Id; each look may let the job go on."""
    job = find_ingest(state, job_id)
    look(state, job)
    return json_reply(info(job))


def delete(state: OrgState, _request: Request, job_id: str) -> Reply:
    """Answer DELETE jobs/ingest/Id."""
    return delete_job(state, find_ingest(state, job_id))


def _results(file: Callable[[IngestJob], bytes]) -> Callable[[OrgState, Request, str], Reply]:
    def answer(state: OrgState, _request: Request, job_id: str) -> Reply:
        job = find_ingest(state, job_id)
        if job.state not in ENDED:
            raise bad_state(f"The job is in the state {job.state} and has no results yet")
        return csv_reply(file(job))

    return answer


def _object(state: OrgState, name: str) -> ObjectType:
    found = state.store.schema.find(name)
    if found is None:
        raise _invalid(f"Unable to find object: {name}")
    return found


def _check_operation(state: OrgState, operation: str) -> None:
    if operation not in _OPERATIONS:
        raise _invalid(f"operation {operation} is not one of {', '.join(_OPERATIONS)}")
    if operation == "hardDelete" and not state.bulk_hard_delete:
        raise refuse_request(
            400,
            "FEATURENOTENABLED",
            "hardDelete operation requires special user profile permission, please contact your "
            "system administrator",
        )


def _external_id(owner: ObjectType, body: Body, operation: str) -> str | None:
    if operation != "upsert":
        if "externalIdFieldName" in body and body["externalIdFieldName"] is not None:
            raise _invalid(f"externalIdFieldName is for upsert, not for {operation}")
        return None
    if not body.get("externalIdFieldName"):
        raise _invalid(
            f"External ID was blank for {owner.name}. An External ID must be specified for upsert."
        )
    name = text_of(body, "externalIdFieldName")
    field = owner.find(name)
    if field is None or not (field.external_id or field.id_lookup or field.name == "Id"):
        raise _invalid(
            f"Field name provided, {name} does not match an External ID, Salesforce Id, or indexed "
            f"field for {owner.name}"
        )
    return field.name


def _invalid(text: str) -> ApiError:
    return refuse_request(400, "INVALIDJOB", text)


ROUTES = (
    Route(("POST",), "jobs/ingest", create),
    Route(("GET",), "jobs/ingest", list_all),
    Route(("GET",), "jobs/ingest/{id}", show),
    Route(("PATCH",), "jobs/ingest/{id}", change),
    Route(("DELETE",), "jobs/ingest/{id}", delete),
    Route(("PUT",), "jobs/ingest/{id}/batches", upload, any_body=True),
    Route(("GET",), "jobs/ingest/{id}/successfulResults", _results(ingest.successful)),
    Route(("GET",), "jobs/ingest/{id}/failedResults", _results(ingest.failed)),
    # The documentation writes it small, simple-salesforce with a capital.
    Route(("GET",), "jobs/ingest/{id}/unprocessedrecords", _results(ingest.unprocessed)),
    Route(("GET",), "jobs/ingest/{id}/unprocessedRecords", _results(ingest.unprocessed)),
)
