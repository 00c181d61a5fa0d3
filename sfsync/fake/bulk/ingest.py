"""What happens to the records of an ingest job?

They are written in batches of 10,000, of which each counts against the day, and in chunks of 200,
of which each is a transaction: one that is broken off leaves the earlier ones standing.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from random import Random

from sfsync.fake.bulk.cells import columns_of
from sfsync.fake.bulk.dialect import Table, UploadRefused, csv_text
from sfsync.fake.bulk.jobs import (
    ABORTED,
    FAILED,
    JOB_COMPLETE,
    IngestJob,
    Result,
    early_end,
    end_early,
)
from sfsync.fake.bulk.parents import Names
from sfsync.fake.bulk.rows import RowWriter, check_header, key_of
from sfsync.fake.errors import ApiError
from sfsync.fake.state import JobEnd, OrgState
from sfsync.fake.write import Writer

_BATCH = 10_000
_CHUNK = 200
_OUT_OF_BATCHES = JobEnd("Failed", message="ExceededQuota : ApiBatchItems Limit exceeded.")


def carry_out(state: OrgState, job: IngestJob) -> None:
    """Write the records of a job and let it end: JobComplete, Failed, or Aborted by a fault."""
    try:
        table = job.dialect.read(job.upload or b"")
        job.header, job.unprocessed = table.header, table.records
        writer = _row_writer(state, job, table)
    except (UploadRefused, ApiError) as refusal:
        job.error = str(refusal)
        job.move(FAILED, state.clock.now())
        return
    end = _write_all(state, writer)
    job.unprocessed = table.records[len(job.results) :]
    job.upload = None
    if end is None:
        job.move(JOB_COMPLETE, state.clock.now())
    else:
        end_early(state, job, end)


def leave(state: OrgState, job: IngestJob) -> None:
    """Abort a job of which no record is written yet."""
    job.move(ABORTED, state.clock.now())
    try:
        table = job.dialect.read(job.upload or b"")
    except UploadRefused:
        return
    job.header, job.unprocessed = table.header, table.records


def _row_writer(state: OrgState, job: IngestJob, table: Table) -> RowWriter:
    owner = state.store.existing(job.object_name)
    check_header(job, job.header)
    names = Names(state)
    columns = columns_of(names, owner, job.header)
    return RowWriter(job, table, owner, names, columns, key_of(job, owner))


def _write_all(state: OrgState, writer: RowWriter) -> JobEnd | None:
    end, written = early_end(state, writer.job), 0
    if end is not None and end.after == 0:
        return end
    count = len(writer.table.records)
    for batch in range(0, count, _BATCH):
        if state.batches_left() < 1:
            return _OUT_OF_BATCHES
        state.used_batches.append(state.clock.now())
        for start in range(batch, min(batch + _BATCH, count), _CHUNK):
            chunk = range(start, min(start + _CHUNK, batch + _BATCH, count))
            done = _write_chunk(state, writer, chunk, None if end is None else end.after - written)
            writer.job.results += done
            written += sum(1 for each in done if not each.error)
            if end is not None and written >= end.after:
                return end
    return None


def _write_chunk(
    state: OrgState, writer: RowWriter, chunk: range, most: int | None
) -> list[Result]:
    done: list[Result] = []
    written = 0
    with _touched(state) as touched, state.transaction() as moment:
        by = Writer(state, writer.job.user_id, moment)
        writer.seen.clear()
        for place in chunk:
            if written == most:
                break
            done.append(writer.write(by, place))
            written += not done[-1].error
    if writer.job.operation == "hardDelete":
        _drop(state, touched)
    return done


@contextmanager
def _touched(state: OrgState) -> Iterator[list[tuple[str, str]]]:
    # Gives what the transactions inside have touched once they are committed.
    touched: list[tuple[str, str]] = []
    listener = touched.extend
    state.on_commit.append(listener)
    try:
        yield touched
    finally:
        state.on_commit.remove(listener)


def _drop(state: OrgState, touched: Sequence[tuple[str, str]]) -> None:
    # What goes with a deleted record is deleted in its transaction, and is gone for good with it.
    for object_name, record_id in touched:
        table = state.store.table(object_name)
        if table.rows[record_id].get("IsDeleted"):
            table.drop(record_id)


def successful(job: IngestJob) -> bytes:
    """Return the file of the records that were written, not in the order of the upload."""
    rows = [
        [each.record_id, "true" if each.is_new else "false", *each.cells]
        for each in _shuffled(job)
        if not each.error
    ]
    return csv_text(job.dialect.lines([["sf__Id", "sf__Created", *job.header], *rows]))


def failed(job: IngestJob) -> bytes:
    """Return the file of the records that were refused, not in the order of the upload."""
    rows = [[each.record_id, each.error, *each.cells] for each in _shuffled(job) if each.error]
    return csv_text(job.dialect.lines([["sf__Id", "sf__Error", *job.header], *rows]))


def unprocessed(job: IngestJob) -> bytes:
    """Return the file of the records that a job did not come to; as uploaded if it is no CSV."""
    if not job.header:
        return job.upload or b""
    rows = list(job.unprocessed)
    Random(job.id).shuffle(rows)
    return csv_text(job.dialect.lines([job.header, *rows]))


def _shuffled(job: IngestJob) -> list[Result]:
    results = list(job.results)
    Random(job.id).shuffle(results)
    return results
