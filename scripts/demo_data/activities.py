"""Which calls, mails, meetings and reminders does the demo org hold?"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from demo_data.clock import NOW, TODAY, at, day_of
from demo_data.org import DemoOrg, Record, Value, text
from demo_data.words import CALL_SUBJECTS, MAIL_SUBJECTS, MEETING_SUBJECTS

# The platform archives from 365 days on, in a job of its own that runs late: some day-old rows
# are still there. Two days keep the demo clear of that edge.
ARCHIVED_AFTER = timedelta(days=367)


def account_id(org: DemoOrg, what: Record | None, who: Record | None) -> Value:
    """The account the platform derives for an activity: What wins over Who, leads have none."""
    if what is not None:
        return what.get("AccountId") if is_object(org, what, "Opportunity") else what["Id"]
    return who.get("AccountId") if who is not None else None


def is_object(org: DemoOrg, record: Record, object_name: str) -> bool:
    """Whether a record is of an object, by its key prefix."""
    first = org.records[object_name]
    return bool(first) and text(record, "Id")[:3] == text(first[0], "Id")[:3]


def links(org: DemoOrg, what: Record | None, who: Record | None) -> dict[str, Value]:
    """The three references of an activity and its owner."""
    source = what or who or {}
    return {
        "WhatId": what["Id"] if what else None,
        "WhoId": who["Id"] if who else None,
        "AccountId": account_id(org, what, who),
        "OwnerId": source.get("OwnerId") or org.reps[0],
    }


def is_archived(on: date) -> bool:
    """Whether an activity of that day has been archived."""
    return TODAY - on >= ARCHIVED_AFTER


def task_done(
    org: DemoOrg, what: Record | None, when: datetime, *, who: Record | None = None, **fields: Value
) -> Record:
    """A closed task that was logged as it was done: a call or a mail, drawn unless given."""
    is_call = org.random.random() < 0.6
    values: dict[str, Value] = {
        **links(org, what, who),
        "Subject": org.random.choice(CALL_SUBJECTS if is_call else MAIL_SUBJECTS),
        "Type": "Call" if is_call else "Email",
        "TaskSubtype": "Call" if is_call else "Email",
        "Status": "Completed",
        "Priority": "Normal",
        "IsHighPriority": False,
        "IsClosed": True,
        "ActivityDate": day_of(when),
        "CompletedDateTime": when,
        "CallDurationInSeconds": org.random.randint(20, 1900) if is_call else None,
        "IsRecurrence": False,
        **fields,
    }
    due = values["ActivityDate"]
    values["IsArchived"] = is_archived(due if isinstance(due, date) else day_of(when))
    return org.add("Task", when, str(values["OwnerId"]), **values)


def task_open(
    org: DemoOrg,
    what: Record | None,
    due: date | None,
    *,
    who: Record | None = None,
    **fields: Value,
) -> Record:
    """An open task due on a day, or on none; written a week before, today at the latest."""
    written = min(at((TODAY - due).days + 7, 14), at(1, 14)) if due else at(20, 14)
    values: dict[str, Value] = {
        **links(org, what, who),
        "Subject": "Rappeler" if org.random.random() < 0.5 else "Call back",
        "Type": "Call",
        "TaskSubtype": "Task",
        "Status": "Not Started",
        "Priority": org.random.choice(("High", "Normal", "Normal", "Low")),
        "IsClosed": False,
        "ActivityDate": due,
        "IsRecurrence": False,
        "IsArchived": False,
        **fields,
    }
    values["IsHighPriority"] = values["Priority"] == "High"
    return org.add("Task", written, str(values["OwnerId"]), **values)


def meeting(
    org: DemoOrg,
    what: Record | None,
    start: datetime,
    *,
    who: Record | None = None,
    **fields: Value,
) -> Record:
    """A meeting of an hour, planned some days before it starts."""
    values: dict[str, Value] = {
        **event_values(org, what, who),
        "IsAllDayEvent": False,
        "ActivityDateTime": start,
        "ActivityDate": day_of(start),
        "DurationInMinutes": 60,
        "StartDateTime": start,
        "EndDateTime": start + timedelta(minutes=60),
        "IsArchived": is_archived(day_of(start)),
        **fields,
    }
    planned = min(start - timedelta(days=6, hours=2), at(1, 16))
    return org.add("Event", planned, str(values["OwnerId"]), **values)


def all_day(
    org: DemoOrg, what: Record | None, on: date, *, who: Record | None = None, **fields: Value
) -> Record:
    """An all-day event; the platform sets its start to midnight UTC whatever the org's zone."""
    midnight = datetime.combine(on, time(0), tzinfo=UTC)
    values: dict[str, Value] = {
        **event_values(org, what, who),
        "Subject": "Salon professionnel",
        "IsAllDayEvent": True,
        "ActivityDate": on,
        "ActivityDateTime": midnight,
        "DurationInMinutes": 1440,
        "StartDateTime": midnight,
        "EndDateTime": midnight,
        "IsArchived": is_archived(on),
        **fields,
    }
    return org.add(
        "Event", min(midnight - timedelta(days=9), NOW), str(values["OwnerId"]), **values
    )


def event_values(org: DemoOrg, what: Record | None, who: Record | None) -> dict[str, Value]:
    """What every event has, whatever its time."""
    return {
        **links(org, what, who),
        "Subject": org.random.choice(MEETING_SUBJECTS),
        "Type": "Meeting",
        "Location": org.random.choice(("Visio", "Sur place", "Office", None)),
        "ShowAs": "Busy",
        "IsChild": False,
        "IsGroupEvent": False,
        "IsRecurrence": False,
    }
