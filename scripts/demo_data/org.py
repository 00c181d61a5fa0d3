"""Which records does the demo org hold while it is being made?"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from random import Random
from typing import cast

from demo_data.clock import NOW
from demo_data.ids import record_id
from demo_data.schema import SCHEMA

Value = str | int | float | bool | date | datetime | None
Record = dict[str, Value]


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the first pass must do with an account: the rule that moves it, or none, and why."""

    account: Record
    rule: str | None
    to: str | None
    why: str


@dataclass(slots=True)
class DemoOrg:
    """The org in the making. Records are added once and edited in place until they are written."""

    random: Random
    records: dict[str, list[Record]] = field(
        default_factory=lambda: {object_name: [] for object_name in SCHEMA}
    )
    users: dict[str, str] = field(default_factory=dict)
    reps: list[str] = field(default_factory=list)
    expectations: list[Expectation] = field(default_factory=list)

    def add(self, object_name: str, created: datetime, by: str, **fields: Value) -> Record:
        """Create a record with its Id and audit fields.

        Raises ValueError for a field that the schema does not have or a creation after now.
        """
        known = {described.name for described in SCHEMA[object_name]}
        unknown = sorted(set(fields) - known)
        if unknown:
            raise ValueError(f"{object_name} has no field {', '.join(unknown)}; see schema.txt")
        if created > NOW:
            raise ValueError(f"{object_name} created at {created}, which is after the demo's now")
        audit: Record = {
            "CreatedDate": created,
            "CreatedById": by,
            "LastModifiedDate": created,
            "LastModifiedById": by,
            "SystemModstamp": created,
            "IsDeleted": False,
        }
        record: Record = {"Id": record_id(object_name, len(self.records[object_name]) + 1)}
        record.update({name: value for name, value in audit.items() if name in known})
        record.update(fields)
        self.records[object_name].append(record)
        return record

    def expect(
        self, account: Record, why: str, rule: str | None = None, to: str | None = None
    ) -> None:
        """Note, for the table in the README, what the first pass must do with an account."""
        self.expectations.append(Expectation(account, rule, to, why))


def text(record: Record, name: str) -> str:
    """A text or Id field that must be filled."""
    return cast("str", record[name])


def moment(record: Record, name: str) -> datetime:
    """A datetime field that must be filled; aware, UTC."""
    return cast("datetime", record[name])


def touch(record: Record, at: datetime, by: str) -> None:
    """Mark a record as edited at an instant; an earlier instant than the last edit leaves it."""
    if at > moment(record, "SystemModstamp"):
        record["SystemModstamp"] = at
        if "LastModifiedDate" in record:
            record.update(LastModifiedDate=at, LastModifiedById=by)
