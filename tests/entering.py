"""How do tests enter an org, with a token that they were given?"""

import time
from collections.abc import Callable

import requests

from sfsync.org import Org, OrgReader
from sfsync.org.client import API_VERSION, open_org, open_reader
from sfsync.org.tokens import Grant, Tokens


def connect(
    session: requests.Session,
    host: str,
    token: str,
    *,
    version: str = API_VERSION,
    sleep: Callable[[float], None] = time.sleep,
) -> Org:
    """Open an org for reading and writing; the token is never renewed."""
    return open_org(session, given(host, token), version=version, sleep=sleep)


def connect_reader(
    session: requests.Session,
    host: str,
    token: str,
    *,
    version: str = API_VERSION,
    sleep: Callable[[float], None] = time.sleep,
) -> OrgReader:
    """Open an org for reading only; the token is never renewed."""
    return open_reader(session, given(host, token), version=version, sleep=sleep)


def given(host: str, token: str) -> Tokens:
    """The tokens of an org whose host or address is known."""
    return Tokens(Grant(host.removeprefix("https://").rstrip("/"), token))
