"""Does the service sign in the one way that is set, renew its token once, and keep its secrets?"""

import base64
import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
import requests
import responses
from requests.adapters import BaseAdapter
from signin_keys import elliptic_pem, private_pem, public_pem, rsa_key

from sfsync.errors import ConfigError, OrgRefused, OrgUnavailable
from sfsync.fake import Call, FakeOrg
from sfsync.fake.faults import lose_answer, refuse
from sfsync.org import Org
from sfsync.org.client import open_org, open_reader
from sfsync.org.credentials import (
    AccessToken,
    ClientCredentials,
    Credentials,
    Given,
    JwtBearer,
    SfCommandLine,
    choose,
)
from sfsync.org.line import Line
from sfsync.org.signin import check_version, sign_in
from sfsync.org.tokens import Grant, Tokens

NOW = datetime(2026, 6, 15, 8, 0, tzinfo=UTC)
LOGIN = "https://acme.my.salesforce.com"
HOST = "acme.my.salesforce.com"
TOKEN_URL = f"{LOGIN}/services/oauth2/token"
SECRET, TOKEN = "s3cr3t-of-the-app", "00D000000000001!AQEAQsecret"
APP = ClientCredentials(LOGIN, "3MVG9.client", SECRET)
USER = JwtBearer(LOGIN, "3MVG9.client", "pia.birch@example.com", private_pem())


def now() -> datetime:
    return NOW


@pytest.fixture
def fake() -> FakeOrg:
    org = FakeOrg.standard(NOW)
    org.register_key(public_pem())
    return org


@pytest.fixture
def answers() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


def app_of(fake: FakeOrg) -> ClientCredentials:
    return ClientCredentials(f"https://{fake.host}", "fake-client", "fake-secret")


def opened(fake: FakeOrg, credentials: Credentials | None = None) -> Org:
    tokens = sign_in(credentials or app_of(fake), fake.session(), fake.clock.now)
    return open_org(fake.session(), tokens, sleep=lambda _seconds: None)


def signed_in_times(fake: FakeOrg) -> int:
    return fake.calls.count(("POST", "/services/oauth2/token"))


# Which way follows from what is set.

ALL: dict[str, str] = {
    "login_url": LOGIN,
    "client_id": "3MVG9.client",
    "username": "pia.birch@example.com",
    "private_key": private_pem(),
    "client_secret": SECRET,
    "instance_url": LOGIN,
    "access_token": TOKEN,
    "sf_alias": "acme",
}


