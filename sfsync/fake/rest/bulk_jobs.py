"""What do the resources of ingest jobs and of query jobs have in common?"""

from sfsync.fake.bulk.dialect import DELIMITERS, LINE_ENDINGS, Dialect
from sfsync.fake.bulk.jobs import ABORTED, ENDED, OPEN, UPLOAD_COMPLETE, Job, info, jobs_of
from sfsync.fake.errors import ApiError, not_offered, refuse_request
from sfsync.fake.state import OrgState
from sfsync.fake.wire import Reply, Request, json_reply

Body = dict[str, object]
CSV = "text/csv; charset=UTF-8"
_LISTED = 1_000


def text_of(body: Body, key: str, default: str | None = None) -> str:
    """Return a text of a job's body; raises ApiError where it is missing or is none."""
    found = body.get(key, default)
    if not isinstance(found, str) or not found:
        raise refuse_request(400, "INVALIDJOB", f"{key} must be a text, not {found!r}")
    return found


def check_version(request: Request, first: float) -> None:
    """Raise ApiError 404 where a request's API version is older than the first with such jobs."""
    if float(request.version) < first:
        raise not_offered(f"{request.path}: it came with version {first}")


def check_keys(body: Body, known: frozenset[str]) -> None:
    """Raise ApiError where the body of a job has a key that the platform does not know."""
    unknown = sorted(set(body) - known)
    if unknown:
        raise refuse_request(
            400, "JSON_PARSER_ERROR", f'Unrecognized field "{unknown[0]}" of a bulk job'
        )


def dialect_of(body: Body) -> Dialect:
    """Return how the files of a job are written; raises ApiError on a word that is not known."""
    chosen = {
        key: _one_of(body, key, default, words)
        for key, default, words in (
            ("contentType", "CSV", ("CSV",)),
            ("columnDelimiter", "COMMA", tuple(DELIMITERS)),
            ("lineEnding", "LF", tuple(LINE_ENDINGS)),
        )
    }
    return Dialect(chosen["columnDelimiter"], chosen["lineEnding"])


def _one_of(body: Body, key: str, default: str, words: tuple[str, ...]) -> str:
    found = text_of(body, key, default)
    if found not in words:
        raise refuse_request(400, "INVALIDJOB", f"{key} {found} is not one of {', '.join(words)}")
    return found


def state_asked(request: Request) -> str:
    """Return the state that a PATCH asks for; raises ApiError where it asks for anything else."""
    body = request.json_object()
    check_keys(body, frozenset({"state"}))
    asked = text_of(body, "state")
    if asked not in (UPLOAD_COMPLETE, ABORTED):
        raise bad_state(f"A job cannot be put into the state {asked}")
    return asked


def list_jobs(state: OrgState, request: Request, kind: type[Job]) -> Reply:
    """Answer GET jobs/ingest and jobs/query, up to 1,000 jobs at a time."""
    offset = request.parameters.get("queryLocator", "0")
    if not offset.isdigit():
        raise refuse_request(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
    jobs, start = jobs_of(state, kind), int(offset)
    end = start + _LISTED
    more = f"{request.target.partition('?')[0]}?queryLocator={end}" if end < len(jobs) else None
    return json_reply(
        {
            "done": more is None,
            "nextRecordsUrl": more,
            "records": [info(each) for each in jobs[start:end]],
        }
    )


def delete_job(state: OrgState, job: Job) -> Reply:
    """Answer DELETE of a job that has ended or waits for its turn."""
    if job.state not in (UPLOAD_COMPLETE, *ENDED):
        raise bad_state(f"A job in the state {job.state} cannot be deleted; abort it first")
    del state.bulk_jobs[job.id]
    return Reply(204)


def check_open(job: Job, doing: str) -> None:
    """Raise ApiError where a job is not open; `doing` is what was asked: Closing, Aborting."""
    if job.state != OPEN:
        word = "Completed" if job.state in ENDED else "Closed"
        raise bad_state(f"{doing} already {word} Job not allowed")


def check_not_ended(job: Job, doing: str) -> None:
    """Raise ApiError where a job has ended."""
    if job.state in ENDED:
        raise bad_state(f"{doing} already Completed Job not allowed")


def bad_state(text: str) -> ApiError:
    """Return the refusal of something that a job's state does not allow."""
    return refuse_request(400, "INVALIDJOBSTATE", text)


def csv_reply(body: bytes, headers: dict[str, str] | None = None) -> Reply:
    """Return a reply that is a file of a job."""
    return Reply(200, body, {"Content-Type": CSV, **(headers or {})})
