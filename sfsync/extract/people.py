"""Who owns these records, and who manages whom?"""

from collections.abc import Collection, Iterable, Mapping

from sfsync.model import Value
from sfsync.org import OrgReader, Question
from sfsync.org.soql import condition
from sfsync.report import Person

USER = "User"
# What a report needs of a user; an org may hide some of them.
_FIELDS = ("Id", "Name", "Email", "IsActive", "ManagerId", "LanguageLocaleKey", "LocaleSidKey")
# The Ids of users; records may also be owned by queues.
_PREFIX = "005"
QUEUE, _QUEUE_PREFIX = "Group", "00G"
# No company has more ranks: this ends a circle of managers, too.
_MOST_RANKS = 50


def read_people(org: OrgReader, ids: Iterable[str]) -> dict[str, Person]:
    """Read these users and all managers above them, by Id; Ids of others are passed over.

    Takes a request for each rank. Raises OrgUnavailable or OrgRefused from the door.
    """
    people: dict[str, Person] = {}
    wanted = {each for each in ids if each.startswith(_PREFIX)}
    for _ in range(_MOST_RANKS):
        if not wanted:
            break
        read = _users(org, wanted)
        people |= {person.id: person for person in read}
        wanted = {person.manager for person in read if person.manager} - set(people)
    return people


def read_owners(org: OrgReader, ids: Iterable[str]) -> dict[str, Person]:
    """Read these users and queues, by Id; Ids of others, and what the org hides, are passed over.

    Takes a request for the users and one for the queues, where there are such. Raises
    OrgUnavailable or OrgRefused from the door.
    """
    wanted = set(ids)
    owners = _users(org, {each for each in wanted if each.startswith(_PREFIX)})
    queues = tuple(sorted(each for each in wanted if each.startswith(_QUEUE_PREFIX)))
    if queues and "Name" in (org.fields(QUEUE) or {}):
        (rows,) = org.ask([Question(QUEUE, ("Id", "Name"), ids=queues)])
        owners += map(_person, rows)
    return {owner.id: owner for owner in owners}


def read_person(org: OrgReader, email: str) -> Person | None:
    """Read the active user with this address, of several the one with the lowest Id."""
    wanted = condition("Email = {} AND IsActive = true", email)
    (rows,) = org.ask([Question(USER, _fields(org), where=wanted)])
    return min(map(_person, rows), key=lambda person: person.id, default=None)


def _users(org: OrgReader, ids: Collection[str]) -> list[Person]:
    if not ids:
        return []
    (rows,) = org.ask([Question(USER, _fields(org), ids=tuple(sorted(ids)))])
    return [_person(row) for row in rows]


def _fields(org: OrgReader) -> tuple[str, ...]:
    known = org.fields(USER) or {}
    return tuple(name for name in _FIELDS if name in known)


def _person(row: Mapping[str, Value]) -> Person:
    return Person(
        id=str(row["Id"]),
        name=str(row.get("Name") or ""),
        email=str(row.get("Email") or ""),
        manager=str(row["ManagerId"]) if row.get("ManagerId") else None,
        is_active=bool(row.get("IsActive", True)),
        language=str(row.get("LanguageLocaleKey") or ""),
        locale=str(row.get("LocaleSidKey") or ""),
    )