def given(*names: str, **others: str) -> Given:
    return Given(**({name: ALL[name] for name in names} | others))


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("login_url", "client_id", "username", "private_key"), USER),
        (("login_url", "client_id", "client_secret"), APP),
        (("instance_url", "access_token"), AccessToken(LOGIN, TOKEN)),
        (("sf_alias",), SfCommandLine("acme")),
    ],
)
def test_what_is_set_names_the_way(names: tuple[str, ...], expected: Credentials) -> None:
    assert choose(given(*names)) == expected


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ((), ["SALESFORCE_SF_ALIAS", "SALESFORCE_ACCESS_TOKEN", "SALESFORCE_PRIVATE_KEY_FILE"]),
        (("login_url",), ["for JWT bearer", "or for client credentials", "half set"]),
        (
            ("login_url", "client_id", "username"),
            ["(SALESFORCE_LOGIN_URL, ", "set for JWT bearer SALESFORCE_PRIVATE_KEY_FILE ("],
        ),
        (("access_token",), ["half set", "SALESFORCE_INSTANCE_URL"]),
        (("sf_alias", "access_token"), ["several ways", "SALESFORCE_ACCESS_TOKEN, "]),
        (("username", "client_secret"), ["several ways", "Keep one of"]),
        (tuple(ALL), ["several ways"]),
    ],
)
def test_no_way_a_half_one_and_several_are_one_problem_each(
    names: tuple[str, ...], words: list[str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        choose(given(*names))

    (problem,) = caught.value.problems
    assert [each for each in words if each not in problem] == []
    assert not any(secret in problem for secret in (SECRET, TOKEN, "PRIVATE KEY-"))


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://acme.my.salesforce.com", "only https"),
        ("acme.my.salesforce.com", "only https"),
        ("ftp://127.0.0.1:8443", "only https"),
        ("https://", "no host"),
        ("https:///services", "no host"),
        ("https://acme.my.salesforce.com/services/oauth2/token", "without a path"),
        ("https://acme.my.salesforce.com?next=x", "without a path"),
        ("https://me:word@acme.my.salesforce.com", "no user or password"),
        ("https://acme.my.salesforce.com:port", "no URL"),
        ("https://[::1", "no URL"),
        ("https://ac me.my.salesforce.com", "no host"),
        ("https://acme.lightning.force.com", "for browsers"),
        ("https://login.salesforce.com", "My Domain"),
    ],
)
def test_a_login_url_that_is_none_is_told(url: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        choose(given("client_id", "client_secret", login_url=url))

    assert str(caught.value).startswith("SALESFORCE_LOGIN_URL: ")
    assert "word@" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://127.0.0.1:8443/", "https://127.0.0.1:8443"),
        ("https://[::1]:8443", "https://[::1]:8443"),
        ("https://Localhost:443", "https://localhost"),
        ("https://acme--dev.sandbox.my.salesforce.com/", None),
        ("https://test.salesforce.com", None),
    ],
)
def test_a_login_url_is_an_origin(url: str, origin: str | None) -> None:
    chosen = choose(given("client_id", "username", "private_key", login_url=url))

    assert isinstance(chosen, JwtBearer)
    assert chosen.login_url == (origin or url.rstrip("/"))


