"""Which runs were there, what did each change, and what became of every change?

The journal is written before the org is: a run and all its changes stand in it as planned, then as
sent, then with their outcomes. It is the only part that knows the database.
"""

from sfsync.journal.enrichment import Filled
from sfsync.journal.exports import Cut
from sfsync.journal.found import Compared, FindingCounts
from sfsync.journal.ids import new_run_id
from sfsync.journal.journal import Journal
from sfsync.journal.lock import JournalLock, is_lockable
from sfsync.journal.lookups import LookedUp, LookupOutcome
from sfsync.journal.pruning import Ages, Pruning
from sfsync.journal.reviews import (
    Review,
    ReviewAnswer,
    ReviewKind,
    ShownCandidate,
    ShownClue,
    ShownValue,
)
from sfsync.journal.totals import JobRecord, Totals
from sfsync.journal.turns import Turns

__all__ = [
    "Ages",
    "Compared",
    "Cut",
    "Filled",
    "FindingCounts",
    "JobRecord",
    "Journal",
    "JournalLock",
    "LookedUp",
    "LookupOutcome",
    "Pruning",
    "Review",
    "ReviewAnswer",
    "ReviewKind",
    "ShownCandidate",
    "ShownClue",
    "ShownValue",
    "Totals",
    "Turns",
    "is_lockable",
    "new_run_id",
]
