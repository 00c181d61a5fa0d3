"""What is the same of all that people are told by mail?"""

from datetime import datetime
from typing import Protocol

from sfsync.report.people import Person


class Told(Protocol):
    """What one reader is told. `key` is the mail's identity: `name`, day or week, and the reader's
    Id, parted by colons. `now` is the moment that it tells of.
    """

    @property
    def key(self) -> str:
        """The identity of the mail."""

    @property
    def name(self) -> str:
        """What kind of mail it is."""

    @property
    def reader(self) -> Person:
        """Who reads it."""

    @property
    def now(self) -> datetime:
        """The moment that it tells of (aware)."""
