"""How are up to 25 requests answered in one?

Of the two resources, `composite` runs its requests in order, lets one use what an earlier one
answered (`@{reference.field}`) and can take everything back; `composite/batch` runs them
independently. The first costs one API call, the second one per request inside. The routes are made
with the function that answers one inner request, since the table of routes is above this module.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sfsync.fake.errors import ApiError, Problem, refuse_request
from sfsync.fake.rest.route import Route
from sfsync.fake.state import API_VERSIONS, OrgState
from sfsync.fake.wire import Reply, Request, error_reply, json_reply

_MAX_REQUESTS = 25
_MAX_QUERIES = 5
_INNER = re.compile(r"/?(?:services/data/)?v(\d+\.\d)/([^?]*)(.*)", re.DOTALL)
_OFFERED = re.compile(r"(?:sobjects|query|queryAll|limits|composite/sobjects)(?:/.*)?")
_QUERIES = re.compile(r"(?:query|queryAll|composite/sobjects)(?:/.*)?")
_REFERENCE_ID = re.compile(r"[A-Za-z]\w*", re.ASCII)
_REFERENCE = re.compile(r"@\{(\w+)((?:\.\w+|\[\d+\])*)\}", re.ASCII)
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]", re.ASCII)
_METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE", "HEAD")
_HALTED = Problem(
    "PROCESSING_HALTED",
    "The transaction was rolled back since another operation in the same transaction failed.",
)
_BATCH_HALTED = Problem("BATCH_PROCESSING_HALTED", "Batch processing halted per request")

Answerer = Callable[[OrgState, Request], Reply]


@dataclass(frozen=True, slots=True)
class _Inner:
    """One request inside another; `reference` is empty in a batch."""

    method: str
    url: str
    reference: str = ""
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Composite:
    """The run of one composite request: what was answered so far, by reference."""

    state: OrgState
    outer: Request
    answer: Answerer
    replies: dict[str, Reply] = field(default_factory=dict)

    def run(self, requests: list[_Inner], *, all_or_none: bool) -> None:
        """Answer all requests into `replies`; with `all_or_none` nothing is kept of a failure."""
        if not all_or_none:
            for each in requests:
                self.replies[each.reference] = self._one(each)
            return
        with self.state.transaction():
            start = self.state.store.mark()
            failed = self._first_failure(requests)
            if failed:
                self.state.store.roll_back(start)
        if failed:
            halted = error_reply(ApiError(400, _HALTED))
            kept = self.replies[failed]
            self.replies = {
                each.reference: kept if each.reference == failed else halted for each in requests
            }

    def _first_failure(self, requests: list[_Inner]) -> str:
        for each in requests:
            reply = self.replies[each.reference] = self._one(each)
            if _has_failed(reply) or _has_failed_record(each, reply):
                return each.reference
        return ""

    def _one(self, inner: _Inner) -> Reply:
        try:
            resolved = _Inner(
                inner.method,
                str(self._resolve(inner.url, whole=False)),
                inner.reference,
                self._resolve(inner.body, whole=True),
                inner.headers,
            )
            return self.answer(self.state, _as_request(self.outer, resolved))
        except ApiError as error:
            return error_reply(error)

    def _resolve(self, found: object, *, whole: bool) -> object:
        if isinstance(found, dict):
            return {key: self._resolve(each, whole=whole) for key, each in found.items()}
        if isinstance(found, list):
            return [self._resolve(each, whole=whole) for each in found]
        if not isinstance(found, str):
            return found
        only = _REFERENCE.fullmatch(found) if whole else None
        if only is not None:
            return self._value(only)
        return _REFERENCE.sub(lambda match: _text(self._value(match)), found)

    def _value(self, match: re.Match[str]) -> object:
        reference, path = match.groups()
        reply = self.replies.get(reference)
        found = None if reply is None or _has_failed(reply) else reply.json()
        for name, index in _STEP.findall(path):
            if name and isinstance(found, dict):
                found = found.get(name)
            elif index and isinstance(found, list) and int(index) < len(found):
                found = found[int(index)]
            else:
                found = None
        if found is None or isinstance(found, dict | list):
            raise refuse_request(
                400,
                "PROCESSING_HALTED",
                f"Invalid reference specified. No value for {reference}{path} found in "
                f"{reference}. Provided reference properties are case-sensitive.",
            )
        return found


def routes(answer: Answerer) -> tuple[Route, ...]:
    """Return the routes of both resources; `answer` answers one inner request or raises."""

    def composite(state: OrgState, request: Request) -> Reply:
        body = request.json_object()
        requests = [_composite_part(each) for each in _parts(body, "compositeRequest")]
        _check_references(requests)
        _check_queries(requests)
        _flag(body, "collateSubrequests")
        run = _Composite(state, request, answer)
        run.run(requests, all_or_none=_flag(body, "allOrNone"))
        return json_reply(
            {"compositeResponse": [_entry(name, reply) for name, reply in run.replies.items()]}
        )

    def batch(state: OrgState, request: Request) -> Reply:
        body = request.json_object()
        requests = [_batch_part(each) for each in _parts(body, "batchRequests")]
        state.used_calls.extend([state.clock.now()] * (len(requests) - 1))
        replies = _run_batch(state, request, requests, answer, halt=_flag(body, "haltOnError"))
        return json_reply(
            {
                "hasErrors": any(_has_failed(each) for each in replies),
                "results": [{"statusCode": each.status, "result": each.json()} for each in replies],
            }
        )

    return (
        Route(("POST",), "composite", composite),
        Route(("POST",), "composite/batch", batch),
    )


def _run_batch(
    state: OrgState, outer: Request, requests: list[_Inner], answer: Answerer, *, halt: bool
) -> list[Reply]:
    replies: list[Reply] = []
    for each in requests:
        if halt and any(_has_failed(reply) for reply in replies):
            replies.append(error_reply(ApiError(412, _BATCH_HALTED)))
            continue
        try:
            replies.append(answer(state, _as_request(outer, each)))
        except ApiError as error:
            replies.append(error_reply(error))
    return replies


def _as_request(outer: Request, inner: _Inner) -> Request:
    found = _INNER.fullmatch(inner.url)
    if found is None or not _OFFERED.fullmatch(found.group(2).rstrip("/")):
        raise refuse_request(404, "NOT_FOUND", "The requested resource does not exist")
    version, rest, query = found.groups()
    if float(version) not in API_VERSIONS:
        raise refuse_request(404, "NOT_FOUND", "The requested resource does not exist")
    body = b"" if inner.body is None else json.dumps(inner.body).encode()
    target = f"/services/data/v{version}/{rest}{query}"
    return Request(inner.method, target, inner.headers, body, version, outer.user_id)


def _entry(reference: str, reply: Reply) -> dict[str, object]:
    headers = {key: each for key, each in reply.headers.items() if key != "Content-Type"}
    return {
        "body": reply.json(),
        "httpHeaders": headers,
        "httpStatusCode": reply.status,
        "referenceId": reference,
    }


def _has_failed(reply: Reply) -> bool:
    return reply.status >= 300 and reply.status != 304


def _has_failed_record(inner: _Inner, reply: Reply) -> bool:
    """Whether a collection refused a record, which it answers with 200."""
    found = _INNER.fullmatch(inner.url)
    if inner.method == "GET" or found is None or "composite/sobjects" not in found.group(2):
        return False
    results = reply.json()
    entries = results if isinstance(results, list) else []
    return any(isinstance(each, dict) and each.get("success") is False for each in entries)


def _parts(body: dict[str, object], key: str) -> list[dict[str, object]]:
    parts = body.get(key)
    if not isinstance(parts, list) or not all(isinstance(each, dict) for each in parts):
        raise _malformed(f"{key} must be an array of objects")
    if not 0 < len(parts) <= _MAX_REQUESTS:
        raise refuse_request(
            400,
            "LIMIT_EXCEEDED",
            f"The request holds {len(parts)} subrequests; 1 to {_MAX_REQUESTS} are allowed",
        )
    return parts


def _composite_part(part: dict[str, object]) -> _Inner:
    reference = part.get("referenceId")
    if not isinstance(reference, str) or not _REFERENCE_ID.fullmatch(reference):
        raise _malformed(
            f"referenceId must be letters, digits and underscores after a letter: {reference!r}"
        )
    headers = part.get("httpHeaders") or {}
    if not isinstance(headers, dict):
        raise _malformed(f"{reference}: httpHeaders must be an object")
    lower = {str(key).lower(): str(each) for key, each in headers.items()}
    method, url = _address(part)
    if not url.startswith("/services/data/"):
        raise _malformed(f"{reference}: url must start with /services/data/")
    return _Inner(method, url, reference, part.get("body"), lower)


def _batch_part(part: dict[str, object]) -> _Inner:
    method, url = _address(part)
    return _Inner(method, url, body=part.get("richInput"))


def _address(part: dict[str, object]) -> tuple[str, str]:
    method, url = part.get("method"), part.get("url")
    if not isinstance(method, str) or method.upper() not in _METHODS:
        raise _malformed(f"method must be one of {', '.join(_METHODS)}, not {method!r}")
    if not isinstance(url, str):
        raise _malformed("Each subrequest needs a url")
    return method.upper(), url


def _check_references(requests: list[_Inner]) -> None:
    references = [each.reference for each in requests]
    twice = next((each for each in references if references.count(each) > 1), None)
    if twice is not None:
        raise _malformed(f"referenceId must be unique within the request: {twice}")


def _check_queries(requests: list[_Inner]) -> None:
    matches = [_INNER.fullmatch(each.url) for each in requests]
    count = sum(1 for each in matches if each and _QUERIES.fullmatch(each.group(2).rstrip("/")))
    if count > _MAX_QUERIES:
        raise refuse_request(
            400,
            "LIMIT_EXCEEDED",
            f"The request holds {count} queries and sObject collections; at most {_MAX_QUERIES} "
            "are allowed",
        )


def _flag(body: dict[str, object], key: str) -> bool:
    found = body.get(key, False)
    if not isinstance(found, bool):
        raise _malformed(f"{key} must be true or false")
    return found


def _malformed(text: str) -> ApiError:
    return refuse_request(400, "JSON_PARSER_ERROR", text)


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
