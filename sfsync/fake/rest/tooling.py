"""What does the Tooling API answer to a query?"""

from dataclasses import replace

from sfsync.fake.metadata.tooling import tooling_store
from sfsync.fake.rest.query import query
from sfsync.fake.rest.route import Route
from sfsync.fake.state import OrgState
from sfsync.fake.wire import Reply, Request


def tooling_query(state: OrgState, request: Request) -> Reply:
    """Answer GET tooling/query: objects, custom fields and validation rules, and the setup."""
    return query(replace(state, store=tooling_store(state), cursors={}), request)


ROUTES = (Route(("GET",), "tooling/query", tooling_query),)
