"""Is a plan what it was after it was written down, and is it refused where it does not fit?"""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loop_org import config_texts, shipped_policy

from sfsync.errors import NotFound, PlanRefused
from sfsync.model import Action, Change, Evidence, FieldChange, Finding, Plan, Stamp, Watch
from sfsync.plan import check_fits, moves_too_many, narrowed, not_writable, passed_limits
from sfsync.plan_file import from_json, to_csv_rows, to_json
from sfsync.policy import Limits
from sfsync.portions import writing_calls
from sfsync.rules.load import load_policy

NOW = datetime(2026, 6, 15, 8, 0, tzinfo=UTC)
ORG = "00D000000000001EAA"
STAMP = Stamp("Account", "001000000000001AAA", "2026-06-15T07:00:00.000+0000")
STATES = {"Account": "Status__c", "Opportunity": "StageName"}
LIMITS = Limits(moved_share=0.2, moved_at_least=50, api_reserve=0.2, plan_hours=24)


def a_change(number: int = 1, cause: str = "rule:idle", object: str = "Account") -> Change:
    return Change(
        object=object,
        id=f"001{number:012d}AAA",
        name="Firm",
        fields={"Status__c": FieldChange("Target", "Backlog")},
        cause=cause,
        reason="no activity for 61 days",
        evidence=(Evidence("idle_days", 61), Evidence("next_step_on", None)),
        rests_on=(STAMP,),
    )


def a_finding(number: int = 1) -> Finding:
    return Finding("target-going-idle", "Account", f"001{number:012d}AAA", "Firm", None, "idle")


def a_plan(*changes: Change, **others: Any) -> Plan:
    plan = Plan("hourly", NOW, NOW, NOW, ORG, shipped_policy().hash, changes)
    return replace(plan, **others)


def moving(moved: int, judged: int) -> Plan:
    return a_plan(*(a_change(number) for number in range(moved)), judged=judged)


ODD_TEXTS = st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(
    ["", "null", "2026-06-15", '"', "\\", "Société Générale & Fils", "<b>", "a\nb", "\u2028", "👋"]
)
VALUES = st.none() | st.booleans() | ODD_TEXTS | st.integers(-(10**15), 10**15) | st.floats(
    allow_nan=False, allow_infinity=False
)  # fmt: skip
EVIDENCE = st.lists(st.builds(Evidence, ODD_TEXTS, VALUES, st.none() | ODD_TEXTS), max_size=2)
CHANGES = st.builds(
    Change,
    object=st.sampled_from(["Account", "Opportunity"]),
    id=st.text("0123456789abcXYZ", min_size=18, max_size=18),
    name=ODD_TEXTS,
    fields=st.dictionaries(ODD_TEXTS, st.builds(FieldChange, VALUES, VALUES), max_size=3),
    cause=ODD_TEXTS,
    reason=ODD_TEXTS,
    evidence=EVIDENCE.map(tuple),
    rests_on=st.lists(
        st.builds(Stamp, ODD_TEXTS, ODD_TEXTS, st.none() | ODD_TEXTS), max_size=2
    ).map(tuple),
    watches=st.lists(st.builds(Watch, ODD_TEXTS, ODD_TEXTS), max_size=2).map(tuple),
)
SECONDS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001
    lambda moment: moment.replace(tzinfo=UTC, microsecond=0)
)
PLANS = st.builds(
    Plan,
    job=ODD_TEXTS,
    made_at=SECONDS,
    now=SECONDS,
    read_at=SECONDS,
    org=ODD_TEXTS,
    policy_hash=ODD_TEXTS,
    changes=st.lists(CHANGES, max_size=3, unique_by=lambda c: (c.object, c.id)).map(tuple),
    findings=st.lists(
        st.builds(
            Finding,
            *[ODD_TEXTS] * 4,
            st.none() | ODD_TEXTS,
            ODD_TEXTS,
            EVIDENCE.map(tuple),
        ),
        max_size=2,
    ).map(tuple),
    notes=st.lists(ODD_TEXTS, max_size=2).map(tuple),
    judged=st.integers(0, 10**6),
    api_calls=st.integers(0, 10**6),
)


@given(PLANS)
def test_a_plan_that_was_written_down_is_the_same_plan(plan: Plan) -> None:
    text = to_json(plan)
    back = from_json(text, "plan.json")
    assert back == plan
    assert to_json(back) == text
    values = [each.after for change in plan.changes for each in change.fields.values()]
    kept = [each.after for change in back.changes for each in change.fields.values()]
    assert [type(each) for each in kept] == [type(each) for each in values]


def written(**changed: object) -> str:
    """A plan's text with some keys changed; a key set to `...` is left out."""
    data = json.loads(to_json(a_plan(a_change()))) | changed
    return json.dumps({key: value for key, value in data.items() if value is not ...})


