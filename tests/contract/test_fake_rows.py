"""Is one record read, created, updated and deleted as on the platform? (contract 2.4, 2.5)"""

from typing import Any

import pytest
from contract_org import sign_in
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import (
    SalesforceGeneralError,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceResourceNotFound,
)

from sfsync.fake import FakeOrg

UNKNOWN = "001000000000zzzAAA"


def problem(error: pytest.ExceptionInfo[Any]) -> tuple[int, str, str]:
    """Return status, code and text of the first problem of a refusal."""
    (first, *_others) = error.value.content
    return error.value.status, first["errorCode"], first["message"]


def test_a_creation_answers_201_with_the_new_id(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 2.4: create."""
    reply = sf.Account.create({"Name": "Acme"})
    assert dict(reply) == {"id": reply["id"], "success": True, "errors": []}
    response = sf.session.post(
        f"{sf.base_url}sobjects/Account", json={"Name": "Fern"}, headers=sf.headers
    )
    assert response.status_code == 201
    assert response.headers["Location"].endswith(response.json()["id"])
    assert org.record("Account", reply["id"])["Name"] == "Acme"


def test_a_record_shows_its_attributes_and_every_field(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 2.4: read."""
    account = org.add("Account", Name="Acme", BillingCity="Lyon", BillingCountry="France")
    row = sf.Account.get(account)
    assert row["attributes"] == {
        "type": "Account",
        "url": f"/services/data/v62.0/sobjects/Account/{account}",
    }
    assert row["Vip__c"] is False
    assert row["Until__c"] is None
    assert row["BillingAddress"]["city"] == "Lyon"
    assert row["CreatedDate"] == "2026-03-04T09:30:00.000+0000"


def test_the_fields_parameter_restricts_what_is_shown(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 2.4: `?fields=A,B`."""
    account = org.add("Account", Name="Acme")
    row = sf.restful(f"sobjects/Account/{account}", params={"fields": "name,OwnerId"})
    assert list(row) == ["attributes", "Name", "OwnerId"]
    with pytest.raises(SalesforceMalformedRequest) as error:
        sf.restful(f"sobjects/Account/{account}", params={"fields": "Nope"})
    assert problem(error)[1] == "INVALID_FIELD"


def test_updates_and_deletions_answer_204(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 2.4: update, delete."""
    account = org.add("Account", Name="Acme")
    assert sf.Account.update(account, {"Phone": "1"}) == 204
    assert sf.Account.delete(account) == 204
    assert org.record("Account", account)["IsDeleted"] is True


def test_null_and_empty_text_both_clear_a_field(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 2.1: an empty string is stored as null."""
    account = org.add("Account", Name="Acme", Phone="1", Site="x")
    sf.Account.update(account, {"Phone": None, "Site": ""})
    record = org.record("Account", account)
    assert (record["Phone"], record["Site"]) == (None, None)


def test_a_deleted_target_is_said_to_be_deleted(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 2.4: ENTITY_IS_DELETED, 404; a GET does not find it (uncertain which of the two)."""
    account = org.add("Account", Name="Acme")
    org.remove("Account", account)
    for act in (
        lambda: sf.Account.update(account, {"Name": "x"}),
        lambda: sf.Account.delete(account),
    ):
        with pytest.raises(SalesforceResourceNotFound) as error:
            act()
        assert problem(error) == (404, "ENTITY_IS_DELETED", "entity is deleted")
        assert error.value.content[0]["fields"] == []
    with pytest.raises(SalesforceResourceNotFound) as error:
        sf.Account.get(account)
    assert problem(error)[1] == "NOT_FOUND"


def test_an_unknown_target_is_an_invalid_cross_reference(sf: Salesforce) -> None:
    """Contract 2.4: well-formed but unknown Id."""
    with pytest.raises(SalesforceResourceNotFound) as error:
        sf.Account.update(UNKNOWN, {"Name": "x"})
    assert problem(error) == (404, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")


def test_text_that_is_no_id_is_taken_for_an_external_id(sf: Salesforce) -> None:
    """Contract 2.4: Id text that is not an Id."""
    with pytest.raises(SalesforceResourceNotFound) as error:
        sf.Account.delete("bogus")
    text = "Provided external ID field does not exist or is not accessible: bogus"
    assert problem(error) == (404, "NOT_FOUND", text)


def test_an_unknown_object_or_row_is_not_found(sf: Salesforce) -> None:
    """Contract 2.4: NOT_FOUND."""
    text = "The requested resource does not exist"
    for act in (lambda: sf.Nonsense__c.create({"Name": "x"}), lambda: sf.Account.get(UNKNOWN)):
        with pytest.raises(SalesforceResourceNotFound) as error:
            act()
        assert problem(error) == (404, "NOT_FOUND", text)


def test_the_id_may_not_be_repeated_in_the_body(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 2.4: Id in a PATCH body is 400 INVALID_FIELD."""
    account = org.add("Account", Name="Acme")
    with pytest.raises(SalesforceMalformedRequest) as error:
        sf.Account.update(account, {"Id": account, "Name": "x"})
    assert problem(error)[:2] == (400, "INVALID_FIELD")


def test_an_upsert_creates_then_updates_by_external_id(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 2.4: 201 with created true, then 200 with created false (204 up to version 45)."""
    path = "sobjects/Account/Number__c/AB%2D1"
    first = sf.restful(path, method="PATCH", json={"Name": "Acme"})
    assert first == {"id": first["id"], "success": True, "errors": [], "created": True}
    second = sf.restful(path, method="PATCH", json={"Name": "Acme Ltd"})
    assert second == {"id": first["id"], "success": True, "errors": [], "created": False}
    assert org.record("Account", first["id"])["Number__c"] == "AB-1"
    assert org.record("Account", first["id"])["Name"] == "Acme Ltd"
    old = sign_in(org, version="45.0")
    assert old.Account.upsert("Number__c/AB%2D1", {"Name": "Old"}) == 204
    assert sf.Account.get_by_custom_id("Number__c", "ab-1")["Id"] == first["id"]


def test_an_upsert_that_may_only_update_finds_nothing(sf: Salesforce) -> None:
    """Contract 2.4: `?updateOnly=true`."""
    with pytest.raises(SalesforceResourceNotFound):
        sf.restful(
            "sobjects/Account/Number__c/7",
            params={"updateOnly": "true"},
            method="PATCH",
            json={"Name": "x"},
        )


def test_an_ambiguous_external_id_answers_300_with_the_paths(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 2.4: several matches."""
    twins = [org.add("Account", Name="Acme", Number__c="7") for _each in range(2)]
    with pytest.raises(SalesforceMoreThanOneRecord) as error:
        sf.Account.get_by_custom_id("Number__c", "7")
    assert error.value.content == [
        f"/services/data/v62.0/sobjects/Account/{each}" for each in twins
    ]


def test_a_field_that_is_no_external_id_names_no_record(sf: Salesforce) -> None:
    """Contract 2.4: unknown external field."""
    with pytest.raises(SalesforceResourceNotFound) as error:
        sf.Account.upsert("Phone/1", {"Name": "x"})
    assert "external ID field does not exist" in problem(error)[2]


def test_a_parent_may_be_named_by_its_external_id(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 2.4: `"Account": {"Ext__c": "v"}`."""
    account = org.add("Account", Name="Acme", Number__c="7")
    contact = sf.Contact.create({"LastName": "Reed", "Account": {"Number__c": "7"}})["id"]
    assert org.record("Contact", contact)["AccountId"] == account
    org.add("Account", Name="Twin", Number__c="7")
    for number in ("7", "8"):
        with pytest.raises(SalesforceMalformedRequest) as error:
            sf.Contact.create({"LastName": "Reed", "Account": {"Number__c": number}})
        assert problem(error)[1] == "INVALID_FIELD"


def test_an_update_since_a_time_is_refused_if_the_record_moved(
    org: FakeOrg, sf: Salesforce
) -> None:
    """Contract 2.5: If-Unmodified-Since, one second resolution."""
    deal = org.add("Opportunity", Name="Deal", StageName="Prospecting", CloseDate="2026-05-01")
    seen = {"If-Unmodified-Since": "Wed, 04 Mar 2026 09:30:00 GMT"}
    assert sf.Opportunity.update(deal, {"NextStep": "call"}, headers=seen) == 204
    with pytest.raises(SalesforceGeneralError) as error:
        sf.Opportunity.update(deal, {"NextStep": "write"}, headers=seen)
    assert error.value.status == 412
    assert org.record("Opportunity", deal)["NextStep"] == "call"
    with pytest.raises(SalesforceMalformedRequest):
        sf.Opportunity.update(deal, {"NextStep": "x"}, headers={"If-Unmodified-Since": "soon"})


def test_a_record_that_did_not_move_is_not_sent_again(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 2.5: If-Modified-Since answers 304."""
    account = org.add("Account", Name="Acme")
    header = {"If-Modified-Since": "Wed, 04 Mar 2026 09:30:00 GMT"}
    with pytest.raises(SalesforceGeneralError) as error:
        sf.Account.get(account, headers=header)
    assert error.value.status == 304
    org.edit("Account", account, Phone="1")
    assert sf.Account.get(account, headers=header)["Phone"] == "1"


def test_accounts_alone_have_an_entity_tag(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 2.5: If-Match and If-None-Match with ETag."""
    account = org.add("Account", Name="Acme")
    url = f"{sf.base_url}sobjects/Account/{account}"
    tag = sf.session.get(url, headers=sf.headers).headers["ETag"]
    assert sf.Account.update(account, {"Phone": "1"}, headers={"If-Match": tag}) == 204
    with pytest.raises(SalesforceGeneralError) as error:
        sf.Account.update(account, {"Phone": "2"}, headers={"If-Match": tag})
    assert error.value.status == 412
    fresh = sf.session.get(url, headers=sf.headers).headers["ETag"]
    with pytest.raises(SalesforceGeneralError) as error:
        sf.Account.get(account, headers={"If-None-Match": fresh})
    assert error.value.status == 304
    lead = org.add("Lead", LastName="Moss", Company="Fern")
    reply = sf.session.get(f"{sf.base_url}sobjects/Lead/{lead}", headers=sf.headers)
    assert "ETag" not in reply.headers


def test_bodies_that_are_no_json_are_refused(sf: Salesforce) -> None:
    """Contract 2.4: JSON_PARSER_ERROR; NaN is Python's word, not JSON's."""
    for body in ("{", "[]", '{"Name": "Acme", "AnnualRevenue": NaN}'):
        with pytest.raises(SalesforceMalformedRequest) as error:
            sf.restful("sobjects/Account", method="POST", data=body)
        assert problem(error)[1] == "JSON_PARSER_ERROR"


def test_deleting_an_account_deletes_what_belongs_to_it(org: FakeOrg, sf: Salesforce) -> None:
    """The platform deletes contacts, opportunities and activities with their account."""
    account = org.add("Account", Name="Acme")
    contact = org.add("Contact", LastName="Reed", AccountId=account)
    deal = org.add(
        "Opportunity",
        Name="Deal",
        AccountId=account,
        StageName="Prospecting",
        CloseDate="2026-05-01",
        history=True,
    )
    task = org.add("Task", WhatId=deal, Subject="Call")
    other = org.add("Task", Subject="Rest")
    sf.Account.delete(account)
    for name, record_id in (("Contact", contact), ("Opportunity", deal), ("Task", task)):
        assert org.record(name, record_id)["IsDeleted"] is True
    assert org.records("OpportunityHistory") == []
    assert [each["Id"] for each in org.records("Task")] == [other]


def test_a_persons_activities_stay_if_they_also_belong_elsewhere(
    org: FakeOrg, sf: Salesforce
) -> None:
    """Deleting a contact deletes the activities that have no What."""
    account = org.add("Account", Name="Acme")
    contact = org.add("Contact", LastName="Reed", AccountId=account)
    kept = org.add("Task", WhoId=contact, WhatId=account)
    org.add("Task", WhoId=contact)
    sf.Contact.delete(contact)
    assert [each["Id"] for each in org.records("Task")] == [kept]


def test_records_that_cannot_be_deleted_or_created_are_refused(
    org: FakeOrg, sf: Salesforce
) -> None:
    """Contract 8.9: users are not deleted; 8.7: history is read-only."""
    with pytest.raises(SalesforceMalformedRequest) as error:
        sf.User.delete(org.user_id)
    assert problem(error)[1] == "INSUFFICIENT_ACCESS_OR_READONLY"
    with pytest.raises(SalesforceMalformedRequest) as error:
        sf.AccountHistory.create({"Field": "Name"})
    assert problem(error)[1] == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