@pytest.mark.parametrize(
    ("pem", "words"),
    [
        ("nonsense", "PEM form"),
        (public_pem(), "PEM form"),
        (private_pem(password="word"), "locked with a password"),
        (private_pem(bits=1024), "1024 bits"),
        (elliptic_pem(), "no RSA key"),
    ],
)
def test_a_private_key_that_is_none_is_told_without_showing_it(pem: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        choose(given("login_url", "client_id", "username", private_key=pem))

    assert str(caught.value).startswith("SALESFORCE_PRIVATE_KEY_FILE: ")
    assert pem.split("\n")[min(1, pem.count("\n"))] not in str(caught.value).replace("PEM", "")
    assert caught.value.__cause__ is None


def test_a_key_may_stand_on_one_line() -> None:
    on_one_line = private_pem().replace("\n", "\\n")
    assert choose(given("login_url", "client_id", "username", private_key=on_one_line)) == USER


@pytest.mark.parametrize("token", ["two words", "line\nbreak", "naïve"])
def test_a_token_that_no_header_could_bear_is_told_without_showing_it(token: str) -> None:
    with pytest.raises(ConfigError, match="SALESFORCE_ACCESS_TOKEN: it holds blanks") as caught:
        choose(given("instance_url", access_token=token))

    assert token not in str(caught.value)


def test_no_secret_is_in_a_repr() -> None:
    token = AccessToken(LOGIN, TOKEN)
    shown = repr([Given(**ALL), APP, USER, token, Grant("h", TOKEN), Tokens(Grant("h", TOKEN))])

    assert not any(secret in shown for secret in (SECRET, TOKEN, "PRIVATE KEY"))


# What goes over the wire.


def test_an_app_signs_in_with_its_secret_in_a_header(
    answers: responses.RequestsMock,
) -> None:
    answers.post(TOKEN_URL, json={"access_token": TOKEN, "instance_url": "https://na1.example.com"})

    tokens = sign_in(APP, requests.Session(), now)

    request = answers.calls[0].request
    pair = base64.b64encode(f"3MVG9.client:{SECRET}".encode()).decode()
    assert request.headers["Authorization"] == f"Basic {pair}"
    assert request.headers["User-Agent"].startswith("sfsync/")
    assert request.body == "grant_type=client_credentials"
    assert (tokens.host, tokens.token) == ("na1.example.com", TOKEN)
    assert request.req_kwargs["timeout"] == (10.0, 30.0)


@pytest.mark.parametrize(
    ("identity", "org"),
    [
        ({"id": f"{LOGIN}/id/00D000000000001EAA/005000000000001AAA"}, "00D000000000001EAA"),
        ({"id": f"{LOGIN}/id/00D000000000001/005000000000001"}, None),
        ({"id": f"{LOGIN}/id/../../etc/005000000000001AAA"}, None),
        ({"id": 7}, None),
        ({}, None),
    ],
)
def test_signing_in_tells_which_org_it_is(
    answers: responses.RequestsMock, identity: dict[str, object], org: str | None
) -> None:
    told = {"access_token": TOKEN, "instance_url": LOGIN}
    answers.post(TOKEN_URL, json=told | identity)
    assert sign_in(APP, requests.Session(), now).org == org


def test_a_user_signs_in_with_an_assertion_of_three_minutes(
    answers: responses.RequestsMock,
) -> None:
    answers.post(TOKEN_URL, json={"access_token": TOKEN, "instance_url": LOGIN})

    sign_in(USER, requests.Session(), now)

    form = parse_qs(answers.calls[0].request.body)
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    claims = jwt.decode(
        form["assertion"][0],
        rsa_key().public_key(),
        algorithms=["RS256"],
        audience=LOGIN,
        options={"verify_exp": False},
    )
    assert claims == {
        "iss": "3MVG9.client",
        "sub": "pia.birch@example.com",
        "aud": LOGIN,
        "exp": int(NOW.timestamp()) + 180,
    }


def test_both_ways_sign_in_to_the_fake(fake: FakeOrg) -> None:
    fake.add("User", Name="Pia Birch", Username="pia.birch@example.com")
    as_user = JwtBearer(
        f"https://{fake.host}", "fake-client", "pia.birch@example.com", private_pem()
    )

    assert opened(fake).user_id == fake.user_id
    (pia,) = (row for row in fake.records("User") if row["Name"] == "Pia Birch")
    assert opened(fake, as_user).user_id == pia["Id"]


def test_a_machine_whose_clock_is_wrong_is_told_so(fake: FakeOrg) -> None:
    as_user = JwtBearer(f"https://{fake.host}", "fake-client", "x@example.com", private_pem())

    with pytest.raises(OrgRefused, match=r"invalid_grant: expired .* clock"):
        sign_in(as_user, fake.session(), lambda: NOW.replace(hour=7))


REFUSALS: list[tuple[int, dict[str, str], str]] = [
    (400, {"error": "invalid_grant", "error_description": "authentication failure"}, "USERNAME"),
    (
        400,
        {
            "error": "invalid_grant",
            "error_description": "user hasn't approved this consumer",
        },
        "Pre-authorise the user",
    ),
    (400, {"error": "invalid_grant", "error_description": "audience is invalid"}, "LOGIN_URL"),
    (
        400,
        {"error": "invalid_grant", "error_description": "no client credentials user enabled"},
        "runs as",
    ),
    (400, {"error": "invalid_grant"}, "invalid_grant. Check"),
    (
        401,
        {"error": "invalid_client", "error_description": "invalid client credentials"},
        "CLIENT_SECRET",
    ),
    (400, {"error": "invalid_client_id"}, "SALESFORCE_CLIENT_ID"),
    (400, {"error": "inactive_user", "error_description": "user is inactive"}, "Activate"),
    (400, {"error": "invalid_app_access"}, "Pre-authorise the user"),
    (400, {"error": "brand_new_code"}, "would again"),
]


@pytest.mark.parametrize(("status", "body", "words"), REFUSALS)
def test_a_refused_sign_in_says_what_to_do_and_is_not_tried_again(
    answers: responses.RequestsMock, status: int, body: dict[str, str], words: str
) -> None:
    answers.post(TOKEN_URL, json=body, status=status)

    with pytest.raises(OrgRefused, match=words) as caught:
        sign_in(APP, requests.Session(), now, sleep=pytest.fail)

    said = ": ".join(body.values())
    assert str(caught.value).startswith(f"signing in at {HOST}: {said}. ")
    assert len(answers.calls) == 1


def test_too_many_sign_ins_are_for_later(answers: responses.RequestsMock) -> None:
    answers.post(TOKEN_URL, json={"error": "rate_limit_exceeded"}, status=400)

    with pytest.raises(OrgUnavailable, match="rate_limit_exceeded"):
        sign_in(APP, requests.Session(), now, sleep=pytest.fail)


@pytest.mark.parametrize(
    "trouble",
    [
        {"body": requests.ConnectionError("reset")},
        {"body": requests.ReadTimeout("slow")},
        {"body": "<html>Down for maintenance</html>", "status": 503},
        {"json": {"error": "unknown_error", "error_description": "retry your request"}},
        {"json": {"error": "server_error"}, "status": 500},
        {"body": "<html>Sign in to this network</html>", "status": 200},
    ],
)
def test_passing_trouble_is_tried_again_four_times(
    answers: responses.RequestsMock, slept: list[float], trouble: dict[str, Any]
) -> None:
    answers.post(TOKEN_URL, **({"status": 400} | trouble))

    with pytest.raises(OrgUnavailable, match=r"^signing in( at acme.my.salesforce.com)?: "):
        sign_in(APP, requests.Session(), now, sleep=slept.append)

    assert (len(answers.calls), len(slept)) == (4, 3)


@pytest.mark.parametrize("status", [302, 404])
def test_a_host_that_is_no_salesforce_is_refused(
    answers: responses.RequestsMock, status: int
) -> None:
    answers.post(TOKEN_URL, body="<html>", status=status, headers={"Location": "https://x.example"})

    with pytest.raises(OrgRefused, match=f"signing in at {HOST}: HTTP {status}. Check the host"):
        sign_in(APP, requests.Session(), now, sleep=pytest.fail)


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"access_token": TOKEN},
        {"access_token": "", "instance_url": LOGIN},
        {"access_token": TOKEN, "instance_url": "http://acme.my.salesforce.com"},
        {"access_token": TOKEN, "instance_url": 7},
    ],
)
def test_an_answer_without_token_or_with_an_address_in_the_clear_is_none(
    answers: responses.RequestsMock, body: object
) -> None:
    answers.post(TOKEN_URL, json=body)

    with pytest.raises(OrgUnavailable, match="holds no token") as caught:
        sign_in(APP, requests.Session(), now)

    assert TOKEN not in str(caught.value)


