"""Does a process that is killed at any point lose or repeat nothing?

A child carries out a run, and is killed. The parent settles, and compares the books with the org.
"""

import json
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import pytest
from deaths import Deaths, Disk, Step, a_desk, disk_of, in_a_child, kill_at, mortal, settled
from test_create import NOW, RUN, carry_out
from thinned import thinned

from sfsync.apply import Desk, settle
from sfsync.fake import FakeOrg
from sfsync.fake.server import Call
from sfsync.model import Change, FieldChange, JournalledChange, Stamp, State, Value

REST = "20260615-090000-bbbb"
STATE = {"Account": "Status__c"}
FIELDS = {
    "Account": [
        {"name": "Status__c", "type": "string", "label": "Status", "length": 40},
        {"name": "Count__c", "type": "double", "label": "Count", "precision": 18, "scale": 0},
    ]
}
WANTED: dict[str, dict[str, Value]] = {
    "Account": {"Status__c": "Working", "Count__c": 1},
    "Contact": {"Title": "CFO", "Department": "Finance"},
    "Opportunity": {"NextStep": "Call"},
}
KEPT = {*WANTED, "Task", "TaskStatus", "User", "Organization", "OpportunityStage"}
REFUSED = "Never this one"


def refuse_one(fake: FakeOrg) -> None:
    """Let the org refuse one record for good."""
    fake.add_validation_rule("Account", lambda _, row: "No" if row.get("Name") == REFUSED else None)


def is_update(call: Call) -> bool:
    return call.method == "PATCH"


@pytest.fixture
def deaths(tmp_path: Path) -> Deaths:
    """An org of three objects and a plan for it, part of which the world has overtaken since."""
    fake = FakeOrg.standard(NOW, custom_fields=FIELDS)
    names = ["Firm", REFUSED, "Edited", "Already so", "Firm with a task"]
    accounts = [fake.add("Account", Name=name, Status__c="Target") for name in names]
    task = fake.add("Task", Subject="Call", WhatId=accounts[4], Status="Completed")
    for account in accounts[:2]:
        fake.add("Contact", LastName="Doe", AccountId=account)
        fake.add(
            "Opportunity",
            Name="Deal",
            AccountId=account,
            StageName="Prospecting",
            CloseDate="2026-07-01",
        )
    evidence = Stamp("Task", task, str(fake.record("Task", task)["SystemModstamp"]))
    plan = [
        replace(change, rests_on=(*change.rests_on, evidence))
        if change.id == accounts[4]
        else change
        for change in planned(fake)
    ]
    fake.edit("Account", accounts[2], Status__c="Customer")
    fake.edit("Account", accounts[3], Status__c="Working", Count__c=1)
    original = {(each.object, each.id): fake.record(each.object, each.id) for each in plan}
    disk = disk_of(tmp_path, fake, KEPT, refuse_one)
    before = disk.open_org()
    return Deaths(
        disk,
        before,
        a_desk(before),
        lambda desk: carry_out(desk, plan),
        is_update,
        Books(disk, original).settle_and_check,
    )


def planned(fake: FakeOrg) -> list[Change]:
    """Plan to bring every record to what is wanted, but for the one that the org refuses for
    good.
    """
    changes = []
    for object, wanted in sorted(WANTED.items()):
        for row in fake.records(object):
            fields = {
                name: FieldChange(row[name], value)
                for name, value in wanted.items()
                if row[name] != value
            }
            rests_on = (Stamp(object, row["Id"], row["SystemModstamp"]),)
            name = str(row["Name"])
            change = Change(object, row["Id"], name, fields, "rule:test", "a test", (), rests_on)
            changes += [change] if fields else []
    return changes


def writes(disk: Disk) -> Counter[tuple[str, str]]:
    """How often each record was written since the folder was saved, by the org's own log."""
    if not disk.log.exists():
        return Counter()
    lines = disk.log.read_text().splitlines()
    return Counter(
        (object, row["Id"]) for line in lines for object, row in json.loads(line)["rows"]
    )


