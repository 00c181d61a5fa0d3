"""How is a job carried out so that nothing that happens to it harms the scheduler?

In a process of its own: it may crash, leak or be killed, and its memory goes with it.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from threading import Thread
from typing import IO, Protocol

from sfsync.errors import BY_SIGNAL

# Of what it says of what went wrong the last is kept.
_KEPT_LINES, _KEPT_BYTES = 20, 4000
# Whatever it started may still hold the pipe.
_DRAIN_SECONDS = 1


class Child(Protocol):
    """A job at work."""

    def wait(self, seconds: float) -> int | None:
        """Wait so long for its end; return its exit code as a shell tells it, None while it goes
        on.
        """

    def stop(self) -> None:
        """Ask it to end safely."""

    def kill(self) -> None:
        """End it at once; the journal bears that."""

    def said(self) -> str:
        """Return the last that it said of what went wrong, when it has ended."""


class Ear(Protocol):
    """What becomes of a job's standard error beside its last lines being kept."""

    def hear(self, part: bytes) -> None:
        """Take the next part of it, which may end within a line."""

    def plain(self, line: str) -> str:
        """Return a line as it is kept for people; nothing where it need not be."""


class _Deaf:
    """Nothing becomes of it."""

    def hear(self, part: bytes) -> None:
        """Let it go."""

    def plain(self, line: str) -> str:
        """Return a line as it is."""
        return line


class Process:
    """A job at work as a process, in a group of its own, so that Ctrl-C reaches the scheduler
    alone.
    """

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], ear: Ear | None = None
    ) -> None:
        """Start it; `ear` hears its standard error. Raises OSError where the system cannot."""
        self._ear = ear or _Deaf()
        self._process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self._tail = b""
        self._reader = Thread(target=self._read, args=(self._process.stderr,), daemon=True)
        self._reader.start()

    def _read(self, pipe: IO[bytes]) -> None:
        with pipe:
            while part := os.read(pipe.fileno(), _KEPT_BYTES):
                self._tail = _last_of(self._tail + part)
                self._ear.hear(part)

    def wait(self, seconds: float) -> int | None:
        """Wait so long for its end; return its exit code as a shell tells it, None while it goes
        on.
        """
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        return code if code >= 0 else BY_SIGNAL - code

    def stop(self) -> None:
        """Ask it to end safely (SIGTERM)."""
        self._process.terminate()

    def kill(self) -> None:
        """End it, and whatever it started, at once."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def said(self) -> str:
        """Return the last lines of its standard error, when it has ended."""
        self._reader.join(_DRAIN_SECONDS)
        told = map(self._ear.plain, self._tail.decode("utf-8", "replace").splitlines())
        lines = [line for line in told if line]
        return "\n".join(lines[-_KEPT_LINES:]).strip()


def _last_of(said: bytes) -> bytes:
    """Return the last of it, from the beginning of a line on, unless one line is all there is."""
    if len(said) <= _KEPT_BYTES:
        return said
    begins = said.find(b"\n", -_KEPT_BYTES - 1, -1) + 1
    return said[begins:] if begins else said[-_KEPT_BYTES:]


def start(words: Sequence[str], environment: Mapping[str, str], ear: Ear | None = None) -> Process:
    """Start an sfsync command line, without `sfsync`; `ear` hears its standard error. Raises
    OSError where the system cannot.
    """
    return Process([sys.executable, "-m", "sfsync", *words], environment, ear)
