"""Does undo give back what stood before a run, and nothing that somebody changed since?"""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfsync.model import (
    Action,
    Change,
    FieldChange,
    JournalledChange,
    Loser,
    Outcome,
    Stamp,
    State,
    Value,
)
from sfsync.traces import FORGOTTEN
from sfsync.undo import UNKNOWN_NOW, LeftField, reverse

RUN = "20261125-190301-aaaa"
STAMP = "2026-06-15T08:00:00.000+0000"
FIRM = ("Account", "001000000000001AAA")

Rows = dict[tuple[str, str], dict[str, Value]]


def entry(
    fields: Mapping[str, FieldChange],
    key: tuple[str, str] = FIRM,
    state: State = State.APPLIED,
    run: str = RUN,
) -> JournalledChange:
    change = Change(*key, "Firm", fields, "rule:idle", "no activity for 61 days")
    return JournalledChange(run, 0, change, Outcome(*key, state), None)


MOVED = {"Status__c": FieldChange("Target", "Backlog"), "Count__c": FieldChange(None, 1)}


def test_what_the_run_wrote_goes_back_and_says_why() -> None:
    row: dict[str, Value] = {"Status__c": "Backlog", "Count__c": 1.0, "SystemModstamp": STAMP}
    reversal = reverse([entry(MOVED)], {FIRM: row})
    assert reversal.left == ()
    assert reversal.changes == (
        Change(
            *FIRM,
            name="Firm",
            fields={
                "Count__c": FieldChange(1.0, None),
                "Status__c": FieldChange("Backlog", "Target"),
            },
            cause=f"undo:{RUN}",
            reason=f"takes back what run {RUN} did for rule:idle",
            rests_on=(Stamp(*FIRM, STAMP),),
        ),
    )


def test_a_field_that_somebody_changed_is_left_and_the_others_go_back() -> None:
    row: dict[str, Value] = {"Status__c": "Customer", "Count__c": 1, "SystemModstamp": STAMP}
    reversal = reverse([entry(MOVED)], {FIRM: row})
    assert [dict(change.fields) for change in reversal.changes] == [
        {"Count__c": FieldChange(1, None)}
    ]
    assert reversal.left == (
        LeftField(
            *FIRM, "Firm", "Status__c", "Backlog", "Customer", "somebody changed it after the run"
        ),
    )


def test_of_a_record_that_is_gone_every_field_is_left() -> None:
    reversal = reverse([entry(MOVED)], {})
    assert reversal.changes == ()
    assert [(left.field, left.expected, left.found) for left in reversal.left] == [
        ("Count__c", 1, None),
        ("Status__c", "Backlog", None),
    ]
    assert all("the record is gone" in left.why for left in reversal.left)


def test_a_field_that_is_no_longer_there_is_left() -> None:
    reversal = reverse([entry(MOVED)], {FIRM: {"Status__c": "Backlog"}})
    assert [list(change.fields) for change in reversal.changes] == [["Status__c"]]
    assert [(left.field, left.why[:17]) for left in reversal.left] == [
        ("Count__c", "the field is gone")
    ]


def test_a_field_that_is_back_already_is_neither_changed_nor_left() -> None:
    reversal = reverse([entry(MOVED)], {FIRM: {"Status__c": "Target", "Count__c": ""}})
    assert (reversal.changes, reversal.left) == ((), ())


@pytest.mark.parametrize(
    "state", [state for state in State if state not in (State.APPLIED, State.UNKNOWN)]
)
def test_what_was_not_applied_has_nothing_to_undo(state: State) -> None:
    row: dict[str, Value] = {"Status__c": "Backlog", "Count__c": 1}
    reversal = reverse([entry(MOVED, state=state)], {FIRM: row})
    assert (reversal.changes, reversal.left) == ((), ())


def test_what_was_perhaps_written_is_left_and_listed_unless_it_is_back() -> None:
    row: dict[str, Value] = {"Status__c": "Backlog", "Count__c": None}
    reversal = reverse([entry(MOVED, state=State.UNKNOWN)], {FIRM: row})
    assert reversal.changes == ()
    assert [(left.field, left.found, left.why) for left in reversal.left] == [
        ("Status__c", "Backlog", "nobody knows whether the run wrote it")
    ]
    gone = reverse([entry(MOVED, state=State.UNKNOWN)], {})
    assert gone.changes == ()
    assert all("nobody knows" in left.why and "is gone" in left.why for left in gone.left)
    assert len(gone.left) == len(MOVED)


