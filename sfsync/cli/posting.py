"""How do mails leave, as the settings say?"""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sfsync.cli import opening
from sfsync.errors import ConfigError
from sfsync.settings import Settings

if TYPE_CHECKING:
    from sfsync.doctor import Check
    from sfsync.journal import Journal
    from sfsync.mail import Carrier, Letterhead, Postman, Server

OUTBOX = "outbox"
# From whom mails in the outbox come where nobody is named.
_NOBODY = "sfsync@localhost"
_OWN_HOSTS = ("localhost", "127.0.0.1", "::1")
# Who only looks does not wait as long for a mail server as who sends, in seconds.
_PATIENCE = 10
TRY_IT = "try it with `sfsync mail test --to ADDRESS`"


def postman_of(
    settings: Settings, journal: "Journal", books: str, *, is_hasty: bool = False
) -> "Postman":
    """Return who sends the messages of these books; one in haste does not wait long for the server,
    and leaves what it puts off to the next time. Raises ConfigError where settings are wrong.
    """
    from sfsync.mail import Pace, Postman

    per_minute = settings.mail_per_minute if settings.smtp_host else None
    pace = Pace(opening.wall_clock, opening.sleep, per_minute, monotonic=time.monotonic)
    if is_hasty:
        pace = replace(pace, pauses=())
        patience = min(settings.smtp_timeout, _PATIENCE)
        settings = settings.model_copy(update={"smtp_timeout": patience})
    head = letterhead_of(settings)
    return Postman(carrier_of(settings), journal.messages, books, head, pace)


def carrier_of(settings: Settings, tell: Callable[[str], None] | None = None) -> "Carrier":
    """Return who takes letters: the mail server that is set, else the outbox; `tell` gets each step
    in words. Raises ConfigError where settings are wrong.
    """
    from sfsync.mail import Outbox, SmtpCarrier

    server = server_of(settings)
    if server is None:
        return Outbox(outbox_of(settings))
    return SmtpCarrier(server, tell) if tell else SmtpCarrier(server)


def outbox_of(settings: Settings) -> Path:
    """Return the folder of the mails that no server was there for."""
    return settings.state_dir / OUTBOX


def server_of(settings: Settings) -> "Server | None":
    """Return the mail server that is set, None where there is none. Raises ConfigError with all
    problems.
    """
    from sfsync.mail import PORTS, Security, Server

    problems = _problems(settings)
    if problems:
        raise ConfigError(problems)
    if not settings.smtp_host:
        return None
    security = Security(settings.smtp_security)
    port = settings.smtp_port or PORTS[security]
    way = (settings.smtp_user, settings.smtp_password, settings.smtp_timeout)
    return Server(settings.smtp_host, port, security, *way)


def letterhead_of(settings: Settings) -> "Letterhead":
    """Return from whom mails come. Raises ConfigError with all problems."""
    from sfsync.mail import Address, Letterhead

    problems: list[str] = []

    def read(name: str, text: str) -> Address | None:
        try:
            return Address.parse(text) if text else None
        except ValueError as error:
            problems.append(f"{name}: {error}")
            return None

    sender = read("SFSYNC_MAIL_FROM", settings.mail_from)
    reply_to = read("SFSYNC_MAIL_REPLY_TO", settings.mail_reply_to)
    admin = read("SFSYNC_ADMIN_EMAIL", settings.admin_email)
    if problems:
        raise ConfigError(problems)
    sender = sender or Address(_NOBODY, "sfsync")
    return Letterhead(sender, reply_to, admin or reply_to or sender)


def check_mail_settings(settings: Settings) -> None:
    """Check server and addresses, where they are set. Raises ConfigError with all problems."""
    problems = _problems(settings)
    try:
        letterhead_of(settings)
    except ConfigError as error:
        problems += error.problems
    if problems:
        raise ConfigError(problems)


def check_mail(settings: Settings, *, is_real: bool) -> list["Check"]:
    """Say how mails leave, and whether the mail server lets us in; nothing is sent. `is_real`: the
    org is no recorded one.
    """
    from sfsync.doctor import MAIL, Check, Level
    from sfsync.mail import SmtpCarrier

    try:
        check_mail_settings(settings)
        server, head = server_of(settings), letterhead_of(settings)
    except ConfigError as error:
        remedy = f"correct it, and {TRY_IT}"
        return [Check(MAIL, Level.PROBLEM, problem, remedy) for problem in error.problems]
    if server is None:
        text = f"no mail server is set: mails are written to {outbox_of(settings)}"
        if not is_real:
            return [Check(MAIL, Level.GOOD, text)]
        remedy = f"set SFSYNC_SMTP_HOST and SFSYNC_MAIL_FROM, and {TRY_IT}"
        return [Check(MAIL, Level.NOTE, text, remedy)]
    hasty = replace(server, timeout=min(server.timeout, _PATIENCE))
    hindrance = SmtpCarrier(hasty).hindrance()
    if hindrance is not None:
        return [Check(MAIL, Level.PROBLEM, hindrance.words, TRY_IT)]
    who = f"as {server.user}" if server.user else "without signing in"
    way = f"{server.host}, port {server.port} ({server.security}), {who}, from {head.sender.email}"
    return [Check(MAIL, Level.GOOD, f"the mail server lets us in: mails go to {way}; {TRY_IT}")]


def _wrong_host(host: str) -> list[str]:
    if "://" in host:
        alone = urlsplit(host).hostname or "mail.example.com"
        told = f'SFSYNC_SMTP_HOST: "{host}" is more than a host: write {alone}'
        return [f"{told}, and the port in SFSYNC_SMTP_PORT"]
    try:
        host.encode("idna")
    except UnicodeError:
        return [f'SFSYNC_SMTP_HOST: "{host}" is no host: write a name as mail.example.com']
    return []


def _problems(settings: Settings) -> list[str]:
    if not settings.smtp_host:
        return []
    problems = _wrong_host(settings.smtp_host)
    if not settings.mail_from:
        problems.append("SFSYNC_MAIL_FROM is not set: say from whom mails come")
    if bool(settings.smtp_user) != bool(settings.smtp_password):
        problems.append(
            "of SFSYNC_SMTP_USER and SFSYNC_SMTP_PASSWORD only one is set: set both, or none"
        )
    is_open = settings.smtp_security == "none" and settings.smtp_host not in _OWN_HOSTS
    if settings.smtp_password and is_open:
        told = "SFSYNC_SMTP_SECURITY is none, and would send the password for everybody to read"
        problems.append(f"{told}: set starttls or tls, or leave out user and password")
    return problems
