"""Is what is done beside something else done, and what goes wrong with it told?"""

from threading import Event

import pytest

from sfsync.beside import Started, begun, meanwhile


def fail() -> None:
    raise ValueError("no room")


def test_what_was_begun_is_over_at_the_end_and_its_failure_told() -> None:
    done: list[int] = []
    with meanwhile() as besides:
        besides(lambda: done.append(1))
        besides(lambda: done.append(2))
    assert done == [1, 2]
    told: list[str] = []

    def beside() -> None:
        with meanwhile() as besides:
            besides(fail)
            told.append("the rest is done")

    def before() -> None:
        with begun(fail):
            told.append("and this")

    for work in (beside, before):
        with pytest.raises(ValueError, match="no room"):
            work()
    assert told == ["the rest is done", "and this"]


def test_what_was_started_need_not_be_waited_for() -> None:
    go = Event()
    some = Started(lambda: go.wait(10) and 7)
    go.set()
    assert (some.result(), some.taken()) == (7, 7)
    some.over()
    failing = Started(fail)
    failing.over()
    with pytest.raises(ValueError, match="no room"):
        failing.taken()