# Renewal.


def test_an_expired_token_is_renewed_and_the_call_repeated(fake: FakeOrg) -> None:
    org = opened(fake)
    fake.add("Account", Name="Acme")
    fake.expire_tokens()
    before = org.calls

    assert [table.num_rows for table in org.tables("Account", ["Name"])] == [1]

    # describe twice (one refused), the query once
    assert org.calls == before + 3
    assert signed_in_times(fake) == 2


def test_a_token_that_ran_out_unused_is_renewed(fake: FakeOrg) -> None:
    fake.state.session_seconds = 3_600
    org = opened(fake)
    fake.clock.set(NOW.replace(hour=11))

    assert org.budget() is not None
    assert signed_in_times(fake) == 2


def test_a_write_whose_token_was_refused_is_sent_again_whole(fake: FakeOrg) -> None:
    account = fake.add("Account", Name="Acme")
    org = opened(fake)
    assert org.fields("Account") is not None
    seen: list[Call] = []

    def expire(call: Call) -> None:
        if call.when == "before" and call.method == "PATCH":
            seen.append(call)
            if len(seen) == 1:
                fake.expire_tokens()

    fake.on_request.append(expire)
    (result,) = org.update("Account", [(account, {"Name": "Acme & Söhne"})])

    assert result.ok
    assert fake.record("Account", account)["Name"] == "Acme & Söhne"
    first, second = (call.request for call in seen)
    assert first.body == second.body
    changed = {name for name in first.headers if first.headers[name] != second.headers.get(name)}
    assert changed == {"authorization"}
    assert first.headers["sforce-auto-assign"] == "FALSE"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("INVALID_SESSION_ID", "Session expired or invalid"),
        ("INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE"),
        ("INVALID_JWT_FORMAT", "bad"),
    ],
)
def test_a_second_401_ends_it_whatever_its_code(fake: FakeOrg, code: str, words: str) -> None:
    org = opened(fake)
    fake.on_request.append(refuse("sobjects/Account/describe", 401, code, words, times=99))
    before = len(fake.calls)

    with pytest.raises(OrgRefused, match=f"describing Account: {code}"):
        org.fields("Account")

    # asked, signed in, asked again: no more
    assert len(fake.calls) == before + 3
    assert signed_in_times(fake) == 2


