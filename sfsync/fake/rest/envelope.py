"""How are SOAP requests read and answered?

Who asks is said in the SOAP header, not in the HTTP one. Requests are read leniently, as the
platform does: names in any case, booleans in any case, and any other word is false.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError, fromstring
from xml.sax.saxutils import escape

from sfsync.fake.errors import ApiError, refuse_request
from sfsync.fake.metadata.component import without_namespaces
from sfsync.fake.signin import user_of
from sfsync.fake.state import API_VERSIONS, OrgState
from sfsync.fake.wire import Reply, Request

_ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"

# Gets the org, the user's Id and the request's element; returns what the results say.
Operation = Callable[[OrgState, str, Element], list[object]]


@dataclass(frozen=True, slots=True)
class Api:
    """One of the SOAP APIs: its namespace, that of its faults, their kind, and its operations."""

    namespace: str
    fault_namespace: str
    fault: str
    operations: Mapping[str, Operation]

    def answer(self, state: OrgState, request: Request, version: str) -> Reply:
        """Answer an envelope that was posted to the address of a version."""
        try:
            envelope = without_namespaces(fromstring(request.body))
            operation = next(iter(envelope.find("Body") or ()), None)
        except ParseError as error:
            return self._fault("INVALID_REQUEST", f"The body is no XML: {error}")
        name = "" if operation is None else operation.tag
        operate = self.operations.get(name)
        try:
            user_id = _user(state, envelope)
            _check_version(version)
            state.spend_call()
            if operation is None or operate is None:
                told = f"The fake does not offer the operation {name!r}"
                return self._fault("INVALID_OPERATION", told)
            results = operate(state, user_id, operation)
        except ApiError as error:
            return self._fault(error.problems[0].code, error.problems[0].message)
        body = "".join(_xml("result", each) for each in results)
        return _reply(200, f'<{name}Response xmlns="{self.namespace}">{body}</{name}Response>')

    def _fault(self, code: str, message: str) -> Reply:
        text = escape(f"{code}: {message}")
        return _reply(
            500,
            f'<soapenv:Fault xmlns:sf="{self.fault_namespace}"><faultcode>sf:{code}</faultcode>'
            f"<faultstring>{text}</faultstring><detail><sf:{self.fault}>"
            f"<sf:exceptionCode>{code}</sf:exceptionCode>"
            f"<sf:exceptionMessage>{escape(message)}</sf:exceptionMessage></sf:{self.fault}>"
            "</detail></soapenv:Fault>",
        )


def child(element: Element, name: str) -> Element | None:
    """Return the first child of a name in small letters, in any case."""
    return next((each for each in element if each.tag.lower() == name), None)


def text(element: Element, name: str) -> str:
    """Return the text of the first child of a name in small letters; "" where there is none."""
    found = child(element, name)
    return (found.text or "").strip() if found is not None else ""


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


def _xml(tag: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return "".join(_xml(tag, each) for each in value)
    if isinstance(value, dict):
        return f"<{tag}>{''.join(_xml(key, each) for key, each in value.items())}</{tag}>"
    told = str(value).lower() if isinstance(value, bool) else escape(str(value))
    return f"<{tag}>{told}</{tag}>"


def _reply(status: int, body: str) -> Reply:
    envelope = (
        f'<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="{_ENVELOPE}">'
        f"<soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
    )
    return Reply(status, envelope.encode(), {"Content-Type": "text/xml; charset=utf-8"})
