"""What is a provider, and what may it ask of the web?

A provider is one file in this folder: it registers itself in PROVIDERS, and its `look_up` asks its
source about one company. It never writes, decides nothing about fields, and does not guess:
`sfsync.enrich.matching` weighs the entries that it read.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from sfsync.enrich.model import Company, Match
from sfsync.errors import LookupFailed
from sfsync.registry import Registry


@dataclass(frozen=True, slots=True)
class Answer:
    """What a source answered: HTTP status, body, the address it came from and when it was fetched
    (aware UTC; of a cached one, when it was fetched first).
    """

    status: int
    body: bytes
    url: str
    fetched_at: datetime
    content_type: str = ""

    def json(self) -> Any:
        """Read the body as JSON. Raises ValueError where it is none, or nested too deeply."""
        try:
            return json.loads(self.body)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error


class Worth(StrEnum):
    """What an answer is worth: it decides how long it is kept."""

    ANSWER = "answer"
    NOTHING = "nothing"
    """The source knows of no such company."""
    LATER = "later"
    """Temporary trouble that came with status 200: asked once more, never kept."""


def worth_by_status(answer: Answer) -> Worth:
    """Judge an answer of a source that says 404 where it has nothing, and means all else."""
    return Worth.NOTHING if answer.status == 404 else Worth.ANSWER


def unchanged(answer: Answer) -> Answer:
    """Keep an answer as it is: the source has companies only."""
    return answer


class Moved(LookupFailed):
    """A website leads to another one: the company moved, was bought, or lost its name."""


class Web(Protocol):
    """The door to public sources, as a provider sees it; quotas, pauses, cache and the recorded
    answers of the demo are behind it.

    Both methods raise SourceUnavailable where the source cannot be used for now (its quota is
    spent, it is down, it refuses us), and LookupFailed where this one question cannot be answered.
    """

    def get(
        self,
        provider: str,
        url: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        key: str = "",
    ) -> Answer:
        """Ask a source that is known. Statuses 200 and 404 come back, all others raise.

        `headers` may hold a key; neither it nor what is behind `key` (the user name of HTTP Basic)
        is logged or kept.
        """

    def page(self, url: str) -> Answer:
        """Read a page of a stranger's website, with every care (section of docs/enrich.md).

        Raises LookupFailed where it may not be read, or is no page; Moved, which is one too, where
        it leads to another company's site.
        """


@dataclass(frozen=True, slots=True)
class Quota:
    """How often a source may be asked: requests a second at each of its hosts."""

    per_second: float
    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Provider:
    """A public source of company data, and how it is asked.

    `key` names the setting that holds its key, "" where it needs none. `keeps_days` is how long its
    answers stay fresh, `keeps_nothing_days` how long "nothing found" does; `worth` says which are
    that, and raises ValueError for what is no answer of the source at all. `look_up` gives None
    where the source has nothing; it gets the key's value, "" where none is needed.
    `redact` leaves away what an answer says of people, before anybody keeps or reads it.
    `needs_contact`: it is asked only where the user agent holds an address.
    """

    name: str
    title: str
    home: str
    licence: str
    attribution: str
    quota: Quota
    look_up: Callable[[Company, Web, str], Match | None]
    key: str = ""
    countries: frozenset[str] = field(default_factory=frozenset)
    keeps_days: float = 30
    keeps_nothing_days: float = 7
    worth: Callable[[Answer], Worth] = worth_by_status
    redact: Callable[[Answer], Answer] = unchanged
    needs_contact: bool = False


PROVIDERS: Registry[Provider] = Registry("provider")
