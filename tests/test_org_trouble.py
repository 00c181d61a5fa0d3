"""Does every failure between the org and us become the right one of our two errors?"""

import inspect
import json

import pytest
import requests
import simple_salesforce.exceptions as theirs
import urllib3

from sfsync.errors import OrgRefused, OrgUnavailable
from sfsync.org.codes import ROW_CODES, Again, again
from sfsync.org.trouble import translate

TOKEN = "00D000000000001!AQEAQsecret"
URL = "https://acme.my.salesforce.com/services/data/v62.0/query/?q=SELECT+Secret"

# Contract, section 5.2.
CODES_OF_THE_CONTRACT = (
    "UNABLE_TO_LOCK_ROW",
    "FIELD_CUSTOM_VALIDATION_EXCEPTION",
    "REQUIRED_FIELD_MISSING",
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
    "ENTITY_IS_DELETED",
    "INVALID_CROSS_REFERENCE_KEY",
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
    "INSUFFICIENT_ACCESS_OR_READONLY",
    "INVALID_FIELD_FOR_INSERT_UPDATE",
    "INVALID_FIELD",
    "STRING_TOO_LONG",
    "NUMBER_OUTSIDE_VALID_RANGE",
    "MALFORMED_ID",
    "DUPLICATES_DETECTED",
    "DUPLICATE_VALUE",
    "FIELD_FILTER_VALIDATION_EXCEPTION",
    "FIELD_INTEGRITY_EXCEPTION",
    "INACTIVE_OWNER_OR_USER",
    "CANNOT_EXECUTE_FLOW_TRIGGER",
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
    "TXN_SECURITY_METERING_ERROR",
    "STORAGE_LIMIT_EXCEEDED",
    "LIMIT_EXCEEDED",
    "TOO_MANY_APEX_REQUESTS",
    "UNKNOWN_EXCEPTION",
)

CONCURRENT = [
    {
        "errorCode": "REQUEST_LIMIT_EXCEEDED",
        "message": "ConcurrentPerOrgLongTxn Limit exceeded.",
    }
]
DAILY = [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}]
EXPIRED = [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}]
LOST_CURSOR = [{"errorCode": "INVALID_QUERY_LOCATOR", "message": "invalid query locator"}]


def answered(status: int, content: object, kind: type = theirs.SalesforceGeneralError) -> Exception:
    return kind(URL, status, "query", content)


def all_of(module: object, parent: type) -> list[type]:
    return [
        kind for _, kind in inspect.getmembers(module, inspect.isclass) if issubclass(kind, parent)
    ]


def made(kind: type) -> Exception:
    if issubclass(kind, theirs.SalesforceAuthenticationFailed):
        return kind("invalid_grant", "authentication failure")
    if issubclass(kind, theirs.SalesforceError):
        return kind(URL, 400, "query", b"")
    if issubclass(kind, json.JSONDecodeError):
        return kind("Expecting value", "<html>", 0)
    return kind(f"{URL} Bearer {TOKEN}")


@pytest.mark.parametrize("kind", all_of(theirs, Exception))
def test_every_exception_of_simple_salesforce_is_translated(kind: type) -> None:
    assert isinstance(translate(made(kind)), (OrgRefused, OrgUnavailable))


@pytest.mark.parametrize(
    "kind", [*all_of(requests.exceptions, requests.RequestException), json.JSONDecodeError]
)
def test_every_exception_of_requests_is_translated_without_url_or_token(kind: type) -> None:
    message = str(translate(made(kind)))

    assert kind.__name__ in message
    assert "Secret" not in message
    assert "secret" not in message


@pytest.mark.parametrize(
    "error",
    [
        requests.ConnectionError("reset"),
        requests.ReadTimeout(),
        requests.exceptions.ChunkedEncodingError(),
        urllib3.exceptions.ProtocolError("broken"),
        ConnectionResetError(),
        requests.exceptions.SSLError("record layer failure"),
        requests.JSONDecodeError("Expecting value", "<html>", 0),
        answered(503, [{"errorCode": "SERVER_UNAVAILABLE", "message": "Server Unavailable"}]),
        answered(503, "<html>Down for maintenance</html>"),
        answered(500, [{"errorCode": "INVALID_TYPE", "message": "broke half-way"}]),
        answered(502, ""),
        answered(429, ""),
        answered(420, "<html>"),
        answered(406, ""),
        answered(403, CONCURRENT, theirs.SalesforceRefusedRequest),
        answered(400, LOST_CURSOR, theirs.SalesforceMalformedRequest),
        theirs.SalesforceAuthenticationFailed(503, "down"),
        requests.ConnectionError("NameResolutionError: Failed to resolve"),
    ],
)
def test_what_may_pass_is_unavailable(error: Exception) -> None:
    assert isinstance(translate(error), OrgUnavailable)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (answered(403, DAILY, theirs.SalesforceRefusedRequest), "24 hours"),
        (answered(401, EXPIRED, theirs.SalesforceExpiredSession), "sign in again"),
        (answered(401, "<html>", theirs.SalesforceExpiredSession), "sign in again"),
        (answered(403, [{"errorCode": "API_DISABLED_FOR_ORG", "message": "no"}]), "API Enabled"),
        (answered(414, "<html>"), "too long"),
        (answered(302, ""), "My Domain"),
        (answered(409, [{"errorCode": "CONFLICT", "message": "no"}]), "CONFLICT: no"),
        (requests.exceptions.InvalidHeader(f"Bearer {TOKEN}\n"), "nothing was sent"),
        (requests.exceptions.InvalidJSONError("nan"), "nothing was sent"),
        (requests.exceptions.SSLError("CERTIFICATE_VERIFY_FAILED"), "certificate"),
        (OSError("Could not find a suitable TLS CA certificate bundle"), "REQUESTS_CA_BUNDLE"),
        (theirs.SalesforceAuthenticationFailed("invalid_grant", "no"), "invalid_grant: no"),
    ],
)
def test_what_stays_so_is_refused_and_says_what_to_do(error: Exception, words: str) -> None:
    refusal = translate(error)

    assert isinstance(refusal, OrgRefused)
    assert words in str(refusal)


def test_a_defect_of_ours_is_not_blamed_on_the_org() -> None:
    with pytest.raises(TypeError, match="KeyError"):
        translate(KeyError("x"))


def test_the_words_on_a_statement_come_without_the_statement() -> None:
    excerpt = "\nSELECT Id FROM Account WHERE Name = 'Blue Widgets'\n       ^\n"
    words = f"{excerpt}ERROR at Row:1:Column:8\nNo such column 'X' on entity 'Account'."
    error = answered(400, [{"errorCode": "INVALID_FIELD", "message": words}])

    message = str(translate(error, "reading Account"))

    assert message.startswith(
        "reading Account: INVALID_FIELD: No such column 'X' on entity 'Account'. "
    )
    assert "Blue Widgets" not in message


@pytest.mark.parametrize("code", CODES_OF_THE_CONTRACT)
def test_every_row_code_of_the_contract_is_known(code: str) -> None:
    assert code in ROW_CODES


def test_only_locked_rows_are_sent_again_at_once() -> None:
    now = {code for code in ROW_CODES if again(code, "no") is Again.NOW}

    assert now == {"UNABLE_TO_LOCK_ROW"}
    assert again("CANNOT_EXECUTE_FLOW_TRIGGER", "UNABLE_TO_LOCK_ROW, unable") is Again.NOW
    assert again("SOMETHING_NEW", "no") is Again.NEVER
