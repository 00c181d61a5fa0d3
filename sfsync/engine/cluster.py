"""How is the same work done for every part on the workers of a Dask cluster?

A worker that dies is survived: what it had not given yet is done again by another one.
"""

import logging
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from itertools import islice
from types import TracebackType
from typing import Any, Self, TypeVar

from distributed import CancelledError, Client, Future, KilledWorker, wait
from distributed.versions import VersionMismatchWarning

from sfsync.engine.door import check_address, knock
from sfsync.engine.local import local_cluster
from sfsync.engine.versions import differing, other_versions, versions_here
from sfsync.errors import ConfigError, EngineFailed

logger = logging.getLogger(__name__)

Part = TypeVar("Part")
Done = TypeVar("Done")

CONNECT_SECONDS = 20
# Machines that begin when there is work, as clouds have them, take some minutes.
WORKERS_SECONDS = 300
_OWN_WORKERS_SECONDS = 60
_LOOK_SECONDS = 2
# Of each thread one part is at work and one is waiting: results pile up no higher than that.
_AHEAD = 2
_LOST = (OSError, CancelledError)
_NOTHING_WRITTEN = "nothing was written"
_MEMORY = (
    "Mostly they lack memory: see the system's log, and have fewer of them (--workers), more"
    " memory, or smaller parts"
)


