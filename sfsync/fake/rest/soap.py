"""How does the Metadata API answer over SOAP?"""

import base64
import binascii
from xml.etree.ElementTree import Element

from sfsync.fake.errors import refuse_request
from sfsync.fake.metadata.access import check_may_deploy
from sfsync.fake.metadata.deploying import advance, begin
from sfsync.fake.metadata.kept import DeployOptions
from sfsync.fake.metadata.telling import deploy_result, describe_metadata, list_metadata
from sfsync.fake.rest.deploys import OPTIONS
from sfsync.fake.rest.envelope import Api, child, text
from sfsync.fake.rest.route import Route
from sfsync.fake.state import OrgState
from sfsync.fake.wire import Reply, Request

_NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
_MOST_LISTED = 3


def answer(state: OrgState, request: Request, version: str, *_behind: str) -> Reply:
    """Answer POST /services/Soap/m/version, whatever clients put behind it."""
    return _METADATA.answer(state, request, version)


def _deploy(state: OrgState, user_id: str, operation: Element) -> list[object]:
    check_may_deploy(state, user_id)
    try:
        content = base64.b64decode(text(operation, "zipfile"), validate=False)
    except binascii.Error as error:
        raise refuse_request(500, "INVALID_REQUEST", f"ZipFile is no base64: {error}") from error
    given = child(operation, "deployoptions")
    options = DeployOptions(
        **{
            name: given is not None and text(given, key.lower()).lower() in ("true", "1")
            for key, name in OPTIONS.items()
        }
    )
    made = begin(state, content, options, user_id)
    return [{"done": False, "id": made.deploy_id, "state": "Queued"}]


def _check(state: OrgState, _user_id: str, operation: Element) -> list[object]:
    found = state.metadata.find(text(operation, "asyncprocessid"))
    advance(state, found)
    details = text(operation, "includedetails").lower() in ("true", "1")
    return [deploy_result(state, found, details=details)]


def _describe(_state: OrgState, _user_id: str, _operation: Element) -> list[object]:
    return [describe_metadata()]


def _list(state: OrgState, _user_id: str, operation: Element) -> list[object]:
    queries = [each for each in operation if each.tag.lower() == "queries"]
    if len(queries) > _MOST_LISTED:
        raise refuse_request(500, "LIMIT_EXCEEDED", "At most 3 queries are allowed")
    return [found for each in queries for found in list_metadata(state, text(each, "type"))]


_METADATA = Api(
    _NAMESPACE,
    _NAMESPACE,
    "ApiFault",
    {
        "deploy": _deploy,
        "checkDeployStatus": _check,
        "describeMetadata": _describe,
        "listMetadata": _list,
    },
)


ROUTES = tuple(
    Route(("POST",), f"/services/Soap/m/{{version}}{rest}", answer, open_to_all=True)
    for rest in ("", "/{org_or_word}", "/deployRequest/{id}")
)
