"""Which messages were to be sent, and what became of each?

What a message is goes into the journal before it goes anywhere, and stays until its fate is known:
so a process that dies loses none, and sends none twice without saying so.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from sfsync.errors import Locked
from sfsync.journal import notes
from sfsync.journal.tables import BOOKS, METADATA, Instant
from sfsync.letter import JournalledMessage, Letter, MessageState

# Some databases take no more values in one statement.
_ASKED_AT_ONCE = 500
# Without a length, one of the databases would cut off what is longer than 64 kB.
_CONTENT = sa.LargeBinary(2**26)
OPEN = (MessageState.PLANNED, MessageState.SENDING, MessageState.UNKNOWN)

MESSAGES = sa.Table(
    "messages",
    METADATA,
    # Many are planned in one second; their number keeps the order.
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("org", BOOKS, nullable=False),
    sa.Column("key", sa.String(200), nullable=False),
    sa.Column("recipient", sa.String(320), nullable=False),
    sa.Column("message_id", sa.String(255), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("handed_over", sa.Integer, nullable=False, default=0),
    sa.Column("words", sa.Text, nullable=False, default=""),
    sa.Column("planned_at", Instant, nullable=False),
    sa.Column("changed_at", Instant, nullable=False),
    # None as soon as nothing will be sent any more.
    sa.Column("content", _CONTENT),
    sa.Index("messages_of_key", "org", "key", unique=True),
    sa.Index("messages_of_state", "org", "state"),
)
_COLUMNS = (
    MESSAGES.c.key,
    MESSAGES.c.recipient,
    MESSAGES.c.message_id,
    MESSAGES.c.state,
    MESSAGES.c.handed_over,
    MESSAGES.c.words,
    MESSAGES.c.planned_at,
    MESSAGES.c.changed_at,
)


class Messages:
    """The messages in the journal. Each method is one transaction."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def plan(self, org: str, letters: Sequence[Letter], at: datetime) -> None:
        """Enter letters as planned at `at` (aware), with their notes. What stands under a key
        already is left.
        """
        with self._engine.begin() as connection:
            known = {found.key for found in _read(connection, org, {each.key for each in letters})}
            new: list[Letter] = []
            for letter in letters:
                if letter.key not in known:
                    known.add(letter.key)
                    new.append(letter)
                    connection.execute(sa.insert(MESSAGES).values(**_row(org, letter, at)))
            notes.enter(connection, org, new)

    def mark_sending(self, org: str, key: str, handed_over: int, at: datetime) -> None:
        """Note that a message is about to be handed over once more, after which it may be on its
        way.

        Raises Locked where it was not handed over `handed_over` times so far, or is sent or
        refused: another process has it.
        """
        expected = (
            MESSAGES.c.handed_over == handed_over,
            MESSAGES.c.state.in_([state.value for state in OPEN]),
        )
        given = {"handed_over": handed_over + 1, "changed_at": at}
        if not self._update(org, key, *expected, state=MessageState.SENDING.value, **given):
            raise Locked(f"another process is sending the message {key}: wait until it is done")

    def note(
        self, org: str, key: str, state: MessageState, words: str, handed_over: int, at: datetime
    ) -> None:
        """Note what became of a message, in the server's words, and how often the server may have
        taken it so far. What is sent or refused is no longer kept.
        """
        told = {"words": words, "handed_over": handed_over, "changed_at": at}
        gone = {} if state in OPEN else {"content": None}
        if not self._update(org, key, state=state.value, **told, **gone):
            raise ValueError(f"there is no message {key!r} of {org!r} in the journal")

    def read(self, org: str, keys: Collection[str]) -> list[JournalledMessage]:
        """The messages under these keys, in the order in which they were planned."""
        with self._engine.connect() as connection:
            return _read(connection, org, keys)

    def open(self, org: str) -> list[JournalledMessage]:
        """The messages that are neither sent nor refused, in the order in which they were
        planned.
        """
        return self.in_states(org, OPEN)

    def in_states(self, org: str, states: Collection[MessageState]) -> list[JournalledMessage]:
        """The messages in these states, in the order in which they were planned."""
        wanted = [state.value for state in states]
        query = sa.select(*_COLUMNS).where(MESSAGES.c.org == org, MESSAGES.c.state.in_(wanted))
        with self._engine.connect() as connection:
            return [
                _message(row) for row in connection.execute(query.order_by(MESSAGES.c.number)).all()
            ]

    def sent_since(self, org: str, since: datetime) -> list[JournalledMessage]:
        """The messages that were sent at `since` (aware) or later, in the order in which they were
        planned.
        """
        is_sent = MESSAGES.c.state == MessageState.SENT.value
        query = sa.select(*_COLUMNS).where(MESSAGES.c.org == org, is_sent)
        query = query.where(MESSAGES.c.changed_at >= since).order_by(MESSAGES.c.number)
        with self._engine.connect() as connection:
            return [_message(row) for row in connection.execute(query).all()]

    def letter(self, org: str, key: str) -> Letter | None:
        """The letter to be sent under a key; None where nothing is to be sent any more."""
        columns = (
            MESSAGES.c.key,
            MESSAGES.c.recipient,
            MESSAGES.c.message_id,
            MESSAGES.c.content,
        )
        query = sa.select(*columns).where(MESSAGES.c.org == org, MESSAGES.c.key == key)
        with self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None or row.content is None else Letter(*row)

    def counts(self) -> Mapping[str, int]:
        """How many messages of any org are in each state, by the state's word."""
        query = sa.select(MESSAGES.c.state, sa.func.count()).group_by(MESSAGES.c.state)
        with self._engine.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def _update(
        self, org: str, key: str, *expected: sa.ColumnElement[bool], **values: object
    ) -> bool:
        this = (MESSAGES.c.org == org, MESSAGES.c.key == key, *expected)
        with self._engine.begin() as connection:
            done = connection.execute(sa.update(MESSAGES).where(*this).values(**values))
            return done.rowcount == 1


