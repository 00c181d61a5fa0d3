"""Does a bulk job read what pages would, whatever the platform's answers look like?"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from time import sleep
from typing import Any

import pyarrow as pa
import pytest
import requests
import responses
from entering import connect
from responses.registries import OrderedRegistry
from scripted_org import ACCOUNT, CONCURRENT, DAILY, DATA, EXPIRED, OTHER, Script, page

from sfsync.errors import OrgRefused, OrgUnavailable
from sfsync.fake import FakeOrg
from sfsync.org import READ_IN_BULK_FROM, Org

NOW = datetime(2026, 6, 15, 8, 0, tzinfo=UTC)
MANY = READ_IN_BULK_FROM + 1
JOB = "750000000000001AAA"
COMPLETE = {"id": JOB, "state": "JobComplete", "numberRecordsProcessed": 2}
HEADER, FIRST, SECOND = (
    b'"Id","Name"\n',
    b'"001000000000001AAA","A"\n',
    b'"001000000000002AAA","B"\n',
)


def read_all(tables: Iterable[pa.Table]) -> list[dict[str, Any]]:
    return [row for table in tables for row in table.to_pylist()]


def by_id(tables: Iterable[pa.Table]) -> list[dict[str, Any]]:
    return sorted(read_all(tables), key=lambda row: str(row["Id"]))


# Through the fake.


@pytest.fixture
def fake() -> FakeOrg:
    return FakeOrg.standard(NOW)


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch, fake: FakeOrg) -> None:
    monkeypatch.setattr("sfsync.org.bulk_read._PAGE_RECORDS", 2)
    monkeypatch.setattr("sfsync.org.bulk_read._PARALLEL_FROM", 2)
    fake.state.bulk_page_size = 3


def odd_accounts(fake: FakeOrg) -> list[str]:
    texts = ["NA", "a,b", 'say "x"', "two\nlines", "a\u2028b", "Möller", "null", "#N/A", " x"]
    return [
        fake.add("Account", Name=text, BillingPostalCode="007", AnnualRevenue=12.5)
        for text in texts
    ]


FIELDS = [
    "Name", "BillingPostalCode", "AnnualRevenue", "Phone", "IsDeleted", "CreatedDate",
    "LastActivityDate",
]  # fmt: skip


def test_a_job_reads_just_what_pages_read(fake: FakeOrg, org: Org) -> None:
    odd_accounts(fake)
    gone = fake.add("Account", Name="gone")
    fake.remove("Account", gone)

    in_pages = by_id(org.tables("Account", FIELDS))
    tables = list(org.tables("Account", FIELDS, expected=MANY))

    assert len(fake.state.bulk_jobs) == 1
    assert by_id(tables) == in_pages
    assert len(in_pages) == 10
    assert {table.schema for table in tables} == {
        pa.schema([(name, pa.string()) for name in ("Id", *FIELDS)])
    }


@pytest.mark.parametrize("repeated", [True, False])
@pytest.mark.parametrize("version", ["57.0", "62.0"])
@pytest.mark.parametrize("spelling", ["nextRecordsUrl", "nextRecordUrl"])
@pytest.mark.usefixtures("small_pages")
def test_every_page_comes_once_with_or_without_its_header(
    fake: FakeOrg, version: str, repeated: bool, spelling: str
) -> None:
    ids = [fake.add("Account", Name=f"Account\n{number}") for number in range(40)]
    fake.state.bulk_header_every_page = repeated
    fake.state.bulk_next_key = spelling
    org = connect(fake.session(), fake.host, fake.token(), version=version, sleep=lambda _: None)
    before = org.calls

    tables = list(org.tables("Account", ["Name"], expected=MANY))

    assert [row["Id"] for row in by_id(tables)] == ids
    assert [row["Name"] for row in by_id(tables)] == [f"Account\n{n}" for n in range(40)]
    asked = [path for _, path in fake.calls]
    assert any(path.endswith("resultPages") for path in asked) == (version == "62.0")
    # describe, the job, two looks at it; lists of five links
    lists = {"57.0": 0, "62.0": 3}[version]
    assert org.calls - before == 4 + lists + len(tables)


@pytest.mark.usefixtures("small_pages")
def test_pages_that_nobody_has_taken_yet_stay_with_the_org(fake: FakeOrg, org: Org) -> None:
    for number in range(40):
        fake.add("Account", Name=f"Account {number}")
    tables = org.tables("Account", ["Name"], expected=MANY)

    next(tables)
    sleep(0.1)

    asked = [path for _, path in fake.calls if path.endswith("/results")]
    assert 1 <= len(asked) <= 3
    assert len(read_all(tables)) == 37


def test_an_object_without_records_is_an_empty_table(org: Org) -> None:
    tables = list(org.tables("Account", ["Name"], expected=MANY))

    assert read_all(tables) == []


def test_archived_and_deleted_records_come_from_a_job_as_from_pages(
    fake: FakeOrg, org: Org
) -> None:
    account = fake.add("Account", Name="Acme")
    fake.add("Task", Subject="old", WhatId=account, Status="Completed", ActivityDate="2024-01-10",
             CreatedDate="2024-01-10T08:00:00.000+0000")  # fmt: skip
    gone = fake.add("Task", Subject="gone", WhatId=account)
    fake.add("Task", Subject="new", WhatId=account)
    fake.remove("Task", gone)

    def subjects(fields: list[str], **named: Any) -> set[object]:
        return {row["Subject"] for row in read_all(org.tables("Task", fields, **named))}

    assert subjects(["Subject"], expected=MANY) == {"new"}
    assert subjects(["Subject"], expected=MANY, archived=True) == {"new", "old"}
    assert subjects(["Subject", "IsDeleted"], expected=MANY) == {"new", "gone"}
    assert subjects(["Subject", "IsDeleted"], expected=MANY, archived=True) == {
        "new", "gone", "old"
    }  # fmt: skip
    assert len(fake.state.bulk_jobs) == 4


def test_the_first_look_comes_soon_and_later_ones_seldom(
    fake: FakeOrg, org: Org, slept: list[float]
) -> None:
    fake.state.bulk_polls = (10, 10)

    list(org.tables("Account", ["Name"], expected=MANY))

    assert slept[0] == 1
    assert slept == sorted(slept)
    assert slept[-1] == 30
    assert len(slept) == 20


# Answer by answer.


@pytest.fixture
def script() -> Iterator[Script]:
    with responses.RequestsMock(registry=OrderedRegistry) as mock:
        made = Script(mock)
        made.account()
        yield made


def created(script: Script) -> None:
    script.mock.post(f"{DATA}/jobs/query", json={"id": JOB, "state": "UploadComplete"})


def looked(script: Script, **info: Any) -> None:
    script.get(f"/jobs/query/{JOB}", {**COMPLETE, **info})


def handed_out(script: Script, body: bytes, **headers: str) -> None:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    script.mock.get(f"{DATA}/jobs/query/{JOB}/results", body=body, headers=names)


def read(script: Script) -> list[dict[str, Any]]:
    return read_all(script.org.tables("Account", ["Name"], expected=MANY))


BOTH = [{"Id": ACCOUNT, "Name": "A"}, {"Id": OTHER, "Name": "B"}]


def test_the_number_of_records_may_be_missing_and_columns_in_another_order(
    script: Script,
) -> None:
    created(script)
    looked(script)
    handed_out(script, b'"Name","Id"\n"A","001000000000001AAA"\n', Sforce_Locator="x=")
    handed_out(script, HEADER + SECOND, Sforce_Locator="null")

    assert read(script) == BOTH
    assert "locator=x=" in str(script.mock.calls[-1].request.url)


def test_a_first_page_that_tells_of_many_is_given_up_for_a_job(script: Script) -> None:
    script.get("/query/", {**page({"Id": ACCOUNT, "Name": "A"}, more="01g-1"), "totalSize": MANY})
    created(script)
    looked(script)
    handed_out(script, HEADER + FIRST + SECOND, Sforce_Locator="null")

    assert read_all(script.org.tables("Account", ["Name"])) == BOTH


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "INVALIDENTITY"), (403, "API_DISABLED_FOR_ORG"), (404, "NOT_FOUND"),
     (400, "LIMIT_EXCEEDED")],
)  # fmt: skip
def test_where_no_job_is_offered_pages_are_read(
    script: Script, status: int, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="sfsync")
    refusal = [{"errorCode": code, "message": "no"}]
    script.mock.post(f"{DATA}/jobs/query", json=refusal, status=status)
    script.get("/query/", page({"Id": ACCOUNT, "Name": "A"}))

    assert read(script) == BOTH[:1]
    assert f"reading Account: no bulk job ({code}): reading page by page" in caplog.text
    assert script.slept == []


def test_a_used_up_day_is_not_asked_again_in_pages(script: Script) -> None:
    script.mock.post(f"{DATA}/jobs/query", json=DAILY, status=403)

    with pytest.raises(OrgRefused, match="24 hours"):
        read(script)


def test_a_job_that_fails_is_replaced_by_pages_and_says_why(
    script: Script, caplog: pytest.LogCaptureFixture
) -> None:
    created(script)
    looked(script, state="Failed", errorMessage="too wide")
    script.get("/query/", page({"Id": ACCOUNT, "Name": "A"}))

    assert read(script) == BOTH[:1]
    assert "the bulk job failed (too wide)" in caplog.text


def test_a_job_that_was_aborted_or_is_gone_is_unavailable(script: Script) -> None:
    created(script)
    looked(script, state="Aborted")
    created(script)
    script.get(f"/jobs/query/{JOB}", [{"errorCode": "NOT_FOUND", "message": "no"}], 404)

    with pytest.raises(OrgUnavailable, match="aborted"):
        read(script)
    with pytest.raises(OrgUnavailable, match="knows the bulk job no more"):
        read(script)


def test_trouble_on_the_way_is_waited_for_at_each_step(script: Script) -> None:
    script.mock.post(f"{DATA}/jobs/query", body=requests.ConnectionError("reset"))
    created(script)
    script.mock.get(f"{DATA}/jobs/query/{JOB}", json=CONCURRENT, status=403)
    script.mock.get(f"{DATA}/jobs/query/{JOB}", body="<html>Down</html>", status=503)
    looked(script)
    handed_out(script, b"<html>Down</html>")
    handed_out(script, HEADER + FIRST, Sforce_NumberOfRecords="2")
    script.mock.get(f"{DATA}/jobs/query/{JOB}/results", body=requests.ReadTimeout())
    handed_out(script, HEADER + FIRST + SECOND, Sforce_NumberOfRecords="2", Sforce_Locator="null")

    assert read(script) == BOTH


@pytest.mark.parametrize(
    "body", [b"<html>Down</html>", b'"Id"\n"x"\n', b"\xff\n", b'"Id","Phone"\n']
)
def test_a_page_that_stays_unreadable_is_no_data(script: Script, body: bytes) -> None:
    created(script)
    looked(script)
    for _ in range(4):
        handed_out(script, body)

    with pytest.raises(OrgUnavailable, match="UNREADABLE"):
        read(script)


def test_a_page_of_html_is_no_record_where_only_ids_were_asked_for(script: Script) -> None:
    created(script)
    looked(script)
    for _ in range(4):
        handed_out(script, b"<html>Down</html>\n")

    with pytest.raises(OrgUnavailable, match="UNREADABLE"):
        list(script.org.tables("Account", ["Id"], expected=MANY))


def test_records_that_are_missing_make_the_reading_unavailable(script: Script) -> None:
    created(script)
    looked(script)
    handed_out(script, HEADER + FIRST, Sforce_Locator="null")

    with pytest.raises(OrgUnavailable, match="read 2 records and handed out 1"):
        read(script)


@pytest.mark.parametrize("link", ["https://example.org/x", "/services/data/v62.0/jobs/query/750/x"])
def test_a_link_that_leads_elsewhere_is_not_followed(script: Script, link: str) -> None:
    created(script)
    looked(script, numberRecordsProcessed=1_000_001)
    pages = {"resultPages": [{"resultUrl": link}], "done": True}
    script.get(f"/jobs/query/{JOB}/resultPages", pages)

    with pytest.raises(OrgUnavailable, match="not in the platform's form"):
        read(script)


def test_where_the_pages_are_not_told_locators_lead_on(script: Script) -> None:
    created(script)
    looked(script, numberRecordsProcessed=1_000_001)
    absent = [{"errorCode": "NOT_FOUND", "message": "no"}]
    script.get(f"/jobs/query/{JOB}/resultPages", absent, 404)
    handed_out(script, HEADER + FIRST + SECOND, Sforce_Locator="null")

    with pytest.raises(OrgUnavailable, match="handed out 2"):
        read(script)


def test_a_refused_token_in_the_midst_of_waiting_is_renewed(fake: FakeOrg) -> None:
    from sfsync.org.client import open_org
    from sfsync.org.credentials import ClientCredentials
    from sfsync.org.signin import sign_in

    odd_accounts(fake)
    credentials = ClientCredentials(f"https://{fake.host}", "fake-client", "fake-secret")
    tokens = sign_in(credentials, fake.session(), fake.clock.now)
    org = open_org(fake.session(), tokens, sleep=lambda _: fake.expire_tokens())

    assert len(read_all(org.tables("Account", ["Name"], expected=MANY))) == 9


def test_an_expired_token_that_nobody_renews_ends_the_reading(script: Script) -> None:
    created(script)
    script.get(f"/jobs/query/{JOB}", EXPIRED, 401)

    with pytest.raises(OrgRefused, match="sign in again"):
        read(script)
