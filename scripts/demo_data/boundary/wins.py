"""Which accounts show the rule `won` and the checks of Commit at their edges?"""

from __future__ import annotations

from demo_data.accounts import boundary_account, move, open_account
from demo_data.activities import meeting
from demo_data.clock import at, day
from demo_data.deals import deal, lost_deal, open_deal, path, won_deal
from demo_data.org import DemoOrg, Record, Value
from demo_data.people import add_contact

ONBOARDING: dict[str, Value] = {
    "Acceptance_Received_On__c": day(5),
    "Quote_Signed_On__c": day(4),
    "Start_Date__c": day(-14),
    "Plan__c": "Business",
    "Pricing_Terms__c": "Yearly, paid in advance",
    "Customer_Context__c": "Two sites, one finance team",
    "User_Count__c": 12,
    "Billing_Tool__c": "Facturier",
    "Billing_Email__c": "compta.demo@example.org",
    "Invoice_Scheduled_On__c": day(-16),
    "Amount": 14400,
}


COMMITTED = (("new", 68), ("qualified", 50), ("trial", 30), ("closing", 15), ("commit", 4))


def add_wins(org: DemoOrg) -> None:
    """Add the accounts around `won`."""
    add_known_entries(org)
    add_ended_stays(org)
    add_unknown_entries(org)
    add_never_moved(org)
    add_commits(org)
    add_won_commits(org)


def add_known_entries(org: DemoOrg) -> None:
    """Add wins on the day of entry, before it and after it."""
    account = boundary_account(
        org, "Menuiserie Grandchenu (won on the day it entered)", "Working", at(12, 17)
    )
    won_deal(org, account, 12, hour=9)
    org.expect(
        account,
        "the deal was booked at 9:00, the status moved at 17:00: the day counts",
        "won",
        "Customer",
    )

    account = boundary_account(
        org, "Menuiserie Petitchenu (won the day before it entered)", "Working", at(12, 17)
    )
    won_deal(org, account, 13)
    open_deal(org, account, 5, Type="Existing Business", LeadSource="Upsell")
    org.expect(
        account, "the win belongs to an earlier stay; an open opportunity keeps it in Working"
    )

    account = boundary_account(
        org, "Bodegas Valdeoliva (free trial straight to won)", "Working", at(40)
    )
    deal(org, account, path(("new", 45), ("qualified", 35), ("trial", 14), ("won", 2)))
    org.expect(account, "no Closing, no Commit, and none is asked for", "won", "Customer")


def add_ended_stays(org: DemoOrg) -> None:
    """Add wins that end a pause and a churn."""
    account = boundary_account(
        org,
        "Hartlewood Ltd (won while paused)",
        "Backlog",
        at(50),
        Backlog_Until__c=day(-40),
        Backlog_Count__c=1,
    )
    won_deal(org, account, 1)
    org.expect(account, "a win ends a pause and clears its date", "won", "Customer")

    account = boundary_account(
        org, "Cantina Trebisondi (won back)", "Churn", at(30), Subscription_End__c=day(31)
    )
    won_deal(org, account, 0, hour=8)
    org.expect(account, "a win this morning ends the churn", "won", "Customer")


def add_unknown_entries(org: DemoOrg) -> None:
    """Add wins of accounts of which nobody knows when they entered their status."""
    account = boundary_account(org, "Éditions Noëlange (Working since who knows, won)", "Working")
    won_deal(org, account, 200)
    org.expect(account, "entry unknown: in Working any win counts", "won", "Customer")

    account = boundary_account(org, "Éditions Vermillac (Target since who knows, won)", "Target")
    won_deal(org, account, 200)
    org.expect(account, "entry unknown: outside Working and no status the rule waits")

    account = boundary_account(org, "Grupo Quintañar (no status, has won)", None)
    won_deal(org, account, 150)
    org.expect(account, "without a status any win counts", "won", "Customer")

    account = boundary_account(org, "Ironquill Labs (no status, won and lost)", None)
    won_deal(org, account, 90)
    lost_deal(org, account, 20)
    org.expect(account, "a win counts whatever was lost since", "won", "Customer")


