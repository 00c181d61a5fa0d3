"""What may be worked out on several processors at once, or while an answer is waited for?

Arrow, NumPy and the database let go of the interpreter while they work, so that threads do for
them.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import copy_context
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

# With fewer rows threads take longer to begin than they save.
_MANY = 20_000
_MOST = 4


class Started(Generic[R]):
    """Something that was started, whether somebody waits for it or not. What it raises is raised
    where it is waited for.
    """

    def __init__(self, work: Callable[[], R]) -> None:
        pool = ThreadPoolExecutor(1)
        self._outcomes = [pool.submit(copy_context().run, work)]
        pool.shutdown(wait=False)

    def result(self) -> R:
        """Return what comes of it."""
        return self._outcomes[0].result()

    def taken(self) -> R:
        """Return what comes of it, and let go of it: once."""
        return self._outcomes.pop().result()

    def over(self) -> None:
        """Wait until it is over, whatever comes of it."""
        wait(self._outcomes)


@contextmanager
def meanwhile() -> Iterator[Callable[[Callable[[], None]], None]]:
    """Give the way to begin things one after another. They are over when what follows is; what they
    raise is raised at the end.
    """
    with ThreadPoolExecutor(1) as pool:
        outcomes: list[Future[None]] = []
        yield lambda work: outcomes.append(pool.submit(copy_context().run, work))
        for each in outcomes:
            each.result()


@contextmanager
def begun(work: Callable[[], R]) -> Iterator[Callable[[], R]]:
    """Begin something that is short, and give the way to wait for what comes of it. It is over
    when what follows is; what it raises is raised where it is waited for, or at the end.
    """
    with ThreadPoolExecutor(1) as pool:
        outcome = pool.submit(copy_context().run, work)
        yield outcome.result
        outcome.result()


def column_by_column(work: Callable[[T], R], columns: Iterable[T], rows: int) -> list[R]:
    """Return what the work makes of each of the columns, of so many rows each, in their order; what
    it raises is raised here.
    """
    if rows < _MANY:
        return [work(each) for each in columns]
    with ThreadPoolExecutor(min(_MOST, os.cpu_count() or 1)) as pool:
        return [*pool.map(work, columns)]
