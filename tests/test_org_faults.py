"""Does reading keep its promises when the org, or the way to it, is in trouble?"""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import responses
from entering import connect_reader
from responses.registries import OrderedRegistry
from scripted_org import (
    ACCOUNT,
    CONCURRENT,
    DAILY,
    DATA,
    EXPIRED,
    HOST,
    LOST_CURSOR,
    OTHER,
    TOKEN,
    Script,
    described,
    page,
)

from sfsync.errors import OrgRefused, OrgUnavailable


@pytest.fixture
def script() -> Iterator[Script]:
    with responses.RequestsMock(registry=OrderedRegistry) as mock:
        yield Script(mock)


def test_reading_tries_again_while_the_org_is_down_for_a_moment(script: Script) -> None:
    script.account()
    script.mock.get(f"{DATA}/query/", body="<html>Down</html>", status=503)
    script.mock.get(f"{DATA}/query/", body=requests.ConnectionError("reset"))
    script.mock.get(f"{DATA}/query/", body="<html>Down</html>", status=200)
    script.get("/query/", page({"Id": ACCOUNT, "Name": "Acme"}))

    (table,) = script.org.tables("Account", ["Name"])
    assert table.to_pylist() == [{"Id": ACCOUNT, "Name": "Acme"}]
    assert [pause > 0 for pause in script.slept] == [True, True, True]
    assert sorted(script.slept) == script.slept


def test_reading_gives_up_after_four_tries_without_naming_the_statement(script: Script) -> None:
    script.account()
    for _ in range(4):
        script.mock.get(f"{DATA}/query/", body="", status=502)

    with pytest.raises(OrgUnavailable, match=r"^reading Account: HTTP 502\. Try again") as caught:
        list(script.org.tables("Account", ["Name"]))

    assert caught.value.__context__ is None
    assert len(script.slept) == 3


def test_a_full_concurrency_limit_is_waited_for_and_the_daily_one_is_not(script: Script) -> None:
    script.account()
    script.get("/query/", CONCURRENT, 403)
    script.get("/query/", DAILY, 403)

    with pytest.raises(OrgRefused, match="24 hours"):
        list(script.org.tables("Account", ["Name"]))

    assert len(script.slept) == 1
    assert 10 <= script.slept[0] <= 30


def test_an_expired_session_is_refused_at_once(script: Script) -> None:
    script.get("/sobjects/Account/describe", EXPIRED, 401)

    with pytest.raises(OrgRefused, match="sign in again"):
        script.org.fields("Account")

    assert script.slept == []


def test_pages_are_followed_until_the_org_says_done(script: Script) -> None:
    script.account()
    script.get("/query/", page({"Id": ACCOUNT, "Name": "A"}, more="01g-1"))
    script.get("/query/01g-1", page(more="01g-2"))
    script.get("/query/01g-2", page({"Id": OTHER, "Name": "B"}))

    tables = list(script.org.tables("Account", ["Name"]))

    assert [table.column("Name").to_pylist() for table in tables] == [["A"], [], ["B"]]


def test_a_cursor_lost_between_two_pages_makes_the_reading_unavailable(script: Script) -> None:
    script.account()
    script.get("/query/", page({"Id": ACCOUNT, "Name": "A"}, more="01g-1"))
    script.get("/query/01g-1", LOST_CURSOR, 400)

    with pytest.raises(OrgUnavailable, match="read the object again"):
        list(script.org.tables("Account", ["Name"]))


@pytest.mark.parametrize(
    "answer", [[], {"done": True}, {"records": [], "done": False}, {"records": [{}], "done": True}]
)
def test_an_answer_of_another_form_is_no_data(script: Script, answer: object) -> None:
    script.account()
    script.get("/query/", answer)

    with pytest.raises(OrgUnavailable):
        list(script.org.tables("Account", ["Name"]))


