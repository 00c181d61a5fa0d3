"""Does the org describe itself as the platform does? (contract 2.2, 2.3, 8.11)"""

from typing import Any

import pytest
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceMalformedRequest, SalesforceResourceNotFound

from sfsync.fake import FakeOrg

KEYS = (
    "aggregatable aiPredictionField autoNumber byteLength calculated calculatedFormula "
    "cascadeDelete caseSensitive compoundFieldName controllerName createable custom defaultValue "
    "defaultValueFormula defaultedOnCreate dependentPicklist deprecatedAndHidden digits "
    "displayLocationInDecimal encrypted externalId extraTypeInfo filterable filteredLookupInfo "
    "formulaTreatNullNumberAsZero groupable highScaleNumber htmlFormatted idLookup inlineHelpText "
    "label length mask maskType name nameField namePointing nillable permissionable picklistValues "
    "polymorphicForeignKey precision queryByDistance referenceTargetField referenceTo "
    "relationshipName relationshipOrder restrictedDelete restrictedPicklist scale "
    "searchPrefilterable soapType sortable type unique updateable writeRequiresMasterRead"
)


def fields_of(sf: Salesforce, object_name: str) -> dict[str, dict[str, Any]]:
    """Return the described fields by name."""
    return {each["name"]: each for each in getattr(sf, object_name).describe()["fields"]}


def test_every_field_carries_every_key(sf: Salesforce) -> None:
    """Contract 2.3: all keys are always present."""
    for field in fields_of(sf, "Account").values():
        assert set(field) == set(KEYS.split())


@pytest.mark.parametrize(
    ("object_name", "field", "expected"),
    [
        ("Account", "Name", {"type": "string", "length": 255, "nillable": False}),
        ("Account", "OwnerId", {"defaultedOnCreate": True, "referenceTo": ["User"]}),
        ("Account", "AnnualRevenue", {"type": "currency", "precision": 18, "scale": 0}),
        ("Account", "Description", {"length": 32000, "filterable": False, "sortable": False}),
        ("Account", "LastActivityDate", {"createable": False, "updateable": False}),
        ("Contact", "Name", {"createable": False, "updateable": False}),
        ("Contact", "Email", {"idLookup": True, "type": "email"}),
        ("Lead", "IsConverted", {"createable": True, "updateable": False}),
        ("Lead", "OwnerId", {"polymorphicForeignKey": True}),
        ("Opportunity", "StageName", {"restrictedPicklist": False, "nillable": False}),
        ("Opportunity", "Probability", {"createable": True, "defaultedOnCreate": True}),
        ("Opportunity", "IsWon", {"updateable": False, "filterable": True}),
        ("Opportunity", "ContactId", {"createable": True, "updateable": False}),
        ("Opportunity", "Amount", {"groupable": False, "precision": 18, "scale": 2}),
        ("Task", "TaskSubtype", {"createable": True, "updateable": False}),
        ("Task", "CompletedDateTime", {"createable": False, "groupable": False}),
        ("Event", "EventSubtype", {"createable": True, "updateable": False}),
        ("OpportunityHistory", "StageName", {"createable": False}),
        ("AccountHistory", "NewValue", {"type": "anyType", "filterable": False}),
    ],
)  # fmt: skip
def test_standard_fields_have_the_recorded_flags(
    sf: Salesforce, object_name: str, field: str, expected: dict[str, Any]
) -> None:
    """Contract 2.3, 8 and appendix B."""
    described = fields_of(sf, object_name)[field]
    assert {key: described[key] for key in expected} == expected


def test_custom_fields_come_from_the_orgs_description(sf: Salesforce) -> None:
    """Contract 2.3: picklist values with inactive ones, external ids, formulas."""
    fields = fields_of(sf, "Account")
    status = fields["Status__c"]
    assert (status["custom"], status["restrictedPicklist"]) == (True, True)
    assert [(each["value"], each["active"]) for each in status["picklistValues"]] == [
        ("Target", True),
        ("Working", True),
        ("Old", False),
    ]
    assert (fields["Number__c"]["externalId"], fields["Number__c"]["length"]) == (True, 20)
    assert (fields["Age__c"]["calculated"], fields["Age__c"]["updateable"]) == (True, False)


def test_stages_and_statuses_come_from_their_own_records(sf: Salesforce) -> None:
    """Contract 8.2, 8.6: OpportunityStage and TaskStatus are the picklists."""
    stages = [each["value"] for each in fields_of(sf, "Opportunity")["StageName"]["picklistValues"]]
    assert stages[:2] == ["Prospecting", "Qualification"]
    assert stages[-1] == "Closed Lost"
    statement = "SELECT MasterLabel FROM OpportunityStage WHERE IsClosed = true ORDER BY SortOrder"
    closed = [row["MasterLabel"] for row in sf.query(statement)["records"]]
    assert closed == ["Closed Won", "Closed Lost"]
    statuses = fields_of(sf, "Task")["Status"]["picklistValues"]
    assert [each["value"] for each in statuses if each["defaultValue"]] == ["Not Started"]


def test_the_global_description_lists_all_objects(sf: Salesforce) -> None:
    """Contract 2.3: describe global."""
    found = sf.describe()
    assert found["maxBatchSize"] == 200
    accounts = next(each for each in found["sobjects"] if each["name"] == "Account")
    assert (accounts["keyPrefix"], accounts["labelPlural"]) == ("001", "Accounts")
    assert accounts["urls"]["rowTemplate"] == "/services/data/v62.0/sobjects/Account/{ID}"
    basic = sf.Account.metadata()
    assert basic["objectDescribe"]["name"] == "Account"


