"""What is known of each account and opportunity when a pass starts, told with dicts and loops?

The facts of sections 2, 3, 5 and 6 of the sales loop's description, for `plain_loop`. Nothing here
is shared with the product, so that the two can check each other.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Record = Mapping[str, Any]
Records = Mapping[str, Sequence[Record]]
# The instant of what was done, or the day of what is planned.
Told = tuple[datetime | None, date | None]

UNQUALIFIED, QUALIFIED, TARGET, WORKING = "Unqualified Pool", "Qualified Pool", "Target", "Working"
CUSTOMER, BACKLOG, DISQUALIFIED, CHURN = "Customer", "Backlog", "Disqualified", "Churn"
STATUSES = (UNQUALIFIED, QUALIFIED, TARGET, WORKING, CUSTOMER, BACKLOG, DISQUALIFIED, CHURN)
STATUS_AT = {status: status.replace(" ", "_") + "_At__c" for status in STATUSES}
STAGE_AT = {
    "Opportunity Identified": "Identified_At__c",
    "Qualified Opportunity": "Qualified_At__c",
    "Free Trial": "Free_Trial_At__c",
    "Closing": "Closing_At__c",
    "Commit": "Commit_At__c",
    "Closed Won": "Won_At__c",
    "Closed Lost": "Lost_At__c",
}
QUALIFIED_STAGES = {"Qualified Opportunity", "Free Trial", "Closing", "Commit", "Closed Won"}
GOOD_INDUSTRIES = {"Technology", "Consulting", "Media", "Telecommunications", "Engineering"}
DECIDING_TITLES = (
    "CEO", "CFO", "COO", "CTO", "Founder", "Co-founder", "President", "Managing Director",
    "Finance Director", "Head of Finance", "PDG", "DG", "DAF", "Directeur général",
    "Directrice générale", "Directeur financier", "Directrice financière", "Gérant", "Gérante",
)  # fmt: skip
MARK = "[sfsync]"
LATE_COMPLETION_DAYS = 30
RECENT_DAYS = 365
PAUSE_DAYS = (90, 180, 365)
EARLY, LATE = timedelta(minutes=5), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Previous:
    """The previous pass: its start, and what each record it read was left in (Id -> value)."""

    now: datetime
    statuses: Mapping[str, str | None]
    stages: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class OwnWrite:
    """A status or stage that the service wrote to a record, as its journal knows it."""

    object: str
    id: str
    value: str | None
    sent_at: datetime


def instant(text: str | None) -> datetime | None:
    """The aware instant of an API datetime, in whole seconds; None for null."""
    return datetime.fromisoformat(text).replace(microsecond=0) if text else None


def calendar_day(text: str | None) -> date | None:
    """The day of an API date; None for null."""
    return date.fromisoformat(text) if text else None


@dataclass(frozen=True, slots=True)
class Clock:
    """The one `now` of a pass (UTC, whole seconds) and its `today` in the org's time zone."""

    now: datetime
    zone: ZoneInfo
    today: date

    @classmethod
    def at(cls, now: datetime, zone: str) -> "Clock":
        """The clock of a pass; ValueError for a naive `now`, ZoneInfoNotFoundError for a zone."""
        if now.tzinfo is None:
            raise ValueError(f"now has no time zone: {now!r}; pass an aware datetime")
        org_zone = ZoneInfo(zone)
        whole = now.astimezone(UTC).replace(microsecond=0)
        return cls(whole, org_zone, whole.astimezone(org_zone).date())

    def day(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()

    def days_since(self, moment: datetime) -> int:
        return (self.today - self.day(moment)).days

    def start(self, day: date) -> datetime:
        # Where the clocks skip midnight, 00:00 read with the old offset is the day's first instant.
        return datetime.combine(day, time(0), self.zone).astimezone(UTC)

    def end(self, day: date) -> datetime:
        return self.start(day + timedelta(days=1)) - timedelta(seconds=1)

    def past(self, text: str | None) -> datetime | None:
        """The instant of an API datetime; None where it is null or later than `now`."""
        moment = instant(text)
        return moment if moment is not None and moment <= self.now else None


@dataclass(frozen=True, slots=True)
class Deal:
    """A closed opportunity; `closed_at` is the start of `closed_on` where only its day is known."""

    id: str
    is_won: bool
    lost_reason: str | None
    closed_on: date | None
    closed_at: datetime | None
    is_exact: bool


class Org:
    """The records that count in a pass, their children grouped in one go."""

    def __init__(
        self,
        records: Records,
        clock: Clock,
        previous: Previous | None,
        own_user_id: str | None,
        own_writes: Sequence[OwnWrite],
    ) -> None:
        self.clock, self.previous, self.own_user_id = clock, previous, own_user_id
        self.knows_all_activities = "Task" in records and "Event" in records
        self.accounts = list(counting(records, "Account", clock))
        self.opportunities = list(counting(records, "Opportunity", clock))
        self.deals_of = grouped(self.opportunities, "AccountId")
        self.contacts_of = grouped(counting(records, "Contact", clock), "AccountId")
        self.changes_of = grouped(counting(records, "AccountHistory", clock), "AccountId")
        self.stages_of = grouped(counting(records, "OpportunityHistory", clock), "OpportunityId")
        self.own_writes_of: dict[tuple[str, str], list[OwnWrite]] = {}
        for write in own_writes:
            self.own_writes_of.setdefault((write.object, write.id), []).append(write)
        self.activities_of: dict[str, list[tuple[datetime, bool]]] = {}
        self.next_step_of: dict[str, date] = {}
        for task in counting(records, "Task", clock):
            if not (task.get("Subject") or "").startswith(MARK):
                self._add(task, of_task(task, clock), is_event=False)
        self.events = list(counting(records, "Event", clock))
        for event in self.events:
            self._add(event, of_event(event, clock), is_event=True)

    def _add(self, record: Record, told: Told, *, is_event: bool) -> None:
        (at, step), account = told, record.get("AccountId")
        if not account or record.get("IsChild") or record.get("IsRecurrence"):
            return
        if at is not None:
            self.activities_of.setdefault(account, []).append((at, is_event))
        if step is not None:
            self.next_step_of[account] = min(step, self.next_step_of.get(account, step))

    def is_own(
        self, key: tuple[str, str], value: str | None, row: Record, field: datetime | None
    ) -> bool:
        """Whether the service itself made the change that a history row tells of."""
        at, by = instant(row["CreatedDate"]), row.get("CreatedById")
        if by is None or self.own_user_id is None or by == self.own_user_id:
            for write in self.own_writes_of.get(key, ()):
                if write.value == value and write.sent_at - EARLY <= at <= write.sent_at + LATE:
                    return True
        if self.own_user_id is None or by != self.own_user_id or field is None:
            return False
        return field <= at <= field + LATE


def counting(records: Records, name: str, clock: Clock) -> Iterator[Record]:
    """The records of an object that are not deleted and not created after `now`."""
    for record in records.get(name, ()):
        if record.get("IsDeleted"):
            continue
        # A person may close a task while the pass reads: a Task counts, as one of `now`.
        if name != "Task" and record.get("CreatedDate") and not clock.past(record["CreatedDate"]):
            continue
        yield record


def grouped(records: Iterator[Record] | Sequence[Record], field: str) -> dict[str, list[Record]]:
    groups: dict[str, list[Record]] = {}
    for record in records:
        if record.get(field):
            groups.setdefault(record[field], []).append(record)
    return groups


def of_task(task: Record, clock: Clock) -> Told:
    """The instant of a closed Task, or the day an open one is planned for."""
    due = calendar_day(task.get("ActivityDate"))
    if not task.get("IsClosed"):
        return None, due if due is not None and due >= clock.today else None
    at = instant(task.get("CompletedDateTime"))
    if at is not None:
        if due is not None and (clock.day(at) - due).days > LATE_COMPLETION_DAYS:
            at = clock.end(due)
    elif due is not None and due <= clock.today:
        at = clock.start(due)
    else:
        at = instant(task.get("CreatedDate"))
    return (min(at, clock.now) if at is not None else None), None


def of_event(event: Record, clock: Clock) -> Told:
    """The instant of an Event that has started, or the day of one that has not."""
    if event.get("IsAllDayEvent"):
        day = calendar_day(event.get("ActivityDate"))
        at = clock.start(day) if day is not None else None
    else:
        at = instant(event.get("StartDateTime"))
        day = clock.day(at) if at is not None else None
    if at is None or at <= clock.now:
        return at, None
    return None, day


def is_own_status(account: Record, row: Record, org: Org) -> bool:
    """Whether the service itself made the change of status that a history row tells of."""
    value = row.get("NewValue") or None
    field = org.clock.past(account.get(STATUS_AT.get(value or "", "")))
    return org.is_own(("Account", account["Id"]), value, row, field)


def entered_status_at(account: Record, status: str | None, org: Org) -> datetime | None:
    """When the account entered its status; None where that is unknown."""
    id, clock, previous = account["Id"], org.clock, org.previous
    field = clock.past(account.get(STATUS_AT.get(status or "", "")))
    rows = [row for row in org.changes_of.get(id, ()) if row.get("CreatedDate")]
    changes = [
        row
        for row in rows
        if row.get("Field") == "Status__c" and not is_own_status(account, row, org)
    ]
    entry = field
    for row in changes:
        if (row.get("NewValue") or None) == status:
            at = instant(row["CreatedDate"])
            entry = at if entry is None else max(entry, at)
    if previous is not None and id in previous.statuses:
        moved = (previous.statuses[id] or None) != status
        if moved and (entry is None or entry <= previous.now):
            return clock.now
    if entry is not None:
        return entry
    created = instant(account.get("CreatedDate"))
    if created is not None and previous is not None and created > previous.now:
        return created
    tracked = any(row.get("Field") == "created" for row in rows)
    return created if tracked and not changes else None


def entered_stage_at(opportunity: Record, org: Org) -> datetime | None:
    """When the opportunity entered its stage; None where that is unknown."""
    id, stage, clock = opportunity["Id"], opportunity.get("StageName"), org.clock
    field = clock.past(opportunity.get(STAGE_AT.get(stage or "", "")))
    rows = [row for row in org.stages_of.get(id, ()) if row.get("CreatedDate")]
    rows.sort(key=lambda row: (instant(row["CreatedDate"]), row.get("Id") or ""))
    first = None
    for row in reversed(rows):
        if row.get("StageName") == stage:
            first = row
        elif first is not None:
            break
    if first is not None and not org.is_own(("Opportunity", id), stage, first, field):
        begun = instant(first["CreatedDate"])
        return begun if field is None else max(begun, field)
    return field or clock.past(opportunity.get("LastStageChangeDate"))


def deal_of(opportunity: Record, clock: Clock) -> Deal:
    """A closed opportunity with its closing."""
    at, day = instant(opportunity.get("LastStageChangeDate")), None
    is_exact = at is not None
    if at is not None:
        day = clock.day(at)
    elif opportunity.get("CloseDate"):
        day = min(date.fromisoformat(opportunity["CloseDate"]), clock.today)
        if opportunity.get("CreatedDate"):
            day = max(day, clock.day(instant(opportunity["CreatedDate"])))
        at = clock.start(day)
    reason = opportunity.get("Lost_Reason__c")
    return Deal(opportunity["Id"], bool(opportunity.get("IsWon")), reason, day, at, is_exact)


def folded(text: str) -> str:
    """The text in lower case, without accents and with single spaces."""
    letters = unicodedata.normalize("NFKD", text)
    return " ".join("".join(c for c in letters if not unicodedata.combining(c)).casefold().split())


TITLE = re.compile(r"\b(?:" + "|".join(re.escape(folded(t)) for t in DECIDING_TITLES) + r")\b")


def potential(account: Record, latest_lost: Deal | None, org: Org) -> int:
    """The account's score, from 0 to 100."""
    id, clock = account["Id"], org.clock
    recent = [
        is_event
        for at, is_event in org.activities_of.get(id, ())
        if clock.days_since(at) <= RECENT_DAYS
    ]
    titles = (contact.get("Title") or "" for contact in org.contacts_of.get(id, ()))
    reached = (
        row.get("StageName") in QUALIFIED_STAGES
        for opportunity in org.deals_of.get(id, ())
        for row in (opportunity, *org.stages_of.get(opportunity["Id"], ()))
    )
    points = 25 * (10 <= (account.get("NumberOfEmployees") or 0) <= 250)
    points += 20 * (account.get("Industry") in GOOD_INDUSTRIES)
    points += 15 * any(TITLE.search(folded(title)) is not None for title in titles)
    points += 15 * (len(recent) >= 3)
    points += 15 * any(recent)
    points += 25 * any(reached)
    points -= 50 * (latest_lost is not None and latest_lost.lost_reason == "Not a fit")
    return max(0, min(100, points))


def pause_days(count: float) -> int:
    """The length of the pause for the n-th stay in Backlog, n at least 1."""
    return PAUSE_DAYS[min(max(int(count), 1), len(PAUSE_DAYS)) - 1]


def pause_end(account: Record, entered: datetime | None, clock: Clock) -> date | None:
    """The last day of a Backlog account's pause, as it stands or as it would be given."""
    until = calendar_day(account.get("Backlog_Until__c"))
    if entered is None:
        return until
    entered_on = clock.day(entered)
    if until is not None and until >= entered_on:
        return until
    return entered_on + timedelta(days=pause_days(account.get("Backlog_Count__c") or 0))
