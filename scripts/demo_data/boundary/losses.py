"""Which accounts show the rule `opportunities-lost` and the lengths of its pause?"""

from __future__ import annotations

from demo_data.accounts import boundary_account
from demo_data.clock import at, day
from demo_data.deals import lost_deal, open_deal, won_deal
from demo_data.org import DemoOrg, Value


def add_losses(org: DemoOrg) -> None:
    """Add the accounts around the rule."""
    add_lengths(org)
    add_edges(org)
    add_accompanied(org)


def add_lengths(org: DemoOrg) -> None:
    """Add lost accounts with every count and reason that gives a pause its own length."""
    pauses: tuple[tuple[str, Value, str, int], ...] = (
        ("first pause", None, "Price", 90),
        ("second pause", 1, "Timing", 180),
        ("third pause", 2, "Competitor", 365),
        ("fifth pause", 4, "No decision", 365),
        ("too small", 0, "Too small", 365),
        ("not a fit", 0, "Not a fit", 90),
    )
    roots = ("Valdoré", "Castelbrun", "Montrieux", "Lacombrette", "Fauvelin", "Vermillac")
    for root, (tag, count, reason, days) in zip(roots, pauses, strict=True):
        account = boundary_account(
            org,
            f"Cabinet {root} (lost, {tag})",
            "Working",
            at(60),
            Backlog_Count__c=count,
        )
        lost_deal(org, account, 1, Lost_Reason__c=reason)
        why = f"{reason}: paused for {days} days, until {day(-days)}"
        org.expect(account, why, "opportunities-lost", "Backlog")


def add_edges(org: DemoOrg) -> None:
    """Add losses before, on and after the entry."""
    account = boundary_account(
        org, "Gestoría Garcibuey (lost an hour after it entered)", "Working", at(8, 10)
    )
    lost_deal(org, account, 8)
    org.expect(
        account, "the instant of the loss is after the entry", "opportunities-lost", "Backlog"
    )

    account = boundary_account(
        org, "Gestoría Cigüeñal (lost on the day it entered, hour unknown)", "Working", at(8, 10)
    )
    lost_deal(org, account, 8, LastStageChangeDate=None, CloseDate=day(8))
    org.expect(account, "only a later day would count; a finding says no rule may move it")

    account = boundary_account(
        org, "Gestoría Robledosa (lost before it entered)", "Working", at(8, 10)
    )
    lost_deal(org, account, 9)
    org.expect(account, "Working without an open opportunity that no rule may move: a finding")


def add_accompanied(org: DemoOrg) -> None:
    """Add losses with another opportunity or a person's date beside them."""
    account = boundary_account(org, "Gestoría Núñegal (one lost, one open)", "Working", at(50))
    lost_deal(org, account, 2)
    open_deal(org, account, 20)
    org.expect(account, "there is still something to work on")

    account = boundary_account(
        org, "Gestoría Castrojimeno (won before, lost since)", "Working", at(50)
    )
    won_deal(org, account, 300)
    lost_deal(org, account, 3)
    org.expect(
        account, "what was won before it entered does not matter", "opportunities-lost", "Backlog"
    )

    account = boundary_account(
        org,
        "Gestoría Alcorniza (lost, pause set by hand)",
        "Working",
        at(50),
        Backlog_Until__c=day(-200),
    )
    lost_deal(org, account, 3)
    org.expect(account, "the later date that a person set is kept", "opportunities-lost", "Backlog")
