"""What does a new org have in it?"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from sfsync.fake.clock import Clock
from sfsync.fake.derive import FORECAST_CATEGORIES
from sfsync.fake.describing import field_from_json
from sfsync.fake.schema import Schema
from sfsync.fake.standard import standard_objects
from sfsync.fake.state import OrgState
from sfsync.fake.store import Store
from sfsync.fake.values import Row, from_python, wire_datetime

# Label, probability, closed, won, forecast category.
_STAGES = (
    ("Prospecting", 10, False, False, "Pipeline"),
    ("Qualification", 10, False, False, "Pipeline"),
    ("Needs Analysis", 20, False, False, "Pipeline"),
    ("Value Proposition", 50, False, False, "Pipeline"),
    ("Id. Decision Makers", 60, False, False, "Pipeline"),
    ("Perception Analysis", 70, False, False, "Pipeline"),
    ("Proposal/Price Quote", 75, False, False, "Pipeline"),
    ("Negotiation/Review", 90, False, False, "Pipeline"),
    ("Closed Won", 100, True, True, "Closed"),
    ("Closed Lost", 0, True, False, "Omitted"),
)
_TASK_STATUSES = (
    ("Not Started", False),
    ("In Progress", False),
    ("Completed", True),
    ("Waiting on someone else", False),
    ("Deferred", False),
)

PROFILES = ("System Administrator", "Minimum Access - API Only Integrations")

StageRows = Sequence[Mapping[str, str | int | float | bool | date | datetime | None]]


def found_org(
    now: datetime,
    zone: str,
    custom_fields: Mapping[str, Sequence[Mapping[str, object]]],
    stages: StageRows | None,
) -> OrgState:
    """Return an org with the standard objects, its setup records and one user.

    Raises ValueError on a custom field that makes no sense, KeyError on an unknown object.
    """
    schema = Schema(standard_objects())
    for each in schema.objects.values():
        # There until the object has its first record type; `importing` brings it back.
        each.fields.pop("RecordTypeId", None)
        each.refresh()
    for object_name, fields in custom_fields.items():
        owner = schema.objects[object_name]
        known = owner.fields
        owner.declare(*(field_from_json(each, known.get(str(each.get("name")))) for each in fields))
    state = OrgState(Store(schema), Clock(now))
    state.org_id = add_setup_row(
        state,
        "Organization",
        Name="Demo org",
        TimeZoneSidKey=zone,
        FiscalYearStartMonth=1,
        IsSandbox=True,
        InstanceName="FAKE1",
        OrganizationType="Developer Edition",
        DefaultLocaleSidKey="en_US",
        LanguageLocaleKey="en_US",
    )
    administrator, *_others = add_profiles(state)
    state.user_id = add_service_user(state, zone, administrator)
    add_stages(state, stages or default_stages())
    add_task_statuses(state)
    state.commit()
    return state


def add_setup_row(state: OrgState, object_name: str, **fields: object) -> str:
    """Put a record of the setup into the org, with the fields it has; return its Id."""
    owner = state.store.schema.objects[object_name]
    stamp = wire_datetime(state.clock.now())
    given = {
        "CreatedDate": stamp,
        "LastModifiedDate": stamp,
        "SystemModstamp": stamp,
        "CreatedById": state.user_id or None,
        "LastModifiedById": state.user_id or None,
        **fields,
    }
    row: Row = {"Id": state.store.new_id(object_name)}
    for name, value in given.items():
        kept = from_python(owner.fields[name], value) if name in owner.fields else None
        if kept is not None:
            row[name] = kept
    state.store.put(object_name, row)
    return str(row["Id"])


SERVICE_USERNAME = "service.user@example.com"


def add_service_user(state: OrgState, zone: str, profile_id: str | None = None) -> str:
    """Put the user whom the service signs in as into the org; return its Id."""
    return add_setup_row(
        state,
        "User",
        Username=SERVICE_USERNAME,
        FirstName="Service",
        LastName="User",
        Name="Service User",
        Alias="service",
        Email=SERVICE_USERNAME,
        IsActive=True,
        UserType="Standard",
        ProfileId=profile_id,
        TimeZoneSidKey=zone,
        LocaleSidKey="en_US",
        LanguageLocaleKey="en_US",
        EmailEncodingKey="UTF-8",
    )


def add_profiles(state: OrgState) -> list[str]:
    """Put the profiles that make a user see everything, or nothing, into the org; return Ids."""
    return [add_setup_row(state, "Profile", Name=name, UserType="Standard") for name in PROFILES]


def default_stages() -> StageRows:
    """Return the platform's default stages as rows of OpportunityStage."""
    return [
        {
            "MasterLabel": label,
            "DefaultProbability": probability,
            "IsClosed": closed,
            "IsWon": won,
            "ForecastCategoryName": category,
        }
        for label, probability, closed, won, category in _STAGES
    ]


def add_stages(state: OrgState, stages: StageRows) -> None:
    """Put stages into the org, in order; what a row leaves out follows from closed and won."""
    for number, row in enumerate(stages, start=1):
        closed, won = bool(row.get("IsClosed")), bool(row.get("IsWon"))
        outcome = "Closed" if won else "Omitted" if closed else "Pipeline"
        category = str(row.get("ForecastCategoryName", outcome))
        given = {
            "ApiName": row.get("MasterLabel"),
            "IsActive": True,
            "SortOrder": number,
            "IsClosed": closed,
            "IsWon": won,
            "ForecastCategoryName": category,
            "ForecastCategory": FORECAST_CATEGORIES[category],
            **row,
        }
        add_setup_row(state, "OpportunityStage", **given)


def add_task_statuses(state: OrgState) -> None:
    """Put the platform's default statuses of tasks into the org."""
    for number, (label, closed) in enumerate(_TASK_STATUSES, start=1):
        add_setup_row(
            state,
            "TaskStatus",
            MasterLabel=label,
            ApiName=label,
            SortOrder=number,
            IsDefault=number == 1,
            IsClosed=closed,
        )
