"""How does a message become the bytes of a mail?"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from typing import Any

from sfsync.mail.model import Address, Attachment, Message, one_line

_CRLF = "\r\n"
_SHORT = 70
# The library takes seconds over longer ones.
_FILE_NAME = 100


class _Folding(EmailPolicy):
    """Folds what is not ASCII so that nothing gets lost: the library's own way drops spaces."""

    def fold_binary(self, name: str, value: Any) -> bytes:
        """Write one header."""
        if name == "Subject" and _is_encoded(value):
            return f"{name}: {_encoded(name, value)}{_CRLF}".encode("ascii")
        for address in getattr(value, "addresses", ()):
            if _is_encoded(address.display_name):
                who = f"{_encoded(name, address.display_name)}{_CRLF} <{address.addr_spec}>"
                return f"{name}: {who}{_CRLF}".encode("ascii")
        return super().fold_binary(name, value)


# Only ASCII goes over the wire, so that no server on the way need know of 8BITMIME.
_POLICY = _Folding(cte_type="7bit", linesep=_CRLF)


@dataclass(frozen=True, slots=True)
class Letterhead:
    """From whom mails come, whom an answer reaches, and who takes people off the list."""

    sender: Address
    reply_to: Address | None = None
    unsubscribe: Address | None = None


def to_eml(message: Message, head: Letterhead, at: datetime, message_id: str) -> bytes:
    """Write a message as a mail of `at` (aware): CRLF, 7 bits, lines of less than 998 characters.

    The text stands beside the HTML, as another way to read the same. Line breaks in subject and
    names become spaces. Raises ValueError where `at` has no zone.
    """
    if at.tzinfo is None:
        raise ValueError(f"{at!r} has no time zone: pass an aware moment")
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = _header(head.sender)
    mail["To"] = _header(message.to)
    mail["Subject"] = _defused(message.subject)
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = message_id
    if head.reply_to:
        mail["Reply-To"] = _header(head.reply_to)
    if head.unsubscribe:
        mail["List-Unsubscribe"] = f"<mailto:{head.unsubscribe.email}?subject=unsubscribe>"
    # So that no out-of-office reply comes back; Exchange heeds only the second one.
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(message.text)
    if message.html:
        mail.add_alternative(message.html, subtype="html")
    for attachment in message.attachments:
        _attach(mail, attachment)
    _draw_boundaries(mail, message_id)
    return mail.as_bytes()


def _header(address: Address) -> HeaderAddress:
    return HeaderAddress(_defused(address.name), addr_spec=address.email)


def _is_encoded(text: str) -> bool:
    return not text.isascii() or len(text) > _SHORT


def _encoded(name: str, text: str) -> str:
    return Header(text, "utf-8", header_name=name).encode(linesep=_CRLF)


def _draw_boundaries(mail: EmailMessage, message_id: str) -> None:
    """Part the mail by lines that no content can hold, the same each time it is written."""
    digest = hashlib.sha256(message_id.encode()).hexdigest()
    for number, part in enumerate(mail.walk()):
        if part.is_multipart():
            part.set_boundary(f"=_{number}_{digest}")


def _defused(text: str) -> str:
    """Put a text on one line; it stays so where it looks like an encoded one, which the library
    would decode, line breaks and all.
    """
    return one_line(text).replace("=?", "= ?")


def _attach(mail: EmailMessage, attachment: Attachment) -> None:
    main, _, sub = attachment.mime.partition("/")
    params = {"charset": "utf-8"} if main == "text" else None
    name = _defused(attachment.name).replace("/", "-").replace("\\", "-")[-_FILE_NAME:]
    mail.add_attachment(
        attachment.content, maintype=main, subtype=sub, filename=name, params=params
    )
