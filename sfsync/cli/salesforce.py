"""How does a command get into the org that settings name?"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sfsync.errors import ConfigError

if TYPE_CHECKING:
    from sfsync.org.credentials import Credentials
    from sfsync.org.line import Session
    from sfsync.org.tokens import Tokens
    from sfsync.orgs import OrgFile
    from sfsync.settings import SalesforceSettings

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


def credentials_of(settings: "SalesforceSettings", file: "OrgFile | None" = None) -> "Credentials":
    """Return what the one way to sign in takes that is set, by an org's file if it has one. Raises
    ConfigError with all problems.
    """
    from sfsync.org.credentials import Given, choose

    given = Given(
        login_url=settings.login_url,
        client_id=settings.client_id,
        username=settings.username,
        private_key=settings.private_key,
        client_secret=settings.client_secret,
        instance_url=settings.instance_url,
        access_token=settings.access_token,
        sf_alias=settings.sf_alias,
    )
    try:
        return choose(given)
    except ConfigError as error:
        if file is None:
            raise
        raise ConfigError([_placed(each, file) for each in error.problems]) from error


def _placed(problem: str, file: "OrgFile") -> str:
    """Say where in an org's file a problem of signing in stands: at its key, else above all."""
    from sfsync.settings import SALESFORCE_PREFIX
    from sfsync.shipped import SALESFORCE

    name, _, rest = problem.partition(": ")
    key = name.removeprefix(SALESFORCE_PREFIX).lower()
    # A private key is named by its file, wherever it stands.
    place = file.places.get(key) or file.places.get(key.removesuffix("_file"))
    if name.startswith(SALESFORCE_PREFIX) and place:
        return f"{place}: {rest}"
    return f"{file.document.place((SALESFORCE,))}: {problem}"


def enter_salesforce(
    credentials: "Credentials",
    version: str,
    clock: Callable[[], datetime],
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> Entrance:
    """Sign in to an org, and speak this version of its API.

    Raises ConfigError where the org does not offer the version, OrgUnavailable or OrgRefused where
    signing in fails.
    """
    from sfsync.org.signin import check_version, sign_in

    # What signing in leaves in a session, such as cookies, has no business in the API's.
    tokens = sign_in(credentials, new_session(), clock, sleep=sleep)
    session = new_session()
    check_version(session, tokens.host, version, sleep=sleep)
    logger.info("signed in to %s with %s", tokens.host, type(credentials).__name__)
    return Entrance(session, tokens, version, _WAYS[type(credentials).__name__])
