"""Which matches is a person asked about, and what did they answer?

What was answered stays: "none of these" and "never" hold for ever, so nobody is asked twice.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from sfsync.errors import NotFound
from sfsync.journal.tables import BOOKS, METADATA, RECORD_ID, Instant
from sfsync.model import Value


class ReviewKind(StrEnum):
    """What is asked: whether one of the candidates is the company, or what is to be done with an
    account whose company has ceased, or whose number its register does not know (no candidates).
    """

    MATCH = "match"
    CEASED = "ceased"
    NUMBER = "number"


class ReviewAnswer(StrEnum):
    """What a person said: nothing yet, this candidate, none of these, ask again later, or never
    look this account up.
    """

    OPEN = "open"
    THIS = "this"
    NONE = "none"
    LATER = "later"
    NEVER = "never"


REVIEWS = sa.Table(
    "reviews",
    METADATA,
    # An account may be asked about again; the number keeps the order.
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("org", BOOKS, nullable=False),
    sa.Column("account", RECORD_ID, nullable=False),
    sa.Column("provider", sa.String(80), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("candidates", sa.Text, nullable=False),
    sa.Column("asked_at", Instant, nullable=False),
    sa.Column("answer", sa.String(16), nullable=False),
    # The candidate that it is, where that was the answer.
    sa.Column("key", sa.String(255), nullable=False, default=""),
    sa.Column("answered_at", Instant),
    sa.Column("until", sa.Date),
    sa.Index("reviews_of_account", "org", "account"),
)


@dataclass(frozen=True, slots=True)
class ShownClue:
    """One comparison as it is shown: what was compared, both sides, and how it speaks (`for`,
    `against`, `silent`), with its points (0 to 100).
    """

    of: str
    ours: str
    theirs: str
    agreement: str
    points: float = 0.0


@dataclass(frozen=True, slots=True)
class ShownValue:
    """A value that a company's entry gives: which item, what, and of when (`2023`, or "")."""

    item: str
    value: Value
    as_of: str = ""


@dataclass(frozen=True, slots=True)
class ShownCandidate:
    """A company that may be the account's, as it is shown: its key and page at the provider, name,
    town, score (0 to 100), whether it still trades, its numbers by register, every clue, and what
    its entry gives.
    """

    key: str
    url: str
    name: str
    town: str = ""
    standing: str = ""
    score: float = 0.0
    identifiers: Mapping[str, str] = field(default_factory=dict)
    clues: tuple[ShownClue, ...] = ()
    values: tuple[ShownValue, ...] = ()


@dataclass(frozen=True, slots=True)
class Review:
    """A question to a person about an account, and the answer: `key` names the candidate that it
    is, `until` the day from which it may be asked again (of `later`). Times are UTC.
    """

    account: str
    provider: str
    kind: ReviewKind
    why: str
    candidates: tuple[ShownCandidate, ...]
    asked_at: datetime
    answer: ReviewAnswer = ReviewAnswer.OPEN
    key: str = ""
    answered_at: datetime | None = None
    until: date | None = None


