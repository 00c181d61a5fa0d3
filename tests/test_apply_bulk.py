"""Does apply write thousands of records by the org's bulk jobs as carefully as a few, and know to
the last what became of each?
"""

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
import requests
from entering import connect
from hypothesis import given, settings
from hypothesis import strategies as st
from test_apply import (
    FIELDS,
    RUN,
    STATE,
    a_change,
    carried_out,
    count_writes,
    stamp,
    started,
    states,
    statuses,
    targets,
    to_working,
)

from sfsync.apply import Desk, apply, settle
from sfsync.apply.bulk import MOST_JOBS
from sfsync.errors import LimitReached, OrgRefused, OrgUnavailable, Stopped
from sfsync.fake import FakeOrg
from sfsync.fake.bulk import progress
from sfsync.fake.bulk.jobs import UNDER_WAY
from sfsync.fake.given_faults import Faults
from sfsync.fake.server import Call
from sfsync.journal import Journal
from sfsync.model import Change, FieldChange, JournalledChange, Stamp, State, Watch
from sfsync.portions import BATCH_SIZE, portions, writing_calls

NOW = datetime(2026, 6, 15, 8, 0, tzinfo=UTC)
BULK_FROM = 5
MANY = 12
LATER = "20260615-090000-bbbb"
JOBS = "/jobs/ingest"


@pytest.fixture
def fake() -> FakeOrg:
    return FakeOrg.standard(NOW, custom_fields=FIELDS)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(Journal.open(f"sqlite:///{tmp_path / 'journal.db'}")) as opened:
        yield opened


@pytest.fixture
def desk(fake: FakeOrg, journal: Journal) -> Desk:
    return a_desk(fake, journal)


def a_desk(fake: FakeOrg, journal: Journal) -> Desk:
    """A desk to which a dozen changes are many."""
    org = connect(fake.session(), fake.host, fake.token(), sleep=lambda _: None)
    nothing = (lambda _: None, lambda *_: None)
    return Desk(org, journal, fake.clock.now, *nothing, bulk_from=BULK_FROM)


def asked(fake: FakeOrg, method: str, end: str) -> int:
    """How many requests of a method went to a path that ends so."""
    return sum(each == method and path.endswith(end) for each, path in fake.calls)


def jobs_opened(fake: FakeOrg) -> int:
    return asked(fake, "POST", JOBS)


def batches_sent(fake: FakeOrg) -> int:
    return asked(fake, "PATCH", "composite/sobjects")


def uploads(fake: FakeOrg) -> list[list[dict[str, str]]]:
    """Watch which rows are uploaded from now on, job by job."""
    found: list[list[dict[str, str]]] = []

    def watch(call: Call) -> None:
        if call.when == "before" and call.method == "PUT":
            found.append(list(csv.DictReader(io.StringIO(call.body.decode("utf-8")))))

    fake.on_request.append(watch)
    return found


def statements(fake: FakeOrg) -> list[str]:
    """Watch which statements are asked from now on, alone or several at once."""
    found: list[str] = []

    def watch(call: Call) -> None:
        if call.when == "before" and ("/query" in call.path or call.path.endswith("/composite")):
            found.append(call.request.target + call.body.decode())

    fake.on_request.append(watch)
    return found


def when_opened(fake: FakeOrg, act: Callable[[], object]) -> None:
    """Do something once, just before the first bulk job is opened: after the look."""
    left = [act]

    def hook(call: Call) -> None:
        if (call.when, call.method) == ("before", "POST") and call.path.endswith(JOBS) and left:
            left.pop()()

    fake.on_request.append(hook)


# What is carried out


def test_many_changes_go_through_one_job_and_are_written_once(fake: FakeOrg, desk: Desk) -> None:
    ids = targets(fake, MANY)
    changes = to_working(fake, ids)
    writes, sent = count_writes(fake), uploads(fake)
    told: list[tuple[int, int]] = []
    desk = replace(desk, progress=lambda *done: told.append(done))
    before = fake.clock.now()
    outcomes = carried_out(desk, changes)
    assert {outcome.state for outcome in outcomes} == {State.APPLIED}
    assert statuses(fake, ids) == ["Working"] * MANY
    assert writes == {("Account", id): 1 for id in ids}
    assert (jobs_opened(fake), batches_sent(fake)) == (1, 0)
    assert [row["Id"] for row in sent[0]] == sorted(ids)
    assert [entry.sent_at for entry in desk.journal.changes(RUN)] == [before] * MANY
    assert list(desk.journal.jobs(RUN).values()) == [list(range(MANY))]
    assert told == [(MANY, MANY)]


