"""Is what is read at once the same as one after the other, within the limit, and given up whole?"""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Barrier, Condition, Event
from typing import NoReturn

import pandas as pd
import pytest
from entering import given
from loop_org import Loop, empty_org, loop_of, shipped_policy

from sfsync.errors import OrgRefused
from sfsync.extract import approach, extract
from sfsync.fake import Call
from sfsync.fake.faults import refuse
from sfsync.fake.wire import Reply
from sfsync.org.abreast import CalledOff, abreast, ahead, sleep
from sfsync.org.client import open_org
from sfsync.policy import Policy
from sfsync.rules.needs import columns_needed
from sfsync.store import MANIFEST, Store

NOW = datetime(2026, 6, 15, 8, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=70)
# Nothing that goes as it should waits for so long, however busy the machine is.
PATIENCE = 60.0
OBJECTS = len(columns_needed(shipped_policy()))


def reading(at_once: int) -> Policy:
    policy = shipped_policy()
    return replace(policy, reading=replace(policy.reading, at_once=at_once))


@pytest.fixture
def loop() -> Iterator[Loop]:
    with loop_of(empty_org(NOW, "Europe/Paris"), NOW) as opened:
        for number in range(3):
            firm = opened.fake.add("Account", Name=f"Firm {number}", CreatedDate=LONG_AGO)
            opened.fake.add("Task", Subject="Call", WhatId=firm, CreatedDate=LONG_AGO)
            opened.fake.add("Contact", LastName="Durand", AccountId=firm, CreatedDate=LONG_AGO)
        yield opened


def frames(loop: Loop, store: Store, at_once: int) -> dict[str, pd.DataFrame]:
    """What a pass sees that reads with so many requests at once."""
    policy, now = reading(at_once), loop.fake.clock.now()
    return dict(extract(loop.org, policy, now, way=approach(loop.org, policy, now, store)).frames)


def disturb(loop: Loop) -> None:
    """Let an hour pass in which an account goes, and a contact moves to another one."""
    loop.fake.clock.advance(3_600)
    first, second, third = (str(row["Id"]) for row in loop.fake.records("Account"))
    loop.fake.remove("Account", first)
    moving = next(row for row in loop.fake.records("Contact") if row["AccountId"] == second)
    loop.fake.edit("Contact", str(moving["Id"]), AccountId=third)


def test_what_is_read_at_once_is_what_is_read_one_after_the_other(
    loop: Loop, tmp_path: Path
) -> None:
    stores = {1: Store(tmp_path / "one"), 10: Store(tmp_path / "ten")}
    seen = {at_once: [frames(loop, store, at_once)] for at_once, store in stores.items()}
    disturb(loop)
    for at_once, store in stores.items():
        before = loop.fake.call_count
        seen[at_once].append(frames(loop, store, at_once))
        calls = sorted(loop.fake.calls[before:])
        seen[at_once].append({"calls": pd.DataFrame(calls)})
    for one, ten in zip(seen[1], seen[10], strict=True):
        assert one.keys() == ten.keys()
        for name in one:
            pd.testing.assert_frame_equal(one[name], ten[name], obj=name)


class Crowd:
    """A hook: counts how many queries are there at once. None is answered before the crowd is as
    large as it should be, and time was for one too many to come.
    """

    def __init__(self, right: int) -> None:
        self.here = self.most = 0
        self._right, self._came = right, Condition()

    def __call__(self, call: Call) -> None:
        if not call.path.endswith(("/query", "/queryAll")):
            return
        with self._came:
            self.here += 1 if call.when == "before" else -1
            self.most = max(self.most, self.here)
            self._came.notify_all()
            self._came.wait_for(lambda: self.most >= self._right, PATIENCE)
        if call.when == "before":
            time.sleep(0.02)


def test_all_objects_are_asked_at_once(loop: Loop, tmp_path: Path) -> None:
    frames(loop, Store(tmp_path), OBJECTS)
    loop.fake.clock.advance(3_600)
    # Each waits for all the others: one after the other they would wait for ever.
    together = Barrier(OBJECTS)

    def on_request(call: Call) -> None:
        if call.when == "before" and call.path.endswith(("/query", "/queryAll")):
            together.wait(PATIENCE)

    loop.fake.on_request.append(on_request)
    frames(loop, Store(tmp_path), OBJECTS)
    assert not together.broken


