"""Which accounts show the rules `subscription-ended` and `churn-cooled-down` at their edges?"""

from __future__ import annotations

from demo_data.accounts import boundary_account
from demo_data.clock import at, day
from demo_data.deals import open_deal, won_deal
from demo_data.org import DemoOrg


def add_subscriptions(org: DemoOrg) -> None:
    """Add the accounts around the two rules."""
    add_ended(org)
    add_renewed(org)
    add_cooling(org)


def add_ended(org: DemoOrg) -> None:
    """Add customers whose subscription ends yesterday, today and without a date."""
    ends = (
        ("Fernsby Dale Bakery (subscription ended yesterday)", 1, "subscription-ended"),
        ("Hermanos Arañuelos (subscription ended in spring)", 60, "subscription-ended"),
        ("Autotrasporti Rovigatti (subscription ends today)", 0, None),
        ("Cedar Hollow Foods LLC (subscription ends tomorrow)", -1, None),
    )
    for name, days_ago, rule in ends:
        account = boundary_account(
            org,
            name,
            "Customer",
            at(366),
            Type="Customer - Direct",
            Subscription_End__c=day(days_ago),
        )
        won_deal(org, account, 366)
        why = "the last day has passed" if rule else "the last day is still paid for"
        org.expect(account, why, rule, "Churn" if rule else None)
    account = boundary_account(
        org, "Duncastle Telecoms (customer without an end date)", "Customer", at(500)
    )
    won_deal(org, account, 500)
    org.expect(account, "no end date, no end")


def add_renewed(org: DemoOrg) -> None:
    """Add ended subscriptions that something holds."""
    account = boundary_account(
        org,
        "Silverbend Software (ended, renewal being negotiated)",
        "Customer",
        at(375),
        Subscription_End__c=day(10),
    )
    won_deal(org, account, 375)
    open_deal(org, account, 30, Type="Renewal", LeadSource="Upsell")
    org.expect(account, "an open opportunity holds it")

    account = boundary_account(
        org,
        "Granite Wharf, Inc. (ended, renewed the day after)",
        "Customer",
        at(385),
        Subscription_End__c=day(20),
    )
    won_deal(org, account, 385)
    won_deal(org, account, 19, Type="Renewal", LeadSource="Upsell")
    org.expect(account, "the end date was not moved on, which is a finding")

    account = boundary_account(
        org,
        "Lakota Bay & Co. (ended, won on its very last day)",
        "Customer",
        at(385),
        Subscription_End__c=day(20),
    )
    won_deal(org, account, 385)
    won_deal(org, account, 20)
    org.expect(account, "a win on the last day is not after it", "subscription-ended", "Churn")


def add_cooling(org: DemoOrg) -> None:
    """Add churned accounts on both sides of 90 days."""
    for days, hour, moves in ((90, 23, True), (91, 9, True), (89, 0, False)):
        account = boundary_account(
            org,
            f"Boulangerie Grandchenu {days} (churn for {days} days)",
            "Churn",
            at(days, hour, 30),
            Subscription_End__c=day(days + 1),
        )
        won_deal(org, account, days + 366)
        rule, to = ("churn-cooled-down", "Qualified Pool") if moves else (None, None)
        org.expect(account, f"{days} calendar days since entry, whatever the hour", rule, to)
    account = boundary_account(org, "Boulangerie Noëlange (churn since who knows)", "Churn")
    won_deal(org, account, 600)
    org.expect(account, "entry unknown: it waits for the cleanup command")