@pytest.mark.parametrize("body", ['{"error": "x"}', "<html>401</html>", "", "[]"])
def test_a_401_with_any_body_renews_the_token(answers: responses.RequestsMock, body: str) -> None:
    url = f"{LOGIN}/services/data/v62.0/limits"
    answers.post(TOKEN_URL, json={"access_token": "second", "instance_url": LOGIN})
    answers.get(url, body=body, status=401)
    answers.get(url, json={})
    org = _bare(
        Tokens(
            Grant("acme.my.salesforce.com", "first"),
            lambda: Grant("acme.my.salesforce.com", sign_in(APP, requests.Session(), now).token),
        )
    )

    assert org.budget() is None
    asked = [call.request.headers["Authorization"] for call in answers.calls]
    assert [asked[0], asked[-1], len(asked)] == ["Bearer first", "Bearer second", 3]


def _bare(tokens: Tokens) -> Any:
    """An org that was asked nothing yet."""
    from sfsync.org.client import _wire
    from sfsync.org.read import Identity, SalesforceReader

    wire = _wire(requests.Session(), tokens, "62.0", pytest.fail)
    return SalesforceReader(wire, Identity("00D000000000001AAA", "Acme", "UTC", ""))


def test_a_body_that_is_gone_once_it_was_sent_is_not_sent_again(
    answers: responses.RequestsMock,
) -> None:
    answers.put(LOGIN, status=401)
    line = Line(requests.Session(), Tokens(Grant("acme.my.salesforce.com", "first"), pytest.fail))

    response = line.request(
        "PUT", LOGIN, data=iter([b"Id,Name\n"]), headers={"Authorization": "Bearer first"}
    )

    assert (response.status_code, len(answers.calls)) == (401, 1)


def test_a_request_that_bears_no_token_is_given_none(answers: responses.RequestsMock) -> None:
    answers.get(LOGIN, status=401)
    line = Line(requests.Session(), Tokens(Grant("acme.my.salesforce.com", "first"), pytest.fail))

    line.request("GET", LOGIN)

    assert "Authorization" not in answers.calls[0].request.headers


def test_a_renewal_that_is_refused_is_said_and_not_tried_again(fake: FakeOrg) -> None:
    org = opened(fake)
    fake.expire_tokens()
    fake.state.client_secret = "another"

    with pytest.raises(OrgRefused, match=r"signing in at \S+: invalid_client: .*CLIENT_SECRET"):
        org.budget()

    assert signed_in_times(fake) == 2


def test_a_renewal_whose_answer_is_lost_is_tried_again(fake: FakeOrg) -> None:
    slept: list[float] = []
    tokens = sign_in(app_of(fake), fake.session(), now, sleep=slept.append)
    org = open_org(fake.session(), tokens)
    fake.expire_tokens()
    fake.on_request.append(lose_answer("oauth2/token"))

    assert org.budget() is not None
    assert len(slept) == 1


