"""Which permission sets let the service do its work, and nothing else?"""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from xml.etree.ElementTree import SubElement

from sfsync.setup.metadata import Component, put, put_all, root
from sfsync.setup.wishes import PermissionSetWish

_ACTIVITIES = frozenset({"Task", "Event"})
# Whoever signs in sees these, or they follow from their parents.
_OPEN = frozenset({"User", "Organization", "OpportunityStage"})
_OBJECT_RIGHTS = ("allowCreate", "allowDelete", "allowEdit", "allowRead")


@dataclass(frozen=True, slots=True)
class Grants:
    """What the service reads and writes: per object, the fields as permission sets name them.

    `known` are the permissions of users that the org has; None where it does not tell. `edited`
    are objects whose records are edited, handed over too, whatever fields are `written`; of
    `deleted` ones records are deleted.
    """

    read: Mapping[str, Set[str]]
    written: Mapping[str, Set[str]]
    known: Set[str] | None = None
    creates_tasks: bool = False
    edited: Set[str] = frozenset()
    deleted: Set[str] = frozenset()


def permission_set(wish: PermissionSetWish, purpose: str, grants: Grants) -> Component:
    """Write a permission set for some purpose (a sentence): each field that is read, editable where
    it is written; the objects likewise; the API; and activities, which have no object permissions
    of their own.
    """
    element = root("PermissionSet")
    put(element, "description", purpose)
    for object_name in sorted(grants.read):
        if is_granted(object_name):
            written = grants.written.get(object_name, frozenset())
            for field in sorted(grants.read[object_name]):
                rights = SubElement(element, "fieldPermissions")
                put(rights, "editable", field in written)
                put_all(rights, [("field", f"{object_name}.{field}"), ("readable", True)])
    put_all(element, [("hasActivationRequired", False), ("label", wish.label)])
    for object_name in sorted(grants.read):
        if is_granted(object_name) and object_name not in _ACTIVITIES:
            rights = SubElement(element, "objectPermissions")
            is_edited = bool(grants.written.get(object_name)) or object_name in grants.edited
            given = {"allowRead": True, "allowEdit": is_edited}
            given["allowDelete"] = object_name in grants.deleted
            put_all(rights, [(right, given.get(right, False)) for right in _OBJECT_RIGHTS])
            put_all(rights, [("modifyAllRecords", False), ("object", object_name)])
            put(rights, "viewAllRecords", False)
    for name in sorted(_user_permissions(grants)):
        rights = SubElement(element, "userPermissions")
        put_all(rights, [("enabled", True), ("name", name)])
    return Component("PermissionSet", wish.name, element)


def is_granted(object_name: str) -> bool:
    """Tell whether seeing an object is a matter of permission sets."""
    return object_name not in _OPEN and not object_name.endswith("History")


def _user_permissions(grants: Grants) -> Set[str]:
    wanted = {"ApiEnabled"}
    if _ACTIVITIES & set(grants.read):
        wanted.add("ActivitiesAccess")
    if grants.creates_tasks or "Task" in grants.edited:
        wanted.add("EditTask")
    if grants.edited:
        wanted.add("TransferAnyEntity")
    if "Lead" in grants.edited:
        wanted.add("TransferAnyLead")
    return wanted if grants.known is None else wanted & grants.known
