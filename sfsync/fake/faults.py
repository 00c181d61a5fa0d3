"""How can a test let requests go wrong?

Each function returns a hook for `org.on_request`. `path` is a part of the path of the requests
meant, such as "composite/sobjects"; `method` restricts them further; the hook acts `times` times,
then rests.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import requests

from sfsync.fake.errors import Problem
from sfsync.fake.server import Call, Hook
from sfsync.fake.wire import Reply, json_reply


@dataclass(slots=True)
class _Limited:
    when: Literal["before", "after"]
    path: str
    method: str | None
    times: int
    act: Callable[[Call], Reply | None] = field(repr=False)

    def __call__(self, call: Call) -> Reply | None:
        fits = self.method in (None, call.method) and self.path in call.path
        if call.when != self.when or not fits or self.times < 1:
            return None
        self.times -= 1
        return self.act(call)


def refuse(
    path: str, status: int, code: str, message: str, *, method: str | None = None, times: int = 1
) -> Hook:
    """Answer with the platform's error array instead of doing what was asked."""
    reply = json_reply([Problem(code, message).as_error()], status)
    return _Limited("before", path, method, times, lambda _call: reply)


def answer(path: str, reply: Reply, *, method: str | None = None, times: int = 1) -> Hook:
    """Answer with any reply, such as an HTML page, instead of doing what was asked."""
    return _Limited("before", path, method, times, lambda _call: reply)


def lose_request(path: str, *, method: str | None = None, times: int = 1) -> Hook:
    """Break the connection before the org hears of the request."""
    return _Limited("before", path, method, times, _break)


def lose_answer(path: str, *, method: str | None = None, times: int = 1) -> Hook:
    """Break the connection after the org did what was asked: it is done, nobody is told."""
    return _Limited("after", path, method, times, _break)


def meanwhile(
    path: str, act: Callable[[], object], *, method: str | None = None, times: int = 1
) -> Hook:
    """Do something just before a request is answered, such as a person's edit."""

    def do(_call: Call) -> None:
        act()

    return _Limited("before", path, method, times, do)


def _break(call: Call) -> Reply | None:
    raise requests.ConnectionError(f"the fake dropped {call.method} {call.path}")
