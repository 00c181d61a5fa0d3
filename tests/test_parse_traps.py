"""Does every value that an org writes stay what it is, in pages and in bulk jobs, as text and with
its type?
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest
import responses
from responses.registries import OrderedRegistry
from scripted_org import ACCOUNT, DATA, OTHER, Script, described

from sfsync.extract.records import read_records
from sfsync.extract.wanted import Wanted
from sfsync.fake import FakeOrg
from sfsync.org import READ_IN_BULK_FROM, Org
from sfsync.policy import FieldSpec

NOW = datetime(2026, 6, 15, 8, 0, tzinfo=UTC)
EIGHT = NOW.replace(tzinfo=None)
MANY = READ_IN_BULK_FROM + 1
JOB = "750000000000001AAA"
WORDS = (
    "NA", "NULL", "null", "None", "nan", "N/A", "#N/A", "007", "1e5", "1E400", "-", "-0",
    "true", "False", "2026-06-15", "a,b", 'say "x"', '"', "two\nlines", "two\r\nlines", "a\u2028b",
    "\x0b\x85|", "Möller", "株式会社", "Café 😀", "=1+1", "\\n", " x", "x\u00a0", "\ufeffmark",
)  # fmt: skip
NUMBERS = (12.5, -0.01, 1e-07, 1e20, 123456789012345680.0, 0.0, None, -3.0)
DAYS = ("1899-12-31", "4000-12-31", "1969-12-31", "2024-02-29")
INSTANTS = ("1969-12-31T23:59:59.000+0000", "2026-06-15T08:00:00.000+0000",
            "1900-03-01T00:00:00.000+0000", "2999-12-31T23:59:59.000+0000")  # fmt: skip
KINDS = {"Amount": "number", "CloseDate": "date", "CreatedDate": "instant", "IsWon": "flag"}
FIELDS = ["Name", "NextStep", *KINDS]


@pytest.fixture
def fake() -> FakeOrg:
    fake = FakeOrg.standard(NOW)
    fake.state.bulk_page_size = 9
    for place, word in enumerate(WORDS):
        fake.add(
            "Opportunity", Name=word, NextStep=WORDS[-place], Amount=NUMBERS[place % 8],
            CloseDate=DAYS[place % 4], CreatedDate=INSTANTS[place % 4],
            StageName="Closed Won" if place % 2 else "Prospecting",
        )  # fmt: skip
    return fake


def rows_of(tables: Iterator[pa.Table]) -> list[dict[str, Any]]:
    rows = [row for table in tables for row in table.to_pylist()]
    return sorted(rows, key=lambda row: str(row["Id"]))


@pytest.mark.parametrize("expected", [0, MANY])
@pytest.mark.parametrize("repeated", [True, False])
def test_traps_come_as_they_are_with_their_types(
    fake: FakeOrg, org: Org, monkeypatch: pytest.MonkeyPatch, expected: int, repeated: bool
) -> None:
    monkeypatch.setattr("sfsync.org.bulk_read._PAGE_RECORDS", 9)
    fake.state.bulk_header_every_page = repeated

    rows = rows_of(org.tables("Opportunity", FIELDS, expected=expected, kinds=KINDS))

    assert len(fake.state.bulk_jobs) == (1 if expected else 0)
    assert [list(row.values())[1:] for row in rows] == [
        [
            word,
            WORDS[-place],
            NUMBERS[place % 8],
            date.fromisoformat(DAYS[place % 4]),
            datetime.fromisoformat(INSTANTS[place % 4]).replace(tzinfo=None),
            bool(place % 2),
        ]
        for place, word in enumerate(WORDS)
    ]


def test_pages_and_jobs_give_the_same_text(org: Org) -> None:
    in_pages = rows_of(org.tables("Opportunity", FIELDS))

    assert rows_of(org.tables("Opportunity", FIELDS, expected=MANY)) == in_pages
    assert [row["Name"] for row in in_pages] == list(WORDS)
    assert [row["Amount"] for row in in_pages[:4]] == ["12.5", "-0.01", "1e-07", "1e+20"]
    assert {row["CreatedDate"] for row in in_pages} == set(INSTANTS)
    assert {row["IsWon"] for row in in_pages} == {"true", "false"}


# Answer by answer: what the fake does not write.

TYPES = {
    "AnnualRevenue": "currency",
    "Founded__c": "date",
    "Seen__c": "datetime",
    "Old__c": "boolean",
}
SPECS = (
    FieldSpec("name", "Name", "text"),
    FieldSpec("annual_revenue", "AnnualRevenue", "number"),
    FieldSpec("founded", "Founded__c", "date"),
    FieldSpec("seen", "Seen__c", "instant"),
    FieldSpec("old", "Old__c", "flag"),
    FieldSpec("size", "Size__c", "number"),
)
WANTED = Wanted("Account", SPECS, "", archived=False, stamp=None, deletable=False)
RECORD: Mapping[str, Any] = {"Id": ACCOUNT} | {spec.field: None for spec in SPECS}


@pytest.fixture
def script() -> Iterator[Script]:
    with responses.RequestsMock(registry=OrderedRegistry) as mock:
        script = Script(mock)
        answer: dict[str, Any] = described("Account", *RECORD)
        for each in answer["fields"]:
            each["type"] = TYPES.get(each["name"], "string")
        script.get("/sobjects/Account/describe", answer)
        yield script


def in_a_page(script: Script, *records: Mapping[str, Any], text: str = "") -> None:
    """Answer with a page; `text` is written in place of the word HERE."""
    page = {"totalSize": 1, "done": True, "records": [{**RECORD, **each} for each in records]}
    body = json.dumps(page, ensure_ascii=False).replace('"HERE"', text)
    script.mock.get(f"{DATA}/query/", body=body.encode())


def in_a_job(script: Script, body: bytes) -> None:
    """Answer with a job of one page."""
    script.mock.post(f"{DATA}/jobs/query", json={"id": JOB, "state": "UploadComplete"})
    script.get(f"/jobs/query/{JOB}", {"id": JOB, "state": "JobComplete"})
    script.mock.get(f"{DATA}/jobs/query/{JOB}/results", body=body)


def csv_of(*records: Mapping[str, str]) -> bytes:
    rows = [list(RECORD), *([each.get(name, "") for name in RECORD] for each in records)]
    lines = [",".join(f'"{cell}"' for cell in row) for row in rows]
    return "\n".join([*lines, ""]).encode()


def read(script: Script, *, expected: int = 0) -> tuple[list[dict[str, Any]], list[str]]:
    problems: list[str] = []
    table = read_records(script.org, WANTED, "", problems, expected=expected)
    return table.to_pylist(), problems


@pytest.mark.parametrize(
    ("written", "text", "number"),
    [
        ("12.50", "12.5", 12.5),
        ("1E+20", "1e+20", 1e20),
        ("-0.0", "-0.0", 0.0),
        ("5e-324", "5e-324", 5e-324),
        ("9007199254740993", "9007199254740993", 9007199254740992.0),
        ("12345678901234567890123", "12345678901234567890123", 1.2345678901234568e22),
        ("-99999999999999999999", "-99999999999999999999", -1e20),
        ("0.12345678901234567890", "0.12345678901234568", 0.12345678901234568),
        ("1E400", "inf", float("inf")),
    ],
)
def test_numbers_of_pages_are_those_that_python_reads(
    script: Script, written: str, text: str, number: float
) -> None:
    for _ in range(2):
        in_a_page(script, {"AnnualRevenue": "HERE"}, text=written)

    (table,) = script.org.tables("Account", ["AnnualRevenue"])

    assert table["AnnualRevenue"].to_pylist() == [text]
    ((row,), problems) = read(script)
    assert (row["annual_revenue"], problems) == (number, [])


@pytest.mark.parametrize(
    ("written", "name"),
    [
        (r'"\ud83d\ude00"', "😀"),
        (r'"a\ud83db"', "a\ufffdb"),
        (r'"\ude00é"', "\ufffdé"),
        ('""', None),
        (r'" \u00a0\t"', None),
        ("12", "12"),
        ("true", "true"),
    ],
)
def test_texts_of_pages_are_whole_or_say_where_they_are_not(
    script: Script, written: str, name: str | None
) -> None:
    in_a_page(script, {"Name": "HERE"}, {"Id": OTHER, "Name": "Acme"}, text=written)

    rows, problems = read(script)

    assert ([row["name"] for row in rows], problems) == ([name, "Acme"], [])


def test_an_empty_page_and_a_mark_before_it_are_no_records(script: Script) -> None:
    body = b'\xef\xbb\xbf{"totalSize": 0, "done": true, "records": []}'
    script.mock.get(f"{DATA}/query/", body=body)

    assert read(script) == ([], [])


MOMENTS = {
    "2026-06-15T08:00:00.999": EIGHT,
    "1969-12-31T23:59:58.999": EIGHT.replace(1969, 12, 31, 23, 59, 58),
    "2026-06-15T08:00:00": EIGHT,
}


@pytest.mark.parametrize("written", MOMENTS)
@pytest.mark.parametrize("zone", ["Z", "+0000", "+00:00"])
def test_instants_are_cut_to_the_second_in_both_ways(
    script: Script, written: str, zone: str
) -> None:
    in_a_page(script, {"Seen__c": written + zone})
    in_a_job(script, csv_of({"Id": ACCOUNT, "Seen__c": written + zone}))

    for expected in (0, MANY):
        ((row,), problems) = read(script, expected=expected)
        assert (row["seen"], problems) == (MOMENTS[written], [])


@pytest.mark.parametrize("expected", [0, MANY])
def test_what_does_not_fit_is_named_and_all_else_is_as_it_was(
    script: Script, expected: int
) -> None:
    records: Sequence[dict[str, str]] = [
        {
            "Id": ACCOUNT,
            "Name": "NA",
            "Size__c": " 12",
            "Founded__c": "2024-02-30",
            "Old__c": "true",
        },
        {"Id": OTHER, "Name": " ", "AnnualRevenue": "12,5", "Seen__c": "2026-06-15T08:00:00.000Z"},
    ]
    if expected:
        in_a_job(script, csv_of(*records))
    else:
        in_a_page(script, *records)

    rows, problems = read(script, expected=expected)

    assert [problem.partition(";")[0] for problem in problems] == [
        f"Account {OTHER}: AnnualRevenue is '12,5', which is no number",
        f"Account {ACCOUNT}: Founded__c is '2024-02-30', which is no date",
        f"Account {ACCOUNT}: Size__c is ' 12', which is no number",
    ]
    assert rows == [
        {"Id": ACCOUNT, "name": "NA", "annual_revenue": None, "founded": None, "seen": None,
         "old": True, "size": None},
        {"Id": OTHER, "name": None, "annual_revenue": None, "founded": None,
         "seen": EIGHT, "old": False, "size": None},
    ]  # fmt: skip


@pytest.mark.parametrize("expected", [0, MANY])
def test_a_text_field_that_is_called_a_number_is_read_as_text(
    script: Script, expected: int
) -> None:
    record = {"Id": ACCOUNT, "Size__c": " 12"}
    if expected:
        in_a_job(script, csv_of(record))
    else:
        in_a_page(script, record)

    ((row,), problems) = read(script, expected=expected)

    assert row["size"] is None
    assert problems[0].startswith(f"Account {ACCOUNT}: Size__c is ' 12', which is no number")


def test_a_record_longer_than_a_block_is_read_whole_behind_a_mark(script: Script) -> None:
    long = "é\n" * 700_000
    in_a_job(
        script, b"\xef\xbb\xbf" + csv_of({"Id": ACCOUNT, "Name": long, "AnnualRevenue": "1e3"})
    )

    ((row,), problems) = read(script, expected=MANY)

    assert (row["name"] == long, row["annual_revenue"], problems) == (True, 1000.0, [])
