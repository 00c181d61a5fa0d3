"""Which messy org may stand before the sales loop, at which moment, after which earlier pass?

The orgs are made with a `Random`. A seeded one gives many large orgs fast; the one of hypothesis
(`st.randoms`) gives small ones that shrink, which is why of several values the plainest stands
first and why whatever is drawn as 0.0 is absent.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, TypeVar

from hypothesis import settings

from sfsync.fake.ids import with_checksum
from sfsync.model import to_wire

T = TypeVar("T")
Row = dict[str, Any]

STATUS_AT = {
    "Target": "Target_At__c",
    "Unqualified Pool": "Unqualified_Pool_At__c",
    "Qualified Pool": "Qualified_Pool_At__c",
    "Working": "Working_At__c",
    "Customer": "Customer_At__c",
    "Backlog": "Backlog_At__c",
    "Disqualified": "Disqualified_At__c",
    "Churn": "Churn_At__c",
}
STATUSES = (*STATUS_AT, None, "Prospect")
STAGE_AT = {
    "Opportunity Identified": "Identified_At__c",
    "Qualified Opportunity": "Qualified_At__c",
    "Free Trial": "Free_Trial_At__c",
    "Closing": "Closing_At__c",
    "Commit": "Commit_At__c",
    "Closed Won": "Won_At__c",
    "Closed Lost": "Lost_At__c",
}
STAGES = (*STAGE_AT, "Nameless stage")
TITLES = ("CEO", "Developer", None, "Directeur Général", "Vice-Président", "co-founder", "DGA")
# Among them zones whose clocks change at midnight, by half an hour, and far from UTC.
ZONES = (
    "Europe/Paris",
    "UTC",
    "America/Los_Angeles",
    "Pacific/Auckland",
    "America/Santiago",
    "Australia/Lord_Howe",
    "Pacific/Kiritimati",
    "America/Havana",
)
DAYS = (-10, 0, 1, -1, -30, -31, -29, -45, -59, -60, -61, -90, -365, -366)
SECONDS = (0, 1, -1, 3600, -3600)
# The fake org's own user has the first Id of its object.
SERVICE, REP = "005000000000001AAA", "005000000000002AAA"


@dataclass(frozen=True, slots=True, repr=False)
class RandomOrg:
    """Records in the REST API's form by object, the moment and zone in which they are judged, the
    earlier pass (its moment, statuses by Id) and the service's own writes (Id, status, instant).
    """

    records: Mapping[str, Sequence[Row]]
    now: datetime
    zone: str
    previous: tuple[datetime, Mapping[str, str | None]] | None
    own_writes: Sequence[tuple[str, str | None, datetime]]

    def __repr__(self) -> str:
        """Say all that is in the org, without empty fields, a record a line."""
        lines = [f"{self.now}, {self.zone}, previous: {self.previous}, own: {self.own_writes}"]
        for name, rows in self.records.items():
            for row in rows:
                filled = {
                    field: value for field, value in row.items() if value not in (None, False)
                }
                lines.append(f"{name} {filled}")
        return "\n".join(lines)


def part(share: float) -> int:
    """So many of the examples that the hypothesis profile asks for; at least one."""
    return max(1, int(settings().max_examples * share))


def random_org(chance: Random, accounts: int) -> RandomOrg:
    """Make an org with so many accounts and a few records of each."""
    now = datetime(2026, 1, 1, 8, tzinfo=UTC)
    now += timedelta(
        days=chance.choice([165, 0, *range(1, 365)]),
        seconds=chance.choice([0, *range(0, 86400, 617)]),
    )
    maker = _Maker(chance, now)
    for _ in range(accounts):
        maker.account()
    zone = chance.choice(ZONES)
    return RandomOrg(maker.records, now, zone, maker.previous(), maker.own_writes())


def with_commits(org: RandomOrg, chance: Random) -> RandomOrg:
    """The org with more opportunities in Commit, of which some have what Commit asks for."""
    complete = {
        "Acceptance_Received_On__c": ("2026-01-05", None),
        "Quote_Signed_On__c": ("2026-01-05", None),
        "Start_Date__c": tuple(
            (org.now + timedelta(days=days)).date().isoformat() for days in (30, 1, 0, -1, -30)
        ),
        "Plan__c": ("Business", "TBD", ""),
        "Pricing_Terms__c": ("Monthly", "A compl\u00e9ter", None),
        "Customer_Context__c": ("Typed by hand", " . ", "n/a"),
        "User_Count__c": (12, 0, None),
        "Billing_Tool__c": ("Ledger", "xxx"),
        "Billing_Email__c": ("pay@example.com", None),
        "Invoice_Scheduled_On__c": ("2026-02-01", None),
    }
    address = {"BillingStreet": "1 Example Street", "BillingCity": "Lyon", "BillingCountry": "FR"}
    records = {name: [dict(row) for row in rows] for name, rows in org.records.items()}
    for row in records["Account"]:
        row |= {name: value if chance.random() < 0.95 else "tbd" for name, value in address.items()}
    for row in records["Opportunity"]:
        if chance.random() < 0.5:
            row |= {"StageName": "Commit", "IsClosed": False, "IsWon": False}
        if chance.random() < 0.5:
            entered = org.now - timedelta(days=chance.choice([1, 2, 3, 0]), seconds=1)
            row["Commit_At__c"] = to_wire(entered)
        row["Amount"] = chance.choice([None, 500, 9999, 10000, 250000])
        for name, values in complete.items():
            # Nearly all there, so that one alone is missing often enough.
            row[name] = values[0] if chance.random() < 0.9 else chance.choice(values)
    deals = [row["Id"] for row in records["Opportunity"]]
    for row in records["Event"]:
        row["WhatId"] = chance.choice([*deals, None])
        row["Type"] = chance.choice(["Onboarding", "Onboarding", "Meeting", None])
    return replace(org, records=records)


class _Maker:
    """Makes the records of one org."""

    def __init__(self, chance: Random, now: datetime) -> None:
        self.chance, self.now = chance, now
        names = ("Account", "Opportunity", "Task", "Event", "Contact")
        self.records: dict[str, list[Row]] = {
            name: [] for name in (*names, "AccountHistory", "OpportunityHistory")
        }
        self.records["User"] = [
            {"Id": SERVICE, "Name": "Service User", "IsActive": True},
            {"Id": REP, "Name": "Rep Example", "IsActive": True},
        ]

    def maybe(self, likely: float, make: Callable[[], T]) -> T | None:
        return make() if self.chance.random() > 1 - likely else None

    def instant(self) -> str:
        return to_wire(self.moment())

    def moment(self) -> datetime:
        days = self.chance.choice([*DAYS, self.chance.randint(-500, 3)])
        return self.now + timedelta(days=days, seconds=self.chance.choice(SECONDS))

    def day(self) -> str:
        days = self.chance.choice([*DAYS, self.chance.randint(-500, 60)])
        return (self.now + timedelta(days=days)).date().isoformat()

    def put(self, name: str, prefix: str, row: Row) -> str:
        record_id = with_checksum(f"{prefix}{len(self.records[name]) + 1:012d}")
        stamp = {} if name.endswith("History") else {"SystemModstamp": to_wire(self.now)}
        self.records[name].append({"Id": record_id, **row, **stamp})
        return record_id

    def account(self) -> None:
        choice, maybe = self.chance.choice, self.maybe
        status = choice(STATUSES)
        row: Row = {
            "Name": f"Firm {len(self.records['Account']) + 1}",
            "OwnerId": REP,
            "Status__c": status,
            "CreatedDate": "2020-01-01T09:00:00.000+0000",
            "NumberOfEmployees": maybe(0.5, lambda: choice([10, 9, 250, 251, 5000, 5001])),
            "Industry": maybe(0.5, lambda: choice(["Technology", "Retail", "Consulting"])),
            "Backlog_Until__c": maybe(0.4, self.day),
            "Backlog_Count__c": maybe(0.5, lambda: choice([0, 1, 2, 3, 5])),
            "Potential_Score__c": maybe(0.5, lambda: choice([0, 50, 25, 45])),
            "Subscription_End__c": maybe(0.4, self.day),
            "Enriched_At__c": maybe(0.4, self.instant),
        }
        for name, field in STATUS_AT.items():
            row[field] = maybe(0.7 if name == status else 0.15, self.instant)
        if maybe(0.1, lambda: True):
            row["CreatedDate"] = self.instant()
        account = self.put("Account", "001", row)
        self.children(account, status)

    def children(self, account: str, status: str | None) -> None:
        for _ in range(self.chance.choice([0, 0, 1, 2])):
            self.status_history(account, status)
        for _ in range(self.chance.choice([0, 0, 1])):
            self.contact(account)
        for _ in range(self.chance.choice([0, 0, 1, 2])):
            self.opportunity(account)
        for _ in range(self.chance.choice([0, 1, 2, 3])):
            self.task(account)
        for _ in range(self.chance.choice([0, 0, 1, 2])):
            self.event(account)

    def status_history(self, account: str, status: str | None) -> None:
        choice = self.chance.choice
        field = choice(["Status__c", "Status__c", "created", "Industry"])
        self.put("AccountHistory", "017", {
            "AccountId": account,
            "Field": field,
            "NewValue": None if field == "created" else choice([status, *STATUSES]),
            "CreatedDate": self.instant(),
            "CreatedById": choice([REP, SERVICE]),
        })  # fmt: skip

    def contact(self, account: str) -> None:
        title = self.chance.choice(TITLES)
        self.put("Contact", "003", {
            "LastName": "Example", "AccountId": account, "Title": title,
            "CreatedDate": self.instant(),
        })  # fmt: skip

    def opportunity(self, account: str) -> None:
        choice, maybe = self.chance.choice, self.maybe
        stage = choice(STAGES)
        reasons = ["Too small", "Not a fit", "Price"]
        row: Row = {
            "Name": "Deal",
            "OwnerId": REP,
            "AccountId": None if maybe(0.1, lambda: True) else account,
            "StageName": stage,
            "IsClosed": stage in ("Closed Won", "Closed Lost"),
            "IsWon": stage == "Closed Won",
            "CloseDate": self.day(),
            "CreatedDate": self.instant(),
            "LastStageChangeDate": maybe(0.6, self.instant),
        }
        if stage == "Closed Lost":
            row["Lost_Reason__c"] = maybe(0.5, lambda: choice(reasons))
        for name, field in STAGE_AT.items():
            row[field] = maybe(0.5 if name == stage else 0.1, self.instant)
        deal = self.put("Opportunity", "006", row)
        for _ in range(choice([0, 0, 1, 2, 4])):
            self.put("OpportunityHistory", "008", {
                "OpportunityId": deal,
                "StageName": choice([stage, stage, *STAGES]),
                "CreatedDate": self.instant(),
                "CreatedById": choice([REP, SERVICE]),
            })  # fmt: skip

    def task(self, account: str) -> None:
        choice, maybe = self.chance.choice, self.maybe
        closed = maybe(0.7, lambda: True) or False
        deals = [row["Id"] for row in self.records["Opportunity"]]
        self.put("Task", "00T", {
            "OwnerId": REP,
            "AccountId": None if maybe(0.1, lambda: True) else account,
            "WhatId": maybe(0.3, lambda: choice(deals)) if deals else None,
            "Subject": choice(["Call", "Call", None, "[sfsync] reminder", "[SFSYNC] reminder"]),
            "Status": "Completed" if closed else "Not Started",
            "IsClosed": closed,
            "IsRecurrence": maybe(0.05, lambda: True) or False,
            "ActivityDate": maybe(0.7, self.day),
            "CompletedDateTime": maybe(0.8, self.instant) if closed else None,
            "CreatedDate": self.instant(),
            "IsDeleted": maybe(0.05, lambda: True) or False,
        })  # fmt: skip

    def event(self, account: str) -> None:
        maybe = self.maybe
        all_day = maybe(0.3, lambda: True) or False
        row: Row = {
            "OwnerId": REP,
            "AccountId": account,
            "Subject": "Meeting",
            "IsAllDayEvent": all_day,
            "IsChild": maybe(0.1, lambda: True) or False,
            "IsRecurrence": maybe(0.05, lambda: True) or False,
            "CreatedDate": self.instant(),
        }
        coming = timedelta(days=self.chance.choice([0, 0, 5, 30]))
        row |= (
            {"ActivityDate": self.day()}
            if all_day
            else {"StartDateTime": to_wire(self.moment() + coming)}
        )
        self.put("Event", "00U", row)

    def previous(self) -> tuple[datetime, dict[str, str | None]] | None:
        if not self.maybe(0.5, lambda: True):
            return None
        moment = self.now - timedelta(days=self.chance.choice([1, 0, 30]))
        left: dict[str, str | None] = {}
        for row in self.records["Account"]:
            if self.maybe(0.8, lambda: True):
                left[row["Id"]] = self.chance.choice([row["Status__c"], *STATUSES])
        return moment, left

    def own_writes(self) -> list[tuple[str, str | None, datetime]]:
        writes = []
        for row in self.records["AccountHistory"]:
            if row["Field"] == "Status__c" and self.maybe(0.4, lambda: True):
                written = datetime.fromisoformat(row["CreatedDate"])
                late = self.chance.choice([0, -10, 300, 301, -3600, -3601])
                sent = written + timedelta(seconds=late)
                writes.append((row["AccountId"], row["NewValue"], sent))
        return writes
