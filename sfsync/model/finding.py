"""What must a person look at, and since when?"""

from dataclasses import dataclass
from datetime import date, datetime

from sfsync.model.change import Evidence
from sfsync.model.pickled import pickled_by_fields


@pickled_by_fields
@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a person must look at; its identity is (code, object, id)."""

    code: str
    object: str
    id: str
    name: str
    owner_id: str | None
    message: str
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenFinding:
    """A finding as the journal keeps it: since when, until when, and what is at stake.

    `first_seen` begins its present spell, `last_seen` is the last pass that found it (UTC).
    `amount` is the opportunity's, or the sum of the account's open ones. `returned`: it had been
    solved before. `solved_at`: the pass that found it no more; None while it is open. Before the
    day `snoozed_until` or `waived_until` it is not shown; `why` says for what reason it is waived.
    """

    finding: Finding
    first_seen: datetime
    last_seen: datetime
    amount: float | None = None
    returned: bool = False
    solved_at: datetime | None = None
    snoozed_until: date | None = None
    waived_until: date | None = None
    why: str = ""

    def is_hidden(self, on: date) -> bool:
        """Tell whether it is snoozed or waived on that day."""
        return any(
            until is not None and on < until for until in (self.snoozed_until, self.waived_until)
        )
