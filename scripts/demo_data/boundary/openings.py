"""Which accounts show the rules `opportunity-opened` and `out-of-target` at their edges?"""

from __future__ import annotations

from demo_data.accounts import boundary_account, open_account
from demo_data.clock import at, day
from demo_data.deals import open_deal, won_deal
from demo_data.org import DemoOrg


def add_openings(org: DemoOrg) -> None:
    """Add the accounts around the two rules."""
    add_opened(org)
    add_not_opened(org)
    add_large(org)


def add_opened(org: DemoOrg) -> None:
    """Add accounts whose open opportunity moves them to Working."""
    openings = (
        ("Talleres Peñalbrosa (new opportunity on a Target)", "Target", {}, "the plain case"),
        (
            "Officine Montecorvo (opened while paused by hand)",
            "Backlog",
            {"Backlog_Until__c": day(-300), "Backlog_Count__c": 0},
            "an open opportunity wins over a pause",
        ),
        ("Copperline Freight (opened after churn)", "Churn", {}, "Churn to Working"),
        (
            "Wrexholme Media Group (opened from the pool)",
            "Unqualified Pool",
            {},
            "no detour by the Qualified Pool",
        ),
        (
            "Groupe Châtelneuf (6,000 people, but they asked)",
            "Qualified Pool",
            {"NumberOfEmployees": 6000},
            "before out-of-target in the order",
        ),
    )
    for name, status, fields, why in openings:
        account = boundary_account(org, name, status, at(25), **fields)
        open_deal(org, account, 2)
        org.expect(account, why, "opportunity-opened", "Working")
    account = boundary_account(org, "Logística Zumelaga (no status, open opportunity)", None)
    open_deal(org, account, 30)
    org.expect(account, "adoption: work under way is Working", "opportunity-opened", "Working")


def add_not_opened(org: DemoOrg) -> None:
    """Add accounts whose open opportunity moves nothing."""
    account = boundary_account(
        org, "Casino Fauvelin (open on a disqualified account)", "Disqualified", at(90)
    )
    open_deal(org, account, 9)
    org.expect(account, "the open opportunity is a finding")

    account = boundary_account(
        org,
        "Marlowbrook & Sons (upsell)",
        "Customer",
        at(200),
        Subscription_End__c=day(-165),
    )
    won_deal(org, account, 200)
    open_deal(org, account, 8, Type="Existing Business", LeadSource="Upsell")
    org.expect(account, "an upsell leaves a Customer where it is")

    account = boundary_account(
        org, "Studio Passolungo (its opportunity was deleted)", "Qualified Pool", at(20)
    )
    open_deal(org, account, 6, IsDeleted=True)
    org.expect(account, "deleted records count for nothing")


def add_large(org: DemoOrg) -> None:
    """Add accounts on both sides of 5,000 employees."""
    for employees, tag in ((5001, "one over the limit"), (48000, "far over the limit")):
        account = boundary_account(
            org,
            f"Groupe d'Hérissac {employees} ({tag})",
            "Target",
            at(15),
            NumberOfEmployees=employees,
        )
        org.expect(
            account, f"{employees:,} employees are more than 5,000", "out-of-target", "Disqualified"
        )
    account = boundary_account(
        org,
        "Groupe d'Hérissac 5000 (on the limit)",
        "Target",
        at(15),
        NumberOfEmployees=5000,
    )
    org.expect(account, "5,000 are not more than 5,000")

    account = boundary_account(
        org,
        "Palmetto Ridge Industries (large, taken out by people)",
        "Qualified Pool",
        at(45),
        NumberOfEmployees=9000,
        Disqualified_At__c=at(220),
    )
    org.expect(account, "was disqualified once and people took it out: not put back")

    account = open_account(
        org, "Penhaligrew Healthcare (large, new, no status)", at(3), NumberOfEmployees=12500
    )
    org.expect(account, "the criteria come before the pools", "out-of-target", "Disqualified")
