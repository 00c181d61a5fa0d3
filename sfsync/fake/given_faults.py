"""Which faults, given as data, are in force in an org?

A fault is an object with a `kind`. Those of requests take `path` (a part of the path of the
requests meant), `method`, `at` (the first of the fitting requests that it is for, counted from 1),
`about` (only requests with this in address or body are counted until then) and `times` (null:
without end). Those of records take `ids` and `times` (per record).

    expired_token   every token given out so far is a bad one     path, method, at, about, times
    lost_request    the connection breaks before the org hears    path, method, at, about, times
    lost_answer     it breaks after the org did what was asked    path, method, at, about, times
    cut_reply       it breaks in the middle of the reply          path, method, at, about, times
    slow_reply      the reply takes `seconds`                     path, method, at, about, times
    refusal         `status`, with `code` and `message`           path, method, at, about, times
    page            `status`, with an HTML page                   path, method, at, about, times
    quota           `left` calls are left of the day              path, method, at, about, times
    edit            a person changes `fields` of `object` `id`    path, method, at, about, times
    lock            UNABLE_TO_LOCK_ROW on a write                 ids, times
    validation      a validation rule's `message`, at `fields`    ids, times
    bulk_fail       a bulk job fails with `message`               path, at, times, after
    bulk_abort      a bulk job is aborted                         path, at, times, after

The last two are of bulk jobs, counted as they begin their work, whose `path` is that of the job
(jobs/ingest without one): when `after` records are written the job ends, and the rest is left
unprocessed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock

from sfsync.fake.errors import Problem, refuse_record
from sfsync.fake.faults import (
    Aim,
    answer_at,
    cut_at,
    end_job_at,
    lose_answer_at,
    lose_request_at,
    meanwhile_at,
    slow_at,
)
from sfsync.fake.ids import normalise
from sfsync.fake.org import FakeOrg
from sfsync.fake.server import Hook
from sfsync.fake.state import JobEnd, JobFault, RecordFault
from sfsync.fake.wire import Reply, json_reply

Given = Mapping[str, object]
# Tokens are asked for elsewhere: without a path of its own a fault is for the API alone.
_API = "/services/data"
_AIM = frozenset({"kind", "path", "method", "at", "times", "about"})
_RECORDS = frozenset({"kind", "ids", "times"})
_JOBS = frozenset({"kind", "path", "at", "times", "after"})


@dataclass(slots=True)
class Faults:
    """The faults in force in one org; each has a number. May be used from several threads."""

    org: FakeOrg
    _given: dict[int, Given] = field(default_factory=dict)
    _hooks: list[Hook] = field(default_factory=list)
    _record_faults: list[RecordFault] = field(default_factory=list)
    _job_faults: list[JobFault] = field(default_factory=list)
    _daily_quota: int | None = None
    _made: int = 0

    def add(self, given: Given) -> int:
        """Put a fault in force and return its number. Raises ValueError on one that makes no sense.

        What the error says names the key that is wrong.
        """
        kind = given.get("kind")
        with self.org.state.lock:
            if kind in _OF_RECORDS:
                self._add_record_fault(_OF_RECORDS[str(kind)](given))
            elif kind in _OF_JOBS:
                self._add_job_fault(_OF_JOBS[str(kind)](given))
            elif kind in _OF_REQUESTS:
                self._add_hook(_OF_REQUESTS[str(kind)](given, self))
            else:
                raise ValueError(f"kind {kind!r} is no fault; there are {', '.join(KINDS)}")
            self._made += 1
            self._given[self._made] = dict(given)
            return self._made

    def all(self) -> list[dict[str, object]]:
        """Return the faults as they were given, with their numbers, those that rest included."""
        with self.org.state.lock:
            return [{"number": number, **given} for number, given in self._given.items()]

    def clear(self) -> None:
        """Take all faults away; a used-up quota is what it was before."""
        with self.org.state.lock:
            for hook in self._hooks:
                self.org.on_request.remove(hook)
            for fault in self._record_faults:
                self.org.state.record_faults.remove(fault)
            for job_fault in self._job_faults:
                self.org.state.bulk_faults.remove(job_fault)
            if self._daily_quota is not None:
                self.org.state.daily_quota = self._daily_quota
            self._hooks, self._record_faults, self._job_faults = [], [], []
            self._daily_quota = None
            self._given.clear()

    def leave(self, calls: int) -> None:
        """Leave so many calls of the day's quota."""
        with self.org.state.lock:
            state = self.org.state
            if self._daily_quota is None:
                self._daily_quota = state.daily_quota
            state.daily_quota += calls - state.calls_left()

    def _add_hook(self, hook: Hook) -> None:
        self._hooks.append(hook)
        self.org.on_request.append(hook)

    def _add_record_fault(self, fault: RecordFault) -> None:
        self._record_faults.append(fault)
        self.org.state.record_faults.append(fault)

    def _add_job_fault(self, fault: JobFault) -> None:
        self._job_faults.append(fault)
        self.org.state.bulk_faults.append(fault)


@dataclass(slots=True, eq=False)
class _OnRecords:
    """Refuses to save the records named, each so many times."""

    left: dict[str, int | None]
    problem: Problem
    lock: Lock = field(default_factory=Lock)

    def __call__(self, record_id: str) -> None:
        with self.lock:
            left = self.left.get(record_id, 0)
            if left == 0:
                return
            self.left[record_id] = None if left is None else left - 1
        message = self.problem.message.replace("{id}", record_id)
        raise refuse_record(self.problem.code, message, *(self.problem.fields or ()))