@pytest.mark.parametrize(("of_reading", "of_door"), [(3, 25), (10, 2)])
def test_no_more_requests_than_the_limit_are_there_at_once(
    loop: Loop, of_reading: int, of_door: int
) -> None:
    tokens = given(loop.fake.host, loop.fake.token())
    org = open_org(loop.fake.session(), tokens, at_once=of_door)
    crowd = Crowd(min(of_reading, of_door))
    loop.fake.on_request.append(crowd)
    extract(org, reading(of_reading), NOW)
    assert crowd.most == min(of_reading, of_door)


def test_an_object_that_cannot_be_read_ends_the_reading_of_all(loop: Loop, tmp_path: Path) -> None:
    asked = []

    def on_request(call: Call) -> Reply | None:
        if call.when == "after" or not call.path.endswith(("/query", "/queryAll")):
            return None
        asked.append(call.path)
        if len(asked) == 1:
            # Until the refusal of the other one is known; then this one is answered all the same.
            with suppress(CalledOff):
                sleep(PATIENCE)
        elif len(asked) == 2:
            return refusal(call)
        return None

    refusal = refuse("query", 400, "MALFORMED_QUERY", "no such thing")
    loop.fake.on_request.append(on_request)
    threads = threading.active_count()
    with pytest.raises(OrgRefused, match="no such thing"):
        frames(loop, Store(tmp_path), 2)
    assert len(asked) == 2, "nothing more is asked for"
    assert threading.active_count() == threads, "all have ended"
    assert not (tmp_path / MANIFEST).exists(), "nothing is kept"


class Pausing:
    """Works that make a pause, and how many of them began it and were called off in it."""

    def __init__(self) -> None:
        self.is_begun = Event()
        self.called_off: list[str] = []

    def __call__(self) -> None:
        self.is_begun.set()
        try:
            sleep(PATIENCE)
        except CalledOff:
            self.called_off.append("called off")
            raise


def test_pauses_end_when_the_reading_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    # Nobody can call that off.
    monkeypatch.delattr(time, "sleep")
    pausing = Pausing()

    def failing() -> NoReturn:
        pausing.is_begun.wait(PATIENCE)
        raise OrgRefused("no")

    with pytest.raises(OrgRefused):
        abreast([pausing, failing, pausing], 2)
    assert pausing.called_off == ["called off"], "the third does not begin"


class Told(BaseException):
    """As a signal ends a command."""


@contextmanager
def ending_by(number: signal.Signals) -> Iterator[None]:
    def end(*_: object) -> None:
        raise Told

    before = signal.signal(number, end)
    try:
        yield
    finally:
        signal.signal(number, before)


def new_since(threads: set[threading.Thread]) -> list[threading.Thread]:
    """Who else is still at work after all have had time to end."""
    for each in set(threading.enumerate()) - threads:
        each.join(PATIENCE)
    return list(set(threading.enumerate()) - threads)


def test_whoever_is_told_to_end_ends_at_once() -> None:
    threads, pausing = set(threading.enumerate()), Pausing()

    def told() -> None:
        pausing.is_begun.wait(PATIENCE)
        os.kill(os.getpid(), signal.SIGUSR1)
        pausing()

    with ending_by(signal.SIGUSR1), pytest.raises(Told):
        abreast([pausing, told], 2)
    assert new_since(threads) == []
    assert pausing.called_off == ["called off"] * 2, "no pause was made to its end"


def test_what_is_ahead_comes_in_its_order_and_is_no_further_ahead_than_that() -> None:
    begun: list[int] = []

    def work(number: int) -> int:
        begun.append(number)
        return number

    given = ahead((partial(work, number) for number in range(5)), 2)
    assert next(given) == 0
    assert set(begun) <= {0, 1}
    assert list(given) == [1, 2, 3, 4]


def test_whoever_waits_for_what_is_ahead_is_told_to_end_at_once() -> None:
    is_begun, over, ended = Event(), Event(), []
    threads = set(threading.enumerate())

    def told() -> None:
        is_begun.wait(PATIENCE)
        os.kill(os.getpid(), signal.SIGUSR1)
        over.wait(PATIENCE)
        ended.append("told")

    def last() -> None:
        is_begun.set()
        over.wait(PATIENCE)
        ended.append("last")

    with ending_by(signal.SIGUSR1), pytest.raises(Told):
        list(ahead([told, last], 2))
    assert ended == [], "nobody was waited for"
    over.set()
    assert new_since(threads) == []
    assert sorted(ended) == ["last", "told"]
