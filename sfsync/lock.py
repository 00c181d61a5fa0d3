"""Who alone may do something at this moment: write to an org, serve a schedule?"""

from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from filelock import FileLock, Timeout

from sfsync.errors import Locked

# Whoever only looks whether a lock is free holds it for a moment.
LOOK_SECONDS = 2


class Lock(Protocol):
    """What one process at a time may hold. That of a process that died is free."""

    def take(self) -> None:
        """Take it; nothing happens where it is held already. Raises Locked, in words for people,
        where another process has it.
        """

    def free(self) -> None:
        """Give it back; nothing happens where it is not held."""

    def is_held(self) -> bool:
        """Tell whether this object still holds it: with its connection, a database takes back
        what it gave.
        """

    def is_free(self) -> bool:
        """Tell whether nobody holds it, in this process or another."""

    def __enter__(self) -> Self:
        """Take it."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give it back."""


class LockFile:
    """The lock of all processes that see one file. The file itself stays, and means nothing."""

    def __init__(self, path: Path, taken: str) -> None:
        """`taken` says what it means that another process has it: "another run is at work"."""
        self._path = path
        self._taken = taken
        self._lock = FileLock(path, timeout=LOOK_SECONDS)

    def take(self) -> None:
        """Take it; the folder is made. Raises Locked where another process has it."""
        if self.is_held():
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire()
        except Timeout as error:
            raise Locked(
                f"{self._taken} ({self._path}): wait until it has ended, or stop it"
            ) from error

    def free(self) -> None:
        """Give it back; nothing happens where it is not held."""
        self._lock.release(force=True)

    def is_held(self) -> bool:
        """Tell whether this object holds it."""
        return self._lock.is_locked

    def is_free(self) -> bool:
        """Tell whether nobody holds it."""
        if not self._path.exists():
            return True
        try:
            with FileLock(self._path, timeout=0):
                return True
        except Timeout:
            return False

    def __enter__(self) -> Self:
        self.take()
        return self

    def __exit__(self, *_: object) -> None:
        self.free()
