"""How high is the potential of an account of the demo org?

A second, small computation of the default score, so that most accounts hold the right one from
the start and a first pass shows few changes of it.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time

from demo_data.clock import NOW, ZONE, days_since
from demo_data.org import DemoOrg, Record, moment
from demo_data.words import listed

FIT_INDUSTRIES = ("Technology", "Consulting", "Media", "Telecommunications", "Engineering")
DECIDING_TITLES = listed(
    "CEO; CFO; COO; CTO; Founder; Co-founder; President; Managing Director; Finance Director; "
    "Head of Finance; PDG; DG; DAF; Directeur général; Directrice générale; "
    "Directeur financier; Directrice financière; Gérant; Gérante"
)
REACHED = ("Qualified Opportunity", "Free Trial", "Closing", "Commit", "Closed Won")


def plain(text: str) -> str:
    """Text without accents and case."""
    bare = unicodedata.normalize("NFKD", text)
    return "".join(sign for sign in bare if not unicodedata.combining(sign)).casefold()


DECIDES = re.compile(
    r"(?<!\w)(?:" + "|".join(re.escape(plain(title)) for title in DECIDING_TITLES) + r")(?!\w)"
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the score looks at, by account Id."""

    contacts: dict[object, list[Record]]
    activity_days: dict[object, list[int]]
    event_days: dict[object, list[int]]
    deals: dict[object, list[Record]]
    reached: frozenset[object]


def by_account(records: Iterable[Record]) -> dict[object, list[Record]]:
    """The records that are not deleted, by their account."""
    groups: dict[object, list[Record]] = defaultdict(list)
    for record in records:
        if not record["IsDeleted"]:
            groups[record.get("AccountId")].append(record)
    return groups


def task_instant(task: Record) -> datetime:
    """When a closed task was done; one that was closed long after its day counts on its day."""
    done, due = task.get("CompletedDateTime"), task.get("ActivityDate")
    if (
        isinstance(done, datetime)
        and isinstance(due, date)
        and days_since(due) - days_since(done) > 30
    ):
        end = datetime.combine(due, time(23, 59, 59), tzinfo=ZONE)
        return min(end, NOW)
    if isinstance(done, datetime):
        return min(done, NOW)
    if isinstance(due, date) and days_since(due) >= 0:
        return datetime.combine(due, time(0), tzinfo=ZONE)
    return moment(task, "CreatedDate")


def counts(record: Record) -> bool:
    """Whether a task or event is an activity at all, whatever its time."""
    is_own = str(record.get("Subject") or "").startswith("[sfsync]")
    return not (record["IsRecurrence"] or record.get("IsChild") or is_own)


def event_instant(event: Record) -> datetime:
    """When an event starts; an all-day one with its day in the org's zone."""
    on = event["ActivityDate"]
    if event["IsAllDayEvent"] and isinstance(on, date):
        return datetime.combine(on, time(0), tzinfo=ZONE)
    return moment(event, "StartDateTime")


def gather(org: DemoOrg) -> Evidence:
    """Read the org once for the scores of all its accounts."""
    tasks = by_account(t for t in org.records["Task"] if t["IsClosed"] and counts(t))
    events = by_account(e for e in org.records["Event"] if counts(e) and event_instant(e) <= NOW)
    event_days = {
        key: [days_since(event_instant(e)) for e in group] for key, group in events.items()
    }
    task_days = {key: [days_since(task_instant(t)) for t in group] for key, group in tasks.items()}
    reached = {
        r["OpportunityId"] for r in org.records["OpportunityHistory"] if r["StageName"] in REACHED
    }
    return Evidence(
        contacts=by_account(org.records["Contact"]),
        activity_days={
            key: task_days.get(key, []) + event_days.get(key, [])
            for key in {**task_days, **event_days}
        },
        event_days=event_days,
        deals=by_account(org.records["Opportunity"]),
        reached=frozenset(reached),
    )


def is_rejected(deals: list[Record]) -> bool:
    """Whether the last lost opportunity was lost because the company does not fit."""
    lost = [d for d in deals if d["IsClosed"] and not d["IsWon"]]
    if not lost:
        return False
    last = max(
        lost, key=lambda d: (str(d.get("LastStageChangeDate") or d["CloseDate"]), str(d["Id"]))
    )
    return last.get("Lost_Reason__c") == "Not a fit"


def potential(account: Record, evidence: Evidence) -> int:
    """The account's score, from 0 to 100."""
    key = account["Id"]
    employees = account["NumberOfEmployees"]
    deals = evidence.deals.get(key, [])
    titles = [str(contact["Title"] or "") for contact in evidence.contacts.get(key, [])]
    recent = [days for days in evidence.activity_days.get(key, []) if days <= 365]
    met = [days for days in evidence.event_days.get(key, []) if days <= 365]
    points = (
        (25, isinstance(employees, int) and 10 <= employees <= 250),
        (20, account["Industry"] in FIT_INDUSTRIES),
        (15, any(DECIDES.search(plain(title)) for title in titles)),
        (15, len(recent) >= 3),
        (15, bool(met)),
        (25, any(d["Id"] in evidence.reached or d["StageName"] in REACHED for d in deals)),
        (-50, is_rejected(deals)),
    )
    return max(0, min(100, sum(worth for worth, holds in points if holds)))
