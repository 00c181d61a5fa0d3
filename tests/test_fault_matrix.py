"""Does a pass that meets a fault, whichever and wherever, end as it should, and does the next one
finish the work?
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from fault_org import MOVED, Phase, Requests, Site, site

from sfsync.errors import ExitCode
from sfsync.fake.given_faults import KINDS
from sfsync.jobs import Planned
from sfsync.model import RunState, State

PHASES: Mapping[str, Phase] = {
    "sign-in": Phase("POST", "/oauth2/token"),
    "page-1": Phase("GET", "/query", "FROM Account "),
    "page-3": Phase("GET", "/query", "/query/01g", nth=1),
    "look": Phase("POST", "/composite", "FROM Account ", is_writing=True),
    "batch-1": Phase("PATCH", "/composite/sobjects", is_writing=True),
    "batch-2": Phase("PATCH", "/composite/sobjects", nth=1, is_writing=True),
    "q-open": Phase("POST", "/jobs/query", "FROM Account", in_bulk=True),
    "q-poll": Phase("GET", "/jobs/query/", in_bulk=True),
    "q-result": Phase("GET", "/jobs/query/", "/results", in_bulk=True),
    "b-look": Phase("GET", "/queryAll", "FROM Account WHERE ", in_bulk=True, is_writing=True),
    "b-open": Phase("POST", "/jobs/ingest", in_bulk=True, is_writing=True),
    "upload": Phase("PUT", "/jobs/ingest/", in_bulk=True, is_writing=True),
    "close": Phase("PATCH", "/jobs/ingest/", "UploadComplete", in_bulk=True, is_writing=True),
    "b-poll": Phase("GET", "/jobs/ingest/", in_bulk=True, is_writing=True),
    "b-result": Phase("GET", "/jobs/ingest/", "/successfulResults", in_bulk=True, is_writing=True),
}

# From its place on, or once; `edit` is given the record it is for with each case.
FAULTS: Mapping[str, Mapping[str, object]] = {
    "expired-token": {"kind": "expired_token"},
    "no-token-lasts": {"kind": "expired_token", "times": None},
    "lost-request": {"kind": "lost_request"},
    "lost-answer": {"kind": "lost_answer"},
    "cut-reply": {"kind": "cut_reply"},
    "too-slow": {"kind": "slow_reply", "seconds": 700},
    "busy": {"kind": "refusal", "status": 503, "code": "SERVER_UNAVAILABLE"},
    "busy-for-good": {
        "kind": "refusal", "status": 503, "code": "SERVER_UNAVAILABLE", "times": None,
    },
    "forbidden": {"kind": "refusal", "status": 403, "code": "INSUFFICIENT_ACCESS", "times": None},
    "html-page": {"kind": "page", "status": 503},
    "quota": {"kind": "quota", "left": 0},
    "edit": {"kind": "edit", "object": "Account"},
}  # fmt: skip

# The exit code of the pass that meets a fault at a place. 0: it was got over, or what was edited
# is not in the plan. 3: what was planned is not all done. 4: the day's calls are used up. 6: the
# org is away, or refuses. A letter: the pair makes no sense, see SENSELESS.
#
# A bulk job that the org refuses to open is done without, by pages or batches (0). What was handed
# to a bulk job that then cannot be asked about is unknown: there calls that are used up are no
# clean stop (4), the run is left open (6). Where the org takes no upload its jobs have nothing to
# do, and all is left to the next pass (3).
TABLE = """
                sign-in page-1 page-3 look batch-1 batch-2 q-open q-poll q-result
expired-token   a       0      0      0    0       0       0      0      0
no-token-lasts  a       6      6      6    6       6       6      6      6
lost-request    0       0      0      0    0       0       0      0      0
lost-answer     0       0      0      0    0       0       0      0      0
cut-reply       0       0      0      0    0       0       0      0      0
too-slow        0       0      0      0    0       0       0      0      0
busy            0       0      0      0    0       0       0      0      0
busy-for-good   6       6      6      6    6       6       6      6      6
forbidden       6       6      6      6    6       6       0      6      6
html-page       0       0      0      0    0       0       0      0      0
quota           4       4      4      4    4       4       4      4      4
edit            0       0      3      3    0       0       0      0      3

                b-look b-open upload close b-poll b-result
