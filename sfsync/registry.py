"""How do plug-ins get their names, and what does a person see who mistypes one?"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import TypeVar

from sfsync.errors import NotFound

T = TypeVar("T")


def nearest(name: str, names: Iterable[str]) -> str:
    """Say what was probably meant: `; did you mean "x"?`, or the valid names where nothing is
    near.
    """
    valid = sorted(names)
    by_lower = {each.lower(): each for each in valid}
    close = get_close_matches(name.lower(), list(by_lower), n=1, cutoff=0.6)
    if close:
        return f'; did you mean "{by_lower[close[0]]}"?'
    return f"; there is: {', '.join(valid)}" if valid else ""


class Registry(Mapping[str, T]):
    """Plug-ins by name, in the order of registration. A name is given once; a miss lists what there
    is.
    """

    def __init__(self, noun: str) -> None:
        self._noun = noun
        self._items: dict[str, T] = {}

    def add(self, name: str, item: T) -> None:
        """Register `item`; raises ValueError where the name is taken."""
        if name in self._items:
            raise ValueError(f"the {self._noun} {name!r} is registered twice")
        self._items[name] = item

    def named(self, name: str) -> Callable[[T], T]:
        """Decorate a plug-in with the name under which it is found."""

        def register(item: T) -> T:
            self.add(name, item)
            return item

        return register

    def find(self, name: str) -> T:
        """Return the plug-in of that name; raises NotFound with the nearest name."""
        if name not in self._items:
            raise NotFound(f'no {self._noun} is called "{name}"{nearest(name, self._items)}')
        return self._items[name]

    def __getitem__(self, name: str) -> T:
        return self._items[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)