def test_a_cursor_that_leads_to_another_host_is_not_followed(script: Script) -> None:
    script.account()
    script.get("/query/", {"records": [], "done": False, "nextRecordsUrl": ".example.org/x"})

    with pytest.raises(OrgUnavailable, match="not in the platform's form"):
        list(script.org.tables("Account", ["Name"]))


def test_an_answer_that_is_a_list_instead_of_limits_is_unreadable(script: Script) -> None:
    script.get("/limits", ["nonsense"])

    with pytest.raises(OrgUnavailable, match="not in the platform's form"):
        script.org.budget()


def test_a_password_file_of_the_machine_does_not_replace_the_token(
    script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passwords = tmp_path / "netrc"
    passwords.write_text("default login someone password something\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(passwords))
    script.account()
    script.org.fields("Account")

    assert script.mock.calls[-1].request.headers["Authorization"] == f"Bearer {TOKEN}"


def test_the_budget_comes_from_the_headers_where_limits_are_hidden(script: Script) -> None:
    script.mock.get(
        f"{DATA}/sobjects/Account/describe",
        json=described("Account", "Id"),
        headers={"Sforce-Limit-Info": "api-usage=18/5000"},
    )
    script.get("/limits", [{"errorCode": "FORBIDDEN", "message": "no"}], 403)
    script.org.fields("Account")

    budget = script.org.budget()

    assert budget is not None
    assert (budget.used, budget.total, budget.left) == (18, 5000, 4982)


def test_no_budget_is_given_where_nothing_tells_it(script: Script) -> None:
    script.get("/limits", [{"errorCode": "FORBIDDEN", "message": "no"}], 403)

    assert script.org.budget() is None


def test_the_user_is_read_from_the_identity_link_where_userinfo_is_refused() -> None:
    link = "https://login.salesforce.com/id/00D000000000001AAA/005000000000001AAA"
    with responses.RequestsMock() as mock:
        mock.get(f"{DATA}/sobjects/Organization/describe", json=described("Organization", "Id"))
        mock.get(f"{DATA}/query/", json=page({"Id": "00D000000000001AAA"}))
        mock.get(f"https://{HOST}/services/oauth2/userinfo", body="Bad_OAuth_Token", status=403)
        mock.get(f"{DATA}/", json={"sobjects": "/x", "identity": link})
        org = connect_reader(requests.Session(), HOST, TOKEN)

    assert (org.user_id, org.zone, org.name) == ("005000000000001AAA", "UTC", "")
    assert org.url == f"https://{HOST}"


def test_a_user_that_nothing_tells_is_empty() -> None:
    with responses.RequestsMock() as mock:
        mock.get(f"{DATA}/sobjects/Organization/describe", json=described("Organization", "Id"))
        mock.get(f"{DATA}/query/", json=page({"Id": "00D000000000001AAA"}))
        mock.get(f"https://{HOST}/services/oauth2/userinfo", body="Bad_OAuth_Token", status=403)
        mock.get(f"{DATA}/", json={"sobjects": "/x"})
        org = connect_reader(requests.Session(), HOST, TOKEN)

    assert org.user_id == ""


def test_a_host_without_organization_and_a_version_with_v_are_refused() -> None:
    with responses.RequestsMock() as mock:
        mock.get(
            f"{DATA}/sobjects/Organization/describe",
            json=[{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}],
            status=404,
        )
        with pytest.raises(OrgRefused, match="Check the host, the API version"):
            connect_reader(requests.Session(), HOST, TOKEN)
    with pytest.raises(OrgRefused, match="without a v"):
        connect_reader(requests.Session(), HOST, TOKEN, version="v62.0")


def test_a_page_of_html_instead_of_a_describe_is_not_a_missing_object(script: Script) -> None:
    script.mock.get(f"{DATA}/sobjects/Account/describe", body="<html>Not found</html>", status=404)

    with pytest.raises(OrgRefused):
        script.org.fields("Account")