def test_few_changes_go_without_a_job(fake: FakeOrg, desk: Desk) -> None:
    carried_out(desk, to_working(fake, targets(fake, BULK_FROM)))
    assert (jobs_opened(fake), batches_sent(fake)) == (0, 1)
    assert desk.journal.jobs(RUN) == {}


def test_changes_of_different_fields_go_together(fake: FakeOrg, desk: Desk) -> None:
    ids = targets(fake, 3 * MANY)
    changes = to_working(fake, ids)
    changes[::3] = [a_change(fake, id, Status__c="Working", Count__c=1) for id in ids[::3]]
    changes[1:3] = [a_change(fake, id, Working_At__c=None, Count__c=2) for id in ids[1:3]]
    sent = uploads(fake)
    carried_out(desk, changes)
    assert (jobs_opened(fake), batches_sent(fake)) == (1, 0)
    assert [len(rows) for rows in sent] == [3 * MANY]
    assert statuses(fake, ids).count("Target") == 2
    assert [fake.record("Account", id)["Count__c"] for id in ids[:4]] == [1, 2, 2, 1]


def test_a_job_empties_fields_and_keeps_odd_values_whole(fake: FakeOrg, desk: Desk) -> None:
    odd = [None, "", 'a "quoted", one', "two\nlines", "#N/B", "é \u2028 x", "007"]
    ids = targets(fake, len(odd))
    changes = [a_change(fake, id, Status__c=value) for id, value in zip(ids, odd, strict=True)]
    outcomes = carried_out(desk, changes)
    assert {outcome.state for outcome in outcomes} == {State.APPLIED}
    assert jobs_opened(fake) == 1
    assert statuses(fake, ids) == [None, None, *odd[2:]]


def test_a_job_is_ordered_by_account(fake: FakeOrg, desk: Desk) -> None:
    accounts = targets(fake, 3)
    fields = {"StageName": "Prospecting", "CloseDate": "2026-07-01", "Name": "Deal"}
    deals = [
        (fake.add("Opportunity", AccountId=accounts[number % 3], **fields), accounts[number % 3])
        for number in range(MANY)
    ]
    changes = [
        a_change(fake, deal, stamp(fake, "Account", account), object="Opportunity", NextStep="Call")
        for deal, account in deals
    ]
    sent = uploads(fake)
    carried_out(desk, changes)
    by_account = sorted((account, deal) for deal, account in deals)
    assert [row["Id"] for row in sent[0]] == [deal for _, deal in by_account]


@settings(max_examples=30, deadline=None)
@given(
    made=st.lists(
        st.tuples(
            st.sampled_from(["Account", "Contact"]),
            st.sampled_from(["a", "ab", "b"]),
            st.integers(0, 9),
        ),
        max_size=200,
    ),
    bulk_from=st.integers(0, 100),
)
def test_portions_have_each_change_once_and_those_of_a_job_the_same_fields(
    made: list[tuple[str, str, int]], bulk_from: int
) -> None:
    changes = [
        Change(
            object,
            f"{number:04d}",
            "",
            {name: FieldChange(0, 1) for name in fields},
            "",
            "",
            rests_on=(Stamp(object, f"{number:04d}", None), Stamp("Account", f"p{parent}", None)),
        )
        for number, (object, fields, parent) in enumerate(sorted(made))
    ]
    cut = list(portions(changes, bulk_from))
    assert sorted(seq for each in cut for seq, _ in each.placed) == list(range(len(changes)))
    for portion in cut:
        assert len({change.object for _, change in portion.placed}) == 1
        assert all(changes[seq] is change for seq, change in portion.placed)
        if portion.in_bulk:
            assert len(portion.placed) > bulk_from
            accounts = [
                next(stamp.id for stamp in change.rests_on if stamp.object == "Account")
                for _, change in portion.placed
            ]
            assert accounts == sorted(accounts)
        else:
            assert 1 <= len(portion.placed) <= BATCH_SIZE
            assert list(portion.placed) == sorted(portion.placed, key=lambda each: each[0])


# What somebody changed meanwhile


