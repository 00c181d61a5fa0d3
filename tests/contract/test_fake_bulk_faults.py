"""Can bulk jobs be made to go wrong, by data and by hooks? (contract 6.1, 7.2, 11.21)"""

from collections.abc import Mapping

import pytest
import requests
from bulk_client import Job, ask_for, open_job, refusal, run_job
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceOperationError

from sfsync.fake import FakeOrg
from sfsync.fake.errors import refuse_record
from sfsync.fake.faults import end_job, lose_answer
from sfsync.fake.given_faults import Faults
from sfsync.fake.state import JobEnd


@pytest.fixture
def faults(org: FakeOrg) -> Faults:
    """What can be put in force in the org."""
    return Faults(org)


@pytest.fixture
def ids(org: FakeOrg) -> list[str]:
    """The Ids of 250 accounts, in the order in which `text` names them."""
    return [org.add("Account", Name=f"A{at}") for at in range(250)]


def text(ids: list[str]) -> str:
    """Return an upload that gives each record a phone."""
    return "Id,Phone\n" + "".join(f"{each},1\n" for each in ids)


def written(org: FakeOrg) -> list[str]:
    """Return the Ids of the accounts that have a phone."""
    return [str(each["Id"]) for each in org.records("Account") if each["Phone"]]


@pytest.mark.parametrize("after", [0, 1, 200, 201, 250])
def test_a_job_fails_after_so_many_records(
    org: FakeOrg, sf: Salesforce, faults: Faults, ids: list[str], after: int
) -> None:
    """Contract 6.1: what is written stays written, the rest is unprocessed."""
    faults.add({"kind": "bulk_fail", "after": after, "message": "InternalServerError : Gone"})
    job = run_job(sf, text(ids))
    shown = job.look()
    assert (shown["state"], shown["errorMessage"]) == ("Failed", "InternalServerError : Gone")
    assert (shown["numberRecordsProcessed"], shown["numberRecordsFailed"]) == (after, 0)
    assert written(org) == ids[:after]
    assert {each["sf__Id"] for each in job.file("successfulResults")} == set(ids[:after])
    assert {each["Id"] for each in job.file("unprocessedrecords")} == set(ids[after:])
    assert run_job(sf, text(ids)).look()["state"] == "JobComplete"


def test_only_written_records_count(
    org: FakeOrg, sf: Salesforce, faults: Faults, ids: list[str]
) -> None:
    """Contract 6.1: a refused record is processed, but not written."""
    faults.add({"kind": "lock", "ids": [ids[0]]})
    faults.add({"kind": "bulk_abort", "after": 2})
    job = run_job(sf, text(ids[:5]))
    shown = job.look()
    assert (shown["state"], "errorMessage" in shown) == ("Aborted", False)
    assert (shown["numberRecordsProcessed"], shown["numberRecordsFailed"]) == (3, 1)
    assert written(org) == ids[1:3]


def test_a_fault_beyond_the_last_record_is_never_met(
    sf: Salesforce, faults: Faults, ids: list[str]
) -> None:
    """Contract 6.1: it takes its turn all the same."""
    faults.add({"kind": "bulk_fail", "after": 6})
    for _turn in range(2):
        assert run_job(sf, text(ids[:5])).look()["state"] == "JobComplete"


def test_faults_of_jobs_have_their_turn_and_their_family(
    org: FakeOrg, sf: Salesforce, faults: Faults, ids: list[str]
) -> None:
    """Contract 11.21: at, times, path; taken away they are gone."""
    faults.add({"kind": "bulk_fail", "at": 2, "times": 1})
    faults.add({"kind": "bulk_abort", "path": "jobs/query"})
    states = [run_job(sf, text(ids[:1])).look()["state"] for _each in range(3)]
    assert states == ["JobComplete", "Failed", "JobComplete"]
    statement = "SELECT Id FROM Account"
    aborted, read = ask_for(sf, statement), ask_for(sf, statement)
    assert (aborted.finish()["state"], read.finish()["state"]) == ("Aborted", "JobComplete")
    faults.add({"kind": "bulk_fail", "times": None})
    assert [each["kind"] for each in faults.all()] == ["bulk_fail", "bulk_abort", "bulk_fail"]
    faults.clear()
    assert org.state.bulk_faults == []
    assert run_job(sf, text(ids[:1])).look()["state"] == "JobComplete"


