"""How does a request leave the house?

simple-salesforce sets no timeout at all, asks for indented JSON and names nobody. `Line` puts that
right for every request, whichever of its functions makes it, and leaves the adapters of the session
that it is given in place. It also renews the token where that has expired: simple-salesforce would
lose the headers of the call, or sign in without end.
"""

import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import BoundedSemaphore, Lock
from typing import Any

import requests
from requests import Session as Session  # what whoever enters an org is given
from requests.adapters import HTTPAdapter

from sfsync import __version__
from sfsync.org import AT_ONCE, MOST_AT_ONCE, Budget
from sfsync.org.abreast import check_wanted
from sfsync.org.tokens import Tokens

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 10.0
# The platform gives up on a SOQL statement after 120 seconds, and then says so.
READ_SECONDS = 130.0
# The platform may work on one request for ten minutes and commit at its end. Whoever hangs up
# earlier takes a write for lost that is still to come.
LONG_SECONDS = 610.0

_USAGE = re.compile(r"(?<![\w-])api-usage=(\d+)/(\d+)")


def new_session() -> requests.Session:
    """Make a session; proxies and certificates are the environment's. It keeps the connections of
    as many requests as may be on their way at once.
    """
    session = requests.Session()
    session.mount("https://", HTTPAdapter(pool_maxsize=MOST_AT_ONCE))
    return session


def _keep_token(request: requests.PreparedRequest) -> requests.PreparedRequest:
    # Without any `auth`, requests lets a matching line of ~/.netrc replace the token.
    return request


class Line(requests.Session):
    """A requests session that sends through another one, with timeouts and our name.

    Redirects are not followed: requests would send a PATCH on as a GET, or write it twice. With
    `tokens`, requests that bear a token bear the one in use; where it is refused (401, whatever the
    body), it is renewed and the same request sent once more. `calls` counts the requests; `usage`
    and `told_at` are what the latest answer told of the API limit and the org's clock (aware UTC),
    None before. Several threads may send; no more than `at_once` requests are on their way, the
    others wait. In a work that was called off (`sfsync.org.abreast`) nothing more is sent.
    """

    def __init__(
        self, session: requests.Session, tokens: Tokens | None = None, at_once: int = AT_ONCE
    ) -> None:
        super().__init__()
        self.proxies = session.proxies
        self.calls = 0
        self.usage: Budget | None = None
        self.told_at: datetime | None = None
        self._lock = Lock()
        self._gate = BoundedSemaphore(at_once)
        self._session = session
        self._tokens = tokens

    def request(
        self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any
    ) -> requests.Response:
        """Send one request; raises what requests raises.

        Raises OrgUnavailable or OrgRefused where a token cannot be renewed.
        """
        kwargs.setdefault("timeout", (CONNECT_SECONDS, READ_SECONDS))
        kwargs.setdefault("allow_redirects", False)
        kwargs.setdefault("auth", _keep_token)
        headers = {
            **(kwargs.pop("headers", None) or {}),
            "User-Agent": f"sfsync/{__version__}",
            "X-PrettyPrint": "0",
        }
        if self._tokens is None or "Authorization" not in headers:
            return self._send(method, url, *args, headers=headers, **kwargs)
        token = self._tokens.token
        response = self._send(method, url, *args, headers=_bearing(token, headers), **kwargs)
        if response.status_code != requests.codes.unauthorized or not _is_kept(kwargs):
            return response
        # The org did not look at the request: even a write may be sent again.
        renewed = self._tokens.after(token)
        if renewed is None:
            return response
        response.close()
        logger.info("the token was refused: signed in again")
        return self._send(method, url, *args, headers=_bearing(renewed, headers), **kwargs)

    @property
    def token(self) -> str:
        """The token in use, for who must name it otherwise than in a header; "" where there is
        none.
        """
        return "" if self._tokens is None else self._tokens.token

    def renewed(self, refused: str) -> str | None:
        """Return the token to use in place of one that was refused; None where there is no way.

        Raises OrgUnavailable or OrgRefused where signing in again fails.
        """
        return None if self._tokens is None else self._tokens.after(refused)

    def _send(
        self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any
    ) -> requests.Response:
        with self._gate:
            check_wanted()
            with self._lock:
                self.calls += 1
            response = self._session.request(method, url, *args, **kwargs)
        self._note(response)
        request_id = response.headers.get("X-SFDC-Request-Id")
        logger.log(
            _level(response.status_code),
            "%s answered with HTTP %s, request id %s",
            *(method, response.status_code, request_id or "not given"),
            extra={"status": response.status_code, "request_id": request_id},
        )
        return response

    def _note(self, response: requests.Response) -> None:
        used = _USAGE.search(response.headers.get("Sforce-Limit-Info", ""))
        moment = _moment(response.headers.get("Date", "")) if response.ok else None
        with self._lock:
            if used:
                self.usage = Budget(int(used[1]), int(used[2]))
            if moment:
                self.told_at = moment


def _level(status: int) -> int:
    # Salesforce's support asks for the request id of what went wrong; a refusal becomes an error.
    if status >= 500:
        return logging.WARNING
    return logging.DEBUG if status < 400 else logging.INFO


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    # A zone written -0000 says that it is UTC and where the sender is unknown.
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _bearing(token: str, headers: Mapping[str, str]) -> dict[str, str]:
    return {**headers, "Authorization": f"Bearer {token}"}


def _is_kept(kwargs: Mapping[str, Any]) -> bool:
    # A file or generator was read when it was sent: there is nothing left to send again.
    return isinstance(kwargs.get("data"), (str, bytes, dict, list, tuple, type(None)))
