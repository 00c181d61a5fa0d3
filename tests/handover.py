"""Which org has opportunities that are handed over to onboarding, and which tasks came of it?"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from case_files import wire_value
from loop_org import empty_org

from sfsync.fake import FakeOrg

NOW = datetime(2026, 6, 15, 8, tzinfo=UTC)
CREATED = datetime(2026, 1, 5, 9, tzinfo=UTC)
TASK = "onboarding-handover"
MARK = "[sfsync]"
COMPLETE: Mapping[str, object] = {
    "AccountId": "acme",
    "StageName": "Closed Won",
    "LastStageChangeDate": NOW - timedelta(days=1),
    "history": ["Closing", "Commit"],
    "Amount": 12000,
    "Acceptance_Received_On__c": "2026-06-01",
    "Quote_Signed_On__c": "2026-06-02",
    "Start_Date__c": "2026-06-20",
    "Plan__c": "Business",
    "Pricing_Terms__c": "Yearly",
    "Customer_Context__c": "Two sites",
    "User_Count__c": 12,
    "Billing_Tool__c": "Facturier",
    "Billing_Email__c": "compta@example.org",
    "Invoice_Scheduled_On__c": "2026-07-01",
    "onboarding_meeting": True,
}


def won_org(opportunities: Iterable[Mapping[str, Any]], *, queue: bool = True) -> FakeOrg:
    """Make an org with the queue and some opportunities, named by their readable Id; the account
    `acme` has a whole address, `bare` has none.
    """
    fake = empty_org(NOW, "Europe/Paris")
    if queue:
        add_queue(fake)
    address = {"BillingStreet": "4 rue", "BillingCity": "Lyon", "BillingCountry": "France"}
    past = {"CreatedDate": CREATED, "SystemModstamp": CREATED}
    customer = {"Status__c": "Customer", "Customer_At__c": NOW - timedelta(days=40)}
    accounts = {
        "acme": fake.add("Account", Name="Acme", **address, **customer, **past),
        "bare": fake.add("Account", Name="Bare", **customer, **past),
    }
    for each in opportunities:
        add_opportunity(fake, accounts, each)
    return fake


def add_queue(
    fake: FakeOrg, name: str = "Onboarding", developer_name: str = "Onboarding", takes: str = "Task"
) -> str:
    """Add a queue; return its Id."""
    queue = fake.add("Group", Name=name, DeveloperName=developer_name, Type="Queue")
    fake.add("QueueSobject", QueueId=queue, SobjectType=takes)
    return queue


def add_opportunity(fake: FakeOrg, accounts: Mapping[str, str], given: Mapping[str, Any]) -> None:
    each = dict(given)
    name, history = each.pop("Id"), each.pop("history")
    has_meeting, account = each.pop("onboarding_meeting"), accounts[each.pop("AccountId")]
    stages = [*history, each["StageName"]]
    fields = {key: wire_value(value, NOW) for key, value in each.items() if value is not None}
    # The time of its stage stands already: a pass has nothing else to do with it.
    entered = fields["LastStageChangeDate"]
    past = {"CreatedDate": CREATED, "SystemModstamp": CREATED}
    field = {"Closed Won": "Won_At__c", "Closed Lost": "Lost_At__c"}.get(stages[-1], "Commit_At__c")
    record = fake.add(
        "Opportunity", Name=name, AccountId=account, CloseDate="2026-06-14", **fields,
        **{field: entered}, **past,
    )  # fmt: skip
    for place, stage in enumerate(stages[:-1]):
        at = CREATED + timedelta(days=place)
        fake.add("OpportunityHistory", OpportunityId=record, StageName=stage, CreatedDate=at)
    fake.add("OpportunityHistory", OpportunityId=record, StageName=stages[-1], CreatedDate=entered)
    if has_meeting:
        fake.add(
            "Event", Subject="Kick-off", WhatId=record, Type="Onboarding",
            StartDateTime=NOW + timedelta(days=3), DurationInMinutes=60, **past,
        )  # fmt: skip


def opportunity(fake: FakeOrg, name: str = "won") -> str:
    """The Id of the opportunity of that name."""
    return next(str(row["Id"]) for row in fake.records("Opportunity") if row["Name"] == name)


def complete(*names: str) -> Sequence[Mapping[str, object]]:
    """Complete opportunities of these names, won from Commit yesterday."""
    return [{**COMPLETE, "Id": name} for name in names]


def own_tasks(fake: FakeOrg) -> list[dict[str, object]]:
    """The tasks in the org that the service created, deleted ones left out."""
    return [
        row
        for row in fake.records("Task")
        if str(row["Subject"]).startswith(MARK) and not row["IsDeleted"]
    ]
