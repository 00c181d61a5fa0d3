"""Is what is written checked and stamped as on the platform? (contract 2.4, 5.2, 8.6, 8.12)"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from contract_org import NOW
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceMalformedRequest

from sfsync.fake import FakeOrg, RecordRefused

CLOSE = "2026-05-01"
BAD_PICKLIST = "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"


@pytest.mark.parametrize(
    ("body", "code", "text", "fields"),
    [
        ({"Nope": 1}, "INVALID_FIELD", "No such column 'Nope' on sobject of type Account", []),
        ({"Status__c": "Bad"}, BAD_PICKLIST, "Status: bad value for restricted picklist field: Bad",
         ["Status__c"]),
        ({"Status__c": "Old"}, BAD_PICKLIST, "Status: bad value for restricted picklist field: Old",
         ["Status__c"]),
        ({"Phone": "1" * 41}, "STRING_TOO_LONG",
         f"Phone: data value too large: {'1' * 41} (max length=40)", ["Phone"]),
        ({"Name": None}, "REQUIRED_FIELD_MISSING", "Required fields are missing: [Name]", ["Name"]),
        ({"Name": ""}, "REQUIRED_FIELD_MISSING", "Required fields are missing: [Name]", ["Name"]),
        ({"OwnerId": "001000000000001AAA"}, "MALFORMED_ID",
         "Owner ID: id value of incorrect type: 001000000000001AAA", ["OwnerId"]),
        ({"OwnerId": "nobody"}, "MALFORMED_ID", "Owner ID: id value of incorrect type: nobody",
         ["OwnerId"]),
        ({"OwnerId": "005000000000zzzAAA"}, "INVALID_CROSS_REFERENCE_KEY",
         "invalid cross reference id", []),
        ({"Score__c": 10000}, "NUMBER_OUTSIDE_VALID_RANGE",
         "Score: value outside of valid range on numeric field: 10000", ["Score__c"]),
    ],
)  # fmt: skip
def test_a_bad_value_is_refused_with_the_platforms_words(
    org: FakeOrg, sf: Salesforce, body: dict[str, object], code: str, text: str, fields: list[str]
) -> None:
    """Contract 5.2: codes and texts of refused records."""
    account = org.add("Account", Name="Acme")
    with pytest.raises(SalesforceMalformedRequest) as error:
        sf.Account.update(account, body)
    assert error.value.status == 400
    assert error.value.content == [{"message": text, "errorCode": code, "fields": fields}]
    assert org.clock.now() == NOW


@pytest.mark.parametrize(
    "body",
    [
        {"SystemModstamp": "2026-01-01T00:00:00Z"},
        {"LastActivityDate": "2026-01-01"},
        {"BillingAddress": "x"},
        {"Age__c": 3},
    ],
)
def test_a_read_only_field_is_refused_by_name(
    org: FakeOrg, sf: Salesforce, body: dict[str, object]
) -> None:
    """Contract 2.4, 8.12: INVALID_FIELD_FOR_INSERT_UPDATE; calculated fields too."""
    account = org.add("Account", Name="Acme")
    with pytest.raises(SalesforceMalformedRequest) as error:
        sf.Account.update(account, body)
    (problem,) = error.value.content
    assert problem["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert problem["fields"] == list(body)
    assert problem["message"].startswith(f"Unable to create/update fields: {next(iter(body))}.")


@pytest.mark.parametrize(
    "body",
    [
        {"Phone": 12},
        {"NumberOfEmployees": "12"},
        {"NumberOfEmployees": 12.5},
        {"Vip__c": "true"},
        {"Vip__c": 1},
        {"Until__c": "01/02/2026"},
        {"Until__c": "2026-02-30"},
        {"Target_At__c": "2026-02-03 10:11:12"},
        {"Target_At__c": "2026-02-03T10:11:12"},
        {"Score__c": [1]},
    ],
)
def test_a_value_of_the_wrong_json_type_is_a_parser_error(
    org: FakeOrg, sf: Salesforce, body: dict[str, object]
) -> None:
    """Contract 2.4: JSON_PARSER_ERROR."""
    account = org.add("Account", Name="Acme")
    with pytest.raises(SalesforceMalformedRequest) as error:
        sf.Account.update(account, body)
    assert error.value.content[0]["errorCode"] == "JSON_PARSER_ERROR"


def test_instants_are_kept_in_utc_and_whole_seconds(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 2.1: dateTime rendering; input with Z or any offset."""
    account = org.add("Account", Name="Acme")
    sf.Account.update(account, {"Target_At__c": "2026-02-03T10:11:12.987+02:00"})
    assert sf.Account.get(account)["Target_At__c"] == "2026-02-03T08:11:12.000+0000"


