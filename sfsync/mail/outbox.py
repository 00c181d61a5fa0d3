"""Where do mails go as long as no mail server is set?"""

import hashlib
import re
from collections.abc import Callable
from email import message_from_bytes
from email.utils import parsedate_to_datetime
from pathlib import Path

from sfsync.letter import Letter
from sfsync.mail.carrier import Answer, Verdict

_LENGTH, _DIGITS = 80, 8


class Outbox:
    """Puts each letter into a file of a folder, for any mail program to open. Put there twice, a
    letter is there once.
    """

    is_outbox = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def carry(self, letter: Letter, sender: str, hand_over: Callable[[], None]) -> Answer:
        """Write the file whole, or not at all. Raises OSError where the folder takes none."""
        self._folder.mkdir(parents=True, exist_ok=True)
        file = self._folder / _name(letter)
        fresh = file.with_suffix(".part")
        fresh.write_bytes(letter.content)
        # Nothing is in doubt here, so nothing is handed over: written again, it is the same file.
        fresh.replace(file)
        return Answer(Verdict.SENT, f"written to {file}")

    def close(self) -> None:
        """Nothing is open."""


def _name(letter: Letter) -> str:
    """`20260615-080000-exceptions-2026-06-15-005-1a2b3c4d.eml`: by time, and one for each key."""
    at = parsedate_to_datetime(message_from_bytes(letter.content)["Date"])
    words = re.sub(r"[^A-Za-z0-9]+", "-", letter.key).strip("-")[:_LENGTH]
    digest = hashlib.sha256(letter.key.encode()).hexdigest()[:_DIGITS]
    return f"{at:%Y%m%d-%H%M%S}-{words}-{digest}.eml"