def test_what_changed_since_is_left_alone_in_a_job_too(fake: FakeOrg, desk: Desk) -> None:
    ids = targets(fake, MANY)
    task = [fake.add("Task", Subject="Call", WhatId=id, Status="Completed") for id in ids[:2]]
    changes = to_working(fake, ids)
    for place in (0, 1):
        changes[place] = a_change(
            fake, ids[place], stamp(fake, "Task", task[place]), Status__c="Working"
        )
    changes[6] = replace(changes[6], watches=(Watch("Task", "WhatId"),))
    changes[7] = replace(changes[7], watches=(Watch("Task", "WhatId"),))
    read_at = fake.clock.now()
    fake.clock.advance(3_600)
    fake.edit("Task", task[0], Subject="Another call")
    fake.remove("Task", task[1])
    fake.edit("Account", ids[2], Status__c="Customer")
    fake.edit("Account", ids[3], Phone="+33 1 99 00 00 00")
    fake.remove("Account", ids[4])
    fake.edit("Account", ids[5], Status__c="Working")
    fake.add("Task", Subject="Call", WhatId=ids[6], Status="Completed")
    writes = count_writes(fake)
    outcomes = apply(changes, started(desk, changes), desk, read_at)
    found = ["stale"] * 5 + ["skipped", "stale"] + ["applied"] * 5
    assert [outcome.state.value for outcome in outcomes] == found == states(desk)
    stamped = "SystemModstamp was"
    words = [task[0], "is gone", "'Customer'", stamped, "is gone", "already so", "came or changed"]
    for outcome, told in zip(outcomes, words, strict=False):
        assert told in outcome.message
    assert writes == {("Account", id): 1 for id in ids[7:]}


def test_a_look_at_many_reads_what_changed_and_not_each_of_them(fake: FakeOrg, desk: Desk) -> None:
    ids = targets(fake, MANY)
    changes = to_working(fake, ids)
    reads = statements(fake)
    carried_out(desk, changes)
    assert len(reads) == 1
    assert not any(id in reads[0] for id in ids)


def test_a_late_commit_that_bears_an_earlier_stamp_is_seen(fake: FakeOrg, desk: Desk) -> None:
    ids = targets(fake, MANY)
    changes = to_working(fake, ids)
    fake.clock.advance(60)
    fake.edit("Account", ids[0], Phone="+33 1 99 00 00 00")
    # Reading began after the moment that the stamp bears, and before it could be seen.
    read_at = fake.clock.now() + timedelta(minutes=4)
    fake.clock.set(read_at)
    outcomes = apply(changes, started(desk, changes), desk, read_at)
    assert [each.state for each in outcomes] == [State.STALE] + [State.APPLIED] * (MANY - 1)


def test_a_record_deleted_within_the_second_of_its_stamp_is_seen(fake: FakeOrg, desk: Desk) -> None:
    ids = targets(fake, MANY)
    changes = to_working(fake, ids)
    fake.state.store.put("Account", {**fake.state.store.row(ids[0]), "IsDeleted": True})
    outcomes = carried_out(desk, changes)
    assert [each.state for each in outcomes] == [State.STALE] + [State.APPLIED] * (MANY - 1)
    assert outcomes[0].code == ""


def test_without_stamps_many_are_looked_at_one_by_one(fake: FakeOrg, desk: Desk) -> None:
    ids = targets(fake, MANY)
    changes = to_working(fake, ids)
    fake.hide_field("Account", "SystemModstamp")
    fake.edit("Account", ids[0], Status__c="Customer")
    fake.edit("Account", ids[1], Phone="+33 1 99 00 00 00")
    outcomes = carried_out(desk, changes)
    assert [each.state for each in outcomes] == [State.STALE] + [State.APPLIED] * (MANY - 1)
    assert jobs_opened(fake) == 1


def test_evidence_of_an_object_that_is_gone_makes_those_changes_stale(
    fake: FakeOrg, desk: Desk
) -> None:
    ids = targets(fake, MANY)
    changes = to_working(fake, ids)
    changes[3] = a_change(fake, ids[3], Stamp("Nowhere__c", ids[3], None), Status__c="Working")
    outcomes = carried_out(desk, changes)
    assert [each.state for each in outcomes].count(State.APPLIED) == MANY - 1
    assert "is gone" in outcomes[3].message


