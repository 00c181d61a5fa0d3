"""How is a letter given to a mail server, and what do its answers mean?

smtplib's own `sendmail` hands over a letter in one go. Here the end of the letter, a line with a
single dot, goes out by itself: only from then on may the server have it, so the moment of doubt is
as short as it can be.
"""

import base64
import logging
import re
import smtplib
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from sfsync.letter import Letter
from sfsync.mail.carrier import Answer, Verdict
from sfsync.mail.model import one_line

_log = logging.getLogger(__name__)
_READY, _DONE, _SEND_ON = 220, 250, 354
_TEMPORARY, _PERMANENT = 400, 500
_TOO_LARGE, _CLOSING = 552, 421
_SIGNED_IN = (235, 503)
# Servers check a letter before they say that they took it, and who hangs up first gets it twice.
_PATIENCE = 10
_WORDS = 500
_CHECK_SIGN_IN = "check SFSYNC_SMTP_USER and SFSYNC_SMTP_PASSWORD"
_CHECK_PLACE = "check SFSYNC_SMTP_HOST, SFSYNC_SMTP_PORT and SFSYNC_SMTP_SECURITY"


class Security(StrEnum):
    """How the way to the server is closed to others."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


PORTS = {Security.STARTTLS: 587, Security.TLS: 465, Security.NONE: 25}


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server and how to sign in to it; no user: without. `timeout` in seconds."""

    host: str
    port: int
    security: Security
    user: str = ""
    password: str = field(default="", repr=False)
    timeout: float = 30


