"""In which order is the demo org made?"""

from __future__ import annotations

from random import Random

from demo_data.boundary import add_boundaries
from demo_data.catalogue import add_catalogue
from demo_data.derive import fill_last_activity, fill_potential
from demo_data.leads import add_leads
from demo_data.oddities import add_oddities
from demo_data.org import DemoOrg
from demo_data.people import add_queues, add_users
from demo_data.population import add_population

SEED = 20260615


def build() -> DemoOrg:
    """Make the whole demo org; the same records at every call.

    The boundary accounts come first, so that their ids stay when the population changes.
    """
    org = DemoOrg(Random(SEED))
    add_catalogue(org)
    add_users(org)
    add_queues(org)
    add_boundaries(org)
    quiet = add_population(org)
    add_oddities(org)
    add_leads(org)
    fill_last_activity(org)
    fill_potential(org, quiet)
    return org
