"""Is the service well, and how does who watches it from outside see that?"""

from sfsync.health.expected import Expected, expected
from sfsync.health.reading import read_health
from sfsync.health.state import GOOD_CODES, Health, Healths, JobHealth, OpenTurn, OrgHealth

__all__ = [
    "GOOD_CODES",
    "Expected",
    "Health",
    "Healths",
    "JobHealth",
    "OpenTurn",
    "OrgHealth",
    "expected",
    "read_health",
]
