"""Which accounts show the pools and the first pass of an adoption at their edges?"""

from __future__ import annotations

from demo_data.accounts import boundary_account, open_account
from demo_data.activities import meeting, task_done
from demo_data.clock import at
from demo_data.deals import lost_deal
from demo_data.org import DemoOrg
from demo_data.people import add_contact

SOURCE = "Registre de démonstration"


def add_pools(org: DemoOrg) -> None:
    """Add the accounts around `qualified-by-data`, `entered-high` and `entered-low`."""
    add_enriched(org)
    add_new(org)
    add_fresh(org)
    add_seasoned(org)
    add_unknown_status(org)


def add_enriched(org: DemoOrg) -> None:
    """Add pool accounts enriched 30 and 31 days ago, with potentials of 50 and 45."""
    edges = (
        (
            "Libertà",
            "30 days ago",
            30,
            True,
            True,
            "30 days ago is in the last 30 days; potential 50",
        ),
        ("Bellarocca", "31 days ago", 31, True, False, "31 days ago is not"),
        ("Montecorvo", "yesterday", 1, False, False, "enriched yesterday, but the potential is 45"),
        ("Trebisondi", "today", 0, True, True, "enriched this morning; potential 50"),
    )
    for root, tag, days, is_high, moves, why in edges:
        account = boundary_account(
            org,
            f"{root} Consulenza (enriched {tag})",
            "Unqualified Pool",
            at(400),
            Enriched_At__c=at(days, 6, 30),
            Enrichment_Source__c=SOURCE,
            Industry="Retail" if is_high else "Consulting",
        )
        if is_high:
            lost_deal(org, account, 250)
        org.expect(
            account,
            why,
            "qualified-by-data" if moves else None,
            "Qualified Pool" if moves else None,
        )
    account = boundary_account(
        org,
        "Rovigatti Consulenza (high, never enriched)",
        "Unqualified Pool",
        at(400),
        Industry="Media",
    )
    add_contact(org, account, Title="CFO")
    org.expect(account, "potential 60, but no data came: people may move it")


def add_new(org: DemoOrg) -> None:
    """Add accounts without a status on both sides of 50."""
    account = boundary_account(org, "Thistlewick Analytics (new, 50)", None, NumberOfEmployees=10)
    lost_deal(org, account, 120)
    org.expect(account, "potential 50 without a status", "entered-high", "Qualified Pool")

    account = boundary_account(org, "Brindleford Analytics (new, 45)", None, Industry="Technology")
    org.expect(account, "potential 45 without a status", "entered-low", "Unqualified Pool")


def add_fresh(org: DemoOrg) -> None:
    """Add accounts without a status of which the org knows when they came."""
    account = open_account(
        org,
        "Ashcombury Analytics (created this morning)",
        at(0, 8),
        NumberOfEmployees=60,
        Industry="Technology",
    )
    add_contact(org, account, created=at(0, 8, 5), Title="Founder")
    org.expect(account, "potential 60, two hours old", "entered-high", "Qualified Pool")

    account = open_account(
        org,
        "Blue Heron Labs (created last night)",
        at(1, 23, 50),
        NumberOfEmployees=None,
        Industry=None,
    )
    org.expect(account, "nothing is known of it: potential 0", "entered-low", "Unqualified Pool")


def add_seasoned(org: DemoOrg) -> None:
    """Add accounts without a status that already have a story."""
    account = open_account(
        org,
        "Maplecrest Software (no status, much activity)",
        at(90),
        NumberOfEmployees=9,
        Industry="Technology",
    )
    for days in (5, 20, 40):
        task_done(org, account, at(days))
    meeting(org, account, at(8, 11))
    org.expect(account, "20 + 15 + 15: potential 50", "entered-high", "Qualified Pool")

    account = open_account(
        org,
        "Tumbleweed Industries (no status, rejected)",
        at(200),
        NumberOfEmployees=90,
        Industry="Media",
    )
    lost_deal(org, account, 60, Lost_Reason__c="Not a fit")
    org.expect(account, "lost as not a fit: 70 - 50 = 20", "entered-low", "Unqualified Pool")


def add_unknown_status(org: DemoOrg) -> None:
    """Add accounts whose status is some other text."""
    for root in ("Northfolk", "Cedar Hollow"):
        account = boundary_account(
            org, f"{root} Broadcasting (status of the old system)", "Prospect (old)"
        )
        lost_deal(org, account, 30)
        org.expect(account, "an unknown status is never moved, and is a finding")
