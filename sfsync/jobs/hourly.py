"""What does the sales loop ask for, right now?"""

from datetime import UTC, datetime

from sfsync.calendar import latest
from sfsync.duplicates import likely_duplicates
from sfsync.extract import Approach, Known, approach, seen
from sfsync.facts import Look
from sfsync.jobs.early import known_of
from sfsync.jobs.job import JOBS, Planned, Services
from sfsync.jobs.judged import judged
from sfsync.jobs.merging import merged, terms_of
from sfsync.jobs.parting import parted
from sfsync.jobs.partition import judge_part
from sfsync.jobs.unsaid import Sought
from sfsync.store import let_tables_go

NAME = "hourly"


def read(services: Services, way: Approach | None = None) -> Look:
    """Read the org as the rules need it, with what the journal knows of earlier runs.

    Raises Stopped where that takes more API calls than the org can spare.
    """
    policy, early = services.policy, services.early

    def known() -> Known:
        looked_up = early.known.result() if early is not None else None
        return looked_up or known_of(services.journal, policy, services.books)

    way = way or way_to_read(services)
    snapshot, keep = seen(services.org, policy, services.now, way, known)
    services.meanwhile(keep)
    return Look(snapshot, policy)


def way_to_read(services: Services) -> Approach:
    """Decide how to read the org. Raises Stopped where the org cannot spare the API calls."""
    org, policy, read_at = services.org, services.policy, services.clock()
    whole_since = latest(policy.reading.whole_after, read_at, org.zone)
    if services.whole:
        whole_since = datetime.max.replace(tzinfo=UTC)
    ahead = services.early.ahead if services.early is not None else None
    return approach(org, policy, read_at, services.store, whole_since=whole_since, ahead=ahead)


@JOBS.named(NAME)
def hourly(services: Services) -> Planned:
    """Judge every account and opportunity by the rules, and plan what they ask for, tasks
    included. A large org is judged partition by partition.
    """
    way = way_to_read(services)
    if way.shards > 1:
        return planned_by_parts(services, way)
    return planned(services, read(services, way), way.read_at)


def planned(services: Services, look: Look, read_at: datetime) -> Planned:
    """Plan what the rules ask for, of an org that was read when its clock said `read_at`."""
    reviews = services.journal.reviews.open(services.books)
    # To compare all records takes a while, and nothing that is written rests on it.
    alike = Sought(lambda: likely_duplicates(look))
    only = judged(look, terms_of(services, read_at), reviews)
    return merged([only], services, read_at, look.snapshot.missing, alike)


def planned_by_parts(services: Services, way: Approach) -> Planned:
    """Plan what the rules ask for, of an org that is too large to be looked at as a whole."""
    let_tables_go()
    with parted(services, way) as org:
        done = services.engine.each(judge_part, org.parts)
        return merged(done, services, way.read_at, way.missing, org.alike, org.folder)
