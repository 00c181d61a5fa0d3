"""Where does a command let the partitions of a large org be judged?"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from sfsync.cli.logs import complain
from sfsync.cli.opening import Opened
from sfsync.cli.options import Workplace
from sfsync.engine import Engine, Here
from sfsync.errors import ConfigError, Misused

if TYPE_CHECKING:
    from sfsync.settings import Settings

HERE, DASK = "here", "dask"
_JOB = "hourly"
_ONE_PART = (
    "--engine dask: this org is one partition (partitions.above in sfsync.yaml), which this process"
    " judged itself"
)


@contextmanager
def at_work(job: str, at: Opened, workplace: Workplace) -> Iterator[Opened]:
    """Give what is open the engine that options or settings name, while something is planned.

    Raises Misused for options that do not go together or are not of this job, ConfigError where
    Dask is not installed or its machines have other versions, EngineFailed where they are out of
    reach.
    """
    if job != _JOB:
        check_idle(job, workplace)
        yield at
        return
    with engine_of(workplace, at.setting.settings) as engine:
        yield replace(at, services=replace(at.services, engine=engine))


def check_idle(job: str, workplace: Workplace) -> None:
    """Raise Misused where a job was told to work elsewhere that does all itself."""
    said = (workplace.engine, workplace.scheduler, workplace.workers)
    if any(each is not None for each in said):
        told = f"--engine, --scheduler and --workers are of the job {_JOB}"
        raise Misused(f"{told}, and {job} does all in one process")


@contextmanager
def engine_of(workplace: Workplace, settings: "Settings") -> Iterator[Engine]:
    """Open the engine that options, else settings, name. Raises as `at_work`."""
    engine = workplace.engine or settings.engine
    if engine == HERE:
        if workplace.scheduler is not None or workplace.workers is not None:
            raise Misused("--scheduler and --workers are of --engine dask")
        yield Here()
        return
    scheduler = settings.dask_scheduler if workplace.scheduler is None else workplace.scheduler
    if scheduler and workplace.workers is not None:
        raise Misused(
            f"--workers begins processes of this machine, but the Dask scheduler {scheduler} has"
            " workers of its own: leave it out, or --scheduler"
        )
    try:
        from sfsync.engine.cluster import Dask
    except ModuleNotFoundError as error:
        problem = f"--engine dask: {error.name} is not installed: pip install 'sfsync[dask]'"
        raise ConfigError([problem]) from error
    with Dask(scheduler, workplace.workers or settings.dask_workers) as opened:
        yield opened
        # Where it is a setting it is one for all orgs, small ones too.
        if workplace.engine == DASK and not opened.has_worked:
            complain(_ONE_PART)
