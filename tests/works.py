"""What workers of a cluster are given to do in the tests of engines."""

import os
import signal
import time
from pathlib import Path

from sfsync.errors import CircleError


def met(place: tuple[str, int]) -> tuple[int, int]:
    """Give a number, and the process that did it, once two processes have been here."""
    here, number = Path(place[0]), place[1]
    (here / str(os.getpid())).touch()
    ends = time.monotonic() + 60
    while len(list(here.iterdir())) < 2 and time.monotonic() < ends:
        time.sleep(0.01)
    return number, os.getpid()


def doubled(number: int) -> tuple[int, int]:
    """Give twice a number, and the process that did it."""
    time.sleep(0.01)
    return 2 * number, os.getpid()


def resting(number: int) -> int:
    """Give a number after a while."""
    time.sleep(0.1)
    return number


def killing(_number: int) -> None:
    """End the worker as the kernel ends a process that is too large."""
    os.kill(os.getpid(), signal.SIGKILL)


def ended_once(place: tuple[str, int]) -> int:
    """Give a number; the first worker that is asked for 3 is ended."""
    mark, number = Path(place[0]), place[1]
    if number == 3 and not mark.exists():
        mark.touch()
        killing(number)
    return number


def refused(number: int) -> int:
    """Raise an error of ours with several problems from the third part on."""
    if number >= 2:
        raise CircleError([f"z: {number}", "a: round and round"])
    return number


def noted(place: tuple[str, int]) -> int:
    """Give a number, and leave a file that says that the part was begun."""
    (Path(place[0]) / str(place[1])).touch()
    return place[1]
