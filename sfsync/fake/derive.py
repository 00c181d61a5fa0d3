"""Which fields does the platform compute when a record is saved?"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date

from sfsync.fake import activities
from sfsync.fake.schema import ObjectType
from sfsync.fake.state import OrgState
from sfsync.fake.values import Row, Value


@dataclass(slots=True)
class Save:
    """A record about to be saved: `row` is the new state and may be changed."""

    state: OrgState
    owner: ObjectType
    before: Row | None
    row: Row
    given: Collection[str]
    stamp: str

    def set(self, name: str, value: Value | None) -> None:
        """Set a derived field where the org has it."""
        if name not in self.owner.fields:
            return
        if value is None or value == "":
            self.row.pop(name, None)
        else:
            self.row[name] = value

    def set_unless_given(self, name: str, value: Value | None) -> None:
        """Set a derived field that whoever saves the record may set as well."""
        if name not in self.given:
            self.set(name, value)

    def changes(self, name: str) -> bool:
        """Whether this save gives the field another value; on creation, whether it has one."""
        return self.row.get(name) != (self.before or {}).get(name)


def derive(save: Save) -> None:
    """Complete the row of a save; raises RecordRefused where its fields contradict each other."""
    rule = _RULES.get(save.owner.name)
    if rule is not None:
        rule(save)


def _opportunity(save: Save) -> None:
    stages = save.state.store.live_rows("OpportunityStage")
    stage: Row = next(
        (each for each in stages if each.get("MasterLabel") == save.row.get("StageName")), {}
    )
    if save.changes("StageName"):
        save.set_unless_given("IsClosed", bool(stage.get("IsClosed")))
        save.set_unless_given("IsWon", bool(stage.get("IsWon")))
        save.set_unless_given("Probability", stage.get("DefaultProbability"))
        save.set_unless_given("ForecastCategoryName", stage.get("ForecastCategoryName", "Pipeline"))
        if save.before is not None:
            save.set_unless_given("LastStageChangeDate", save.stamp)
    category = save.row.get("ForecastCategoryName")
    save.set_unless_given("ForecastCategory", FORECAST_CATEGORIES.get(str(category)))
    amount, chance = save.row.get("Amount"), save.row.get("Probability", 0.0)
    revenue = None if amount is None else round(float(amount) * float(chance) / 100, 2)
    save.set_unless_given("ExpectedRevenue", revenue)
    _fiscal(save)


FORECAST_CATEGORIES = {
    "Omitted": "Omitted",
    "Pipeline": "Pipeline",
    "Best Case": "BestCase",
    "Most Likely": "MostLikely",
    "Commit": "Forecast",
    "Closed": "Closed",
}


def _fiscal(save: Save) -> None:
    if "CloseDate" not in save.row:
        return
    day = date.fromisoformat(str(save.row["CloseDate"]))
    start = save.state.fiscal_start
    # A fiscal year bears the name of the calendar year in which it begins.
    year = day.year if day.month >= start else day.year - 1
    quarter = (day.month - start) % 12 // 3 + 1
    save.set("FiscalYear", year)
    save.set("FiscalQuarter", quarter)
    save.set("Fiscal", f"{year} {quarter}")


def _task(save: Save) -> None:
    activities.check_relations(save.state, save.row)
    if save.changes("Status"):
        closed = activities.status_is_closed(save.state, save.row.get("Status"))
        save.set_unless_given("IsClosed", closed)
        was_closed = save.before is not None and activities.is_closed(save.state, save.before)
        if not closed:
            save.set_unless_given("CompletedDateTime", None)
        elif not was_closed:
            save.set_unless_given("CompletedDateTime", save.stamp)
    save.set("IsHighPriority", save.row.get("Priority") == "High")
    _activity_account(save)


_TIMES = (
    "StartDateTime",
    "ActivityDateTime",
    "EndDateTime",
    "DurationInMinutes",
    "ActivityDate",
    "IsAllDayEvent",
)


def _event(save: Save) -> None:
    activities.check_relations(save.state, save.row)
    if save.before is None or any(name in save.given for name in _TIMES):
        _drop_outdated_times(save)
        for name, value in activities.event_times(save.state, save.row).items():
            save.set(name, value)
    _activity_account(save)


def _drop_outdated_times(save: Save) -> None:
    # Start and ActivityDateTime are one thing, end and duration follow from each other: what was
    # given now wins over what the row had.
    if "ActivityDateTime" in save.given and "StartDateTime" not in save.given:
        save.row.pop("StartDateTime", None)
    if "EndDateTime" in save.given and "DurationInMinutes" not in save.given:
        save.row.pop("DurationInMinutes", None)


def _activity_account(save: Save) -> None:
    if save.before is None or save.changes("WhatId") or save.changes("WhoId"):
        save.set_unless_given("AccountId", activities.account_of(save.state, save.row))


def _person(save: Save) -> None:
    if save.changes("FirstName") or save.changes("LastName"):
        parts = (save.row.get("FirstName"), save.row.get("LastName"))
        save.set_unless_given("Name", " ".join(str(each) for each in parts if each is not None))


_RULES: dict[str, Callable[[Save], None]] = {
    "Opportunity": _opportunity,
    "Task": _task,
    "Event": _event,
    "Contact": _person,
    "Lead": _person,
    "User": _person,
}


def follow_up(save: Save) -> None:
    """Carry a saved record's consequences to other records: activities' accounts, last activity."""
    state, row = save.state, save.row
    if save.owner.name in activities.ACTIVITY_OBJECTS:
        activities.roll_up(state, activities.parents_of(save.before, row))
    elif (
        save.owner.name in ("Opportunity", "Contact") and save.before and save.changes("AccountId")
    ):
        _move_activities(state, save.owner.name, str(row["Id"]), save.stamp)


def _move_activities(state: OrgState, owner_name: str, record_id: str, stamp: str) -> None:
    reference = "WhatId" if owner_name == "Opportunity" else "WhoId"
    parents: set[str] = set()
    for name in activities.ACTIVITY_OBJECTS:
        owner = state.store.schema.objects.get(name)
        if owner is None or "AccountId" not in owner.fields:
            continue
        table = state.store.table(name)
        for activity_id in table.ids_with(reference, record_id):
            before = table.rows[activity_id]
            save = Save(state, owner, before, dict(before), (), stamp)
            save.set("AccountId", activities.account_of(state, save.row))
            if save.changes("AccountId"):
                if state.stamps_followers:
                    save.set("SystemModstamp", stamp)
                state.store.put(name, save.row)
                parents |= activities.parents_of(before, save.row)
    activities.roll_up(state, parents)


def derive_after_loading(state: OrgState) -> None:
    """Fill derived fields that the org has and its recording left empty.

    The account of activities, whether and when tasks were completed, and last activity dates.
    """
    touched: dict[str, str] = {}
    for name in activities.ACTIVITY_OBJECTS:
        owner = state.store.schema.objects.get(name)
        if owner is None:
            continue
        for row in state.store.table(name).rows.values():
            if "AccountId" in owner.fields and "AccountId" not in row:
                account = activities.account_of(state, row)
                if account is not None:
                    row["AccountId"] = account
            _note_latest(state, name, row, touched)
    for parent_id, day in touched.items():
        parent, found = state.store.schema.of_id(parent_id), state.store.row(parent_id)
        if parent and found is not None and "LastActivityDate" in parent.fields:
            found.setdefault("LastActivityDate", day)


def _note_latest(state: OrgState, name: str, row: Row, latest: dict[str, str]) -> None:
    counts = name == "Event" or activities.is_closed(state, row)
    if row.get("IsDeleted") or not counts:
        return
    for day in activities.day_of(state, row):
        for parent_id in activities.parents_of(row):
            latest[parent_id] = max(day, latest.get(parent_id, day))


def stamps(owner: ObjectType, user_id: str, moment_text: str, *, creating: bool) -> Row:
    """Return the audit fields of a save by a user, as far as the org has them."""
    audit: Row = {
        "LastModifiedDate": moment_text,
        "LastModifiedById": user_id,
        "SystemModstamp": moment_text,
    }
    if creating:
        audit |= {"CreatedDate": moment_text, "CreatedById": user_id}
    return {name: value for name, value in audit.items() if name in owner.fields}
