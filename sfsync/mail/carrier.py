"""What does a carrier of mails promise, and what can become of a mail that it was given?"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from sfsync.letter import Letter


class Verdict(Enum):
    """What became of a letter, and where it says so: of all letters."""

    SENT = auto()
    REFUSED = auto()
    """For good."""
    LATER = auto()
    """It was surely not taken, and may be another time."""
    UNKNOWN = auto()
    """It was handed over, and no answer came."""
    UNREACHABLE = auto()
    """The server cannot be reached just now: no letter can be sent."""
    CLOSED = auto()
    """The server will take nothing until a person changes something, such as a password."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a letter, in the server's words or, where it said none, in ours."""

    verdict: Verdict
    words: str


class Carrier(Protocol):
    """Who takes letters. `is_outbox`: they become files, and go to nobody."""

    @property
    def is_outbox(self) -> bool: ...

    def carry(self, letter: Letter, sender: str, hand_over: Callable[[], None]) -> Answer:
        """Take one letter. `hand_over` is called just before the step after which it may be on its
        way; what fails before was surely not sent.
        """

    def close(self) -> None:
        """Let go of what is open; the next letter opens it again."""
