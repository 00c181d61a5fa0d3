"""What is a bulk job, and what does the org tell about it?

A job is forgotten seven days after it was created, and an ingest job that nobody closed within a
day is one that failed.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sfsync.fake.bulk.dialect import Dialect
from sfsync.fake.errors import refuse_request
from sfsync.fake.ids import normalise, with_checksum
from sfsync.fake.state import JobEnd, OrgState
from sfsync.fake.values import wire_datetime

OPEN = "Open"
UPLOAD_COMPLETE = "UploadComplete"
IN_PROGRESS = "InProgress"
JOB_COMPLETE = "JobComplete"
FAILED = "Failed"
ABORTED = "Aborted"
UNDER_WAY = (UPLOAD_COMPLETE, IN_PROGRESS)
QUERY_OPERATIONS = ("query", "queryAll")
ENDED = (JOB_COMPLETE, FAILED, ABORTED)

_LIFE = timedelta(days=7)
_OPEN_LIFE = timedelta(hours=24)


@dataclass(slots=True)
class Job:
    """What both families of jobs have: `polls` counts the looks at it in its present state."""

    id: str
    operation: str
    object_name: str
    user_id: str
    version: str
    dialect: Dialect
    created_at: datetime
    modified_at: datetime
    state: str
    polls: int = 0
    error: str = ""

    @property
    def path(self) -> str:
        """The path of its resource."""
        family = "query" if self.operation in QUERY_OPERATIONS else "ingest"
        return f"/services/data/v{self.version}/jobs/{family}/{self.id}"

    def move(self, to: str, at: datetime) -> None:
        """Let the job have another state from a moment on."""
        self.state, self.modified_at, self.polls = to, at, 0


@dataclass(slots=True)
class Result:
    """What became of one record of an ingest job: its Id, or what is wrong with it."""

    cells: list[str]
    record_id: str
    is_new: bool = False
    error: str = ""


@dataclass(slots=True)
class IngestJob(Job):
    """A job that writes: what was uploaded, what became of it, what it did not come to."""

    external_id: str | None = None
    upload: bytes | None = None
    header: list[str] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    unprocessed: list[list[str]] = field(default_factory=list)

    @property
    def failed_count(self) -> int:
        """How many records were refused."""
        return sum(1 for each in self.results if each.error)


@dataclass(slots=True)
class QueryJob(Job):
    """A job that reads: its statement and, once complete, a text for each record."""

    statement: str = ""
    header_line: str = ""
    lines: list[str] = field(default_factory=list)


def new_id(state: OrgState) -> str:
    """Return the Id of one more job."""
    state.bulk_jobs_made += 1
    return with_checksum("750" + str(state.bulk_jobs_made).rjust(12, "0"))


def jobs_of(state: OrgState, kind: type[Job]) -> list[Job]:
    """Return the jobs of one family that are not forgotten, oldest first."""
    now = state.clock.now()
    for job_id, job in list(state.bulk_jobs.items()):
        if now - job.created_at > _LIFE:
            del state.bulk_jobs[job_id]
        elif job.state == OPEN and now - job.created_at > _OPEN_LIFE:
            job.error = "The job was open for more than 24 hours"
            job.move(FAILED, now)
    return [each for each in state.bulk_jobs.values() if isinstance(each, kind)]


def find_ingest(state: OrgState, text: str) -> IngestJob:
    """Return the ingest job of an Id; raises ApiError 404 where there is none any more."""
    job = _find(state, text, IngestJob)
    assert isinstance(job, IngestJob)
    return job


def find_query(state: OrgState, text: str) -> QueryJob:
    """Return the query job of an Id; raises ApiError 404 where there is none any more."""
    job = _find(state, text, QueryJob)
    assert isinstance(job, QueryJob)
    return job


def _find(state: OrgState, text: str, kind: type[Job]) -> Job:
    for job in jobs_of(state, kind):
        if job.id == normalise(text):
            return job
    raise refuse_request(404, "NOT_FOUND", "The requested resource does not exist")


def early_end(state: OrgState, job: Job) -> JobEnd | None:
    """Return how a fault ends a job that is about to begin its work, or None."""
    found = [each(job.path) for each in list(state.bulk_faults)]
    return next((each for each in found if each is not None), None)


def end_early(state: OrgState, job: Job, end: JobEnd) -> None:
    """Let a job end as a fault or a limit wants it."""
    job.error = end.message
    job.move(end.state, state.clock.now())


def summary(job: Job) -> dict[str, object]:
    """Return what every answer about a job begins with."""
    shown: dict[str, object] = {
        "id": job.id,
        "operation": job.operation,
        "object": job.object_name,
        "createdById": job.user_id,
        "createdDate": wire_datetime(job.created_at),
        "systemModstamp": wire_datetime(job.modified_at),
        "state": job.state,
    }
    if isinstance(job, IngestJob) and job.external_id:
        shown["externalIdFieldName"] = job.external_id
    return shown | {
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": float(job.version),
    }


def form_of(job: Job) -> dict[str, object]:
    """Return how a job's files are written."""
    return {
        "lineEnding": job.dialect.line_ending,
        "columnDelimiter": job.dialect.column_delimiter,
    }


def info(job: Job) -> dict[str, object]:
    """Return what a look at a job tells."""
    shown = summary(job) | {"jobType": job_type(job)} | form_of(job)
    if isinstance(job, IngestJob):
        shown |= {
            "contentUrl": content_url(job),
            "numberRecordsProcessed": len(job.results),
            "numberRecordsFailed": job.failed_count,
        }
    elif isinstance(job, QueryJob):
        shown |= {"numberRecordsProcessed": len(job.lines)}
    shown |= {"retries": 0, "totalProcessingTime": _milliseconds(job)}
    if isinstance(job, IngestJob):
        shown |= {"apiActiveProcessingTime": _milliseconds(job), "apexProcessingTime": 0}
    return shown | ({"errorMessage": job.error} if job.error else {})


def job_type(job: Job) -> str:
    """Return the family of a job in the platform's words."""
    return "V2Ingest" if isinstance(job, IngestJob) else "V2Query"


def content_url(job: Job) -> str:
    """Return where the records of an ingest job are put; it has no slash in front."""
    return f"{job.path[1:]}/batches"


def _milliseconds(job: Job) -> int:
    lasted = job.modified_at - job.created_at
    return int(lasted.total_seconds() * 1000) if job.state in ENDED else 0
