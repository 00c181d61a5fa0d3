"""How much of what is in Commit rests on deals that lack something?"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sfsync.model import OpenFinding


@dataclass(frozen=True, slots=True)
class Commitment:
    """An opportunity in Commit: its amount in `currency` (empty: the org's only one), None where
    nobody filled it in; and whether it lacks nothing.
    """

    id: str
    owner_id: str | None
    amount: float | None
    currency: str
    is_complete: bool = True


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is in Commit in one currency, and how much of it is in deals that lack something."""

    currency: str
    total: float
    incomplete: float

    @property
    def share(self) -> float:
        """The incomplete part of the whole, from 0 to 1."""
        return self.incomplete / self.total


def forecasts_of(commitments: Sequence[Commitment]) -> tuple[Forecast, ...]:
    """Add up by currency, the largest sum first; a currency without an amount is left out."""
    sums: dict[str, list[float]] = {}
    for each in commitments:
        both = sums.setdefault(each.currency, [0.0, 0.0])
        both[0] += each.amount or 0.0
        both[1] += 0.0 if each.is_complete else each.amount or 0.0
    found = (Forecast(currency, *both) for currency, both in sums.items() if both[0] > 0)
    return tuple(sorted(found, key=lambda each: (-each.total, each.currency)))


def incomplete_ids(
    found: Iterable[OpenFinding], codes: Collection[str], today: date
) -> frozenset[str]:
    """Return the Ids of the records of which one of the codes is open and not waived today.

    One that is snoozed is missing all the same.
    """
    return frozenset(
        each.finding.id
        for each in found
        if each.finding.code in codes
        and each.solved_at is None
        and not (each.waived_until is not None and today < each.waived_until)
    )
