"""Which fields follow from the other records once the demo org is complete?"""

from __future__ import annotations

from collections import defaultdict
from datetime import date

from demo_data.org import DemoOrg, Record
from demo_data.potential import gather, potential

SCORED = ("Unqualified Pool", "Qualified Pool", "Target", "Backlog")
WRONG_SCORES = 25


def fill_last_activity(org: DemoOrg) -> None:
    """Set LastActivityDate as the platform does: the furthest day, be it in the future."""
    furthest: dict[object, date] = defaultdict(lambda: date.min)
    for record in org.records["Task"] + org.records["Event"]:
        on = record["ActivityDate"]
        if record["IsDeleted"] or record.get("IsClosed") is False or not isinstance(on, date):
            continue
        for reference in ("AccountId", "WhatId", "WhoId"):
            if record.get(reference):
                furthest[record[reference]] = max(furthest[record[reference]], on)
    for object_name in ("Account", "Contact", "Lead", "Opportunity"):
        for record in org.records[object_name]:
            record["LastActivityDate"] = furthest.get(record["Id"])


def fill_potential(org: DemoOrg, quiet: list[Record]) -> None:
    """Write the right score to every scored account, then a wrong one to some quiet ones."""
    evidence = gather(org)
    for account in org.records["Account"]:
        if account.get("Status__c") in SCORED:
            account["Potential_Score__c"] = potential(account, evidence)
    scored = [account for account in quiet if account.get("Status__c") in SCORED]
    for account in org.random.sample(scored, WRONG_SCORES):
        right = account["Potential_Score__c"]
        account["Potential_Score__c"] = org.random.choice((None, (int(str(right)) + 35) % 101))
