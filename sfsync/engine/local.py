"""How is a Dask cluster of this machine's own started, so that nobody else can use or see it?"""

import logging
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import resource_tracker
from tempfile import TemporaryDirectory

import dask
from dask.system import CPU_COUNT
from distributed import LocalCluster
from distributed.security import Security

_SETTINGS = {
    # Web servers start in any case: there is nothing to be seen on them.
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    # Watching each worker's stack a hundred times a second helps nobody here.
    "distributed.worker.profile.enabled": False,
}
# Any free port, on loopback: without, Dask takes its usual one, and warns where another has it.
_ANY_PORT = "127.0.0.1:0"


@contextmanager
def local_cluster(workers: int | None) -> Iterator[LocalCluster]:
    """Start so many worker processes (None: one a processor), of one thread each, and end them
    afterwards, however that comes about.

    They listen on loopback only, and to nobody without the certificate, which is made here and
    kept in memory: any other user of the machine could else have them do whatever he likes.
    """
    with (
        TemporaryDirectory(prefix="sfsync-dask-") as scratch,
        dask.config.set(_SETTINGS),
        ThreadPoolExecutor(1, initializer=_leave_ctrl_c) as beginning,
    ):
        begun = beginning.submit(_begun, workers or CPU_COUNT, scratch)
        try:
            yield begun.result()
        finally:
            # Who is told to end meanwhile waits for what has begun: half of it could not be ended.
            if begun.exception() is None:
                begun.result().close()


def _begun(workers: int, scratch: str) -> LocalCluster:
    return LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        dashboard_address=None,
        scheduler_kwargs={"dashboard": False, "dashboard_address": _ANY_PORT},
        # A part is small, and a worker that is ended for its size dies over the same part again.
        memory_limit=0,
        local_directory=scratch,
        security=Security.temporary(),
        protocol="tls",
        silence_logs=logging.CRITICAL,
    )


def _leave_ctrl_c() -> None:
    """Keep Ctrl-C, which a terminal sends to all processes, from those begun by this thread: the
    one that began it all ends them.
    """
    # Beginning it would let the signal through again.
    resource_tracker.ensure_running()
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
