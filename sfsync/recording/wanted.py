"""Which objects and fields does a rehearsal need?

All that `config/` names, and beside it what an org needs to behave as it did: who it is, its users,
what its stages and task statuses mean, and what is derived when a record is written.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sfsync.org import FieldInfo, OrgReader
from sfsync.org.soql import condition
from sfsync.policy import Policy

_STAMPS = ("CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp")
_CHANGES = ("Field", "DataType", "OldValue", "NewValue")
# The platform's own objects, in the platform's names; what an org lacks of them is left out.
_REHEARSAL: Mapping[str, tuple[str, ...]] = {
    # Time zone and fiscal year, by which days and ranges are counted.
    "Organization": (
        "Name",
        "TimeZoneSidKey",
        "LanguageLocaleKey",
        "DefaultLocaleSidKey",
        "FiscalYearStartMonth",
        "OrganizationType",
        "IsSandbox",
        "Country",
    ),
    # Owners, whether they are active, whom they report to; the service's own user.
    "User": (
        "Username",
        "LastName",
        "FirstName",
        "Name",
        "Email",
        "IsActive",
        "ManagerId",
        "UserType",
        "TimeZoneSidKey",
        "LocaleSidKey",
    ),
    # The queues to which tasks are given.
    "Group": ("Name", "DeveloperName", "Type"),
    "QueueSobject": ("QueueId", "SobjectType"),
    # What a change of stage does to the rest of an opportunity.
    "OpportunityStage": (
        "MasterLabel",
        "ApiName",
        "DefaultProbability",
        "ForecastCategory",
        "ForecastCategoryName",
        "IsActive",
        "IsClosed",
        "IsWon",
        "SortOrder",
    ),
    # Which statuses close a task.
    "TaskStatus": ("MasterLabel", "ApiName", "IsClosed", "IsDefault", "SortOrder"),
    "Account": (
        "Name",
        "ParentId",
        "Website",
        "Phone",
        "BillingStreet",
        "BillingCity",
        "BillingState",
        "BillingPostalCode",
        "BillingCountry",
        "LastActivityDate",
    ),
    "Contact": (
        "AccountId",
        "LastName",
        "FirstName",
        "Name",
        "Title",
        "Email",
        "Phone",
        "LeadSource",
    ),
    # Leads feed the loop, and are where duplicates and untouched ones are found.
    "Lead": (
        "LastName",
        "FirstName",
        "Name",
        "Company",
        "Title",
        "Email",
        "Phone",
        "Website",
        "City",
        "PostalCode",
        "Country",
        "LeadSource",
        "Status",
        "Industry",
        "NumberOfEmployees",
        "IsConverted",
        "ConvertedDate",
        "ConvertedAccountId",
        "ConvertedContactId",
        "ConvertedOpportunityId",
    ),
    "Opportunity": (
        "Name",
        "AccountId",
        "StageName",
        "Amount",
        "Probability",
        "ExpectedRevenue",
        "CloseDate",
        "Type",
        "LeadSource",
        "NextStep",
        "ForecastCategory",
        "ForecastCategoryName",
        "IsClosed",
        "IsWon",
        "LastActivityDate",
        "LastStageChangeDate",
    ),
    # Who plays which part in a deal.
    "OpportunityContactRole": ("OpportunityId", "ContactId", "Role", "IsPrimary"),
    "Task": (
        "WhoId",
        "WhatId",
        "AccountId",
        "Subject",
        "Description",
        "Type",
        "TaskSubtype",
        "Status",
        "Priority",
        "IsClosed",
        "ActivityDate",
        "CompletedDateTime",
        "CallDurationInSeconds",
        "IsArchived",
        "IsRecurrence",
    ),
    "Event": (
        "WhoId",
        "WhatId",
        "AccountId",
        "Subject",
        "Type",
        "IsAllDayEvent",
        "ActivityDate",
        "ActivityDateTime",
        "StartDateTime",
        "EndDateTime",
        "DurationInMinutes",
        "IsArchived",
        "IsChild",
        "IsRecurrence",
    ),
    # Since when a record is in its status or stage, and who put it there.
    "AccountHistory": ("AccountId", *_CHANGES),
    "OpportunityFieldHistory": ("OpportunityId", *_CHANGES),
    "OpportunityHistory": (
        "OpportunityId",
        "StageName",
        "Amount",
        "Probability",
        "ExpectedRevenue",
        "CloseDate",
        "ForecastCategory",
    ),
}
# What these hold are the org's own words, and what they mean; nothing in them is about anybody.
SETUP = frozenset({"OpportunityStage", "TaskStatus"})
_COMPOUND = frozenset({"address", "location", "complexvalue"})
_WITH_ARCHIVED = ("Task", "Event")
_HISTORY, _FIELD_HISTORY, _CUSTOM_HISTORY = "History", "FieldHistory", "__History"


@dataclass(frozen=True, slots=True)
class Wanted:
    """An object to be recorded: its fields, Id first, as the org describes them; which records."""

    object: str
    fields: Mapping[str, FieldInfo]
    archived: bool
    where: str


def wanted_of(org: OrgReader, policy: Policy) -> tuple[tuple[Wanted, ...], tuple[str, ...]]:
    """Return what there is to record, sorted by object; and what `config/` names and the org lacks.

    Raises OrgUnavailable or OrgRefused from the door.
    """
    found: dict[str, Mapping[str, FieldInfo]] = {}
    missing: list[str] = []
    for name in sorted({*_REHEARSAL, *policy.objects}):
        configured = [spec.field for spec in policy.objects.get(name, {}).values()]
        known = org.fields(name)
        if known is None:
            missing += [name] if configured else []
            continue
        missing += sorted(f"{name}.{each}" for each in set(configured) - set(known))
        found[name] = _chosen(known, [*configured, *_REHEARSAL.get(name, ())])
    wanted = (_wanted(name, fields, found) for name, fields in found.items())
    return tuple(wanted), tuple(missing)


def _chosen(known: Mapping[str, FieldInfo], named: Iterable[str]) -> dict[str, FieldInfo]:
    names = dict.fromkeys(["Id", *sorted({"OwnerId", *named}), *_STAMPS])
    return {
        name: known[name] for name in names if name in known and known[name].type not in _COMPOUND
    }


def _wanted(
    name: str, fields: Mapping[str, FieldInfo], found: Mapping[str, Mapping[str, FieldInfo]]
) -> Wanted:
    if name == "Group" and "Type" in fields:
        return Wanted(name, fields, False, condition("Type = {}", "Queue"))
    parent = history_of(name)
    archived = parent is not None or name in _WITH_ARCHIVED or name.endswith(_HISTORY)
    if parent is None or "Field" not in fields:
        return Wanted(name, fields, archived, "")
    # The history of a field that is not recorded tells of nothing that is there.
    of_fields = sorted({"created", *found.get(parent, {})} - {"Id"})
    return Wanted(name, fields, archived, condition("Field IN {}", of_fields))


def history_of(name: str) -> str | None:
    """Return the object whose changes of fields an object holds; None where it holds none."""
    if name.endswith(_CUSTOM_HISTORY):
        return f"{name.removesuffix(_CUSTOM_HISTORY)}__c"
    if name.endswith(_FIELD_HISTORY):
        return name.removesuffix(_FIELD_HISTORY)
    # OpportunityHistory holds stages, not changes of fields: those are in OpportunityFieldHistory.
    if name.endswith(_HISTORY) and name != "OpportunityHistory":
        return name.removesuffix(_HISTORY)
    return None
