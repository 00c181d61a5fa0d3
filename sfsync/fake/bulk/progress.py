"""When does a bulk job go on to its next state?

Not by time: the looks at it move it, so that a client meets each state as often as a test wants.
"""

from sfsync.fake.bulk import ingest, query
from sfsync.fake.bulk.jobs import IN_PROGRESS, UNDER_WAY, UPLOAD_COMPLETE, IngestJob, Job, QueryJob
from sfsync.fake.metadata.access import seen_by
from sfsync.fake.state import OrgState


def look(state: OrgState, job: Job) -> None:
    """Count a look at a job and let it go on where that makes enough of them."""
    if job.state in UNDER_WAY:
        job.polls += 1
        go_on(state, job)


def go_on(state: OrgState, job: Job) -> None:
    """Let a job go on as far as the looks at it allow; it sees what its creator may see."""
    to_begin, to_end = state.bulk_polls
    if job.state == UPLOAD_COMPLETE and job.polls >= to_begin:
        job.move(IN_PROGRESS, state.clock.now())
    if job.state == IN_PROGRESS and job.polls >= to_end:
        with seen_by(state, job.user_id):
            if isinstance(job, IngestJob):
                ingest.carry_out(state, job)
            elif isinstance(job, QueryJob):
                query.carry_out(state, job)
