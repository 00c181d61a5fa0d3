"""Does the served org answer real clients over HTTPS as it answers in process?"""

import gzip
import http.client
import json
import re
import shlex
import signal
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from click.testing import CliRunner
from cut_org import WON, copy_in, cut
from entering import connect
from loop_org import Loop, loop_of
from simple_salesforce import Salesforce
from test_cli_process import command, environment

from sfsync.cli import commands
from sfsync.fake import FakeOrg, load_folder
from sfsync.fake.given_faults import KINDS, Faults
from sfsync.fake.serving import Certificates, body, make_certificates, serving

NOW = datetime(2026, 6, 15, 8, tzinfo=UTC)
SECONDS = 60
ACCOUNTS = "/services/data/v62.0/sobjects/Account"
COLLECTION = "/services/data/v62.0/composite/sobjects"


@cache
def certificates() -> Certificates:
    """Make them once, by the machine's clock: it is what TLS compares with."""
    return make_certificates(datetime.now(UTC))  # noqa: TID251 - real certificates


@dataclass(frozen=True)
class Served:
    """An org, where it is served, and a client that trusts it."""

    org: FakeOrg
    url: str
    session: requests.Session

    def ask(self, method: str, path: str, **rest: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.org.token()}", **rest.pop("headers", {})}
        return self.session.request(
            method, self.url + path, headers=headers, timeout=rest.pop("timeout", SECONDS), **rest
        )

    def control(self, method: str, name: str, given: object = None) -> requests.Response:
        url = f"{self.url}/__fake__/{name}"
        return self.session.request(method, url, json=given, timeout=SECONDS)

    def fault(self, **given: object) -> None:
        answer = self.control("POST", "faults", given)
        assert answer.status_code == 201, answer.text

    def name_of(self, record: str) -> object:
        return self.org.record("Account", record)["Name"]


def trusting(authority: Path) -> requests.Session:
    """A session that trusts the served org, whatever the machine's environment says."""
    session = requests.Session()
    session.trust_env = False
    session.verify = str(authority)
    return session


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    file = tmp_path / "authority.pem"
    file.write_bytes(certificates().authority)
    return file


@pytest.fixture
def served(authority: Path) -> Iterator[Served]:
    """An org with standard objects, served over TLS."""
    org = FakeOrg.standard(NOW)
    with serving(org, tls=certificates()) as url, trusting(authority) as session:
        yield Served(org, url, session)


@pytest.fixture
def account(served: Served) -> str:
    return served.org.add("Account", Name="Atelier Fictif")


def sign_in(served: Served, session: requests.Session | None = None) -> Salesforce:
    """Sign in as the platform's clients do: ask for a token, then go where it says."""
    granted = (
        (session or served.session)
        .post(
            f"{served.url}/services/oauth2/token",
            data={"grant_type": "client_credentials"},
            auth=("fake-client", "fake-secret"),
            timeout=SECONDS,
        )
        .json()
    )
    assert granted["instance_url"] == served.url
    return Salesforce(
        session_id=granted["access_token"],
        instance_url=granted["instance_url"],
        session=session or served.session,
        version="62.0",
    )


# What clients do.


def test_a_client_signs_in_reads_pages_and_writes_a_collection(served: Served) -> None:
    ids = [served.org.add("Account", Name=f"Atelier Fictif {number}") for number in range(2001)]
    sf = sign_in(served)
    found = sf.query_all("SELECT Id, Name FROM Account ORDER BY Id")
    assert [row["Id"] for row in found["records"]] == sorted(ids)
    pages = [call for call in served.org.calls if "/query" in call[1]]
    assert len(pages) == 2
    records = [{"attributes": {"type": "Account"}, "id": ids[0], "Name": "Maison Inventée"}]
    (result,) = sf.restful(
        "composite/sobjects", method="PATCH", json={"allOrNone": False, "records": records}
    )
    assert (result["id"], result["success"]) == (ids[0], True)
    assert served.name_of(ids[0]) == "Maison Inventée"


def test_nobody_is_trusted_who_does_not_prove_himself(served: Served) -> None:
    with requests.Session() as stranger:
        stranger.trust_env = False
        with pytest.raises(requests.exceptions.SSLError):
            stranger.get(f"{served.url}/services/data", timeout=SECONDS)
    assert served.ask("GET", "/services/data").ok


