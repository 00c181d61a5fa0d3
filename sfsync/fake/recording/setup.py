"""Which setup records does a recorded org lack, and what would they be?"""

from collections import Counter
from collections.abc import Iterable
from typing import TypeVar

from sfsync.fake.founding import (
    SERVICE_USERNAME,
    add_profiles,
    add_service_user,
    add_setup_row,
    add_stages,
    add_task_statuses,
)
from sfsync.fake.ids import with_checksum
from sfsync.fake.schema import ObjectType
from sfsync.fake.standard import standard_object
from sfsync.fake.state import OrgState
from sfsync.fake.values import Row

_PERMISSIONS = ("PermissionSet", "PermissionSetAssignment", "FieldPermissions", "ObjectPermissions")


def complete_setup(state: OrgState, short_org_id: str, user_id: str) -> None:
    """Make up the organisation, the service's user, stages and statuses where there are none."""
    if _declare_missing(state, "Organization"):
        add_setup_row(
            state,
            "Organization",
            Id=with_checksum(short_org_id),
            Name="Recorded org",
            TimeZoneSidKey="UTC",
            IsSandbox=True,
        )
    state.org_id = str(next(iter(state.store.table("Organization").rows)))
    _declare_missing(state, "User")
    state.user_id = user_id or _service_user(state) or add_service_user(state, state.org_zone.key)
    if _declare_missing(state, "OpportunityStage"):
        add_stages(state, _stages_met(state))
    if _declare_missing(state, "TaskStatus"):
        add_task_statuses(state)
    for name in _PERMISSIONS:
        _declare_missing(state, name)
    if _declare_missing(state, "Profile"):
        add_profiles(state)


def _declare_missing(state: OrgState, name: str) -> bool:
    """Declare a standard object that is not there; whether it has no rows."""
    if name not in state.store.schema.objects:
        state.store.schema.declare(_standard(name))
    return not state.store.table(name).rows


def _standard(name: str) -> ObjectType:
    found = standard_object(name)
    if found is None:
        raise KeyError(f"{name} is no standard object of the fake")
    return found


def _service_user(state: OrgState) -> str | None:
    users = state.store.live_rows("User")
    return next((str(row["Id"]) for row in users if row.get("Username") == SERVICE_USERNAME), None)


def _stages_met(state: OrgState) -> list[dict[str, str | float | bool]]:
    met: dict[str, list[Row]] = {}
    for row in state.store.live_rows("Opportunity"):
        if "StageName" in row:
            met.setdefault(str(row["StageName"]), []).append(row)
    stages = [_stage(label, rows) for label, rows in met.items()]
    return sorted(
        stages,
        key=lambda each: (
            bool(each["IsClosed"]),
            not each["IsWon"],
            float(each["DefaultProbability"]),
            each["MasterLabel"],
        ),
    )


def _stage(label: str, rows: list[Row]) -> dict[str, str | float | bool]:
    return {
        "MasterLabel": label,
        "IsClosed": _majority(bool(row.get("IsClosed")) for row in rows),
        "IsWon": _majority(bool(row.get("IsWon")) for row in rows),
        "DefaultProbability": _majority(float(row.get("Probability", 0)) for row in rows),
    }


_Kind = TypeVar("_Kind", bool, float)


def _majority(values: Iterable[_Kind]) -> _Kind:
    return Counter(values).most_common(1)[0][0]