def perhaps_read(table: sa.Table) -> sa.ColumnElement[bool]:
    """The condition that the message of a note in `table` was sent, or perhaps was."""
    was_sent = MESSAGES.c.state == MessageState.SENT.value
    return _of_message(table, sa.or_(was_sent, MESSAGES.c.handed_over > 0))


def not_in_vain(table: sa.Table) -> sa.ColumnElement[bool]:
    """The condition that the message of a note in `table` was sent, perhaps was, or will be."""
    is_left = MESSAGES.c.state != MessageState.REFUSED.value
    return _of_message(table, sa.or_(is_left, MESSAGES.c.handed_over > 0))


def _of_message(table: sa.Table, fate: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    same = (MESSAGES.c.org == table.c.org, MESSAGES.c.key == table.c.message)
    return sa.exists().where(*same, fate)


def _row(org: str, letter: Letter, at: datetime) -> Mapping[str, object]:
    return {
        "org": org,
        "key": letter.key,
        "recipient": letter.recipient,
        "message_id": letter.message_id,
        "content": letter.content,
        "state": MessageState.PLANNED.value,
        "planned_at": at,
        "changed_at": at,
    }


def _read(connection: sa.Connection, org: str, keys: Collection[str]) -> list[JournalledMessage]:
    found = []
    wanted = sorted(keys)
    for first in range(0, len(wanted), _ASKED_AT_ONCE):
        some = wanted[first : first + _ASKED_AT_ONCE]
        query = sa.select(MESSAGES.c.number, *_COLUMNS)
        query = query.where(MESSAGES.c.org == org, MESSAGES.c.key.in_(some))
        found += [(row[0], _message(row[1:])) for row in connection.execute(query)]
    return [message for _, message in sorted(found, key=lambda each: each[0])]


def _message(row: Sequence[object]) -> JournalledMessage:
    key, recipient, message_id, state, *rest = row
    return JournalledMessage(key, recipient, message_id, MessageState(state), *rest)  # type: ignore[arg-type]
