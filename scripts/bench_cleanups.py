"""How long do cleanups of ten thousand records take: preview, apply and undo?

    scripts/bench cleanups [--records 10000] [--only NAME] [--most 30] [--json]

Each works on the fake org, in which so many records, at least, are to be changed. Exit code 1 where
one of the three takes more seconds than `--most`, where what was applied is not what was shown,
where a second preview shows anything, or where an undo does not bring back what stood there.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import bench_data
from bench_calls import filled
from bench_rules import policy_of_config

from sfsync.apply import Desk
from sfsync.fake import FakeOrg
from sfsync.jobs import Planned, Services, run_planned
from sfsync.jobs.cleanup import Part, plan_cleanup
from sfsync.jobs.undo import undo
from sfsync.journal import Journal
from sfsync.model import State
from sfsync.org.client import open_org
from sfsync.org.tokens import Grant, Tokens

Fields = Mapping[str, Any]
# Some accounts are deleted, and not every one is in a status that has a score.
_SHARE_WITH_SCORE = 0.7


@dataclass(frozen=True, slots=True)
class Measured:
    """One cleanup: how many records changed, seconds by the clock, those of the processor for all
    three steps, and what went wrong.
    """

    name: str
    records: int
    preview: float
    apply: float
    undo: float
    processor: float
    wrong: str

    def passes(self, most: float) -> bool:
        """Tell whether all is right, and each step takes not more than so many seconds."""
        return not self.wrong and max(self.preview, self.apply, self.undo) <= most


def _messy(number: int) -> Fields:
    """Make an account's fields that stand in other forms than their own."""
    return {
        "Phone": f"01 99 00 {number // 100 % 100:02} {number % 100:02}",
        "BillingCountry": ("FRANCE", "Frankreich", "fr")[number % 3],
        "Website": f"HTTPS://WWW.Atelier-{number}.Example/?utm_source=mail",
        "Name": f"Atelier  Fictif {number} ",
    }


def _without_score(_number: int) -> Fields:
    return {"Potential_Score__c": None}


# What makes an org that each cleanup has work with, and which share of its accounts that is.
CASES: Mapping[str, tuple[Callable[[int], Fields], float]] = {
    "normalise": (_messy, 0.95),
    "recompute": (_without_score, _SHARE_WITH_SCORE),
}


def measure(name: str, records: int) -> Measured:
    """Measure one cleanup on an org in which so many records, at least, are to be changed."""
    spoil, share = CASES[name]
    fake, _ = filled(int(records / share))
    for number, row in enumerate(list(fake.records("Account"))):
        changed = {**row, **spoil(number)}
        fake.state.store.put("Account", {k: v for k, v in changed.items() if v is not None})
    fake.state.commit()
    with TemporaryDirectory() as folder, closing(_journal(folder)) as journal:
        return _measured(name, fake, journal)


def _journal(folder: str) -> Journal:
    return Journal.open(f"sqlite:///{Path(folder) / 'journal.db'}")


def _measured(name: str, fake: FakeOrg, journal: Journal) -> Measured:
    org = open_org(fake.session(), Tokens(Grant(fake.host, fake.token())), sleep=_wait_for(fake))
    policy, clock = policy_of_config(), fake.clock.now

    def services() -> Services:
        return Services(org, journal, policy, bench_data.NOW, clock, clock, org.id)

    def planned() -> Planned:
        return plan_cleanup(name, services(), {}, Part())

    def carried_out(made: Planned) -> str:
        desk = Desk(org, journal, clock, _wait_for(fake), lambda *_: None)
        ran = run_planned(made, services(), desk, allow_large=True, chance=Random(len(name)))
        states = {each.state for each in ran.outcomes}
        return ran.run.id if states == {State.APPLIED} else f"not all applied: {states}"

    before = _standing(fake)
    preview, first, made = _timed(planned)
    applying, second, run_id = _timed(lambda: carried_out(made))
    wrong = [] if run_id in {each.id for each in journal.runs(org.id)} else [run_id]
    wanted = {each.id: {k: v.after for k, v in each.fields.items()} for each in made.plan.changes}
    now = _standing(fake)
    wrong += [] if all(now[id].items() >= each.items() for id, each in wanted.items()) else [_OTHER]
    wrong += ["a second preview shows changes"] if planned().plan.changes else []
    undoing, third, _ = _timed(lambda: carried_out(undo(services(), run_id).planned))
    wrong += [] if _standing(fake) == before else ["the undo brings back something else"]
    spent = first + second + third
    return Measured(name, len(wanted), preview, applying, undoing, spent, "; ".join(wrong))


_OTHER = "what was applied is not what was shown"
# The org itself writes these.
_STAMPS = {"SystemModstamp", "LastModifiedDate", "LastModifiedById"}


def _standing(fake: FakeOrg) -> dict[str, dict[str, Any]]:
    """Return what stands in the accounts, as the API says it, without what the org itself keeps."""
    return {
        str(row["Id"]): {k: v for k, v in row.items() if k not in _STAMPS}
        for row in fake.records("Account")
    }


def _timed(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """Return the seconds by the clock, those of the processor, and what came of it."""
    started, spent = time.perf_counter(), time.process_time()
    result = work()
    return time.perf_counter() - started, time.process_time() - spent, result


def _wait_for(fake: FakeOrg) -> Callable[[float], None]:
    return lambda seconds: fake.clock.advance(int(seconds))


def told(results: Sequence[Measured]) -> Iterator[str]:
    """Say the result to a person."""
    steps = f"{'preview':>10}{'apply':>10}{'undo':>10}{'processor':>12}"
    yield f"{'':14}{'records':>10}{steps}  (seconds)"
    for each in results:
        steps = f"{each.preview:>10.1f}{each.apply:>10.1f}{each.undo:>10.1f}{each.processor:>12.1f}"
        yield f"{each.name:14}{each.records:>10,}{steps}  {each.wrong or 'right'}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, tell, and give the exit code."""
    parser = argparse.ArgumentParser(description="Seconds that cleanups take.")
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--only", choices=sorted(CASES), action="append")
    parser.add_argument("--most", type=float, default=30, help="exit 1 above so many seconds")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    options = parser.parse_args(arguments)
    results = [measure(name, options.records) for name in options.only or CASES]
    data = [asdict(each) for each in results]
    text = json.dumps(data, indent=2) if options.json else "\n".join(told(results))
    sys.stdout.write(f"{text}\n")
    return 0 if all(each.passes(options.most) for each in results) else 1


if __name__ == "__main__":
    sys.exit(main())
