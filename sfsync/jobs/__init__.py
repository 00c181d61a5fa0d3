"""What can be run by name?

A job turns what it reads into a plan; that is all it does. A new one is a file in this folder, with
the `JOBS.named` decorator, and a line here.
"""

from sfsync.jobs import hourly
from sfsync.jobs.early import Early
from sfsync.jobs.job import JOBS, Planned, Services, Sources, plan_job
from sfsync.jobs.run import (
    Ran,
    foresee_findings,
    locked,
    run_planned,
    settle_before,
    stops_entered,
)


@JOBS.named("enrich")
def _enrich(services: Services) -> Planned:
    # Its libraries take a while to import: whoever runs another job does not wait for them.
    from sfsync.jobs.enrich import enrich

    return enrich(services)


__all__ = [
    "JOBS",
    "Early",
    "Planned",
    "Ran",
    "Services",
    "Sources",
    "foresee_findings",
    "hourly",
    "locked",
    "plan_job",
    "run_planned",
    "settle_before",
    "stops_entered",
]