def test_what_the_run_itself_wrote_does_not_make_later_changes_stale(
    fake: FakeOrg, desk: Desk
) -> None:
    ids = targets(fake, MANY)
    contacts = [fake.add("Contact", LastName="Doe", AccountId=id) for id in ids]
    changes = to_working(fake, ids)
    changes += [
        a_change(fake, contact, stamp(fake, "Account", id), object="Contact", Title="CFO")
        for contact, id in zip(contacts, ids, strict=True)
    ]
    # An account's change may also come after those of records that it watches.
    watching = [
        replace(a_change(fake, id, Count__c=1), watches=(Watch("Contact", "AccountId"),))
        for id in ids
    ]
    watching = [replace(change, fields={"Count__c": FieldChange(None, 1)}) for change in watching]
    read_at = fake.clock.now()
    fake.clock.advance(60)
    reads = statements(fake)
    outcomes = apply(changes + watching, started(desk, changes + watching), desk, read_at)
    assert {outcome.state for outcome in outcomes} == {State.APPLIED}
    assert jobs_opened(fake) == 3
    # One look at each object for each job, and none at single records.
    assert len(reads) == 1 + 2 + 2


# What the org refuses, and what it does not come to


def test_refused_rows_of_a_job_stop_no_other(fake: FakeOrg, desk: Desk) -> None:
    ids = targets(fake, MANY)
    no = {"kind": "validation", "ids": ids[2:4], "times": None, "message": "Not: this, one"}
    Faults(fake).add(no)
    outcomes = carried_out(desk, to_working(fake, ids))
    assert [outcome.state for outcome in outcomes].count(State.APPLIED) == MANY - 2
    assert [(each.state, each.code, each.message) for each in outcomes[2:4]] == [
        (State.REFUSED, "FIELD_CUSTOM_VALIDATION_EXCEPTION", "Not: this, one")
    ] * 2
    assert batches_sent(fake) == 0


def test_a_record_deleted_in_the_last_moment_is_stale(fake: FakeOrg, desk: Desk) -> None:
    ids = targets(fake, MANY)
    when_opened(fake, lambda: fake.remove("Account", ids[0]))
    outcomes = carried_out(desk, to_working(fake, ids))
    assert (outcomes[0].state, outcomes[0].code) == (State.STALE, "ENTITY_IS_DELETED")
    assert [outcome.state for outcome in outcomes].count(State.APPLIED) == MANY - 1


@pytest.mark.parametrize("times", [1, None])
def test_locked_rows_are_sent_again_after_another_look(
    fake: FakeOrg, desk: Desk, times: int | None
) -> None:
    ids = targets(fake, MANY)
    Faults(fake).add({"kind": "lock", "ids": ids[:3], "times": times})
    changes = to_working(fake, ids)
    writes = count_writes(fake)

    def edited(call: Call) -> None:
        if call.when == "after" and call.path.endswith("/successfulResults"):
            fake.on_request.remove(edited)
            fake.state.store.put("Account", {**fake.state.store.row(ids[0]), "Status__c": "Mine"})

    fake.on_request.append(edited)
    outcomes = carried_out(desk, changes)
    assert outcomes[0].state is State.STALE
    expected = State.APPLIED if times else State.REFUSED
    for outcome in outcomes[1:3]:
        assert outcome.state is expected
        assert outcome.code == ("" if times else "UNABLE_TO_LOCK_ROW")
    assert {outcome.state for outcome in outcomes[3:]} == {State.APPLIED}
    assert max(writes.values()) == 1
    assert statuses(fake, ids[:1]) == ["Mine"]
    # The locked ones are in no job any more: what became of them is told by reading.
    assert sum(map(len, desk.journal.jobs(RUN).values())) == MANY - 2


@pytest.mark.parametrize("kind", ["bulk_fail", "bulk_abort"])
@pytest.mark.parametrize("after", [0, 4, MANY - 2])
def test_a_job_that_ends_early_is_followed_by_another_way(
    fake: FakeOrg, desk: Desk, kind: str, after: int
) -> None:
    ids = targets(fake, MANY)
    Faults(fake).add({"kind": kind, "after": after})
    writes = count_writes(fake)
    outcomes = carried_out(desk, to_working(fake, ids))
    assert {outcome.state for outcome in outcomes} == {State.APPLIED}
    assert writes == {("Account", id): 1 for id in ids}
    few = MANY - after <= BULK_FROM
    assert (jobs_opened(fake), batches_sent(fake)) == ((1, 1) if few else (2, 0))


def test_what_no_job_comes_to_is_left_to_the_next_pass(fake: FakeOrg, desk: Desk) -> None:
    ids = targets(fake, MANY)
    Faults(fake).add({"kind": "bulk_fail", "after": 1, "times": None})
    outcomes = carried_out(desk, to_working(fake, ids))
    assert jobs_opened(fake) == MOST_JOBS
    done = [outcome for outcome in outcomes if outcome.state is State.APPLIED]
    left = [outcome for outcome in outcomes if outcome.state is State.SKIPPED]
    assert (len(done), len(left)) == (MOST_JOBS, MANY - MOST_JOBS)
    assert all(outcome.message.startswith("left to the next pass") for outcome in left)
    assert statuses(fake, ids).count("Working") == MOST_JOBS


