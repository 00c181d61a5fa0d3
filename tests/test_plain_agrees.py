"""Do the product and the plain loop, two readings of one description, plan the same for any org?"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import plain_loop
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loop_org import config_texts, enforcing_policy, shipped_policy
from random_orgs import STATUS_AT, RandomOrg, part, random_org, with_commits
from records_org import RecordsOrg

from sfsync.extract import extract
from sfsync.facts import Look
from sfsync.model import OwnWrite, PreviousPass, Value, to_wire
from sfsync.policy import Policy
from sfsync.rules.judge import judge
from sfsync.rules.load import load_policy

Told = dict[tuple[str, str], tuple[str, Mapping[str, Value]]]
Facts = dict[str, dict[str, Value]]

ORGS = st.builds(random_org, st.randoms(use_true_random=False), st.integers(1, 3))
FACTS = (
    *("entered_status_at", "last_activity_at", "next_step_on", "idle_days"),
    *("open_opportunities", "won_opportunities", "won_since_entry", "lost_since_entry"),
    "potential",
)
ALERT = "target-going-idle"
A_DAY = timedelta(days=1)
# What an org may lack and still be judged, what is missing counting as empty.
OPTIONAL_OBJECTS = ("Task", "Event", "Contact", "AccountHistory", "OpportunityHistory")
OPTIONAL_FIELDS = (
    *("Account.Status__c", "Account.Target_At__c", "Account.Backlog_At__c", "Account.Industry"),
    *("Account.NumberOfEmployees", "Account.Backlog_Count__c"),
    *("Account.Potential_Score__c", "Account.Subscription_End__c", "Account.Enriched_At__c"),
    *("Account.Customer_At__c", "Account.Disqualified_At__c", "AccountHistory.CreatedById"),
    *("Opportunity.LastStageChangeDate", "Opportunity.Lost_Reason__c", "Opportunity.Won_At__c"),
    *("Opportunity.CloseDate", "OpportunityHistory.CreatedById", "Task.Subject"),
    *("Task.CompletedDateTime", "Task.CreatedDate", "Task.IsRecurrence"),
    *("Event.IsChild", "Event.IsRecurrence", "Contact.Title"),
)
MANY = settings(
    max_examples=part(0.3), suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def compare(org: RandomOrg, policy: Policy | None = None, lacking: Collection[str] = ()) -> Told:
    """Assert that both plan the same changes and alerts; return the changes."""
    here, policy = without(org, lacking), policy or shipped_policy()
    ours, alerts = by_product(here, policy, lacking)
    theirs, their_alerts = by_plain_loop(here, policy.commit.is_enforced, lacking)
    differing = {
        key: f"product: {ours.get(key)}, plain loop: {theirs.get(key)}"
        for key in sorted(ours.keys() | theirs.keys())
        if ours.get(key) != theirs.get(key)
    }
    assert not differing
    assert alerts == their_alerts
    return ours


def without(org: RandomOrg, lacking: Collection[str]) -> RandomOrg:
    """The org without some objects and fields (`Account.Industry`)."""
    records = {
        name: [
            {field: each for field, each in row.items() if f"{name}.{field}" not in lacking}
            for row in rows
        ]
        for name, rows in org.records.items()
        if name not in lacking
    }
    return replace(org, records=records)


def product_look(org: RandomOrg, policy: Policy, lacking: Collection[str]) -> Look:
    """The org as the product sees it."""
    columns = {
        name: [spec.field for spec in fields.values() if f"{name}.{spec.field}" not in lacking]
        for name, fields in policy.objects.items()
        if name not in lacking
    }
    previous = None
    if org.previous is not None:
        moment, statuses = org.previous
        previous = PreviousPass(moment, {"Account": dict(statuses)})
    own = [OwnWrite("Account", *each) for each in org.own_writes]
    reader = RecordsOrg(org.records, columns, zone=org.zone)
    return Look(extract(reader, policy, org.now, previous, own), policy)


def by_product(
    org: RandomOrg, policy: Policy, lacking: Collection[str]
) -> tuple[Told, tuple[str, ...]]:
    judgement = judge(product_look(org, policy, lacking))
    told = {
        (change.object, change.id): (
            change.cause,
            {field: each.after for field, each in change.fields.items()},
        )
        for change in judgement.changes
    }
    return told, tuple(each.id for each in judgement.findings if each.code == ALERT)


def known_to_plain_loop(org: RandomOrg) -> dict[str, Any]:
    previous = plain_loop.Previous(*org.previous, {}) if org.previous is not None else None
    return {
        "previous": previous,
        "own_user_id": RecordsOrg({}, {}).user_id,
        "own_writes": [plain_loop.OwnWrite("Account", *each) for each in org.own_writes],
    }


def by_plain_loop(
    org: RandomOrg, enforces: bool = False, lacks: Collection[str] = ()
) -> tuple[Told, tuple[str, ...]]:
    known = known_to_plain_loop(org)
    planned = plain_loop.plan(
        org.records, org.now, org.zone, **known, enforces_commit=enforces, lacks=lacks
    )
    told = {key: (each.cause, each.fields) for key, each in planned.items()}
    return told, plain_loop.alerts(org.records, org.now, org.zone, **known)


def facts_by_product(org: RandomOrg) -> Facts:
    """The facts of each account whose status is one of the loop's."""
    look = product_look(org, shipped_policy(), ())
    index = look.frame("Account").index
    columns = [look.column("Account", name) for name in FACTS]
    strange = look.column("Account", "has_unknown_status").values
    return {
        str(id): {name: each.at(row) for name, each in zip(FACTS, columns, strict=True)}
        for row, id in enumerate(index)
        if not strange[row]
    }


