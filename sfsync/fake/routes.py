"""Which handler answers which resource?

The one table of the fake: each API family lists its own routes, a new family is one more file and
one more line here. Patterns are relative to `/services/data/vNN.0/`, or absolute where they start
with a slash.
"""

import re
from dataclasses import dataclass
from functools import cache, lru_cache

from sfsync.fake.errors import not_offered, refuse_request
from sfsync.fake.rest import (
    bulk_ingest,
    bulk_query,
    collections,
    composite,
    deploys,
    describe,
    oauth,
    partner,
    query,
    replication,
    rows,
    soap,
    tooling,
    versions,
)
from sfsync.fake.rest.route import Route
from sfsync.fake.state import OrgState
from sfsync.fake.wire import Reply, Request, segment


def _answer_inside(state: OrgState, request: Request) -> Reply:
    # A request inside a composite one: its sender is known and it costs no call of its own.
    match = find_route(request)
    return match.route.handler(state, request, *match.values)


# The first pattern that fits wins, so a fixed word stands before a place holder.
ROUTES: tuple[Route, ...] = (
    *versions.ROUTES,
    *oauth.ROUTES,
    *describe.ROUTES,
    *replication.ROUTES,
    *rows.ROUTES,
    *query.ROUTES,
    *collections.ROUTES,
    *bulk_ingest.ROUTES,
    *bulk_query.ROUTES,
    *deploys.ROUTES,
    *soap.ROUTES,
    *partner.ROUTES,
    *tooling.ROUTES,
    *composite.routes(_answer_inside),
)
_VERSIONED = re.compile(r"/services/data/v(\d+\.\d)(?:/(.*))?")


@dataclass(frozen=True, slots=True)
class Match:
    """A route that fits a path, with the values of its place holders."""

    route: Route
    values: tuple[str, ...]


def split_version(path: str) -> tuple[str, str]:
    """Return version and rest of a path; the version is empty for a path without one."""
    found = _VERSIONED.fullmatch(path)
    return (found.group(1), found.group(2) or "") if found else ("", path)


def find_route(request: Request) -> Match:
    """Return the route for a request; raises ApiError 404 or 405 where there is none."""
    _version, rest = split_version(request.path)
    known = _fitting(rest)
    for route, values in known:
        if request.method in route.methods:
            return Match(route, values)
    if known:
        methods = sorted({method for route, _values in known for method in route.methods})
        raise refuse_request(
            405,
            "METHOD_NOT_ALLOWED",
            f"HTTP Method '{request.method}' not allowed. Allowed are {','.join(methods)}",
        )
    raise not_offered(f"the resource {request.method} {request.path}")


@lru_cache(maxsize=1_024)
def _fitting(rest: str) -> tuple[tuple[Route, tuple[str, ...]], ...]:
    fitting = [(each, _values(each.pattern, rest)) for each in ROUTES]
    return tuple((route, values) for route, values in fitting if values is not None)


def _values(pattern: str, rest: str) -> tuple[str, ...] | None:
    found = _compiled(pattern).fullmatch(rest)
    return tuple(segment(each) for each in found.groups()) if found else None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{\w+\\\}", "([^/]+)", re.escape(pattern)))
