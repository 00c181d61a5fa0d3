"""What does a bulk job write, and what became of each record?"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

import requests

from sfsync.errors import OrgError, OrgRefused, OrgUnavailable
from sfsync.model import Value
from sfsync.org import UNPROCESSED, RowResult
from sfsync.org.job import ABORTED, COMPLETE, ENDED, OPEN, id_of, look, wait
from sfsync.org.trouble import UnreadableAnswer
from sfsync.org.upload import results_of, to_csv
from sfsync.org.wire import Wire, unreadable

logger = logging.getLogger(__name__)

MOST_BYTES: Final = 100_000_000
_UPLOADED = "UploadComplete"

Rows = Sequence[tuple[str, Mapping[str, Value]]]


def open_ingest(wire: Wire, object: str) -> str:
    """Open a job that updates records, and give its Id.

    Where the answer was lost, another one is opened: the first stays empty, and the platform
    closes it.
    """
    doing = f"opening a bulk job for {object}"
    form = {
        "operation": "update",
        "object": object,
        "contentType": "CSV",
        "columnDelimiter": "COMMA",
        "lineEnding": "LF",
    }
    job = wire.fetch("jobs/ingest", doing, id_of, method="POST", json=form)
    if job is None:
        raise unreadable(doing)
    return job


def abandon(wire: Wire, job: str, doing: str) -> None:
    """Abort a job that is to write nothing; one that cannot be aborted is open and empty."""
    try:
        _put_state(wire, job, ABORTED, doing)
    except OrgError as error:
        logger.warning("%s; bulk job %s stays open", error, job)


def carry_out(wire: Wire, job: str, object: str, rows: Rows) -> Mapping[str, RowResult]:
    """Hand records over, wait for the job's end, and give what became of each by its Id as given.

    Raises OrgUnavailable where the end could not be learnt, OrgRefused where nothing was written.
    """
    doing = f"updating {len(rows)} records of {object} in bulk"
    body = to_csv(rows)
    if len(body) > MOST_BYTES:
        abandon(wire, job, doing)
        raise OrgRefused(
            f"{doing}: {len(body):,} bytes, where a bulk job takes {MOST_BYTES:,}. Hand over fewer "
            "records. Nothing was written"
        )
    _hand_over(wire, job, body, doing)
    try:
        info = wait(wire, _path(job), doing)
        found = {each.id[:15]: each for each in _results(wire, job, info, doing)}
    except OrgRefused as error:
        # It may have written by now: raised from here, this would read as if it had not.
        told = f"Bulk job {job} may have written, or still do so"
        raise OrgUnavailable(f"{error} {told}", f"{error.logged} {told}") from None
    words = _why_unprocessed(info)
    return {id: _result(id, found.get(id[:15]), words) for id, _ in rows}


def results_by_id(wire: Wire, job: str) -> dict[str, RowResult]:
    """Tell what a job did, by the platform's Ids; one still open is aborted, one at work waited
    for.
    """
    doing = f"asking for the results of bulk job {job}"
    info = look(wire, _path(job), doing)
    if info is not None and info["state"] == OPEN:
        abandon(wire, job, doing)
        info = look(wire, _path(job), doing)
    if info is None:
        return {}
    if info["state"] == OPEN:
        raise OrgUnavailable(f"{doing}: it is open and cannot be aborted. Abort it in Setup")
    if info["state"] not in ENDED:
        info = wait(wire, _path(job), doing)
    try:
        return {each.id: each for each in _results(wire, job, info, doing)}
    except OrgRefused as error:
        # It is at its end: what it did can be read from the records.
        logger.warning("%s; the records themselves are asked", error)
        return {}


def _hand_over(wire: Wire, job: str, body: bytes, doing: str) -> None:
    """Upload the records and say that they are all; after this the job is at work."""
    try:
        wire.submit(
            f"{_path(job)}/batches",
            doing,
            lambda answer: None,
            method="PUT",
            data=body,
            headers={"Content-Type": "text/csv; charset=UTF-8"},
        )
    except OrgUnavailable as error:
        # A job takes one upload: sent again it would be refused, or written twice. Whether it came
        # is told by the results.
        logger.warning("%s; the job goes on with what came", error)
    except OrgRefused:
        abandon(wire, job, doing)
        raise
    _close(wire, job, doing)


def _close(wire: Wire, job: str, doing: str) -> None:
    """Say that all records are there, again where the job has not heard of it."""
    for last in (False, True):
        try:
            _put_state(wire, job, _UPLOADED, doing)
        except OrgUnavailable as error:
            if _state(wire, job, doing) != OPEN:
                return
            if last:
                raise
            logger.warning("%s; the job is still open: said again", error)
        except OrgRefused:
            if _state(wire, job, doing) != OPEN:
                return
            abandon(wire, job, doing)
            raise
        else:
            return


def _state(wire: Wire, job: str, doing: str) -> str:
    try:
        info = look(wire, _path(job), doing)
    except OrgRefused as error:
        told = f"Bulk job {job} may be at work"
        raise OrgUnavailable(f"{error} {told}", f"{error.logged} {told}") from None
    if info is None:
        raise OrgUnavailable(f"{doing}: the org knows bulk job {job} no more. Read the records")
    return str(info["state"])


def _put_state(wire: Wire, job: str, state: str, doing: str) -> None:
    wire.submit(_path(job), doing, lambda answer: None, method="PATCH", json={"state": state})


def _results(wire: Wire, job: str, info: Mapping[str, Any], doing: str) -> list[RowResult]:
    """Read what became of the records that an ended job came to.

    A file with fewer records than the job counted would make a written record look like one that
    was not tried: it is read again, then it is OrgUnavailable.
    """
    processed, failed = info.get("numberRecordsProcessed"), info.get("numberRecordsFailed")
    if not processed and info["state"] != COMPLETE:
        # A job that ended before it began has no files.
        return []
    failed = failed or 0
    done = (processed or 0) - failed
    return [
        *_file(wire, f"{_path(job)}/successfulResults", done, doing, ok=True),
        *_file(wire, f"{_path(job)}/failedResults", failed, doing, ok=False),
    ]


def _file(wire: Wire, path: str, at_least: int, doing: str, *, ok: bool) -> list[RowResult]:
    def read(answer: requests.Response) -> list[RowResult]:
        try:
            results = results_of(answer.content, ok=ok)
        except ValueError:
            raise UnreadableAnswer("the answer is no CSV of results") from None
        if len(results) < at_least:
            raise UnreadableAnswer(f"the answer has {len(results)} of {at_least} results")
        return results

    return wire.fetch(path, doing, read, headers={"Accept": "text/csv"}) or []


def _result(id: str, found: RowResult | None, words: str) -> RowResult:
    if found is None:
        return RowResult(id, False, UNPROCESSED, words)
    return RowResult(id, found.ok, found.code, found.message)


def _why_unprocessed(info: Mapping[str, Any]) -> str:
    if info["state"] == COMPLETE:
        return "the bulk job did not come to it"
    if info["state"] == ABORTED:
        return "the bulk job was aborted before it came to it"
    reason = info.get("errorMessage") or "without a reason"
    return f"the bulk job failed before it came to it: {reason}"


def _path(job: str) -> str:
    return f"jobs/ingest/{job}"
