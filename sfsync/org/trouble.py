"""What went wrong between the org and us, and is it worth trying again?

The one place where the errors of simple-salesforce, requests and JSON become ours. Messages hold
the org's error code and words, never a URL, a token or a statement: simple-salesforce's own texts
hold all of these.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

import requests
import urllib3
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceError,
    SalesforceOperationError,
)

from sfsync.errors import LimitReached, OrgError, OrgRefused, OrgUnavailable
from sfsync.org.codes import (
    CODES,
    CONCURRENT,
    DAILY,
    DOWN,
    STATUSES,
    UNKNOWN_REFUSAL,
    Advice,
)
from sfsync.org.grants import advice_on


class UnreadableAnswer(ValueError):
    """An answer that is not in the platform's form; its text says so without showing any of it."""


# What a question to the org may raise that is the world's doing. Anything else is a defect of ours
# and must be seen.
FAMILIES = (
    SalesforceError,
    SalesforceOperationError,
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    json.JSONDecodeError,
    OSError,
    UnreadableAnswer,
)

_UNSENDABLE = (
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
    requests.exceptions.URLRequired,
    requests.exceptions.InvalidHeader,
)
# The platform prefixes its words on a statement with an excerpt of it, which may hold values of
# records.
_EXCERPT = re.compile(r"^.*?ERROR at Row:\d+:Column:\d+\s*", re.DOTALL)
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Trouble:
    """A failed question: its code, and what it means for us.

    `code` is the org's error code, else as in `HTTP 503`, else a word of ours for the way there.
    `status` is the HTTP status, 0 where no answer came. `said` tells a person what happened,
    `logged` the same without the org's words, which may quote records.
    """

    code: str
    status: int
    said: str
    logged: str
    advice: Advice

    @property
    def message(self) -> str:
        """What happened, and what to do about it."""
        return f"{self.said}. {self.advice.remedy}"

    @property
    def temporary(self) -> bool:
        """Whether trying later may help."""
        return self.advice.temporary

    def error(self) -> OrgError:
        """Give the error to raise."""
        if self.advice is DAILY:
            kind: type[OrgError] = LimitReached
        else:
            kind = OrgUnavailable if self.temporary else OrgRefused
        return kind(self.message, f"{self.logged}. {self.advice.remedy}")


def translate(error: Exception, doing: str = "asking the org") -> OrgError:
    """Turn a failure of simple-salesforce, requests or JSON into OrgUnavailable or OrgRefused.

    `doing` says what failed, as in "reading Account". Raises TypeError for a failure of none of
    FAMILIES.
    """
    return diagnose(error, doing).error()


def diagnose(error: Exception, doing: str) -> Trouble:
    """Say what a failure means: its code, whether it is temporary, and a sentence for a person."""
    if isinstance(error, SalesforceAuthenticationFailed):
        return _sign_in(error, doing)
    if isinstance(error, SalesforceError):
        return _answered(error, doing)
    if isinstance(error, SalesforceOperationError):
        return _trouble(doing, type(error).__name__, 0, "a bulk job failed", UNKNOWN_REFUSAL)
    return _unanswered(error, doing)


def _trouble(doing: str, code: str, status: int, words: str, advice: Advice) -> Trouble:
    said = f"{code}: {words}" if words else code
    return Trouble(code, status, f"{doing}: {said}", f"{doing}: {code}", advice)


def _sign_in(error: SalesforceAuthenticationFailed, doing: str) -> Trouble:
    code = str(error.code) if error.code else "sign-in refused"
    words = _clean(error.auth_message or "")
    if code.isdigit():
        status, code = int(code), f"HTTP {code}"
        return _trouble(doing, code, status, words, advice_on(code, words) or _by_status(status))
    return _trouble(doing, code, error.status, words, advice_on(code, words) or UNKNOWN_REFUSAL)


def _answered(error: SalesforceError, doing: str) -> Trouble:
    code, words = _words(error.content)
    if code == "REQUEST_LIMIT_EXCEEDED":
        advice = CONCURRENT if "concurrent" in words.lower() else DAILY
    else:
        advice = CODES.get(code) or _by_status(error.status)
    if error.status >= 500 and not advice.temporary:
        # The platform broke while it worked on the request: nobody knows whether it was done.
        advice = DOWN
    return _trouble(doing, code or f"HTTP {error.status}", error.status, words, advice)


def _by_status(status: int) -> Advice:
    return STATUSES.get(status) or (DOWN if status >= 500 else UNKNOWN_REFUSAL)


def _words(content: object) -> tuple[str, str]:
    """Find error code and message: REST answers an array, OAuth an object, the edge anything."""
    first = content[0] if isinstance(content, list) and content else content
    if not isinstance(first, Mapping):
        return "", ""
    code = first.get("errorCode") or first.get("error") or ""
    message = first.get("message") or first.get("error_description") or ""
    return str(code), _clean(str(message))


def _clean(message: str) -> str:
    words = " ".join(_EXCERPT.sub("", message).split()).rstrip(".")
    return words if len(words) <= _LONGEST else words[:_LONGEST] + "..."


def _unanswered(error: Exception, doing: str) -> Trouble:
    """Judge a failure that came without a readable answer.

    Its own text may hold the URL or the token: never shown.
    """
    code, words = _failure(error)
    return _trouble(doing, code, 0, f"{words} ({type(error).__name__})", CODES[code])


def _failure(error: Exception) -> tuple[str, str]:
    if not isinstance(error, FAMILIES):
        raise TypeError(f"{type(error).__name__} is no failure of the org") from error
    if isinstance(error, UnreadableAnswer):
        return "UNREADABLE", str(error)
    if isinstance(error, (json.JSONDecodeError, requests.exceptions.JSONDecodeError)):
        return "UNREADABLE", "the answer is not JSON"
    if isinstance(error, requests.exceptions.InvalidJSONError):
        return "UNSENDABLE", "a value cannot be written as JSON"
    if isinstance(error, _UNSENDABLE):
        return "UNSENDABLE", "the request cannot be sent"
    text = str(error)
    if "CA certificate bundle" in text:
        return "CERTIFICATE", "the file that REQUESTS_CA_BUNDLE names cannot be read"
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return "CERTIFICATE", "the host's certificate cannot be verified"
    if "NameResolutionError" in text:
        return "NO_SUCH_HOST", "the host's name cannot be resolved"
    return "NO_ANSWER", "no answer came"
