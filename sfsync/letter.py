"""What does the journal keep of a mail, so that it is sent once?"""

from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from enum import StrEnum

# In the Message-ID of a mail that is for the outbox: no sender has this domain (RFC 2606).
OUTBOX_DOMAIN = "outbox.invalid"


class MessageState(StrEnum):
    """What became of a message.

    planned: in the journal, surely not sent. sending: being handed over; of a dead process: perhaps
    sent. sent: the server took it. refused: it will never be sent. unknown: handed over, and no
    answer came: perhaps sent.
    """

    PLANNED = "planned"
    SENDING = "sending"
    SENT = "sent"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class EditionNote:
    """That a reader (their Id) is told by a mail what a report found as of a moment (aware)."""

    report: str
    reader: str
    as_of: datetime


@dataclass(frozen=True, slots=True)
class AlertNote:
    """That a reader is alerted of a record by a mail: in which series of alerts, and of which spell
    (texts that sort by time). `as_of` is the moment judged (aware).
    """

    series: str
    object: str
    record_id: str
    spell: str
    reader: str
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Alerted:
    """The latest spell of which somebody was alerted, and the moment judged then (UTC)."""

    spell: str
    as_of: datetime


# The series, object and Id that an alert is about.
Subject = tuple[str, str, str]
Note = EditionNote | AlertNote


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail as it goes out: bytes, to one address, under its key and its Message-ID.

    `notes` say what its reader is told by it; they count by what becomes of it.
    """

    key: str
    recipient: str
    message_id: str
    content: bytes = field(repr=False)
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class JournalledMessage:
    """A message as the journal holds it.

    `handed_over` counts how often it was given to the server and may have been taken; `words` are
    the last ones of the server about it. `planned_at` and `changed_at` are UTC.
    """

    key: str
    recipient: str
    message_id: str
    state: MessageState
    handed_over: int
    words: str
    planned_at: datetime
    changed_at: datetime

    @property
    def is_for_outbox(self) -> bool:
        """Whether it was planned while no mail server was set."""
        return self.message_id.endswith(f"@{OUTBOX_DOMAIN}>")

    @property
    def is_decided(self) -> bool:
        """Whether it was sent or refused, so that nothing is left to do."""
        return self.state in (MessageState.SENT, MessageState.REFUSED)


def text_of(content: bytes) -> str:
    """Return all that a mail says as one text: its headers, and the text of each of its parts."""
    mail = message_from_bytes(content, policy=policy.default)
    told = [str(value) for value in mail.values()]
    for part in mail.walk():
        if not part.is_multipart():
            told.append(part.get_filename() or "")
            body = part.get_payload(decode=True)
            if isinstance(body, bytes):
                told.append(body.decode(part.get_content_charset() or "utf-8", "replace"))
    return "\n".join(told)
