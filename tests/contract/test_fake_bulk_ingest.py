"""Does a job of Bulk API 2.0 write as the platform's does? (contract 6.1, 6.4, 6.5, A11)"""

import csv
from datetime import timedelta
from pathlib import Path

import pytest
from bulk_client import Job, ask, open_job, refusal, rows_of, run_job
from contract_org import NOW, sign_in
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceOperationError

from sfsync.fake import FakeOrg


def accounts(org: FakeOrg, count: int) -> list[str]:
    """Put so many accounts into the org and return their Ids."""
    return [org.add("Account", Name=f"A{at}", Number__c=f"n{at}") for at in range(count)]


def test_simple_salesforce_writes_through_jobs(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 6.5: one job per batch; its numbers and Id come back, no results per record."""
    (made,) = sf.bulk2.Account.insert(records=[{"Name": "A"}, {"Name": "B"}], wait=0)
    assert made == {
        "numberRecordsFailed": 0,
        "numberRecordsProcessed": 2,
        "numberRecordsTotal": 2,
        "job_id": made["job_id"],
    }
    assert made["job_id"].startswith("750")
    ids = [str(each["Id"]) for each in org.records("Account")]
    jobs = sf.bulk2.Account.update(
        records=[{"Id": each, "Phone": "1"} for each in ids], batch_size=1, wait=0
    )
    assert len({each["job_id"] for each in jobs}) == 2
    assert [each["Phone"] for each in org.records("Account")] == ["1", "1"]
    sf.bulk2.Account.delete(records=[{"Id": ids[0]}], wait=0)
    assert [each["Id"] for each in org.records("Account")] == ids[1:]
    assert org.record("Account", ids[0])["IsDeleted"] is True


def test_a_job_is_shown_as_in_the_samples(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 6.1, A11: what creation, closing and a look at the job tell."""
    (account,) = accounts(org, 1)
    body = {"operation": "update", "object": "account", "contentType": "CSV", "lineEnding": "LF"}
    created = ask(sf, "POST", "jobs/ingest", json=body)
    job = Job(sf, created.json()["id"])
    head = {
        "id": job.id,
        "operation": "update",
        "object": "Account",
        "createdById": org.user_id,
        "createdDate": "2026-03-04T09:30:00.000+0000",
        "systemModstamp": "2026-03-04T09:30:00.000+0000",
        "state": "Open",
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": 62.0,
    }
    form = {"lineEnding": "LF", "columnDelimiter": "COMMA"}
    place = {"contentUrl": f"services/data/v62.0/jobs/ingest/{job.id}/batches"}
    assert created.json() == head | place | form
    put = job.put(f"Id,Phone\n{account},1\nbogus,1\n")
    assert (put.status_code, put.content) == (201, b"")
    assert job.set("UploadComplete").json() == head | {"state": "UploadComplete"}
    job.finish()
    moved = {"state": "JobComplete", "systemModstamp": "2026-03-04T09:30:01.000+0000"}
    assert job.look() == head | place | form | moved | {
        "jobType": "V2Ingest",
        "numberRecordsProcessed": 2,
        "numberRecordsFailed": 1,
        "retries": 0,
        "totalProcessingTime": 1000,
        "apiActiveProcessingTime": 1000,
        "apexProcessingTime": 0,
    }


@pytest.mark.parametrize(
    ("polls", "states"),
    [
        ((1, 1), ["InProgress", "JobComplete", "JobComplete"]),
        ((2, 1), ["UploadComplete", "InProgress", "JobComplete"]),
        ((0, 2), ["InProgress", "JobComplete", "JobComplete"]),
        ((1, 0), ["JobComplete", "JobComplete", "JobComplete"]),
        ((0, 0), ["JobComplete", "JobComplete", "JobComplete"]),
    ],
)
def test_each_look_moves_a_job_on(
    org: FakeOrg, sf: Salesforce, polls: tuple[int, int], states: list[str]
) -> None:
    """Contract 6.1, 11.16: nothing is written before the job is complete."""
    org.state.bulk_polls = polls
    (account,) = accounts(org, 1)
    job = open_job(sf)
    job.put(f"Id,Phone\n{account},1\n")
    assert job.look()["state"] == "Open"
    assert job.set("UploadComplete").json()["state"] == "UploadComplete"
    for state in states:
        found = job.look()["state"]
        written = org.record("Account", account)["Phone"] == "1"
        assert (found, written) == (state, state == "JobComplete")


def test_the_files_tell_of_each_record(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 6.1, A12: all cells quoted, UTF-8 said, the columns of the upload behind."""
    one, two = accounts(org, 2)
    job = run_job(sf, f'Id,Phone,Name\n{one},1,"Ö, ""x"""\n{two},2,#N/A\n')
    done = job.ask("GET", "/successfulResults/")
    assert done.headers["Content-Type"] == "text/csv; charset=UTF-8"
    assert done.content.decode() == (
        f'"sf__Id","sf__Created","Id","Phone","Name"\n"{one}","false","{one}","1","Ö, ""x"""\n'
    )
    assert job.ask("GET", "/failedResults/").text == (
        '"sf__Id","sf__Error","Id","Phone","Name"\n'
        f'"{two}","REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --",'
        f'"{two}","2","#N/A"\n'
    )
    for spelling in ("unprocessedrecords", "unprocessedRecords"):
        assert job.ask("GET", f"/{spelling}").text == '"Id","Phone","Name"\n'


def test_new_records_are_told_from_old_ones(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 6.1: sf__Created; sf__Id is empty for a failed insert; errors without fields."""
    (old,) = accounts(org, 1)
    text = "Number__c,Name\nN0,Old\nnew,New\n,None\nnew,Again\n"
    job = run_job(sf, text, "upsert", externalIdFieldName="number__c")
    assert job.look()["externalIdFieldName"] == "Number__c"
    done = {each["Name"]: each for each in job.file("successfulResults")}
    assert {name: each["sf__Created"] for name, each in done.items()} == {
        "Old": "false",
        "New": "true",
    }
    assert done["Old"]["sf__Id"] == old
    assert org.record("Account", done["New"]["sf__Id"])["Number__c"] == "new"
    assert job.errors() == [
        "DUPLICATE_VALUE:Duplicate external id specified: new:--",
        "MISSING_ARGUMENT:Number__c not specified:Number__c --",
    ]
    assert {each["sf__Id"] for each in job.file("failedResults")} == {""}


def test_upsert_by_id_creates_where_there_is_none(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 5.1: Id may be the key; simple-salesforce takes it if none is named."""
    (old,) = accounts(org, 1)
    sf.bulk2.Account.upsert(records=[{"Id": old, "Name": "X"}, {"Id": "", "Name": "Y"}], wait=0)
    assert [each["Name"] for each in org.records("Account")] == ["X", "Y"]


def test_result_files_have_an_order_of_their_own(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 6.1: correlate by Id; the order is another one, and always the same."""
    ids = accounts(org, 60)
    job = run_job(sf, "Id,Phone\n" + "".join(f"{each},1\n" for each in ids))
    found = [each["sf__Id"] for each in job.file("successfulResults")]
    assert sorted(found) == sorted(ids)
    assert found != ids
    assert [each["sf__Id"] for each in job.file("successfulResults")] == found


def test_each_chunk_is_a_transaction_of_its_own(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 6.4: chunks of 200; the same Id twice in one is refused, apart it is not."""
    ids = accounts(org, 200)
    lines = [*ids[:199], ids[0], ids[0], ids[199]]
    job = run_job(sf, "Id,Phone\n" + "".join(f"{each},1\n" for each in lines))
    assert job.errors() == [f"DUPLICATE_VALUE:Duplicate id specified: {ids[0]}:--"]
    stamps = [str(org.record("Account", each)["SystemModstamp"]) for each in ids]
    assert (stamps[0], stamps[1]) == (stamps[199], "2026-03-04T09:30:01.000+0000")
    assert stamps[0] == "2026-03-04T09:30:02.000+0000"
    assert org.clock.now() == NOW + timedelta(seconds=2)


def test_bulk_rows_meet_the_rules_of_the_org(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 6.1, 5.2: JobComplete though all failed; history is written, rules are asked."""
    ids = accounts(org, 2)
    org.add_validation_rule(
        "Account",
        lambda _before, after: ("No.", "Phone") if after.get("Phone") == "13" else None,
    )
    text = f"Id,Phone,Status__c\n{ids[0]},13,Target\n{ids[1]},1,Nonsense\n"
    job = run_job(sf, text)
    shown = job.look()
    assert (shown["state"], shown["numberRecordsFailed"]) == ("JobComplete", 2)
    assert job.errors() == [
        "FIELD_CUSTOM_VALIDATION_EXCEPTION:No.:Phone --",
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST:Status: bad value for restricted picklist "
        "field: Nonsense:Status__c --",
    ]
    run_job(sf, f"Id,Status__c\n{ids[0]},Target\n")
    (history,) = org.records("AccountHistory")
    assert (history["Field"], history["NewValue"]) == ("Status__c", "Target")


def test_records_belong_to_whoever_created_the_job(org: FakeOrg) -> None:
    """Contract 6.1: createdById."""
    pia = org.add("User", Name="Pia Birch", Username="pia.birch@example.com")
    run_job(sign_in(org, pia), "Name\nA\n", "insert")
    (account,) = org.records("Account")
    assert (account["OwnerId"], account["CreatedById"]) == (pia, pia)


def test_a_job_may_write_what_its_creator_may(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 8.11: not what whoever looks at it may."""
    (account,) = accounts(org, 1)
    org.state.store.schema.objects["Account"].guarded.add("Site")
    parent = org.add("PermissionSet", Name="Own", Label="Own")
    org.add("PermissionSetAssignment", AssigneeId=org.user_id, PermissionSetId=parent)
    org.add(
        "FieldPermissions",
        ParentId=parent,
        SobjectType="Account",
        Field="Account.Site",
        PermissionsRead=True,
        PermissionsEdit=True,
    )
    other = sign_in(org, org.add("User", Name="Pia Birch", Username="pia.birch@example.com"))
    for creator, looker, state in ((sf, other, "JobComplete"), (other, sf, "Failed")):
        job = open_job(creator)
        job.put(f"Id,Site\n{account},{state}\n")
        job.set("UploadComplete")
        assert Job(looker, job.id).finish()["state"] == state
    assert org.record("Account", account)["Site"] == "JobComplete"


def test_a_job_takes_one_upload_and_one_end(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 6.1: one PUT per job; texts from memory."""
    (account,) = accounts(org, 1)
    job = open_job(sf)
    assert refusal(job.ask("GET", "/successfulResults")) == (400, "INVALIDJOBSTATE")
    assert refusal(job.ask("DELETE")) == (400, "INVALIDJOBSTATE")
    wrong = job.ask("PUT", "/batches", data=b"Id\n", headers={"Content-Type": "application/json"})
    assert refusal(wrong) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert job.put(f"Id,Phone\n{account},1\n").status_code == 201
    again = job.put("Id,Phone\n")
    assert refusal(again) == (400, "CLIENTINPUTERROR")
    assert "Found multiple contents for job" in again.text
    assert refusal(job.set("JobComplete")) == (400, "INVALIDJOBSTATE")
    job.set("UploadComplete")
    assert refusal(job.set("UploadComplete")) == (400, "INVALIDJOBSTATE")
    assert refusal(job.put("Id\n")) == (400, "INVALIDJOBSTATE")
    job.finish()
    assert "already Completed" in job.set("Aborted").text
    assert (job.ask("DELETE").status_code, job.ask("DELETE").status_code) == (204, 404)


def test_an_upload_has_at_most_100_megabytes(sf: Salesforce) -> None:
    """Contract 6.2."""
    job = open_job(sf, "insert")
    assert refusal(job.put(b"x" * (100 * 2**20 + 1))) == (413, "CLIENTINPUTERROR")
    assert job.put("Name\nA\n").status_code == 201


@pytest.mark.parametrize("begun", ["Open", "UploadComplete", "InProgress"])
def test_an_aborted_job_leaves_its_records_unprocessed(
    org: FakeOrg, sf: Salesforce, begun: str
) -> None:
    """Contract 6.1: Aborted by PATCH, before anything is written."""
    (account,) = accounts(org, 1)
    job = open_job(sf)
    job.put(f"Id,Phone\n{account},1\n")
    if begun != "Open":
        job.set("UploadComplete")
    if begun == "InProgress":
        assert job.look()["state"] == begun
    assert job.set("Aborted").json()["state"] == "Aborted"
    assert (job.look()["state"], job.look()["numberRecordsProcessed"]) == ("Aborted", 0)
    assert job.file("unprocessedrecords") == [{"Id": account, "Phone": "1"}]
    assert (job.file("successfulResults"), job.file("failedResults")) == ([], [])
    assert org.record("Account", account)["Phone"] is None


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"operation": "update", "object": "Nonsense"}, "INVALIDJOB"),
        ({"operation": "merge", "object": "Account"}, "INVALIDJOB"),
        ({"operation": "query", "object": "Account"}, "INVALIDJOB"),
        ({"object": "Account"}, "INVALIDJOB"),
        ({"operation": "update", "object": "Account", "lineEnding": "CR"}, "INVALIDJOB"),
        ({"operation": "update", "object": "Account", "columnDelimiter": ","}, "INVALIDJOB"),
        ({"operation": "update", "object": "Account", "contentType": "JSON"}, "INVALIDJOB"),
        ({"operation": "update", "object": "Account", "wait": "5"}, "JSON_PARSER_ERROR"),
        ({"operation": "upsert", "object": "Account"}, "INVALIDJOB"),
        (
            {"operation": "upsert", "object": "Account", "externalIdFieldName": "Phone"},
            "INVALIDJOB",
        ),
        ({"operation": "hardDelete", "object": "Account"}, "FEATURENOTENABLED"),
    ],
)
def test_a_job_that_makes_no_sense_is_refused(
    sf: Salesforce, body: dict[str, str], code: str
) -> None:
    """Contract 6.1: HTTP 400 at creation; codes from memory."""
    assert refusal(ask(sf, "POST", "jobs/ingest", json=body)) == (400, code)
    assert ask(sf, "GET", "jobs/ingest").json()["records"] == []


def test_hard_delete_needs_a_permission_and_leaves_nothing(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 6.1: hardDelete; what goes with a record goes too."""
    org.state.bulk_hard_delete = True
    gone, kept = accounts(org, 2)
    contact = org.add("Contact", LastName="Li", AccountId=gone)
    task = org.add("Task", Subject="Call", WhatId=kept, Status="Completed")
    sf.bulk2.Account.hard_delete(records=[{"Id": gone}], wait=0)
    sf.bulk2.Task.hard_delete(records=[{"Id": task}], wait=0)
    for name, record in (("Account", gone), ("Contact", contact), ("Task", task)):
        with pytest.raises(KeyError):
            org.record(name, record)
    assert [each["Id"] for each in org.records("Account")] == [kept]
    assert sf.query_all("SELECT Id FROM Account", include_deleted=True)["totalSize"] == 1


def test_deleting_takes_ids_alone(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 6.5: the header is exactly Id."""
    (account,) = accounts(org, 1)
    job = run_job(sf, f"Id,Name\n{account},A\n", "delete")
    shown = job.look()
    assert shown["state"] == "Failed"
    assert shown["errorMessage"] == "InvalidBatch : The 'delete' batch must contain only ids"
    assert len(org.records("Account")) == 1
    job = run_job(sf, f'Id\n{account}\n{account}\n""\n', "delete")
    assert job.errors() == [
        "ENTITY_IS_DELETED:entity is deleted:--",
        "MISSING_ARGUMENT:Id not specified in a delete call:--",
    ]
    assert org.records("Account") == []


def test_jobs_are_listed_and_forgotten_after_seven_days(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 6.4: by the org's clock; a job may stay open for a day."""
    job, left_open = run_job(sf, "Name\nA\n", "insert"), open_job(sf)
    listed = sf.restful("jobs/ingest")
    assert (listed["done"], listed["nextRecordsUrl"]) == (True, None)
    assert [each["id"] for each in listed["records"]] == [job.id, left_open.id]
    assert left_open.look()["state"] == "Open"
    org.clock.advance(24 * 3600 + 1)
    assert left_open.look()["state"] == "Failed"
    org.clock.advance(6 * 24 * 3600 - 60)
    assert len(job.file("successfulResults")) == 1
    assert job.ask("GET").status_code == Job(sf, job.id[:15]).ask("GET").status_code == 200
    org.clock.advance(61)
    assert refusal(job.ask("GET")) == (404, "NOT_FOUND")
    assert refusal(job.ask("GET", "/failedResults")) == (404, "NOT_FOUND")
    assert sf.restful("jobs/ingest")["records"] == []


def test_batches_and_calls_count_against_the_day(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 6.4, 7.1: batches of 10,000 records; every call is one of the day's."""
    org.state.bulk_batch_quota = 3
    before = org.state.calls_left()
    job = run_job(sf, "Nonsense__c\nA\n", "insert")
    assert before - org.state.calls_left() == 5
    assert sf.limits()["DailyBulkApiBatches"] == {"Max": 3, "Remaining": 3}
    text = "Id\n" + "001000000000zzzAAA\n" * 10_001
    run_job(sf, text, "delete")
    assert sf.limits()["DailyBulkApiBatches"] == {"Max": 3, "Remaining": 1}
    job = run_job(sf, text, "delete")
    shown = job.look()
    assert (shown["state"], shown["numberRecordsProcessed"]) == ("Failed", 10_000)
    assert shown["errorMessage"] == "ExceededQuota : ApiBatchItems Limit exceeded."
    assert job.file("unprocessedrecords") == [{"Id": "001000000000zzzAAA"}]
    body = {"operation": "insert", "object": "Account"}
    assert refusal(ask(sf, "POST", "jobs/ingest", json=body)) == (400, "LIMIT_EXCEEDED")
    org.clock.advance(24 * 3600 + 1)
    assert open_job(sf, "insert").look()["state"] == "Open"


def test_a_failed_job_reaches_simple_salesforce_as_an_error(sf: Salesforce) -> None:
    """Contract 6.5: SalesforceOperationError with errorMessage."""
    with pytest.raises(SalesforceOperationError, match="Field name not found : Nonsense__c"):
        sf.bulk2.Account.insert(records=[{"Nonsense__c": "A"}], wait=0)


def test_old_versions_know_no_such_jobs(org: FakeOrg) -> None:
    """Contract 6: ingest came with 41.0."""
    body = {"operation": "insert", "object": "Account"}
    old = ask(sign_in(org, version="40.0"), "POST", "jobs/ingest", json=body)
    assert refusal(old) == (404, "NOT_FOUND")


def test_a_file_is_uploaded_as_it_is(org: FakeOrg, sf: Salesforce, tmp_path: Path) -> None:
    """Contract 6.5: csv_file."""
    path = tmp_path / "accounts.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerows([["Name", "Description"], ["Ä", "one\ntwo"]])
    (made,) = sf.bulk2.Account.insert(csv_file=str(path), wait=0)
    (account,) = org.records("Account")
    assert (account["Name"], account["Description"]) == ("Ä", "one\ntwo")
    (row,) = rows_of(sf.bulk2.Account.get_successful_records(made["job_id"]))
    assert row["Description"] == "one\ntwo"
