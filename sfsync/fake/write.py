"""How is a record created, updated, deleted?

Deleting is soft: the row stays with IsDeleted true, and so do the rows that go with it (the
contacts, opportunities, contact roles, activities and history of an account; the contact roles,
activities and history of an opportunity; of a contact or lead its history and the activities that
have no What). Other references to a deleted record keep its Id, so that what was deleted can still
be read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sfsync.fake import activities, validate
from sfsync.fake.derive import Save, derive, follow_up, stamps
from sfsync.fake.errors import RecordRefused, refuse_record
from sfsync.fake.external import with_parents
from sfsync.fake.history import history_object, write_history
from sfsync.fake.ids import normalise
from sfsync.fake.picklists import default_of
from sfsync.fake.schema import ObjectType
from sfsync.fake.state import OrgState
from sfsync.fake.values import Row, wire_datetime

_ACTIVITIES = (("Task", "WhatId"), ("Event", "WhatId"))
_PERSONAL_ACTIVITIES = (("Task", "WhoId"), ("Event", "WhoId"))
_GOES_WITH = {
    "Account": (
        ("Contact", "AccountId"),
        ("Opportunity", "AccountId"),
        ("AccountHistory", "AccountId"),
        *_ACTIVITIES,
    ),
    "Opportunity": (
        ("OpportunityContactRole", "OpportunityId"),
        ("OpportunityHistory", "OpportunityId"),
        ("OpportunityFieldHistory", "OpportunityId"),
        *_ACTIVITIES,
    ),
    "Contact": (
        ("OpportunityContactRole", "ContactId"),
        ("CampaignMember", "ContactId"),
        ("ContactHistory", "ContactId"),
        *_PERSONAL_ACTIVITIES,
    ),
    "Lead": (("CampaignMember", "LeadId"), ("LeadHistory", "LeadId"), *_PERSONAL_ACTIVITIES),
    "Campaign": (("CampaignMember", "CampaignId"), *_ACTIVITIES),
}


@dataclass(frozen=True, slots=True)
class Writer:
    """Whoever writes in one transaction: the org, the user, the moment of its stamps."""

    state: OrgState
    user_id: str
    moment: datetime

    def create(self, owner: ObjectType, body: Mapping[str, object]) -> str:
        """Create a record from a JSON body; return its Id. Raises RecordRefused or ApiError."""
        if not owner.createable:
            raise _refuse_entity("inserted", owner)
        named = with_parents(self.state, owner, body)
        changes = validate.checked(self.state, owner, named, creating=True)
        row = self._defaults(owner)
        row |= {name: value for name, value in changes.items() if value is not None}
        save = Save(self.state, owner, None, row, changes.keys(), self._stamp)
        derive(save)
        if owner.name in activities.ACTIVITY_OBJECTS:
            # What an activity is about is locked, and may be refused, with it.
            for parent in sorted(activities.parents_of(row)):
                self._meet_faults({"Id": parent})
        validate.check_required(owner, row)
        validate.check_unique(self.state, owner, row, changes)
        validate.run_validation_rules(self.state, owner, None, row)
        row["Id"] = self.state.store.new_id(owner.name)
        self._put(save)
        return str(row["Id"])

    def update(self, owner: ObjectType, record_id: str, body: Mapping[str, object]) -> None:
        """Update a record from a JSON body; raises RecordRefused (404: no target) or ApiError."""
        before = self.target(owner, record_id)
        if not owner.updateable:
            raise _refuse_entity("updated", owner)
        self._meet_faults(before)
        named = with_parents(self.state, owner, body)
        changes = validate.checked(self.state, owner, named, creating=False)
        if before.get("IsConverted"):
            raise refuse_record("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
        row = dict(before)
        for name, value in changes.items():
            if value is None:
                row.pop(name, None)
            else:
                row[name] = value
        save = Save(self.state, owner, before, row, changes.keys(), self._stamp)
        derive(save)
        validate.check_required(owner, row, changes)
        validate.check_unique(self.state, owner, row, changes)
        validate.run_validation_rules(self.state, owner, before, row)
        self._put(save)

    def delete(self, owner: ObjectType, record_id: str) -> None:
        """Delete a record and what goes with it. Raises RecordRefused (404 without target)."""
        row = self.target(owner, record_id)
        if not owner.deletable:
            raise refuse_record(
                "INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id"
            )
        self._meet_faults(row)
        parents: set[str] = set()
        stamped = stamps(owner, self.user_id, self._stamp, creating=False)
        self._delete(owner.name, row | stamped, parents)
        activities.roll_up(self.state, parents)

    def target(self, owner: ObjectType, text: str) -> Row:
        """Return the row that a write means; raises RecordRefused as the platform does."""
        record_id = normalise(text)
        if record_id is None:
            raise RecordRefused(404, *_no_such_external_id(text).problems)
        if record_id[:3] != owner.key_prefix:
            raise refuse_record(
                "MALFORMED_ID", f"{owner.label} ID: id value of incorrect type: {text}", "Id"
            )
        row = self.state.store.table(owner.name).rows.get(record_id)
        if row is None:
            raise refuse_record(
                "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", status=404
            )
        if row.get("IsDeleted"):
            raise refuse_record("ENTITY_IS_DELETED", "entity is deleted", status=404)
        return row

    def _meet_faults(self, row: Row) -> None:
        for fault in list(self.state.record_faults):
            fault(str(row["Id"]))

    @property
    def _stamp(self) -> str:
        return wire_datetime(self.moment)

    def _defaults(self, owner: ObjectType) -> Row:
        row: Row = {}
        for field in owner.fields.values():
            if field.type == "boolean":
                row[field.name] = bool(field.default_value)
            elif field.name == "OwnerId" and field.createable:
                row[field.name] = self.user_id
            elif field.default_value is not None and field.createable:
                row[field.name] = field.default_value
            elif field.type == "picklist" and field.createable:
                value = default_of(self.state.store, owner.name, field)
                row |= {field.name: value} if value is not None else {}
        return row

    def _put(self, save: Save) -> None:
        audit = stamps(save.owner, self.user_id, self._stamp, creating=save.before is None)
        save.row.update(audit)
        self.state.store.put(save.owner.name, save.row)
        by: Row = {"CreatedDate": self._stamp, "CreatedById": self.user_id}
        write_history(self.state, save.owner, save.before, save.row, by)
        follow_up(save)

    def _delete(self, name: str, row: Row, parents: set[str]) -> None:
        if name in activities.ACTIVITY_OBJECTS:
            parents |= activities.parents_of(row)
        self.state.store.put(name, {**row, "IsDeleted": True})
        for child, reference in _GOES_WITH.get(name, _own_history(name)):
            if child not in self.state.store.schema.objects:
                continue
            table = self.state.store.table(child)
            for child_id in table.ids_with(reference, row["Id"]):
                found = table.rows[child_id]
                if not found.get("IsDeleted") and not (reference == "WhoId" and "WhatId" in found):
                    stamp = {"SystemModstamp": self._stamp} if self.state.stamps_followers else {}
                    self._delete(child, {**found, **stamp}, parents)


def _own_history(name: str) -> tuple[tuple[str, str], ...]:
    return (history_object(name),)


def _refuse_entity(done: str, owner: ObjectType) -> RecordRefused:
    return refuse_record(
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", f"entity type cannot be {done}: {owner.label}"
    )


def _no_such_external_id(text: str) -> RecordRefused:
    return refuse_record(
        "NOT_FOUND",
        f"Provided external ID field does not exist or is not accessible: {text}",
        status=404,
    )
