"""Does a bulk job write each record once, and is what became of it told, whatever goes wrong?"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
import responses
from entering import connect
from responses.registries import OrderedRegistry
from scripted_org import ACCOUNT, DAILY, DATA, OTHER, Script

from sfsync.errors import OrgRefused, OrgUnavailable
from sfsync.fake import Call, FakeOrg
from sfsync.fake.state import JobEnd
from sfsync.org import UNPROCESSED, Org, RowResult
from sfsync.org.upload import results_of, to_csv

NOW = datetime(2026, 6, 15, 8, 0, tzinfo=UTC)
UNKNOWN = "001000000000zzzAAA"
JOB = "750000000000001AAA"
PATH = f"{DATA}/jobs/ingest/{JOB}"


# Through the fake.


@pytest.fixture
def fake() -> FakeOrg:
    return FakeOrg.standard(NOW)


@pytest.fixture
def org(fake: FakeOrg) -> Org:
    return connect(fake.session(), fake.host, fake.token(), sleep=lambda _: None)


def add_accounts(fake: FakeOrg, count: int) -> list[str]:
    return [fake.add("Account", Name=f"Account {number}") for number in range(count)]


def send(org: Org, rows: list[tuple[str, dict[str, Any]]]) -> list[RowResult]:
    job = org.open_job("Account")
    return org.send_job(job, "Account", rows)


def test_a_job_changes_just_what_it_names_and_tells_of_each_record(fake: FakeOrg, org: Org) -> None:
    ids = add_accounts(fake, 450)
    bad = ids[7]
    fake.add_validation_rule(
        "Account", lambda _, after: "Ask: Finance, please" if after["Name"] == "bad" else None
    )
    org.fields("Account")
    before = org.calls

    results = send(org, [(id, {"Name": "bad" if id == bad else f"x {id}"}) for id in ids])

    # create, upload, close, two looks, two files
    assert org.calls - before == 7
    assert [result.id for result in results] == ids
    assert {result.id for result in results if not result.ok} == {bad}
    assert results[7].code == "FIELD_CUSTOM_VALIDATION_EXCEPTION"
    assert results[7].message == "Ask: Finance, please"
    assert fake.record("Account", bad)["Name"] == "Account 7"
    assert fake.record("Account", ids[8])["Name"] == f"x {ids[8]}"


def test_every_value_arrives_as_it_was_meant(fake: FakeOrg, org: Org) -> None:
    texts = ["a,b", 'say "x"', "two\nlines", "a\r\nb", "a\u2028b", "Möller", " x", "=1", "null"]
    ids = add_accounts(fake, len(texts))
    rows = [
        (id, {"Name": text, "Phone": None, "AnnualRevenue": 1e7 + 0.25, "NumberOfEmployees": 5})
        for id, text in zip(ids, texts, strict=True)
    ]
    for id in ids:
        fake.edit("Account", id, Phone="12")

    assert all(result.ok for result in send(org, rows))

    for id, text in zip(ids, texts, strict=True):
        row = fake.record("Account", id)
        assert (row["Name"], row["Phone"]) == (text.strip(), None) or row["Name"] == text
        assert (row["AnnualRevenue"], row["NumberOfEmployees"]) == (1e7 + 0.25, 5)


def test_numbers_are_written_without_exponent_and_empty_text_empties() -> None:
    rows = [(ACCOUNT, {"A": 1e22, "B": 1.5e-7, "C": "", "D": True, "E": 5.0, "F": -3})]

    assert to_csv(rows).decode() == (
        f"Id,A,B,C,D,E,F\n{ACCOUNT},10000000000000000000000,0.00000015,#N/A,true,5,-3\n"
    )


def test_a_field_that_a_record_does_not_name_stays_as_it_is(fake: FakeOrg, org: Org) -> None:
    first, second = add_accounts(fake, 2)
    fake.edit("Account", first, Phone="1")
    fake.edit("Account", second, Phone="2")

    send(org, [(first, {"Name": "better"}), (second, {"Phone": None})])

    found = [fake.record("Account", each) for each in (first, second)]
    assert [(row["Name"], row["Phone"]) for row in found] == [("better", "1"), ("Account 1", None)]


def test_what_the_org_would_refuse_as_a_whole_is_refused_record_by_record(
    fake: FakeOrg, org: Org
) -> None:
    good, fixed, infinite, emptying = add_accounts(fake, 4)

    results = send(
        org,
        [
            (UNKNOWN, {"AnnualRevenue": 1.0, "Name": "nobody"}),
            (infinite, {"AnnualRevenue": float("inf"), "Name": "x"}),
            ("nonsense", {"AnnualRevenue": 1.0, "Name": "nobody"}),
            (emptying, {"AnnualRevenue": 1.0, "Name": "#N/A"}),
            (good, {"AnnualRevenue": 1.0, "Name": "better"}),
        ],
    )
    (locked,) = send(org, [(fixed, {"LastActivityDate": "2026-01-01"})])
    (hidden,) = send(org, [(fixed, {"Nope__c": 1})])

    assert [each.code for each in (*results, locked, hidden)] == [
        "INVALID_CROSS_REFERENCE_KEY",
        "NUMBER_OUTSIDE_VALID_RANGE",
        "MALFORMED_ID",
        "FIELD_INTEGRITY_EXCEPTION",
        "",
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        "INVALID_FIELD",
    ]
    assert fake.record("Account", good)["Name"] == "better"
    states = [job.state for job in fake.state.bulk_jobs.values()]
    assert states == ["JobComplete", "Aborted", "Aborted"]


def test_rows_that_do_not_belong_into_one_job(fake: FakeOrg, org: Org) -> None:
    (id,) = add_accounts(fake, 1)

    assert send(org, []) == []
    with pytest.raises(ValueError, match="twice"):
        send(org, [(id, {"Name": "a"}), (id[:15], {"Name": "b"})])
    with pytest.raises(OrgRefused, match="Nothing was written"):
        org.open_job("Nonsense__c")


def test_an_upload_that_is_too_large_is_refused_before_it_is_sent(
    fake: FakeOrg, org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    (id,) = add_accounts(fake, 1)
    monkeypatch.setattr("sfsync.org.bulk_write.MOST_BYTES", 20)

    with pytest.raises(OrgRefused, match=r"takes 20\. Hand over fewer"):
        send(org, [(id, {"Name": "better"})])

    assert fake.record("Account", id)["Name"] == "Account 0"
    assert "PUT" not in {method for method, _ in fake.calls}


@pytest.mark.parametrize(("state", "words"), [("Failed", "no room"), ("Aborted", "aborted")])
def test_a_job_that_ends_half_way_tells_of_the_records_it_came_to(
    fake: FakeOrg, org: Org, state: Any, words: str
) -> None:
    ids = add_accounts(fake, 5)
    fake.state.bulk_faults.append(lambda _: JobEnd(state, after=2, message="no room"))

    results = send(org, [(id, {"Name": "better"}) for id in ids])

    assert [result.ok for result in results] == [True, True, False, False, False]
    assert {result.code for result in results[2:]} == {UNPROCESSED}
    assert words in results[4].message
    assert fake.record("Account", ids[4])["Name"] == "Account 4"


def lose(fake: FakeOrg, when: str, method: str, ending: str) -> Callable[[], int]:
    """Lose one answer (`after` the org did it) or one request (`before`); count such requests."""
    met: list[str] = []

    def fault(call: Call) -> None:
        path = call.request.path
        if call.when == when and call.method == method and path.endswith(ending):
            met.append(path)
            if len(met) == 1:
                raise requests.ConnectionError("reset")

    fake.on_request.append(fault)
    return lambda: len(met)


@pytest.mark.parametrize(
    ("when", "method", "ending", "times"),
    [
        ("after", "POST", "jobs/ingest", 2),
        ("before", "POST", "jobs/ingest", 2),
        ("after", "PUT", "batches", 1),
        ("after", "PATCH", "", 1),
        ("before", "PATCH", "", 2),
        ("after", "GET", "successfulResults", 2),
        ("before", "GET", "failedResults", 2),
    ],
)
def test_one_lost_answer_of_any_step_changes_nothing(
    fake: FakeOrg, org: Org, when: str, method: str, ending: str, times: int
) -> None:
    ids = add_accounts(fake, 3)
    asked = lose(fake, when, method, ending)

    results = send(org, [(id, {"Name": "x" * (300 if id == ids[2] else 3)}) for id in ids])

    assert [result.ok for result in results] == [True, True, False]
    assert asked() == times
    assert fake.record("Account", ids[0])["Name"] == "xxx"


def test_an_upload_that_never_came_is_not_sent_again(fake: FakeOrg, org: Org) -> None:
    (id,) = add_accounts(fake, 1)
    asked = lose(fake, "before", "PUT", "batches")

    (result,) = send(org, [(id, {"Name": "better"})])

    assert (result.ok, result.code, asked()) == (False, UNPROCESSED, 1)
    assert fake.record("Account", id)["Name"] == "Account 0"


def test_a_job_of_a_dead_process_is_told_of_later(fake: FakeOrg, org: Org) -> None:
    ids = add_accounts(fake, 3)
    job = org.open_job("Account")

    def die(call: Call) -> None:
        if call.when == "before" and call.method == "GET" and "/jobs/" in call.request.path:
            raise KeyboardInterrupt

    fake.on_request.append(die)
    with pytest.raises(KeyboardInterrupt):
        org.send_job(
            job, "Account", [(id, {"Name": "x" * (300 if id == ids[2] else 3)}) for id in ids]
        )
    fake.on_request.remove(die)

    results = org.job_results(job)

    assert {id: result.ok for id, result in results.items()} == {
        ids[0]: True, ids[1]: True, ids[2]: False
    }  # fmt: skip
    assert results[ids[2]].code == "STRING_TOO_LONG"


def test_an_open_job_is_aborted_and_a_forgotten_one_did_nothing_that_is_known(
    fake: FakeOrg, org: Org
) -> None:
    job = org.open_job("Account")

    assert org.job_results(job) == {}
    assert fake.state.bulk_jobs[job].state == "Aborted"

    fake.clock.set(NOW + timedelta(days=8))
    assert org.job_results(job) == {}


# Answer by answer.


@pytest.fixture
def script() -> Iterator[Script]:
    with responses.RequestsMock(registry=OrderedRegistry) as mock:
        made = Script(mock)
        made.account()
        yield made


ROWS = [(ACCOUNT, {"Name": "A"}), (OTHER, {"Name": "B"})]


def uploaded(script: Script) -> None:
    script.mock.put(f"{PATH}/batches", status=201)


def looked(script: Script, state: str, **info: Any) -> None:
    script.mock.get(PATH, json={"id": JOB, "state": state, **info})


def test_an_upload_is_csv_in_utf8_that_is_named_so(script: Script) -> None:
    uploaded(script)
    script.mock.patch(PATH, json={"state": "UploadComplete"})
    looked(script, "JobComplete")
    done = b'"sf__Id","sf__Created","Id","Name"\n"%b","false","%b","A"\n'
    script.mock.get(
        f"{PATH}/successfulResults", body=done % (ACCOUNT.encode(), ACCOUNT[:15].encode())
    )
    # A wrong charset, as some proxies add one, must not turn the words into others.
    words = '"sf__Id","sf__Error","Id","Name"\n"","OOPS:Schön: ja:Name --","{}","B"\n'
    script.mock.get(
        f"{PATH}/failedResults",
        body=words.format(OTHER).encode(),
        content_type="text/csv; charset=ISO-8859-1",
    )

    results = script.org.send_job(JOB, "Account", ROWS)

    assert results == [RowResult(ACCOUNT, True), RowResult(OTHER, False, "OOPS", "Schön: ja")]
    put = next(call.request for call in script.mock.calls if call.request.method == "PUT")
    assert put.headers["Content-Type"] == "text/csv; charset=UTF-8"
    assert put.body == f"Id,Name\n{ACCOUNT},A\n{OTHER},B\n".encode()


def test_a_refused_upload_is_refused_and_the_job_given_up(script: Script) -> None:
    script.mock.put(f"{PATH}/batches", json=DAILY, status=403)
    script.mock.patch(PATH, json={"state": "Aborted"})

    with pytest.raises(OrgRefused, match="24 hours"):
        script.org.send_job(JOB, "Account", ROWS)


def test_a_close_that_is_lost_twice_leaves_it_open_what_became_of_it(script: Script) -> None:
    uploaded(script)
    for _ in range(2):
        script.mock.patch(PATH, body=requests.ReadTimeout())
        looked(script, "Open")

    with pytest.raises(OrgUnavailable):
        script.org.send_job(JOB, "Account", ROWS)


def test_a_refused_close_of_an_open_job_is_a_refusal(script: Script) -> None:
    script.mock.put(f"{PATH}/batches", body="<html>", status=503)
    script.mock.patch(PATH, json=[{"errorCode": "INVALIDJOBSTATE", "message": "no"}], status=400)
    looked(script, "Open")
    script.mock.patch(PATH, json={"state": "Aborted"})

    with pytest.raises(OrgRefused, match="INVALIDJOBSTATE"):
        script.org.send_job(JOB, "Account", ROWS)


@pytest.mark.parametrize("step", ["look", "result"])
def test_once_closed_no_refusal_reads_as_if_nothing_was_written(script: Script, step: str) -> None:
    uploaded(script)
    script.mock.patch(PATH, json={"state": "UploadComplete"})
    if step == "look":
        script.mock.get(PATH, json=DAILY, status=403)
    else:
        looked(script, "JobComplete", numberRecordsProcessed=0)
        script.mock.get(f"{PATH}/successfulResults", json=DAILY, status=403)

    with pytest.raises(OrgUnavailable, match="may have written"):
        script.org.send_job(JOB, "Account", ROWS)


def test_a_job_that_failed_before_it_began_has_no_files_and_did_nothing(script: Script) -> None:
    uploaded(script)
    script.mock.patch(PATH, json={"state": "UploadComplete"})
    looked(script, "Failed", numberRecordsProcessed=0, errorMessage="InvalidBatch : no header")

    results = script.org.send_job(JOB, "Account", ROWS)

    assert {result.code for result in results} == {UNPROCESSED}
    assert "InvalidBatch : no header" in results[0].message


def test_a_file_with_fewer_results_than_the_job_counted_leaves_the_end_unknown(
    script: Script,
) -> None:
    uploaded(script)
    script.mock.patch(PATH, json={"state": "UploadComplete"})
    looked(script, "JobComplete", numberRecordsProcessed=2, numberRecordsFailed=0)
    short = f'"sf__Id","sf__Created","Id"\n"{ROWS[0][0]}","false","{ROWS[0][0]}"\n'.encode()
    for _ in range(4):
        script.mock.get(f"{PATH}/successfulResults", body=short)

    with pytest.raises(OrgUnavailable, match="1 of 2 results"):
        script.org.send_job(JOB, "Account", ROWS)


@pytest.mark.parametrize("body", [b"<html>Down</html>", b'"Id","Name"\n', b"\xff\xfe"])
def test_files_of_another_form_leave_the_end_unknown(script: Script, body: bytes) -> None:
    uploaded(script)
    script.mock.patch(PATH, json={"state": "UploadComplete"})
    looked(script, "JobComplete")
    for _ in range(4):
        script.mock.get(f"{PATH}/successfulResults", body=body)

    with pytest.raises(OrgUnavailable, match="no CSV of results"):
        script.org.send_job(JOB, "Account", ROWS)


def test_a_job_that_is_lost_or_never_ends_leaves_the_end_unknown(script: Script) -> None:
    uploaded(script)
    script.mock.patch(PATH, json={"state": "UploadComplete"})
    script.mock.get(PATH, json=[{"errorCode": "NOT_FOUND", "message": "no"}], status=404)

    with pytest.raises(OrgUnavailable, match="knows the bulk job no more"):
        script.org.send_job(JOB, "Account", ROWS)


def test_waiting_ends_after_hours(fake: FakeOrg, org: Org) -> None:
    (id,) = add_accounts(fake, 1)
    fake.state.bulk_polls = (10_000, 1)

    with pytest.raises(OrgUnavailable, match="did not end within 6 hours"):
        send(org, [(id, {"Name": "better"})])


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        ("REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --",
         "REQUIRED_FIELD_MISSING", "Required fields are missing: [Name]"),
        (f"UNABLE_TO_LOCK_ROW:unable to lock 1 records: {ACCOUNT}:--",
         "UNABLE_TO_LOCK_ROW", f"unable to lock 1 records: {ACCOUNT}"),
        ("A_CODE:Call: the office (now!)", "A_CODE", "Call: the office (now!)"),
        ("A_CODE:", "A_CODE", "refused without a reason"),
        ("something odd: here", "UNKNOWN_EXCEPTION", "something odd: here"),
        ("", "UNKNOWN_EXCEPTION", "refused without a reason"),
    ],
)  # fmt: skip
def test_an_error_is_its_code_and_its_words(error: str, code: str, message: str) -> None:
    body = f'"sf__Id","sf__Error","Id"\n"{ACCOUNT}","{error}","{ACCOUNT}"\n'.encode()

    assert results_of(body, ok=False) == [RowResult(ACCOUNT, False, code, message)]
    assert results_of(b"", ok=False) == []