@dataclass(frozen=True, slots=True)
class Books:
    """What the org held of each record of the plan, beside the disk on which it is written."""

    disk: Disk
    original: dict[tuple[str, str], dict[str, object]]

    def settle_and_check(self, fake: FakeOrg, desk: Desk) -> None:
        """Settle what the dead process left, compare, and do the rest of the work."""
        entries = settled(desk, STATE, RUN)
        self._check(fake, entries)
        check_own_writes(desk, entries)
        carry_out(desk, planned(fake), REST)
        left = planned(fake)
        assert [change.name for change in left] == [REFUSED]
        assert max(writes(self.disk).values()) == 1

    def _check(self, fake: FakeOrg, entries: list[JournalledChange]) -> None:
        """What the journal says of each change is what the org holds, written once or never."""
        written = writes(self.disk)
        for entry in entries:
            key = (entry.change.object, entry.change.id)
            row, state = fake.record(*key), entry.outcome.state
            if state is State.APPLIED:
                assert {name: row[name] for name in entry.change.fields} == {
                    name: field.after for name, field in entry.change.fields.items()
                }
                assert written[key] == 1
                assert entry.sent_at is not None
            else:
                assert state in (State.SKIPPED, State.STALE, State.REFUSED)
                assert row == self.original[key]
                assert written[key] == 0
        assert sum(written.values()) == sum(
            entry.outcome.state is State.APPLIED for entry in entries
        )


def check_own_writes(desk: Desk, entries: list[JournalledChange]) -> None:
    applied = {
        entry.change.id
        for entry in entries
        if entry.change.object == "Account" and entry.outcome.state is State.APPLIED
    }
    found = desk.journal.own_writes(desk.org.id, STATE)
    assert {write.id for write in found} == applied


def test_killed_at_any_boundary_nothing_is_lost_or_done_twice(deaths: Deaths) -> None:
    number, _ = deaths.boundaries()
    assert number >= 50
    for boundary in thinned(range(number + 1)):
        assert deaths.killed_at(boundary) == (boundary == number)


def test_killed_around_bulk_jobs_that_nobody_can_be_asked_about_since_nothing_is_lost(
    deaths: Deaths,
) -> None:
    # The jobs die with the child's org: what they wrote is told by the records alone.
    by_jobs = replace(deaths, desk=a_desk(deaths.fake, bulk_from=1))
    for boundary in range(0, 200, 17):
        if by_jobs.killed_at(boundary):
            break
    assert boundary >= 60


@pytest.mark.parametrize("lost", ["before", "after"])
def test_killed_while_a_lost_answer_is_looked_for_nothing_is_lost_or_done_twice(
    deaths: Deaths, lost: str
) -> None:
    _, first = deaths.boundaries()
    for boundary in thinned(range(first, first + 20)):
        assert not deaths.killed_at(boundary, lost)


@pytest.mark.parametrize("seed", range(10))
def test_killed_at_any_instant_nothing_is_lost_or_done_twice(deaths: Deaths, seed: int) -> None:
    deaths.killed_within(0.06, seed)


def test_settling_that_is_killed_itself_is_settled_again(deaths: Deaths) -> None:
    disk = deaths.disk
    _, first = deaths.boundaries()
    disk.wipe()
    assert not in_a_child(deaths.until(kill_at(first + 1)))
    assert max(writes(disk).values()) == 1
    left = {path: path.read_bytes() for path in disk.files()}

    def settle_until(step: Step) -> Callable[[], None]:
        def work() -> None:
            with closing(disk.open_journal()) as journal:
                org = disk.open_org()
                settle(deaths.desk.org.id, mortal(org, a_desk(org), journal, step), STATE)

        return work

    for boundary in count():
        disk.wipe()
        for path, content in left.items():
            path.write_bytes(content)
        ended = in_a_child(settle_until(kill_at(boundary)))
        deaths.check_left()
        if ended:
            break
    assert boundary >= 10