def test_a_pass_over_https_is_the_pass_in_process(tmp_path: Path, authority: Path) -> None:
    folder = cut(tmp_path / "small")
    near, far = load_folder(folder), load_folder(folder)
    with (
        loop_of(near, NOW) as loop,
        loop_of(far, NOW) as other,
        serving(far, tls=certificates()) as url,
        trusting(authority) as session,
    ):
        org = connect(session, url, far.token(), sleep=lambda _: None)
        served = Loop(far, org, other.journal, NOW)
        planned = served.plan()
        assert planned.plan.changes == loop.plan().plan.changes
        assert planned.plan.changes
        assert served.apply(planned).exit_code == 0
        loop.run()
    assert far.records("Account") == near.records("Account")


def test_two_clients_work_at_once(served: Served, authority: Path, account: str) -> None:
    served.fault(kind="slow_reply", path=f"Account/{account}", seconds=SECONDS)
    ended: list[str] = []

    def wait() -> None:
        with trusting(authority) as session:
            sf = sign_in(served, session)
            try:
                sf.Account.get(account, timeout=1.5)
            except requests.ReadTimeout:
                ended.append("the slow one")

    slow = threading.Thread(target=wait)
    slow.start()
    until = time.monotonic() + SECONDS
    while not any(account in path for _method, path in served.org.calls):
        assert time.monotonic() < until
        time.sleep(0.01)
    assert sign_in(served).query("SELECT Id FROM Account")["totalSize"] == 1
    ended.append("the quick one")
    slow.join(SECONDS)
    assert ended == ["the quick one", "the slow one"]


