"""Are the readers of reports read as the org has them?"""

from collections.abc import Mapping
from typing import Any

import pytest
from entering import connect
from loop_org import empty_org

from sfsync.extract.people import read_people, read_person
from sfsync.model import from_wire
from sfsync.org import Org

NOW = from_wire("2026-06-15T08:00:00Z")
IDS = {name: f"005Dm00000000{n:02d}IAA" for n, name in enumerate("abcde", start=61)}


def org_with(*users: Mapping[str, Any]) -> Org:
    fake = empty_org(NOW, "Europe/Paris")
    for user in users:
        fake.add("User", **user)
    return connect(fake.session(), fake.host, fake.token(), sleep=lambda _: None)


def user(name: str, manager: str | None = None, **fields: Any) -> dict[str, Any]:
    return {
        "Id": IDS[name],
        "Name": name,
        "LastName": name,
        "Username": f"{name}@example.com",
        "Email": f"{name}@example.com",
        "IsActive": True,
        "ManagerId": IDS[manager] if manager else None,
        "LanguageLocaleKey": "fr",
        "LocaleSidKey": "fr_FR",
        **fields,
    }


def test_owners_are_read_with_all_managers_above_and_nobody_else() -> None:
    org = org_with(user("c"), user("b", "c"), user("a", "b"), user("d", "c"))
    people = read_people(org, [IDS["a"], "00GDm0000000001IAA", ""])
    assert set(people) == {IDS["a"], IDS["b"], IDS["c"]}
    assert people[IDS["a"]].manager == IDS["b"]
    assert (people[IDS["a"]].language, people[IDS["a"]].locale) == ("fr", "fr_FR")
    assert people[IDS["c"]].manager is None


def test_people_are_read_by_one_request_a_rank() -> None:
    org = org_with(user("c"), user("b", "c"), user("a", "b"), user("d", "b"), user("e", "b"))
    org.fields("User")
    before = org.calls
    read_people(org, [IDS["a"], IDS["d"], IDS["e"]])
    assert org.calls - before == 3


def test_managers_in_a_circle_are_read_once() -> None:
    fake = empty_org(NOW, "Europe/Paris")
    for each in (user("a"), user("b", "a"), user("c", "b")):
        fake.add("User", **each)
    fake.edit("User", IDS["a"], ManagerId=IDS["c"])
    org = connect(fake.session(), fake.host, fake.token(), sleep=lambda _: None)
    people = read_people(org, [IDS["b"]])
    assert {people[id].manager for id in people} == {IDS["a"], IDS["b"], IDS["c"]}


def test_nobody_is_read_where_there_is_nobody() -> None:
    assert read_people(org_with(user("a")), []) == {}


@pytest.mark.parametrize("email", ["b@example.com", "B@EXAMPLE.COM"])
def test_the_admin_is_the_active_user_with_that_address(email: str) -> None:
    gone = user("a", Email="b@example.com", IsActive=False)
    person = read_person(org_with(gone, user("b")), email)
    assert person is not None
    assert person.id == IDS["b"]


def test_an_address_of_nobody_is_nobodys() -> None:
    assert read_person(org_with(user("b")), "o'brien@example.com") is None
