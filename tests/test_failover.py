"""Does the other machine go on when the one that runs jobs is killed in the midst of writing?

The same as `scripts/failover.py`, which tells how long it takes, with fewer deaths.
"""

from pathlib import Path

from failover import failover
from postgres_server import Server


def test_the_other_machine_goes_on_and_the_books_agree_with_the_org(
    tmp_path: Path, postgresql: Server
) -> None:
    told = failover(tmp_path, postgresql.new(), times=3, grace=1.0, seed=1)
    assert told["amiss"] == []
