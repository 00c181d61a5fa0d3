"""In which order is a source asked about one company, and when is that enough?

A provider gives its questions one after the other, the surest first; the next is asked only where
the answer before it led to nothing. No company costs more than three requests.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from dataclasses import dataclass, field
from itertools import islice

from sfsync.enrich.answers import json_of
from sfsync.enrich.matching import weigh
from sfsync.enrich.model import Company, Entry, Match
from sfsync.enrich.provider import Answer, Web, Worth
from sfsync.errors import LookupFailed, SourceUnavailable

MOST_REQUESTS = 3
_NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class Question:
    """One request; `by_number`: it asks for one company by its number, so an answer is the last."""

    url: str
    params: Mapping[str, str] = field(default_factory=dict)
    by_number: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """What a source answered; `total` is how many entries it would have if it gave all, None where
    that does not matter.
    """

    entries: tuple[Entry, ...]
    total: int | None = None
    is_last: bool = False

    @classmethod
    def of_page(cls, entries: tuple[Entry, ...], given: int, total: int | None) -> "Reply":
        """Make a reply of a page of `given` hits of `total`: what was read and is no entry (ghosts,
        funds, a company's second establishment) is not one that was not seen.
        """
        unseen = max((total or 0) - given, 0)
        return cls(entries, len(entries) + unseen)


@dataclass(frozen=True, slots=True)
class Asker:
    """The way of one provider to the web.

    `title` names the source in messages, `headers` and `key` are those of `Web.get`.
    """

    web: Web
    provider: str
    title: str
    headers: Mapping[str, str] = field(default_factory=dict)
    key: str = ""

    def ask(self, question: Question) -> object | None:
        """Return the answer, parsed from JSON; None where the source says that there is nothing.

        Raises LookupFailed where it is no JSON.
        """
        answer = self.web.get(self.provider, question.url, question.params, self.headers, self.key)
        return None if answer.status == _NOT_FOUND else json_of(self.title, answer)

    def replies(
        self, questions: Iterable[Question], read: Callable[[object], Reply]
    ) -> Iterator[Reply]:
        """Ask one after the other, no more than three; what is not found gives no reply."""
        for question in islice(questions, MOST_REQUESTS):
            answer = self.ask(question)
            if answer is not None:
                reply = read(answer)
                is_last = question.by_number and bool(reply.entries)
                yield Reply(reply.entries, reply.total, is_last)


def first_match(company: Company, replies: Iterable[Reply]) -> Match | None:
    """Return the first match that the replies lead to. Of an iterator no more is taken than needed:
    where a number gave an entry that is no match, another company is not looked for.
    """
    for reply in replies:
        if match := weigh(company, reply.entries, total=reply.total):
            return match
        if reply.is_last:
            return None
    return None


def may_know(countries: frozenset[str], company: Company) -> bool:
    """Tell whether a source of these countries may know a company by its name; it may where no
    country is known.
    """
    return not company.country or company.country in countries


def worth_of(title: str, read: Callable[[object], Sized]) -> Callable[[Answer], Worth]:
    """Make the `worth` of a provider from what reads its answers: an answer in which nothing is
    found is kept as nothing, and one that is not the source's own form is a ValueError.
    """

    def worth(answer: Answer) -> Worth:
        if answer.status == _NOT_FOUND:
            return Worth.NOTHING
        try:
            return Worth.ANSWER if len(read(json_of(title, answer))) else Worth.NOTHING
        except SourceUnavailable:
            return Worth.LATER
        except LookupFailed as error:
            raise ValueError(str(error)) from error

    return worth
