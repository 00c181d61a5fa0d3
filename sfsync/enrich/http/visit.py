"""What does a stranger's server say to one request?"""

from collections.abc import Mapping
from dataclasses import dataclass

import httpcore

from sfsync.enrich.http.address import Address, Unfit, shown
from sfsync.enrich.http.body import ACCEPTED, BodyRefused, Limits, read_body
from sfsync.enrich.http.network import (
    CONNECT_SECONDS,
    READ_SECONDS,
    Budget,
    Guard,
    Network,
)
from sfsync.errors import LookupFailed

_HEAD_BYTES = 32 * 1024
# Lengths of chunks and the like come on top of a body.
_FRAME_BYTES = 1024**2
_TIMEOUTS = {
    "connect": CONNECT_SECONDS,
    "read": READ_SECONDS,
    "write": READ_SECONDS,
    "pool": CONNECT_SECONDS,
}
_TROUBLE = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a server's answer is read: a body of these types (empty: of any), within limits."""

    types: tuple[str, ...]
    limits: Limits


@dataclass(frozen=True, slots=True)
class Reply:
    """A server's answer; only with status 200 is the body read."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def content_type(self) -> str:
        """The type with its parameters, as the server wrote it."""
        return self.headers.get("content-type", "")


def visit(
    address: Address, user_agent: str, wanted: Wanted, network: Network, budget: Budget
) -> Reply:
    """Ask for one address, once, following nothing and remembering nothing.

    Raises Unfit where the answer is not what is wanted, LookupFailed where there is none.
    """
    budget.start(_HEAD_BYTES)
    pool = httpcore.ConnectionPool(
        ssl_context=network.context if address.scheme == "https" else None,
        max_connections=1,
        network_backend=Guard(network, budget),
    )
    try:
        with pool, pool.stream(
            "GET",
            httpcore.URL(
                scheme=address.scheme, host=address.host, port=address.port, target=address.target
            ),
            headers=_headers(address, user_agent, wanted),
            extensions={"timeout": _TIMEOUTS},
        ) as response:  # fmt: skip
            return _reply(response, address, wanted, budget)
    except _TROUBLE as error:
        # The server's own words would be in the error's text.
        kind = "it took too long" if isinstance(error, httpcore.TimeoutException) else "no answer"
        raise LookupFailed(f"{shown(address.url)}: {kind} ({type(error).__name__})") from None
    except BodyRefused as error:
        raise Unfit(f"{shown(address.url)}: the page is not read: {error}") from None
    finally:
        budget.stop()


def _headers(address: Address, user_agent: str, wanted: Wanted) -> list[tuple[str, str]]:
    return [
        ("Host", address.origin.partition("//")[2]),
        ("User-Agent", user_agent),
        ("Accept", ", ".join(wanted.types) or "*/*"),
        ("Accept-Encoding", ACCEPTED),
        ("Connection", "close"),
    ]


def _reply(response: httpcore.Response, address: Address, wanted: Wanted, budget: Budget) -> Reply:
    headers: dict[str, str] = {}
    for raw_name, raw_value in response.headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("utf-8", "replace")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    reply = Reply(response.status, headers)
    if response.status != 200:
        return reply
    kind = reply.content_type.partition(";")[0].strip().lower()
    if wanted.types and kind not in wanted.types:
        raise Unfit(f"{shown(address.url)}: this is no page in HTML, but {shown(kind) or 'unsaid'}")
    budget.bytes = wanted.limits.raw + _FRAME_BYTES
    body = read_body(response.iter_stream(), headers.get("content-encoding", ""), wanted.limits)
    return Reply(response.status, headers, body)