@pytest.mark.parametrize(
    ("object_name", "missing"),
    [
        ("Account", ["Name"]),
        ("Contact", ["LastName"]),
        ("Lead", ["LastName", "Company"]),
        ("Opportunity", ["Name", "StageName", "CloseDate"]),
    ],
)
def test_required_fields_are_required_on_creation(
    sf: Salesforce, object_name: str, missing: list[str]
) -> None:
    """Contract 2.3: required on create."""
    with pytest.raises(SalesforceMalformedRequest) as error:
        getattr(sf, object_name).create({})
    (problem,) = error.value.content
    assert problem["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert problem["fields"] == missing


def test_an_unrestricted_picklist_takes_anything(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 2.3 and 12: an unknown stage is accepted, and open."""
    deal = sf.Opportunity.create({"Name": "D", "StageName": "Made up", "CloseDate": CLOSE})["id"]
    record = org.record("Opportunity", deal)
    assert (record["StageName"], record["IsClosed"], record["IsWon"]) == ("Made up", False, False)


def test_an_inactive_user_owns_nothing_new(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 5.2, 8.9: INACTIVE_OWNER_OR_USER; other fields of their records can be edited."""
    gone = org.add("User", Name="Ines Oak", Username="ines.oak@example.com", IsActive=False)
    account = org.add("Account", Name="Acme")
    with pytest.raises(SalesforceMalformedRequest) as error:
        sf.Account.update(account, {"OwnerId": gone})
    (problem,) = error.value.content
    assert problem["errorCode"] == "INACTIVE_OWNER_OR_USER"
    assert problem["message"] == (
        f"operation performed with inactive user [{gone[:15]}] as owner of account"
    )
    theirs = org.add("Account", Name="Fern", OwnerId=gone)
    assert sf.Account.update(theirs, {"Phone": "1"}) == 204


def test_a_reference_to_a_deleted_record_is_refused(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 5.2: ENTITY_IS_DELETED."""
    account = org.add("Account", Name="Acme", IsDeleted=True)
    with pytest.raises(SalesforceMalformedRequest) as error:
        sf.Contact.create({"LastName": "Reed", "AccountId": account})
    assert error.value.content[0]["errorCode"] == "ENTITY_IS_DELETED"


def test_a_unique_field_takes_no_value_twice(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 5.2: DUPLICATE_VALUE names the other record."""
    first = org.add("Account", Name="Acme", Number__c="7")
    with pytest.raises(SalesforceMalformedRequest) as error:
        sf.Account.create({"Name": "Fern", "Number__c": "7"})
    (problem,) = error.value.content
    assert problem["errorCode"] == "DUPLICATE_VALUE"
    assert problem["message"].endswith(f"record with id: {first[:15]}")


def test_the_stage_decides_what_follows_from_it(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 8.6: IsClosed, IsWon, Probability, ForecastCategory, ExpectedRevenue."""
    deal = sf.Opportunity.create(
        {"Name": "D", "StageName": "Needs Analysis", "CloseDate": CLOSE, "Amount": 500}
    )["id"]
    record = org.record("Opportunity", deal)
    assert (record["Probability"], record["ExpectedRevenue"]) == (20.0, 100.0)
    assert (record["ForecastCategoryName"], record["IsClosed"]) == ("Pipeline", False)
    assert record["LastStageChangeDate"] is None
    sf.Opportunity.update(deal, {"StageName": "Closed Won"})
    record = org.record("Opportunity", deal)
    assert (record["IsClosed"], record["IsWon"], record["Probability"]) == (True, True, 100.0)
    assert (record["ForecastCategory"], record["ExpectedRevenue"]) == ("Closed", 500.0)
    assert record["LastStageChangeDate"] == record["SystemModstamp"]
    assert record["CloseDate"] == CLOSE


def test_a_probability_may_be_overridden_with_the_stage(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 8.6: Probability may be overridden in the same or a later update."""
    deal = sf.Opportunity.create(
        {"Name": "D", "StageName": "Prospecting", "CloseDate": CLOSE, "Probability": 35}
    )["id"]
    assert org.record("Opportunity", deal)["Probability"] == 35.0
    sf.Opportunity.update(deal, {"NextStep": "call"})
    assert org.record("Opportunity", deal)["Probability"] == 35.0
    with pytest.raises(SalesforceMalformedRequest):
        sf.Opportunity.update(deal, {"IsWon": True})


def test_names_of_people_are_made_of_their_parts(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 2.3: Name is compound and not writable."""
    contact = sf.Contact.create({"FirstName": "Una", "LastName": "Reed"})["id"]
    assert org.record("Contact", contact)["Name"] == "Una Reed"
    sf.Contact.update(contact, {"FirstName": None})
    assert org.record("Contact", contact)["Name"] == "Reed"
    with pytest.raises(SalesforceMalformedRequest):
        sf.Contact.update(contact, {"Name": "Una"})


def test_each_committed_write_moves_the_clock_by_a_second(org: FakeOrg, sf: Salesforce) -> None:
    """Two writes never bear the same stamp; a read moves nothing."""
    account = sf.Account.create({"Name": "Acme"})["id"]
    sf.Account.update(account, {"Phone": "1"})
    sf.Account.get(account)
    record = org.record("Account", account)
    assert record["CreatedDate"] == "2026-03-04T09:30:01.000+0000"
    assert record["SystemModstamp"] == "2026-03-04T09:30:02.000+0000"
    assert org.clock.now() == NOW + timedelta(seconds=2)


def test_a_persons_edit_is_theirs_and_obeys_the_same_rules(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 8.12: LastModifiedById; an update that changes nothing still moves the stamps."""
    person = org.add("User", Name="Pia Birch", Username="pia.birch@example.com")
    account = org.add("Account", Name="Acme", CreatedDate=datetime(2024, 1, 1, tzinfo=UTC))
    org.edit("Account", account, user=person, Name="Acme")
    record = org.record("Account", account)
    assert record["LastModifiedById"] == person
    assert record["CreatedById"] == org.user_id
    assert record["CreatedDate"] == "2024-01-01T00:00:00.000+0000"
    assert record["SystemModstamp"] == "2026-03-04T09:30:01.000+0000"
    with pytest.raises(RecordRefused, match="bad value for restricted picklist"):
        org.edit("Account", account, Status__c="Bad")


def test_the_platform_touches_only_the_system_stamp(org: FakeOrg) -> None:
    """Contract 8.12: SystemModstamp >= LastModifiedDate."""
    account = org.add("Account", Name="Acme")
    org.touch("Account", account)
    record = org.record("Account", account)
    assert record["LastModifiedDate"] == "2026-03-04T09:30:00.000+0000"
    assert record["SystemModstamp"] == "2026-03-04T09:30:01.000+0000"


def test_a_validation_rule_speaks_for_the_admin(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 5.2: FIELD_CUSTOM_VALIDATION_EXCEPTION with the rule's text and place."""

    def phone_stays(before: Any, after: Any) -> tuple[str, str] | None:
        lost = before is not None and "Phone" in before and "Phone" not in after
        return ("Phone is required", "Phone") if lost else None

    org.add_validation_rule("Account", phone_stays)
    account = sf.Account.create({"Name": "Acme", "Phone": "1"})["id"]
    with pytest.raises(SalesforceMalformedRequest) as error:
        sf.Account.update(account, {"Phone": None})
    assert error.value.content == [
        {
            "message": "Phone is required",
            "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION",
            "fields": ["Phone"],
        }
    ]
    assert org.record("Account", account)["Phone"] == "1"


def test_a_malformed_email_is_refused(sf: Salesforce) -> None:
    """The platform checks the form of e-mail addresses (from memory, not in the contract)."""
    with pytest.raises(SalesforceMalformedRequest) as error:
        sf.Contact.create({"LastName": "Reed", "Email": "una.reed(at)example.com"})
    assert error.value.content[0]["errorCode"] == "INVALID_EMAIL_ADDRESS"


def test_an_import_may_set_what_nobody_can_write(org: FakeOrg) -> None:
    """`add` takes audit and derived fields and refuses what the org does not have."""
    done = datetime(2026, 2, 1, 8, tzinfo=UTC)
    task = org.add("Task", Status="Completed", CompletedDateTime=done, CreatedDate=done)
    record = org.record("Task", task)
    assert record["CompletedDateTime"] == "2026-02-01T08:00:00.000+0000"
    assert record["IsClosed"] is True
    ownerless = org.add("Task", OwnerId=None, Status=None)
    assert org.record("Task", ownerless)["OwnerId"] is None
    assert org.record("Task", ownerless)["Status"] is None
    with pytest.raises(ValueError, match="Account has no field Nope"):
        org.add("Account", Name="Acme", Nope=1)
    with pytest.raises(ValueError, match="Until__c"):
        org.add("Account", Name="Acme", Until__c="soon")
    with pytest.raises(KeyError, match="Nonsense"):
        org.add("Nonsense", Name="x")
