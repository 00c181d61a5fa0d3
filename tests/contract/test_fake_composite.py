"""Does the fake answer requests inside requests as the platform does?"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceMalformedRequest

from sfsync.fake import FakeOrg

BASE = "/services/data/v62.0"
NOBODY = "003000000000009AAA"
Composite = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def composite(sf: Salesforce) -> Composite:
    """Send a composite request and return the entries of its reply."""

    def send(*requests: dict[str, Any], **options: object) -> list[dict[str, Any]]:
        data = json.dumps({"compositeRequest": requests, **options})
        answer = sf.restful("composite", method="POST", data=data)
        return answer["compositeResponse"]  # type: ignore[index,no-any-return]

    return send


def part(
    reference: str, method: str, url: str, body: object = None, **headers: str
) -> dict[str, Any]:
    given: dict[str, Any] = {"method": method, "url": BASE + url, "referenceId": reference}
    given |= {"httpHeaders": headers} if headers else {}
    return given if body is None else given | {"body": body}


def account(reference: str, name: str) -> dict[str, Any]:
    return part(reference, "POST", "/sobjects/Account", {"Name": name})


def statuses(entries: list[dict[str, Any]]) -> dict[str, int]:
    return {each["referenceId"]: each["httpStatusCode"] for each in entries}


def test_later_requests_use_what_earlier_ones_answered(composite: Composite, org: FakeOrg) -> None:
    entries = composite(
        account("firm", "Atelier Fictif"),
        part(
            "person",
            "POST",
            "/sobjects/Contact",
            {"LastName": "Inconnu", "AccountId": "@{firm.id}"},
        ),
        part("found", "GET", "/query?q=SELECT Id FROM Contact WHERE AccountId = '@{firm.id}'"),
        part(
            "named",
            "PATCH",
            "/sobjects/Contact/@{found.records[0].Id}",
            {"Title": "@{found.totalSize} of"},
        ),
        part("read", "GET", "/sobjects/Contact/@{person.id}?fields=Title"),
        part("gone", "DELETE", "/sobjects/Account/@{firm.id}"),
    )
    assert statuses(entries) == {
        "firm": 201,
        "person": 201,
        "found": 200,
        "named": 204,
        "read": 200,
        "gone": 204,
    }
    assert entries[0]["httpHeaders"]["Location"].endswith(entries[0]["body"]["id"])
    assert (entries[3]["body"], entries[4]["body"]["Title"]) == (None, "1 of")
    assert org.records("Account") == []


def test_the_inner_resources(composite: Composite, org: FakeOrg) -> None:
    first = org.add("Account", Name="Atelier Fictif")
    records = [{"attributes": {"type": "Account"}, "id": first, "Name": "Maison Inventée"}]
    entries = composite(
        part("describe", "GET", "/sobjects/Account/describe"),
        part("limits", "GET", "/limits"),
        part("write", "PATCH", "/composite/sobjects", {"records": records}),
        part("all", "GET", f"/queryAll?q=SELECT Name FROM Account WHERE Id = '{first}'"),
        part("page", "GET", "/query/01g000000000009AAA-2000"),
        part("bulk", "GET", "/jobs/ingest"),
    )
    assert statuses(entries) == {
        "describe": 200,
        "limits": 200,
        "write": 200,
        "all": 200,
        "page": 400,
        "bulk": 404,
    }
    assert entries[3]["body"]["records"][0]["Name"] == "Maison Inventée"
    assert entries[4]["body"][0]["errorCode"] == "INVALID_QUERY_LOCATOR"


def test_a_locator_pages_inside(composite: Composite, org: FakeOrg) -> None:
    for number in range(201):
        org.add("Account", Name=f"Atelier Fictif {number}")
    query = part("all", "GET", "/query?q=SELECT Id FROM Account")
    (page,) = composite(query | {"httpHeaders": {"Sforce-Query-Options": "batchSize=200"}})
    rest = page["body"]["nextRecordsUrl"].removeprefix(BASE)
    (last,) = composite(part("rest", "GET", rest))
    assert (len(page["body"]["records"]), len(last["body"]["records"])) == (200, 1)


def test_without_all_or_none_a_failure_stops_only_what_refers_to_it(
    composite: Composite, org: FakeOrg
) -> None:
    entries = composite(
        account("firm", "Atelier Fictif"),
        part("lost", "PATCH", f"/sobjects/Contact/{NOBODY}", {"LastName": "Inconnu"}),
        part("after", "GET", "/sobjects/Contact/@{lost.id}"),
        account("other", "Maison Inventée"),
        allOrNone=False,
    )
    assert statuses(entries) == {"firm": 201, "lost": 404, "after": 400, "other": 201}
    assert entries[2]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert len(org.records("Account")) == 2


def test_with_all_or_none_nothing_is_kept_of_a_failure(composite: Composite, org: FakeOrg) -> None:
    before = org.clock.now()
    entries = composite(
        account("firm", "Atelier Fictif"),
        part("lost", "POST", "/sobjects/Contact", {"FirstName": "Nadine"}),
        account("other", "Maison Inventée"),
        allOrNone=True,
    )
    assert statuses(entries) == {"firm": 400, "lost": 400, "other": 400}
    assert [each["body"][0]["errorCode"] for each in entries] == [
        "PROCESSING_HALTED",
        "REQUIRED_FIELD_MISSING",
        "PROCESSING_HALTED",
    ]
    assert (org.records("Account"), org.clock.now()) == ([], before)


def test_a_refused_record_of_a_collection_takes_everything_back(
    composite: Composite, org: FakeOrg
) -> None:
    records = [{"attributes": {"type": "Account"}, "Name": name} for name in ("Maison", None)]
    entries = composite(
        account("firm", "Atelier Fictif"),
        part("many", "POST", "/composite/sobjects", {"allOrNone": False, "records": records}),
        allOrNone=True,
    )
    assert entries[0]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    # The platform shows this success although it was rolled back, too.
    assert [each["success"] for each in entries[1]["body"]] == [True, False]
    assert org.records("Account") == []


def test_a_success_is_one_commit_with_one_stamp(composite: Composite, org: FakeOrg) -> None:
    commits: list[list[tuple[str, str]]] = []
    org.state.on_commit.append(commits.append)
    composite(account("a", "Atelier Fictif"), account("b", "Maison Inventée"), allOrNone=True)
    assert len(commits) == 1
    assert len({row["CreatedDate"] for row in org.records("Account")}) == 1


def test_headers_belong_to_one_request(composite: Composite, org: FakeOrg) -> None:
    record = org.add("Account", Name="Atelier Fictif")
    long_ago = "Wed, 01 Jan 2025 00:00:00 GMT"
    url = f"/sobjects/Account/{record}"
    entries = composite(
        part("old", "PATCH", url, {"Site": "A"}, **{"If-Unmodified-Since": long_ago}),
        part("new", "PATCH", url, {"Site": "B"}),
    )
    assert statuses(entries) == {"old": 412, "new": 204}
    assert org.record("Account", record)["Site"] == "B"


def test_a_statement_may_be_longer_than_an_address(composite: Composite, org: FakeOrg) -> None:
    record = org.add("Account", Name="Atelier Fictif")
    ids = ",".join(f"'{record}'" for _ in range(4_000))
    statement = f"SELECT Id FROM Account WHERE Id IN ({ids})"
    calls_left = org.state.calls_left()
    (short, long) = composite(
        part("short", "GET", f"/query?q={statement}"),
        part("long", "GET", f"/query?q={statement.replace(',', ',     ')}"),
    )
    assert len(statement) > 80_000
    assert (short["httpStatusCode"], short["body"]["totalSize"]) == (200, 1)
    assert (long["httpStatusCode"], long["body"][0]["errorCode"]) == (400, "QUERY_TOO_COMPLICATED")
    assert calls_left - org.state.calls_left() == 1


def many(count: int, url: str) -> list[dict[str, Any]]:
    return [part(f"r{number}", "GET", url) for number in range(count)]


@pytest.mark.parametrize(
    ("requests", "told"),
    [
        (many(26, "/limits"), "26 subrequests"),
        (many(6, "/query?q=SELECT Id FROM Account"), "6 queries"),
        (many(1, "/limits") * 2, "must be unique"),
        ([part("1st", "GET", "/limits")], "referenceId must be"),
        ([{"method": "GET", "url": BASE + "/limits"}], "referenceId must be"),
        ([part("a", "FETCH", "/limits")], "method must be"),
        ([{"method": "GET", "url": "/limits", "referenceId": "a"}], "must start with"),
        ([], "0 subrequests"),
    ],
)
def test_what_no_request_can_be(
    composite: Composite, requests: list[dict[str, Any]], told: str
) -> None:
    with pytest.raises(SalesforceMalformedRequest, match=told):
        composite(*requests)


def test_the_limits_themselves_are_allowed(composite: Composite) -> None:
    assert len(composite(*many(25, "/limits"))) == 25
    assert set(statuses(composite(*many(5, "/query?q=SELECT Id FROM Account"))).values()) == {200}


def send_batch(sf: Salesforce, *requests: dict[str, Any], **options: object) -> dict[str, Any]:
    data = json.dumps({"batchRequests": requests, **options})
    return dict(sf.restful("composite/batch", method="POST", data=data))  # type: ignore[arg-type]


BATCH = (
    {"method": "POST", "url": "v62.0/sobjects/Account", "richInput": {"Name": "Atelier Fictif"}},
    {"method": "GET", "url": "/services/data/v62.0/sobjects/Nothing"},
    {"method": "GET", "url": "v62.0/query?q=SELECT Name FROM Account"},
)


def test_a_batch_goes_on_after_a_failure(sf: Salesforce, org: FakeOrg) -> None:
    calls_left = org.state.calls_left()
    answer = send_batch(sf, *BATCH)
    assert answer["hasErrors"] is True
    assert [each["statusCode"] for each in answer["results"]] == [201, 404, 200]
    assert answer["results"][2]["result"]["records"][0]["Name"] == "Atelier Fictif"
    assert calls_left - org.state.calls_left() == 3


def test_a_batch_halts_on_demand(sf: Salesforce, org: FakeOrg) -> None:
    answer = send_batch(sf, *BATCH, haltOnError=True)
    assert [each["statusCode"] for each in answer["results"]] == [201, 404, 412]
    assert answer["results"][2]["result"][0]["errorCode"] == "BATCH_PROCESSING_HALTED"
    assert len(org.records("Account")) == 1


def test_a_batch_has_its_limit(sf: Salesforce) -> None:
    assert send_batch(sf, *BATCH[2:] * 25)["hasErrors"] is False
    with pytest.raises(SalesforceMalformedRequest, match="26 subrequests"):
        send_batch(sf, *BATCH[2:] * 26)


def test_versions_inside_are_checked(composite: Composite) -> None:
    request = {"method": "GET", "url": "/services/data/v20.0/limits", "referenceId": "a"}
    assert statuses(composite(request)) == {"a": 404}
