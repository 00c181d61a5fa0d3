"""What can be asked of the fake itself, beside what Salesforce offers?

    GET    /__fake__/clock    {"now": "2026-06-15T08:00:00.000+0000"}
    PUT    /__fake__/clock    {"now": an instant with its zone} or {"advance": seconds}
    GET    /__fake__/faults   the faults in force, as given, with their numbers
    POST   /__fake__/faults   one fault as data; see `sfsync.fake.given_faults`
    DELETE /__fake__/faults   take all away
    GET    /__fake__/calls    the API's requests so far: [{"method": ..., "path": ...}, ...]
    DELETE /__fake__/calls    forget them

None of these counts as a call, none meets a fault, none needs a token.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from sfsync.fake.errors import ApiError, refuse_request
from sfsync.fake.given_faults import Faults
from sfsync.fake.org import FakeOrg
from sfsync.fake.values import wire_datetime
from sfsync.fake.wire import Reply, Request, error_reply, json_reply

PREFIX = "/__fake__/"


class Control:
    """The fake's own resources for one org."""

    def __init__(self, org: FakeOrg) -> None:
        self._org = org
        self._faults = Faults(org)
        self._handlers: Mapping[tuple[str, str], Callable[[Request], Reply]] = {
            ("GET", "clock"): self._show_clock,
            ("PUT", "clock"): self._set_clock,
            ("GET", "faults"): lambda _request: json_reply(self._faults.all()),
            ("POST", "faults"): self._add_fault,
            ("DELETE", "faults"): self._clear_faults,
            ("GET", "calls"): self._list_calls,
            ("DELETE", "calls"): self._forget_calls,
        }

    def answer(self, request: Request) -> Reply:
        """Answer a request whose path starts with PREFIX; one that makes no sense with 400."""
        name = request.path.removeprefix(PREFIX)
        handler = self._handlers.get((request.method, name))
        try:
            if handler is None:
                raise self._not_there(request.method, name)
            return handler(request)
        except ApiError as error:
            return error_reply(error)
        except ValueError as error:
            return error_reply(refuse_request(400, "BAD_REQUEST", str(error)))

    def _not_there(self, method: str, name: str) -> ApiError:
        there = ", ".join(f"{verb} {PREFIX}{each}" for verb, each in self._handlers)
        status = 405 if any(name == each for _verb, each in self._handlers) else 404
        return refuse_request(
            status, "NOT_FOUND", f"The fake has no {method} {PREFIX}{name}; it has {there}"
        )

    def _show_clock(self, _request: Request) -> Reply:
        return json_reply({"now": wire_datetime(self._org.clock.now())})

    def _set_clock(self, request: Request) -> Reply:
        given = request.json_object()
        now, seconds = given.get("now"), given.get("advance")
        with self._org.state.lock:
            if isinstance(now, str) and len(given) == 1:
                self._org.clock.set(datetime.fromisoformat(now))
            elif isinstance(seconds, int | float) and len(given) == 1:
                self._org.clock.advance(seconds)
            else:
                raise ValueError('give {"now": "2026-06-15T08:00:00Z"} or {"advance": 3600}')
        return self._show_clock(request)

    def _add_fault(self, request: Request) -> Reply:
        return json_reply({"number": self._faults.add(request.json_object())}, 201)

    def _clear_faults(self, _request: Request) -> Reply:
        self._faults.clear()
        return Reply(204)

    def _list_calls(self, _request: Request) -> Reply:
        with self._org.state.lock:
            calls = list(self._org.calls)
        return json_reply([{"method": method, "path": path} for method, path in calls])

    def _forget_calls(self, _request: Request) -> Reply:
        with self._org.state.lock:
            self._org.calls.clear()
        return Reply(204)
