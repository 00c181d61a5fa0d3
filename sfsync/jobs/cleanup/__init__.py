"""Which cleanups can be run by name?"""

from sfsync.jobs.cleanup import (
    backfill_timestamps,
    close_stale,
    fix_stages,
    normalise,
    reassign_owners,
    recompute,
)
from sfsync.jobs.cleanup.cleanup import CLEANUPS, Cleanup, Option, Part, Wishes, plan_cleanup

for _each in (backfill_timestamps, close_stale, fix_stages, normalise, reassign_owners, recompute):
    CLEANUPS.add(_each.CLEANUP.name, _each.CLEANUP)

__all__ = ["CLEANUPS", "Cleanup", "Option", "Part", "Wishes", "plan_cleanup"]
