"""How is a connection to an org made, once there is a token?"""

import logging
import re
from collections.abc import Callable
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import requests

from sfsync.errors import OrgRefused, OrgUnavailable
from sfsync.org import AT_ONCE, Budget, Org, OrgReader
from sfsync.org.abreast import sleep as sleep_while_wanted
from sfsync.org.decode import DecodingSalesforce
from sfsync.org.line import Line
from sfsync.org.read import Identity, SalesforceReader
from sfsync.org.soql import select
from sfsync.org.tokens import Tokens
from sfsync.org.wire import Wire
from sfsync.org.write import SalesforceOrg

logger = logging.getLogger(__name__)

API_VERSION: Final = "62.0"
_UTC: Final = "UTC"
_USER_OF_IDENTITY = re.compile(r"/id/00D[A-Za-z0-9]+/(005[A-Za-z0-9]{15})$")


def open_org(
    session: requests.Session,
    tokens: Tokens,
    *,
    version: str = API_VERSION,
    sleep: Callable[[float], None] = sleep_while_wanted,
    at_once: int = AT_ONCE,
) -> Org:
    """Open the org that the tokens are for, for reading and writing.

    A token that has expired is renewed, once for each call; the session's adapters and proxies are
    used as they are. No more than `at_once` requests are on their way. Raises OrgUnavailable where
    trying later may help, OrgRefused where host, version or token are wrong.
    """
    wire = _wire(session, tokens, version, sleep, at_once)
    return SalesforceOrg(wire, _identify(wire))


def open_reader(
    session: requests.Session,
    tokens: Tokens,
    *,
    version: str = API_VERSION,
    sleep: Callable[[float], None] = sleep_while_wanted,
    at_once: int = AT_ONCE,
) -> OrgReader:
    """Open an org for reading only: as `open_org`, but what comes back has no way to write."""
    wire = _wire(session, tokens, version, sleep, at_once)
    return SalesforceReader(wire, _identify(wire))


def ask_budget(
    session: requests.Session, tokens: Tokens, *, version: str = API_VERSION
) -> Budget | None:
    """Ask an org, in one call and once, how much of its daily API limit is used; None where the
    user may not see it. Raises as `open_reader` does.
    """

    def give_up(_seconds: float) -> None:
        raise OrgUnavailable("the org is busy or not to be reached")

    wire = _wire(session, tokens, version, give_up)
    return SalesforceReader(wire, Identity("", "", _UTC, "")).budget()


def _wire(
    session: requests.Session,
    tokens: Tokens,
    version: str,
    sleep: Callable[[float], None],
    at_once: int = AT_ONCE,
) -> Wire:
    if not re.fullmatch(r"\d+\.0", version):
        raise OrgRefused(f"API version {version!r}: write it as {API_VERSION}, without a v")
    line = Line(session, tokens, at_once)
    salesforce = DecodingSalesforce(
        session_id=tokens.token,
        instance=tokens.host,
        version=version,
        session=line,
        object_pairs_hook=dict,
    )
    return Wire(salesforce, line, sleep)


def _identify(wire: Wire) -> Identity:
    described = wire.fields("Organization")
    if described is None:
        raise OrgRefused(
            f"{wire.host}: the org does not show its Organization record. Check the host, the API "
            "version, and that the service's user has API Enabled"
        )
    columns = ["Id", *(name for name in ("Name", "TimeZoneSidKey") if name in described)]
    soql = select("Organization", columns, [])
    pages = wire.pages(soql, "reading Organization", archived=False)
    rows = [row for page in pages for row in page["records"]]
    if len(rows) != 1:
        raise OrgRefused(
            f"{wire.host}: {len(rows)} Organization records instead of one. Check the host"
        )
    zone = rows[0].get("TimeZoneSidKey")
    if not zone:
        logger.warning("the org does not tell its time zone: UTC is used")
    elif not _is_zone(zone):
        raise OrgRefused(
            f"{wire.host}: the org's time zone {zone!r} is none that this machine knows, so nobody"
            " can say when its days begin. Update the package tzdata, or choose another"
            " Default Time Zone in the org's Setup under Company Information"
        )
    user = _user_id(wire)
    if not user:
        logger.warning(
            "the org does not tell the service's user: give the token the scope openid or id"
        )
    return Identity(rows[0]["Id"], rows[0].get("Name") or "", zone or _UTC, user)


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # A name that leads out of the folder of zones is a ValueError, a folder an OSError.
        return False
    return True


def _user_id(wire: Wire) -> str:
    # The scope `api` alone forbids userinfo; the API's root resource then links to the identity.
    claimed = wire.claims().get("user_id")
    if claimed:
        return str(claimed)
    root = wire.get("", "asking for the service's user", lambda trouble: not trouble.temporary)
    link = _USER_OF_IDENTITY.search(str((root or {}).get("identity", "")))
    return link.group(1) if link else ""
