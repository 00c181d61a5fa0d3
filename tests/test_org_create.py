"""Does the door create and delete what it is told, once, and tell what became of each record?"""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
import requests

from sfsync.errors import OrgRefused, OrgUnavailable
from sfsync.fake import Call, FakeOrg
from sfsync.fake.given_faults import Faults
from sfsync.fake.wire import json_reply
from sfsync.model import Action, Value
from sfsync.org import Org, Question

NOW = datetime(2026, 6, 15, 8, 0, tzinfo=UTC)


@pytest.fixture
def fake() -> FakeOrg:
    return FakeOrg.standard(NOW, zone="Europe/Paris")


def tasks(count: int) -> list[Mapping[str, Value]]:
    return [{"Subject": f"Task {number}"} for number in range(count)]


def posts(fake: FakeOrg) -> list[str]:
    """Watch the requests that write."""
    seen: list[str] = []

    def watch(call: Call) -> None:
        if call.when == "before" and call.method in ("POST", "DELETE", "PATCH"):
            seen.append(f"{call.method} {call.path}")

    fake.on_request.append(watch)
    return seen


@pytest.mark.parametrize("count", [1, 201])
def test_what_is_created_gets_an_id_in_one_call(fake: FakeOrg, org: Org, count: int) -> None:
    org.fields("Task")
    before = org.calls

    results = org.create("Task", tasks(count))

    assert org.calls == before + 1
    assert all(row.ok for row in results)
    assert [fake.record("Task", row.id)["Subject"] for row in results] == [
        f"Task {number}" for number in range(count)
    ]


def test_one_refused_record_stops_no_other(fake: FakeOrg, org: Org) -> None:
    gone = fake.add("User", LastName="Gone", Username="gone@example.com", IsActive=False)

    results = org.create(
        "Task",
        [
            {"Subject": "x" * 300},
            {"Subject": "for nobody", "OwnerId": gone},
            {"Subject": "about nothing", "WhatId": "006000000000zzzAAA"},
            {"Subject": "too early", "CompletedDateTime": "2026-01-01T00:00:00.000+0000"},
            {"Nope__c": 1},
            {"Subject": "good"},
        ],
    )

    assert [row.code for row in results] == [
        "STRING_TOO_LONG",
        "INACTIVE_OWNER_OR_USER",
        "INVALID_CROSS_REFERENCE_KEY",
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        "INVALID_FIELD",
        "",
    ]
    assert [row.id for row in results[:-1]] == [""] * 5
    assert [row["Subject"] for row in fake.records("Task")] == ["good"]


def test_a_required_field_is_asked_for(org: Org) -> None:
    (result,) = org.create("Contact", [{"FirstName": "Ada"}])

    assert result.code == "REQUIRED_FIELD_MISSING"


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_creation_whose_answer_is_lost_is_never_sent_again(
    fake: FakeOrg, org: Org, slept: list[float], when: str
) -> None:
    org.fields("Task")
    seen = posts(fake)

    def lose(call: Call) -> None:
        if call.method == "POST" and call.when == when:
            raise requests.ConnectionError("Connection reset by peer")

    fake.on_request.append(lose)

    with pytest.raises(OrgUnavailable):
        org.create("Task", tasks(1))

    assert len(seen) == 1
    assert len(fake.records("Task")) == (when == "after")
    assert slept == []


def test_a_locked_creation_is_left_to_whoever_keeps_the_books(
    fake: FakeOrg, org: Org, slept: list[float]
) -> None:
    locked = {"statusCode": "UNABLE_TO_LOCK_ROW", "message": "unable to obtain", "fields": []}
    reply = json_reply([{"success": False, "errors": [locked]}])
    fake.on_request.append(lambda call: reply if call.method == "POST" else None)

    (result,) = org.create("Task", tasks(1))

    assert (result.ok, result.code, result.id) == (False, "UNABLE_TO_LOCK_ROW", "")
    assert slept == []


@pytest.mark.parametrize("entry", [{"success": True, "errors": []}, {"id": "1", "success": True}])
def test_a_created_record_without_an_id_is_no_answer(
    fake: FakeOrg, org: Org, entry: dict[str, object]
) -> None:
    reply = json_reply([entry])
    fake.on_request.append(lambda call: reply if call.method == "POST" else None)

    with pytest.raises(OrgUnavailable, match="does not match"):
        org.create("Task", tasks(1))


def test_too_many_and_an_object_that_is_not_there(org: Org) -> None:
    assert org.create("Task", []) == []
    with pytest.raises(ValueError, match="1001 records"):
        org.create("Task", tasks(1_001))
    with pytest.raises(OrgRefused, match="no such object"):
        org.create("Nope__c", tasks(1))


def test_what_is_deleted_is_gone_and_told_of_once(fake: FakeOrg, org: Org) -> None:
    ids = [row.id for row in org.create("Task", tasks(401))]
    before = org.calls

    results = org.delete("Task", ids[:400])

    assert org.calls == before + 1
    assert all(row.ok for row in results)
    assert [row["Id"] for row in fake.records("Task") if not row["IsDeleted"]] == ids[400:]
    again, alive, none = org.delete("Task", [ids[0], ids[400], "nonsense"])
    assert (again.code, alive.ok, none.code) == ("ENTITY_IS_DELETED", True, "MALFORMED_ID")


def test_a_locked_record_is_deleted_once_it_is_free(
    fake: FakeOrg, org: Org, slept: list[float]
) -> None:
    (created,) = org.create("Task", tasks(1))
    Faults(fake).add({"kind": "lock", "ids": [created.id], "times": 1})

    (result,) = org.delete("Task", [created.id])

    assert result.ok
    assert len(slept) == 1


def test_a_question_finds_what_was_deleted_where_it_asks_for_it(fake: FakeOrg, org: Org) -> None:
    (created,) = org.create("Task", tasks(1))
    org.delete("Task", [created.id])
    asked = Question("Task", ("Id", "IsDeleted"), where="Subject = 'Task 0'")

    (without,) = org.ask([asked])
    (found,) = org.ask([Question(asked.object, asked.fields, where=asked.where, deleted=True)])

    assert without == []
    assert found == [{"Id": created.id, "IsDeleted": True}]


def test_the_org_tells_what_may_be_done_with_an_object(fake: FakeOrg, org: Org) -> None:
    org.describe(["Task", "User"])

    assert org.may("Task") == {Action.CREATE, Action.UPDATE, Action.DELETE}
    assert org.may("User") == {Action.CREATE, Action.UPDATE}
    assert org.may("AccountHistory") == set()
    assert org.may("Nope__c") == set()
