"""Which cleanups can be run by name?"""

from sfsync.jobs.cleanup import (
    backfill_timestamps,
    close_stale,
    fix_stages,
    merge_duplicates,
    normalise,
    reassign_owners,
    recompute,
)
from sfsync.jobs.cleanup.cleanup import CLEANUPS, Cleanup, Option, Part, Wishes
from sfsync.jobs.cleanup.plan import plan_cleanup

_ALL = (
    *(backfill_timestamps, close_stale, fix_stages, merge_duplicates, normalise, reassign_owners),
    recompute,
)
for _each in _ALL:
    CLEANUPS.add(_each.CLEANUP.name, _each.CLEANUP)

__all__ = ["CLEANUPS", "Cleanup", "Option", "Part", "Wishes", "plan_cleanup"]
