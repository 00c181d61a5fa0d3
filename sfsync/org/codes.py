"""What does each of the platform's error codes and HTTP statuses ask us to do?

Temporary means that trying later may help; everything that is not listed is final.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do about a kind of trouble: the sentence for a person, and how reading goes about it.

    `tries` counts all tries of one question, `pause` is the first pause between two (seconds,
    before jitter).
    """

    remedy: str
    temporary: bool = False
    tries: int = 1
    pause: float = 1.0


DOWN = Advice(
    "Try again later; status.salesforce.com tells of maintenance", temporary=True, tries=4
)
CONCURRENT = Advice(
    "Too many long requests at once: try again in a minute, or run fewer integrations at that hour",
    temporary=True,
    tries=4,
    pause=20.0,
)
DAILY = Advice(
    "The org's API requests of the last 24 hours are used up: wait until some are free again, "
    "see Setup, System Overview"
)
# One repetition of a statement that ran into the platform's two minutes is worth it, more only
# burdens the org.
SLOW = Advice(
    "The statement took too long: try again later, or ask for fewer records",
    temporary=True,
    tries=2,
)
SIGN_IN = Advice(
    "The session is not valid: sign in again, and check the session settings. A token that was "
    "given as SALESFORCE_ACCESS_TOKEN cannot be renewed: set a new one, or another way to sign in "
    "(docs/connect.md)"
)
PERMIT = Advice(
    "Give the service's user the permission in its permission set (API Enabled, and access to the "
    "object)"
)
UNKNOWN_REFUSAL = Advice(
    "The org said no and would again: check what was asked, and the permissions"
)
STATEMENT = Advice(
    "Check the names of objects and fields in the configuration, and field-level security of the "
    "service's user"
)
TOO_BROAD = Advice("Give the service's user View All Data, or ask for fewer records")
LOCKED = Advice(
    "Somebody else is changing the record: try again in a minute", temporary=True, tries=3
)
HOST = Advice("Check the host: it must be the org's My Domain, as in acme.my.salesforce.com")
VERSION = Advice("Check the API version: the org does not offer this one")
TOO_LONG = Advice("The request is too long: ask for fewer fields or records at once")

CODES: Mapping[str, Advice] = MappingProxyType(
    {
        # the way there
        "NO_ANSWER": DOWN,
        "UNREADABLE": DOWN,
        "NO_SUCH_HOST": Advice(
            "Check the name of the host and this machine's network", temporary=True, tries=2
        ),
        "CERTIFICATE": Advice(
            "Check the host, this machine's clock and its certificates (REQUESTS_CA_BUNDLE)"
        ),
        "UNSENDABLE": Advice("Check the host, the token and the values: nothing was sent"),
        # signing in
        "INVALID_SESSION_ID": SIGN_IN,
        "INVALID_AUTH_HEADER": SIGN_IN,
        "INVALID_JWT_FORMAT": SIGN_IN,
        "INVALID_OPERATION_WITH_EXPIRED_PASSWORD": SIGN_IN,
        "unknown_error": DOWN,
        "rate_limit_exceeded": Advice("Too many sign-ins: try again in an hour", temporary=True),
        # permissions
        "API_DISABLED_FOR_ORG": PERMIT,
        "API_CURRENTLY_DISABLED": PERMIT,
        "INSUFFICIENT_ACCESS": PERMIT,
        "FORBIDDEN": PERMIT,
        "INVALID_TYPE": STATEMENT,
        # statements
        "MALFORMED_QUERY": STATEMENT,
        "INVALID_FIELD": STATEMENT,
        "OPERATION_TOO_LARGE": TOO_BROAD,
        "EXCEEDED_ID_LIMIT": TOO_BROAD,
        "UNSUPPORTED_API_VERSION": VERSION,
        "QUERY_TIMEOUT": SLOW,
        # A cursor that is gone stays gone; reading the object again from its start helps.
        "INVALID_QUERY_LOCATOR": Advice(
            "The org dropped the cursor between two pages: read the object again", temporary=True
        ),
        # passing trouble inside
        "SERVER_UNAVAILABLE": DOWN,
        "UNKNOWN_EXCEPTION": DOWN,
        "UNABLE_TO_LOCK_ROW": LOCKED,
        "TOO_MANY_APEX_REQUESTS": CONCURRENT,
        "LIMIT_EXCEEDED": CONCURRENT,
        "TXN_SECURITY_METERING_ERROR": DOWN,
        "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE": DOWN,
    }
)

# Where the answer has no code that we know; 500 and above are DOWN, all others UNKNOWN_REFUSAL.
STATUSES: Mapping[int, Advice] = MappingProxyType(
    {
        301: HOST,
        302: HOST,
        303: HOST,
        307: HOST,
        308: HOST,
        401: SIGN_IN,
        403: PERMIT,
        # The edge of the platform answers so for a moment, with an empty or HTML body.
        406: DOWN,
        408: DOWN,
        410: VERSION,
        413: TOO_LONG,
        414: TOO_LONG,
        420: DOWN,
        429: CONCURRENT,
        431: TOO_LONG,
    }
)


class Again(StrEnum):
    """When a refused record may be sent again: at once, in a later pass, or once it was mended."""

    NOW = "now"
    LATER = "later"
    NEVER = "never"


ROW_CODES: Mapping[str, Again] = MappingProxyType(
    {
        "UNABLE_TO_LOCK_ROW": Again.NOW,
        "FIELD_CUSTOM_VALIDATION_EXCEPTION": Again.NEVER,
        "REQUIRED_FIELD_MISSING": Again.NEVER,
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": Again.NEVER,
        "ENTITY_IS_DELETED": Again.NEVER,
        "INVALID_CROSS_REFERENCE_KEY": Again.NEVER,
        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": Again.NEVER,
        "INSUFFICIENT_ACCESS_OR_READONLY": Again.NEVER,
        "INVALID_FIELD_FOR_INSERT_UPDATE": Again.NEVER,
        "INVALID_FIELD": Again.NEVER,
        "STRING_TOO_LONG": Again.NEVER,
        "NUMBER_OUTSIDE_VALID_RANGE": Again.NEVER,
        "MALFORMED_ID": Again.NEVER,
        "DUPLICATES_DETECTED": Again.NEVER,
        "DUPLICATE_VALUE": Again.NEVER,
        "FIELD_FILTER_VALIDATION_EXCEPTION": Again.NEVER,
        "FIELD_INTEGRITY_EXCEPTION": Again.NEVER,
        "INACTIVE_OWNER_OR_USER": Again.NEVER,
        "CANNOT_EXECUTE_FLOW_TRIGGER": Again.NEVER,
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": Again.NEVER,
        "TXN_SECURITY_METERING_ERROR": Again.LATER,
        "STORAGE_LIMIT_EXCEEDED": Again.NEVER,
        "LIMIT_EXCEEDED": Again.LATER,
        "TOO_MANY_APEX_REQUESTS": Again.LATER,
        "UNKNOWN_EXCEPTION": Again.LATER,
        "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE": Again.LATER,
    }
)


def again(code: str, message: str) -> Again:
    """Say when a refused record may be sent again; what is not known is never sent again.

    A trigger or flow that ran into a lock is refused under its own code, with the lock's code in
    its words.
    """
    if "UNABLE_TO_LOCK_ROW" in message:
        return Again.NOW
    return ROW_CODES.get(code, Again.NEVER)