def facts_by_plain_loop(org: RandomOrg) -> Facts:
    clock = plain_loop.Clock.at(org.now, org.zone)
    records = plain_loop.Org(org.records, clock, **known_to_plain_loop(org))
    told = {}
    for account in records.accounts:
        facts = plain_loop.facts_of(account, records)
        if facts.status is None or facts.status in STATUS_AT:
            told[account["Id"]] = {
                "entered_status_at": plain_loop.as_text(facts.entered_at),
                "last_activity_at": plain_loop.as_text(facts.last_activity_at),
                "next_step_on": plain_loop.as_text(facts.next_step_on),
                "idle_days": facts.idle_days,
                "open_opportunities": facts.open_opportunities,
                "won_opportunities": len(facts.won),
                "won_since_entry": facts.has_won_since,
                "lost_since_entry": facts.has_lost_since,
                "potential": facts.potential,
            }
    return told


@MANY
@given(ORGS)
def test_both_plan_the_same_for_a_small_org(org: RandomOrg) -> None:
    compare(org)


@pytest.mark.parametrize("seed", range(part(0.06)))
def test_both_know_the_same_facts_of_a_large_org(seed: int) -> None:
    org = random_org(Random(f"facts {seed}"), accounts=150)
    ours, theirs = facts_by_product(org), facts_by_plain_loop(org)
    assert len(theirs) > 100
    for id in ours.keys() | theirs.keys():
        assert ours.get(id) == theirs.get(id), id


@MANY
@given(ORGS)
def test_both_know_the_same_facts_of_a_small_org(org: RandomOrg) -> None:
    assert facts_by_product(org) == facts_by_plain_loop(org)


@pytest.mark.parametrize("seed", range(part(0.06)))
def test_both_plan_the_same_for_a_large_org(seed: int) -> None:
    changes = compare(random_org(Random(seed), accounts=150))
    assert len(changes) > 50, "the org is too tidy to compare anything"


LACKED_BY_COMMIT = (
    *("Event", "Event.Type", "Opportunity.Amount", "Opportunity.Plan__c"),
    *("Opportunity.Start_Date__c", "Account.BillingCity", "OpportunityHistory"),
)