expired-token   0      0      0      0     0      0
no-token-lasts  6      0      6      6     6      6
lost-request    0      0      0      0     0      0
lost-answer     0      0      0      0     0      0
cut-reply       0      0      0      0     0      0
too-slow        0      0      0      0     0      0
busy            0      0      0      0     0      0
busy-for-good   6      6      3      6     6      6
forbidden       6      0      6      6     6      6
html-page       0      0      0      0     0      0
quota           4      4      4      6     6      6
edit            3      0      0      0     0      0
"""
SENSELESS = {"a": "no token has been given out yet that could be a bad one"}
# A person takes the account out of the loop. Between the last look and the write that would be
# overwritten, since the platform takes no conditions for many records at once: there the edit is of
# a field that the service leaves alone.
DISQUALIFIED, PHONE = {"Status__c": "Disqualified"}, {"Phone": "+33 1 99 00 00 00"}
UNSEEN = ("batch-1", "batch-2", "b-open", "upload", "close", "b-poll")
# Of what was read in pieces the next pass is to show that what was kept of it is sound.
TO_BE_USED = {("cut-reply", "page-3"), ("cut-reply", "q-result")}
# Which of the accounts that are to move is edited: one that the phase is about, else the first.
EDITED = {"batch-2": 8}

# Faults of records and of bulk jobs, which are met inside the org; whether all is read and written
# by bulk jobs, and the exit code. A lock that goes is waited for (0); what stays refused is for
# people to look at (3). A job that ended is followed by another one, and reading by pages; where
# the org ends every job and more than a few records are left, these are not done (3). That somebody
# aborts a job that reads is no reason to read in another way (6).
IN_BATCHES = (1, 10)
IN_ORG: list[tuple[Mapping[str, Any], bool, int]] = [
    (fault, in_bulk, code)
    for in_bulk in (False, True)
    for fault, code in (
        ({"kind": "lock", "ids": IN_BATCHES}, 0),
        ({"kind": "lock", "ids": IN_BATCHES, "times": None}, 3),
        ({"kind": "validation", "ids": IN_BATCHES}, 3),
        ({"kind": "validation", "ids": IN_BATCHES, "times": None}, 3),
    )
]
for times in (1, None):
    IN_ORG += [
        ({"kind": "bulk_fail", "path": "jobs/query", "times": times}, True, 0),
        ({"kind": "bulk_abort", "path": "jobs/query", "times": times}, True, 6),
    ]
    for kind in ("bulk_fail", "bulk_abort"):
        IN_ORG += [
            ({"kind": kind, "after": 0, "times": times}, True, 0 if times else 3),
            ({"kind": kind, "after": 4, "times": times}, True, 0 if times else 3),
            ({"kind": kind, "after": MOVED - 2, "times": times}, True, 0),
        ]


@dataclass(frozen=True, slots=True)
class Smooth:
    """A pass that met no fault: its plan and requests, and the org that it left."""

    planned: Planned
    requests: Requests
    accounts: Mapping[str, object]
    moves: Mapping[tuple[str, str], int]


@cache
def smooth(in_bulk: bool, is_writing: bool) -> Smooth:
    """Carry out a whole pass, or with `is_writing` what it planned, without any fault."""
    before = smooth(in_bulk, False).planned if is_writing else None
    with TemporaryDirectory() as folder, site(Path(folder), in_bulk=in_bulk) as here:
        ended = here.run(before)
        assert ended.code == ExitCode.DONE, ended.error
        assert here.commits == Counter(here.ids)
        assert here.planned is not None
        found = Smooth(here.planned, list(here.seen), here.accounts(), here.moves())
        here.fake.clock.advance(3_600)
        again = here.run()
        assert again.ran is not None
        assert again.ran.outcomes == ()
        return found


def read_table() -> dict[tuple[str, str], str]:
    """The cells of the table by fault and phase."""
    cells: dict[tuple[str, str], str] = {}
    for block in TABLE.strip().split("\n\n"):
        head, *rows = [line.split() for line in block.splitlines()]
        for fault, *row in rows:
            cells |= {(fault, phase): cell for phase, cell in zip(head, row, strict=True)}
    return cells


CELLS = read_table()
CASES = [(fault, phase, int(code)) for (fault, phase), code in CELLS.items() if code.isdigit()]


def test_the_table_has_every_fault_at_every_phase_or_says_why_not() -> None:
    assert CELLS.keys() == {(fault, phase) for fault in FAULTS for phase in PHASES}
    assert {cell for cell in CELLS.values() if not cell.isdigit()} == SENSELESS.keys()
    kinds = {fault["kind"] for fault in [*FAULTS.values(), *(each[0] for each in IN_ORG)]}
    assert kinds == set(KINDS)


@pytest.mark.parametrize(("fault", "phase", "code"), CASES)
def test_a_pass_whose_request_meets_a_fault(
    fault: str, phase: str, code: int, tmp_path: Path
) -> None:
    place = PHASES[phase]
    example = smooth(place.in_bulk, place.is_writing)
    given: dict[str, Any] = {**FAULTS[fault], **place.aim()}
    with site(tmp_path, in_bulk=place.in_bulk) as here:
        if given["kind"] == "edit":
            given["id"] = here.edited = here.ids[EDITED.get(phase, 0)]
            given["fields"] = PHONE if phase in UNSEEN else DISQUALIFIED
        here.faults.add(given)
        ended = here.run(example.planned if place.is_writing else None)
        assert place.met(here.seen), "the fault was never met"
        assert ended.code == code, ended.error
        check_books(here)
        if not all_is_done(here) or (fault, phase) in TO_BE_USED:
            check_next_pass(here)
        if here.edited:
            row = here.fake.record("Account", here.edited)
            assert given["fields"].items() <= row.items()


@pytest.mark.parametrize(("fault", "in_bulk", "code"), IN_ORG)
def test_a_pass_whose_record_or_bulk_job_meets_a_fault(
    fault: Mapping[str, Any], in_bulk: bool, code: int, tmp_path: Path
) -> None:
    asked: list[str] = []
    with site(tmp_path, in_bulk=in_bulk) as here:
        given = dict(fault)
        if "ids" in fault:
            given["ids"] = met = [here.ids[place] for place in fault["ids"]]
            here.fake.state.record_faults.append(asked.append)
        else:
            met = [fault.get("path", "jobs/ingest")]
            here.fake.state.bulk_faults.append(asked.append)
        here.faults.add(given)
        is_reading = met == ["jobs/query"]
        ended = here.run(None if is_reading else smooth(in_bulk, False).planned)
        for each in met:
            assert any(each in path for path in asked), "the fault was never met"
        assert ended.code == code, ended.error
        check_books(here)
        if not all_is_done(here):
            check_next_pass(here)


def all_is_done(here: Site) -> bool:
    """Whether org and books are as after a pass that met no fault, which leaves nothing to do."""
    example = smooth(here.in_bulk, False)
    states = {(run, entry.outcome.state) for run, entry in here.entries()}
    only_done = states == {(RunState.FINISHED, State.APPLIED)}
    if not only_done or here.accounts() != example.accounts:
        return False
    return here.moves() == example.moves


def check_books(here: Site) -> None:
    """What the books call done the org has done, once, and nothing else; they may not know it as
    long as the run is open, and no longer.
    """
    done: Counter[str] = Counter()
    unknown: set[str] = set()
    for run, entry in here.entries():
        id, state = entry.change.id, entry.outcome.state
        if state in (State.PLANNED, State.SENT, State.UNKNOWN):
            assert run is RunState.RUNNING
            unknown |= {id} - ({id} if state is State.PLANNED else set())
        if state is State.APPLIED:
            done[id] += 1
            row = here.fake.record("Account", id)
            held = {name: row[name] for name in entry.change.fields}
            planned = {name: each.after for name, each in entry.change.fields.items()}
            assert id == here.edited or held == planned
    written = here.written()
    assert set(written.values()) <= {1}
    assert {id for id in written if id not in unknown} == {id for id in done if id not in unknown}
    assert set(done.values()) <= {1}


def check_next_pass(here: Site) -> None:
    """Once the fault is gone the next pass finishes the work: all is as if it had never been."""
    example = smooth(here.in_bulk, False)
    here.faults.clear()
    here.fake.clock.advance(3_600)
    ended = here.run()
    assert ended.code == ExitCode.DONE, ended.error
    assert RunState.RUNNING not in {run for run, _ in here.entries()}
    check_books(here)
    others = {id: row for id, row in here.accounts().items() if id != here.edited}
    assert others == {id: row for id, row in example.accounts.items() if id != here.edited}
    assert {id for id in here.written() if id != here.edited} == set(here.ids) - {here.edited}
    if here.edited is None:
        assert here.moves() == example.moves
