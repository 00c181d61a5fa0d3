"""How does a command get into the org that environment and `.env` name?"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sfsync.settings import load_salesforce

if TYPE_CHECKING:
    from sfsync.org.line import Session
    from sfsync.org.tokens import Tokens

logger = logging.getLogger(__name__)

# By name: the classes are only imported where somebody signs in.
_WAYS = {
    "JwtBearer": "JWT bearer",
    "ClientCredentials": "client credentials",
    "AccessToken": "an existing token",
    "SfCommandLine": "the sf command line",
}


@dataclass(frozen=True, slots=True)
class Entrance:
    """A way into an org: the session to ask through, the tokens, the API version, and in words how
    it was entered.
    """

    session: "Session"
    tokens: "Tokens"
    version: str
    how: str = "recorded org"


def new_session() -> "Session":
    """Return a new session; proxies and certificates are the environment's."""
    from sfsync.org import line

    return line.new_session()


def enter_salesforce(
    clock: Callable[[], datetime], *, sleep: Callable[[float], None] = time.sleep
) -> Entrance:
    """Sign in to the org that is set, the one way that is set.

    Raises ConfigError where settings are wrong or the org does not offer the API version,
    OrgUnavailable or OrgRefused where signing in fails.
    """
    from sfsync.org.credentials import Given, choose
    from sfsync.org.signin import check_version, sign_in

    settings = load_salesforce()
    credentials = choose(
        Given(
            login_url=settings.login_url,
            client_id=settings.client_id,
            username=settings.username,
            private_key=settings.private_key,
            client_secret=settings.client_secret,
            instance_url=settings.instance_url,
            access_token=settings.access_token,
            sf_alias=settings.sf_alias,
        )
    )
    # What signing in leaves in a session, such as cookies, has no business in the API's.
    tokens = sign_in(credentials, new_session(), clock, sleep=sleep)
    session = new_session()
    check_version(session, tokens.host, settings.api_version, sleep=sleep)
    logger.info("signed in to %s with %s", tokens.host, type(credentials).__name__)
    return Entrance(session, tokens, settings.api_version, _WAYS[type(credentials).__name__])
