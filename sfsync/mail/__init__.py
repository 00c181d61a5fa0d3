"""How do mails reach people, each of them once?

The only part that speaks SMTP. What is to be sent is planned in the books first, and what became of
it is noted there; without a mail server mails go to files.
"""

from sfsync.mail.carrier import Answer, Carrier, Verdict
from sfsync.mail.eml import Letterhead, to_eml
from sfsync.mail.model import Address, Attachment, Message
from sfsync.mail.outbox import Outbox
from sfsync.mail.postman import Books, Delivery, Pace, Postman
from sfsync.mail.smtp import PORTS, Security, Server, SmtpCarrier

__all__ = [
    "PORTS",
    "Address",
    "Answer",
    "Attachment",
    "Books",
    "Carrier",
    "Delivery",
    "Letterhead",
    "Message",
    "Outbox",
    "Pace",
    "Postman",
    "Security",
    "Server",
    "SmtpCarrier",
    "Verdict",
    "to_eml",
]
