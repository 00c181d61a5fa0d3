"""Who owns these records, and who manages whom?"""

from collections.abc import Iterable, Mapping

from sfsync.model import Value
from sfsync.org import OrgReader, Question
from sfsync.org.soql import condition
from sfsync.report import Person

USER = "User"
# What a report needs of a user; an org may hide some of them.
_FIELDS = ("Id", "Name", "Email", "IsActive", "ManagerId", "LanguageLocaleKey", "LocaleSidKey")
# The Ids of users; records may also be owned by queues.
_PREFIX = "005"
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
        read = read_users(org, wanted)
        people |= read
        wanted = {each.manager for each in read.values() if each.manager} - set(people)
    return people


def read_users(org: OrgReader, ids: Iterable[str]) -> dict[str, Person]:
    """Read these users, by Id; Ids of others, and users whom the org hides, are passed over.

    Takes a request. Raises OrgUnavailable or OrgRefused from the door.
    """
    wanted = tuple(sorted({each for each in ids if each.startswith(_PREFIX)}))
    if not wanted:
        return {}
    (rows,) = org.ask([Question(USER, _fields(org), ids=wanted)])
    return {person.id: person for person in map(_person, rows)}


def read_all_users(org: OrgReader) -> list[Person]:
    """Read all users. Takes a request, of large companies a few. Raises OrgUnavailable or
    OrgRefused from the door.
    """
    (rows,) = org.ask([Question(USER, _fields(org))])
    return [_person(row) for row in rows]


def read_person(org: OrgReader, email: str) -> Person | None:
    """Read the active user with this address, of several the one with the lowest Id."""
    wanted = condition("Email = {} AND IsActive = true", email)
    (rows,) = org.ask([Question(USER, _fields(org), where=wanted)])
    return min(map(_person, rows), key=lambda person: person.id, default=None)


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
