"""How do tests get a real mail server, that answers as they want?"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import cache
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from sfsync.fake.serving.certificates import Certificates, make_certificates

USER, PASSWORD = "sales-loop", "correct horse"
CUT = "cut"


@cache
def certificates() -> Certificates:
    """Certificates of a server on this machine, made once."""
    return make_certificates(datetime.now(UTC))  # noqa: TID251 - TLS compares with the real clock


@dataclass
class Post:
    """What a mail server got, and how it is to answer; `CUT` breaks the connection instead.

    An answer is taken from the front of its list; an empty one means yes. A letter counts as
    delivered when the server has all of it, whether or not it gets to say so.
    """

    to_sender: list[str] = field(default_factory=list)
    to_recipient: list[str] = field(default_factory=list)
    to_letter: list[str] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    password: str = PASSWORD
    delivered: list[tuple[str, bytes]] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    connections: int = 0
    sign_ins: int = 0
    secure: list[bool] = field(default_factory=list)
    port: int = 0

    @property
    def mails(self) -> list[EmailMessage]:
        """The letters that were delivered, as mails."""
        return [
            cast(EmailMessage, message_from_bytes(content, policy=default))
            for _, content in self.delivered
        ]

    @property
    def recipients(self) -> list[str]:
        """To whom letters were delivered, in order."""
        return [recipient for recipient, _ in self.delivered]

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, lines: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.connections += 1
        return lines

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.answer(server, self.to_sender)
        if answer.startswith("2"):
            envelope.mail_from = address
            self.senders.append(address)
        return answer

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused:
            return f"550 5.1.1 <{address}>: no such user"
        answer = self.answer(server, self.to_recipient)
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        said = self.to_letter.pop(0) if self.to_letter else "250 OK: queued"
        if said == CUT or said.startswith("2"):
            content = cast(bytes, envelope.original_content)
            self.delivered.append((envelope.rcpt_tos[0], content))
            self.secure.append(session.ssl is not None)
        return self.answer(server, [said])

    def answer(self, server: SMTP, answers: list[str]) -> str:
        """Answer as told, or break the connection."""
        said = answers.pop(0) if answers else "250 OK"
        if said == CUT:
            cast(Any, server.transport).abort()
            return "421 nobody hears this"
        return said

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        """Take one user with one password."""
        self.sign_ins += 1
        assert isinstance(data, LoginPassword)
        right = (data.login.decode(), data.password.decode()) == (USER, self.password)
        return AuthResult(success=right, handled=False)


class _OnAnyPort(Controller):
    def _trigger_server(self) -> None:
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def serving(
    *, starttls: bool = False, tls: bool = False, login: bool = False, **given: Any
) -> Iterator[Post]:
    """Run a mail server on this machine until the end of the block."""
    post = Post(**given)
    context: ssl.SSLContext | None = certificates().context() if starttls or tls else None
    more: dict[str, Any] = {}
    if starttls:
        more |= {"tls_context": context, "require_starttls": True}
    if login:
        more |= {"auth_required": True, "authenticator": post.authenticate}
        more |= {"auth_require_tls": starttls}
    server = _OnAnyPort(
        post,
        hostname="127.0.0.1",
        port=0,
        ssl_context=context if tls else None,
        # Otherwise each connection asks the name service for it.
        server_hostname="localhost",
        **more,
    )
    server.start()
    post.port = server.port
    try:
        yield post
    finally:
        server.stop()
