"""Does a job of Bulk API 2.0 read as the platform's does? (contract 6.3, 6.4, A11, A12)"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from bulk_client import Job, Rows, ask, ask_for, refusal, rows_of
from contract_org import sign_in
from simple_salesforce import Salesforce

from sfsync.fake import FakeOrg
from sfsync.fake.faults import refuse

NAMES = "SELECT Name FROM Account ORDER BY Name"


@pytest.fixture
def five(org: FakeOrg) -> list[str]:
    """Five accounts, A to E."""
    return [org.add("Account", Name=name) for name in "ABCDE"]


def pages(job: Job, **parameters: str) -> Iterator[tuple[Rows, dict[str, str]]]:
    """Fetch page after page with its headers, until the locator says null."""
    locator = ""
    while locator != "null":
        at = {"locator": locator} if locator else {}
        answer = job.ask("GET", "/results", params={**parameters, **at})
        assert answer.status_code == 200, answer.text
        locator = answer.headers["Sforce-Locator"]
        yield rows_of(answer.text), dict(answer.headers)


def done(sf: Salesforce, statement: str, operation: str = "query", **more: str) -> Job:
    """Run a query job to its end."""
    job = ask_for(sf, statement, operation, **more)
    assert job.finish()["state"] == "JobComplete"
    return job


def read(sf: Salesforce, statement: str, operation: str = "query") -> Rows:
    """Return all that a query job finds."""
    return rows_of(done(sf, statement, operation).ask("GET", "/results").text)


def test_a_job_is_shown_as_in_the_samples(org: FakeOrg, sf: Salesforce, five: list[str]) -> None:
    """Contract 6.3, A11: JSON whatever is accepted; records counted once it is complete."""
    body = {"operation": "query", "query": "select id from account", "contentType": "CSV"}
    created = ask(sf, "POST", "jobs/query", json=body, headers={"Accept": "text/csv"})
    assert created.headers["Content-Type"] == "application/json;charset=UTF-8"
    job = Job(sf, created.json()["id"], "query")
    shown = {
        "id": job.id,
        "operation": "query",
        "object": "Account",
        "createdById": org.user_id,
        "createdDate": "2026-03-04T09:30:00.000+0000",
        "systemModstamp": "2026-03-04T09:30:00.000+0000",
        "state": "UploadComplete",
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": 62.0,
        "lineEnding": "LF",
        "columnDelimiter": "COMMA",
    }
    assert created.json() == shown
    more = {"jobType": "V2Query", "retries": 0, "totalProcessingTime": 0}
    for state, count in (("InProgress", 0), ("JobComplete", 5), ("JobComplete", 5)):
        assert job.look() == shown | more | {"state": state, "numberRecordsProcessed": count}


def test_values_are_written_as_in_the_samples(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 6.3, A12: all quoted, Z, nulls empty, parents by dotted name, the API's case."""
    parent = org.add("Account", Name="Top")
    account = org.add(
        "Account",
        Name='A, "B"\nC',
        ParentId=parent,
        Vip__c=True,
        Score__c=2.5,
        NumberOfEmployees=7,
        Until__c="2026-02-03",
        Target_At__c="2026-02-03T10:11:12Z",
    )
    statement = (
        "SELECT id, name, parent.name, parent.owner.name, parentid, vip__c, Score__c, "
        "NumberOfEmployees, Until__c, Target_At__c, Phone FROM Account ORDER BY Id"
    )
    answer = done(sf, statement).ask("GET", "/results")
    assert answer.headers["Content-Type"] == "text/csv; charset=UTF-8"
    assert answer.text == (
        '"Id","Name","Parent.Name","Parent.Owner.Name","ParentId","Vip__c","Score__c",'
        '"NumberOfEmployees","Until__c","Target_At__c","Phone"\n'
        f'"{parent}","Top","","","","false","","","","",""\n'
        f'"{account}","A, ""B""\nC","Top","Service User","{parent}","true","2.5","7",'
        '"2026-02-03","2026-02-03T10:11:12.000Z",""\n'
    )


