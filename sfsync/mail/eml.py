"""How does a message become the bytes of a mail?"""

from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from sfsync.mail.model import Address, Attachment, Message, one_line

# Only letters, digits and = go over the wire: no server on the way need know of 8BITMIME.
_POLICY = SMTP.clone(cte_type="7bit")


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
    mail["Subject"] = one_line(message.subject)
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
    return mail.as_bytes()


def _header(address: Address) -> HeaderAddress:
    return HeaderAddress(address.name, addr_spec=address.email)


def _attach(mail: EmailMessage, attachment: Attachment) -> None:
    main, _, sub = attachment.mime.partition("/")
    params = {"charset": "utf-8"} if main == "text" else None
    name = one_line(attachment.name).replace("/", "-").replace("\\", "-")
    mail.add_attachment(
        attachment.content, maintype=main, subtype=sub, filename=name, params=params
    )
