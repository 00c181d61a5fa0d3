"""What follows from tasks and events for the records they belong to?"""

from datetime import UTC, date, datetime, time, timedelta

from sfsync.fake.errors import refuse_record
from sfsync.fake.schema import ObjectType
from sfsync.fake.state import OrgState
from sfsync.fake.values import Row, Value, moment_of, wire_datetime

ACTIVITY_OBJECTS = ("Task", "Event")
_ARCHIVED_AFTER = timedelta(days=365)
_LONGEST_EVENT = timedelta(days=14)


def account_of(state: OrgState, row: Row) -> Value | None:
    """Return the Id of the account an activity counts for, or None.

    What wins over Who: an account itself, the account of an opportunity; with no What, or one
    that has no account, the account of a contact.
    """
    what = str(row.get("WhatId", ""))
    owner = state.store.schema.of_id(what) if what else None
    if owner is not None and owner.name == "Account":
        return what
    if owner is not None and owner.name == "Opportunity":
        return (state.store.row(what) or {}).get("AccountId")
    who = str(row.get("WhoId", ""))
    person = state.store.schema.of_id(who) if who else None
    if person is not None and person.name == "Contact":
        return (state.store.row(who) or {}).get("AccountId")
    return None


def is_closed(state: OrgState, row: Row) -> bool:
    """Whether a task is closed: as it was last saved, else by what its status means now."""
    if "IsClosed" in state.store.schema.objects["Task"].fields:
        return bool(row.get("IsClosed"))
    return status_is_closed(state, row.get("Status"))


def status_is_closed(state: OrgState, status: Value | None) -> bool:
    """Whether tasks of this status are closed; an unknown status is open."""
    statuses = state.store.live_rows("TaskStatus")
    return any(bool(each.get("IsClosed")) for each in statuses if each.get("MasterLabel") == status)


def check_relations(state: OrgState, row: Row) -> None:
    """Raise RecordRefused where an activity has a lead as Who and also a What."""
    person = state.store.schema.of_id(str(row.get("WhoId", "")))
    if person is not None and person.name == "Lead" and "WhatId" in row:
        raise refuse_record(
            "FIELD_INTEGRITY_EXCEPTION", "Related To ID: can't be set for a lead", "WhatId"
        )


