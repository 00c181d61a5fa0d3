"""How can requests be made to go wrong?

Each function returns a hook for `org.on_request`. `path` is a part of the path of the requests
meant, such as "composite/sobjects"; `method` restricts them further; the hook acts `times` times,
then rests. The same faults as data are in `sfsync.fake.given_faults`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Literal
from urllib.parse import unquote_plus

import requests

from sfsync.fake.errors import Problem
from sfsync.fake.server import Call, Hook
from sfsync.fake.state import JobEnd, JobFault
from sfsync.fake.wire import Reply, json_reply


class CutReply(requests.exceptions.ChunkedEncodingError):
    """The connection broke in the middle of `reply`; the org did what was asked."""

    def __init__(self, call: Call, reply: Reply) -> None:
        super().__init__(f"the fake cut the reply to {call.method} {call.path}")
        self.reply = reply


@dataclass(frozen=True, slots=True)
class Aim:
    """Which requests a fault is for: the `at`th that fits and those after it, `times` in all.

    `path` is a part of their path; `method` None means any, `times` None without end. `about` is a
    part of the address or body of those that are counted until it begins, as `FROM Task `: requests
    that are on their way together come in no order.
    """

    path: str = ""
    method: str | None = None
    at: int = 1
    times: int | None = 1
    about: str = ""


@dataclass(slots=True)
class _Turns:
    aim: Aim
    met: int = 0
    lock: Lock = field(default_factory=Lock, repr=False)

    def is_meant(self, path: str, words: str = "") -> bool:
        if self.aim.path not in path:
            return False
        with self.lock:
            # Once it has begun, whatever fits is meant.
            if self.met < self.aim.at and self.aim.about not in words:
                return False
            self.met += 1
            late = self.met - self.aim.at
        return late >= 0 and (self.aim.times is None or late < self.aim.times)


@dataclass(slots=True)
class _Aimed:
    when: Literal["before", "after"]
    turns: _Turns
    act: Callable[[Call], Reply | None] = field(repr=False)

    def __call__(self, call: Call) -> Reply | None:
        aim = self.turns.aim
        if call.when != self.when or aim.method not in (None, call.method):
            return None
        words = _words(call) if aim.about else ""
        return self.act(call) if self.turns.is_meant(call.path, words) else None


def _words(call: Call) -> str:
    return unquote_plus(f"{call.request.target} {call.body.decode('utf-8', 'replace')}")


def refuse(
    path: str, status: int, code: str, message: str, *, method: str | None = None, times: int = 1
) -> Hook:
    """Answer with the platform's error array instead of doing what was asked."""
    reply = json_reply([Problem(code, message).as_error()], status)
    return answer_at(Aim(path, method, times=times), reply)


def answer(path: str, reply: Reply, *, method: str | None = None, times: int = 1) -> Hook:
    """Answer with any reply, such as an HTML page, instead of doing what was asked."""
    return answer_at(Aim(path, method, times=times), reply)


def answer_at(aim: Aim, reply: Reply) -> Hook:
    """Answer with any reply instead of doing what was asked."""
    return _Aimed("before", _Turns(aim), lambda _call: reply)


def lose_request(path: str, *, method: str | None = None, times: int = 1) -> Hook:
    """Break the connection before the org hears of the request."""
    return lose_request_at(Aim(path, method, times=times))


def lose_request_at(aim: Aim) -> Hook:
    """Break the connection before the org hears of the request."""
    return _Aimed("before", _Turns(aim), _break)


def lose_answer(path: str, *, method: str | None = None, times: int = 1) -> Hook:
    """Break the connection after the org did what was asked: it is done, nobody is told."""
    return lose_answer_at(Aim(path, method, times=times))


def lose_answer_at(aim: Aim) -> Hook:
    """Break the connection after the org did what was asked: it is done, nobody is told."""
    return _Aimed("after", _Turns(aim), _break)


def cut_at(aim: Aim) -> Hook:
    """Break the connection in the middle of the reply, after the org did what was asked."""
    return _Aimed("after", _Turns(aim), _cut)


def slow_at(aim: Aim, seconds: float) -> Hook:
    """Let the reply take so many seconds; what was asked is done at once."""
    return _Aimed(
        "after", _Turns(aim), lambda call: replace(call.reply or Reply(500), delay=seconds)
    )


def meanwhile(
    path: str, act: Callable[[], object], *, method: str | None = None, times: int = 1
) -> Hook:
    """Do something just before a request is answered, such as a person's edit."""
    return meanwhile_at(Aim(path, method, times=times), act)


def meanwhile_at(aim: Aim, act: Callable[[], object]) -> Hook:
    """Do something just before a request is answered, such as a person's edit."""

    def do(_call: Call) -> None:
        act()

    return _Aimed("before", _Turns(aim), do)


def end_job(end: JobEnd, path: str = "jobs/ingest", *, times: int = 1) -> JobFault:
    """Return what, among `org.state.bulk_faults`, ends bulk jobs before their records do."""
    return end_job_at(Aim(path, times=times), end)


def end_job_at(aim: Aim, end: JobEnd) -> JobFault:
    """Return what, among `org.state.bulk_faults`, ends bulk jobs before their records do.

    The jobs are counted as they begin their work; a query job that is ended has no results.
    """
    turns = _Turns(aim)
    return lambda path: end if turns.is_meant(path) else None


def _break(call: Call) -> Reply | None:
    raise requests.ConnectionError(f"the fake dropped {call.method} {call.path}")


def _cut(call: Call) -> Reply | None:
    raise CutReply(call, call.reply or Reply(500))
