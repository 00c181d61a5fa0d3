"""What does a pass look up while it is still signing in?"""

from dataclasses import dataclass
from typing import Self

from sfsync.beside import Started
from sfsync.extract import Ahead, Known, look_ahead
from sfsync.journal import Journal
from sfsync.policy import Policy
from sfsync.store import Store


@dataclass(frozen=True, slots=True)
class Early:
    """What the org said when it was last read (`ahead`), and what is `known` of earlier passes;
    None of an org that is judged in partitions, each of which has its own, and where nothing is
    kept.
    """

    ahead: Ahead
    known: Started[Known | None]

    @classmethod
    def of(cls, store: Store, journal: Journal, policy: Policy, books: str) -> Self:
        """Start to look it up. What others write to the journal from now on is not in it: a run
        looks up under its lock.
        """
        ahead = look_ahead(store, policy)

        def known() -> Known | None:
            kept = ahead.kept.result()
            is_one = kept is not None and kept.shards == 1
            return known_of(journal, policy, books) if is_one else None

        return cls(ahead, Started(known))

    def over(self) -> None:
        """Wait until nothing more is looked up, whatever came of it."""
        for each in (self.ahead.framed, self.known):
            each.over()


def known_of(journal: Journal, policy: Policy, books: str) -> Known:
    """Return what the journal knows of earlier passes of an org."""
    return journal.previous_pass(books), journal.own_writes(books, policy.state_fields())
