"""What is a mail to one person, before it is bytes?"""

import re
from dataclasses import dataclass, field
from email.utils import parseaddr

from sfsync.address import checked
from sfsync.letter import Note

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Address:
    """A mail address in ASCII, and the name of whom it belongs to, on one line.

    Raises ValueError, in words for people, where `email` is none that every server takes. A domain
    of other letters is written in its ASCII form.
    """

    email: str
    name: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "email", checked(self.email))
        object.__setattr__(self, "name", one_line(self.name))

    @property
    def domain(self) -> str:
        """What stands behind the @."""
        return self.email.rpartition("@")[2]

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Read `ana@example.com` or `Ana Birch <ana@example.com>`; raises ValueError."""
        name, email = parseaddr(text)
        try:
            return cls(email, name)
        except ValueError as error:
            told = f'"{text}" is no mail address that can be written to'
            raise ValueError(f"{told}: write ana@example.com or Ana <ana@example.com>") from error


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a mail; `mime` is its type, such as `text/csv`."""

    name: str
    mime: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Message:
    """A mail to one person. `key` is its identity: what was sent under a key once is never sent
    again, such as `exceptions:2026-06-15:005…`. `notes` say what its reader is told by it.
    """

    to: Address
    subject: str
    text: str
    html: str
    key: str
    attachments: tuple[Attachment, ...] = ()
    notes: tuple[Note, ...] = ()


def one_line(text: str) -> str:
    """Fold line breaks and other control characters into spaces, so that no header can hold two."""
    return " ".join(_CONTROLS.sub(" ", text).split())