def add_never_moved(org: DemoOrg) -> None:
    """Add wins that move nothing."""
    account = boundary_account(
        org, "Casino Lacombrette (disqualified, yet won)", "Disqualified", at(100)
    )
    won_deal(org, account, 5)
    org.expect(account, "people put it in Disqualified, people take it out")

    account = boundary_account(
        org,
        "Kettlesing Analytics (its win was deleted)",
        "Working",
        at(70, 9),
        NumberOfEmployees=120,
        Industry="Technology",
    )
    won_deal(org, account, 40, IsDeleted=True)
    deal(org, account, path(("new", 60), ("qualified", 50), ("closing", 9)))
    org.expect(account, "the won opportunity is deleted and counts for nothing")


def commit_account(org: DemoOrg, name: str, **fields: Value) -> Record:
    """A Working account with a full billing address and the person who signs."""
    address: dict[str, Value] = {
        "BillingStreet": "4 rue du Modèle",
        "BillingCity": "Lyon",
        "BillingCountry": "France",
    }
    address.update(fields)
    account = boundary_account(org, name, "Working", at(70), **address)
    add_contact(org, account, Title="Directrice financière")
    return account


def add_commits(org: DemoOrg) -> None:
    """Add complete and incomplete Commits."""
    account = commit_account(org, "Imprimerie Fontclairet (Commit complete)")
    meeting(org, deal(org, account, path(*COMMITTED), **ONBOARDING), at(-3, 14), Type="Onboarding")
    org.expect(account, "six of six in place, nothing to report")

    account = commit_account(
        org, "Imprimerie Tournemoine (Commit without anything)", BillingStreet=None
    )
    deal(org, account, path(*COMMITTED), Amount=12000)
    org.expect(account, "six findings on its opportunity")

    account = commit_account(org, "Imprimerie Roquevive (small Commit without signed quote)")
    small = {**ONBOARDING, "Amount": 9999, "Quote_Signed_On__c": None}
    meeting(org, deal(org, account, path(*COMMITTED), **small), at(2, 9), Type="Onboarding")
    org.expect(account, "below 10,000 no signed quote is asked for")

    account = commit_account(org, "Imprimerie Sauveterrin (Commit that starts yesterday)")
    late = {**ONBOARDING, "Start_Date__c": day(1), "User_Count__c": 0}
    meeting(org, deal(org, account, path(*COMMITTED), **late), at(-1, 9), Type="Onboarding")
    org.expect(account, "the start date has passed and 0 users are none")

    account = commit_account(org, "Imprimerie Montrieux (incomplete Commit since yesterday)")
    deal(org, account, path(*COMMITTED[:-1], ("commit", 1)), Amount=12000)
    org.expect(account, "mode enforce gives it one more day before it returns to Closing")


def add_won_commits(org: DemoOrg) -> None:
    """Add wins from a complete and an incomplete Commit."""
    account = commit_account(org, "Brasserie Belgrandier (won from a complete Commit)")
    meeting(
        org,
        deal(org, account, path(*COMMITTED, ("won", 1)), **ONBOARDING),
        at(-2, 10),
        Type="Onboarding",
    )
    org.expect(account, "and a task for the onboarding queue", "won", "Customer")

    account = commit_account(org, "Brasserie Pérignole (won from an incomplete Commit)")
    deal(org, account, path(*COMMITTED, ("won", 1)), **{**ONBOARDING, "Billing_Email__c": None})
    org.expect(account, "two findings: no billing mail, no onboarding meeting", "won", "Customer")

    account = open_account(
        org,
        "Studio Brûlecombe (customer, complete, signed a week ago)",
        at(300),
        Type="Customer - Direct",
    )
    move(org, account, "Customer", at(7, 12))
    meeting(
        org,
        deal(org, account, path(*COMMITTED[:-1], ("commit", 9), ("won", 7)), **ONBOARDING),
        at(4, 10),
        Type="Onboarding",
    )
    org.expect(account, "already Customer; closed 7 days ago, so Commit is still checked")
