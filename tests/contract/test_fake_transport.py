"""Do sign-in, limits and faults reach simple-salesforce as the platform's would? (contract 1, 7)"""

import threading

import pytest
import requests
from contract_org import sign_in
from signin_keys import JWT_GRANT, assertion, public_pem
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceGeneralError,
    SalesforceMalformedRequest,
    SalesforceRefusedRequest,
    SalesforceResourceNotFound,
)

from sfsync.fake import Call, FakeOrg, Reply, json_reply
from sfsync.fake.faults import answer, lose_answer, lose_request, meanwhile, refuse

DOMAIN = "fake.my"


def client_credentials(org: FakeOrg, client: str, secret: str) -> Salesforce:
    """Sign in by client credentials."""
    return Salesforce(
        consumer_key=client, consumer_secret=secret, domain=DOMAIN, session=org.session()
    )


def ask_token(org: FakeOrg, **form: str) -> requests.Response:
    """Post a form to the token end point."""
    return org.session().post(f"https://{org.host}/services/oauth2/token", data=form)


def test_client_credentials_sign_the_service_in(org: FakeOrg) -> None:
    """Contract 1.5: token reply; credentials in HTTP Basic."""
    sf = client_credentials(org, "fake-client", "fake-secret")
    assert sf.sf_instance == org.host
    assert sf.query("SELECT COUNT() FROM User")["totalSize"] == 1
    info = sf.session.get(f"{sf.oauth2_url}userinfo", headers=sf.headers).json()
    assert (info["user_id"], info["organization_id"]) == (org.user_id, org.state.org_id)
    assert info["zoneinfo"] == "Europe/Paris"


@pytest.mark.parametrize(
    ("client", "secret", "code"),
    [
        ("nobody", "fake-secret", "invalid_client_id"),
        ("fake-client", "wrong", "invalid_client"),
    ],
)
def test_bad_credentials_are_refused(org: FakeOrg, client: str, secret: str, code: str) -> None:
    """Contract 1.5: errors are objects with error and error_description."""
    with pytest.raises(SalesforceAuthenticationFailed) as error:
        client_credentials(org, client, secret)
    assert error.value.code == code


def claims_of(org: FakeOrg, **others: object) -> dict[str, object]:
    """Return the claims that sign Pia in, or others."""
    soon = str(int(org.clock.now().timestamp()) + 180)
    claims = {"iss": "fake-client", "sub": "Pia.Birch@example.com", "aud": f"https://{org.host}"}
    return claims | {"exp": soon} | others


def ask_jwt(org: FakeOrg, signed_with: int = 0, **others: object) -> dict[str, str]:
    """Return the answer to an assertion with claims that are right, but for others."""
    signed = assertion(signed_with, **claims_of(org, **others))
    reply: dict[str, str] = ask_token(org, grant_type=JWT_GRANT, assertion=signed).json()
    return reply


@pytest.fixture
def pia(org: FakeOrg) -> str:
    """A person whom the app may sign in."""
    org.register_key(public_pem())
    return org.add("User", Name="Pia Birch", Username="pia.birch@example.com")


def test_a_jwt_signs_its_user_in(org: FakeOrg, pia: str) -> None:
    """Contract 1.5: JWT bearer; exp is a string of digits."""
    reply = ask_jwt(org)
    assert (reply["token_type"], reply["instance_url"]) == ("Bearer", f"https://{org.host}")
    assert reply["id"].endswith(f"/id/{org.state.org_id}/{pia}")
    assert "refresh_token" not in reply
    sf = Salesforce(session_id=reply["access_token"], instance=org.host, session=org.session())
    account = sf.Account.create({"Name": "Acme"})["id"]
    assert org.record("Account", account)["OwnerId"] == pia
    assert "access_token" in ask_jwt(org, exp=int(org.clock.now().timestamp()) + 60)
    assert "access_token" in ask_jwt(org, aud="https://test.salesforce.com")


def test_a_jwt_that_is_not_right_in_one_thing_is_refused(org: FakeOrg, pia: str) -> None:
    """Contract 1.5: codes and words; audience and time from memory."""
    now = int(org.clock.now().timestamp())
    for words, wrong in (
        ("user hasn't approved this consumer", {"sub": "nobody@example.com"}),
        ("client identifier invalid", {"iss": "other"}),
        ("invalid assertion", {"signed_with": 1}),
        ("invalid assertion", {"exp": str(now + 3_600)}),
        ("expired authorization code", {"exp": str(now)}),
        ("audience is invalid", {"aud": "https://login.salesforce.com"}),
        ("audience is invalid", {"aud": f"https://{org.host}/"}),
    ):
        assert ask_jwt(org, **wrong)["error_description"] == words  # type: ignore[arg-type]
    for text in ("", "a.b", "a.b.c", "e30.e30.c2ln", "bnVsbA.bnVsbA.c2ln"):
        refused = ask_token(org, grant_type=JWT_GRANT, assertion=text)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    org.edit("User", pia, IsActive=False)
    assert ask_jwt(org)["error"] == "inactive_user"
    refused = ask_token(org, grant_type="password")
    assert (refused.status_code, refused.json()["error"]) == (400, "unsupported_grant_type")


