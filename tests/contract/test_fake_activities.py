"""Do tasks and events behave as on the platform? (contract 8.1 to 8.4)"""

from datetime import UTC, datetime

import pytest
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceMalformedRequest

from sfsync.fake import FakeOrg


@pytest.fixture
def account(org: FakeOrg) -> str:
    """An account without activity."""
    return org.add("Account", Name="Acme")


def last_activity(org: FakeOrg, object_name: str, record_id: str) -> object:
    """Return the last activity date of a record."""
    return org.record(object_name, record_id)["LastActivityDate"]


def test_an_activity_counts_for_the_account_behind_it(org: FakeOrg, account: str) -> None:
    """Contract 8.1: What wins over Who; an opportunity's account; a contact's; a lead has none."""
    other = org.add("Account", Name="Fern")
    contact = org.add("Contact", LastName="Reed", AccountId=other)
    lead = org.add("Lead", LastName="Moss", Company="Moss")
    deal = org.add(
        "Opportunity", Name="D", AccountId=account, StageName="Prospecting", CloseDate="2026-05-01"
    )

    def account_of(**fields: str) -> object:
        return org.record("Task", org.add("Task", **fields))["AccountId"]

    assert account_of(WhatId=account, WhoId=contact) == account
    assert account_of(WhatId=deal, WhoId=contact) == account
    assert account_of(WhoId=contact) == other
    assert account_of(WhoId=lead) is None
    assert account_of(Subject="alone") is None


def test_a_closed_task_counts_by_its_due_date(org: FakeOrg, sf: Salesforce, account: str) -> None:
    """Contract 8.1: open tasks never count; a reopened or deleted one counts no more."""
    task = sf.Task.create({"WhatId": account, "ActivityDate": "2026-02-01"})["id"]
    assert last_activity(org, "Account", account) is None
    sf.Task.update(task, {"Status": "Completed"})
    assert last_activity(org, "Account", account) == "2026-02-01"
    sf.Task.update(task, {"Status": "In Progress"})
    assert last_activity(org, "Account", account) is None
    sf.Task.update(task, {"Status": "Completed"})
    sf.Task.delete(task)
    assert last_activity(org, "Account", account) is None


def test_the_last_activity_may_lie_in_the_future(org: FakeOrg, account: str) -> None:
    """Contract 8.1: the activity furthest in the future; no stamp of the account moves."""
    before = org.record("Account", account)["SystemModstamp"]
    org.add("Task", WhatId=account, Status="Completed", ActivityDate="2026-03-01")
    start = datetime(2027, 1, 7, 23, 30, tzinfo=UTC)
    org.add("Event", WhatId=account, StartDateTime=start, DurationInMinutes=30)
    assert last_activity(org, "Account", account) == "2027-01-08"
    assert org.record("Account", account)["SystemModstamp"] == before


def test_opportunities_contacts_and_leads_have_their_own(org: FakeOrg, account: str) -> None:
    """Contract 8.1: WhatId for opportunities, WhoId for contacts and leads."""
    contact = org.add("Contact", LastName="Reed", AccountId=account)
    lead = org.add("Lead", LastName="Moss", Company="Moss")
    deal = org.add(
        "Opportunity", Name="D", AccountId=account, StageName="Prospecting", CloseDate="2026-05-01"
    )
    org.add("Task", WhatId=deal, WhoId=contact, Status="Completed", ActivityDate="2026-02-01")
    org.add("Task", WhoId=lead, Status="Completed", ActivityDate="2026-02-02")
    assert last_activity(org, "Opportunity", deal) == "2026-02-01"
    assert last_activity(org, "Contact", contact) == "2026-02-01"
    assert last_activity(org, "Account", account) == "2026-02-01"
    assert last_activity(org, "Lead", lead) == "2026-02-02"


def test_activities_follow_their_opportunity_to_another_account(
    org: FakeOrg, sf: Salesforce, account: str
) -> None:
    """Contract 8.1: the account is the one of the opportunity, also after it moved."""
    other = org.add("Account", Name="Fern")
    deal = org.add(
        "Opportunity", Name="D", AccountId=account, StageName="Prospecting", CloseDate="2026-05-01"
    )
    task = org.add("Task", WhatId=deal, Status="Completed", ActivityDate="2026-02-01")
    sf.Opportunity.update(deal, {"AccountId": other})
    assert org.record("Task", task)["AccountId"] == other
    assert last_activity(org, "Account", account) is None
    assert last_activity(org, "Account", other) == "2026-02-01"