class Dask:
    """Works on a Dask cluster: that of the `scheduler` named by its address, else one of this
    machine's own, which begins with the first part.

    To be entered as a context, which connects; leaving it ends what was begun.
    """

    def __init__(
        self,
        scheduler: str = "",
        workers: int | None = None,
        *,
        connect_seconds: float = CONNECT_SECONDS,
        workers_seconds: float = WORKERS_SECONDS,
    ) -> None:
        """`workers` is how many processes a cluster of our own has; None: one a processor. So many
        seconds the scheduler, and then workers at it, are waited for. Raises ConfigError for a
        scheduler that is no address.
        """
        if scheduler:
            check_address(scheduler)
        self._scheduler = scheduler
        self._workers = workers
        self._connect_seconds = connect_seconds
        self._workers_seconds = workers_seconds
        self._client: Client | None = None
        self._open = ExitStack()
        self._known: frozenset[str] = frozenset()
        self._seen_at = 0.0
        self.has_worked = False

    def __enter__(self) -> Self:
        """Connect to the scheduler that is named. Raises EngineFailed where it does not answer or
        has no workers, ConfigError where these have other versions than this process.
        """
        if self._scheduler:
            try:
                knock(self._scheduler, self._connect_seconds)
            except OSError as error:
                raise self._unreached(error) from error
            with self._open:
                self._connect(self._scheduler)
                self._open = self._open.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the cluster; one of our own ends."""
        self._client = None
        self._open.close()

    def each(self, work: Callable[[Part], Done], parts: Sequence[Part]) -> Iterator[Done]:
        """Yield what the work gives, in the order of the parts; what it raises is raised here.

        Only so many parts are under way that the workers have something to do. Raises EngineFailed
        where the scheduler or all workers are gone, and where workers die over the same part again
        and again.
        """
        self.has_worked = True
        client = self._client or self._begin()
        doing = partial(done_by_worker, work, versions_here())
        numbers = iter(range(len(parts)))
        under_way: deque[tuple[int, Future[Any]]] = deque()
        self._seen_at = time.monotonic()
        try:
            while True:
                with self._lost_is_told():
                    # One is asked for even while there is no worker: who waits for it is told.
                    most = max(_AHEAD * self._threads(client), 1)
                    for number in islice(numbers, max(most - len(under_way), 0)):
                        future = client.submit(doing, parts[number], pure=False, priority=-number)
                        under_way.append((number, future))
                if not under_way:
                    return
                number, future = under_way.popleft()
                done = self._taken(client, future, f"part {number + 1} of {len(parts)}")
                # A worker keeps a result for as long as somebody here could ask for it.
                del future
                yield done
        finally:
            if under_way and client.status == "running":
                client.cancel([future for _, future in under_way])

    def _begin(self) -> Client:
        """Start a cluster of our own."""
        with _quiet():
            try:
                cluster = self._open.enter_context(local_cluster(self._workers))
            except (RuntimeError, OSError) as error:
                told = "the workers of this machine could not be begun"
                raise EngineFailed(f"--engine dask: {told}: {error}. {_MEMORY}") from error
        return self._connect(cluster)

    def _connect(self, to: Any) -> Client:
        try:
            with _quiet():
                client = Client(to, timeout=self._connect_seconds, set_as_default=False)
        except OSError as error:
            raise self._unreached(error) from error
        self._client = self._open.enter_context(client)
        with self._lost_is_told():
            self._await_workers(client)
            problems = list(other_versions(client))
        if problems:
            raise ConfigError(problems)
        return client

    def _unreached(self, error: OSError) -> EngineFailed:
        return EngineFailed(
            f"--engine dask: no Dask scheduler answers at {self._scheduler}:"
            f" {error.strerror or error}. Nothing was read or written: check the address, that it"
            " runs, and that this machine may reach it"
        )

    def _await_workers(self, client: Client) -> None:
        """Raises EngineFailed where no worker comes in time."""
        self._seen_at = time.monotonic()
        if not self._threads(client):
            told = "no worker yet at the Dask scheduler %s: one is waited for, %g seconds at most"
            logger.warning(told, self._scheduler, self._workers_seconds)
        while not self._threads(client):
            time.sleep(min(_LOOK_SECONDS, self._workers_seconds))

    def _threads(self, client: Client) -> int:
        """Count the threads of the workers, and tell of workers that are gone. Raises EngineFailed
        where none was seen for too long.
        """
        threads: Mapping[str, int] = client.nthreads()
        for gone in sorted(self._known - threads.keys()):
            logger.warning("the worker %s is gone: what it was at is done again by another", gone)
        self._known = frozenset(threads)
        now = time.monotonic()
        if threads:
            self._seen_at = now
        elif not self._scheduler and now - self._seen_at > _OWN_WORKERS_SECONDS:
            # Dask gives up on one that dies as soon as it has begun.
            raise EngineFailed(f"--engine dask: all workers died; {_NOTHING_WRITTEN}. {_MEMORY}")
        elif self._scheduler and now - self._seen_at > self._workers_seconds:
            raise EngineFailed(
                f"--engine dask: the Dask scheduler {self._scheduler} has had no worker for"
                f" {self._workers_seconds:g} seconds; {_NOTHING_WRITTEN}. Start workers"
                f" (`dask worker {self._scheduler} --nthreads 1`), and run again"
            )
        return sum(threads.values())

    def _taken(self, client: Client, future: Future[Any], name: str) -> Any:
        """Return what a part gave. Raises what its work raised."""
        error = None
        with self._lost_is_told():
            while not _is_done(client, future):
                self._threads(client)
            if future.status != "error":
                return future.result()
            error, trace = future.exception(), future.traceback()
        if isinstance(error, KilledWorker):
            raise EngineFailed(
                f"--engine dask: {1 + error.allowed_failures} workers in turn died over {name};"
                f" {_NOTHING_WRITTEN}. {_MEMORY}"
            ) from error
        raise error.with_traceback(trace)

    @contextmanager
    def _lost_is_told(self) -> Iterator[None]:
        """Raise EngineFailed where what is done within finds the scheduler gone."""
        try:
            yield
        except _LOST as error:
            address = self._scheduler or "of this machine"
            raise EngineFailed(
                f"--engine dask: the Dask scheduler {address} is gone; {_NOTHING_WRITTEN}. See why"
                " it ended, and run again"
            ) from error


def done_by_worker(work: Callable[[Part], Done], versions: Mapping[str, str], part: Part) -> Done:
    """Do the work for a part, in a worker. Raises ConfigError where that runs other versions than
    the process which asks: a worker may come late, when others were looked at already.
    """
    problems = list(differing("a worker", versions_here(), versions))
    if problems:
        raise ConfigError(problems)
    return work(part)


def _is_done(client: Client, future: Future[Any]) -> bool:
    """Wait for a moment, and tell whether the future is done by then."""
    with suppress(TimeoutError), client.as_current():
        wait([future], timeout=_LOOK_SECONDS)
    return bool(future.done())


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Dask from the standard error: what matters is told in our words."""
    for name in [*logging.root.manager.loggerDict]:
        # Some of them have a level of their own, which that of the first does not reach.
        if name.partition(".")[0] == "distributed":
            logging.getLogger(name).setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", VersionMismatchWarning)
        yield
