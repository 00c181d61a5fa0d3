"""Who serves a bench's org, in a process of its own, at so many milliseconds a call?

It is forked from who made the org, so that an org is made once, and serves as `sfsync org serve`
does: HTTPS, a thread for each connection. Each answer comes when it is done, but not before the
milliseconds are over.
"""

import multiprocessing as mp
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Lock, local
from typing import Any

from sfsync.cli.opening import wall_clock
from sfsync.fake import FakeOrg
from sfsync.fake.server import Call
from sfsync.fake.serving import make_certificates, serving

_BASE = re.compile(r"^/services/data/v[\d.]+/")
_VARYING = re.compile(r"(?<=/)(?=[^/]*\d)[^/]{15,}")


@dataclass(frozen=True, slots=True)
class Answered:
    """One call: what it was, when it came and was answered (seconds of the machine's own clock),
    and how long the org itself worked at it.
    """

    kind: str
    came: float
    went: float
    worked: float


def kind_of(method: str, path: str) -> str:
    """Say what a call was, Ids and cursors left out."""
    return f"{method} {_VARYING.sub('...', _BASE.sub('', path))}"


@dataclass(slots=True)
class Latency:
    """A hook: lets every call last so long, and keeps what was called; `most` is the greatest
    number of calls that were there at once.
    """

    seconds: float
    answered: list[Answered] = field(default_factory=list)
    most: int = 0
    _here: int = 0
    _lock: Any = field(default_factory=Lock)
    _came: Any = field(default_factory=local)

    def __call__(self, call: Call) -> None:
        """Note that a call came, or let it wait before it is answered."""
        if call.when == "before":
            self._came.at = time.monotonic()
            with self._lock:
                self._here += 1
                self.most = max(self.most, self._here)
            return
        came = self._came.at
        worked = time.monotonic() - came
        time.sleep(max(0.0, self.seconds - worked))
        kind = kind_of(call.method, call.path)
        with self._lock:
            self._here -= 1
            self.answered.append(Answered(kind, came, time.monotonic(), worked))

    def taken(self) -> tuple[list[Answered], int]:
        """Give what was called since the last time, and how many at once; then forget it."""
        with self._lock:
            found, most = self.answered, self.most
            self.answered, self.most = [], self._here
        return sorted(found, key=lambda each: each.came), most


@dataclass(frozen=True, slots=True)
class Served:
    """An org that another process serves; `environment` is what a process needs to enter it."""

    environment: dict[str, str]
    latency: float
    _line: Connection = field(repr=False)

    def calls(self) -> tuple[list[Answered], int]:
        """Give what was called since the last time, and how many calls there were at once."""
        return self._ask("calls")

    def let(self, work: Callable[..., Any], *given: Any) -> Any:
        """Let a function of a module work in the org: `work(fake, *given)`; give what it gives."""
        return self._ask("work", work, given)

    def _ask(self, *question: Any) -> Any:
        self._line.send(question)
        return self._line.recv()


@contextmanager
def served(fake: FakeOrg, latency: float, folder: Path) -> Iterator[Served]:
    """Serve the org as it now is, `latency` in seconds, until the block is left; what is done to it
    meanwhile is done to the served one alone.
    """
    fork = mp.get_context("fork")
    ours, theirs = fork.Pipe()
    process = fork.Process(target=_serve, args=(fake, latency, folder, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        yield Served(ours.recv(), latency, ours)
    finally:
        ours.send(("end",))
        process.join(30)
        process.kill()


def _serve(fake: FakeOrg, latency: float, folder: Path, line: Connection) -> None:
    hook = Latency(latency)
    fake.on_request.append(hook)
    certificates = make_certificates(wall_clock())
    authority = folder / "authority.pem"
    authority.write_bytes(certificates.authority)
    with serving(fake, tls=certificates) as url:
        line.send(
            {
                "SALESFORCE_LOGIN_URL": url,
                "SALESFORCE_CLIENT_ID": fake.state.client_id,
                "SALESFORCE_CLIENT_SECRET": fake.state.client_secret,
                "REQUESTS_CA_BUNDLE": str(authority),
            }
        )
        while (question := line.recv())[0] != "end":
            if question[0] == "calls":
                line.send(hook.taken())
            else:
                _, work, given = question
                line.send(work(fake, *given))


def longest_chain(calls: Sequence[Answered]) -> list[Answered]:
    """Give the most calls of which each came only after the one before it was answered."""
    chain: list[Answered] = []
    for each in sorted(calls, key=lambda call: call.went):
        if not chain or each.came >= chain[-1].went:
            chain.append(each)
    return chain


def counted(calls: Sequence[Answered]) -> dict[str, int]:
    """Count calls by kind."""
    return dict(Counter(each.kind for each in calls))