def test_an_app_without_certificate_takes_no_jwt(org: FakeOrg) -> None:
    org.add("User", Name="Pia Birch", Username="pia.birch@example.com")
    assert ask_jwt(org)["error_description"] == "invalid assertion"
    with pytest.raises(ValueError, match="PEM"):
        org.register_key("no key")


def test_production_takes_the_audience_of_production(org: FakeOrg, pia: str) -> None:
    (organization,) = org.records("Organization")
    org.state.store.put(
        "Organization",
        {**org.state.store.table("Organization").rows[str(organization["Id"])], "IsSandbox": False},
    )
    assert "access_token" in ask_jwt(org, aud="https://login.salesforce.com")
    assert ask_jwt(org, aud="https://test.salesforce.com")["error"] == "invalid_grant"


def test_a_bad_or_expired_token_is_an_invalid_session(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 1.6, A4."""
    org.state.session_seconds = 7200
    org.clock.advance(7000)
    assert sf.query("SELECT Id FROM Account")["totalSize"] == 0
    org.clock.advance(7201)
    with pytest.raises(SalesforceExpiredSession) as error:
        sf.query("SELECT Id FROM Account")
    assert error.value.content == [
        {"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}
    ]
    fresh = sign_in(org)
    org.expire_tokens()
    with pytest.raises(SalesforceExpiredSession):
        fresh.Account.describe()


def test_every_reply_tells_the_api_usage_and_the_time(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 1.8: Sforce-Limit-Info; the Date is the fake's."""
    sf.query("SELECT Id FROM Account")
    sf.query("SELECT Id FROM Account")
    usage = sf.api_usage["api-usage"]
    assert (usage.used, usage.total) == (2, 15000)
    response = sf.session.get(f"{sf.base_url}sobjects/Nope/describe", headers=sf.headers)
    assert response.headers["Sforce-Limit-Info"] == "api-usage=3/15000"
    assert response.headers["Date"] == "Wed, 04 Mar 2026 09:30:00 GMT"
    assert response.headers["Content-Type"] == "application/json;charset=UTF-8"


def test_limits_decrease_until_the_day_is_used_up(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 2.2, 7.1: DailyApiRequests; REQUEST_LIMIT_EXCEEDED 403 over a rolling day."""
    org.state.daily_quota = 3
    assert sf.limits()["DailyApiRequests"] == {"Max": 3, "Remaining": 2}
    assert sf.limits()["DailyApiRequests"] == {"Max": 3, "Remaining": 1}
    sf.query("SELECT Id FROM Account")
    with pytest.raises(SalesforceRefusedRequest) as error:
        sf.query("SELECT Id FROM Account")
    assert error.value.content == [
        {"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}
    ]
    org.clock.advance(24 * 3600)
    assert sf.limits()["DailyApiRequests"] == {"Max": 3, "Remaining": 2}


def test_paths_work_with_and_without_trailing_slash(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 2.1."""
    account = org.add("Account", Name="Acme")
    for path in ("limits", "sobjects", f"sobjects/Account/{account}", "sobjects/Account/describe"):
        one, other = (
            sf.session.get(f"{sf.base_url}{path}{end}", headers=sf.headers) for end in ("", "/")
        )
        assert one.status_code == other.status_code == 200


def test_what_the_fake_does_not_offer_it_says(org: FakeOrg, sf: Salesforce) -> None:
    """An unknown resource is a 404 that names the fake; a known one has its methods."""
    with pytest.raises(SalesforceResourceNotFound) as error:
        sf.restful("composite/graph", method="POST", json={})
    assert "The fake does not offer the resource POST" in error.value.content[0]["message"]
    with pytest.raises(SalesforceResourceNotFound):
        sf.search("FIND {Acme}")
    with pytest.raises(SalesforceGeneralError) as general:
        sf.restful("limits", method="DELETE")
    assert general.value.status == 405
    session = org.session()
    for path in ("/services/Soap/c/59.0", "/elsewhere"):
        reply = session.post(f"https://{org.host}{path}")
        assert reply.status_code == 404
        assert "The fake does not offer" in reply.json()[0]["message"]


def test_retired_and_future_versions_are_refused(org: FakeOrg) -> None:
    """Contract 0: versions 20 to 30 answer 410."""
    with pytest.raises(SalesforceGeneralError) as error:
        sign_in(org, version="30.0").limits()
    assert error.value.status == 410
    with pytest.raises(SalesforceResourceNotFound):
        sign_in(org, version="99.0").limits()


def test_calls_are_remembered(org: FakeOrg, sf: Salesforce) -> None:
    """`org.calls` lists what was answered."""
    sf.limits()
    sf.Account.create({"Name": "Acme"})
    assert org.calls == [
        ("GET", "/services/data/v62.0/limits"),
        ("POST", "/services/data/v62.0/sobjects/Account"),
    ]
    assert org.call_count == 2


def test_a_hook_sees_each_request_before_and_after(org: FakeOrg, sf: Salesforce) -> None:
    """`org.on_request`: told of method, path and body, before and after."""
    seen: list[tuple[str, str, str, bool]] = []

    def watch(call: Call) -> None:
        seen.append((call.when, call.method, call.path, b"Acme" in call.body))

    org.on_request.append(watch)
    sf.Account.create({"Name": "Acme"})
    path = "/services/data/v62.0/sobjects/Account"
    assert seen == [("before", "POST", path, True), ("after", "POST", path, True)]


def test_a_hook_may_answer_instead(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 7.2, 11.21: a locked row once; a page of HTML."""
    account = org.add("Account", Name="Acme")
    org.on_request.append(refuse("sobjects/Account", 400, "UNABLE_TO_LOCK_ROW", "locked"))
    with pytest.raises(SalesforceMalformedRequest) as error:
        sf.Account.update(account, {"Phone": "1"})
    assert error.value.content == [{"message": "locked", "errorCode": "UNABLE_TO_LOCK_ROW"}]
    assert org.record("Account", account)["Phone"] is None
    assert sf.Account.update(account, {"Phone": "1"}) == 204
    page = Reply(503, b"<html>Down for maintenance</html>", {"Content-Type": "text/html"})
    org.on_request.append(answer("limits", page))
    with pytest.raises(SalesforceGeneralError) as general:
        sf.limits()
    assert (general.value.status, general.value.content) == (503, page.body.decode())


def test_a_hook_may_change_the_answer(org: FakeOrg, sf: Salesforce) -> None:
    """An after-hook sees the reply and may put another in its place."""

    def empty(call: Call) -> Reply | None:
        if call.when == "after" and call.reply is not None and "limits" in call.path:
            assert call.reply.status == 200
            return json_reply({})
        return None

    org.on_request.append(empty)
    assert sf.limits() == {}


def test_a_lost_request_did_nothing_a_lost_answer_did(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 7.2, 11.21: a connection dropped before and after the commit."""
    org.on_request.append(lose_request("sobjects/Account", method="POST"))
    with pytest.raises(requests.ConnectionError):
        sf.Account.create({"Name": "Acme"})
    assert org.records("Account") == []
    org.on_request.append(lose_answer("sobjects/Account", method="POST"))
    with pytest.raises(requests.ConnectionError):
        sf.Account.create({"Name": "Acme"})
    assert len(org.records("Account")) == 1
    sf.Account.create({"Name": "Fern"})
    assert len(org.records("Account")) == 2


def test_a_person_may_edit_meanwhile(org: FakeOrg, sf: Salesforce) -> None:
    """A hook may change the org just before a request is answered."""
    account = org.add("Account", Name="Acme")
    seen = sf.Account.get(account)["SystemModstamp"]
    org.on_request.append(
        meanwhile("query", lambda: org.edit("Account", account, Phone="1"), method="GET")
    )
    (row,) = sf.query("SELECT SystemModstamp, Phone FROM Account")["records"]
    assert row["Phone"] == "1"
    assert row["SystemModstamp"] > seen


def test_a_body_that_is_not_sent_as_json_is_refused(org: FakeOrg, sf: Salesforce) -> None:
    """Contract 2.1: 415 Unsupported Media Type."""
    headers = sf.headers | {"Content-Type": "text/plain"}
    reply = sf.session.post(f"{sf.base_url}sobjects/Account", data="{}", headers=headers)
    assert reply.status_code == 415


def test_several_threads_may_write(org: FakeOrg) -> None:
    """One lock: no write is lost, no Id is given twice."""

    def work() -> None:
        sf = sign_in(org)
        for number in range(20):
            sf.Account.create({"Name": str(number)})

    threads = [threading.Thread(target=work) for _each in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = org.records("Account")
    assert len({row["Id"] for row in rows}) == 80
    assert len({row["SystemModstamp"] for row in rows}) == 80
