"""What is true of each record at the moment judged?

Facts are small functions from a `Look` (a snapshot under a policy) to a column, found by the name
that rules use. A new fact is one function with the `fact` decorator in one of these modules.
"""

from sfsync.facts import (
    activity,
    commit,
    contact,
    deals,
    entry,
    lead,
    opportunity,
    owners,
    pause,
    people,
)
from sfsync.facts.look import FACTS, FactSpec, Look, ObjectLook, state_codes

__all__ = [
    "FACTS",
    "FactSpec",
    "Look",
    "ObjectLook",
    "activity",
    "commit",
    "contact",
    "deals",
    "entry",
    "lead",
    "opportunity",
    "owners",
    "pause",
    "people",
    "state_codes",
]