def test_an_object_names_its_children_and_record_types(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 2.3: childRelationships, recordTypeInfos with the master."""
    org.add("RecordType", Name="Partner", SobjectType="Account", IsActive=True)
    described = sf.Account.describe()
    children = {
        (each["childSObject"], each["field"]): each["relationshipName"]
        for each in described["childRelationships"]
    }
    assert children["Contact", "AccountId"] == "Contacts"
    assert children["Task", "WhatId"] == "Tasks"
    assert children["Task", "AccountId"] is None
    names = [each["name"] for each in described["recordTypeInfos"]]
    assert names == ["Partner", "Master"]
    assert described["recordTypeInfos"][-1]["recordTypeId"] == "012000000000000AAA"


def test_a_hidden_field_is_nowhere(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 8.11, 9.3: field-level security."""
    account = org.add("Account", Name="Acme", Status__c="Target")
    org.hide_field("Account", "Status__c")
    assert "Status__c" not in fields_of(sf, "Account")
    assert "Status__c" not in sf.Account.get(account)
    with pytest.raises(SalesforceMalformedRequest) as error:
        sf.query("SELECT Status__c FROM Account")
    assert error.value.content[0]["errorCode"] == "INVALID_FIELD"
    with pytest.raises(SalesforceMalformedRequest) as error:
        sf.Account.update(account, {"Status__c": "Working"})
    assert error.value.content[0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    org.hide_field("Account", "Status__c", hidden=False)
    assert sf.Account.get(account)["Status__c"] == "Target"


def test_a_field_or_object_may_be_missing(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 8.10: discover through describe before naming optional fields."""
    account = org.add("Account", Name="Acme", Status__c="Target")
    org.drop_field("Account", "Status__c")
    with pytest.raises(SalesforceMalformedRequest) as error:
        sf.Account.update(account, {"Status__c": "Working"})
    assert error.value.content[0]["errorCode"] == "INVALID_FIELD"
    org.drop_object("AccountHistory")
    with pytest.raises(SalesforceResourceNotFound):
        sf.AccountHistory.describe()
    with pytest.raises(SalesforceMalformedRequest) as error:
        sf.query("SELECT Id FROM AccountHistory")
    assert error.value.content[0]["errorCode"] == "INVALID_TYPE"
    assert sf.Account.update(account, {"Name": "Fern"}) == 204
    org.declare("Account", {"name": "New__c", "type": "date"})
    assert sf.Account.get(account)["New__c"] is None
    assert sf.Account.update(account, {"New__c": "2026-01-01"}) == 204


def test_versions_and_resources_are_listed(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 2.2: /services/data needs no token."""
    versions = org.session().get(f"https://{org.host}/services/data").json()
    assert versions[-1] == {
        "label": "Summer '26",
        "url": "/services/data/v67.0",
        "version": "67.0",
    }
    by_number = {each["version"]: each["label"] for each in versions}
    assert (by_number["62.0"], by_number["64.0"]) == ("Winter '25", "Summer '25")
    assert sf.restful("")["sobjects"] == "/services/data/v62.0/sobjects"


def test_records_are_counted_where_there_are_any(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 2.2: limits/recordCount."""
    org.add("Account", Name="Acme")
    found = sf.restful("limits/recordCount", params={"sObjects": "Account,Contact"})
    assert found == {"sObjects": [{"count": 1, "name": "Account"}]}


def test_changes_and_deletions_of_a_while_are_listed(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 2.6: updated and deleted, with their windows."""
    from datetime import timedelta

    kept, gone = org.add("Account", Name="Acme"), org.add("Account", Name="Fern")
    org.clock.advance(3600)
    org.edit("Account", kept, Phone="1")
    org.remove("Account", gone)
    start, end = org.clock.now() - timedelta(minutes=5), org.clock.now() + timedelta(minutes=5)
    updated = sf.Account.updated(start, end)
    assert updated["ids"] == [kept]
    assert updated["latestDateCovered"] == "2026-03-04T10:35:00.000+0000"
    (deleted,) = sf.Account.deleted(start, end)["deletedRecords"]
    assert deleted == {"id": gone, "deletedDate": "2026-03-04T10:30:02.000+0000"}
    for act, days in ((sf.Account.updated, 31), (sf.Account.deleted, 16)):
        with pytest.raises(SalesforceMalformedRequest) as error:
            act(end - timedelta(days=days), end)
        assert error.value.content[0]["errorCode"] == "INVALID_REPLICATION_DATE"
    with pytest.raises(SalesforceMalformedRequest):
        sf.Account.updated(end, end)


def test_a_record_type_field_exists_only_with_record_types(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 2.3, 8.10: RecordTypeId is absent where the object has no record type."""
    assert "RecordTypeId" not in fields_of(sf, "Account")
    partner = org.add("RecordType", Name="Partner", SobjectType="Account", IsActive=True)
    assert "RecordTypeId" in fields_of(sf, "Account")
    assert "RecordTypeId" not in fields_of(sf, "Lead")
    sf.Account.create({"Name": "Acme", "RecordTypeId": partner})
    (row,) = sf.query("SELECT RecordType.Name FROM Account")["records"]
    assert row["RecordType"]["Name"] == "Partner"


def test_the_history_of_a_hidden_field_is_hidden(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 8.11: history objects obey the parent's field-level security."""
    account = org.add("Account", Name="Acme", Status__c="Target")
    org.edit("Account", account, Status__c="Working", Name="Fern")
    org.hide_field("Account", "Status__c")
    found = sf.query("SELECT Field FROM AccountHistory")["records"]
    assert [row["Field"] for row in found] == ["Name"]
    (row,) = sf.query("SELECT (SELECT Field FROM Histories) FROM Account")["records"]
    assert [each["Field"] for each in row["Histories"]["records"]] == ["Name"]
