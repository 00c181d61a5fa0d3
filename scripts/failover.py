"""Does the other machine go on when the one that runs jobs dies in the midst of writing?

    scripts/failover.py [--times 20] [--grace 15] [--seed 0] [--schedulers]

Two machines, each a process (with `--schedulers` a scheduler and the job that it started) with a
state folder of its own, run the hourly job over and over on one served fake org, with one journal
in a PostgreSQL that this script starts. Again and again there is work, and whoever has it is killed
(SIGKILL) at one of its writes: before the org got it, while the org is still at it, or before the
answer. Then the books are compared with the org: everything was done, nothing twice, and the
journal says so. Exit code 1 where anything is amiss.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from threading import Lock, Timer
from typing import Any

# The org, and the server of the database, are those of the tests.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from failover_machine import SCHEDULE
from handover import add_opportunity, complete, own_tasks, won_org
from postgres_server import served_postgresql, tell
from soak import children_of

from sfsync.cli.opening import wall_clock
from sfsync.fake import FakeOrg
from sfsync.fake.server import Call, Reply
from sfsync.fake.serving import make_certificates, serving
from sfsync.journal import Journal
from sfsync.model import Action, Run, RunState, State

MACHINES = ("north", "south")
WAYS = ("lost", "under way", "done")
ACCOUNTS, DEALS = 30, 2
OK = 200
PATIENCE = 60.0
# Longer than a creation may be on its way (sfsync.org.LAG).
LATER = timedelta(minutes=20)
MACHINE = Path(__file__).parent / "failover_machine.py"
CONFIG = Path(__file__).parent.parent / "config"


@dataclass(slots=True)
class Death:
    """Who is to be killed at the next writes: after so many, and what becomes of the request."""

    way: str
    after: int
    seconds_under_way: float
    victim: str = ""
    at: float = 0.0


@dataclass(slots=True)
class World:
    """The served org, the journal, and the processes of the machines."""

    fake: FakeOrg
    url: str
    journal: Journal
    place: Path
    environment: Mapping[str, str]
    does: Sequence[str]
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    death: Death | None = None
    written: Counter[tuple[str, str]] = field(default_factory=Counter)
    lock: Lock = field(default_factory=Lock)

    def start(self, machine: str) -> None:
        """Start the process of a machine."""
        home = self.place / machine
        home.mkdir(exist_ok=True)
        with (home / "log").open("ab") as log:
            self.processes[machine] = subprocess.Popen(
                [sys.executable, str(MACHINE), *self.does],
                cwd=home, stdout=log, stderr=log,
                env={**self.environment, "SFSYNC_STATE_DIR": str(home / "state")},
            )  # fmt: skip

    def holder(self) -> str:
        """The machine that took the lock last."""
        row = tell(self.url, "SELECT holder FROM holders WHERE name = 'run'")
        pid = str(row[0][0]).rpartition(" ")[2] if row else ""
        for machine, process in self.processes.items():
            if pid in map(str, family(process)):
                return machine
        return ""

    def on_request(self, call: Call) -> Reply | None:
        """Kill whoever writes, if it is to die now."""
        if not is_write(call):
            return None
        with self.lock:
            death = self.death
            if death is None or death.victim:
                return None
            when = "after" if death.way == "done" else "before"
            if call.when != when:
                return None
            if death.after:
                death.after -= 1
                return None
            death.victim, death.at = self.holder(), time.monotonic()
            for each in family(self.processes[death.victim]):
                os.kill(each, signal.SIGKILL)
        if death.way == "done":
            return None
        if death.way == "under way":
            Timer(death.seconds_under_way, self._arrive, [call]).start()
        return Reply(503)

    def _arrive(self, call: Call) -> None:
        """Let a request come to the org though whoever sent it is dead."""
        with self.fake.session() as session:
            url = f"https://{self.fake.host}{call.path}"
            session.request(call.method, url, data=call.body, headers=call.request.headers)

    def count(self, call: Call) -> None:
        """Count which records the org was made to write."""
        if not is_write(call) or call.reply is None or call.reply.status != OK:
            return
        results: Any = call.reply.json()
        kind = json.loads(call.body)["records"][0]["attributes"]["type"]
        self.written.update((kind, row["id"]) for row in results if row["success"])

    def add_work(self, number: int) -> None:
        """Give the loop some accounts to move and some deals to hand over."""
        for each in range(ACCOUNTS):
            name = f"Atelier Fictif {number}-{each}"
            self.fake.add("Account", Name=name, NumberOfEmployees=20)
        account = next(row["Id"] for row in self.fake.records("Account") if row["Name"] == "Acme")
        for deal in complete(*(f"won {number}-{each}" for each in range(DEALS))):
            add_opportunity(self.fake, {"acme": str(account)}, deal)

    def undone(self) -> int:
        """How many accounts and deals still wait."""
        accounts = sum(not row["Status__c"] for row in self.fake.records("Account"))
        deals = self.fake.records("Opportunity")
        told = {row["WhatId"] for row in own_tasks(self.fake)}
        return accounts + sum(row["Id"] not in told for row in deals)

    def complaints(self) -> Iterator[str]:
        """What in the books, or in the org, is not as it must be."""
        subjects = Counter(row["WhatId"] for row in own_tasks(self.fake))
        yield from (f"{id} has {n} tasks" for id, n in subjects.items() if n > 1)
        applied: Counter[tuple[str, str]] = Counter()
        for run in self.journal.runs():
            for entry in self.journal.changes(run.id):
                change, outcome = entry.change, entry.outcome
                if outcome.state is State.APPLIED:
                    id = outcome.created if change.action is Action.CREATE else change.id
                    applied[change.object, id] += 1
                elif outcome.state in (State.PLANNED, State.SENT, State.UNKNOWN):
                    yield f"{run.id}: {change.object} {change.id} is {outcome.state}"
        yield from (f"{key} was written {n} times" for key, n in applied.items() if n > 1)
        there = {("Task", str(row["Id"])) for row in own_tasks(self.fake)}
        there |= {("Account", str(row["Id"])) for row in self.fake.records("Account")
                  if str(row["Name"]).startswith("Atelier")}  # fmt: skip
        yield from (f"{key} was written, and no books say so" for key in there - applied.keys())
        yield from (f"the books have {key}, the org has not" for key in applied.keys() - there)
        yield from (f"the org wrote {key} {n} times" for key, n in self.written.items() if n > 1)


def family(process: "subprocess.Popen[bytes]") -> list[int]:
    """The processes of a machine, those that it started first."""
    return [*children_of(process.pid), process.pid] if process.poll() is None else []


def is_write(call: Call) -> bool:
    """Tell whether a request updates or creates records."""
    return call.path.endswith("composite/sobjects") and call.method in ("PATCH", "POST")


@contextmanager
def a_world(place: Path, url: str, grace: float, *, schedulers: bool) -> Iterator[World]:
    """Serve an org, and make a journal, for two machines that are started."""
    fake = won_org([])
    certificates = make_certificates(wall_clock())
    authority = place / "authority.pem"
    authority.write_bytes(certificates.authority)
    with closing(Journal.open(url)) as journal, serving(fake, tls=certificates) as address:
        environment = {
            **{name: text for name, text in os.environ.items() if not name.startswith("SFSYNC_")},
            "SFSYNC_ORG": "salesforce",
            "SFSYNC_JOURNAL_URL": url,
            "SFSYNC_TAKEOVER_SECONDS": str(grace),
            "SALESFORCE_INSTANCE_URL": address,
            "SALESFORCE_ACCESS_TOKEN": fake.token(),
            "REQUESTS_CA_BUNDLE": str(authority),
        }
        does = ["schedule", str(time.time())] if schedulers else ["runs"]
        if schedulers:
            environment["SFSYNC_CONFIG"] = str(scheduled(place / "config"))
        world = World(fake, url, journal, place, environment, does)
        fake.on_request.extend([world.on_request, world.count])
        try:
            for machine in MACHINES:
                world.start(machine)
            yield world
        finally:
            for process in world.processes.values():
                for each in family(process):
                    os.kill(each, signal.SIGKILL)
                process.wait()


def scheduled(folder: Path) -> Path:
    """Write the configuration with a schedule of its own."""
    shutil.copytree(CONFIG, folder, ignore=shutil.ignore_patterns("demo"))
    settings = folder / "sfsync.yaml"
    before, _, _ = settings.read_text(encoding="utf-8").partition("\nschedule:")
    settings.write_text(before + SCHEDULE, encoding="utf-8")
    return folder


def until(what: str, is_so: Callable[[], bool], world: World) -> None:
    """Wait until something is so."""
    end = time.monotonic() + PATIENCE
    while not is_so():
        if time.monotonic() > end:
            logs = "\n".join((world.place / each / "log").read_text()[-800:] for each in MACHINES)
            told = f"{world.undone()} undone, {len(in_state(world, RunState.RUNNING))} runs open"
            raise TimeoutError(f"{logs}\n{what}: not after {PATIENCE:g} s: {told}")
        time.sleep(0.02)


def one_death(world: World, number: int, chance: Random, grace: float) -> tuple[float, float]:
    """Kill the holder in the midst of new work, and let the other go on; return the seconds until
    it had the lock, and until it had closed the books of the dead.
    """
    way = WAYS[number % len(WAYS)]
    death = Death(way, chance.randrange(2), chance.uniform(0, 0.8) * grace)
    before = len(in_state(world, RunState.CRASHED))
    world.death = death
    world.add_work(number)
    until(f"a death at a write ({way})", lambda: bool(death.victim), world)
    until("the other has the lock", lambda: world.holder() not in ("", death.victim), world)
    taken = time.monotonic() - death.at
    until("its books are closed", lambda: len(in_state(world, RunState.CRASHED)) > before, world)
    settled = time.monotonic() - death.at
    world.processes[death.victim].wait()
    world.start(death.victim)
    # What was lost on its way to be created may still come, for all that anybody knows.
    world.fake.clock.advance(LATER.total_seconds())
    until(
        "all is done", lambda: not world.undone() and not in_state(world, RunState.RUNNING), world
    )
    return taken, settled


def in_state(world: World, state: RunState) -> list[Run]:
    """The runs that are in a state."""
    return [run for run in world.journal.runs() if run.state is state]


def failover(
    place: Path, url: str, times: int, grace: float, seed: int, *, schedulers: bool = False
) -> dict[str, object]:
    """Kill the holder so many times; return the figures, and what is amiss."""
    chance = Random(seed)
    with a_world(place, url, grace, schedulers=schedulers) as world:
        seconds = [one_death(world, number, chance, grace) for number in range(times)]
        amiss = list(world.complaints())
    taken, settled = zip(*seconds, strict=True)
    return {
        "deaths": times,
        "grace": grace,
        "seconds until the other had the lock": figures(taken),
        "seconds until it had closed the books": figures(settled),
        "amiss": amiss,
    }


def figures(seconds: Sequence[float]) -> dict[str, float]:
    """The median and the worst."""
    return {"median": round(median(seconds), 2), "most": round(max(seconds), 2)}


def main() -> int:
    """Do it, and tell."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--grace", type=float, default=15.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--schedulers", action="store_true")
    given = parser.parse_args()
    with (
        TemporaryDirectory(prefix="sfsync-pg-") as data,
        TemporaryDirectory() as place,
        served_postgresql(Path(data)) as server,
    ):
        told = failover(
            *(Path(place), server.new(), given.times, given.grace, given.seed),
            schedulers=given.schedulers,
        )
    print(json.dumps(told, indent=2))  # noqa: T201
    return 1 if told["amiss"] else 0


if __name__ == "__main__":
    sys.exit(main())
