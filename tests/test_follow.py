"""Are rules refused that would send a record round in a circle at one moment, and no others?"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from loop_org import ENRICH_FILES, config_texts
from records_org import RecordsOrg

from sfsync.errors import CircleError, ConfigError
from sfsync.extract import extract
from sfsync.facts import Look
from sfsync.policy import Policy
from sfsync.rules.judge import Judgement, judge
from sfsync.rules.load import load_policy

NOW = datetime(2026, 6, 15, 8, tzinfo=UTC)
LONG_AGO = "2020-01-01T09:00:00.000+0000"
MODEL = """\
object: Account
state: status
states:
  none: {{may_become: [Target, Working, Customer, Backlog]}}
  Target: {{entered: target_at, may_become: [Target, Working, Customer, Backlog]}}
  Working: {{entered: working_at, may_become: [Target, Working, Customer, Backlog]}}
  Customer: {{entered: customer_at, may_become: [Target, Working, Customer, Backlog]}}
  Backlog: {{entered: backlog_at, may_become: [Target, Working, Customer, Backlog]}}
rules:
{rules}
keep:
  - {{name: timestamps, entered_field: {{fact: entered_status_at}}, because: so it is}}
"""
RULE = (
    "  - {{name: {name}, from: {start}, when: {{{when}}}, to: {to}, set: {{{sets}}},"
    ' because: "{name}"}}'
)


def rule(name: str, start: str, to: str, when: str = "name: present", sets: str = "") -> str:
    return RULE.format(name=name, start=start, to=to, when=when, sets=sets)


def policy_of(*rules: str) -> Policy:
    """The shipped configuration with other rules for accounts."""
    texts = {name: text for name, text in config_texts().items() if name not in ENRICH_FILES}
    texts["rules/accounts.yaml"] = MODEL.format(rules="\n".join(rules))
    for shipped, fewer in (
        ("deals_count_without_entry: [none, Working]", "deals_count_without_entry: [none]"),
        ("dead_statuses: [Disqualified]", "dead_statuses: []"),
    ):
        assert shipped in texts["sfsync.yaml"]
        texts["sfsync.yaml"] = texts["sfsync.yaml"].replace(shipped, fewer)
    return load_policy(texts)


def judged(policy: Policy, *accounts: Mapping[str, Any]) -> Judgement:
    columns = {name: [f.field for f in each.values()] for name, each in policy.objects.items()}
    rows = [
        {"Id": f"00100000000000{n}AAA", "Name": f"Firm {n}", "CreatedDate": LONG_AGO, **account}
        for n, account in enumerate(accounts, 1)
    ]
    org = RecordsOrg({"Account": rows}, columns)
    return judge(Look(extract(org, policy, NOW), policy))


def moves(judgement: Judgement) -> list[tuple[object, str]]:
    return [(c.fields["Status__c"].after, c.cause) for c in judgement.changes]


TO_WORKING, TO_TARGET = rule("go", "Target", "Working"), rule("back", "Working", "Target")


def test_a_circle_is_refused_with_its_rules_a_record_and_their_lines() -> None:
    policy = policy_of(TO_WORKING, TO_TARGET)
    with pytest.raises(CircleError) as caught:
        judged(policy, {"Status__c": "Customer"}, {"Status__c": "Target"})
    (problem,) = caught.value.problems
    assert "the rules back and go" in problem
    assert "Account 001000000000002AAA (Firm 2)" in problem
    assert "Target -> Working -> Target" in problem
    assert "rules/accounts.yaml:10" in problem
    assert "rules/accounts.yaml:11" in problem


def test_rules_that_could_make_a_circle_harm_nobody_where_no_record_takes_it() -> None:
    policy = policy_of(TO_WORKING, TO_TARGET)
    assert judged(policy, {"Status__c": "Customer"}, {"Status__c": None}).changes == ()


def test_a_rule_that_leads_where_it_starts_is_refused_before_anything_is_judged() -> None:
    with pytest.raises(ConfigError, match=r'again: it moves to "Target", so it cannot move from'):
        policy_of(rule("again", "Target", "Target"))


def test_a_circle_of_four_is_found_and_so_is_one_that_begins_after_a_way_into_it() -> None:
    policy = policy_of(
        rule("one", "Target", "Working"),
        rule("two", "Working", "Customer"),
        rule("three", "Customer", "Backlog"),
        rule("four", "Backlog", "Working"),
    )
    with pytest.raises(CircleError) as caught:
        judged(policy, {"Status__c": "Target"})
    (problem,) = caught.value.problems
    assert "Working -> Customer -> Backlog -> Working" in problem
    assert "the rules four and three and two" in problem
    assert "one" not in problem.split("send")[0].split()


def test_a_way_in_from_no_status_is_followed_too() -> None:
    policy = policy_of(rule("in", "none", "Target"), TO_WORKING, TO_TARGET)
    with pytest.raises(CircleError, match="back and go"):
        judged(policy, {"Status__c": None})


def test_two_circles_are_told_at_once_and_each_once() -> None:
    policy = policy_of(
        TO_WORKING,
        TO_TARGET,
        rule("buy", "Backlog", "Customer"),
        rule("rest", "Customer", "Backlog"),
    )
    with pytest.raises(CircleError) as caught:
        judged(
            policy,
            {"Status__c": "Target"},
            {"Status__c": "Backlog"},
            {"Status__c": "Target"},
            {"Status__c": "Customer"},
        )
    assert len(caught.value.problems) == 2


def test_a_chain_is_no_circle_and_moves_one_step_a_pass() -> None:
    policy = policy_of(
        rule("one", "none", "Target"), TO_WORKING, rule("two", "Working", "Customer")
    )
    judgement = judged(policy, {"Status__c": None}, {"Status__c": "Target"})
    assert moves(judgement) == [("Target", "rule:one"), ("Working", "rule:go")]


def test_what_a_move_writes_decides_whether_the_next_rule_holds() -> None:
    empties = rule("go", "Target", "Working", "backlog_count: present", "backlog_count: null")
    closed = rule("back", "Working", "Target", "backlog_count: present")
    policy = policy_of(empties, closed)
    assert moves(judged(policy, {"Status__c": "Target", "Backlog_Count__c": 3})) == [
        ("Working", "rule:go")
    ]
    open_again = rule("back", "Working", "Target", "backlog_count: absent", "backlog_count: 1")
    with pytest.raises(CircleError):
        judged(policy_of(empties, open_again), {"Status__c": "Target", "Backlog_Count__c": 3})


def test_the_time_of_the_entry_breaks_a_circle_that_waits_for_a_day() -> None:
    policy = policy_of(
        TO_WORKING, rule("back", "Working", "Target", "days_in_status: {at_least: 1}")
    )
    account = {"Status__c": "Target", "Working_At__c": LONG_AGO}
    assert moves(judged(policy, account)) == [("Working", "rule:go")]


@pytest.mark.parametrize("field", ["Working_At__c", "Backlog_Count__c", "Industry"])
def test_a_field_that_the_org_lacks_is_followed_as_well(field: str) -> None:
    sets = {
        "Backlog_Count__c": "backlog_count: 1",
        "Industry": "industry: Media",
        "Working_At__c": "",
    }
    way_back = {
        "Backlog_Count__c": "backlog_count: 1",
        "Industry": "industry: Media",
        "Working_At__c": "working_at: present",
    }
    policy = policy_of(
        rule("go", "Target", "Working", sets=sets[field]),
        rule("back", "Working", "Target", way_back[field]),
    )
    columns = {
        name: [each.field for each in fields.values() if each.field != field]
        for name, fields in policy.objects.items()
    }
    account = {"Id": "001000000000001AAA", "Name": "Firm", "Status__c": "Target"}
    snapshot = extract(RecordsOrg({"Account": [account]}, columns), policy, NOW)
    with pytest.raises(CircleError, match="back and go"):
        judge(Look(snapshot, policy))
