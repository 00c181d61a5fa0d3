"""Which machine may a stranger's name lead to, and how is it reached?

A name is resolved once for each connection; where any of its addresses is not public nothing is
connected to, and else one of exactly these addresses is. So a name cannot lead elsewhere between
the check and the connection.
"""

import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from queue import Empty, SimpleQueue

import httpcore
import httpx

from sfsync.enrich.http.address import PORTS, Unfit
from sfsync.errors import LookupFailed

CONNECT_SECONDS = 5.0
READ_SECONDS = 5.0
_MOST_ADDRESSES = 4
# What `is_global` lets pass, or lets pass in some releases of Python. (Measured: 224.0.0.1,
# 192.0.0.9, 192.88.99.1; of IPv6 NAT64, 6to4, site-local and IPv4-compatible.)
_REFUSED_4 = tuple(
    ipaddress.IPv4Network(each)
    for each in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        # Azure's own services for each of its machines, under a public number.
        "168.63.129.16/32",
    )
)  # fmt: skip
# Of IPv6 only what is given out to networks: this leaves out ::1, IPv4 in all its disguises, NAT64,
# link-local, unique-local, site-local and multicast.
_GIVEN_6 = ipaddress.IPv6Network("2000::/3")
_REFUSED_6 = tuple(
    ipaddress.IPv6Network(each)
    # Teredo, benchmarks, ORCHID; documentation; 6to4; documentation.
    for each in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)


def is_public(address: str) -> bool:
    """Say whether an address in figures is a machine on the public internet."""
    try:
        number = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(number, ipaddress.IPv4Address):
        return number.is_global and not any(number in each for each in _REFUSED_4)
    if number not in _GIVEN_6 or any(number in each for each in _REFUSED_6):
        return False
    return number.is_global


def resolve(host: str, port: int) -> Sequence[str]:
    """Ask the system for a host's addresses; raises OSError."""
    # With the dot at its end the name is taken as it is, not tried below the company's own domain.
    found = socket.getaddrinfo(f"{host}.", port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return tuple(dict.fromkeys(str(each[4][0]) for each in found))


@cache
def _context() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


@dataclass(frozen=True)
class Network:
    """The way to strangers' machines. Whoever is no test takes it as it is.

    `allowed` are addresses and ports that may be reached although they are not public: those of a
    test's own server.
    """

    resolve: Callable[[str, int], Sequence[str]] = resolve
    allowed: frozenset[tuple[str, int]] = frozenset()
    trust: ssl.SSLContext | None = field(default=None, repr=False)

    @cached_property
    def ports(self) -> frozenset[int]:
        """The ports that an address may name."""
        return PORTS | {port for _, port in self.allowed}

    @cached_property
    def context(self) -> ssl.SSLContext:
        """Our side of TLS; neither the environment nor anything else loosens it."""
        return self.trust or _context()

    def checked(self, host: str, port: int, seconds: float) -> Sequence[str]:
        """Resolve a name; raises Unfit where any of its addresses is not public, LookupFailed where
        there is none in so many seconds.
        """
        addresses = self._resolved(host, port, seconds)
        for address in addresses:
            if not is_public(address) and (address, port) not in self.allowed:
                raise Unfit(f"{host}: its name leads to {address}, which is not public")
        return addresses[:_MOST_ADDRESSES]

    def _resolved(self, host: str, port: int, seconds: float) -> Sequence[str]:
        """Resolve in a thread of its own: the system's resolver knows no time-out."""
        answers: SimpleQueue[Sequence[str] | OSError | UnicodeError] = SimpleQueue()

        def ask() -> None:
            try:
                answers.put(self.resolve(host, port))
            except (OSError, UnicodeError) as error:
                answers.put(error)

        threading.Thread(target=ask, daemon=True, name=f"resolve {host}").start()
        try:
            answer = answers.get(timeout=seconds)
        except Empty:
            raise LookupFailed(f"{host}: its name is not resolved in time") from None
        if isinstance(answer, Exception) or not answer:
            raise LookupFailed(f"{host}: there is no such name")
        return answer


class Budget:
    """How many seconds and bytes are left for one page, whatever its server does."""

    def __init__(self, seconds: float, monotonic: Callable[[], float]) -> None:
        self._seconds = seconds
        self._monotonic = monotonic
        self._since = monotonic()
        self.bytes = 0

    def start(self, most_bytes: int) -> None:
        """Begin a request, which may receive so many bytes."""
        self._since = self._monotonic()
        self.bytes = most_bytes

    def stop(self) -> None:
        """End a request: what comes now is waiting of our own, and not counted."""
        self._seconds -= self._monotonic() - self._since

    def left(self, most: float) -> float:
        """Return how many seconds a step may take; raises ReadTimeout where none are left."""
        left = self._seconds - (self._monotonic() - self._since)
        if left <= 0:
            raise httpcore.ReadTimeout("the time for this page is used up")
        return min(left, most)


class Guard(httpcore.NetworkBackend):
    """Connects to checked addresses only, and holds every step to the budget."""

    def __init__(self, network: Network, budget: Budget) -> None:
        self._network = network
        self._budget = budget
        self._connects = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Resolve, check and connect, in one."""
        trouble: Exception = httpcore.ConnectError("no address")
        for address in self._network.checked(host, port, self._budget.left(CONNECT_SECONDS)):
            try:
                left = self._budget.left(CONNECT_SECONDS)
                return _Held(self._connects.connect_tcp(address, port, left), self._budget)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                trouble = error
        raise trouble

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Never: a website is not on this machine."""
        raise httpcore.UnsupportedProtocol("no sockets of this machine")


class _Held(httpcore.NetworkStream):
    """A stream within a budget of seconds and received bytes."""

    def __init__(self, stream: httpcore.NetworkStream, budget: Budget) -> None:
        self._stream = stream
        self._budget = budget

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._budget.bytes <= 0:
            raise httpcore.RemoteProtocolError("more than the page may have")
        most = min(max_bytes, self._budget.bytes)
        got = self._stream.read(most, self._budget.left(READ_SECONDS))
        self._budget.bytes -= len(got)
        return got

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._budget.left(READ_SECONDS))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = self._budget.left(CONNECT_SECONDS)
        return _Held(self._stream.start_tls(ssl_context, server_hostname, left), self._budget)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)
