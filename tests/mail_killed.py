"""A process that sends mails and is killed at random moments; run by `test_mail_crash.py`.

Arguments: the journal's URL, the server's port, how many mails, how many kills, the seed. Each run
is a process of its own, forked from this one, which has imported everything and holds nothing open.
The last run is not killed; printed is how many were sent before it, and what was noted of each.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random

from sfsync.journal import Journal
from sfsync.letter import Letter
from sfsync.mail import (
    Address,
    Answer,
    Letterhead,
    Message,
    Pace,
    Postman,
    Security,
    Server,
    SmtpCarrier,
)

NOW = datetime(2026, 6, 15, 8, tzinfo=UTC)
BOOKS = "00D000000000001EAA"
LONGEST = 0.06
PLANNING = 5


class Starting(SmtpCarrier):
    """Says on a pipe that it has begun to send."""

    pipe = -1

    def carry(self, letter: Letter, sender: str, hand_over: Callable[[], None]) -> Answer:
        """Take one letter."""
        if self.pipe >= 0:
            os.write(self.pipe, b"!")
            self.pipe = -1
        return super().carry(letter, sender, hand_over)


def send(url: str, port: int, count: int, pipe: int = -1) -> None:
    journal = Journal.open(url)
    server = Server("localhost", port, Security.NONE, timeout=10)
    head = Letterhead(Address("sales-loop@example.com"))
    pace = Pace(lambda: NOW, time.sleep, pauses=(0.01,) * 3)
    carrier = Starting(server)
    carrier.pipe = pipe
    postman = Postman(carrier, journal.messages, BOOKS, head, pace)
    postman.send(
        [
            Message(Address(f"reader{n}@example.com"), f"Mail {n}", "Hello.\n" * 50, "", f"key:{n}")
            for n in range(count)
        ]
    )
    postman.resume()
    journal.close()


def run(url: str, port: int, count: int, seconds: float | None, *, started: bool = True) -> None:
    """Send in a process of its own, and kill that so many seconds after it was born, or `started`
    to send.
    """
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        send(url, port, count, writes)
        os._exit(0)
    os.close(writes)
    if seconds is not None:
        if started:
            os.read(reads, 1)
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    os.close(reads)
    _, status = os.waitpid(child, 0)
    if seconds is None and status:
        sys.exit(f"the last run ended with {status}")
    sys.stderr.write("killed\n" if os.WIFSIGNALED(status) else "ended\n")


def main(url: str, *numbers: str) -> None:
    port, count, kills, seed = map(int, numbers)
    random = Random(seed)
    for number in range(kills):
        run(url, port, count, random.uniform(0, LONGEST), started=number >= PLANNING)
    journal = Journal.open(url)
    before = journal.messages.counts().get("sent", 0)
    journal.close()
    run(url, port, count, None)
    journal = Journal.open(url)
    noted = journal.messages.read(BOOKS, [f"key:{n}" for n in range(count)])
    told = {each.recipient: [each.state, each.handed_over] for each in noted}
    json.dump({"before": before, "noted": told}, sys.stdout)
    journal.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