def test_many_threads_renew_a_token_once(fake: FakeOrg) -> None:
    tokens = sign_in(app_of(fake), fake.session(), fake.clock.now)
    orgs = [open_reader(fake.session(), tokens) for _ in range(8)]
    fake.expire_tokens()
    barrier, told = threading.Barrier(len(orgs), timeout=10), []

    def wait_for_all(call: Call) -> None:
        if call.reply is not None and call.reply.status == 401:
            barrier.wait()

    def ask(org: Any) -> None:
        told.append(org.budget())

    fake.on_request.append(wait_for_all)
    threads = [threading.Thread(target=ask, args=(org,)) for org in orgs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(told) == len(orgs)
    assert signed_in_times(fake) == 2


def test_a_token_of_another_host_is_not_used(fake: FakeOrg) -> None:
    org = opened(fake)
    fake.expire_tokens()
    fake.state.host = "other.my.salesforce.com"

    with pytest.raises(OrgUnavailable, match=r"moved from fake\.my.* to other\.my"):
        org.budget()


def test_an_existing_token_cannot_be_renewed_and_the_refusal_says_so(fake: FakeOrg) -> None:
    tokens = sign_in(AccessToken(f"https://{fake.host}", fake.token()), fake.session(), now)
    org = open_org(fake.session(), tokens)
    fake.expire_tokens()
    before = len(fake.calls)

    with pytest.raises(OrgRefused, match="SALESFORCE_ACCESS_TOKEN cannot be renewed"):
        org.budget()

    assert len(fake.calls) == before + 1


def test_no_secret_is_logged_or_in_an_error(
    fake: FakeOrg, caplog: pytest.LogCaptureFixture
) -> None:
    fake.state.client_secret = SECRET
    app = ClientCredentials(f"https://{fake.host}", "fake-client", SECRET)
    with caplog.at_level(logging.DEBUG, "sfsync"):
        org = opened(fake, app)
        fake.expire_tokens()
        org.budget()
        fake.expire_tokens()
        fake.state.client_secret = "another"
        with pytest.raises(OrgRefused) as caught:
            org.budget()

    assert "signed in again" in caplog.text
    secrets = (SECRET, fake.token().partition(".")[0][:-6], "Basic ", "Bearer ")
    error: BaseException | None = caught.value
    told = [caplog.text]
    while error is not None:
        told.append(f"{error!r} {error}")
        error = error.__context__
    assert [secret for secret in secrets if secret in "\n".join(told)] == []


# The API's version.


def test_a_version_that_the_org_offers_is_fine_and_needs_no_token(fake: FakeOrg) -> None:
    check_version(fake.session(), fake.host, "62.0")

    assert fake.calls == [("GET", "/services/data")]


@pytest.mark.parametrize(
    ("version", "words"),
    [
        ("99.0", "does not offer 99.0; the newest is 67.0"),
        ("30.0", "does not offer 30.0"),
        ("v62.0", "write it as 62.0"),
        ("62", "write it as 62.0"),
        ("", "write it as 62.0"),
    ],
)
def test_a_version_that_is_not_offered_is_told_with_the_newest(
    fake: FakeOrg, version: str, words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        check_version(fake.session(), fake.host, version)


@pytest.mark.parametrize("body", ["{}", "[]", '[{"version": 62}]', "<html>"])
def test_a_host_that_lists_no_versions_is_told(
    answers: responses.RequestsMock, slept: list[float], body: str
) -> None:
    answers.get(f"{LOGIN}/services/data", body=body)

    with pytest.raises(OrgUnavailable, match="API versions"):
        check_version(requests.Session(), "acme.my.salesforce.com", "62.0", sleep=slept.append)


# The way there.


class Watched(BaseAdapter):
    """Notes how requests would have sent."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[dict[str, Any]] = []

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        self.sent.append({**kwargs, "headers": request.headers})
        raise requests.ConnectionError("nobody is there")

    def close(self) -> None:
        pass


def test_proxies_and_certificates_are_those_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    passwords = tmp_path / "netrc"
    passwords.write_text("default login someone password something\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(passwords))
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.com:3128")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/ours.pem")
    session, adapter = requests.Session(), Watched()
    session.mount("https://", adapter)

    with pytest.raises(OrgUnavailable):
        sign_in(APP, session, now, sleep=lambda _seconds: None)

    (sent, *_) = adapter.sent
    assert sent["proxies"]["https"] == "http://proxy.example.com:3128"
    assert sent["verify"] == "/etc/ours.pem"
    pair = base64.b64encode(f"3MVG9.client:{SECRET}".encode()).decode()
    assert sent["headers"]["Authorization"] == f"Basic {pair}"