class _Failed(Exception):
    """No connection; the answer says why."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__(answer.words)


class SmtpCarrier:
    """Gives letters to a mail server over one connection, opened when it is needed.

    `tell` gets each step in words. Certificates are checked against the machine's authorities, or
    those of the file that SSL_CERT_FILE names.
    """

    is_outbox = False

    def __init__(self, server: Server, tell: Callable[[str], None] = _log.info) -> None:
        self._server = server
        self._tell = tell
        self._smtp: smtplib.SMTP | None = None

    def carry(self, letter: Letter, sender: str, hand_over: Callable[[], None]) -> Answer:
        """Give one letter to the server."""
        try:
            smtp = self._connected()
        except _Failed as failed:
            return failed.answer
        is_out = False

        def let_go() -> None:
            nonlocal is_out
            hand_over()
            is_out = True

        try:
            answer = self._submit(smtp, letter, sender, let_go)
        except OSError as error:
            self._drop()
            if is_out:
                words = f"handed over, and no answer came: {_said(error)}"
                return Answer(Verdict.UNKNOWN, words)
            return Answer(Verdict.LATER, f"the connection broke before the end: {_said(error)}")
        except BaseException:
            # In the middle of a letter: the server must not take what follows for its rest.
            self._drop()
            raise
        return answer

    def hindrance(self) -> Answer | None:
        """Connect and sign in; return what stands in the way, None where the server lets us in."""
        try:
            self._connected()
        except _Failed as failed:
            return failed.answer
        self.close()
        return None

    def close(self) -> None:
        """Say goodbye to the server."""
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            try:
                smtp.quit()
            except OSError as error:
                _log.debug("the mail server was gone before goodbye: %s", error)
                smtp.close()

    def _submit(
        self, smtp: smtplib.SMTP, letter: Letter, sender: str, let_go: Callable[[], None]
    ) -> Answer:
        body = _stuffed(letter.content)
        size = [f"size={len(body)}"] if smtp.has_extn("size") else []
        code, words = smtp.mail(sender, size)
        if code != _DONE:
            return self._no(code, words, f"as mail from {sender}", is_sender=True)
        code, words = smtp.rcpt(letter.recipient)
        if code // 10 != _DONE // 10:
            return self._no(code, words, f"mail to {letter.recipient}")
        code, words = smtp.docmd("DATA")
        if code != _SEND_ON:
            return self._no(code, words, "the letter")
        self._tell(f"mail from {sender} to {letter.recipient} is welcome")
        smtp.send(body)
        let_go()
        _patient(smtp, self._server.timeout * _PATIENCE)
        smtp.send(b".\r\n")
        code, words = smtp.getreply()
        if code < _DONE or _SEND_ON <= code < _TEMPORARY:
            raise smtplib.SMTPServerDisconnected(f"no answer one can read: {_reply(code, words)}")
        if code >= _TEMPORARY:
            return self._no(code, words, "the letter")
        _patient(smtp, self._server.timeout)
        return Answer(Verdict.SENT, _reply(code, words))

    def _no(self, code: int, words: bytes, what: str, *, is_sender: bool = False) -> Answer:
        """Say what a refusal means, and leave the connection ready for the next letter."""
        self._drop() if code in (_CLOSING, -1) else self._reset()
        told = f"the mail server does not take {what}: {_reply(code, words)}"
        if code < _PERMANENT:
            return Answer(Verdict.LATER, told)
        # A sender who may not send may not do so to the next person either.
        if is_sender and code != _TOO_LARGE:
            return Answer(Verdict.CLOSED, f"{told}; check SFSYNC_MAIL_FROM")
        return Answer(Verdict.REFUSED, told)

    def _reset(self) -> bool:
        """Begin anew on the connection; False where there is none any more."""
        try:
            if self._smtp is not None and self._smtp.rset()[0] == _DONE:
                return True
        except OSError as error:
            _log.debug("the mail server hung up: %s", error)
        self._drop()
        return False

    def _drop(self) -> None:
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            smtp.close()

    def _connected(self) -> smtplib.SMTP:
        """Return the connection. Servers hang up on who is silent; then there is a new one."""
        if self._smtp is not None and self._reset():
            return self._smtp
        smtp: smtplib.SMTP | None = None
        try:
            smtp = self._open()
            self._sign_in(smtp)
        except OSError as error:
            if smtp is not None:
                smtp.close()
            raise _Failed(_meaning(error, self._server)) from error
        self._smtp = smtp
        return smtp

    def _open(self) -> smtplib.SMTP:
        server = self._server
        # smtplib would ask the name service for our own name, which may take minutes.
        name = socket.gethostname()
        own = name if "." in name and name.isascii() else "[127.0.0.1]"
        if server.security is Security.TLS:
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, own, timeout=server.timeout, context=_context()
            )
        else:
            smtp = smtplib.SMTP(server.host, server.port, own, timeout=server.timeout)
        self._tell(f"connected to {server.host}, port {server.port}")
        try:
            # Otherwise the dot at the end waits until the server confirms what came before it.
            if smtp.sock is not None:
                smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if server.security is Security.STARTTLS:
                smtp.starttls(context=_context())
            if isinstance(smtp.sock, ssl.SSLSocket):
                self._tell(f"encrypted with {smtp.sock.version()}; the certificate is good")
            smtp.ehlo_or_helo_if_needed()
        except OSError:
            smtp.close()
            raise
        return smtp

    def _sign_in(self, smtp: smtplib.SMTP) -> None:
        server = self._server
        if not server.user:
            return
        if (server.user + server.password).isascii():
            smtp.login(server.user, server.password)
        else:
            _sign_in_beyond_ascii(smtp, server)
        self._tell(f"signed in as {server.user}")


def _sign_in_beyond_ascii(smtp: smtplib.SMTP, server: Server) -> None:
    """Sign in by PLAIN: smtplib fails on passwords with letters beyond ASCII."""
    if "PLAIN" not in smtp.esmtp_features.get("auth", "").upper().split():
        raise smtplib.SMTPNotSupportedError("no AUTH PLAIN, and user or password is beyond ASCII")
    secret = base64.b64encode(f"\0{server.user}\0{server.password}".encode()).decode()
    code, words = smtp.docmd("AUTH", f"PLAIN {secret}")
    if code not in _SIGNED_IN:
        raise smtplib.SMTPAuthenticationError(code, words)


def _context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _meaning(error: OSError, server: Server) -> Answer:
    """Say why there is no connection, and whether waiting may help."""
    where = f"the mail server {server.host}, port {server.port}"
    match error:
        case smtplib.SMTPAuthenticationError():
            code = error.smtp_code
            # Nobody knows whether a server repeats what it was told.
            said = _said(error).replace(server.password or "\0", "…")
            told = f"{where}, refuses the sign-in of {server.user}: {said}"
            verdict = Verdict.CLOSED if code >= _PERMANENT else Verdict.UNREACHABLE
            return Answer(verdict, f"{told}; {_CHECK_SIGN_IN}")
        case smtplib.SMTPNotSupportedError():
            told = f"{where}, does not offer what is set: {_said(error)}"
            return Answer(Verdict.CLOSED, f"{told}; {_CHECK_PLACE}")
        case ssl.SSLCertVerificationError():
            told = f"{where}, shows a certificate that is not good: {error.verify_message}"
            remedy = "name the file of its authority with SSL_CERT_FILE, or correct the host"
            return Answer(Verdict.CLOSED, f"{told}; {remedy}")
        case ssl.SSLError():
            told = f"{where}, does not speak TLS as set: {_said(error)}"
            return Answer(Verdict.CLOSED, f"{told}; {_CHECK_PLACE}")
        case smtplib.SMTPResponseException() if error.smtp_code >= _PERMANENT:
            told = f"{where}, wants nothing from us: {_said(error)}"
            return Answer(Verdict.CLOSED, f"{told}; ask who runs it")
    return Answer(
        Verdict.UNREACHABLE, f"{where}, cannot be reached: {_said(error)}; {_CHECK_PLACE}"
    )


def _said(error: OSError) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        words = error.smtp_error
        return _reply(error.smtp_code, words if isinstance(words, bytes) else words.encode())
    return one_line(error.strerror or str(error) or type(error).__name__)


def _reply(code: int, words: bytes) -> str:
    return one_line(f"{code} {words.decode('utf-8', 'replace')}")[:_WORDS]


def _stuffed(content: bytes) -> bytes:
    """Return the content with CRLF at the end of lines and dots at their start doubled."""
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", content)
    lines = lines if lines.endswith(b"\r\n") else lines + b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", lines)


def _patient(smtp: smtplib.SMTP, seconds: float) -> None:
    if smtp.sock is not None:
        smtp.sock.settimeout(seconds)