def _lock(given: Given) -> RecordFault:
    _check_keys(given, _RECORDS)
    text = "unable to obtain exclusive access to this record or 1 records: {id}"
    return _OnRecords(_ids(given), Problem("UNABLE_TO_LOCK_ROW", text))


def _validation(given: Given) -> RecordFault:
    _check_keys(given, _RECORDS | {"message", "fields"})
    fields = given.get("fields", [])
    if not isinstance(fields, list):
        raise ValueError(f"fields must be a list of field names, not {fields!r}")
    message = _text(given, "message", "The record breaks a validation rule")
    problem = Problem("FIELD_CUSTOM_VALIDATION_EXCEPTION", message, tuple(map(str, fields)))
    return _OnRecords(_ids(given), problem)


def _ids(given: Given) -> dict[str, int | None]:
    ids = given.get("ids")
    found = [normalise(str(each)) for each in ids] if isinstance(ids, list) else []
    if not found or None in found:
        raise ValueError(f"ids must be a list of record Ids, not {ids!r}")
    times = _times(given)
    return {str(each): times for each in found}


def _bulk_fail(given: Given) -> JobFault:
    _check_keys(given, _JOBS | {"message"})
    message = _text(given, "message", "InternalServerError : The fake fails this job")
    return end_job_at(_job_aim(given), JobEnd("Failed", _number(given, "after", 0), message))


def _bulk_abort(given: Given) -> JobFault:
    _check_keys(given, _JOBS)
    return end_job_at(_job_aim(given), JobEnd("Aborted", _number(given, "after", 0)))


def _job_aim(given: Given) -> Aim:
    path = _text(given, "path", "jobs/ingest")
    return Aim(path, at=_number(given, "at", 1, least=1), times=_times(given))


def _refusal(given: Given, _faults: Faults) -> Hook:
    aim = _aim(given, "status", "code", "message")
    problem = Problem(_text(given, "code"), _text(given, "message", "The fake refuses this"))
    return answer_at(aim, json_reply([problem.as_error()], _number(given, "status", 400)))


def _page(given: Given, _faults: Faults) -> Hook:
    aim = _aim(given, "status")
    status = _number(given, "status", 503)
    body = f"<html><body><h1>Error {status}</h1><p>Down for maintenance</p></body></html>"
    return answer_at(aim, Reply(status, body.encode(), {"Content-Type": "text/html"}))


def _slow(given: Given, _faults: Faults) -> Hook:
    aim = _aim(given, "seconds")
    seconds = given.get("seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds < 0:
        raise ValueError(f"seconds must be a number, 0 or more, not {seconds!r}")
    return slow_at(aim, seconds)


def _quota(given: Given, faults: Faults) -> Hook:
    aim = _aim(given, "left")
    left = _number(given, "left", 0)
    return meanwhile_at(aim, lambda: faults.leave(left))


def _edit(given: Given, faults: Faults) -> Hook:
    aim = _aim(given, "object", "id", "fields")
    name, record_id, fields = _text(given, "object"), _text(given, "id"), given.get("fields")
    if not isinstance(fields, dict) or not fields:
        raise ValueError(f"fields must be an object of fields and new values, not {fields!r}")
    try:
        faults.org.record(name, record_id)
    except KeyError as error:
        raise ValueError(f"the org has no {name} {record_id} to edit") from error
    return meanwhile_at(aim, lambda: faults.org.edit(name, record_id, **fields))


def _plain(make: Callable[[Aim], Hook]) -> Callable[[Given, Faults], Hook]:
    return lambda given, _faults: make(_aim(given))


_OF_RECORDS: Mapping[str, Callable[[Given], RecordFault]] = {
    "lock": _lock,
    "validation": _validation,
}
_OF_JOBS: Mapping[str, Callable[[Given], JobFault]] = {
    "bulk_fail": _bulk_fail,
    "bulk_abort": _bulk_abort,
}
_OF_REQUESTS: Mapping[str, Callable[[Given, Faults], Hook]] = {
    "expired_token": lambda given, faults: meanwhile_at(_aim(given), faults.org.expire_tokens),
    "lost_request": _plain(lose_request_at),
    "lost_answer": _plain(lose_answer_at),
    "cut_reply": _plain(cut_at),
    "slow_reply": _slow,
    "refusal": _refusal,
    "page": _page,
    "quota": _quota,
    "edit": _edit,
}
KINDS = tuple(sorted({*_OF_RECORDS, *_OF_JOBS, *_OF_REQUESTS}))


def _aim(given: Given, *more: str) -> Aim:
    _check_keys(given, _AIM | set(more))
    method = given.get("method")
    return Aim(
        path=_text(given, "path", _API),
        method=None if method is None else str(method).upper(),
        at=_number(given, "at", 1, least=1),
        times=_times(given),
        about=_text(given, "about") if "about" in given else "",
    )


def _times(given: Given) -> int | None:
    return None if given.get("times", 1) is None else _number(given, "times", 1, least=1)


def _number(given: Given, key: str, default: int, *, least: int = 0) -> int:
    found = given.get(key, default)
    if isinstance(found, bool) or not isinstance(found, int) or found < least:
        raise ValueError(f"{key} must be a whole number, {least} or more, not {found!r}")
    return found


def _text(given: Given, key: str, default: str = "") -> str:
    found = given.get(key, default)
    if not isinstance(found, str) or not found:
        raise ValueError(f"{key} must be a text, not {found!r}")
    return found


def _check_keys(given: Given, known: frozenset[str] | set[str]) -> None:
    unknown = sorted(set(given) - known)
    if unknown:
        raise ValueError(
            f"a fault of kind {given['kind']} has no {', '.join(unknown)}; "
            f"it takes {', '.join(sorted(known))}"
        )