CHANGE: dict[str, Any] = json.loads(to_json(a_plan(a_change())))["changes"][0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "plan.json"),
        ("{", "plan.json"),
        ("[]", "plan.json"),
        (written(version=2), "version: "),
        (written(org=...), "org: Field required"),
        (written(colour="red"), "colour: Extra inputs"),
        (written(made_at="yesterday"), "made_at: "),
        (written(judged="many"), "judged: "),
        (written(changes=[{**CHANGE, "fields": 3}]), "changes.0.fields: "),
        (written(changes=[{**CHANGE, "id": None}]), "changes.0.id: "),
        (written(changes=[CHANGE, CHANGE]), "Account 001000000000001AAA has two changes"),
    ],
)
def test_what_is_no_plan_is_refused_with_the_files_name_and_the_place(
    text: str, words: str
) -> None:
    with pytest.raises(PlanRefused) as caught:
        from_json(text, "plan.json")
    assert words in str(caught.value)
    assert "plan.json" in str(caught.value)


def test_all_that_is_wrong_in_a_plan_is_said_at_once() -> None:
    with pytest.raises(PlanRefused) as caught:
        from_json(written(org=..., judged="many", colour="red"), "plan.json")
    assert all(f"{key}: " in str(caught.value) for key in ("org", "judged", "colour"))


def test_a_plan_that_fits_is_not_refused() -> None:
    policy = shipped_policy()
    check_fits(a_plan(), org=ORG, policy=policy, at=NOW)
    check_fits(a_plan(), org=ORG, policy=policy, at=NOW + timedelta(hours=24))


@pytest.mark.parametrize(
    ("others", "later", "words"),
    [
        ({"org": "00D000000000002EAA"}, 0, "for the org 00D000000000002EAA, this is 00D0"),
        ({"policy_hash": "old"}, 0, "made under the policy old"),
        ({}, 86401, "older than 24 hours is not applied"),
    ],
)
def test_a_plan_of_another_org_or_policy_or_day_is_refused(
    others: Mapping[str, Any], later: int, words: str
) -> None:
    at = NOW + timedelta(seconds=later)
    with pytest.raises(PlanRefused, match="make a new one") as caught:
        check_fits(a_plan(**others), org=ORG, policy=shipped_policy(), at=at)
    assert words in str(caught.value)


def test_any_change_of_the_configuration_makes_it_another_policy() -> None:
    texts = dict(config_texts())
    later = texts["rules/accounts.yaml"].replace(
        "idle_days: {at_least: 60}", "idle_days: {at_least: 61}"
    )
    assert later != texts["rules/accounts.yaml"]
    with pytest.raises(PlanRefused, match="policy"):
        check_fits(
            a_plan(), org=ORG, policy=load_policy({**texts, "rules/accounts.yaml": later}), at=NOW
        )
    comment = {**texts, "rules/accounts.yaml": texts["rules/accounts.yaml"] + "\n# a remark\n"}
    check_fits(a_plan(), org=ORG, policy=load_policy(comment), at=NOW)


@pytest.mark.parametrize(
    ("moved", "judged", "stops"),
    [
        (50, 60, False),  # not more than 50
        (51, 60, True),
        (51, 254, True),
        (51, 255, False),  # exactly a fifth
        (200, 1000, False),
        (201, 1000, True),
        (0, 0, False),
    ],
)
def test_a_plan_that_moves_too_many_accounts_stops_unless_that_is_allowed(
    moved: int, judged: int, stops: bool
) -> None:
    plan = moving(moved, judged)
    assert bool(moves_too_many(plan, LIMITS, STATES)) == stops
    told = passed_limits(plan, LIMITS, STATES, budget=None, allow_large=False)
    assert len(told) == stops
    if stops:
        assert told[0].startswith(f"{moved} of {judged} ")
        assert "--allow-large-change" in told[0]
    assert passed_limits(plan, LIMITS, STATES, budget=None, allow_large=True) == []


@pytest.mark.parametrize("cause", ["rule:idle", "undo:20261125-190301-aaaa"])
def test_whatever_changes_the_state_counts_as_moved_and_nothing_else(cause: str) -> None:
    moves = [a_change(number, cause) for number in range(100)]
    count = {"Backlog_Count__c": FieldChange(None, 1)}
    scores = [replace(change, fields=count) for change in moves]
    assert moves_too_many(a_plan(*moves, judged=100), LIMITS, STATES)
    assert moves_too_many(a_plan(*scores, judged=100), LIMITS, STATES) == ""
    tasks = [replace(change, object="Task", action=Action.CREATE) for change in moves]
    told = moves_too_many(a_plan(*tasks, judged=1000), LIMITS, STATES)
    assert told.startswith("100 records of Task would be created, more than 50")
    assert moves_too_many(a_plan(*tasks[:50], judged=1000), LIMITS, STATES) == ""
    contacts = [replace(change, object="Contact") for change in moves]
    assert moves_too_many(a_plan(*contacts, judged=100), LIMITS, STATES) == ""


def test_where_nobody_knows_how_many_accounts_there_are_nothing_is_too_many() -> None:
    assert moves_too_many(moving(1000, 0), LIMITS, STATES) == ""