@pytest.mark.parametrize("lacking", [None, *LACKED_BY_COMMIT])
def test_both_take_the_same_back_from_commit(lacking: str | None) -> None:
    chance = Random(f"commit {lacking}")
    org = with_commits(random_org(chance, accounts=80), chance)
    changes = compare(org, enforcing_policy(), {lacking} if lacking else ())
    moved = {id for (_, id), (cause, _) in changes.items() if cause == "rule:commit-incomplete"}
    stayed = {
        row["Id"] for row in org.records["Opportunity"] if row["StageName"] == "Commit"
    } - moved
    assert len(moved) > 5
    assert len(stayed) > 5


@settings(MANY, max_examples=part(0.1))
@given(ORGS, st.randoms(use_true_random=False))
def test_both_take_the_same_back_from_commit_in_a_small_org(org: RandomOrg, chance: Random) -> None:
    compare(with_commits(org, chance), enforcing_policy())


@settings(MANY, max_examples=part(0.3))
@given(ORGS, st.sets(st.sampled_from([*OPTIONAL_OBJECTS, *OPTIONAL_FIELDS]), max_size=4))
def test_both_plan_the_same_where_the_org_lacks_something(
    org: RandomOrg, lacking: set[str]
) -> None:
    compare(org, lacking=lacking)


@pytest.mark.parametrize("lacking", [*OPTIONAL_OBJECTS, *OPTIONAL_FIELDS])
def test_both_plan_the_same_for_a_larger_org_without(lacking: str) -> None:
    compare(random_org(Random(lacking), accounts=40), lacking={lacking})


def test_both_plan_the_same_where_the_history_has_former_names() -> None:
    """The plain loop knows no former names: it is given the history in the present ones."""
    texts = dict(config_texts())
    present = "  Target:           {entered: target_at,"
    renamed = texts["rules/accounts.yaml"].replace(
        present, f"{present} formerly: [Prospect, Cible],"
    )
    assert renamed != texts["rules/accounts.yaml"]
    policy = load_policy({**texts, "rules/accounts.yaml": renamed})
    org = random_org(Random(1), accounts=150)
    former = Random(2)
    changed = 0
    for row in org.records["AccountHistory"]:
        if row["NewValue"] in ("Target", "Prospect"):
            row["NewValue"] = former.choice(["Target", "Prospect", "Cible"])
            changed += row["NewValue"] != "Target"
    assert changed > 5
    ours, alerts = by_product(org, policy, ())
    for row in org.records["AccountHistory"]:
        if row["NewValue"] in ("Prospect", "Cible"):
            row["NewValue"] = "Target"
    assert (ours, alerts) == by_plain_loop(org)


def test_both_plan_the_same_where_nobody_knows_when_deals_were_closed() -> None:
    """Nor since when accounts are in their status: then any deal that was won counts as new."""
    lacking = {
        *("Opportunity.CloseDate", "Opportunity.LastStageChangeDate", "Account.Status__c"),
    }
    compare(random_org(Random("no closing"), accounts=150), lacking=lacking)


@pytest.mark.parametrize("written", ["Prospect", "Lead"])
def test_both_know_the_services_own_write_of_a_text_that_is_no_state_any_more(written: str) -> None:
    """An account that nobody else moved entered its status when it was created."""
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    account = {"Id": "001000000000001AAA", "Status__c": "Target", "CreatedDate": to_wire(at)}
    rows = [
        {"Id": f"01700000000000{number}AAA", "AccountId": account["Id"], "CreatedDate": to_wire(at)}
        | {"Field": field, "NewValue": value, "CreatedById": None}
        for number, (field, value) in enumerate([("created", None), ("Status__c", "Prospect")])
    ]
    org = random_org(Random(1), accounts=1)
    records = {"Account": [account], "AccountHistory": rows, "Task": [], "Event": []}
    own = [(account["Id"], written, at - timedelta(seconds=2))]
    alone = replace(org, records=records, own_writes=own, previous=None, now=at + 9 * A_DAY)
    planned = compare(alone)
    stamps = {"Target_At__c": to_wire(at)} if written == "Prospect" else {}
    assert planned == {
        ("Account", account["Id"]): (
            ("timestamps" if stamps else "score"),
            {**stamps, "Potential_Score__c": 0},
        )
    }
