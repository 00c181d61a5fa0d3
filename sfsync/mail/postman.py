"""Which letters are to be sent, when, and what became of each?

A letter is planned in the books, whole, before the first one goes out; marked there just before the
server may have it; and its fate is noted when the server has spoken. A process that dies, or never
hears the answer, therefore leaves at most one letter in doubt. A later run sends that one again,
once, under the same Message-ID, by which readers' servers may know it, and says so.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import uuid4

from sfsync.letter import OUTBOX_DOMAIN, JournalledMessage, Letter, MessageState
from sfsync.mail.carrier import Answer, Carrier, Verdict
from sfsync.mail.eml import Letterhead, to_eml
from sfsync.mail.model import Message

# In doubt twice, a letter is left to people: a third one would surely be one too many.
MOST_TIMES = 2
# For so long runs go on trying what the server puts off; then the news are no news any more.
GIVE_UP = timedelta(days=3)
_STATES = {
    Verdict.SENT: MessageState.SENT,
    Verdict.REFUSED: MessageState.REFUSED,
    Verdict.UNKNOWN: MessageState.UNKNOWN,
}


class Books(Protocol):
    """Where messages are written down; the journal's are such."""

    def plan(self, org: str, letters: Sequence[Letter], at: datetime) -> None:
        """Enter letters as planned; what stands under a key already is left."""

    def mark_sending(self, org: str, key: str, handed_over: int, at: datetime) -> None:
        """Note that a message is about to be handed over once more; raises Locked where another
        process has it.
        """

    def note(
        self, org: str, key: str, state: MessageState, words: str, handed_over: int, at: datetime
    ) -> None:
        """Note what became of a message, and how often the server may have taken it so far."""

    def read(self, org: str, keys: Sequence[str]) -> list[JournalledMessage]:
        """The messages under these keys."""

    def open(self, org: str) -> list[JournalledMessage]:
        """The messages that are neither sent nor refused."""

    def letter(self, org: str, key: str) -> Letter | None:
        """The letter to be sent under a key."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast letters go out: at most so many a minute (None: as fast as they can), and after
    which pauses, in seconds, what was put off is tried again. `now` tells the time (aware).
    """

    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    per_minute: float | None = None
    pauses: tuple[float, ...] = (5, 30, 90)
    monotonic: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a message in this run, or in an earlier one (`is_earlier`). `is_waiting`: it
    is for a mail server, and there is none now.
    """

    key: str
    recipient: str
    state: MessageState
    words: str
    handed_over: int
    is_earlier: bool
    is_waiting: bool = False

    @property
    def is_doubled(self) -> bool:
        """Whether its reader may have it twice."""
        return self.handed_over >= MOST_TIMES

    @property
    def sentence(self) -> str:
        """What a person should know of it."""
        told = _SENTENCES[self.state]
        if self.state is MessageState.REFUSED and self.handed_over:
            told = "is not sent again, and nobody knows whether it came"
        elif self.is_doubled and self.state is MessageState.SENT:
            told = "was sent again, since no answer had come: perhaps it is there twice"
        elif self.is_doubled:
            told = "was handed over twice, each time without an answer, and is not sent again"
        earlier = "; an earlier run did that" if self.is_earlier else ""
        words = f" ({self.words})" if self.words else ""
        return f"the mail to {self.recipient} {told}{words}{earlier}"


_SENTENCES = {
    MessageState.PLANNED: "is put off, and the next run tries again",
    MessageState.SENDING: "was perhaps sent by a run that died; the next run sends it again, once",
    MessageState.SENT: "was sent",
    MessageState.REFUSED: "will not be sent",
    MessageState.UNKNOWN: "was perhaps sent; the next run sends it again, once",
}


class Postman:
    """Sends the messages of an org's books, each once; one process at a time."""

    def __init__(
        self, carrier: Carrier, books: Books, org: str, letterhead: Letterhead, pace: Pace
    ) -> None:
        self._carrier = carrier
        self._books = books
        self._org = org
        self._head = letterhead
        self._pace = pace
        self._last: float | None = None

    def send(self, messages: Sequence[Message]) -> list[Delivery]:
        """Send messages, and tell of each, in their order, what became of it.

        What was sent or refused under its key before is not sent again. What is for a mail server
        waits for one: the outbox does not take it. Errors of the books pass
        through: what was not sent by then stays planned for `resume`.
        """
        self._plan(messages)
        keys = list(dict.fromkeys(message.key for message in messages))
        return self._settle(keys)

    def resume(self) -> list[Delivery]:
        """Send what earlier runs left: what was put off, and, once more, what is in doubt. Tell of
        what waits for a mail server, too.
        """
        left = [each for each in self._books.open(self._org) if _is_left(each)]
        return self._settle([message.key for message in left])

    def _plan(self, messages: Sequence[Message]) -> None:
        at = self._pace.now()
        known = {each.key for each in self._books.read(self._org, [m.key for m in messages])}
        domain = OUTBOX_DOMAIN if self._carrier.is_outbox else self._head.sender.domain
        letters, refused = [], {}
        for message in messages:
            if message.key in known:
                continue
            message_id = f"<{uuid4().hex}@{domain}>"
            try:
                content = to_eml(message, self._head, at, message_id)
            except ValueError as error:
                content, refused[message.key] = b"", f"it cannot be written as a mail: {error}"
            whose = (message.key, message.to.email, message_id)
            letters.append(Letter(*whose, content, message.notes))
        self._books.plan(self._org, letters, at)
        for key, why in refused.items():
            self._note(key, MessageState.REFUSED, why, 0)

    def _settle(self, keys: Sequence[str]) -> list[Delivery]:
        before = {each.key: each for each in self._books.read(self._org, keys)}
        # What a process died over comes last: should it do so again, nobody else waits for theirs.
        todo = sorted(
            (before[key] for key in keys if self._takes(before[key])),
            key=lambda message: message.handed_over,
        )
        try:
            self._put_off(self._rounds(todo))
        finally:
            self._carrier.close()
        for message in before.values():
            if message.state is MessageState.SENDING and not _is_to_send(message):
                self._note(message.key, MessageState.UNKNOWN, message.words, message.handed_over)
        tried = {each.key for each in (*todo, *self._given_up(before.values()))}
        after = {each.key: each for each in self._books.read(self._org, keys)}
        return [self._delivery(after[key], is_earlier=key not in tried) for key in keys]

    def _given_up(self, messages: Iterable[JournalledMessage]) -> list[JournalledMessage]:
        """Refuse what waited too long for a mail server, as if that had put it off; return it."""
        waiting = [each for each in messages if self._is_waiting(each) and self._is_old(each)]
        self._put_off([(each, "no mail server is set") for each in waiting])
        return waiting

    def _takes(self, message: JournalledMessage) -> bool:
        return _is_to_send(message) and not self._is_waiting(message)

    def _is_waiting(self, message: JournalledMessage) -> bool:
        is_stuck = self._carrier.is_outbox and not message.is_for_outbox
        return is_stuck and _is_to_send(message)

    def _delivery(self, message: JournalledMessage, *, is_earlier: bool) -> Delivery:
        return Delivery(
            message.key,
            message.recipient,
            message.state,
            message.words,
            message.handed_over,
            is_earlier,
            self._is_waiting(message),
        )

    def _rounds(self, todo: list[JournalledMessage]) -> list[tuple[JournalledMessage, str]]:
        """Try all, then after each pause those that were put off; return those that still are."""
        late: list[tuple[JournalledMessage, str]] = [(each, "") for each in todo]
        for pause in (0.0, *self._pace.pauses):
            if not late:
                break
            if pause:
                self._carrier.close()
                self._pace.sleep(pause)
            late, is_closed = self._round([message for message, _ in late])
            if is_closed:
                break
        return late

    def _round(
        self, todo: list[JournalledMessage]
    ) -> tuple[list[tuple[JournalledMessage, str]], bool]:
        late: list[tuple[JournalledMessage, str]] = []
        for place, message in enumerate(todo):
            answer = self._carry(message)
            if answer.verdict in (Verdict.UNREACHABLE, Verdict.CLOSED):
                rest = [(each, answer.words) for each in todo[place:]]
                return [*late, *rest], answer.verdict is Verdict.CLOSED
            if answer.verdict is Verdict.LATER:
                late.append((message, answer.words))
        return late, False

    def _carry(self, message: JournalledMessage) -> Answer:
        letter = self._books.letter(self._org, message.key)
        if letter is None:
            return Answer(Verdict.REFUSED, "another process has settled it")
        self._keep_pace()
        so_far = message.handed_over

        def hand_over() -> None:
            self._books.mark_sending(self._org, message.key, so_far, self._pace.now())

        answer = self._carrier.carry(letter, self._head.sender.email, hand_over)
        taken = answer.verdict in (Verdict.SENT, Verdict.UNKNOWN)
        state = _STATES.get(answer.verdict, _put_off_state(message))
        self._note(message.key, state, answer.words, so_far + taken)
        return answer

    def _keep_pace(self) -> None:
        per_minute = self._pace.per_minute
        if per_minute is None:
            return
        if self._last is not None:
            wait = self._last + 60 / per_minute - self._pace.monotonic()
            if wait > 0:
                self._pace.sleep(wait)
        self._last = self._pace.monotonic()

    def _put_off(self, late: Sequence[tuple[JournalledMessage, str]]) -> None:
        for message, words in late:
            if self._is_old(message):
                told = f"given up after {GIVE_UP.days} days: {words}"
                self._note(message.key, MessageState.REFUSED, told, message.handed_over)
            else:
                state = _put_off_state(message)
                self._note(message.key, state, words, message.handed_over)

    def _is_old(self, message: JournalledMessage) -> bool:
        return self._pace.now() - message.planned_at >= GIVE_UP

    def _note(self, key: str, state: MessageState, words: str, handed_over: int) -> None:
        self._books.note(self._org, key, state, words, handed_over, self._pace.now())


def _is_left(message: JournalledMessage) -> bool:
    """Tell whether something is to be done, or at least to be told, about a message."""
    return _is_to_send(message) or message.state is MessageState.SENDING


def _put_off_state(message: JournalledMessage) -> MessageState:
    """Return the state of a message that was not taken this time: one in doubt stays so."""
    return MessageState.UNKNOWN if message.handed_over else MessageState.PLANNED


def _is_to_send(message: JournalledMessage) -> bool:
    return not message.is_decided and message.handed_over < MOST_TIMES
