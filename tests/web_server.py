"""How do tests get a real web server, that answers as badly as they want?

It listens on the loopback interface only, and sends whatever bytes it is told.
"""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sfsync.fake.serving.certificates import Certificates

HERE = "127.0.0.1"
NO_ROBOTS = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


@dataclass(frozen=True)
class Request:
    """What a server was asked, and when (by the clock it was given)."""

    path: str
    headers: Mapping[str, str]
    at: float


Respond = Callable[[Request], bytes | Iterable[bytes]]


def answer(
    body: bytes = b"<p>Hello</p>",
    status: str = "200 OK",
    kind: str = "text/html; charset=utf-8",
    **headers: str,
) -> bytes:
    """A whole answer; `_` in a header's name is a hyphen."""
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def leads_to(location: str, status: str = "302 Found") -> bytes:
    return answer(b"", status, Location=location)


def certificate_of(host: str, now: datetime) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The server's side of TLS for a host, and that of a client that trusts it alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    certificates = Certificates(
        pem,
        pem,
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )
    return certificates.context(), ssl.create_default_context(cadata=pem.decode("ascii"))


@dataclass
class Server:
    """A server at work: its port, what it was asked, over how many connections."""

    respond: Respond
    port: int = 0
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    clock: Callable[[], float] = time.monotonic
    context: ssl.SSLContext | None = None
    names: list[str | None] = field(default_factory=list)

    @property
    def paths(self) -> list[str]:
        return [each.path for each in self.requests]

    def attend(self, connection: socket.socket) -> None:
        self.connections += 1
        with suppress(OSError), connection:
            if self.context is not None:
                connection = self.context.wrap_socket(connection, server_side=True)
            with connection, connection.makefile("rb") as lines:
                while self._one(connection, lines):
                    pass

    def _one(self, connection: socket.socket, lines: Iterable[bytes]) -> bool:
        head = []
        for line in lines:
            if line == b"\r\n":
                break
            head.append(line.decode("latin-1").rstrip("\r\n"))
        if not head:
            return False
        headers = dict(line.split(": ", 1) for line in head[1:])
        lower = {name.lower(): value for name, value in headers.items()}
        request = Request(head[0].split(" ")[1], lower, self.clock())
        self.requests.append(request)
        said = self.respond(request)
        for piece in [said] if isinstance(said, bytes) else said:
            connection.sendall(piece)
        is_whole = isinstance(said, bytes) and said != b""
        return is_whole and lower.get("connection") != "close"


@contextmanager
def serving(
    respond: Respond,
    context: ssl.SSLContext | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Server]:
    """Serve on a port of its own until the end."""
    server = Server(respond, context=context, clock=clock)
    if context is not None:
        context.sni_callback = lambda _, name, __: server.names.append(name)
    with socket.create_server((HERE, 0)) as listener:
        server.port = listener.getsockname()[1]

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    threading.Thread(target=server.attend, args=(connection,), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            # Closing alone does not wake the thread that accepts.
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)