def test_completion_is_stamped_once_and_taken_back(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 8.2: CompletedDateTime; IsClosed comes from TaskStatus."""
    task = sf.Task.create({"Subject": "Call", "Priority": "High"})["id"]
    record = org.record("Task", task)
    assert (record["Status"], record["IsClosed"]) == ("Not Started", False)
    assert (record["IsHighPriority"], record["CompletedDateTime"]) == (True, None)
    sf.Task.update(task, {"Status": "Completed"})
    done = org.record("Task", task)["CompletedDateTime"]
    assert done == org.record("Task", task)["SystemModstamp"]
    sf.Task.update(task, {"Status": "Completed", "Subject": "Call again"})
    assert org.record("Task", task)["CompletedDateTime"] == done
    org.add("TaskStatus", MasterLabel="Done", IsClosed=True, SortOrder=9)
    sf.Task.update(task, {"Status": "Done"})
    assert org.record("Task", task)["CompletedDateTime"] == done
    sf.Task.update(task, {"Status": "Deferred"})
    assert org.record("Task", task)["CompletedDateTime"] is None


def test_a_lead_as_who_forbids_a_what(org: FakeOrg, sf: Salesforce, account: str) -> None:
    """Contract 8.2: FIELD_INTEGRITY_EXCEPTION."""
    lead = org.add("Lead", LastName="Moss", Company="Moss")
    with pytest.raises(SalesforceMalformedRequest) as error:
        sf.Task.create({"WhoId": lead, "WhatId": account})
    assert error.value.content[0]["errorCode"] == "FIELD_INTEGRITY_EXCEPTION"


def test_a_timed_event_needs_a_start_and_an_end(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 8.3: start with duration or end; the rest follows."""
    event = sf.Event.create(
        {"StartDateTime": "2026-03-05T23:30:00Z", "EndDateTime": "2026-03-06T00:15:00Z"}
    )["id"]
    record = org.record("Event", event)
    assert record["DurationInMinutes"] == 45
    assert record["ActivityDateTime"] == record["StartDateTime"] == "2026-03-05T23:30:00.000+0000"
    assert record["ActivityDate"] == "2026-03-06"
    sf.Event.update(event, {"DurationInMinutes": 60})
    assert org.record("Event", event)["EndDateTime"] == "2026-03-06T00:30:00.000+0000"
    sf.Event.update(event, {"EndDateTime": "2026-03-06T01:30:00Z"})
    assert org.record("Event", event)["DurationInMinutes"] == 120
    with pytest.raises(SalesforceMalformedRequest) as error:
        sf.Event.create({"StartDateTime": "2026-03-05T10:00:00Z"})
    assert error.value.content[0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    with pytest.raises(SalesforceMalformedRequest) as error:
        sf.Event.create({"StartDateTime": "2026-03-05T10:00:00Z", "DurationInMinutes": 21000})
    assert error.value.content[0]["errorCode"] == "FIELD_INTEGRITY_EXCEPTION"


def test_an_all_day_event_starts_at_midnight_utc(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 8.3: regardless of the user's zone."""
    event = sf.Event.create({"IsAllDayEvent": True, "ActivityDate": "2026-03-05"})["id"]
    record = org.record("Event", event)
    assert record["StartDateTime"] == "2026-03-05T00:00:00.000+0000"
    assert record["ActivityDate"] == "2026-03-05"


def test_old_activities_are_archived_and_hidden_from_query(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 8.4: closed tasks and events a year old; only queryAll shows them."""
    old = org.add("Task", Status="Completed", ActivityDate="2025-03-04")
    org.add("Task", Status="Completed", ActivityDate="2025-03-05")
    org.add("Task", ActivityDate="2024-01-01")
    undated = org.add("Task", Status="Completed", CreatedDate=datetime(2025, 1, 1, tzinfo=UTC))
    assert sf.query("SELECT COUNT() FROM Task")["totalSize"] == 2
    statement = "SELECT Id FROM Task WHERE IsArchived = true"
    found = sf.query_all(statement, include_deleted=True)["records"]
    assert {each["Id"] for each in found} == {old, undated}
    with pytest.raises(SalesforceMalformedRequest):
        sf.Task.update(old, {"IsArchived": False})


def test_the_archiving_job_runs_when_days_pass(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 8.4: a background job; an insert of today is archived on its next run."""
    task = sf.Task.create({"Status": "Completed", "ActivityDate": "2024-01-01"})["id"]
    assert org.record("Task", task)["IsArchived"] is False
    org.clock.advance(24 * 3600)
    assert sf.query("SELECT COUNT() FROM Task")["totalSize"] == 0
    assert org.record("Task", task)["IsArchived"] is True
