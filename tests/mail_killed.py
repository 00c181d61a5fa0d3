"""A process that sends mails and is killed at random moments; run by `test_mail_crash.py`.

Arguments: the journal's URL, the server's port, how many mails, how many kills, the seed. Each run
is a process of its own, forked from this one, which has imported everything and holds nothing open.
The last run is not killed; printed is what it and the ones before it noted of each message.
"""

import json
import os
import signal
import sys
import time
from datetime import UTC, datetime
from random import Random

from sfsync.journal import Journal
from sfsync.mail import (
    Address,
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
LONGEST = 0.12


def send(url: str, port: int, count: int) -> None:
    journal = Journal.open(url)
    server = Server("localhost", port, Security.NONE, timeout=10)
    head = Letterhead(Address("sales-loop@example.com"))
    pace = Pace(lambda: NOW, time.sleep, pauses=(0.01,) * 3)
    postman = Postman(SmtpCarrier(server), journal.messages, BOOKS, head, pace)
    postman.send(
        [
            Message(Address(f"reader{n}@example.com"), f"Mail {n}", "Hello.\n" * 50, "", f"key:{n}")
            for n in range(count)
        ]
    )
    postman.resume()
    journal.close()


def run(url: str, port: int, count: int, seconds: float | None) -> None:
    """Send in a process of its own, and kill that after so many seconds."""
    child = os.fork()
    if child == 0:
        send(url, port, count)
        os._exit(0)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if seconds is None and status:
        sys.exit(f"the last run ended with {status}")
    sys.stderr.write("killed\n" if os.WIFSIGNALED(status) else "ended\n")


def main(url: str, *numbers: str) -> None:
    port, count, kills, seed = map(int, numbers)
    random = Random(seed)
    for _ in range(kills):
        run(url, port, count, random.uniform(0.01, LONGEST))
    run(url, port, count, None)
    journal = Journal.open(url)
    noted = journal.messages.read(BOOKS, [f"key:{n}" for n in range(count)])
    json.dump({each.recipient: [each.state, each.handed_over] for each in noted}, sys.stdout)
    journal.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
