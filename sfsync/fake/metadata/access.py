"""Which objects and fields does a user see, and which may he write?

Everybody sees everything, except that a deployed field takes a permission set that shows it. Only
users whose profile is called "Minimum Access ..." have nothing but what permission sets grant.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sfsync.fake.activities import ACTIVITY_OBJECTS
from sfsync.fake.errors import refuse_request
from sfsync.fake.history import history_object
from sfsync.fake.schema import ObjectType
from sfsync.fake.state import OrgState
from sfsync.fake.values import Row

_LIMITED_PROFILE = "Minimum Access"
_PERMITTED = ("Account", "Contact", "Lead", "Opportunity", "Campaign")
_GOES_WITH = {
    "OpportunityContactRole": "Opportunity",
    "OpportunityHistory": "Opportunity",
    "CampaignMember": "Campaign",
    **{history_object(each)[0]: each for each in _PERMITTED},
}
_WITH_FIELD_SECURITY = (*_PERMITTED, "Task", "Event", "OpportunityContactRole", "CampaignMember")
_ALL = frozenset({"Read", "Create", "Edit", "Delete"})


@dataclass(slots=True)
class _Grants:
    """What the permission sets of one user add up to."""

    readable: set[str] = field(default_factory=set)
    editable: set[str] = field(default_factory=set)
    rights: dict[str, set[str]] = field(default_factory=dict)
    sees_activities: bool = False


@contextmanager
def seen_by(state: OrgState, user_id: str) -> Iterator[None]:
    """Show the org as a user sees it; on leaving, as the setup does."""
    objects = list(state.store.schema.objects.values())
    limited = is_limited(state, user_id)
    if not user_id or not (limited or any(each.guarded for each in objects)):
        yield
        return
    grants = _grants_of(state, user_id)
    before = [(each, each.createable, each.updateable, each.deletable) for each in objects]
    for each in objects:
        _show_fields(each, grants, limited=limited)
        if limited:
            _limit(each, grants)
    if limited:
        state.store.schema.withheld = frozenset(
            each.name for each in objects if "Read" not in _rights(each, grants)
        )
    try:
        yield
    finally:
        state.store.schema.withheld = frozenset()
        for owner, createable, updateable, deletable in before:
            owner.createable, owner.updateable, owner.deletable = createable, updateable, deletable
            owner.look()


def is_limited(state: OrgState, user_id: str) -> bool:
    """Whether a user's profile grants nothing, so that he only has what permission sets grant."""
    user = state.store.row(user_id) or {}
    profile = state.store.row(str(user.get("ProfileId", ""))) or {}
    return str(profile.get("Name", "")).startswith(_LIMITED_PROFILE)


def check_may_deploy(state: OrgState, user_id: str) -> None:
    """Raise ApiError (INSUFFICIENT_ACCESS) where a user has no right to change metadata."""
    if not is_limited(state, user_id):
        return
    sets = (str(each["PermissionSetId"]) for each in _assignments(state, user_id))
    if not any((state.store.row(each) or {}).get("PermissionsModifyMetadata") for each in sets):
        raise refuse_request(
            403,
            "INSUFFICIENT_ACCESS",
            "use of the Metadata API requires a user with the ModifyAllData or ModifyMetadata "
            "permissions",
        )


def _assignments(state: OrgState, user_id: str) -> list[Row]:
    return _rows_with(state, "PermissionSetAssignment", "AssigneeId", user_id)


def _show_fields(owner: ObjectType, grants: _Grants, *, limited: bool) -> None:
    secured = set(owner.guarded)
    if limited and (owner.name in _WITH_FIELD_SECURITY or owner.name.endswith("__c")):
        secured |= {each.name for each in owner.fields.values() if each.permissionable}
    withheld = frozenset(each for each in secured if not _granted(owner, each, grants.readable))
    read_only = frozenset(each for each in secured if not _granted(owner, each, grants.editable))
    owner.look(withheld, read_only - withheld)


def _granted(owner: ObjectType, name: str, granted: set[str]) -> bool:
    # Whoever sees an address sees its parts, which have no security of their own.
    return not granted.isdisjoint(
        (f"{owner.name}.{name}", f"{owner.name}.{owner.address_of(name)}")
    )


def _limit(owner: ObjectType, grants: _Grants) -> None:
    rights = _rights(owner, grants)
    owner.createable = owner.createable and "Create" in rights
    owner.updateable = owner.updateable and "Edit" in rights
    owner.deletable = owner.deletable and "Delete" in rights


def _rights(owner: ObjectType, grants: _Grants) -> frozenset[str]:
    if owner.name in ACTIVITY_OBJECTS and not grants.sees_activities:
        return frozenset()
    name = _GOES_WITH.get(owner.name, owner.name)
    if name not in _PERMITTED and not name.endswith("__c"):
        return _ALL
    return frozenset(grants.rights.get(name, ()))


def _grants_of(state: OrgState, user_id: str) -> _Grants:
    grants = _Grants()
    for assignment in _assignments(state, user_id):
        parent = str(assignment["PermissionSetId"])
        granting = state.store.row(parent) or {}
        grants.sees_activities |= bool(granting.get("PermissionsActivitiesAccess"))
        for row in _rows_with(state, "FieldPermissions", "ParentId", parent):
            if row.get("PermissionsRead"):
                grants.readable.add(str(row["Field"]))
            if row.get("PermissionsEdit"):
                grants.editable.add(str(row["Field"]))
        for row in _rows_with(state, "ObjectPermissions", "ParentId", parent):
            rights = grants.rights.setdefault(str(row["SobjectType"]), set())
            rights |= {each for each in _ALL if row.get(f"Permissions{each}")}
    return grants


def _rows_with(state: OrgState, object_name: str, field_name: str, value: str) -> list[Row]:
    if object_name not in state.store.schema.objects:
        return []
    table = state.store.table(object_name)
    rows = (table.rows[each] for each in table.ids_with(field_name, value))
    return [row for row in rows if not row.get("IsDeleted")]
