"""Which cleanups can be run by name?"""

from sfsync.jobs.cleanup import backfill_timestamps
from sfsync.jobs.cleanup.cleanup import CLEANUPS, Cleanup, Option, Part, plan_cleanup

for _each in (backfill_timestamps,):
    CLEANUPS.add(_each.CLEANUP.name, _each.CLEANUP)

__all__ = ["CLEANUPS", "Cleanup", "Option", "Part", "plan_cleanup"]
