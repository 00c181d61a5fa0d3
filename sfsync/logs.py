"""Of which run, job and service do log lines tell, and which of their words are not for all?"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import local
from typing import Self


class Worded(str):
    """Words of others, which may quote records, in a log line; `logged` stands in their place where
    others read it.
    """

    __slots__ = ("logged",)
    logged: str

    def __new__(cls, text: str, logged: str) -> Self:
        """Take the text, and what is said instead."""
        made = super().__new__(cls, text)
        made.logged = logged
        return made


# A process carries out one run at a time, and all its threads write for that one.
_told_of: dict[str, str] = {}
# Who serves several orgs has a thread for each.
_of_thread = local()


@contextmanager
def logs_tell_of(**told: str) -> Iterator[None]:
    """Let each log line written within name these things, such as `run` and `job`."""
    before = dict(_told_of)
    _told_of.update({name: value for name, value in told.items() if value})
    try:
        yield
    finally:
        _told_of.clear()
        _told_of.update(before)


@contextmanager
def thread_tells_of(**told: str) -> Iterator[None]:
    """Let each log line that this thread writes within name these things."""
    before = getattr(_of_thread, "told", {})
    _of_thread.told = {**before, **told}
    try:
        yield
    finally:
        _of_thread.told = before


def told_of() -> Mapping[str, str]:
    """Return what log lines name now."""
    return {**_told_of, **getattr(_of_thread, "told", {})}
