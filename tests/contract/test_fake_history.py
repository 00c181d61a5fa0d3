"""Does a change leave the platform's history rows? (contract 8.7)"""

from datetime import UTC, datetime

import pytest
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceMalformedRequest

from sfsync.fake import FakeOrg


def field_rows(org: FakeOrg, object_name: str) -> list[tuple[object, object, object, object]]:
    """Return field, type, old and new value of each history row."""
    return [
        (row["Field"], row["DataType"], row["OldValue"], row["NewValue"])
        for row in org.records(object_name)
    ]


def test_a_creation_leaves_one_created_row(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 8.7: special `created`."""
    account = sf.Account.create({"Name": "Acme", "Status__c": "Target"})["id"]
    (row,) = org.records("AccountHistory")
    assert (row["Field"], row["OldValue"], row["NewValue"]) == ("created", None, None)
    assert (row["AccountId"], row["CreatedById"]) == (account, org.user_id)
    assert row["CreatedDate"] == org.record("Account", account)["CreatedDate"]


def test_tracked_fields_leave_a_row_each_and_others_none(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 8.7: one row per tracked field change, values with their own JSON type."""
    account = org.add("Account", Name="Acme", Status__c="Target", NumberOfEmployees=5)
    sf.Account.update(account, {"Status__c": "Working", "NumberOfEmployees": 7, "Phone": "1"})
    assert field_rows(org, "AccountHistory") == [
        ("Status__c", "DynamicEnum", "Target", "Working"),
        ("NumberOfEmployees", "Double", 5, 7),
    ] or field_rows(org, "AccountHistory") == [
        ("NumberOfEmployees", "Double", 5, 7),
        ("Status__c", "DynamicEnum", "Target", "Working"),
    ]
    sf.Account.update(account, {"Status__c": "Working"})
    assert len(org.records("AccountHistory")) == 2


def test_a_lookup_leaves_two_rows_names_and_ids(org: FakeOrg) -> None:
    """Contract 8.7: OwnerId shows as `Owner`."""
    person = org.add("User", Name="Pia Birch", Username="pia.birch@example.com")
    account = org.add("Account", Name="Acme")
    org.edit("Account", account, user=person, OwnerId=person)
    assert field_rows(org, "AccountHistory") == [
        ("Owner", "Text", "Service User", "Pia Birch"),
        ("Owner", "EntityId", org.user_id, person),
    ]
    assert {row["CreatedById"] for row in org.records("AccountHistory")} == {person}


def test_long_text_leaves_a_row_without_values(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 8.7: long text changes give rows with null values."""
    account = org.add("Account", Name="Acme", Description="old")
    sf.Account.update(account, {"Description": "new"})
    assert field_rows(org, "AccountHistory") == [("Description", "Text", None, None)]


def test_an_import_leaves_history_only_if_asked(org: FakeOrg) -> None:
    """`add(history=True)` stamps the rows with CreatedDate."""
    org.add("Account", Name="Acme")
    assert org.records("AccountHistory") == []
    created = datetime(2025, 5, 1, tzinfo=UTC)
    org.add("Account", Name="Fern", CreatedDate=created, history=True)
    (row,) = org.records("AccountHistory")
    assert row["CreatedDate"] == "2025-05-01T00:00:00.000+0000"


def test_stage_history_keeps_the_values_of_the_moment(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 8.7: a row per change of stage, amount, probability or close date."""
    deal = sf.Opportunity.create(
        {"Name": "D", "StageName": "Prospecting", "CloseDate": "2026-05-01", "Amount": 100}
    )["id"]
    sf.Opportunity.update(deal, {"NextStep": "call"})
    sf.Opportunity.update(deal, {"StageName": "Closed Won"})
    sf.Opportunity.update(deal, {"Amount": 50, "CloseDate": "2026-04-01"})
    rows = org.records("OpportunityHistory")
    assert [(row["StageName"], row["Amount"], row["Probability"]) for row in rows] == [
        ("Prospecting", 100.0, 10.0),
        ("Closed Won", 100.0, 100.0),
        ("Closed Won", 50.0, 100.0),
    ]
    assert (rows[2]["PrevAmount"], rows[2]["PrevCloseDate"]) == (100.0, "2026-05-01")
    assert rows[2]["CloseDate"] == "2026-04-01"
    assert [row["Field"] for row in org.records("OpportunityFieldHistory")] == [
        "created",
        "StageName",
        "Amount",
    ]


def test_history_values_are_not_filterable(sf: Salesforce) -> None:
    """Contract 8.7: OldValue and NewValue cannot be filtered."""
    with pytest.raises(SalesforceMalformedRequest) as error:
        sf.query("SELECT Id FROM AccountHistory WHERE NewValue = 'Target'")
    assert error.value.content[0]["errorCode"] == "INVALID_FIELD"


def test_history_is_reached_from_its_record(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 8.7: relationship `Histories`; OpportunityHistories for stages."""
    account = org.add("Account", Name="Acme", history=True)
    org.add("Opportunity", Name="D", StageName="Prospecting", CloseDate="2026-05-01", history=True)
    (row,) = sf.query("SELECT Id, (SELECT Field FROM Histories) FROM Account")["records"]
    assert row["Id"] == account
    assert [each["Field"] for each in row["Histories"]["records"]] == ["created"]
    (deal,) = sf.query(
        "SELECT (SELECT Field FROM Histories), (SELECT StageName FROM OpportunityHistories) "
        "FROM Opportunity"
    )["records"]
    assert deal["OpportunityHistories"]["records"][0]["StageName"] == "Prospecting"
    assert deal["Histories"]["records"][0]["Field"] == "created"


def test_a_refused_change_leaves_no_history(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 5.1: a record's change is all or nothing."""
    account = org.add("Account", Name="Acme", Status__c="Target")
    with pytest.raises(SalesforceMalformedRequest):
        sf.Account.update(account, {"Status__c": "Working", "Name": None})
    assert org.records("AccountHistory") == []
