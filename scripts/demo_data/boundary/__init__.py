"""Which accounts show a rule at its edge?"""

from __future__ import annotations

from demo_data.boundary.idle import add_idle
from demo_data.boundary.losses import add_losses
from demo_data.boundary.openings import add_openings
from demo_data.boundary.pauses import add_pauses
from demo_data.boundary.pools import add_pools
from demo_data.boundary.subscriptions import add_subscriptions
from demo_data.boundary.wins import add_wins
from demo_data.org import DemoOrg


def add_boundaries(org: DemoOrg) -> None:
    """Add every boundary account, by topic, in the order of the table in the README."""
    for add in (
        add_wins,
        add_openings,
        add_subscriptions,
        add_losses,
        add_idle,
        add_pauses,
        add_pools,
    ):
        add(org)