def test_where_the_org_takes_no_bulk_job_batches_do(fake: FakeOrg, desk: Desk) -> None:
    ids = targets(fake, MANY)
    refusal = {"kind": "refusal", "path": JOBS, "status": 403, "code": "API_DISABLED_FOR_ORG"}
    Faults(fake).add({**refusal, "times": None})
    outcomes = carried_out(desk, to_working(fake, ids))
    assert {outcome.state for outcome in outcomes} == {State.APPLIED}
    assert batches_sent(fake) == 1
    assert desk.journal.jobs(RUN) == {}


def test_records_that_are_refused_before_they_are_uploaded_are_told(
    fake: FakeOrg, desk: Desk
) -> None:
    ids = targets(fake, MANY)
    changes = to_working(fake, ids)
    refused = {"kind": "refusal", "path": "/batches", "status": 400, "code": "INVALID_FIELD"}
    Faults(fake).add(refused)
    with pytest.raises(OrgRefused):
        carried_out(desk, changes)
    assert states(desk) == ["skipped"] * MANY
    assert set(statuses(fake, ids)) == {"Target"}


def test_rows_whose_second_job_is_refused_are_skipped_and_not_left_as_sent(
    fake: FakeOrg, desk: Desk
) -> None:
    ids = targets(fake, MANY)
    faults = Faults(fake)
    faults.add({"kind": "bulk_fail", "after": 4})
    faults.add({"kind": "refusal", "path": "/batches", "at": 2, "code": "INVALID_FIELD"})
    with pytest.raises(OrgRefused):
        carried_out(desk, to_working(fake, ids))
    assert sorted(states(desk)) == ["applied"] * 4 + ["skipped"] * (MANY - 4)
    assert statuses(fake, ids).count("Working") == 4


# The day's calls


def test_the_reserve_stops_what_a_job_left_and_the_books_say_why_it_is_not_done(
    fake: FakeOrg, desk: Desk
) -> None:
    ids = targets(fake, MANY)
    changes = to_working(fake, ids)
    Faults(fake).add({"kind": "lock", "ids": ids[:3], "times": None})
    desk.org.budget()
    left = desk.org.usage().left  # type: ignore[union-attr]
    with pytest.raises(Stopped):
        carried_out(replace(desk, reserve=(left - 1.5) / 15_000), changes)
    entries = desk.journal.changes(RUN)
    assert {entry.outcome.code for entry in entries[:3]} == {"UNABLE_TO_LOCK_ROW"}
    assert states(desk) == ["refused"] * 3 + ["applied"] * (MANY - 3)
    assert batches_sent(fake) == 0


def test_the_reserve_stops_a_run_before_it_begins(fake: FakeOrg, desk: Desk) -> None:
    ids = targets(fake, MANY)
    changes = to_working(fake, ids)
    # Of 15,000 calls a handful is used: 99.9 % are still left, and 99.95 % are kept for others.
    fake.state.used_calls.extend([NOW] * 10)
    desk.org.budget()
    with pytest.raises(Stopped, match="kept for others"):
        carried_out(replace(desk, reserve=0.9995), changes)
    assert states(desk) == ["skipped"] * MANY
    assert desk.journal.changes(RUN)[0].outcome.message.startswith("left to the next pass: the org")
    assert (jobs_opened(fake), batches_sent(fake)) == (0, 0)


def test_the_reserve_stops_a_run_between_two_portions(fake: FakeOrg, desk: Desk) -> None:
    ids = targets(fake, 40)
    changes = to_working(fake, ids)
    desk = replace(desk, bulk_from=1_000, batch_size=20)
    desk.org.fields("Account")
    desk.org.budget()
    left = desk.org.usage().left  # type: ignore[union-attr]
    # The first batch costs two calls, and then one less is left than is kept for others.
    words = f"has {left - 2} of 15000 API calls left today, and {left - 1} are"
    with pytest.raises(Stopped, match=words):
        carried_out(replace(desk, reserve=(left - 1 + 0.5) / 15_000), changes)
    assert states(desk) == ["applied"] * 20 + ["skipped"] * 20


