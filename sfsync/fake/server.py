"""What happens to a request from its arrival to its answer?

Hooks are asked before and after; in between, under the org's lock: length of the address, sign-in,
daily quota, route. A hook is called with a `Call` and may return a `Reply` that takes the place of
the answer, change the org, or raise an exception of `requests`, as if the network had failed. An
exception raised after the answer loses it, while what was written stays.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from email.utils import format_datetime
from typing import Literal

from sfsync.fake.activities import archive
from sfsync.fake.errors import ApiError, refuse_request
from sfsync.fake.metadata.access import seen_by
from sfsync.fake.routes import Match, find_route, split_version
from sfsync.fake.signin import user_of
from sfsync.fake.state import API_VERSIONS, OrgState
from sfsync.fake.wire import Reply, Request, error_reply

_MAX_URI = 16_384
_RETIRED = range(20, 31)
_TOO_LONG = b"<html><body><h1>Error 414</h1><p>URI Too Long</p></body></html>"


@dataclass(frozen=True, slots=True)
class Call:
    """What a hook is told: `when` is "before" (no reply yet) or "after"."""

    when: Literal["before", "after"]
    request: Request
    reply: Reply | None = None

    @property
    def method(self) -> str:
        """The method, in capitals."""
        return self.request.method

    @property
    def path(self) -> str:
        """The path without query: `/services/data/v62.0/composite/sobjects`."""
        return self.request.path

    @property
    def body(self) -> bytes:
        """The body as sent."""
        return self.request.body


Hook = Callable[[Call], Reply | None]


@dataclass(slots=True, repr=False)
class Server:
    """Answers requests for one org and remembers them."""

    state: OrgState
    hooks: list[Hook] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)

    def answer(self, request: Request) -> Reply:
        """Return the reply to a request; raises only what a hook raises."""
        reply = self._ask(Call("before", request))
        with self.state.lock:
            self.calls.append((request.method, request.path))
            if reply is None:
                reply = self._finish(request, self._answer(request))
        return self._ask(Call("after", request, reply)) or reply

    def _ask(self, call: Call) -> Reply | None:
        for hook in list(self.hooks):
            reply = hook(call)
            if reply is not None:
                return reply
        return None

    def _answer(self, request: Request) -> Reply:
        if len(request.target.encode()) > _MAX_URI:
            return Reply(414, _TOO_LONG, {"Content-Type": "text/html;charset=UTF-8"})
        try:
            return self._route(request)
        except ApiError as error:
            return error_reply(error)

    def _route(self, request: Request) -> Reply:
        version, _rest = split_version(request.path)
        _check_version(version)
        match = _found(request)
        if match is None and not version:
            find_route(request)
        if match is None or not match.route.open_to_all:
            user_id = user_of(self.state, request.headers.get("authorization", ""))
            request = replace(request, version=version, user_id=user_id)
            self.state.spend_call()
        match = match or find_route(request)
        if not match.route.any_body:
            _check_content_type(request)
        archive(self.state)
        with seen_by(self.state, request.user_id):
            return match.route.handler(self.state, request, *match.values)

    def _finish(self, request: Request, reply: Reply) -> Reply:
        used = self.state.daily_quota - self.state.calls_left()
        headers = {
            "Date": format_datetime(self.state.clock.now(), usegmt=True),
            "X-SFDC-Request-Id": f"fake-{len(self.calls):08d}",
            **reply.headers,
        }
        if split_version(request.path)[0]:
            headers["Sforce-Limit-Info"] = f"api-usage={used}/{self.state.daily_quota}"
        return replace(reply, headers=headers)


def _found(request: Request) -> Match | None:
    # Whether a resource exists is nobody's business before signing in.
    try:
        return find_route(request)
    except ApiError:
        return None


def _check_version(version: str) -> None:
    if not version:
        return
    number = float(version)
    if number in _RETIRED:
        raise refuse_request(
            410, "UNSUPPORTED_API_VERSION", f"API version {version} is retired; use 31.0 or later"
        )
    if number not in API_VERSIONS:
        raise refuse_request(404, "NOT_FOUND", "The requested resource does not exist")


def _check_content_type(request: Request) -> None:
    kind = request.headers.get("content-type", "")
    if request.body and request.version and "json" not in kind:
        raise refuse_request(
            415, "UNSUPPORTED_MEDIA_TYPE", f"The body must be application/json, not {kind!r}"
        )
