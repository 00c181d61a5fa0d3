"""What did people answer about an account, and what follows from it for the next look-up?"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sfsync.enrich.model import Entry, Match, Scheme
from sfsync.journal import Review, ReviewAnswer

# The company's own site says what it likes; who it is, a register says.
OWN_SITE = "website"


@dataclass(frozen=True, slots=True)
class Heeded:
    """What people answered about an account: which candidate it is, by provider, its numbers; which
    candidates (provider and key) and numbers it is not; and of which doubts without a candidate
    (provider, and why) they want to hear no more.

    The numbers that a website shows may be another's: of its candidates none counts.
    """

    this: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[Scheme, str] = field(default_factory=dict)
    others: frozenset[tuple[str, str]] = frozenset()
    dismissed: frozenset[tuple[str, str]] = frozenset()

    def rejects(self, entry: Entry) -> bool:
        """Tell whether a person said that the company is not this one, by its key or a number."""
        told = {(entry.provider, entry.key)}
        if entry.provider != OWN_SITE:
            told |= {(scheme.value, number) for scheme, number in entry.identifiers.items()}
        return bool(told & self.others)

    def dismisses(self, match: Match) -> bool:
        """Tell whether a person wants to hear no more of a doubt that has no candidate."""
        return not match.candidates and (match.provider, match.why) in self.dismissed


def heeded(reviews: Iterable[Review]) -> Heeded:
    """Gather what people answered to all questions about one account."""
    this: dict[str, str] = {}
    numbers: dict[Scheme, str] = {}
    others: set[tuple[str, str]] = set()
    dismissed: set[tuple[str, str]] = set()
    for review in reviews:
        if review.answer is ReviewAnswer.NONE and not review.candidates:
            dismissed.add((review.provider, review.why))
        for each in review.candidates:
            own = {} if review.provider == OWN_SITE else each.identifiers
            told = {(review.provider, each.key), *own.items()}
            if review.answer is ReviewAnswer.THIS and each.key == review.key:
                this[review.provider] = each.key
                numbers = {Scheme(name): number for name, number in own.items()} or numbers
                others -= told
            elif review.answer is ReviewAnswer.NONE:
                others |= told
    return Heeded(this, numbers, frozenset(others), frozenset(dismissed))