def test_the_reserve_stops_a_run_between_two_jobs(fake: FakeOrg, desk: Desk) -> None:
    ids = targets(fake, MANY)
    changes = to_working(fake, ids)
    Faults(fake).add({"kind": "bulk_fail", "after": 4, "times": None})
    desk.org.budget()
    left = desk.org.usage().left  # type: ignore[union-attr]
    with pytest.raises(Stopped):
        carried_out(replace(desk, reserve=(left - 1.5) / 15_000), changes)
    assert states(desk).count("applied") == 4
    assert states(desk).count("skipped") == MANY - 4
    assert jobs_opened(fake) == 1


def test_an_empty_reserve_uses_the_day_up_and_is_stopped_by_the_org(
    fake: FakeOrg, desk: Desk
) -> None:
    ids = targets(fake, MANY)
    changes = to_working(fake, ids)
    desk.org.fields("Account")
    fake.state.daily_quota = len(fake.state.used_calls) + 1
    with pytest.raises(LimitReached, match="TotalRequests Limit"):
        carried_out(desk, changes)
    assert states(desk) == ["skipped"] * MANY
    assert "left to the next pass: " in desk.journal.changes(RUN)[0].outcome.message


# How many calls it costs


@pytest.mark.parametrize("evidence", [False, True])
@pytest.mark.parametrize("number", [1, 20, 21, 45])
def test_the_estimate_is_exact_for_batches(
    fake: FakeOrg, desk: Desk, number: int, evidence: bool
) -> None:
    ids = targets(fake, number)
    changes = to_working(fake, ids)
    if evidence:
        contacts = [fake.add("Contact", LastName="Doe", AccountId=id) for id in ids]
        tasks = [fake.add("Task", Subject="Call", WhatId=id) for id in ids]
        changes = [
            replace(
                change,
                rests_on=(
                    *change.rests_on,
                    stamp(fake, "Contact", contact),
                    stamp(fake, "Task", task),
                ),
                watches=(Watch("Event", "AccountId"), Watch("Task", "AccountId"))
                + (Watch("Opportunity", "AccountId"),) * (number > 20),
            )
            for change, contact, task in zip(changes, contacts, tasks, strict=True)
        ]
    for name in ("Account", "Contact", "Task", "Event", "Opportunity"):
        desk.org.fields(name)
    before = desk.org.calls
    outcomes = carried_out(replace(desk, bulk_from=2_000, batch_size=20), changes)
    assert {outcome.state for outcome in outcomes} == {State.APPLIED}
    used = desk.org.calls - before
    assert used == writing_calls(changes, batch_size=20)
    per_batch = 3 if evidence and number > 20 else 2
    assert used == -(-number // 20) * per_batch


def test_a_thousand_changes_take_a_look_and_a_write(fake: FakeOrg, desk: Desk) -> None:
    changes = to_working(fake, targets(fake, BATCH_SIZE))
    desk.org.fields("Account")
    before = desk.org.calls
    outcomes = carried_out(replace(desk, bulk_from=2_000, batch_size=BATCH_SIZE), changes)
    assert {outcome.state for outcome in outcomes} == {State.APPLIED}
    assert desk.org.calls - before == 2 == writing_calls(changes)


def test_the_estimate_is_about_right_for_a_job(fake: FakeOrg, desk: Desk) -> None:
    changes = to_working(fake, targets(fake, 500))
    desk.org.fields("Account")
    before = desk.org.calls
    carried_out(desk, changes)
    used = desk.org.calls - before
    assert 0 <= writing_calls(changes, BULK_FROM) - used <= 5
    assert used <= 8


# Answers that never come, and processes that die


def lose_the_line(call: Call) -> None:
    raise requests.ConnectionError("Connection reset by peer")


def down_from(fake: FakeOrg, method: str, end: str, when: str = "after") -> None:
    """Let the org be gone for good from the first request of this kind on."""

    def hook(call: Call) -> None:
        if call.when == when and call.method == method and call.path.endswith(end):
            fake.on_request.insert(0, lose_the_line)
            lose_the_line(call)

    fake.on_request.append(hook)


@pytest.mark.parametrize(
    ("method", "end", "settled"),
    [
        ("PUT", "/batches", "skipped"),
        ("GET", "/successfulResults", "applied"),
    ],
)
def test_an_org_that_goes_away_during_a_job_is_settled_later(
    fake: FakeOrg, desk: Desk, method: str, end: str, settled: str
) -> None:
    ids = targets(fake, MANY)
    changes = to_working(fake, ids)
    writes = count_writes(fake)
    down_from(fake, method, end)
    with pytest.raises(OrgUnavailable):
        carried_out(desk, changes)
    assert states(desk) == ["unknown"] * MANY
    fake.on_request.clear()
    settle(desk.org.id, desk, STATE)
    assert states(desk) == [settled] * MANY
    assert len(writes) == (MANY if settled == "applied" else 0)
    assert desk.journal.open_runs(desk.org.id) == []


def dead_during_a_job(fake: FakeOrg, desk: Desk, ids: list[str], polls: int) -> str:
    """Leave the books as a process does that dies when a job is handed over and looked at."""
    changes = to_working(fake, ids)
    started(desk, changes)
    job = desk.org.open_job("Account")
    desk.journal.mark_sent(RUN, range(len(ids)), fake.clock.now(), job=job)
    fake.state.bulk_polls = (polls, polls)
    down_from(fake, "GET", job)
    with pytest.raises(OrgUnavailable):
        desk.org.send_job(job, "Account", [(id, {"Status__c": "Working"}) for id in sorted(ids)])
    fake.on_request.clear()
    return job


def test_settle_waits_for_a_job_that_is_still_at_work(fake: FakeOrg, desk: Desk) -> None:
    ids = targets(fake, MANY)
    Faults(fake).add({"kind": "validation", "ids": ids[:1], "message": "Not this one"})
    dead_during_a_job(fake, desk, ids, polls=5)
    assert statuses(fake, ids) == ["Target"] * MANY
    settle(desk.org.id, desk, STATE)
    assert states(desk) == ["refused"] + ["applied"] * (MANY - 1)
    assert desk.journal.changes(RUN)[0].outcome.message == "Not this one"


def test_settle_trusts_the_jobs_results_more_than_what_stands_there_now(
    fake: FakeOrg, desk: Desk
) -> None:
    ids = targets(fake, MANY)
    job = dead_during_a_job(fake, desk, ids, polls=0)
    assert statuses(fake, ids) == ["Working"] * MANY
    fake.edit("Account", ids[0], Status__c="Customer")
    fake.edit("Account", ids[1], Status__c="Target")
    settle(desk.org.id, desk, STATE)
    assert states(desk) == ["applied"] * MANY
    assert asked(fake, "GET", f"{job}/successfulResults") == 1


def test_settle_reads_the_records_where_the_job_is_forgotten(fake: FakeOrg, desk: Desk) -> None:
    ids = targets(fake, MANY)
    dead_during_a_job(fake, desk, ids, polls=0)
    fake.edit("Account", ids[0], Status__c="Customer")
    fake.clock.advance(8 * 24 * 3_600)
    settle(desk.org.id, replace(desk, org=a_desk(fake, desk.journal).org), STATE)
    assert states(desk) == ["unknown"] + ["applied"] * (MANY - 1)


def test_settle_leaves_a_run_open_while_its_job_cannot_be_asked(fake: FakeOrg, desk: Desk) -> None:
    ids = targets(fake, MANY)
    dead_during_a_job(fake, desk, ids, polls=0)
    fake.on_request.append(lose_the_line)
    with pytest.raises(OrgUnavailable):
        settle(desk.org.id, desk, STATE)
    assert [run.id for run in desk.journal.open_runs(desk.org.id)] == [RUN]
    fake.on_request.clear()
    settle(desk.org.id, desk, STATE)
    assert states(desk) == ["applied"] * MANY


def test_settle_stops_a_job_that_was_opened_and_never_filled(fake: FakeOrg, desk: Desk) -> None:
    ids = targets(fake, MANY)
    changes = to_working(fake, ids)
    started(desk, changes)
    job = desk.org.open_job("Account")
    desk.journal.mark_sent(RUN, range(MANY), fake.clock.now(), job=job)
    settle(desk.org.id, desk, STATE)
    assert states(desk) == ["skipped"] * MANY
    assert fake.state.bulk_jobs[job].state == "Aborted"


class Killed(BaseException):
    """The process is dead: whoever catches errors of Python's catches this one not."""


class Mortal:
    """A journal after each call of which the process may die."""

    def __init__(self, journal: Journal, step: Callable[[], None]) -> None:
        self._journal, self._step = journal, step

    def __getattr__(self, name: str) -> object:
        found = getattr(self._journal, name)

        def call(*given: object, **named: object) -> object:
            answer = found(*given, **named)
            self._step()
            return answer

        return call


def dies(fake: FakeOrg, desk: Desk, boundary: int, work: Callable[[Desk], object]) -> bool:
    """Do the work until the process dies at this boundary; tell whether it came to its end.

    Boundaries are after each call of the journal, and after each request that the org has answered,
    before the answer comes: nothing else changes the world.
    """
    passed = count()

    def step() -> None:
        if next(passed) == boundary:
            raise Killed

    def hook(call: Call) -> None:
        if call.when == "after":
            step()

    fake.on_request.append(hook)
    try:
        work(replace(desk, journal=Mortal(desk.journal, step)))
    except Killed:
        return False
    finally:
        fake.on_request.remove(hook)
    return True


def an_org_of_trouble() -> tuple[FakeOrg, list[str], list[Change]]:
    """An org in which one record is refused for good, one was edited, one is locked once, and the
    first bulk job ends before its records do.
    """
    fake = FakeOrg.standard(NOW, custom_fields=FIELDS)
    ids = targets(fake, MANY)
    changes = to_working(fake, ids)
    fake.edit("Account", ids[1], Status__c="Customer")
    faults = Faults(fake)
    faults.add({"kind": "validation", "ids": ids[:1], "times": None, "message": "Never"})
    faults.add({"kind": "lock", "ids": ids[2:3], "times": 1})
    faults.add({"kind": "bulk_fail", "after": 3})
    return fake, ids, changes


def check_the_books(
    fake: FakeOrg, entries: list[JournalledChange], writes: dict[tuple[str, str], int]
) -> None:
    """What the journal says is what the org holds, written once or not at all."""
    for entry in entries:
        key = (entry.change.object, entry.change.id)
        state = entry.outcome.state
        assert state in (State.APPLIED, State.SKIPPED, State.STALE, State.REFUSED)
        assert writes.get(key, 0) == (state is State.APPLIED)
        assert (fake.record(*key)["Status__c"] == "Working") == (state is State.APPLIED)


def check_and_complete(fake: FakeOrg, desk: Desk, ids: list[str], run_id: str) -> None:
    """Plan and carry out what is left; in the end all that can be done is done."""
    left = [id for id in ids if fake.record("Account", id)["Status__c"] == "Target"]
    changes = to_working(fake, left)
    carried_out(desk, changes, run_id)
    assert statuses(fake, ids) == ["Target", "Customer"] + ["Working"] * (MANY - 2)


def let_jobs_end(fake: FakeOrg) -> None:
    """Let time pass for the org: whatever is still to be written by a job is written."""
    for job in fake.state.bulk_jobs.values():
        while job.state in UNDER_WAY:
            progress.look(fake.state, job)


def run_of(changes: list[Change], read_at: datetime) -> Callable[[Desk], object]:
    return lambda desk: apply(changes, started(desk, changes), desk, read_at)


def test_killed_at_any_boundary_of_a_bulk_run_nothing_is_lost_or_done_twice() -> None:
    for boundary in count():
        fake, ids, changes = an_org_of_trouble()
        writes = count_writes(fake)
        with closing(Journal.open("sqlite://")) as journal:
            ended = dies(fake, a_desk(fake, journal), boundary, run_of(changes, NOW))
            desk = a_desk(fake, journal)
            settle(desk.org.id, desk, STATE)
            assert journal.open_runs(desk.org.id) == []
            let_jobs_end(fake)
            check_the_books(fake, journal.changes(RUN) if journal.runs() else [], writes)
            check_and_complete(fake, desk, ids, LATER)
        assert max(writes.values()) == 1
        if ended:
            break
    assert boundary >= 20


def test_settling_a_bulk_run_that_is_killed_itself_is_settled_again() -> None:
    for boundary in count():
        fake, ids, changes = an_org_of_trouble()
        fake.state.bulk_polls = (2, 2)
        writes = count_writes(fake)
        with closing(Journal.open("sqlite://")) as journal:
            down_from(fake, "PATCH", "", when="after")
            with pytest.raises(OrgUnavailable):
                run_of(changes, NOW)(a_desk(fake, journal))
            del fake.on_request[:]
            ended = dies(
                fake,
                a_desk(fake, journal),
                boundary,
                lambda desk: settle(desk.org.id, desk, STATE),
            )
            desk = a_desk(fake, journal)
            settle(desk.org.id, desk, STATE)
            let_jobs_end(fake)
            check_the_books(fake, journal.changes(RUN), writes)
            check_and_complete(fake, desk, ids, LATER)
        assert max(writes.values()) == 1
        if ended:
            break
    assert boundary >= 8
