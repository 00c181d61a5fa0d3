"""Which org may begin a job now, where only so many are at work at once?"""

from threading import Condition
from typing import Protocol


class Slot(Protocol):
    """A place among the jobs at work, for one org."""

    def take(self, seconds: float) -> bool:
        """Wait for it so long; tell whether it was had. Who asked first has it first."""

    def lend(self) -> None:
        """Let another one begin beside the job at work, which takes long, as far as that may be."""

    def free(self) -> None:
        """Give it back, or ask for it no more."""


class Always:
    """The place of an org that shares with nobody."""

    def take(self, seconds: float) -> bool:
        """Tell that it is there."""
        return True

    def lend(self) -> None:
        """Nobody waits for it."""

    def free(self) -> None:
        """Nobody waits for it."""


class Slots:
    """So many places, in the order in which they were asked for.

    Who asks, and does not wait at this moment, is passed over and keeps its place in the order: one
    that hangs holds up nobody. As many again may be at work for long.
    """

    def __init__(self, most: int) -> None:
        """At most so many are at work."""
        self._most = most
        self._changed = Condition()
        self._asked: dict[str, None] = {}
        self._waiting: set[str] = set()
        self._taken: set[str] = set()
        self._lent: set[str] = set()

    def of(self, name: str) -> Slot:
        """Return the slot of an org, which has one at a time."""
        return _Slot(self, name)

    def take(self, name: str, seconds: float) -> bool:
        """Wait so long for a place; tell whether it was had."""
        with self._changed:
            self._asked.setdefault(name)
            self._waiting.add(name)
            # Whoever stood behind one that did not wait may have gone before it.
            self._changed.notify_all()
            has_it = self._changed.wait_for(lambda: self._is_next(name), seconds)
            self._waiting.discard(name)
            if has_it:
                self._asked.pop(name, None)
                self._taken.add(name)
            self._changed.notify_all()
            return has_it

    def lend(self, name: str) -> None:
        """Let another have the place of one that is at work for long."""
        with self._changed:
            if name in self._taken and len(self._lent) < self._most:
                self._taken.discard(name)
                self._lent.add(name)
                self._changed.notify_all()

    def free(self, name: str) -> None:
        """Give a place back, and ask for none."""
        with self._changed:
            self._taken.discard(name)
            self._lent.discard(name)
            self._asked.pop(name, None)
            self._changed.notify_all()

    def _is_next(self, name: str) -> bool:
        left = self._most - len(self._taken)
        here = [each for each in self._asked if each in self._waiting]
        return name in here[:left] if left > 0 else False


class _Slot:
    """One org's place among several."""

    def __init__(self, slots: Slots, name: str) -> None:
        self._slots = slots
        self._name = name

    def take(self, seconds: float) -> bool:
        """Wait for it so long; tell whether it was had."""
        return self._slots.take(self._name, seconds)

    def lend(self) -> None:
        """Let another one begin beside the job at work."""
        self._slots.lend(self._name)

    def free(self) -> None:
        """Give it back, or ask for it no more."""
        self._slots.free(self._name)