class Reviews:
    """The questions about accounts, at most one open for each. Each method is one transaction."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def ask(self, org: str, review: Review) -> None:
        """Ask about an account, in the place of what is asked already. The same candidates for the
        same reason stay the question that they are; what they give is kept up to date.
        """
        with self._engine.begin() as connection:
            known = _read(connection, org, _is_open(org, review.account))
            if known and _same(known[0][1], review):
                newer = {"candidates": _row(org, review)["candidates"]}
                this = REVIEWS.c.number == known[0][0]
                connection.execute(sa.update(REVIEWS).where(this).values(**newer))
                return
            connection.execute(sa.delete(REVIEWS).where(*_is_open(org, review.account)))
            connection.execute(sa.insert(REVIEWS).values(**_row(org, review)))

    def withdraw(self, org: str, account: str) -> None:
        """Ask no longer about an account; what was answered stays."""
        with self._engine.begin() as connection:
            connection.execute(sa.delete(REVIEWS).where(*_is_open(org, account)))

    def answer(
        self,
        org: str,
        account: str,
        answer: ReviewAnswer,
        at: datetime,
        *,
        key: str = "",
        until: date | None = None,
    ) -> Review:
        """Note what a person answered at `at` (aware), and return the review as it is now.

        What is answered is the open question; where there is none, the answer to the last one is
        changed. `key` names the candidate of `this`, `until` the day of `later`. Raises NotFound
        where nothing was ever asked about the account, or no candidate has that key; ValueError
        where the answer lacks what belongs to it.
        """
        if (answer is ReviewAnswer.THIS) != bool(key) or (answer is ReviewAnswer.LATER) != bool(
            until
        ):
            raise ValueError(f"{answer}: `this` needs a key, `later` a day, the others neither")
        with self._engine.begin() as connection:
            asked = _read(connection, org, [REVIEWS.c.account == account])
            if not asked:
                raise NotFound(
                    f"nothing is asked about {account}: `sfsync enrich review` lists what is"
                )
            number, review = asked[-1]
            keys = [each.key for each in review.candidates]
            if key and key not in keys:
                raise NotFound(f"{account} has no candidate {key}: there is {', '.join(keys)}")
            values = {"answer": answer.value, "key": key, "answered_at": at, "until": until}
            connection.execute(
                sa.update(REVIEWS).where(REVIEWS.c.number == number).values(**values)
            )
            return _read(connection, org, [REVIEWS.c.number == number])[0][1]

    def open(self, org: str) -> tuple[Review, ...]:
        """What is asked and not answered, in the order in which it was asked."""
        return self._where(org, REVIEWS.c.answer == ReviewAnswer.OPEN.value)

    def all(self, org: str, account: str | None = None) -> tuple[Review, ...]:
        """All that was ever asked, of one account or of every one, in the order of asking."""
        return self._where(org, *([] if account is None else [REVIEWS.c.account == account]))

    def _where(self, org: str, *conditions: sa.ColumnElement[bool]) -> tuple[Review, ...]:
        with self._engine.connect() as connection:
            return tuple(review for _, review in _read(connection, org, conditions))


def _is_open(org: str, account: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        REVIEWS.c.org == org,
        REVIEWS.c.account == account,
        REVIEWS.c.answer == ReviewAnswer.OPEN.value,
    )


def _same(known: Review, new: Review) -> bool:
    return _asked(known) == _asked(new)


def _asked(review: Review) -> tuple[object, ...]:
    """Return what makes a question this one: not the values of the candidates, which change."""
    candidates = tuple(replace(each, values=()) for each in review.candidates)
    return review.provider, review.kind, review.why, candidates


def _row(org: str, review: Review) -> Mapping[str, object]:
    return {
        "org": org,
        "account": review.account,
        "provider": review.provider,
        "kind": review.kind.value,
        "why": review.why,
        "candidates": json.dumps([asdict(each) for each in review.candidates]),
        "asked_at": review.asked_at,
        "answer": review.answer.value,
        "key": review.key,
        "answered_at": review.answered_at,
        "until": review.until,
    }


def _read(
    connection: sa.Connection, org: str, conditions: Sequence[sa.ColumnElement[bool]]
) -> list[tuple[int, Review]]:
    query = sa.select(REVIEWS).where(REVIEWS.c.org == org, *conditions).order_by(REVIEWS.c.number)
    return [(row.number, _review(row)) for row in connection.execute(query)]


def _review(row: sa.Row[Any]) -> Review:
    return Review(
        row.account,
        row.provider,
        ReviewKind(row.kind),
        row.why,
        tuple(_candidate(each) for each in json.loads(row.candidates)),
        row.asked_at,
        ReviewAnswer(row.answer),
        row.key,
        row.answered_at,
        row.until,
    )


def _candidate(data: Mapping[str, Any]) -> ShownCandidate:
    clues = tuple(ShownClue(**each) for each in data["clues"])
    values = tuple(ShownValue(**each) for each in data.get("values", ()))
    return ShownCandidate(**{**data, "clues": clues, "values": values})
