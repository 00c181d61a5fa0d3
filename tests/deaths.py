"""Where can a process die that works on an org, and what does it leave to whoever comes after?

A child works on an org and a journal that live on the disk, and is killed (SIGKILL) at one of the
boundaries: before and after each call of the journal, of the org, and of each request, so also
between the org's commit and its answer. The parent opens both again and checks the books.
"""

import os
import signal
import traceback
from collections.abc import Callable, Collection
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pyarrow.csv  # noqa: F401 - before the forks, or each child would take its time for it
import requests
from entering import connect

from sfsync.apply import Desk, settle
from sfsync.fake import FakeOrg, load_folder
from sfsync.fake.server import Call
from sfsync.journal import Journal
from sfsync.model import JournalledChange
from sfsync.portions import BULK_FROM

ENDED_BY_ITSELF = 0

Step = Callable[[], None]
Work = Callable[[Desk], object]


def as_loaded(fake: FakeOrg) -> None:
    """Leave an org as the disk has it."""


@dataclass(frozen=True, slots=True)
class Disk:
    """What outlives a process: the org's folder and log, and the journal; `prepare` does to an org
    what is in no folder, whenever it is loaded.
    """

    folder: Path
    empty_journal: bytes
    prepare: Callable[[FakeOrg], None]

    @property
    def log(self) -> Path:
        return self.folder.parent / "writes.jsonl"

    @property
    def journal(self) -> Path:
        return self.folder.parent / "journal.db"

    def wipe(self) -> None:
        """Go back to the moment before the work."""
        for path in self.files():
            path.unlink()
        self.journal.write_bytes(self.empty_journal)

    def files(self) -> list[Path]:
        """The log, and the journal with what SQLite keeps beside it."""
        return [path for path in self.folder.parent.iterdir() if path.is_file()]

    def open_org(self) -> FakeOrg:
        """Load the org as the disk has it now; what is written to it from here on is logged."""
        fake = load_folder(self.folder, log=self.log)
        self.prepare(fake)
        return fake

    def open_journal(self) -> Journal:
        return Journal.open(f"sqlite:///{self.journal}")


def disk_of(
    place: Path,
    fake: FakeOrg,
    kept: Collection[str],
    prepare: Callable[[FakeOrg], None] = as_loaded,
) -> Disk:
    """Put an org and an empty journal on the disk. Of the objects only some are kept: an org of few
    loads fast, and it is loaded for every single death.
    """
    for name in set(fake.state.store.schema.objects) - set(kept):
        fake.drop_object(name)
    fake.save(place / "org")
    Journal.open(f"sqlite:///{place / 'journal.db'}").close()
    return Disk(place / "org", (place / "journal.db").read_bytes(), prepare)


class Mortal:
    """An object whose every call is a point at which the process may be killed."""

    def __init__(self, inner: Any, step: Step) -> None:
        self._inner, self._step = inner, step

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found):
            return found

        def call(*given: Any, **named: Any) -> Any:
            self._step()
            answer = found(*given, **named)
            self._step()
            return answer

        return call


def kill_at(boundary: int) -> Step:
    """Kill this process when the boundary of this number is reached."""
    passed = count()

    def step() -> None:
        if next(passed) == boundary:
            os.kill(os.getpid(), signal.SIGKILL)

    return step


def survive() -> None:
    """Pass a boundary unharmed."""


def a_desk(fake: FakeOrg, journal: Journal | None = None, bulk_from: int = BULK_FROM) -> Desk:
    """A desk on a loaded org; a child brings its own journal, as it inherits no open database."""
    org = connect(fake.session(), fake.host, fake.token(), sleep=lambda _: None)
    nothing = (lambda _: None, lambda *_: None)
    return Desk(org, journal, fake.clock.now, *nothing, bulk_from=bulk_from)


def mortal(fake: FakeOrg, desk: Desk, journal: Journal, step: Step) -> Desk:
    """The same desk, where every call of org and journal, and every request, is a boundary."""
    fake.on_request.append(lambda call: step())
    return replace(desk, org=Mortal(desk.org, step), journal=Mortal(journal, step))


def in_a_child(work: Callable[[], None]) -> bool:
    """Do the work in a process of its own; tell whether it came to its end before it was killed."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:  # noqa: BLE001 - the child must end here, whatever happened
            traceback.print_exc()
            os._exit(1)
        os._exit(ENDED_BY_ITSELF)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return False
    assert os.WEXITSTATUS(status) == ENDED_BY_ITSELF, "the child failed: see its traceback above"
    return True


def lose(is_write: Callable[[Call], bool], when: str, times: int = 1) -> Callable[[Call], None]:
    """A line that breaks before or after a request that writes is answered, so many times."""
    left = [times]

    def hook(call: Call) -> None:
        if is_write(call) and call.when == when and left[0]:
            left[0] -= 1
            raise requests.ConnectionError("Connection reset by peer")

    return hook


def settled(desk: Desk, states: dict[str, str], run_id: str) -> list[JournalledChange]:
    """Settle what a dead process left, and return what the journal says of its run."""
    settle(desk.org.id, desk, states)
    assert desk.journal.open_runs(desk.org.id) == []
    return desk.journal.changes(run_id) if desk.journal.runs() else []


@dataclass(frozen=True, slots=True)
class Deaths:
    """One piece of work that a child is killed at, over and over.

    `fake` is the org before it, and `desk` a desk there: each child writes to its own copy, and to
    the log on the disk. `check` gets what the dead process left, opened again, settles it, compares
    the books with the org, and does the rest of the work.
    """

    disk: Disk
    fake: FakeOrg
    desk: Desk
    work: Work
    is_write: Callable[[Call], bool]
    check: Callable[[FakeOrg, Desk], None]

    def until(self, step: Step, lost: str = "never") -> Callable[[], None]:
        """What a child does: the work, passing each boundary by this step. The first answer to a
        write may be lost, `before` or `after` it is done.
        """

        def work() -> None:
            with closing(self.disk.open_journal()) as journal:
                frail = mortal(self.fake, self.desk, journal, step)
                self.fake.on_request.append(lose(self.is_write, lost))
                self.work(frail)

        return work

    def boundaries(self) -> tuple[int, int]:
        """How many boundaries there are, and which is the first that has a write under way."""
        passed: list[bool] = []
        first: list[int] = []
        fake = self.disk.open_org()

        def watch(call: Call) -> None:
            if self.is_write(call):
                first.append(len(passed))

        fake.on_request.append(watch)
        replace(self, fake=fake, desk=a_desk(fake)).until(lambda: passed.append(True))()
        return len(passed), first[0]

    def killed_at(self, boundary: int, lost: str = "never") -> bool:
        """Kill a child at a boundary, and check; tell whether it came to its end before."""
        self.disk.wipe()
        ended = in_a_child(self.until(kill_at(boundary), lost))
        self.check_left()
        return ended

    def killed_within(self, seconds: float, seed: int) -> None:
        """Kill a child at any instant, wherever it is: in the database or the log; and check."""
        # The alarm's default is death at once.
        assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
        fuse = Random(seed).uniform(0.001, seconds)

        def work() -> None:
            signal.setitimer(signal.ITIMER_REAL, fuse)
            self.until(survive)()

        in_a_child(work)
        self.check_left()

    def check_left(self) -> None:
        """Open what a dead process left on the disk, and check it."""
        fake = self.disk.open_org()
        with closing(self.disk.open_journal()) as journal:
            self.check(fake, a_desk(fake, journal))
