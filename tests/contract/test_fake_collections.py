"""Are many records written in one call as on the platform? (contract 5.1)"""

from typing import Any

import pytest
from contract_org import NOW
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceMalformedRequest

from sfsync.fake import FakeOrg

ROLLED_BACK = {
    "success": False,
    "errors": [
        {
            "statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK",
            "message": "Record rolled back because not all records were valid and the request was "
            "using AllOrNone header",
            "fields": [],
        }
    ],
}


def record(object_name: str, **fields: object) -> dict[str, object]:
    """Return a record of a collection's body."""
    return {"attributes": {"type": object_name}, **fields}


def send(
    sf: Salesforce, method: str, records: list[dict[str, object]], **more: object
) -> list[dict[str, Any]]:
    """Send a collection and return the results."""
    body = {"records": records, **more}
    results: list[dict[str, Any]] = sf.restful("composite/sobjects", method=method, json=body)
    return results


def refusal(sf: Salesforce, method: str, records: list[dict[str, object]]) -> tuple[str, str]:
    """Return code and text with which a whole collection is refused."""
    with pytest.raises(SalesforceMalformedRequest) as error:
        send(sf, method, records)
    (problem,) = error.value.content
    return problem["errorCode"], problem["message"]


def test_each_record_has_its_own_result_in_order(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 5.1, A9: partial success; `statusCode`, always with `fields`."""
    good, bad, last = send(
        sf,
        "POST",
        [record("Account", Name="A"), record("Account"), record("Lead", LastName="M", Company="C")],
    )
    assert good == {"id": good["id"], "success": True, "errors": []}
    assert bad == {
        "success": False,
        "errors": [
            {
                "statusCode": "REQUIRED_FIELD_MISSING",
                "message": "Required fields are missing: [Name]",
                "fields": ["Name"],
            }
        ],
    }
    assert org.record("Lead", last["id"])["Company"] == "C"
    assert (
        org.record("Account", good["id"])["SystemModstamp"]
        == (org.record("Lead", last["id"])["SystemModstamp"])
    )
    assert (org.clock.now() - NOW).total_seconds() == 1


def test_updates_take_the_id_in_any_case(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 5.1: `id` or `Id`, 15 or 18 characters."""
    one, two = org.add("Account", Name="A"), org.add("Account", Name="B")
    results = send(
        sf,
        "PATCH",
        [record("Account", id=one, Phone="1"), record("Account", Id=two[:15], Phone="2")],
    )
    assert [each["id"] for each in results] == [one, two]
    assert [each["Phone"] for each in org.records("Account")] == ["1", "2"]


def test_a_call_in_which_all_fail_is_still_answered_200(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 5.1: HTTP 200 even if every record failed; nothing moves, not even the clock."""
    gone = org.add("Account", Name="A", IsDeleted=True)
    unknown = "001000000000zzzAAA"
    results = send(
        sf,
        "PATCH",
        [
            record("Account", id=gone, Phone="1"),
            record("Account", id=unknown, Phone="1"),
            record("Account", id="bogus"),
            record("Account", Phone="1"),
            record("Contact", id=gone, Title="x"),
            record("Nonsense", id=gone),
        ],
    )
    assert [each["errors"][0]["statusCode"] for each in results] == [
        "ENTITY_IS_DELETED",
        "INVALID_CROSS_REFERENCE_KEY",
        "NOT_FOUND",
        "MISSING_ARGUMENT",
        "MALFORMED_ID",
        "INVALID_TYPE",
    ]
    assert [each.get("id") for each in results[:3]] == [gone, unknown, None]
    assert org.clock.now() == NOW


def test_all_or_none_takes_everything_back(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 5.1: the others carry ALL_OR_NONE_OPERATION_ROLLED_BACK."""
    account = org.add("Account", Name="A", Status__c="Target")
    first, second = send(
        sf,
        "PATCH",
        [record("Account", id=account, Status__c="Working"), record("Account", id="bogus")],
        allOrNone=True,
    )
    assert first == ROLLED_BACK
    assert second["errors"][0]["statusCode"] == "NOT_FOUND"
    assert org.record("Account", account)["Status__c"] == "Target"
    assert org.records("AccountHistory") == []
    results = send(sf, "PATCH", [record("Account", id=account, Phone="1")], allOrNone=True)
    assert results[0]["success"] is True


def test_the_same_id_twice_is_refused_the_second_time(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 5.1: duplicate id specified."""
    account = org.add("Account", Name="A")
    first, second = send(
        sf,
        "PATCH",
        [record("Account", id=account, Phone="1"), record("Account", id=account[:15], Phone="2")],
    )
    assert first["success"] is True
    assert second["errors"][0]["statusCode"] == "DUPLICATE_VALUE"
    assert org.record("Account", account)["Phone"] == "1"


def test_at_most_200_records_and_10_chunks(sf: Salesforce) -> None:
    """Contract 5.1: EXCEEDED_ID_LIMIT and the chunk limit."""
    assert len(send(sf, "POST", [record("Account", Name="A")] * 200)) == 200
    code, text = refusal(sf, "POST", [record("Account", Name="A")] * 201)
    assert code == "EXCEEDED_ID_LIMIT"
    assert text == "record limit reached. cannot submit more than 200 records in this operation"
    pair = [record("Account", Name="A"), record("Contact", LastName="B")]
    assert len(send(sf, "POST", pair * 5)) == 10
    assert "more than 10 chunks" in refusal(sf, "POST", pair * 6)[1]


def test_malformed_collections_are_refused_whole(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 5.1: HTTP 400 only if the request itself is malformed."""
    account, other = org.add("Account", Name="A"), org.add("Account", Name="B")
    good = record("Account", id=account, Phone="1")
    wrong_type = record("Account", id=other, Phone=1)
    assert refusal(sf, "PATCH", [good, wrong_type])[0] == "JSON_PARSER_ERROR"
    assert org.record("Account", account)["Phone"] is None
    assert refusal(sf, "POST", [{"Name": "A"}])[0] == "INVALID_INPUT"
    with pytest.raises(SalesforceMalformedRequest):
        sf.restful("composite/sobjects", method="POST", json={"records": {}})


def test_users_do_not_mix_with_other_objects(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 8.9: MIXED_DML_OPERATION."""
    mixed = [record("User", id=org.user_id, Title="x"), record("Account", Name="A")]
    assert refusal(sf, "PATCH", mixed)[0] == "MIXED_DML_OPERATION"


def test_many_are_deleted_by_one_call(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 5.1: DELETE with ids and allOrNone."""
    one, two = org.add("Account", Name="A"), org.add("Contact", LastName="B")
    path = "composite/sobjects"
    strict = sf.restful(path, method="DELETE", params={"ids": f"{one},bogus", "allOrNone": "true"})
    assert [each["success"] for each in strict] == [False, False]
    results = sf.restful(path, method="DELETE", params={"ids": f"{one},{two},{one}"})
    assert [each["success"] for each in results] == [True, True, False]
    assert org.records("Account") == org.records("Contact") == []


def test_many_are_read_by_one_call(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 5.1: retrieve in the order of the ids, null where missing."""
    one, two = org.add("Account", Name="A"), org.add("Account", Name="B")
    gone = org.add("Account", Name="C", IsDeleted=True)
    ids = [two, gone, one[:15]]
    body = {"ids": ids, "fields": ["Name"]}
    posted = sf.restful("composite/sobjects/Account", method="POST", json=body)
    assert [each and each["Name"] for each in posted] == ["B", None, "A"]
    params = {"ids": ",".join(ids), "fields": "Name"}
    assert sf.restful("composite/sobjects/Account", params=params) == posted
    with pytest.raises(SalesforceMalformedRequest) as error:
        sf.restful(
            "composite/sobjects/Account", method="POST", json={"ids": ids, "fields": ["Nope"]}
        )
    assert error.value.content[0]["errorCode"] == "INVALID_FIELD"


def test_many_are_upserted_by_external_id(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 5.1: result entries add `created`."""
    account = org.add("Account", Name="A", Number__c="1")
    records = [
        record("Account", Number__c="1", Phone="1"),
        record("Account", Number__c="2", Name="B"),
    ]
    results = sf.restful(
        "composite/sobjects/Account/Number__c", method="PATCH", json={"records": records}
    )
    assert [(each["success"], each["created"]) for each in results] == [(True, False), (True, True)]
    assert results[0]["id"] == account
    assert org.record("Account", results[1]["id"])["Number__c"] == "2"


def test_a_call_counts_once_whatever_its_size(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 5.1: one API request."""
    before = org.state.calls_left()
    send(sf, "POST", [record("Account", Name="A")] * 50)
    assert org.state.calls_left() == before - 1
