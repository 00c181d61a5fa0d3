"""What may be worked out on several processors at once?

Arrow and NumPy let go of the interpreter while they work on an array, so that threads do for them.
"""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

# With fewer rows threads take longer to begin than they save.
_MANY = 20_000
_MOST = 4


def column_by_column(work: Callable[[T], R], columns: Iterable[T], rows: int) -> list[R]:
    """Return what the work makes of each of the columns, of so many rows each, in their order; what
    it raises is raised here.
    """
    if rows < _MANY:
        return [work(each) for each in columns]
    with ThreadPoolExecutor(min(_MOST, os.cpu_count() or 1)) as pool:
        return [*pool.map(work, columns)]
