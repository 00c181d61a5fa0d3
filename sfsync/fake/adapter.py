"""How does the fake take the place of the network in a `requests` session?"""

from collections.abc import Mapping
from http import HTTPStatus
from io import BytesIO
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from sfsync.fake.server import Server
from sfsync.fake.wire import Reply, Request


class FakeAdapter(BaseAdapter):
    """A transport that hands every request to the fake; mounted on `https://`, nothing gets out."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        self._server = server

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,
        verify: bool | str = True,
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Answer a prepared request; raises only what a hook of the org raises.

        Nobody waits for a reply with a delay: it is there at once, or, where the delay is longer
        than the read timeout, ReadTimeout is raised.
        """
        reply = self._server.answer(_request(request))
        patience = timeout[1] if isinstance(timeout, tuple) else timeout
        if patience is not None and reply.delay > patience:
            raise requests.ReadTimeout(f"the fake took more than {patience} seconds")
        return _response(request, reply)

    def close(self) -> None:
        """Nothing is held open."""


def _request(prepared: requests.PreparedRequest) -> Request:
    parts = urlsplit(prepared.url or "")
    body = prepared.body or b""
    return Request(
        method=(prepared.method or "GET").upper(),
        target=parts.path + (f"?{parts.query}" if parts.query else ""),
        headers={name.lower(): _text(value) for name, value in prepared.headers.items()},
        body=body.encode() if isinstance(body, str) else bytes(body),
    )


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _response(prepared: requests.PreparedRequest, reply: Reply) -> requests.Response:
    response = requests.Response()
    response.status_code = reply.status
    response.reason = HTTPStatus(reply.status).phrase
    response.headers = CaseInsensitiveDict(reply.headers)
    response.encoding = "utf-8"
    response.raw = BytesIO(reply.body)
    response.request = prepared
    response.url = prepared.url or ""
    return response
