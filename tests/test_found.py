"""What rules found is only put into words where it differs: nobody may notice."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from loop_org import Loop, empty_org, fill, loop_of
from random_orgs import RandomOrg
from test_laws import LARGE, ORGS, a_few, looped

from sfsync.facts import Look
from sfsync.jobs import Planned
from sfsync.jobs.stakes import AtStake
from sfsync.jobs.unsaid import Unsaid
from sfsync.journal import Journal
from sfsync.model import Finding
from sfsync.rules.fingerprints import ids_of
from sfsync.rules.judge import judge

FIRMS = ("Oak Works", "Elm House", None)
BOOKS = "00D000000000001AAA"
NOW = datetime(2026, 6, 15, 8, tzinfo=UTC)


def somebody_works(loop: Loop, chance: Random) -> None:
    """Much is edited; some deals are there no more."""
    users = [str(row["Id"]) for row in loop.fake.records("User")]
    for row in loop.fake.records("Account"):
        edits = {
            "BillingCity": chance.choice(FIRMS),
            "Name": f"Firm {chance.random()}",
            "OwnerId": chance.choice(users),
            "NumberOfEmployees": chance.choice([None, 0, 7]),
        }
        loop.fake.edit("Account", str(row["Id"]), **some_of(edits, chance))
    for row in loop.fake.records("Opportunity"):
        edits = {
            "Amount": chance.choice([None, 0, 10, 20]),
            "CloseDate": f"2026-0{chance.randint(1, 9)}-01",
            "OwnerId": chance.choice(users),
        }
        if chance.random() < 0.1:
            loop.fake.remove("Opportunity", str(row["Id"]))
        else:
            loop.fake.edit("Opportunity", str(row["Id"]), **some_of(edits, chance))


def some_of(edits: dict[str, Any], chance: Random) -> dict[str, Any]:
    return {name: value for name, value in edits.items() if chance.random() < 0.3}


def passes(loop: Loop, chance: Random) -> Iterator[tuple[Loop, Planned]]:
    """What passes would say: now, an hour later, and a day later, when something has changed."""
    yield loop, loop.plan()
    for later in (timedelta(hours=1), timedelta(days=1)):
        loop.fake.clock.set(loop.fake.clock.now() + later)
        somebody_works(loop, chance)
        now = max(loop.now, loop.fake.clock.now())
        yield replace(loop, now=now), replace(loop, now=now).plan()


def unsaid_of(planned: Planned) -> Unsaid:
    assert planned.unsaid is not None
    return planned.unsaid


@a_few()
@given(ORGS, st.randoms(use_true_random=False))
@example(LARGE, Random(1))
def test_nobody_notices_that_findings_come_without_words(org: RandomOrg, chance: Random) -> None:
    said: dict[int, tuple[Finding, float | None]] = {}
    with (
        looped(org) as loop,
        closing(Journal.open("sqlite://")) as in_words,
        closing(Journal.open("sqlite://")) as without,
    ):
        for at, planned in passes(loop, chance):
            unsaid = unsaid_of(planned)
            told = unsaid.some(range(len(unsaid)))
            findings = [finding for finding, _ in told]
            assert findings == sorted(findings, key=lambda each: (each.object, each.id, each.code))
            assert findings == [*planned.plan.findings[: len(unsaid)]]
            # Some are said as all are.
            places = [place for place in range(len(told)) if chance.random() < 0.5]
            assert unsaid.some(places) == [told[place] for place in places]
            # A number is the same only where all that is said is, and then always.
            numbers = unsaid.fingerprints()
            assert len({*numbers}) == len(numbers)
            for number, each in zip(numbers, told, strict=True):
                assert said.setdefault(number, each) == each
            assert len({*said.values()}) == len(said)
            # The journal keeps the same.
            counts = in_words.merge_findings(BOOKS, at.now, told)
            compared = without.compare_findings(BOOKS, unsaid)
            assert without.merge_findings(BOOKS, at.now, (), compared) == counts
            assert without.findings(BOOKS) == in_words.findings(BOOKS)


def test_another_record_that_proves_the_same_makes_another_fingerprint() -> None:
    account = {"Id": "001000000000001AAA", "Name": "Firm", "Status__c": "Working"}
    deal = {"Id": "006000000000001AAA", "AccountId": account["Id"], "Name": "Deal",
            "StageName": "Closing", "CloseDate": "2026-09-01", "Amount": 10,
            "CreatedDate": "2026-03-01T08:00:00.000+0000"}  # fmt: skip
    numbers, proved = [], []
    for task in ("00T000000000001EAA", "00T000000000002EAA"):
        call = {"Id": task, "Subject": "Call", "Status": "Completed", "WhatId": deal["Id"],
                "ActivityDate": "2026-05-01", "CreatedDate": "2026-05-01T08:00:00.000+0000",
                "SystemModstamp": "2026-05-01T08:00:00.000+0000"}  # fmt: skip
        fake = empty_org(NOW, "Europe/Paris")
        rep = {"Id": "005000000000009AAA", "Name": "Rep Example", "IsActive": True}
        own = {"OwnerId": rep["Id"], "CreatedById": rep["Id"], "IsClosed": True,
               "CompletedDateTime": "2026-05-01T09:00:00.000+0000"}  # fmt: skip
        fill(fake, {"User": [rep], "Account": [account], "Opportunity": [deal],
                    "Task": [call | own]})  # fmt: skip
        with loop_of(fake, NOW) as loop:
            unsaid = unsaid_of(loop.plan())
        codes = [each.code for each, _ in unsaid.some(range(len(unsaid)))]
        place = codes.index("closing-idle")
        [(finding, _)] = unsaid.some([place])
        numbers.append(unsaid.fingerprints()[place])
        proved.append({each.record for each in finding.evidence} - {None})
    assert proved == [{"00T000000000001EAA"}, {"00T000000000002EAA"}]
    assert numbers[0] != numbers[1]


# Letters of Ids as a platform gives them: of a few instances, and of many that follow each other.
LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
TWINS = ("0035g000000To6nAAC", "0035h000000Tl6nAAC")


def test_each_id_has_a_number_of_its_own() -> None:
    ends = [a + b + c for a in LETTERS[10:40] for b in LETTERS for c in LETTERS]
    starts = ("0035g000000", "0035h000000", "0035g000001", "0035j000002")
    ids = [*TWINS, *(f"{start}{end}nAAC" for start in starts for end in ends)]
    account = {"Id": "001000000000001AAA", "Name": "Firm", "Status__c": "Target"}
    fake = empty_org(NOW, "Europe/Paris")
    fill(fake, {"Account": [account]})
    with loop_of(fake, NOW) as loop:
        look = loop.look()
    frames = {**look.snapshot.frames, "Contact": pd.DataFrame(index=pd.Index(sorted({*ids})))}
    look = Look(replace(look.snapshot, frames=frames), look.policy)
    numbers = ids_of(look, "Contact", np.arange(len({*ids})))
    assert len({*numbers.tolist()}) == len({*ids}) > 400_000
    # Other lengths, too: padding says nothing.
    for longest in (24, 25):
        odd = ["", "a", "aa", "a" * longest, "é"]
        frames["Contact"] = pd.DataFrame(index=pd.Index(sorted(odd)))
        assert len({*ids_of(look, "Contact", np.arange(len(odd))).tolist()}) == len(odd)


def test_what_is_found_of_two_whose_ids_are_alike_are_two_findings() -> None:
    row = {"FirstName": "Ada", "LastName": "Birch", "Email": "no", "AccountId": None}
    fake = empty_org(NOW - timedelta(days=70), "Europe/Paris")
    with loop_of(fake, NOW) as loop, closing(Journal.open("sqlite://")) as journal:
        for hour, id in enumerate(TWINS):
            fill(fake, {"Contact": [{"Id": id, **row, "CreatedDate": NOW - timedelta(days=60)}]})
            now = NOW + timedelta(hours=hour)
            unsaid = unsaid_of(replace(loop, now=now).plan())
            compared = journal.compare_findings(BOOKS, unsaid)
            journal.merge_findings(BOOKS, now, (), compared)
        assert len(journal.findings(BOOKS)) == len(unsaid) == 4


@pytest.mark.parametrize(
    "lacking", ["Opportunity.is_closed", "Opportunity.amount", "Event", "Task"]
)
def test_what_the_org_hides_for_a_while_makes_another_fingerprint(lacking: str) -> None:
    with looped(LARGE) as loop:
        snapshot, policy = loop.look().snapshot, loop.policy
    told = {}
    for missing in (frozenset({lacking}), frozenset[str]()):
        look = Look(replace(snapshot, missing=missing), policy)
        found = judge(look).findings
        unsaid = Unsaid(found, AtStake(look, adds_up=False))
        for number, each in zip(unsaid.fingerprints(), found, strict=True):
            assert told.setdefault(number, each) == each
    assert len({*told.values()}) == len(told)


def test_states_are_told_where_they_are_new() -> None:
    with looped(LARGE) as loop:
        first = loop.plan()
        ids = {*first.read["Account", 0].to_pylist()}
        # What changed while it was read has no state.
        assert len(ids) - 2 < len(first.states["Account"]) <= len(ids)
        loop.apply(first)
        left = loop.journal.previous_pass(loop.org.id)
        again = loop.plan()
        assert not any(again.states.values())
        assert {*again.read["Account", 0].to_pylist()} == ids
        one, other = sorted(first.states["Account"])[:2]
        loop.fake.edit("Account", one, Status__c="Customer")
        loop.fake.edit("Account", other, Status__c=None)
        assert loop.plan().states["Account"] == {one: "Customer", other: None}
        loop.apply(again)
        assert left is not None
        kept = loop.journal.previous_pass(loop.org.id)
        assert kept is not None
        assert kept.states.keys() == left.states.keys()


def test_what_is_the_same_is_not_put_into_words(monkeypatch: pytest.MonkeyPatch) -> None:
    with looped(LARGE) as loop, closing(Journal.open("sqlite://")) as journal:
        planned = loop.plan()
        compared = journal.compare_findings(BOOKS, unsaid_of(planned))
        journal.merge_findings(BOOKS, loop.now, (), compared)
        again = unsaid_of(loop.plan())
        asked: list[int] = []
        some = Unsaid.some
        monkeypatch.setattr(
            Unsaid, "some", lambda self, places: asked.extend(places) or some(self, places)
        )
        compared = journal.compare_findings(BOOKS, again)
        counts = journal.merge_findings(BOOKS, loop.now + timedelta(hours=1), (), compared)
    assert asked == []
    assert (counts.open, counts.new, counts.solved) == (len(again), 0, 0)
    assert len(again) > 50
