"""How does the org merge records?

REST has no merge: it is a call of the platform's SOAP API (its variant for partners, which needs no
description of this org). Who asks stands in the request's body, where the line cannot renew it.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final
from xml.etree import ElementTree
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

import requests
from simple_salesforce.util import exception_handler

from sfsync.errors import OrgError
from sfsync.model import MOST_LOSERS, Value, from_wire, to_iso
from sfsync.org import FieldInfo, Merge, RowResult
from sfsync.org.codes import CODES, CONCURRENT, DAILY, DOWN, SIGN_IN, UNKNOWN_REFUSAL
from sfsync.org.line import CONNECT_SECONDS, LONG_SECONDS
from sfsync.org.objections import objection
from sfsync.org.retry import once
from sfsync.org.trouble import Trouble, UnreadableAnswer
from sfsync.org.ways import unreadable
from sfsync.org.wire import Wire

MOST_MERGES: Final = 200
_ENVELOPE: Final = "http://schemas.xmlsoap.org/soap/envelope/"
_PARTNER: Final = "urn:partner.soap.sforce.com"
_RECORD: Final = "urn:sobject.partner.soap.sforce.com"
_EXPIRED: Final = "INVALID_SESSION_ID"
# XML has no way to write these.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
# Said before any of the merges was begun; after another fault some of them may be done.
_BEFORE_WORK: Final = frozenset(
    {
        *("API_CURRENTLY_DISABLED", "API_DISABLED_FOR_ORG", "EXCEEDED_ID_LIMIT"),
        *("INSUFFICIENT_ACCESS", "INVALID_OPERATION", "INVALID_TYPE"),
        *("INVALID_TYPE_FOR_OPERATION", "REQUEST_LIMIT_EXCEEDED", "UNSUPPORTED_API_VERSION"),
        *(_EXPIRED, "LIMIT_EXCEEDED"),
    }
)


def check(merges: Sequence[Merge]) -> None:
    """Raise ValueError for merges that no request may hold."""
    if len(merges) > MOST_MERGES:
        raise ValueError(f"{len(merges)} merges in one request: the platform takes {MOST_MERGES}")
    for each in merges:
        if not 1 <= len(each.losers) <= MOST_LOSERS or each.survivor in each.losers:
            raise ValueError(f"{each.survivor}: one or two other records are merged into one")


def cannot_merge(merge: Merge, known: Mapping[str, FieldInfo]) -> RowResult | None:
    """Say why the door does not even send a merge; None where it does."""
    odd = sorted(name for name, each in merge.values.items() if _UNWRITABLE.search(str(each)))
    if odd:
        words = f"XML cannot write a control character: take it out of {', '.join(odd)}"
        return RowResult(merge.survivor, False, "FIELD_INTEGRITY_EXCEPTION", words)
    refused = (objection(id, {}, known) for id in merge.losers)
    return next(filter(None, (objection(merge.survivor, merge.values, known), *refused)), None)


def send(
    wire: Wire, object: str, merges: Sequence[Merge], known: Mapping[str, FieldInfo]
) -> list[RowResult]:
    """Send merges once, each a transaction of its own; results in the order given.

    Raises OrgUnavailable where the answer was lost, OrgRefused where nothing was merged.
    """
    doing = f"merging records of {object}"
    token = wire.line.token
    answer = once(lambda: _answered(wire, _body(token, object, merges, known)), doing)
    if _fault_code(answer) == _EXPIRED:
        # Who asks is looked at first: nothing was done.
        renewed = wire.line.renewed(token)
        if renewed is not None:
            body = _body(renewed, object, merges, known)
            answer = once(lambda: _answered(wire, body), doing)
    if _fault_code(answer):
        raise _fault(answer, doing)
    entries = answer.findall(".//{*}result")
    if len(entries) != len(merges):
        raise unreadable(doing)
    return [_result(merge, entry, doing) for merge, entry in zip(merges, entries, strict=True)]


def _answered(wire: Wire, body: bytes) -> Element:
    """Send an envelope and return the answer's; raises what requests and simple-salesforce do, and
    UnreadableAnswer.
    """
    response: requests.Response = wire.line.request(
        "POST",
        f"https://{wire.host}/services/Soap/u/{wire.version}",
        data=body,
        headers={"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": '""'},
        timeout=(CONNECT_SECONDS, LONG_SECONDS),
    )
    try:
        envelope = ElementTree.fromstring(response.content)
    except ElementTree.ParseError:
        envelope = None
    if envelope is not None and envelope.tag == f"{{{_ENVELOPE}}}Envelope":
        return envelope
    if response.status_code >= 300:
        exception_handler(response, name="merge")
    raise UnreadableAnswer("the answer is no SOAP envelope")


def _body(
    token: str, object: str, merges: Sequence[Merge], known: Mapping[str, FieldInfo]
) -> bytes:
    # An admin chose to merge what the org's duplicate rules warn of.
    header = (
        f"<p:SessionHeader><p:sessionId>{escape(token)}</p:sessionId></p:SessionHeader>"
        "<p:DuplicateRuleHeader><p:allowSave>true</p:allowSave></p:DuplicateRuleHeader>"
    )
    requested = "".join(_request(object, each, known) for each in merges)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<s:Envelope xmlns:s="{_ENVELOPE}" xmlns:p="{_PARTNER}" xmlns:r="{_RECORD}">'
        f"<s:Header>{header}</s:Header><s:Body><p:merge>{requested}</p:merge></s:Body></s:Envelope>"
    ).encode()


def _request(object: str, merge: Merge, known: Mapping[str, FieldInfo]) -> str:
    emptied = [name for name, value in merge.values.items() if value in (None, "")]
    parts = [f"<r:type>{object}</r:type>"]
    parts += [f"<r:fieldsToNull>{name}</r:fieldsToNull>" for name in emptied]
    parts += [f"<r:Id>{merge.survivor}</r:Id>"]
    parts += [
        f"<r:{name}>{_text(value, known[name].type)}</r:{name}>"
        for name, value in merge.values.items()
        if name not in emptied
    ]
    losers = "".join(f"<p:recordToMergeIds>{id}</p:recordToMergeIds>" for id in merge.losers)
    return f"<p:request><p:masterRecord>{''.join(parts)}</p:masterRecord>{losers}</p:request>"


def _text(value: Value, kind: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if kind == "datetime" and isinstance(value, str):
        # XML's instants have no offset without a colon, as REST's have.
        return to_iso(from_wire(value))
    return escape(str(value), {"\r": "&#13;"})


def _fault_code(envelope: Element) -> str:
    fault = envelope.find(f"{{{_ENVELOPE}}}Body/{{{_ENVELOPE}}}Fault")
    if fault is None:
        return ""
    return (fault.findtext("faultcode") or "").rpartition(":")[2] or "UNKNOWN_EXCEPTION"


def _fault(envelope: Element, doing: str) -> OrgError:
    code = _fault_code(envelope)
    words = " ".join((envelope.findtext(".//faultstring") or "").split())
    said = f"{doing}: {words.rstrip('.')[:300] or code}"
    if code == "REQUEST_LIMIT_EXCEEDED":
        advice = CONCURRENT if "concurrent" in words.lower() else DAILY
    elif code in _BEFORE_WORK:
        advice = SIGN_IN if code == _EXPIRED else CODES.get(code, UNKNOWN_REFUSAL)
    else:
        advice = DOWN
    return Trouble(code, 500, said, f"{doing}: {code}", advice).error()


def _result(merge: Merge, entry: Element, doing: str) -> RowResult:
    if entry.findtext("{*}success") == "true":
        merged = {(each.text or "")[:15] for each in entry.findall("{*}mergedRecordIds")}
        answered = (entry.findtext("{*}id") or "")[:15]
        if answered != merge.survivor[:15] or merged - {id[:15] for id in merge.losers}:
            raise unreadable(doing)
        return RowResult(merge.survivor, True)
    errors = entry.findall("{*}errors")
    code = errors[0].findtext("{*}statusCode") if errors else ""
    words = "; ".join(each.findtext("{*}message") or "" for each in errors)
    return RowResult(
        merge.survivor, False, code or "UNKNOWN_EXCEPTION", words or "refused without a reason"
    )
