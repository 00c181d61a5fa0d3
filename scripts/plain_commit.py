"""What does an opportunity in Commit lack, told with dicts and loops?

Section 8 of the sales loop's description, for `plain_loop`. Nothing here is shared with the
product, so that the two can check each other.
"""

from collections.abc import Collection, Iterator
from typing import Any

from plain_facts import Org, Record, calendar_day, entered_stage_at, folded

COMMIT, CLOSING, CLOSING_AT = "Commit", "Closing", "Closing_At__c"
DAYS_TO_COMPLETE = 2
QUOTE_FROM = 10_000
ONBOARDING = ("Plan__c", "Pricing_Terms__c", "Customer_Context__c", "User_Count__c",
              "Billing_Tool__c")  # fmt: skip
BILLING = ("Billing_Email__c", "Invoice_Scheduled_On__c")
BILLING_ADDRESS = ("BillingStreet", "BillingCity", "BillingCountry")
NOTHING_SAID = {"tbd", "tbc", "xx", "xxx", "xxxx", "na", "n a", "none", "null", "unknown",
                "a completer", "a definir", "inconnu", "neant", "non renseigne"}  # fmt: skip
# What each of the six asks about: without one of these in the org nobody can judge it.
ASKED = {
    "acceptance": ("Opportunity.Acceptance_Received_On__c",),
    "quote": ("Opportunity.Amount", "Opportunity.Quote_Signed_On__c"),
    "start": ("Opportunity.Start_Date__c",),
    "meeting": ("Event", "Event.WhatId", "Event.Type"),
    "onboarding": tuple(f"Opportunity.{field}" for field in ONBOARDING),
    "billing": (
        "Opportunity.AccountId",
        *(f"Opportunity.{field}" for field in BILLING),
        *(f"Account.{field}" for field in BILLING_ADDRESS),
    ),
}


def is_blank(value: Any) -> bool:
    """Whether nobody filled a field in: null, 0, no letter or digit, or a placeholder."""
    if isinstance(value, str):
        kept = "".join(char if char.isalnum() else " " for char in folded(value))
        words = " ".join(kept.split())
        return not words or words in NOTHING_SAID
    return not value


def lacking_items(deal: Record, org: Org, lacks: Collection[str]) -> Iterator[str]:
    """The names of those of the six that a deal in Commit does not have and that can be judged."""
    account = next((each for each in org.accounts if each["Id"] == deal.get("AccountId")), {})
    # Of an account that is not in the loop nobody can say what it lacks.
    has_unread_account = bool(deal.get("AccountId")) and not account
    amount, start = deal.get("Amount"), calendar_day(deal.get("Start_Date__c"))
    meetings = [
        event
        for event in org.events
        if event.get("WhatId") == deal["Id"] and event.get("Type") == "Onboarding"
    ]
    there = {
        "acceptance": not is_blank(deal.get("Acceptance_Received_On__c")),
        "quote": (amount is not None and amount < QUOTE_FROM)
        or not is_blank(deal.get("Quote_Signed_On__c")),
        "start": start is not None and start >= org.clock.today,
        "meeting": bool(meetings),
        "onboarding": not any(is_blank(deal.get(field)) for field in ONBOARDING),
        "billing": not any(is_blank(deal.get(field)) for field in BILLING)
        and (
            has_unread_account or not any(is_blank(account.get(field)) for field in BILLING_ADDRESS)
        ),
    }
    for name, is_there in there.items():
        if not is_there and not any(each in lacks for each in ASKED[name]):
            yield name


def is_taken_back(deal: Record, org: Org, lacks: Collection[str]) -> bool:
    """Whether mode `enforce` returns a deal to Closing."""
    if deal.get("StageName") != COMMIT:
        return False
    entered = entered_stage_at(deal, org)
    if entered is None or org.clock.days_since(entered) < DAYS_TO_COMPLETE:
        return False
    return any(lacking_items(deal, org, lacks))
