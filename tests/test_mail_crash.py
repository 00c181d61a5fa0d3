"""Is each mail sent once, also by processes that die?"""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mail_server import serving
from test_mail import BOOKS, HEAD, NOW, carrier_to, messages, to

from sfsync.journal import Journal
from sfsync.letter import MessageState
from sfsync.mail import Pace, Postman

MAILS, KILLS = 200, 20
NAMES = ("ana", "bea", "cyd")


def test_200_mails_sent_by_20_processes_that_are_killed_arrive_once_or_it_is_said(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path / 'journal.db'}"
    with serving() as post:
        numbers = map(str, (post.port, MAILS, KILLS, 4))
        script = Path(__file__).with_name("mail_killed.py")
        done = subprocess.run(
            [sys.executable, str(script), url, *numbers],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert done.stderr.split().count("killed") == KILLS, "the mails were too few to be killed at"
    told = json.loads(done.stdout)
    noted = told["noted"]
    assert told["before"] >= KILLS, "they were killed before they sent anything"
    came = Counter(post.recipients)
    assert len(noted) == MAILS
    # Whoever got a mail twice, or perhaps did, is known.
    doubted = {recipient for recipient, (_, handed_over) in noted.items() if handed_over > 1}
    assert set(came) == set(noted)
    assert {recipient for recipient in noted if came[recipient] != 1} <= doubted
    assert max(came.values()) <= 2
    assert len(doubted) <= KILLS
    assert {state for state, _ in noted.values()} == {"sent"}


class Death(BaseException):
    """The process ends here."""


class Dying:
    """Carrier and books of a process that dies at its nth step, before or after it is done."""

    is_outbox = False

    def __init__(self, carrier: Any, books: Any, last: int, *, done: bool) -> None:
        self.carrier, self.books = carrier, books
        self.last, self.done, self.steps = last, done, 0

    def step(self, act: Callable[[], Any]) -> Any:
        self.steps += 1
        here = self.steps == self.last
        if here and not self.done:
            raise Death
        result = act()
        if here:
            raise Death
        return result

    def plan(self, *given: Any) -> Any:
        return self.step(lambda: self.books.plan(*given))

    def mark_sending(self, *given: Any) -> Any:
        return self.step(lambda: self.books.mark_sending(*given))

    def note(self, *given: Any) -> Any:
        return self.step(lambda: self.books.note(*given))

    def carry(self, *given: Any) -> Any:
        return self.step(lambda: self.carrier.carry(*given))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.carrier if name == "close" else self.books, name)


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
def test_wherever_a_process_dies_each_mail_comes_and_a_second_one_is_said(
    tmp_path: Path, done: bool
) -> None:
    with serving() as post:
        for last in range(1, 11):
            journal = Journal.open(f"sqlite:///{tmp_path / f'{last}.db'}")
            post.delivered.clear()
            pace = Pace(lambda: NOW, lambda _seconds: None)

            def postman(carrier: Any, books: Any, pace: Pace = pace) -> Postman:
                return Postman(carrier, books, BOOKS, HEAD, pace)

            dying = Dying(carrier_to(post), journal.messages, last, done=done)
            with pytest.raises(Death):
                postman(dying, dying).send(messages(*NAMES))

            told = postman(carrier_to(post), journal.messages).send(messages(*NAMES))
            came = Counter(post.recipients)
            assert {each.state for each in told} == {MessageState.SENT}
            assert set(came) == set(to(*NAMES))
            said = {each.recipient for each in told if each.is_doubled}
            assert {who for who, times in came.items() if times > 1} <= said
            assert max(came.values()) <= 2
            assert len(said) <= 1
            journal.close()
