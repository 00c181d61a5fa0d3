"""Where is the same work done for every part: in this process, or on other machines?"""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

Part = TypeVar("Part")
Done = TypeVar("Done")


class Engine(Protocol):
    """Does one piece of work for each of many parts that know nothing of each other."""

    def each(self, work: Callable[[Part], Done], parts: Sequence[Part]) -> Iterator[Done]:
        """Yield what the work gives, in the order of the parts; what it raises is raised here.

        Work, parts and what is given must go by pickle: a function of a module, plain values. The
        work only reads, and gives the same each time: where a worker dies it is done again.
        """


class Here:
    """Works in this process, one part after the other, each when it is asked for."""

    def each(self, work: Callable[[Part], Done], parts: Sequence[Part]) -> Iterator[Done]:
        """Yield what the work gives, in the order of the parts."""
        return map(work, parts)