def test_many_threads_write_and_nothing_is_lost(served: Served, authority: Path) -> None:
    def create(worker: int) -> None:
        with trusting(authority) as session:
            sf = sign_in(served, session)
            for number in range(5):
                sf.Account.create({"Name": f"Maison {worker}-{number}"})

    workers = [threading.Thread(target=create, args=(worker,)) for worker in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(SECONDS)
    names = {str(row["Name"]) for row in served.org.records("Account")}
    assert names == {f"Maison {worker}-{number}" for worker in range(4) for number in range(5)}


# How HTTP is spoken.


def test_one_connection_serves_many_requests_and_head_has_no_body(
    served: Served, authority: Path
) -> None:
    parts = urlsplit(served.url)
    trusted = ssl.create_default_context(cafile=str(authority))
    line = http.client.HTTPSConnection(str(parts.hostname), parts.port, context=trusted)
    line.request("GET", "/services/data", headers={"Connection": "keep-alive"})
    whole = line.getresponse()
    content = whole.read()
    first = line.sock
    line.request("HEAD", "/services/data")
    head = line.getresponse()
    assert (head.status, head.read()) == (200, b"")
    assert head.getheader("Content-Length") == str(len(content))
    assert whole.version == 11
    assert line.sock is first is not None
    line.close()


def test_replies_are_packed_for_those_who_ask(served: Served) -> None:
    plain = served.ask("GET", "/services/data", headers={"Accept-Encoding": "identity"})
    small = served.ask("GET", "/services/data", headers={"Accept-Encoding": "br, gzip"})
    assert "Content-Encoding" not in plain.headers
    assert small.headers["Content-Encoding"] == "gzip"
    assert int(small.headers["Content-Length"]) < int(plain.headers["Content-Length"])
    assert small.json() == plain.json()
    tiny = served.ask("GET", "/__fake__/clock", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in tiny.headers


@pytest.mark.parametrize("form", ["whole", "chunked", "packed"])
def test_a_body_comes_in_any_form(served: Served, form: str) -> None:
    text = json.dumps({"Name": "Maison Inventée"}).encode()
    headers = {"Content-Type": "application/json"}
    data: Any = text
    if form == "chunked":
        data = iter([text[:5], text[5:]])
    if form == "packed":
        data, headers["Content-Encoding"] = gzip.compress(text), "gzip"
    answer = served.ask("POST", ACCOUNTS, data=data, headers=headers)
    assert answer.status_code == 201, answer.text
    assert served.name_of(answer.json()["id"]) == "Maison Inventée"


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_large_is_refused_and_not_kept(
    served: Served, monkeypatch: pytest.MonkeyPatch, chunked: bool
) -> None:
    assert body.MOST_BYTES == 150 * 1024 * 1024
    monkeypatch.setattr(body, "MOST_BYTES", 1000)
    data: Any = iter([b"x" * 600] * 2) if chunked else b"x" * 1001
    answer = served.ask("POST", ACCOUNTS, data=data)
    assert answer.status_code == 413
    assert served.org.records("Account") == []


def test_leaving_ends_idle_connections_and_frees_the_port(authority: Path) -> None:
    org = FakeOrg.standard(NOW)
    with trusting(authority) as session:
        with serving(org, tls=certificates()) as url:
            assert session.get(f"{url}/services/data", timeout=SECONDS).ok
            left = time.monotonic()
        assert time.monotonic() - left < 5
        with serving(org, port=urlsplit(url).port or 0, tls=certificates()) as again:
            assert again == url
            assert session.get(f"{url}/services/data", timeout=SECONDS).ok
    with serving(org) as plain:
        assert plain.startswith("http://127.0.0.1:")
        assert requests.Session().get(f"{plain}/services/data", timeout=SECONDS).ok


# Clock and faults.


def test_the_clock_is_read_set_and_advanced(served: Served) -> None:
    assert served.control("GET", "clock").json() == {"now": "2026-06-15T08:00:00.000+0000"}
    answer = served.control("PUT", "clock", {"now": "2026-07-01T10:00:00+02:00"})
    assert answer.json() == {"now": "2026-07-01T08:00:00.000+0000"}
    served.control("PUT", "clock", {"advance": 60})
    assert served.org.clock.now() == datetime(2026, 7, 1, 8, 1, tzinfo=UTC)
    for wrong in ({"now": "2026-07-01T10:00:00"}, {"now": "noon"}, {"advance": -1}, {}):
        assert served.control("PUT", "clock", wrong).status_code == 400
    assert served.org.clock.now() == datetime(2026, 7, 1, 8, 1, tzinfo=UTC)


def test_calls_are_told_and_those_to_the_fake_itself_are_none(served: Served, account: str) -> None:
    served.ask("GET", f"{ACCOUNTS}/{account}")
    told = [{"method": "GET", "path": f"{ACCOUNTS}/{account}"}]
    assert served.control("GET", "calls").json() == told
    assert served.control("DELETE", "calls").status_code == 204
    assert served.control("GET", "calls").json() == []


def test_a_token_expires_at_the_call_named_and_the_next_one_is_another(
    served: Served, account: str
) -> None:
    token = {"Authorization": f"Bearer {served.org.token()}"}
    served.fault(kind="expired_token", at=2)
    states = [
        served.ask("GET", f"{ACCOUNTS}/{account}", headers=token).status_code for _ in range(3)
    ]
    assert states == [200, 401, 401]
    assert sign_in(served).Account.get(account)["Id"] == account
    assert served.ask("GET", f"{ACCOUNTS}/{account}", headers=token).status_code == 401


@pytest.mark.parametrize(
    ("kind", "breaks", "written"),
    [
        ("lost_request", requests.ConnectionError, False),
        ("lost_answer", requests.ConnectionError, True),
        ("cut_reply", requests.exceptions.ChunkedEncodingError, True),
    ],
)
@pytest.mark.parametrize("near", [False, True], ids=["served", "in process"])
def test_a_connection_breaks_before_or_after_what_was_asked(
    served: Served, kind: str, breaks: type[Exception], written: bool, near: bool
) -> None:
    if near:
        Faults(served.org).add({"kind": kind, "path": "sobjects/Account", "method": "post"})
    else:
        served.fault(kind=kind, path="sobjects/Account", method="post")
    client = Served(served.org, f"https://{served.org.host}", served.org.session())
    with pytest.raises(breaks):
        (client if near else served).ask("POST", ACCOUNTS, json={"Name": "Maison Inventée"})
    assert len(served.org.records("Account")) == written
    assert served.ask("POST", ACCOUNTS, json={"Name": "Maison Seconde"}).status_code == 201


@pytest.mark.parametrize("near", [False, True], ids=["served", "in process"])
def test_a_slow_reply_outlasts_the_patience_of_a_client(
    served: Served, account: str, near: bool
) -> None:
    served.fault(kind="slow_reply", seconds=0.5, path=account)
    session = served.org.session() if near else served.session
    client = Served(served.org, f"https://{served.org.host}", session)
    with pytest.raises(requests.ReadTimeout):
        client.ask("PATCH", f"{ACCOUNTS}/{account}", json={"Name": "Lente"}, timeout=0.2)
    assert served.name_of(account) == "Lente"


def test_records_are_locked_or_break_a_rule_as_often_as_said(served: Served) -> None:
    locked, broken, free = (served.org.add("Account", Name=f"Maison {n}") for n in range(3))
    served.fault(kind="lock", ids=[locked], times=1)
    served.fault(kind="validation", ids=[broken[:15]], times=None, message="No", fields=["Name"])

    def codes(name: str) -> list[str | None]:
        records = [
            {"attributes": {"type": "Account"}, "id": each, "Name": name}
            for each in (locked, broken, free)
        ]
        answer = served.ask("PATCH", COLLECTION, json={"allOrNone": False, "records": records})
        return [
            each["errors"][0]["statusCode"] if each["errors"] else None for each in answer.json()
        ]

    rule = "FIELD_CUSTOM_VALIDATION_EXCEPTION"
    assert codes("Nouvelle") == ["UNABLE_TO_LOCK_ROW", rule, None]
    assert served.name_of(locked) == "Maison 0"
    assert codes("Nouvelle") == [None, rule, None]
    refused = served.ask("DELETE", f"{ACCOUNTS}/{broken}")
    assert refused.json() == [{"message": "No", "errorCode": rule, "fields": ["Name"]}]
    served.control("DELETE", "faults")
    assert codes("Dernière") == [None, None, None]


def test_the_quota_is_used_up_until_faults_are_taken_away(served: Served, account: str) -> None:
    served.fault(kind="quota", left=1)
    states = [served.ask("GET", f"{ACCOUNTS}/{account}").status_code for _ in range(2)]
    assert states == [200, 403]
    served.control("DELETE", "faults")
    assert served.ask("GET", f"{ACCOUNTS}/{account}").ok
    assert served.org.state.daily_quota == 15_000


def test_a_person_edits_between_two_requests(served: Served, account: str) -> None:
    served.fault(
        kind="edit", path=account, at=2, object="Account", id=account, fields={"Name": "Autre"}
    )
    names = [served.ask("GET", f"{ACCOUNTS}/{account}").json()["Name"] for _ in range(2)]
    assert names == ["Atelier Fictif", "Autre"]


def test_the_org_refuses_or_is_down(served: Served, account: str) -> None:
    served.fault(kind="refusal", status=503, code="SERVER_UNAVAILABLE", times=2)
    refused = served.ask("GET", f"{ACCOUNTS}/{account}")
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (503, "SERVER_UNAVAILABLE")
    served.fault(kind="page", path="/query")
    down = served.ask("GET", "/services/data/v62.0/query?q=SELECT+Id+FROM+Account")
    assert down.status_code == 503
    assert served.ask("GET", f"{ACCOUNTS}/{account}").ok
    numbers = [each["number"] for each in served.control("GET", "faults").json()]
    assert numbers == [1, 2]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"kind": "eclipse"}, "'eclipse' is no fault; there are bulk_abort, bulk_fail"),
        ({"kind": "lock", "ids": []}, "ids must be a list"),
        ({"kind": "lock", "ids": ["nobody"]}, "ids must be a list"),
        ({"kind": "lost_answer", "att": 2}, "has no att; it takes about, at, kind, method"),
        ({"kind": "lost_answer", "at": 0}, "at must be a whole number, 1 or more"),
        ({"kind": "lost_answer", "times": "two"}, "times must be a whole number"),
        ({"kind": "slow_reply"}, "seconds must be a number"),
        ({"kind": "refusal"}, "code must be a text"),
        ({"kind": "validation", "ids": ["001000000000001"], "fields": "Name"}, "fields must be"),
        ({"kind": "edit", "object": "Account", "id": "001", "fields": {"Name": "x"}}, "no Account"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(
    served: Served, given: dict[str, object], told: str
) -> None:
    answer = served.control("POST", "faults", given)
    assert answer.status_code == 400
    assert told in answer.json()[0]["message"]
    assert served.control("GET", "faults").json() == []


def test_the_fake_says_what_it_offers_of_its_own(served: Served) -> None:
    unknown, wrong = served.control("GET", "weather"), served.control("PATCH", "clock")
    assert (unknown.status_code, wrong.status_code) == (404, 405)
    assert "PUT /__fake__/clock" in unknown.json()[0]["message"]


def test_operate_tells_every_fault_and_what_it_takes(served: Served) -> None:
    page = Path(__file__).parents[1] / "docs" / "operate.md"
    told = re.findall(
        r"^\| `((?!sfsync_)\w+)` \|.*\| ?(.*?) ?\|$", page.read_text("utf-8"), re.MULTILINE
    )
    rows = {kind: set(re.findall(r"`(\w+)`", takes)) for kind, takes in told}
    assert set(rows) == set(KINDS)
    for kind, takes in rows.items():
        answer = served.control("POST", "faults", {"kind": kind, "nothing": 1})
        taken = answer.json()[0]["message"].partition("it takes ")[2].split(", ")
        assert set(taken) - {"kind", "path", "method", "at", "about", "times"} == takes, kind


# The command.


@pytest.fixture
def process(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """`sfsync org serve` on a small recorded org, `small`."""
    cut(tmp_path / "small")
    started = subprocess.Popen(
        command("org", "serve", "--dir", "small"),
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield started
    started.kill()
    started.communicate()


def printed_by(process: "subprocess.Popen[str]") -> dict[str, str]:
    """Read the environment that the command prints, as a shell would."""
    assert process.stdout is not None
    found: dict[str, str] = {}
    while "NODE_EXTRA_CA_CERTS" not in found:
        line = process.stdout.readline()
        assert line, process.communicate()
        export, pair = shlex.split(line)
        name, _, value = pair.partition("=")
        assert export == "export"
        found[name] = value
    return found


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_serves_a_copy_alone_and_ends_on_a_signal(
    tmp_path: Path,
    process: "subprocess.Popen[str]",
    monkeypatch: pytest.MonkeyPatch,
    number: int,
) -> None:
    monkeypatch.chdir(tmp_path)
    said = printed_by(process)
    assert process.stdout is not None
    comments = [process.stdout.readline() for _ in range(4)]
    assert f"# export SALESFORCE_LOGIN_URL={said['SALESFORCE_INSTANCE_URL']}\n" in comments
    assert said["SSL_CERT_FILE"] == said["REQUESTS_CA_BUNDLE"]
    with trusting(Path(said["REQUESTS_CA_BUNDLE"])) as session:
        sf = Salesforce(
            session_id=said["SALESFORCE_ACCESS_TOKEN"],
            instance_url=said["SALESFORCE_INSTANCE_URL"],
            session=session,
        )
        sf.Account.update(WON, {"Name": "Maison Inventée"})
        if number == signal.SIGTERM:
            for other in (("run", "hourly"), ("org", "reset"), ("org", "serve")):
                refused = CliRunner().invoke(commands, [*other, "--org", "small"])
                assert refused.exit_code == 7, refused.output
                assert "is being served or written by another process" in refused.stderr
        process.send_signal(number)
        _, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 0
    assert "Traceback" not in errors
    assert errors.endswith("The org is no longer served.\n")
    kept = copy_in(tmp_path / ".sfsync", tmp_path / "small").record("Account", WON)
    assert kept["Name"] == "Maison Inventée"


def test_a_port_that_is_taken_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    cut(tmp_path / "small")
    with serving(FakeOrg.standard(NOW)) as url:
        port = str(urlsplit(url).port)
        words = ["org", "serve", "--org", "small", "--port", port, "--no-tls"]
        refused = CliRunner().invoke(commands, words)
    assert refused.exit_code == 5
    assert f"--port {port}: cannot listen on 127.0.0.1" in refused.stderr
