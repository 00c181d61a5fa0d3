"""Is what is read at once the same as one after the other, within the limit, and given up whole?"""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Barrier, Event, Lock
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
PATIENCE = 20.0
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
    """A hook: counts how many requests are there at once, each for a moment."""

    def __init__(self, wait: Callable[[], object]) -> None:
        self.here = self.most = 0
        self._wait, self._lock = wait, Lock()

    def __call__(self, call: Call) -> None:
        with self._lock:
            self.here += 1 if call.when == "before" else -1
            self.most = max(self.most, self.here)
        if call.when == "before":
            self._wait()


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
    crowd = Crowd(partial(time.sleep, 0.02))
    loop.fake.on_request.append(crowd)
    extract(org, reading(of_reading), NOW)
    assert 1 < crowd.most <= min(of_reading, of_door)


def test_an_object_that_cannot_be_read_ends_the_reading_of_all(loop: Loop, tmp_path: Path) -> None:
    refused, asked = Event(), []

    def on_request(call: Call) -> Reply | None:
        if call.when == "after" or not call.path.endswith(("/query", "/queryAll")):
            return None
        asked.append(call.path)
        if len(asked) == 1:
            refused.wait(PATIENCE)
            # Time for the refusal to be told.
            time.sleep(0.1)
        elif len(asked) == 2:
            refused.set()
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


def test_pauses_end_when_the_reading_is_given_up() -> None:
    ends: list[str] = []

    def pausing() -> None:
        try:
            sleep(PATIENCE)
        except CalledOff:
            ends.append("called off")
            raise

    def failing() -> NoReturn:
        raise OrgRefused("no")

    began = time.monotonic()
    with pytest.raises(OrgRefused):
        abreast([pausing, failing, pausing], 2)
    assert time.monotonic() - began < PATIENCE / 2
    assert ends == ["called off"]


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


def test_whoever_is_told_to_end_ends_at_once() -> None:
    def told() -> None:
        os.kill(os.getpid(), signal.SIGUSR1)
        sleep(PATIENCE)

    threads = threading.active_count()
    began = time.monotonic()
    with ending_by(signal.SIGUSR1), pytest.raises(Told):
        abreast([partial(sleep, PATIENCE), told], 2)
    assert time.monotonic() - began < PATIENCE / 2
    assert threading.active_count() == threads


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
    is_begun, over = threading.Event(), threading.Event()
    threads = set(threading.enumerate())

    def told() -> None:
        is_begun.wait(PATIENCE)
        os.kill(os.getpid(), signal.SIGUSR1)
        over.wait(PATIENCE)

    def last() -> None:
        is_begun.set()
        over.wait(PATIENCE)

    began = time.monotonic()
    with ending_by(signal.SIGUSR1), pytest.raises(Told):
        list(ahead([told, last], 2))
    assert time.monotonic() - began < PATIENCE / 2
    over.set()
    for each in set(threading.enumerate()) - threads:
        each.join(PATIENCE)
