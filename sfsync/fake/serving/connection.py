"""How is one client talked to?

The connection is kept for as many requests as the client likes. Everything of a reply leaves in one
piece: head and body in two would wait for each other's acknowledgement for 40 ms.
"""

import logging
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar, Protocol

import requests

from sfsync.fake.errors import refuse_request
from sfsync.fake.faults import CutReply
from sfsync.fake.serving.body import BadBody, packed, read_body
from sfsync.fake.wire import Reply, Request, error_reply

logger = logging.getLogger(__name__)

_IDLE_SECONDS = 120
_BUFFER = 256 * 1024


class Desk(Protocol):
    """Who answers requests, and knows when the serving ends."""

    def answer(self, request: Request) -> Reply:
        """Return the reply; raises an exception of requests where the connection is to break."""

    def begin(self) -> bool:
        """Tell that a request is being answered; False where no more are taken."""

    def end_answer(self) -> None:
        """Tell that a request has been answered."""

    def wait(self, seconds: float) -> None:
        """Let so many seconds pass, or fewer where the serving ends."""


class Connection(BaseHTTPRequestHandler):
    """One client's connection; `desk` is set in a subclass by whoever serves."""

    desk: ClassVar[Desk]
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = _BUFFER
    timeout = _IDLE_SECONDS

    def _serve(self) -> None:
        if not self.desk.begin():
            self.close_connection = True
            return
        try:
            self._answer()
            self.wfile.flush()
        except CutReply as cut:
            self._send(cut.reply, whole=False)
        except requests.RequestException as lost:
            logger.info("%s %s: %s", self.command, self.path, lost)
            self.close_connection = True
        finally:
            self.desk.end_answer()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

    def _answer(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            # The body's reader is the buffered stream of http.server.
            body = read_body(self.rfile, headers)  # type: ignore[arg-type]
        except BadBody as bad:
            self.close_connection = True
            self._send(error_reply(refuse_request(bad.status, "BAD_BODY", str(bad))))
            return
        method = "GET" if self.command == "HEAD" else self.command
        reply = self.desk.answer(Request(method, self.path, headers, body))
        self.desk.wait(reply.delay)
        self._send(reply)

    def _send(self, reply: Reply, *, whole: bool = True) -> None:
        body = packed(reply.body, self.headers.get("Accept-Encoding", ""))
        self.send_response_only(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if body is not None:
            self.send_header("Content-Encoding", "gzip")
        sent = reply.body if body is None else body
        # 204 and 304 have no body, and the standard forbids to give the length of none.
        if reply.status not in (204, 304):
            self.send_header("Content-Length", str(len(sent)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD" and reply.status not in (204, 304):
            self.wfile.write(sent if whole else sent[: len(sent) // 2])
        if not whole:
            self.wfile.flush()
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Log what http.server has to say, such as of a request line that is none."""
        logger.debug(format, *args)
