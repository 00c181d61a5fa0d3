"""How does the served org take connections, and how does it end?"""

import logging
import socket
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Condition, Event, Thread
from typing import Any

from sfsync.fake.org import FakeOrg
from sfsync.fake.serving.certificates import Certificates
from sfsync.fake.serving.connection import Connection
from sfsync.fake.serving.control import PREFIX, Control
from sfsync.fake.wire import Reply, Request

logger = logging.getLogger(__name__)

HOST = "127.0.0.1"
_HANDSHAKE_SECONDS = 10
# How long answers that are on their way may still take when the serving ends.
_GRACE_SECONDS = 10


@contextmanager
def serving(org: FakeOrg, *, port: int = 0, tls: Certificates | None = None) -> Iterator[str]:
    """Serve an org on loopback, from threads of its own, until the block is left; give its URL.

    Port 0 is a free one. The org knows the URL: replies to sign-ins name it. On leaving, answers
    that are on their way are still given, then all connections end. Raises OSError where the port
    is taken.
    """
    listener = _Listener(org, port, tls)
    taking = Thread(target=listener.serve_forever, args=(0.05,), name="fake org")
    taking.start()
    try:
        yield org.url
    finally:
        listener.end()
        taking.join()
        listener.server_close()


class _Listener(ThreadingTCPServer):
    """Takes connections, each in a thread of its own, and hands requests to the org."""

    allow_reuse_address = True
    daemon_threads = False
    request_queue_size = 128

    def __init__(self, org: FakeOrg, port: int, tls: Certificates | None) -> None:
        self._org = org
        self._control = Control(org)
        self._tls = tls.context() if tls else None
        self._open: set[socket.socket] = set()
        self._answering = 0
        self._changed = Condition()
        self._ending = Event()
        super().__init__((HOST, port), type("_Served", (Connection,), {"desk": self}))
        org.state.scheme = "https" if tls else "http"
        org.state.host = f"{HOST}:{self.server_address[1]}"

    def answer(self, request: Request) -> Reply:
        """Return the reply to a request; raises what a fault raises."""
        if request.path.startswith(PREFIX):
            return self._control.answer(request)
        return self._org.server.answer(request)

    def begin(self) -> bool:
        """Count a request that is being answered; False where no more are taken."""
        with self._changed:
            if self._ending.is_set():
                return False
            self._answering += 1
            return True

    def end_answer(self) -> None:
        """Count a request that has been answered."""
        with self._changed:
            self._answering -= 1
            self._changed.notify_all()

    def wait(self, seconds: float) -> None:
        """Let so many seconds pass, or fewer where the serving ends."""
        if seconds:
            self._ending.wait(seconds)

    def end(self) -> None:
        """Take no more, wait for the answers on their way, and hang up on everybody."""
        self.shutdown()
        with self._changed:
            self._ending.set()
            self._changed.wait_for(lambda: not self._answering, _GRACE_SECONDS)
            for each in self._open:
                _hang_up(each)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Talk to one client, in its thread: so is the handshake, which may take its time."""
        try:
            connection = self._secured(request)
        except OSError as error:
            logger.info("%s: no TLS connection: %s", client_address[0], error)
            return
        with self._changed:
            # Whoever was shaking hands when the serving ended is not on the list of those that end.
            if not self._ending.is_set():
                self._open.add(connection)
        try:
            with connection:
                if connection in self._open:
                    self._talk(connection, client_address)
        finally:
            with self._changed:
                self._open.discard(connection)

    def _secured(self, request: socket.socket) -> socket.socket:
        if self._tls is None:
            return request
        request.settimeout(_HANDSHAKE_SECONDS)
        return self._tls.wrap_socket(request, server_side=True)

    def _talk(self, connection: socket.socket, client_address: Any) -> None:
        handler: type[BaseRequestHandler] = self.RequestHandlerClass  # type: ignore[assignment]
        try:
            handler(connection, client_address, self)
        except (ConnectionError, ssl.SSLError, TimeoutError) as error:
            logger.info("%s: the client has gone: %s", client_address[0], error)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log a defect of the fake; only the connection at which it showed ends."""
        logger.error("the fake failed at a request", exc_info=sys.exc_info())


def _hang_up(connection: socket.socket) -> None:
    try:
        # TLS's own farewell would wait for the thread that reads.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
    except OSError as error:
        logger.debug("already gone: %s", error)
