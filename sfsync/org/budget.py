"""How many of the org's API requests are left, and how many of them to others?"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sfsync.errors import ReserveKept

if TYPE_CHECKING:
    from sfsync.org import OrgReader


@dataclass(frozen=True, slots=True)
class Budget:
    """The org's API requests of the rolling 24 hours: how many are used, of how many."""

    used: int
    total: int

    @property
    def left(self) -> int:
        """Requests that may still be made; never below 0, though an org may overshoot a little."""
        return max(0, self.total - self.used)

    def kept(self, reserve: float) -> int:
        """Requests that are kept for others, a share of all."""
        return int(self.total * reserve)


def told(budget: Budget, reserve: float) -> str:
    """Say how many requests are left, and how many of all are kept for others."""
    return (
        f"the org has {budget.left} of {budget.total} API calls left today, and"
        f" {budget.kept(reserve)} are kept for others (limits.api_reserve)"
    )


def keep_reserve(org: "OrgReader", reserve: float) -> None:
    """Raise ReserveKept where what is left of the day's API calls, a share, is for others."""
    usage = org.usage()
    if usage is not None and usage.left < usage.kept(reserve):
        raise ReserveKept(
            f"{told(usage, reserve)}: go on when some are free again (Setup, System Overview)"
        )
