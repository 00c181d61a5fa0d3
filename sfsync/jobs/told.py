"""What do logs say of a run's beginning and end?"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from sfsync.errors import JournalError, SfsyncError
from sfsync.jobs.job import Services
from sfsync.journal import Journal
from sfsync.logs import logs_tell_of
from sfsync.model import Plan, Run

logger = logging.getLogger(__name__)


@contextmanager
def told_as(run: Run, plan: Plan, services: Services) -> Iterator[None]:
    """Let logs tell of a run that begins, and, when what is done within is over, of its end; enter
    then how long it took, and how many API calls the org has left.
    """
    with logs_tell_of(run=run.id, job=run.job):
        changes = len(plan.changes)
        logger.info("run %s begins: %d changes", run.id, changes, extra={"planned": changes})
        try:
            yield
        except JournalError:
            # What it cannot take it cannot tell either.
            raise
        except SfsyncError as error:
            tell_end(run, services, error)
            raise
        tell_end(run, services)


def tell_end(run: Run, services: Services, error: SfsyncError | None = None) -> None:
    """Let logs tell how a run ended, by what the journal says of it now."""
    journal, usage = services.journal, services.org.usage()
    seconds = (services.wall() - (services.begun or run.started)).total_seconds()
    left = None if usage is None else usage.left
    journal.totals.end(run.id, seconds, left, None if usage is None else usage.total)
    now = journal.run(run.id)
    told = {
        "run": run.id,
        "job": run.job,
        "state": str(now.state),
        "counts": dict(now.counts),
        "causes": _causes(run.id, journal),
        "seconds": seconds,
        "api_calls": services.org.calls,
        "api_left": left,
    }
    if error is not None:
        told["error"] = error.logged
    words = ", ".join(f"{number} {state}" for state, number in sorted(now.counts.items()))
    logger.info("run %s %s: %s", run.id, now.state, words or "nothing to do", extra=told)


def _causes(run_id: str, journal: Journal) -> dict[str, dict[str, int]]:
    return {cause: dict(counts) for cause, counts in journal.totals.of_run(run_id).items()}
