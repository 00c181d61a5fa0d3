"""Is a source's quota ever passed, what does the cache spare, and what does a kill lose?

    scripts/bench enrich-quota [--accounts 2000] [--quota 4] [--latency 150] [--kills 10]
                               [--seed 1] [--json]

A server on this machine answers each look-up after so many milliseconds, and notes when it got it.
Processes look up all accounts, one after the other; each but the last is killed (SIGKILL) at a
random moment. Then all is looked up once more. Printed are the most requests in any one second, as
the server saw them, the seconds it took, the look-ups that had to be asked again, and the requests
of the second time. Exit code 1 where the quota was passed, a kill lost more than the one look-up in
flight, or the second time asked anything.
"""

import argparse
import json
import os
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from sfsync.enrich.http import Cache, Clock, HttpWeb, Manners
from sfsync.enrich.provider import Provider, Quota

HERE = "127.0.0.1"
NOW = datetime(2026, 6, 15, 8, tzinfo=UTC)
SOURCE = "register"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured: how many accounts, at which quota a second, with which latency in seconds,
    killed how often.
    """

    accounts: int
    quota: float
    latency: float
    kills: int
    seed: int


@dataclass(frozen=True, slots=True)
class Measured:
    """What came out; `most_in_a_second` is the server's own count over any window of one second."""

    accounts: int
    requests: int
    most_in_a_second: int
    seconds: float
    kills: int
    asked_again: int
    second_time: int

    def keeps(self, plan: Plan) -> bool:
        """Say whether all is as promised."""
        return (
            self.most_in_a_second <= plan.quota
            and self.asked_again <= self.kills
            and self.requests == self.accounts + self.asked_again
            and not self.second_time
        )


def serve(listener: socket.socket, latency: float, notes: int) -> None:
    """Answer one connection after the other, until killed; note when each request came."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    while True:
        connection, _ = listener.accept()
        with connection:
            while asked := _received(connection):
                path = asked.split(b" ", 2)[1].decode("ascii")
                os.write(notes, f"{time.monotonic()} {path}\n".encode())
                time.sleep(latency)
                try:
                    connection.sendall(head)
                except OSError:
                    break


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65_536)
    except OSError:
        return b""


def look_up(folder: Path, port: int, plan: Plan) -> None:
    """Look up all accounts, as one run does."""
    provider = Provider(
        name=SOURCE,
        title="Register",
        home="",
        licence="",
        attribution="",
        quota=Quota(plan.quota, (HERE,)),
        look_up=lambda *_: None,
    )
    clock = Clock(lambda: NOW, time.monotonic, time.sleep)
    cache = Cache(folder / "enrich.db", NOW)
    with HttpWeb(cache, clock, Manners(), {SOURCE: provider}) as web:
        for number in range(plan.accounts):
            web.get(SOURCE, f"http://{HERE}:{port}/{number}")
    cache.close()


def in_a_process(folder: Path, port: int, plan: Plan, killed_after: float | None) -> bool:
    """Look up in a process of its own; say whether it was killed in the midst."""
    child = os.fork()
    if child == 0:
        look_up(folder, port, plan)
        os._exit(0)
    if killed_after is not None:
        time.sleep(killed_after)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if killed_after is None and status:
        sys.exit(f"a run ended with {status}")
    return os.WIFSIGNALED(status)


def most_in_a_second(times: Sequence[float]) -> int:
    """Return how many of these moments, sorted, lie within any one second."""
    most = first = 0
    for last, moment in enumerate(times):
        while moment - times[first] >= 1:
            first += 1
        most = max(most, last - first + 1)
    return most


def measure(plan: Plan) -> Measured:
    """Look up, kill, look up again; a process that is killed runs for a share of the whole."""
    with TemporaryDirectory() as name, socket.create_server((HERE, 0)) as listener:
        folder = Path(name)
        notes = folder / "requests"
        file = os.open(notes, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        port = listener.getsockname()[1]
        server = os.fork()
        if server == 0:
            serve(listener, plan.latency, file)
        try:
            return _measure(folder, port, plan, notes)
        finally:
            os.kill(server, signal.SIGKILL)
            os.waitpid(server, 0)
            os.close(file)


def _measure(folder: Path, port: int, plan: Plan, notes: Path) -> Measured:
    random = Random(plan.seed)
    share = plan.accounts * max(1 / plan.quota, plan.latency) / (plan.kills + 1)
    started = time.monotonic()
    killed = sum(
        # Each first waits a second: another may have asked just before.
        in_a_process(folder, port, plan, 1.2 + random.uniform(0.3, 1) * share)
        for _ in range(plan.kills)
    )
    in_a_process(folder, port, plan, None)
    seconds = time.monotonic() - started
    seen = _seen(notes)
    in_a_process(folder, port, plan, None)
    asked = Counter(path for _, path in seen)
    return Measured(
        accounts=len(asked),
        requests=len(seen),
        most_in_a_second=most_in_a_second([moment for moment, _ in seen]),
        seconds=seconds,
        kills=killed,
        asked_again=len(seen) - len(asked),
        second_time=len(_seen(notes)) - len(seen),
    )


def _seen(notes: Path) -> list[tuple[float, str]]:
    lines = (line.split() for line in notes.read_text(encoding="ascii").splitlines())
    return [(float(moment), path) for moment, path in lines]


def told(plan: Plan, result: Measured) -> str:
    """Say the result to a person."""
    return (
        f"accounts looked up          {result.accounts:>10,}\n"
        f"requests                    {result.requests:>10,}\n"
        f"most in any one second      {result.most_in_a_second:>10,}   quota {plan.quota:g}\n"
        f"seconds                     {result.seconds:>10,.0f}\n"
        f"killed                      {result.kills:>10,}\n"
        f"look-ups asked again        {result.asked_again:>10,}\n"
        f"requests of the second time {result.second_time:>10,}\n"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, tell, and give the exit code."""
    parser = argparse.ArgumentParser(description="The quota of a source, kept and killed.")
    parser.add_argument("--accounts", type=int, default=2_000)
    parser.add_argument("--quota", type=float, default=4, help="requests a second")
    parser.add_argument("--latency", type=float, default=150, help="milliseconds of an answer")
    parser.add_argument("--kills", type=int, default=10, help="how many processes are killed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    given = parser.parse_args(arguments)
    plan = Plan(given.accounts, given.quota, given.latency / 1000, given.kills, given.seed)
    result = measure(plan)
    text = json.dumps(asdict(result), indent=2) + "\n" if given.json else told(plan, result)
    sys.stdout.write(text)
    return 0 if result.keeps(plan) else 1


if __name__ == "__main__":
    sys.exit(main())
