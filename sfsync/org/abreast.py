"""How are several questions put to an org at once, and called off when one of them fails?

Only reading goes abreast: what is called off, or left behind by a process that ends, has changed
nothing.
"""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, wait
from contextlib import suppress
from contextvars import ContextVar, copy_context
from itertools import islice
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread
from typing import Generic, TypeVar

T = TypeVar("T")

# How long who is told to end waits for the answers that are on their way.
_GRACE_SECONDS = 2.0
# A signal that comes just before a thread begins to wait is heard when it looks up.
_LOOK_SECONDS = 1.0

_called_off: ContextVar[Event | None] = ContextVar("called_off", default=None)


class CalledOff(BaseException):
    """What is asked for is no longer wanted; passes through whatever is being done."""


def abreast(works: Sequence[Callable[[], T]], at_once: int) -> list[T]:
    """Do works that only read, so many at once, and give what they give, in their order.

    What the first that fails raises is raised, once the others have ended: they begin nothing more,
    no request and no pause. An exception that comes from without, such as a signal's, does not wait
    for answers that are on their way.
    """
    if at_once < 2 or len(works) < 2:
        return [work() for work in works]
    return _Round(works).done(min(at_once, len(works)))


def ahead(works: Iterable[Callable[[], T]], at_once: int) -> Generator[T, None, None]:
    """Do works that only read, so many ahead of who takes what they give, and give it in their
    order. Called off with whoever takes it.

    What one raises is raised, once those that were begun have ended. An exception that comes from
    without does not wait for them.
    """
    todo, begun = iter(works), deque[Future[T]]()

    def begin(count: int) -> None:
        begun.extend(_begun(work) for work in islice(todo, count))

    try:
        begin(at_once)
        while begun:
            first = begun.popleft()
            while not first.done():
                wait([first], _LOOK_SECONDS)
            yield first.result()
            begin(1)
    except (Exception, CalledOff):
        wait(begun)
        raise


def _begun(work: Callable[[], T]) -> Future[T]:
    # Not by an executor, for whose threads the end of the process waits.
    given, context = Future[T](), copy_context()

    def do() -> None:
        try:
            given.set_result(context.run(work))
        except BaseException as failure:  # noqa: BLE001 - it is raised where it is waited for
            given.set_exception(failure)

    Thread(target=do, daemon=True).start()
    return given


def check_wanted() -> None:
    """Raise CalledOff in a work that was called off."""
    event = _called_off.get()
    if event is not None and event.is_set():
        raise CalledOff


def sleep(seconds: float) -> None:
    """Wait as `time.sleep` does; in a work only until it is called off, which is CalledOff."""
    event = _called_off.get()
    if event is None:
        time.sleep(seconds)
    elif event.wait(seconds):
        raise CalledOff


class _Round(Generic[T]):
    """Works that are done by several threads, and what they gave so far."""

    def __init__(self, works: Sequence[Callable[[], T]]) -> None:
        self._todo: Iterator[tuple[int, Callable[[], T]]] = iter(list(enumerate(works)))
        self._given: dict[int, T] = {}
        self._failures: list[BaseException] = []
        self._off = Event()
        self._lock = Lock()
        self._ended: SimpleQueue[None] = SimpleQueue()

    def done(self, threads: int) -> list[T]:
        # Whoever is told to end must not wait for answers: an executor's threads would be waited
        # for when the process ends.
        several = [Thread(target=self._work, daemon=True) for _ in range(threads)]
        try:
            for each in several:
                each.start()
            for _ in several:
                self._wait_for_one()
        except BaseException:
            self._off.set()
            end = time.monotonic() + _GRACE_SECONDS
            for each in several:
                if each.ident is not None:
                    each.join(max(0.0, end - time.monotonic()))
            raise
        if self._failures:
            raise self._failures[0]
        return [given for _, given in sorted(self._given.items(), key=lambda item: item[0])]

    def _wait_for_one(self) -> None:
        while True:
            with suppress(Empty):
                return self._ended.get(timeout=_LOOK_SECONDS)

    def _work(self) -> None:
        _called_off.set(self._off)
        try:
            while (taken := self._next()) is not None:
                place, work = taken
                self._given[place] = work()
        except CalledOff:
            # The failure that called it off is told.
            pass
        except BaseException as failure:  # noqa: BLE001 - it is raised where the works are waited for
            with self._lock:
                self._failures.append(failure)
            self._off.set()
        finally:
            self._ended.put(None)

    def _next(self) -> tuple[int, Callable[[], T]] | None:
        with self._lock:
            return None if self._off.is_set() else next(self._todo, None)
