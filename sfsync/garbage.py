"""When need nobody look for circles of objects?"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep the collector of circles away while very many small values are made that all live on,
    none of which leads back to itself: looking through them again and again takes as long as making
    them.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def collect_seldom() -> None:
    """Let this process look for circles seldom: what a command makes, modules first, lives about as
    long as it does. To look after every 700 objects took a third of the time of a short command.
    """
    gc.set_threshold(100_000, 50, 50)
