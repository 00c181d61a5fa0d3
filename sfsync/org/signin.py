"""How does the service sign in, and does the org offer the API version asked for?

Passwords are never used. Tokens are fetched here and not by simple-salesforce, which knows no other
login hosts than Salesforce's own, sets no time-out, and when a token has expired drops the headers
of the call, or signs in without end.
"""

import base64
import re
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, cast
from urllib.parse import urlsplit

import jwt
import requests
from simple_salesforce.exceptions import SalesforceAuthenticationFailed

from sfsync.errors import ConfigError, OrgUnavailable
from sfsync.org.credentials import (
    AccessToken,
    ClientCredentials,
    Credentials,
    JwtBearer,
    SfCommandLine,
)
from sfsync.org.line import CONNECT_SECONDS, Line
from sfsync.org.retry import persist
from sfsync.org.sf import ask_sf
from sfsync.org.tokens import Grant, Tokens

DOING: Final = "signing in"
_SECONDS: Final = (CONNECT_SECONDS, 30.0)
# The platform refuses an assertion that is good for much longer, and one that has expired.
_ASSERTION_LIFE: Final = timedelta(minutes=3)
_JWT_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_ORG_OF_IDENTITY = re.compile(r"/id/(00D[A-Za-z0-9]{15})/")
_CODE = re.compile(r"[A-Za-z_]{1,60}")
_VERSION = re.compile(r"\d{1,4}\.0")


def sign_in(
    credentials: Credentials,
    session: requests.Session,
    clock: Callable[[], datetime],
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> Tokens:
    """Sign in, and return the token with the way to further ones.

    `session` is used for signing in alone; `clock` gives the present moment, aware. Temporary
    trouble is tried again. Raises OrgUnavailable where trying later may help, OrgRefused where it
    would not, ConfigError where the sf command line is to be used and there is none.
    """
    if isinstance(credentials, AccessToken):
        return Tokens(Grant(urlsplit(credentials.instance_url).netloc, credentials.access_token))
    line, doing = Line(session), DOING
    if not isinstance(credentials, SfCommandLine):
        # Whoever mistyped it sees where it went.
        doing = f"{DOING} at {urlsplit(credentials.login_url).netloc}"

    def fetch() -> Grant:
        # Nothing makes a grant absent: there is one, or persist raises.
        return cast(Grant, persist(lambda: _grant(credentials, line, clock), doing, sleep))

    return Tokens(fetch(), fetch)


def _grant(
    credentials: JwtBearer | ClientCredentials | SfCommandLine,
    line: Line,
    clock: Callable[[], datetime],
) -> Grant:
    if isinstance(credentials, SfCommandLine):
        return ask_sf(credentials.alias)
    if isinstance(credentials, JwtBearer):
        form = {"grant_type": _JWT_GRANT, "assertion": _assertion(credentials, clock())}
        return _ask(line, credentials.login_url, form, {})
    pair = f"{credentials.client_id}:{credentials.client_secret}".encode()
    basic = {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
    return _ask(line, credentials.login_url, {"grant_type": "client_credentials"}, basic)


def _assertion(credentials: JwtBearer, now: datetime) -> str:
    claims = {
        "iss": credentials.client_id,
        "sub": credentials.username,
        "aud": credentials.login_url,
        "exp": int((now + _ASSERTION_LIFE).timestamp()),
    }
    return jwt.encode(claims, credentials.private_key, algorithm="RS256")


def _ask(line: Line, login_url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Grant:
    response = line.request(
        "POST",
        f"{login_url}/services/oauth2/token",
        data=form,
        headers={"Accept": "application/json", **headers},
        timeout=_SECONDS,
    )
    if response.status_code != requests.codes.ok:
        raise _refusal(response)
    return _read(response.json())


def _read(answer: Any) -> Grant:
    found = answer if isinstance(answer, Mapping) else {}
    token, url = found.get("access_token"), found.get("instance_url")
    parts = urlsplit(url if isinstance(url, str) else "")
    if not isinstance(token, str) or not token or parts.scheme != "https" or not parts.netloc:
        raise OrgUnavailable(
            f"{DOING}: the answer holds no token, or no address of the org. Try again later, and "
            "check SALESFORCE_LOGIN_URL and for a proxy on the way"
        )
    identity = _ORG_OF_IDENTITY.search(str(found.get("id", "")))
    return Grant(parts.netloc, token, identity.group(1) if identity else None)


def _refusal(response: requests.Response) -> SalesforceAuthenticationFailed:
    """Read code and words of a refusal; of a page that is no JSON, the status alone."""
    try:
        answer = response.json()
    except requests.exceptions.JSONDecodeError:
        answer = None
    found = answer if isinstance(answer, Mapping) else {}
    code = str(found.get("error", ""))
    if not _CODE.fullmatch(code) or response.status_code >= 500:
        code = str(response.status_code)
    return SalesforceAuthenticationFailed(code, str(found.get("error_description", "")))


def check_version(
    session: requests.Session,
    host: str,
    version: str,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Ask the org, which needs no token for that, whether it offers an API version ("62.0").

    Raises ConfigError where it does not, or where that is no version; OrgUnavailable or OrgRefused
    where the org does not tell.
    """
    if not _VERSION.fullmatch(version):
        raise ConfigError([f"SALESFORCE_API_VERSION: {version!r} is no version: write it as 62.0"])
    line, doing = Line(session), "asking for the API versions"
    answer = persist(lambda: _versions(line, host), doing, sleep)
    offered = [entry.get("version") for entry in answer or () if isinstance(entry, Mapping)]
    known = [each for each in offered if isinstance(each, str) and _VERSION.fullmatch(each)]
    if not known:
        raise OrgUnavailable(
            f"{doing}: the answer of {host} is not in the platform's form. Check the host, and for "
            "a proxy on the way"
        )
    if version not in known:
        newest = max(known, key=float)
        raise ConfigError(
            [f"SALESFORCE_API_VERSION: {host} does not offer {version}; the newest is {newest}"]
        )


def _versions(line: Line, host: str) -> list[Any]:
    response = line.request("GET", f"https://{host}/services/data", timeout=_SECONDS)
    if response.status_code != requests.codes.ok:
        raise _refusal(response)
    answer = response.json()
    return answer if isinstance(answer, list) else []