def test_instants_are_compared_as_instants_whatever_their_spelling() -> None:
    written = {"Backlog_At__c": FieldChange(None, "2026-06-15T08:00:00.000+0000")}
    same, later = "2026-06-15T08:00:00.000Z", "2026-06-15T08:00:01.000Z"
    assert reverse([entry(written)], {FIRM: {"Backlog_At__c": same}}).changes[0].fields == {
        "Backlog_At__c": FieldChange(same, None)
    }
    assert reverse([entry(written)], {FIRM: {"Backlog_At__c": later}}).changes == ()


def test_dates_and_words_that_look_alike_are_not_taken_for_one() -> None:
    written = {"Day__c": FieldChange(None, "2026-06-15"), "Note__c": FieldChange("x", "Target")}
    row: dict[str, Value] = {"Day__c": "2026-06-15T00:00:00.000Z", "Note__c": "target"}
    assert [left.field for left in reverse([entry(written)], {FIRM: row}).left] == [
        "Day__c",
        "Note__c",
    ]


KEYS = st.tuples(
    st.sampled_from(["Account", "Opportunity"]), st.text("0123", min_size=1, max_size=2)
)
VALUES = st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["a", "b", STAMP])
CHANGED = st.builds(FieldChange, VALUES, VALUES).filter(lambda each: each.before != each.after)
RUNS = st.dictionaries(
    KEYS, st.dictionaries(st.sampled_from("ABC"), CHANGED, min_size=1), max_size=6
)


def carried_out(rows: Rows, changes: Mapping[tuple[str, str], Mapping[str, FieldChange]]) -> Rows:
    """What stands after these changes were applied."""
    after = {key: dict(row) for key, row in rows.items()}
    for key, fields in changes.items():
        after[key].update({name: field.after for name, field in fields.items()})
    return after


def undone(
    run: str, changes: Mapping[tuple[str, str], Mapping[str, FieldChange]], rows: Rows
) -> dict[tuple[str, str], Mapping[str, FieldChange]]:
    """The changes that undo a run of these changes."""
    entries = [entry(fields, key, run=run) for key, fields in changes.items()]
    reversal = reverse(entries, rows)
    assert reversal.left == ()
    keys = [(change.object, change.id) for change in reversal.changes]
    assert keys == sorted(set(keys))
    return {(change.object, change.id): change.fields for change in reversal.changes}


@settings(deadline=None)
@given(changes=RUNS)
def test_undo_gives_back_every_field_and_undo_of_undo_writes_it_again(
    changes: dict[tuple[str, str], dict[str, FieldChange]],
) -> None:
    before: Rows = {
        key: {name: field.before for name, field in fields.items()}
        for key, fields in changes.items()
    }
    applied = carried_out(before, changes)
    back = undone("first", changes, applied)
    restored = carried_out(applied, back)
    assert restored == before
    again = undone("second", back, restored)
    assert carried_out(restored, again) == applied


@pytest.mark.parametrize("action", list(Action))
def test_what_is_forgotten_is_neither_written_nor_created_nor_deleted(action: Action) -> None:
    fields = {
        "Phone": FieldChange(f"of {FORGOTTEN}", f"to {FORGOTTEN}"),
        "Fax": FieldChange("+33 1", "+33 2"),
    }
    there = entry(fields)
    losers = (Loser("001000000000002AAA", "Atelier Fictif", {}),) if action is Action.MERGE else ()
    there = replace(there, change=replace(there.change, action=action, losers=losers))
    row: dict[str, Value] = {"Phone": f"to {FORGOTTEN}", "Fax": "+33 2"}
    reversal = reverse([there], {} if action is Action.DELETE else {FIRM: row})
    back = [dict(change.fields) for change in reversal.changes]
    gives_back = action in (Action.UPDATE, Action.MERGE)
    assert back == ([{"Fax": FieldChange("+33 2", "+33 1")}] if gives_back else [])
    left = [(each.field, each.why) for each in reversal.left if each.id == FIRM[1]]
    assert left == [("Phone", UNKNOWN_NOW)]