def test_a_failed_query_reaches_simple_salesforce_as_an_error(
    sf: Salesforce, faults: Faults
) -> None:
    """Contract 6.5."""
    faults.add({"kind": "bulk_fail", "path": "jobs/query", "message": "Out of order"})
    with pytest.raises(SalesforceOperationError, match="Out of order"):
        list(sf.bulk2.Account.query("SELECT Id FROM Account", wait=0))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"kind": "bulk_fail", "after": -1}, "after must be a whole number"),
        ({"kind": "bulk_fail", "message": ""}, "message must be a text"),
        ({"kind": "bulk_fail", "method": "GET"}, "it takes after, at, kind, message, path, times"),
        ({"kind": "bulk_abort", "message": "x"}, "it takes after, at, kind, path, times"),
        ({"kind": "bulk_abort", "at": 0}, "at must be a whole number"),
    ],
)
def test_a_fault_that_makes_no_sense_is_not_put_in_force(
    org: FakeOrg, faults: Faults, given: Mapping[str, object], said: str
) -> None:
    """It names the key that is wrong."""
    with pytest.raises(ValueError, match=said):
        faults.add(given)
    assert org.state.bulk_faults == []


def test_hooks_end_jobs_too(org: FakeOrg, sf: Salesforce, ids: list[str]) -> None:
    """Contract 11.21: from a test, without data."""
    org.state.bulk_faults.append(end_job(JobEnd("Aborted", after=3), times=2))
    for _turn in range(2):
        assert len(run_job(sf, text(ids)).file("unprocessedrecords")) == 247
    assert run_job(sf, text(ids)).look()["state"] == "JobComplete"


def test_faults_of_records_meet_bulk_rows(
    org: FakeOrg, sf: Salesforce, faults: Faults, ids: list[str]
) -> None:
    """Contract 5.2, A12: lock and validation, each for its record."""
    locked, invalid, *_others = ids
    faults.add({"kind": "lock", "ids": [locked]})
    faults.add({"kind": "validation", "ids": [invalid], "message": "No.", "fields": ["Phone"]})
    job = run_job(sf, text(ids[:3]))
    assert job.errors() == [
        "FIELD_CUSTOM_VALIDATION_EXCEPTION:No.:Phone --",
        "UNABLE_TO_LOCK_ROW:unable to obtain exclusive access to this record or 1 records: "
        f"{locked}:--",
    ]
    assert written(org) == [ids[2]]
    assert run_job(sf, text(ids[:3])).errors() == []


def test_a_refused_row_takes_nothing_else_back(
    org: FakeOrg, sf: Salesforce, ids: list[str]
) -> None:
    """Contract 6.4: rows of one chunk stand and fall alone."""

    def refuse_one(record_id: str) -> None:
        if record_id == ids[1]:
            raise refuse_record("UNABLE_TO_LOCK_ROW", "locked")

    org.state.record_faults.append(refuse_one)
    run_job(sf, text(ids[:4]))
    assert written(org) == [ids[0], ids[2], ids[3]]


def test_each_request_of_a_job_may_be_lost(
    org: FakeOrg, sf: Salesforce, faults: Faults, ids: list[str]
) -> None:
    """Contract 7.2, 11.21: an answer that is lost leaves what was asked done."""
    org.on_request.append(lose_answer("jobs/ingest", method="PATCH"))
    faults.add({"kind": "page", "path": "/batches", "method": "PUT", "status": 503})
    faults.add({"kind": "expired_token", "path": "successfulResults"})
    job = open_job(sf)
    assert job.put(text(ids[:1])).status_code == 503
    assert job.put(text(ids[:1])).status_code == 201
    with pytest.raises(requests.ConnectionError):
        job.set("UploadComplete")
    assert job.look()["state"] == "InProgress"
    assert job.finish()["state"] == "JobComplete"
    assert refusal(job.ask("GET", "/successfulResults")) == (401, "INVALID_SESSION_ID")
    assert written(org) == ids[:1]


def test_an_edit_can_come_between_closing_and_writing(
    org: FakeOrg, sf: Salesforce, faults: Faults, ids: list[str]
) -> None:
    """Contract 11.21: whoever polls meets it."""
    edit = {"kind": "edit", "object": "Account", "id": ids[0], "fields": {"Name": "Edited"}}
    job = open_job(sf)
    job.put(f"Id,Name\n{ids[0]},Bulk\n")
    job.set("UploadComplete")
    faults.add({**edit, "path": job.id, "method": "GET", "at": 2})
    assert [job.look()["state"] for _each in range(2)] == ["InProgress", "JobComplete"]
    assert org.record("Account", ids[0])["Name"] == "Bulk"
    job = Job(sf, job.id)
    faults.add({**edit, "path": job.id, "method": "GET"})
    job.look()
    assert org.record("Account", ids[0])["Name"] == "Edited"