def test_history_and_polymorphic_parents_can_be_read(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 6.3, 8.7: anyType values; What and Owner of a task."""
    account = org.add("Account", Name="A", Vip__c=False)
    org.edit("Account", account, NumberOfEmployees=5)
    org.add("Task", Subject="Call", WhatId=account)
    (history,) = read(sf, "SELECT AccountId, Field, OldValue, NewValue FROM AccountHistory")
    assert history == {
        "AccountId": account,
        "Field": "NumberOfEmployees",
        "OldValue": "",
        "NewValue": "5",
    }
    (task,) = read(sf, "SELECT What.Name, What.Type, Owner.Name, Who.Name FROM Task")
    assert list(task.values()) == ["A", "Account", "Service User", ""]


def test_simple_salesforce_gets_pages_of_text(sf: Salesforce, five: list[str]) -> None:
    """Contract 6.5: pages of CSV text; the header row is on each of them."""
    found = list(sf.bulk2.Account.query(NAMES, max_records=2, wait=0))
    assert found == ['"Name"\n"A"\n"B"\n', '"Name"\n"C"\n"D"\n', '"Name"\n"E"\n']
    assert list(sf.bulk2.Account.query("SELECT Id FROM Lead", wait=0)) == ['"Id"\n']


def test_the_end_is_told_by_the_word_null(sf: Salesforce, five: list[str]) -> None:
    """Contract 6.3: Sforce-NumberOfRecords counts the page, Sforce-Locator ends with `null`."""
    job = done(sf, NAMES)
    found = list(pages(job, maxRecords="2"))
    assert [headers["Sforce-NumberOfRecords"] for _rows, headers in found] == ["2", "2", "1"]
    assert [each["Name"] for rows, _headers in found for each in rows] == list("ABCDE")
    ((rows, headers),) = pages(job, maxRecords="5")
    assert (len(rows), headers["Sforce-NumberOfRecords"]) == (5, "5")
    ((rows, headers),) = pages(done(sf, "SELECT Id FROM Lead"))
    assert (rows, headers["Sforce-NumberOfRecords"]) == ([], "0")


def test_the_header_row_may_be_on_the_first_page_only(
    org: FakeOrg, sf: Salesforce, five: list[str]
) -> None:
    """Contract 12: uncertain, so there is a switch."""
    org.state.bulk_header_every_page = False
    found = list(sf.bulk2.Account.query(NAMES, max_records=3, wait=0))
    assert found == ['"Name"\n"A"\n"B"\n"C"\n', '"D"\n"E"\n']


def test_the_org_has_a_page_size_of_its_own(org: FakeOrg, sf: Salesforce, five: list[str]) -> None:
    """Contract 6.5: 50,000 where the client does not say."""
    assert org.state.bulk_page_size == 50_000
    org.state.bulk_page_size = 4
    assert [len(rows) for rows, _headers in pages(done(sf, NAMES))] == [4, 1]


@pytest.mark.parametrize(
    "parameters",
    [
        {"locator": "nonsense"},
        {"locator": "ÄÖ"},
        {"locator": "OTk"},
        {"locator": "LTE"},
        {"maxRecords": "0"},
        {"maxRecords": "many"},
    ],
)
def test_a_page_that_is_not_there_is_refused(
    sf: Salesforce, five: list[str], parameters: dict[str, str]
) -> None:
    """Contract 3.1: codes for locators; status from memory."""
    status, code = refusal(done(sf, NAMES).ask("GET", "/results", params=parameters))
    expected = "INVALID_QUERY_LOCATOR" if "locator" in parameters else "INVALID_INPUT"
    assert (status, code) == (400, expected)


def test_pages_can_be_fetched_by_five_at_once(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 6.3: up to five links, then where the next five are; both spellings of the key."""
    for at in range(13):
        org.add("Account", Name=f"A{at:02}")
    job = done(sf, NAMES)
    first = job.ask("GET", "/resultPages", params={"maxRecords": "2"}).json()
    assert (len(first["resultPages"]), first["done"]) == (5, False)
    second = follow(sf, first["nextRecordsUrl"]).json()
    assert (len(second["resultPages"]), second["done"]) == (2, True)
    assert set(second) == {"resultPages", "done"}
    links = [each["resultUrl"] for page in (first, second) for each in page["resultPages"]]
    assert all(each.startswith(f"/services/data/v62.0/jobs/query/{job.id}/") for each in links)
    rows = [rows_of(follow(sf, each).text) for each in links]
    assert [len(each) for each in rows] == [2, 2, 2, 2, 2, 2, 1]
    assert [each["Name"] for page in rows for each in page] == [f"A{at:02}" for at in range(13)]
    org.state.bulk_next_key = "nextRecordUrl"
    again = job.ask("GET", "/resultPages", params={"maxRecords": "2"}).json()
    assert again["nextRecordUrl"] == first["nextRecordsUrl"]
    assert "nextRecordsUrl" not in again
    (page,) = job.ask("GET", "/resultPages").json()["resultPages"]
    assert len(rows_of(follow(sf, page["resultUrl"]).text)) == 13


def follow(sf: Salesforce, url: str) -> Any:
    """Fetch what a reply links to."""
    return ask(sf, "GET", url.removeprefix("/services/data/v62.0/"))


def test_parallel_pages_need_the_version_of_the_job(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 6.3: 58.0 and later; another version than at creation is a conflict."""
    job = done(sf, NAMES)
    for version, status in (("57.0", 404), ("59.0", 409), ("62.0", 200)):
        other = Job(sign_in(org, version=version), job.id, "query")
        assert other.ask("GET", "/resultPages").status_code == status


def test_rows_are_those_of_the_moment_when_the_job_is_complete(
    org: FakeOrg, sf: Salesforce, five: list[str]
) -> None:
    """Contract 6.3: a snapshot; pages fetched later tell the same."""
    job = ask_for(sf, "SELECT Id, Name FROM Account ORDER BY Id")
    org.edit("Account", five[0], Name="early")
    job.finish()
    org.edit("Account", five[1], Name="late")
    org.remove("Account", five[2])
    names = [each["Name"] for rows, _headers in pages(job, maxRecords="2") for each in rows]
    assert names == ["early", "B", "C", "D", "E"]


def test_query_all_shows_deleted_and_archived_rows(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 6.3, 3.1."""
    org.add("Account", Name="A")
    org.add("Account", Name="B", IsDeleted=True)
    statement = "SELECT Name, IsDeleted FROM Account ORDER BY Name"
    assert [each["Name"] for each in read(sf, statement)] == ["A"]
    rows = read(sf, statement, "queryAll")
    assert [each["IsDeleted"] for each in rows] == ["false", "true"]
    assert next(sf.bulk2.Account.query_all(statement, wait=0)).count("\n") == 3


def test_files_have_the_form_that_was_asked_for(sf: Salesforce, five: list[str]) -> None:
    """Contract 6.3: columnDelimiter and lineEnding."""
    job = done(
        sf, "SELECT Id, Name FROM Account LIMIT 1", columnDelimiter="PIPE", lineEnding="CRLF"
    )
    assert job.ask("GET", "/results").text == f'"Id"|"Name"\r\n"{five[0]}"|"A"\r\n'


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("SELECT COUNT() FROM Account", "API_ERROR"),
        ("SELECT COUNT(Id) n FROM Account", "API_ERROR"),
        ("SELECT Name FROM Account GROUP BY Name", "API_ERROR"),
        ("SELECT Id FROM Account LIMIT 5 OFFSET 5", "API_ERROR"),
        ("SELECT Id FROM Account LIMIT 5 OFFSET 0", "API_ERROR"),
        ("SELECT Id, (SELECT Id FROM Contacts) FROM Account", "API_ERROR"),
        ("SELECT Id, BillingAddress FROM Account", "API_ERROR"),
        ("SELECT Account.BillingAddress FROM Contact", "API_ERROR"),
        ("SELECT FIELDS(ALL) FROM Account LIMIT 200", "API_ERROR"),
        ("SELECT FIELDS(STANDARD) FROM Account", "API_ERROR"),
        ("SELECT TYPEOF What WHEN Account THEN Name END FROM Task", "MALFORMED_QUERY"),
        ("SELECT FROM Account", "MALFORMED_QUERY"),
        ("SELECT Nope__c FROM Account", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE Nope__c = 1", "INVALID_FIELD"),
        ("SELECT Id FROM Nonsense", "INVALID_TYPE"),
        ("SELECT Id FROM TaskStatus", "INVALIDENTITY"),
        ("SELECT Id FROM Account WHERE Name = '" + "x" * 100_000 + "'", "QUERY_TOO_COMPLICATED"),
    ],
)
def test_what_no_job_reads_is_refused_at_creation(
    sf: Salesforce, five: list[str], statement: str, code: str
) -> None:
    """Contract 6.3: what is not supported, and what is wrong in any query."""
    body = {"operation": "query", "query": statement}
    created = ask(sf, "POST", "jobs/query", json=body)
    assert refusal(created) == (400, code)
    assert (code == "API_ERROR") == ("not supported in Bulk Query" in created.text)
    assert sf.restful("jobs/query")["records"] == []
    assert sf.limits()["DailyBulkV2QueryJobs"]["Remaining"] == 10_000


def test_all_standard_fields_of_an_object_without_compound_ones(sf: Salesforce) -> None:
    """Contract 6.3, 4.6: FIELDS(STANDARD) is bounded."""
    (stage, *_others) = read(sf, "SELECT FIELDS(STANDARD) FROM OpportunityStage")
    assert {"Id", "MasterLabel", "IsWon"} <= set(stage)


@pytest.mark.parametrize(
    "body",
    [
        {"operation": "update", "query": NAMES},
        {"operation": "query"},
        {"operation": "query", "query": NAMES, "columnDelimiter": "SPACE"},
    ],
)
def test_a_job_that_makes_no_sense_is_refused(sf: Salesforce, body: dict[str, str]) -> None:
    """Contract 6.3: codes from memory."""
    assert refusal(ask(sf, "POST", "jobs/query", json=body)) == (400, "INVALIDJOB")


def test_results_are_there_when_the_job_is_complete(sf: Salesforce, five: list[str]) -> None:
    """Contract 6.3: aborted, deleted and unfinished jobs have none."""
    job = ask_for(sf, NAMES)
    assert refusal(job.ask("GET", "/results")) == (400, "INVALIDJOBSTATE")
    assert refusal(job.set("UploadComplete")) == (400, "INVALIDJOBSTATE")
    assert job.set("Aborted").json()["state"] == "Aborted"
    assert refusal(job.ask("GET", "/results")) == (400, "INVALIDJOBSTATE")
    assert refusal(job.ask("GET", "/resultPages")) == (400, "INVALIDJOBSTATE")
    assert job.ask("DELETE").status_code == 204
    assert refusal(job.ask("GET")) == (404, "NOT_FOUND")
    other = done(sf, NAMES)
    assert refusal(Job(sf, other.id, "ingest").ask("GET")) == (404, "NOT_FOUND")


def test_jobs_are_listed_by_the_thousand(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 6.4: and forgotten after seven days."""
    made = org.state.bulk_jobs[done(sf, NAMES).id]
    ids = [made.id, *(f"750{at:012}AAA" for at in range(2, 1_003))]
    org.state.bulk_jobs.update({each: replace(made, id=each) for each in ids})
    first = sf.restful("jobs/query")
    assert (first["done"], len(first["records"])) == (False, 1_000)
    rest = follow(sf, first["nextRecordsUrl"]).json()
    assert (rest["done"], rest["nextRecordsUrl"]) == (True, None)
    assert [each["id"] for page in (first, rest) for each in page["records"]] == ids
    org.clock.advance(7 * 24 * 3600 + 1)
    assert sf.restful("jobs/query")["records"] == []
    assert refusal(Job(sf, ids[0], "query").ask("GET", "/results")) == (404, "NOT_FOUND")


def test_query_jobs_count_against_the_day(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 6.4: 10,000 a day, and no batches; the refusal is LIMIT_EXCEEDED."""
    assert sf.limits()["DailyBulkV2QueryJobs"] == {"Max": 10_000, "Remaining": 10_000}
    org.state.bulk_query_quota = 1
    done(sf, NAMES)
    limits = sf.limits()
    assert limits["DailyBulkV2QueryJobs"] == {"Max": 1, "Remaining": 0}
    assert limits["DailyBulkApiBatches"] == {"Max": 15_000, "Remaining": 15_000}
    refused = ask(sf, "POST", "jobs/query", json={"operation": "query", "query": NAMES})
    assert refusal(refused) == (400, "LIMIT_EXCEEDED")
    org.clock.advance(24 * 3600)
    done(sf, NAMES)


def test_a_field_that_goes_away_meanwhile_fails_the_job(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 6.3: Failed with errorMessage."""
    job = ask_for(sf, "SELECT Phone FROM Account")
    org.hide_field("Account", "Phone")
    shown = job.finish()
    assert shown["state"] == "Failed"
    assert "No such column 'Phone'" in shown["errorMessage"]


def test_date_literals_are_those_of_whoever_created_the_job(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 4.2: the user's zone."""
    org.clock.advance(14 * 3600)  # 23:30 in London, 00:30 of the next day in Paris
    abroad = org.add(
        "User", Name="Pia Birch", Username="p@example.com", TimeZoneSidKey="Europe/London"
    )
    org.add("Account", Name="A", Target_At__c="2026-03-04T23:15:00Z")
    job = ask_for(sign_in(org, abroad), "SELECT Id FROM Account WHERE Target_At__c = TODAY")
    looked_at_by_another = Job(sf, job.id, "query")
    assert looked_at_by_another.finish()["numberRecordsProcessed"] == 1
    assert read(sf, "SELECT Id FROM Account WHERE Target_At__c = TODAY") != []
    org.add("Account", Name="B", Target_At__c="2026-03-04T22:30:00Z")
    assert len(read(sf, "SELECT Id FROM Account WHERE Target_At__c = TODAY")) == 1
    assert len(read(sign_in(org, abroad), "SELECT Id FROM Account WHERE Target_At__c = TODAY")) == 2


def test_requests_of_a_job_can_go_wrong_like_others(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 7.2, 11.21."""
    org.on_request.append(refuse("jobs/query", 503, "SERVER_UNAVAILABLE", "busy"))
    refused = ask(sf, "POST", "jobs/query", json={"operation": "query", "query": NAMES})
    assert refusal(refused) == (503, "SERVER_UNAVAILABLE")
    done(sf, NAMES)