def event_times(state: OrgState, row: Row) -> Row:
    """Return the date and time fields of an event, completed from those it has.

    An all-day event starts and ends at midnight UTC whatever the zone; the day of a timed one is
    that of its start in the organisation's zone. Raises RecordRefused where start or end is
    missing.
    """
    if row.get("IsAllDayEvent"):
        return _all_day(row)
    start = row.get("StartDateTime") or row.get("ActivityDateTime")
    if start is None or not ("EndDateTime" in row or "DurationInMinutes" in row):
        raise refuse_record(
            "REQUIRED_FIELD_MISSING",
            "Required fields are missing: [DurationInMinutes, ActivityDateTime]",
            "DurationInMinutes",
            "ActivityDateTime",
        )
    begin = moment_of(str(start))
    minutes = row.get("DurationInMinutes")
    end = (
        begin + timedelta(minutes=float(minutes))
        if minutes is not None
        else moment_of(str(row["EndDateTime"]))
    )
    _check_length(begin, end)
    return {
        "StartDateTime": wire_datetime(begin),
        "ActivityDateTime": wire_datetime(begin),
        "EndDateTime": wire_datetime(end),
        "DurationInMinutes": int((end - begin).total_seconds() // 60),
        "ActivityDate": begin.astimezone(state.org_zone).date().isoformat(),
        "EndDate": end.astimezone(state.org_zone).date().isoformat(),
    }


def _all_day(row: Row) -> Row:
    day = row.get("ActivityDate") or str(row.get("StartDateTime", ""))[:10]
    if not day:
        raise refuse_record(
            "REQUIRED_FIELD_MISSING", "Required fields are missing: [ActivityDate]", "ActivityDate"
        )
    begin = datetime.combine(date.fromisoformat(str(day)), time(), UTC)
    minutes = max(1440, int(row.get("DurationInMinutes", 1440)))
    end = begin + timedelta(minutes=minutes - 1440)
    _check_length(begin, end)
    return {
        "ActivityDate": str(day),
        "ActivityDateTime": wire_datetime(begin),
        "StartDateTime": wire_datetime(begin),
        "EndDateTime": wire_datetime(end),
        "DurationInMinutes": minutes,
        "EndDate": end.date().isoformat(),
    }


def _check_length(begin: datetime, end: datetime) -> None:
    if end < begin or end - begin > _LONGEST_EVENT:
        raise refuse_record(
            "FIELD_INTEGRITY_EXCEPTION",
            "Duration: an event ends after it starts and lasts at most 14 days",
            "DurationInMinutes",
        )


def parents_of(*rows: Row | None) -> set[str]:
    """Return the Ids of the records whose last activity these activities may be."""
    return {
        str(row[field])
        for row in rows
        if row is not None
        for field in ("AccountId", "WhatId", "WhoId")
        if field in row
    }


def roll_up(state: OrgState, parent_ids: set[str]) -> None:
    """Set LastActivityDate of the given accounts, opportunities, contacts and leads.

    As on the platform it may lie in the future, and no stamp of the record moves with it.
    """
    for parent_id in sorted(parent_ids):
        owner = state.store.schema.of_id(parent_id)
        row = state.store.row(parent_id)
        if owner is None or row is None or "LastActivityDate" not in owner.fields:
            continue
        latest = latest_activity(state, owner, parent_id)
        if latest != row.get("LastActivityDate"):
            changed = {key: kept for key, kept in row.items() if key != "LastActivityDate"}
            if latest is not None:
                changed["LastActivityDate"] = latest
            state.store.put(owner.name, changed)


def latest_activity(state: OrgState, owner: ObjectType, parent_id: str) -> Value | None:
    """Return the latest due date of closed tasks and start date of events, or None."""
    reference = {"Account": "AccountId", "Opportunity": "WhatId"}.get(owner.name, "WhoId")
    days: list[str] = []
    for name in ACTIVITY_OBJECTS:
        if name not in state.store.schema.objects:
            continue
        table = state.store.table(name)
        for record_id in table.ids_with(reference, parent_id):
            row = table.rows[record_id]
            if not row.get("IsDeleted") and (name == "Event" or is_closed(state, row)):
                days.extend(day_of(state, row))
    return max(days, default=None)


def archive_limit(state: OrgState) -> str:
    """Return the latest day whose activities the archiving job archives on the clock's day."""
    return (state.clock.now() - _ARCHIVED_AFTER).astimezone(state.org_zone).date().isoformat()


def day_of(state: OrgState, row: Row) -> list[str]:
    """Return the day of an activity as a list: empty for a task without due date.

    An event whose ActivityDate the org does not have is of the day of its start in the org's zone.
    """
    if "ActivityDate" in row:
        return [str(row["ActivityDate"])]
    if "StartDateTime" in row:
        start = moment_of(str(row["StartDateTime"]))
        return [start.astimezone(state.org_zone).date().isoformat()]
    return []


def is_old_enough(state: OrgState, object_name: str, row: Row, limit: str) -> bool:
    """Whether the archiving job would archive an activity, given `archive_limit`."""
    if object_name == "Task" and not is_closed(state, row):
        return False
    days = day_of(state, row) or [str(row.get("CreatedDate", "9999"))[:10]]
    return days[0] <= limit


def archive(state: OrgState) -> None:
    """Archive old activities once per day of the clock, as the platform's background job does."""
    today = state.clock.now().date()
    if state.archived_on == today:
        return
    state.archived_on = today
    limit = archive_limit(state)
    for name in ACTIVITY_OBJECTS:
        owner = state.store.schema.objects.get(name)
        if owner is None or "IsArchived" not in owner.fields:
            continue
        for row in list(state.store.table(name).rows.values()):
            if not row.get("IsArchived") and is_old_enough(state, name, row, limit):
                state.store.put(name, row | {"IsArchived": True})
    # Not told to those who keep a log: the job does the same again from the same clock.
    state.store.commit()
