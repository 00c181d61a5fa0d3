"""How does a request leave the house?

simple-salesforce sets no timeout at all, asks for indented JSON and names nobody. `Line` puts that
right for every request, whichever of its functions makes it, and leaves the adapters of the session
that it is given in place.
"""

import logging
from typing import Any

import requests

from sfsync import __version__

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 10.0
# The platform gives up on a SOQL statement after 120 seconds, and then says so.
READ_SECONDS = 130.0
# The platform may work on one request for ten minutes and commit at its end. Whoever hangs up
# earlier takes a write for lost that is still to come.
WRITE_SECONDS = 610.0


def _keep_token(request: requests.PreparedRequest) -> requests.PreparedRequest:
    # Without any `auth`, requests lets a matching line of ~/.netrc replace the token.
    return request


class Line(requests.Session):
    """A requests session that sends through another one, with timeouts and our name.

    Redirects are not followed: requests would send a PATCH on as a GET, or write it twice. `calls`
    counts the requests.
    """

    def __init__(self, session: requests.Session) -> None:
        super().__init__()
        self.proxies = session.proxies
        self.calls = 0
        self._session = session

    def request(
        self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any
    ) -> requests.Response:
        """Send one request; raises what requests raises."""
        kwargs.setdefault("timeout", (CONNECT_SECONDS, READ_SECONDS))
        kwargs.setdefault("allow_redirects", False)
        kwargs.setdefault("auth", _keep_token)
        kwargs["headers"] = {
            **(kwargs.get("headers") or {}),
            "User-Agent": f"sfsync/{__version__}",
            "X-PrettyPrint": "0",
        }
        self.calls += 1
        response = self._session.request(method, url, *args, **kwargs)
        logger.debug(
            "%s answered with HTTP %s, request id %s",
            method,
            response.status_code,
            response.headers.get("X-SFDC-Request-Id", "not given"),
        )
        return response