@pytest.mark.parametrize(
    ("batches", "left", "stops"),
    # Of the calls of a day 3,000 are kept for others; a batch takes two.
    [(2, 10_000, False), (2, 3_004, False), (2, 3_003, True), (1, 0, True), (0, 3_000, False)],
)
def test_a_plan_that_needs_more_api_calls_than_are_left_stops(
    batches: int, left: int, stops: bool
) -> None:
    changes = (a_change(number, cause="score") for number in range(batches * 1_000))
    plan = a_plan(*changes, api_calls=5_000)
    for allow_large in (False, True):
        told = passed_limits(plan, LIMITS, STATES, budget=(left, 3_000), allow_large=allow_large)
        assert len(told) == stops
        if stops:
            assert f"about {2 * batches} API calls" in told[0]
            assert f"{left} left today" in told[0]


def test_writing_takes_per_batch_a_look_at_each_object_and_a_write() -> None:
    assert writing_calls([]) == 0
    assert writing_calls([a_change(n) for n in range(1_000)]) == 2
    assert writing_calls([a_change(n) for n in range(1_001)]) == 4
    call = Stamp("Task", "00T000000000001AAA", None)
    rests = replace(a_change(), rests_on=(STAMP, call))
    assert writing_calls([rests]) == 2
    watched = tuple(Watch("Task", field) for field in ("A", "B", "C", "D"))
    assert writing_calls([replace(rests, watches=watched)]) == 3
    assert writing_calls([a_change(), a_change(object="Opportunity")]) == 4


THREE = a_plan(
    a_change(1),
    a_change(2, "score"),
    a_change(3, "rule:won"),
    findings=(a_finding(1), a_finding(2)),
    api_calls=12,
)


def test_a_plan_is_narrowed_to_rules_to_keeps_and_to_records() -> None:
    def left(**chosen: Any) -> list[str]:
        return [c.cause for c in narrowed(THREE, shipped_policy(), **chosen).changes]

    assert left() == ["rule:idle", "score", "rule:won"]
    assert left(only=["idle"]) == ["rule:idle"]
    assert left(only=["rule:won", "score"]) == ["score", "rule:won"]
    assert left(ids=["001000000000002"]) == ["score"]
    assert left(ids=["001000000000002AAA", "001000000000003AAA"]) == ["score", "rule:won"]
    assert left(only=["idle"], ids=["001000000000002AAA"]) == []


def test_a_narrowed_plan_has_the_findings_of_its_records_alone() -> None:
    assert narrowed(THREE, shipped_policy()).findings == THREE.findings
    chosen = narrowed(THREE, shipped_policy(), ids=["001000000000002"])
    assert chosen.findings == (a_finding(2),)
    assert narrowed(THREE, shipped_policy(), only=["idle"]).findings == ()


def test_a_narrowed_plan_needs_fewer_calls() -> None:
    assert narrowed(THREE, shipped_policy(), only=["idle"]).api_calls == 2
    assert narrowed(THREE, shipped_policy(), ids=["001999"]).api_calls == 0


def test_a_name_that_no_rule_has_is_told_with_the_nearest() -> None:
    with pytest.raises(NotFound, match='no rule is called "idel"; did you mean "idle"'):
        narrowed(THREE, shipped_policy(), only=["idel"])


def test_fields_that_cannot_be_written_are_all_named() -> None:
    fields = {name: FieldChange(None, 1) for name in ("Fine__c", "Gone__c", "Shut__c")}
    plan = a_plan(replace(a_change(), fields=fields), a_change(2, object="Opportunity"))
    may = {"Account": {"Fine__c": True, "Shut__c": False}}
    told = sorted(not_writable(plan, lambda name, _: may.get(name, {})))
    expected = [("Account", "Gone__c"), ("Account", "Shut__c"), ("Opportunity", "Status__c")]
    assert len(told) == len(expected)
    for problem, (object_name, field) in zip(told, expected, strict=True):
        assert problem.startswith(object_name)
        assert field in problem
        assert "Fine__c" not in problem
    assert not_writable(a_plan(a_change()), lambda *_: {"Status__c": True}) == []


# What is done to a record without any other.
_ALONE = (Action.UPDATE, Action.CREATE, Action.DELETE)


def test_objects_whose_records_may_not_be_created_or_deleted_are_named() -> None:
    def writable(name: str, action: Action) -> dict[str, bool] | None:
        return None if (name, action) == ("Task", Action.DELETE) else {"Status__c": True}

    changes = [
        replace(a_change(number, object=name), action=action)
        for number, (name, action) in enumerate(product(("Task", "Event"), _ALONE))
    ]
    (problem,) = not_writable(a_plan(*changes), writable)
    assert "Task" in problem
    assert "may not delete" in problem


def test_the_table_has_a_row_a_field() -> None:
    change = replace(
        a_change(), fields={"A__c": FieldChange(None, 1), "B__c": FieldChange("x", None)}
    )
    assert to_csv_rows(a_plan(change)) == [
        {
            "object": "Account",
            "id": "001000000000001AAA",
            "name": "Firm",
            "field": field,
            "before": before,
            "after": after,
            "cause": "rule:idle",
            "reason": "no activity for 61 days",
            "action": "update",
            "source": "",
        }
        for field, before, after in (("A__c", None, 1), ("B__c", "x", None))
    ]
