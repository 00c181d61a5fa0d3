"""Are several questions in one call answered as each would be alone, refusals and troubles too?"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import pytest
import requests
import responses
from responses.registries import OrderedRegistry
from scripted_org import ACCOUNT, CONCURRENT, DATA, OTHER, Script, described, page

from sfsync.errors import OrgRefused, OrgUnavailable
from sfsync.org import Question

ONE, TWO = Question("Account", ("Name",), (ACCOUNT,)), Question("Account", ("Name",), (OTHER,))
HALTED = [{"errorCode": "PROCESSING_HALTED", "message": "The transaction was rolled back"}]
SLOW = [{"errorCode": "QUERY_TIMEOUT", "message": "Your query request was running for too long."}]
UNKNOWN = [{"errorCode": "INVALID_FIELD", "message": "No such column 'Name'"}]


@pytest.fixture
def script() -> Iterator[Script]:
    with responses.RequestsMock(registry=OrderedRegistry) as mock:
        yield Script(mock)


def entry(place: int, body: object, status: int = 200) -> dict[str, object]:
    return {
        "body": body, "httpHeaders": {}, "httpStatusCode": status, "referenceId": f"q{place}"
    }  # fmt: skip


def composite(script: Script, *entries: object) -> None:
    script.mock.post(f"{DATA}/composite", json={"compositeResponse": list(entries)})


def row(id: str, name: str) -> dict[str, Any]:
    return {"Id": id, "Name": name}


def test_answers_go_by_their_names_and_further_pages_are_followed(script: Script) -> None:
    script.account()
    composite(
        script,
        entry(1, page(row(OTHER, "B"))),
        entry(0, page(row(ACCOUNT, "A"), more="01g-1")),
    )
    script.get("/query/01g-1", page(row(OTHER, "C")))

    assert script.org.ask([ONE, TWO]) == [
        [row(ACCOUNT, "A"), row(OTHER, "C")],
        [row(OTHER, "B")],
    ]
    sent = json.loads(script.mock.calls[-2].request.body or "")
    assert sent["allOrNone"] is False
    urls = [unquote(each["url"]) for each in sent["compositeRequest"]]
    assert urls == [
        f"/services/data/v62.0/queryAll/?q=SELECT Id, Name FROM Account WHERE (Id IN ('{id}')) "
        "ORDER BY Id"
        for id in (ACCOUNT, OTHER)
    ]


def test_one_small_question_is_asked_without_wrapping(script: Script) -> None:
    script.account()
    script.get("/queryAll/", page(row(ACCOUNT, "A")))

    assert script.org.ask([ONE]) == [[row(ACCOUNT, "A")]]


def test_a_question_too_long_for_a_url_is_wrapped_alone(script: Script) -> None:
    script.account()
    composite(script, entry(0, page(row(ACCOUNT, "A"))))
    ids = tuple(f"001{number:012d}AAA" for number in range(1_000))

    assert script.org.records("Account", ids, ["Name"]) == {ACCOUNT: {"Name": "A"}}


def test_all_records_are_read_where_the_fields_make_the_statement_long(script: Script) -> None:
    names = ["Id", *(f"A_long_name_of_a_field_{number:04d}__c" for number in range(500))]
    script.get("/sobjects/Lead/describe", described("Lead", *names))
    composite(script, entry(0, page(dict.fromkeys(names, "x") | {"Id": ACCOUNT}, more="01g-1")))
    script.get("/query/01g-1", page(dict.fromkeys(names, "y") | {"Id": OTHER}))

    tables = list(script.org.tables("Lead", names))

    assert [table["Id"].to_pylist() for table in tables] == [[ACCOUNT], [OTHER]]


def test_a_passing_trouble_inside_is_waited_for(script: Script) -> None:
    script.account()
    composite(script, entry(0, page(row(ACCOUNT, "A"))), entry(1, SLOW, 400))
    composite(script, entry(0, page(row(ACCOUNT, "A"))), entry(1, page()))
    composite(script, entry(0, CONCURRENT, 403), entry(1, HALTED, 400))
    script.mock.post(f"{DATA}/composite", body="<html>Down</html>", status=503)
    script.mock.post(f"{DATA}/composite", body="<html>Down</html>")
    script.mock.post(f"{DATA}/composite", body=requests.ConnectionError("reset"))

    assert script.org.ask([ONE, TWO]) == [[row(ACCOUNT, "A")], []]
    with pytest.raises(OrgUnavailable, match="reading Account: NO_ANSWER"):
        script.org.ask([ONE, TWO])
    assert len(script.slept) == 4


def test_a_refusal_inside_is_a_refusal_with_the_words_of_its_cause(script: Script) -> None:
    script.account()
    composite(script, entry(0, HALTED, 400), entry(1, UNKNOWN, 400))

    with pytest.raises(OrgRefused, match="reading Account: INVALID_FIELD: No such column"):
        script.org.ask([ONE, TWO])


@pytest.mark.parametrize(
    "answer",
    [
        {},
        [],
        {"compositeResponse": {}},
        {"compositeResponse": [entry(0, page())]},
        {"compositeResponse": [entry(0, page()), entry(0, page())]},
        {"compositeResponse": [entry(0, page()), entry(7, page())]},
        {"compositeResponse": [entry(0, page()), {"body": page()}]},
        {"compositeResponse": [entry(0, page()), entry(1, None)]},
        {"compositeResponse": [entry(0, page()), entry(1, page({"Id": OTHER}))]},
    ],
)
def test_an_answer_of_another_form_is_no_data(script: Script, answer: object) -> None:
    script.account()
    script.mock.post(f"{DATA}/composite", json=answer)

    with pytest.raises(OrgUnavailable):
        script.org.ask([ONE, TWO])


def test_counts_are_empty_where_the_user_may_not_see_them(script: Script) -> None:
    script.get("/limits/recordCount", [{"errorCode": "FORBIDDEN", "message": "no"}], 403)
    script.get("/limits/recordCount", {"sObjects": None})

    assert script.org.counts(["Account"]) == {}
    assert script.org.counts(["Account"]) == {}


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Jun 2026 08:00:00 GMT"])
def test_the_clock_is_that_of_the_latest_answer_that_told_it(script: Script, date: str) -> None:
    assert script.org.told_at is None
    moment = {"Date": "Mon, 15 Jun 2026 10:00:05 +0200"}
    script.mock.get(f"{DATA}/limits", json={}, headers=moment)
    script.mock.get(f"{DATA}/limits", json={}, headers={"Date": date})
    script.org.budget()
    script.org.budget()

    assert script.org.told_at == datetime(2026, 6, 15, 8, 0, 5, tzinfo=UTC)


def test_usage_is_that_of_the_org_and_not_of_one_app(script: Script) -> None:
    assert script.org.usage() is None
    told = "api-usage=25/5000; per-app-api-usage=17/250(appName=sample)"
    script.mock.get(f"{DATA}/limits", json={}, headers={"Sforce-Limit-Info": told})
    script.org.budget()

    usage = script.org.usage()

    assert usage is not None
    assert (usage.used, usage.total) == (25, 5000)


def test_what_went_wrong_is_logged_with_the_number_that_support_asks_for(
    script: Script, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("WARNING", logger="sfsync")
    script.mock.get(f"{DATA}/limits", status=503, headers={"X-SFDC-Request-Id": "TID:0042"})
    script.mock.get(f"{DATA}/limits", json={})
    script.org.budget()

    assert "GET answered with HTTP 503, request id TID:0042" in caplog.messages
