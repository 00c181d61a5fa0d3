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
    from sfsync.doctor import Check
    from sfsync.engine.cluster import Dask
    from sfsync.settings import Settings

HERE, DASK = "here", "dask"
_JOB = "hourly"
# Who only looks does not wait as long for a scheduler as who has work for it, in seconds.
_PATIENCE = 10
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


def check_engine(settings: "Settings") -> Iterator["Check"]:
    """Say where partitions are judged, where that is not in this process, and whether it can be
    reached; nothing is begun there.
    """
    from sfsync.doctor import ENGINE, Check, Level

    if settings.engine == HERE:
        return
    scheduler = settings.dask_scheduler
    try:
        _dask()
        if scheduler:
            _reach(scheduler)
    except ConfigError as error:
        yield from (Check(ENGINE, Level.PROBLEM, problem) for problem in error.problems)
    except OSError as error:
        why = getattr(error, "strerror", None) or str(error)
        text = f"no Dask scheduler answers at {scheduler} (SFSYNC_DASK_SCHEDULER): {why}"
        remedy = "check the address, that it runs, and that this machine may reach it"
        yield Check(ENGINE, Level.PROBLEM, text, remedy)
    else:
        who = f"the workers of the Dask scheduler at {scheduler}, which answers"
        text = f"a large org is judged by {who if scheduler else 'processes of this machine'}"
        yield Check(ENGINE, Level.GOOD, text)


def _reach(scheduler: str) -> None:
    """Raise ConfigError or OSError where the Dask scheduler that is set cannot be reached."""
    from sfsync.engine.door import check_address, knock

    check_address(scheduler)
    knock(scheduler, _PATIENCE)


def _dask() -> "type[Dask]":
    """Return the engine of Dask. Raises ConfigError where it is not installed."""
    try:
        from sfsync.engine.cluster import Dask
    except ModuleNotFoundError as error:
        problem = f"--engine dask: {error.name} is not installed: pip install 'sfsync[dask]'"
        raise ConfigError([f"{problem}, or set SFSYNC_ENGINE to here"]) from error
    return Dask


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
    with _dask()(scheduler, workplace.workers or settings.dask_workers) as opened:
        yield opened
        # Where it is a setting it is one for all orgs, small ones too.
        if workplace.engine == DASK and not opened.has_worked:
            complain(_ONE_PART)
