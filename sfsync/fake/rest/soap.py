"""How does the Metadata API answer over SOAP?

Who asks is said in the SOAP header, not in the HTTP one. Requests are read leniently, as the
platform does: names in any case, booleans in any case, and any other word is false.
"""

import base64
import binascii
from collections.abc import Callable
from xml.etree.ElementTree import Element, ParseError, fromstring
from xml.sax.saxutils import escape

from sfsync.fake.errors import ApiError, refuse_request
from sfsync.fake.metadata.access import check_may_deploy
from sfsync.fake.metadata.component import without_namespaces
from sfsync.fake.metadata.deploying import advance, begin
from sfsync.fake.metadata.kept import DeployOptions
from sfsync.fake.metadata.telling import deploy_result, describe_metadata, list_metadata
from sfsync.fake.rest.deploys import OPTIONS
from sfsync.fake.rest.route import Route
from sfsync.fake.signin import user_of
from sfsync.fake.state import API_VERSIONS, OrgState
from sfsync.fake.wire import Reply, Request

_NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
_ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
_MOST_LISTED = 3


def answer(state: OrgState, request: Request, version: str, *_behind: str) -> Reply:
    """Answer POST /services/Soap/m/version, whatever clients put behind it."""
    try:
        envelope = without_namespaces(fromstring(request.body))
        operation = next(iter(envelope.find("Body") or ()), None)
    except ParseError as error:
        return _fault("INVALID_REQUEST", f"The body is no XML: {error}")
    name = "" if operation is None else operation.tag
    operate = _OPERATIONS.get(name)
    try:
        user_id = _user(state, envelope)
        _check_version(version)
        state.spend_call()
        if operation is None or operate is None:
            return _fault("INVALID_OPERATION", f"The fake does not offer the operation {name!r}")
        results = operate(state, user_id, operation)
    except ApiError as error:
        return _fault(error.problems[0].code, error.problems[0].message)
    body = "".join(_xml("result", each) for each in results)
    return _reply(200, f'<{name}Response xmlns="{_NAMESPACE}">{body}</{name}Response>')


def _user(state: OrgState, envelope: Element) -> str:
    session_id = (envelope.findtext("Header/SessionHeader/sessionId") or "").strip()
    try:
        return user_of(state, f"Bearer {session_id}")
    except ApiError as error:
        raise refuse_request(
            500,
            "INVALID_SESSION_ID",
            "Invalid Session ID found in SessionHeader: Illegal Session",
        ) from error


def _check_version(version: str) -> None:
    try:
        known = float(version) in API_VERSIONS
    except ValueError:
        known = False
    if not known:
        raise refuse_request(500, "UNSUPPORTED_API_VERSION", f"Invalid Api version: {version}")


def _deploy(state: OrgState, user_id: str, operation: Element) -> list[object]:
    check_may_deploy(state, user_id)
    try:
        content = base64.b64decode(_text(operation, "zipfile"), validate=False)
    except binascii.Error as error:
        raise refuse_request(500, "INVALID_REQUEST", f"ZipFile is no base64: {error}") from error
    given = _child(operation, "deployoptions")
    options = DeployOptions(
        **{
            name: given is not None and _text(given, key.lower()).lower() in ("true", "1")
            for key, name in OPTIONS.items()
        }
    )
    made = begin(state, content, options, user_id)
    return [{"done": False, "id": made.deploy_id, "state": "Queued"}]


def _check(state: OrgState, _user_id: str, operation: Element) -> list[object]:
    found = state.metadata.find(_text(operation, "asyncprocessid"))
    advance(state, found)
    details = _text(operation, "includedetails").lower() in ("true", "1")
    return [deploy_result(state, found, details=details)]


def _describe(_state: OrgState, _user_id: str, _operation: Element) -> list[object]:
    return [describe_metadata()]


def _list(state: OrgState, _user_id: str, operation: Element) -> list[object]:
    queries = [each for each in operation if each.tag.lower() == "queries"]
    if len(queries) > _MOST_LISTED:
        raise refuse_request(500, "LIMIT_EXCEEDED", "At most 3 queries are allowed")
    return [found for each in queries for found in list_metadata(state, _text(each, "type"))]


_OPERATIONS: dict[str, Callable[[OrgState, str, Element], list[object]]] = {
    "deploy": _deploy,
    "checkDeployStatus": _check,
    "describeMetadata": _describe,
    "listMetadata": _list,
}


def _child(element: Element, name: str) -> Element | None:
    return next((each for each in element if each.tag.lower() == name), None)


def _text(element: Element, name: str) -> str:
    found = _child(element, name)
    return (found.text or "").strip() if found is not None else ""


def _xml(tag: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return "".join(_xml(tag, each) for each in value)
    if isinstance(value, dict):
        return f"<{tag}>{''.join(_xml(key, each) for key, each in value.items())}</{tag}>"
    text = str(value).lower() if isinstance(value, bool) else escape(str(value))
    return f"<{tag}>{text}</{tag}>"


def _fault(code: str, message: str) -> Reply:
    text = escape(f"{code}: {message}")
    return _reply(
        500,
        f'<soapenv:Fault xmlns:sf="{_NAMESPACE}"><faultcode>sf:{code}</faultcode>'
        f"<faultstring>{text}</faultstring><detail><sf:ApiFault>"
        f"<sf:exceptionCode>{code}</sf:exceptionCode>"
        f"<sf:exceptionMessage>{escape(message)}</sf:exceptionMessage></sf:ApiFault></detail>"
        "</soapenv:Fault>",
    )


def _reply(status: int, body: str) -> Reply:
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="{_ENVELOPE}">'
        f"<soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
    )
    return Reply(status, text.encode(), {"Content-Type": "text/xml; charset=utf-8"})


ROUTES = tuple(
    Route(("POST",), f"/services/Soap/m/{{version}}{rest}", answer, open_to_all=True)
    for rest in ("", "/{org_or_word}", "/deployRequest/{id}")
)
