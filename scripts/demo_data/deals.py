"""How does an opportunity of the demo org go through its stages?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from demo_data.clock import HISTORY_SINCE, TODAY, at, day_of
from demo_data.org import DemoOrg, Record, Value, moment, text, touch

# stage: (probability, closed, won, forecast category, its label, datetime field)
STAGES: dict[str, tuple[int, bool, bool, str, str, str]] = {
    "Opportunity Identified": (10, False, False, "Pipeline", "Pipeline", "Identified_At__c"),
    "Qualified Opportunity": (20, False, False, "Pipeline", "Pipeline", "Qualified_At__c"),
    "Free Trial": (40, False, False, "BestCase", "Best Case", "Free_Trial_At__c"),
    "Closing": (50, False, False, "BestCase", "Best Case", "Closing_At__c"),
    "Commit": (95, False, False, "Forecast", "Commit", "Commit_At__c"),
    "Closed Won": (100, True, True, "Closed", "Closed", "Won_At__c"),
    "Closed Lost": (0, True, False, "Omitted", "Omitted", "Lost_At__c"),
}
SHORT = {
    "new": "Opportunity Identified",
    "qualified": "Qualified Opportunity",
    "trial": "Free Trial",
    "closing": "Closing",
    "commit": "Commit",
    "won": "Closed Won",
    "lost": "Closed Lost",
}
Step = tuple[str, datetime]
BANT: dict[str, Value] = {
    "Budget__c": "Confirmed for this year",
    "Authority__c": "Signs alone",
    "Need__c": "Invoices are typed by hand",
    "Timeline__c": "Before the summer break",
}


def path(*steps: tuple[str, int], hour: int = 11, minute: int = 0) -> list[Step]:
    """Stages by their short names, each so many days before today at one time in Paris."""
    return [(SHORT[word], at(days_ago, hour, minute)) for word, days_ago in steps]


def deal(org: DemoOrg, account: Record | None, steps: Sequence[Step], **fields: Value) -> Record:
    """Add an opportunity that went through these stages, with all its history.

    Its datetime fields hold the instant of each stage. `fields` win over what is derived.
    """
    owner = str(fields.get("OwnerId") or (account or {}).get("OwnerId") or org.reps[0])
    created = steps[0][1]
    place = str(account["Name"])[:70] if account else "Unknown company"
    values: dict[str, Value] = {
        "AccountId": account["Id"] if account else None,
        "Name": f"{place} - {created:%Y-%m}",
        "Amount": org.random.choice((1200, 2400, 4800, 7200, 9600, 14400, 24000)),
        "CloseDate": closing_day(steps, created),
        "Type": "New Business",
        "LeadSource": org.random.choice(("Outbound", "Inbound", "Referral", "Partnership")),
        "OwnerId": owner,
        **(BANT if len(steps) > 1 else {}),
        **fields,
    }
    record = org.add("Opportunity", created, owner, **values)
    enter(org, record, steps[0][0], created, owner)
    for stage, when in steps[1:]:
        change_stage(org, record, stage, when)
    record.update(fields)
    if record["IsWon"] and record["Amount"] is not None:
        record.setdefault("MRR__c", round(float(str(record["Amount"])) / 12, 2))
    return record


def closing_day(steps: Sequence[Step], created: datetime) -> date:
    """The day of the closing; for an open opportunity, one some weeks ahead of today."""
    stage, when = steps[-1]
    if STAGES[stage][1]:
        return day_of(when)
    return TODAY + timedelta(days=14 + (TODAY - day_of(created)).days % 45)


def enter(org: DemoOrg, record: Record, stage: str, when: datetime, by: str) -> None:
    """Set what the platform and the service derive from a stage, and write the stage history."""
    probability, closed, won, category, label, at_field = STAGES[stage]
    amount = record["Amount"]
    expected = None if amount is None else round(float(str(amount)) * probability / 100, 2)
    record.update(
        StageName=stage,
        Probability=probability,
        IsClosed=closed,
        IsWon=won,
        ForecastCategory=category,
        ForecastCategoryName=label,
        ExpectedRevenue=expected,
    )
    record[at_field] = when
    if closed and not won:
        record.setdefault("Lost_Reason__c", "No decision")
    org.add(
        "OpportunityHistory",
        when,
        by,
        OpportunityId=record["Id"],
        StageName=stage,
        Amount=amount,
        Probability=probability,
        ExpectedRevenue=expected,
        CloseDate=record["CloseDate"],
        ForecastCategory=category,
    )
    touch(record, when, by)
    if when == moment(record, "CreatedDate") and when >= HISTORY_SINCE:
        field_row(org, record, when, by, Field="created")


def field_row(org: DemoOrg, record: Record, when: datetime, by: str, **fields: Value) -> None:
    """Add one row to the opportunity's field history."""
    org.add("OpportunityFieldHistory", when, by, OpportunityId=record["Id"], **fields)


def change_stage(
    org: DemoOrg, record: Record, stage: str, when: datetime, *, by: str | None = None
) -> None:
    """Move an opportunity to a stage at an instant, as its owner or another user does by hand."""
    actor = by or text(record, "OwnerId")
    if when >= HISTORY_SINCE:
        field_row(
            org,
            record,
            when,
            actor,
            Field="StageName",
            DataType="DynamicEnum",
            OldValue=record["StageName"],
            NewValue=stage,
        )
    record["LastStageChangeDate"] = when
    enter(org, record, stage, when, actor)


def change_amount(org: DemoOrg, record: Record, amount: int, when: datetime) -> None:
    """Change the amount of an opportunity in its stage: a history row that is no stage change."""
    actor = text(record, "OwnerId")
    if when >= HISTORY_SINCE:
        field_row(
            org,
            record,
            when,
            actor,
            Field="Amount",
            DataType="Currency",
            OldValue=record["Amount"],
            NewValue=amount,
        )
    stage = text(record, "StageName")
    field = STAGES[stage][5]
    entered, record["Amount"] = record[field], amount
    enter(org, record, stage, when, actor)
    record[field] = entered


def won_deal(
    org: DemoOrg, account: Record, days_ago: int, *, hour: int = 11, **fields: Value
) -> Record:
    """A won opportunity whose customer signed so many days ago, after two months of work."""
    steps = path(
        ("new", days_ago + 60),
        ("qualified", days_ago + 45),
        ("trial", days_ago + 30),
        ("closing", days_ago + 12),
        ("won", days_ago),
        hour=hour,
    )
    return deal(org, account, steps, **fields)


def lost_deal(org: DemoOrg, account: Record, days_ago: int, **fields: Value) -> Record:
    """A lost opportunity that had been qualified, closed so many days ago."""
    steps = path(("new", days_ago + 40), ("qualified", days_ago + 25), ("lost", days_ago))
    return deal(org, account, steps, **fields)


def open_deal(org: DemoOrg, account: Record | None, days_ago: int, **fields: Value) -> Record:
    """An open opportunity, identified so many days ago and still there."""
    return deal(org, account, path(("new", days_ago)), **fields)
