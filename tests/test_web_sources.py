"""Are known sources asked politely, and no more often than needed?"""

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import bench_enrich_quota as bench
import pytest
from hypothesis import given
from hypothesis import strategies as st
from web_server import HERE, Request, Server, answer, serving

from sfsync.enrich.http import Cache, Clock, HttpWeb, Manners, Recorded
from sfsync.enrich.http.cache import FILE, Kept
from sfsync.enrich.http.pace import Pace
from sfsync.enrich.http.trouble import retry_after
from sfsync.enrich.provider import Answer, Provider, Quota, Worth
from sfsync.errors import ConfigError, LookupFailed, SourceUnavailable

NOW = datetime(2026, 6, 15, 8, tzinfo=UTC)
SOURCE = "register"
QUICK = 1_000.0


@dataclass
class Virtual:
    """A clock that goes on only where somebody waits."""

    seconds: float = 0.0
    waited: list[float] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def sleep(self, seconds: float) -> None:
        with self.lock:
            self.seconds += seconds
            self.waited.append(seconds)

    def monotonic(self) -> float:
        return self.seconds

    def clock(self) -> Clock:
        return Clock(lambda: NOW + timedelta(seconds=self.seconds), self.monotonic, self.sleep)


def provider_of(**given: Any) -> Provider:
    fitting = {"quota": Quota(QUICK, (HERE,)), **given}
    return Provider(
        SOURCE, "Register", "https://www.example.com/", "Open", "Register of Example",
        look_up=lambda *_: None, **fitting,
    )  # fmt: skip


def as_json(body: object = None, status: str = "200 OK", **headers: str) -> bytes:
    return answer(json.dumps(body or {}).encode(), status, "application/json", **headers)


@contextmanager
def source(
    folder: Path,
    respond: Callable[[Request], bytes],
    provider: Provider | None = None,
    virtual: Virtual | None = None,
    manners: Manners | None = None,
) -> Iterator[tuple[HttpWeb, Server]]:
    virtual = virtual or Virtual()
    clock = virtual.clock()
    cache = Cache(folder / FILE, clock.now())
    known = {SOURCE: provider or provider_of()}
    with (
        serving(respond, clock=virtual.monotonic) as server,
        HttpWeb(cache, clock, manners or Manners(), known) as web,
    ):
        yield web, server
    cache.close()


def url_of(server: Server, path: str = "/search") -> str:
    return f"http://{HERE}:{server.port}{path}"


# The quota


def test_2000_accounts_never_pass_the_quota_and_the_second_run_is_free(tmp_path: Path) -> None:
    virtual = Virtual()

    def respond(_: Request) -> bytes:
        virtual.sleep(0.150)
        return as_json()

    provider = provider_of(quota=Quota(4, (HERE,)))
    with source(tmp_path, respond, provider, virtual) as (web, server):
        for _ in range(2):
            for number in range(2_000):
                web.get(SOURCE, url_of(server), {"q": str(number)})
        use = web.use_of(NOW.date())[SOURCE]
    times = [each.at for each in server.requests]
    assert len(times) == 2_000
    assert bench.most_in_a_second(times) == 4
    # An even pace of 4 a second, each second counted from an answer.
    assert 500 < virtual.seconds < 2_000 / 4 * 1.16
    assert server.connections == 1
    assert (use.requests, use.hits) == (2_000, 2_000)


def test_40_requests_at_20_a_second_by_the_real_clock(tmp_path: Path) -> None:
    provider = provider_of(quota=Quota(20, (HERE,)))
    clock = Clock(lambda: NOW, time.monotonic, time.sleep)
    cache = Cache(tmp_path / FILE, NOW)
    with (
        serving(lambda _: as_json()) as server,
        HttpWeb(cache, clock, Manners(), {SOURCE: provider}) as web,
    ):
        threads = [
            threading.Thread(target=web.get, args=(SOURCE, url_of(server, f"/{number}")))
            for number in range(40)
        ]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    cache.close()
    assert len(server.requests) == 40
    assert bench.most_in_a_second([each.at for each in server.requests]) <= 20
    assert server.connections == 1


@given(st.floats(0.1, 30), st.lists(st.tuples(st.floats(0, 2), st.floats(0, 3)), max_size=60))
def test_no_window_of_a_second_holds_more_whatever_the_answers_take(
    per_second: float, answers: list[tuple[float, float]]
) -> None:
    virtual = Virtual()
    pace = Pace(per_second, virtual.clock())
    seen = []
    for until_seen, until_answered in answers:
        with pace.turn():
            # The request comes to the server some time after it was sent, the answer later.
            virtual.sleep(until_seen)
            seen.append(virtual.seconds)
            virtual.sleep(until_answered)
    # Sums of fractions are off by a hair.
    assert bench.most_in_a_second([each * (1 + 1e-9) for each in seen]) <= max(1, per_second)
    if per_second < 1:
        waits = [later - earlier for earlier, later in pairwise(seen)]
        assert all(wait >= 1 / per_second - 1e-6 for wait in waits)


def test_processes_that_are_killed_pass_no_quota_and_lose_what_was_in_flight() -> None:
    plan = bench.Plan(accounts=40, quota=40, latency=0.01, kills=2, seed=5)
    result = bench.measure(plan)
    assert result.kills >= 1
    assert result.keeps(plan), result


# Trouble


def test_a_request_says_who_asks_and_keeps_the_key_to_itself(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    manners = Manners(contact="sales-ops@example.com; +https://example.com")
    with source(tmp_path, lambda _: as_json(), manners=manners) as (web, server):
        given = {"X-Key": "hidden-header"}
        web.get(SOURCE, url_of(server), {"q": "Zürich & Söhne"}, given, "hidden-user")
    headers = server.requests[0].headers
    assert headers["user-agent"].endswith("(sales-ops@example.com; +https://example.com)")
    assert headers["x-key"] == "hidden-header"
    assert headers["authorization"] == "Basic aGlkZGVuLXVzZXI6"
    assert server.paths == ["/search?q=Z%C3%BCrich+%26+S%C3%B6hne"]
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    for secret in ("hidden-header", "hidden-user", "aGlkZGVuLXVzZXI6"):
        assert secret.encode() not in kept
        assert secret not in caplog.text


@pytest.mark.parametrize("contact", ["a\r\nX-Evil: 1", "a (b)", "é", " a", "a" * 300])
def test_a_contact_that_does_not_fit_a_header_is_a_setting_to_mend(contact: str) -> None:
    with pytest.raises(ConfigError, match="contact"):
        Manners(contact=contact)


def test_a_source_that_wants_a_contact_is_not_asked_without_one(tmp_path: Path) -> None:
    provider = provider_of(needs_contact=True)
    with source(tmp_path, lambda _: as_json(), provider) as (web, server):
        with pytest.raises(SourceUnavailable, match="set a contact"):
            web.get(SOURCE, url_of(server))
        assert not server.requests


# What the source says, how many requests one question takes, whether the source is left, and the
# seconds until the next request.
TROUBLE = {
    "400 Bad Request": ({}, 1, False, 0),
    "422 Unprocessable Content": ({}, 1, False, 0),
    "301 Moved Permanently": ({"Location": "https://www.example.com/"}, 1, False, 0),
    "401 Unauthorized": ({}, 1, True, 0),
    "403 Forbidden": ({}, 1, True, 0),
    "429 Too Many Requests": ({"Retry-After": "30"}, 1, False, 30),
    "429 Slow Down": ({"Retry-After": "Mon, 15 Jun 2026 08:00:41 GMT"}, 1, False, 40),
    "429 Too Many": ({"Retry-After": "61"}, 1, True, 0),
    "429 Much Too Many": ({"Retry-After": "99999999999999999999"}, 1, True, 0),
    "429 No Word": ({}, 1, False, 10),
    "500 Internal Server Error": ({}, 1, False, 0),
    "502 Bad Gateway": ({}, 2, False, 2),
    "503 Service Unavailable": ({"Retry-After": "20"}, 2, False, 20),
    "503 Long": ({"Retry-After": "3600"}, 1, True, 0),
    "504 Gateway Timeout": ({}, 2, False, 2),
}


@pytest.mark.parametrize("status", TROUBLE)
def test_trouble_is_answered_with_patience(status: str, tmp_path: Path) -> None:
    headers, requests, is_left, pause = TROUBLE[status]
    said = {name.replace("-", "_"): value for name, value in headers.items()}
    virtual = Virtual()
    with source(tmp_path, lambda _: as_json(status=status, **said), virtual=virtual) as (
        web,
        server,
    ):
        with pytest.raises(SourceUnavailable if is_left else LookupFailed, match=status[:3]):
            web.get(SOURCE, url_of(server, "/a"))
        assert len(server.requests) == requests
        server.respond = lambda _: as_json()
        if is_left:
            with pytest.raises(SourceUnavailable, match="left alone"):
                web.get(SOURCE, url_of(server, "/b"))
            assert len(server.requests) == requests
        else:
            before = server.requests[-1].at
            assert web.get(SOURCE, url_of(server, "/b")).status == 200
            assert server.requests[-1].at - before >= pause


@pytest.mark.parametrize("status", ["500 Internal Server Error", "503 Service Unavailable"])
def test_three_failures_in_a_row_leave_the_source_until_the_next_run(
    status: str, tmp_path: Path
) -> None:
    with source(tmp_path, lambda _: as_json(status=status)) as (web, server):
        for path in ("/a", "/b", "/c", "/d", "/e"):
            with pytest.raises((LookupFailed, SourceUnavailable)):
                web.get(SOURCE, url_of(server, path))
        assert len(server.requests) == 3
    soon, later = Virtual(seconds=500), Virtual(seconds=610)
    with (
        source(tmp_path, lambda _: as_json(), virtual=soon) as (web, server),
        pytest.raises(
            SourceUnavailable, match=f"status {status[:3]}; .* until 2026-06-15 08:10 UTC"
        ),
    ):
        web.get(SOURCE, url_of(server, "/a"))
    assert not server.requests
    with source(tmp_path, lambda _: as_json(), virtual=later) as (web, server):
        assert web.get(SOURCE, url_of(server, "/a")).status == 200


# What the source says, and for how many seconds no other run asks it (None: the next one does).
RESTS = {
    "429 Too Many Requests": ({"Retry-After": "3600"}, 3600),
    "429 Slow Down": ({"Retry-After": "Mon, 15 Jun 2026 08:45:00 GMT"}, 2700),
    "429 Much Too Many": ({"Retry-After": "99999999999999999999"}, 7 * 86_400),
    "503 Service Unavailable": ({"Retry-After": "600"}, 600),
    "403 Forbidden": ({}, 3600),
    "401 Unauthorized": ({}, None),
}


@pytest.mark.parametrize("status", RESTS)
def test_the_next_runs_obey_what_a_source_asked_for(status: str, tmp_path: Path) -> None:
    headers, seconds = RESTS[status]
    said = {name.replace("-", "_"): value for name, value in headers.items()}
    with (
        source(tmp_path, lambda _: as_json(status=status, **said)) as (web, server),
        pytest.raises(SourceUnavailable),
    ):
        web.get(SOURCE, url_of(server))
    if seconds is not None:
        soon = Virtual(seconds=seconds - 61)
        with source(tmp_path, lambda _: as_json(), virtual=soon) as (web, server):
            with pytest.raises(SourceUnavailable, match=f"status {status[:3]}.*left alone until"):
                web.get(SOURCE, url_of(server))
            assert not server.requests
    later = Virtual(seconds=(seconds or 0) + 1)
    with source(tmp_path, lambda _: as_json(), virtual=later) as (web, server):
        assert web.get(SOURCE, url_of(server)).status == 200


def test_a_short_pause_that_a_source_asked_for_outlives_the_process(tmp_path: Path) -> None:
    asked = {"Retry_After": "40"}
    with (
        source(tmp_path, lambda _: as_json(status="429 Wait", **asked)) as (web, server),
        pytest.raises(LookupFailed),
    ):
        web.get(SOURCE, url_of(server))
    soon = Virtual(seconds=5)
    with source(tmp_path, lambda _: as_json(), virtual=soon) as (web, server):
        assert web.get(SOURCE, url_of(server)).status == 200
        assert server.requests[0].at >= 40


def test_what_a_source_says_of_people_is_not_kept(tmp_path: Path) -> None:
    def redact(each: Answer) -> Answer:
        return replace(each, body=each.body.replace(b"Jeanne", b"-"))

    with source(tmp_path, lambda _: as_json({"a": "Jeanne"}), provider_of(redact=redact)) as (
        web,
        server,
    ):
        assert [web.get(SOURCE, url_of(server)).json() for _ in "12"] == [{"a": "-"}, {"a": "-"}]
    cache = Cache(tmp_path / FILE, NOW)
    kept = cache.find(SOURCE, f"GET {url_of(server)}", NOW)
    cache.close()
    assert kept is not None
    assert b"Jeanne" not in kept.answer.body


def test_what_a_clock_that_was_wrong_stamped_is_not_believed(tmp_path: Path) -> None:
    cache = Cache(tmp_path / FILE, NOW)
    kept_in(cache, 1, 10, NOW + timedelta(days=400))
    assert cache.find(SOURCE, "GET /0", NOW) is None
    cache.close()


def test_the_use_of_long_ago_is_forgotten(tmp_path: Path) -> None:
    cache = Cache(tmp_path / FILE, NOW)
    cache.count(SOURCE, NOW.date(), requests=1)
    cache.close()
    later = Cache(tmp_path / FILE, NOW + timedelta(days=91))
    assert later.use_of(NOW.date()) == {}
    later.close()


def test_an_answer_between_failures_begins_the_count_anew(tmp_path: Path) -> None:
    def respond(request: Request) -> bytes:
        return as_json(status="500 Internal Server Error" if "bad" in request.path else "200 OK")

    with source(tmp_path, respond) as (web, server):
        for number in range(6):
            with pytest.raises(LookupFailed):
                web.get(SOURCE, url_of(server, f"/bad{number}"))
            web.get(SOURCE, url_of(server, f"/good{number}"))


def test_a_refused_connection_is_a_ban(tmp_path: Path) -> None:
    with serving(lambda _: as_json()) as gone:
        nowhere = url_of(gone)
    with source(tmp_path, lambda _: as_json()) as (web, server):
        with pytest.raises(SourceUnavailable, match="bans"):
            web.get(SOURCE, nowhere)
        with pytest.raises(SourceUnavailable, match="bans"):
            web.get(SOURCE, url_of(server))
        assert web.use_of(NOW.date())[SOURCE].requests == 1
        assert not server.requests


def test_a_lost_connection_is_tried_once_more(tmp_path: Path) -> None:
    said = iter([b"", as_json({"a": 1})])
    with source(tmp_path, lambda _: next(said)) as (web, server):
        assert web.get(SOURCE, url_of(server)).json() == {"a": 1}
        assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Content-Encoding": "br"}, b"\x0b\x02\x80a\x03"),
        ({}, b"a" * (8 * 1024**2 + 1)),
    ],
    ids=["packed as not asked", "too long"],
)
def test_a_body_that_was_not_agreed_is_not_read(
    headers: dict[str, str], body: bytes, tmp_path: Path
) -> None:
    said = {name.replace("-", "_"): value for name, value in headers.items()}
    with (
        source(tmp_path, lambda _: answer(body, **said)) as (web, server),
        pytest.raises(LookupFailed, match="not read"),
    ):
        web.get(SOURCE, url_of(server))


def test_a_provider_asks_its_own_hosts_only(tmp_path: Path) -> None:
    provider = provider_of(quota=Quota(QUICK, ("www.example.com",)))
    with source(tmp_path, lambda _: as_json(), provider) as (web, server):
        for url in (url_of(server), "http://www.example.com/", "https://example.com/"):
            with pytest.raises(ValueError, match="may not ask"):
                web.get(SOURCE, url)


@given(st.text(max_size=40))
def test_any_retry_after_is_a_time_or_none(text: str) -> None:
    told = retry_after(text, NOW)
    assert told is None or told >= 0


# What is kept


def judged(said: Answer) -> Worth:
    if said.status == 404:
        return Worth.NOTHING
    content = said.json()
    if content.get("error") == "maxlag":
        return Worth.LATER
    return Worth.ANSWER if content["found"] else Worth.NOTHING


def test_answers_and_nothing_are_kept_for_times_of_their_own(tmp_path: Path) -> None:
    provider = provider_of(worth=judged, keeps_days=30, keeps_nothing_days=7)
    said = {"/some": as_json({"found": 1}), "/none": as_json({"found": 0})}
    missing = as_json(status="404 Not Found")
    virtual = Virtual()
    with source(tmp_path, lambda each: said.get(each.path, missing), provider, virtual) as (
        web,
        server,
    ):
        first = {path: web.get(SOURCE, url_of(server, path)) for path in (*said, "/missing")}
        for days, again in ((6, []), (2, ["/none", "/missing"]), (23, ["/some"])):
            virtual.sleep(days * 86_400)
            asked = len(server.requests)
            for path, answered in first.items():
                got = web.get(SOURCE, url_of(server, path))
                assert (got.status, got.body) == (answered.status, answered.body)
                assert got.fetched_at <= NOW + timedelta(seconds=virtual.seconds)
            assert [path for path in server.paths[asked:] if path in again] == again
    assert first["/missing"].status == 404


def test_the_moment_and_the_form_of_a_kept_answer_are_those_of_the_first(tmp_path: Path) -> None:
    virtual = Virtual()
    with source(tmp_path, lambda _: as_json({"a": "é" * 99}), virtual=virtual) as (web, server):
        first = web.get(SOURCE, url_of(server), {"b": "2", "a": "1"})
        virtual.sleep(3_600)
        again = web.get(SOURCE, url_of(server), {"a": "1", "b": "2"})
    assert again == first
    assert len(server.requests) == 1


def test_busy_with_status_200_is_asked_once_more_and_never_kept(tmp_path: Path) -> None:
    provider = provider_of(worth=judged)
    lag = as_json({"error": "maxlag"}, Retry_After="5")
    said = iter([lag, as_json({"found": 1}), lag, lag, as_json({"found": 1})])
    virtual = Virtual()
    with source(tmp_path, lambda _: next(said), provider, virtual) as (web, server):
        assert web.get(SOURCE, url_of(server, "/a")).json() == {"found": 1}
        assert server.requests[1].at - server.requests[0].at >= 5
        with pytest.raises(LookupFailed, match="busy"):
            web.get(SOURCE, url_of(server, "/b"))
        assert web.get(SOURCE, url_of(server, "/b")).json() == {"found": 1}


def test_what_is_no_answer_of_the_source_is_not_kept(tmp_path: Path) -> None:
    said = iter([answer(b"<h1>Sign in to this network</h1>"), as_json({"found": 1})])
    with source(tmp_path, lambda _: next(said), provider_of(worth=judged)) as (web, server):
        with pytest.raises(LookupFailed, match="own form"):
            web.get(SOURCE, url_of(server))
        assert web.get(SOURCE, url_of(server)).json() == {"found": 1}


def kept_in(cache: Cache, count: int, size: int, at: datetime) -> None:
    for number in range(count):
        body = Random(number).randbytes(size)
        cache.keep(SOURCE, f"GET /{number}", Kept(Answer(200, body, "", at)), 30)


def test_the_cache_drops_what_is_old_and_does_not_grow_for_ever(tmp_path: Path) -> None:
    path = tmp_path / FILE
    cache = Cache(path, NOW, most_bytes=300_000)
    kept_in(cache, 2_000, 1_000, NOW)
    assert cache.find(SOURCE, "GET /1999", NOW) is not None
    assert cache.find(SOURCE, "GET /0", NOW) is None
    cache.close()
    later = Cache(path, NOW + timedelta(days=31))
    with sqlite3.connect(path) as file:
        assert file.execute("SELECT count(*) FROM answers").fetchone() == (0,)
    file.close()
    later.close()


def test_a_file_that_is_no_cache_is_set_aside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "state" / FILE
    path.parent.mkdir()
    path.write_bytes(b"not a database" * 1_000)
    cache = Cache(path, NOW)
    kept_in(cache, 1, 10, NOW)
    assert cache.find(SOURCE, "GET /0", NOW) is not None
    cache.close()
    assert "set aside" in caplog.text
    assert (path.parent / "enrich.unreadable").exists()


def test_a_cache_that_cannot_be_written_is_a_warning_and_no_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with source(tmp_path, lambda _: as_json({"a": 1})) as (web, server):
        with sqlite3.connect(tmp_path / FILE) as file:
            file.execute("DROP TABLE answers")
        file.close()
        assert web.get(SOURCE, url_of(server)).json() == {"a": 1}
        assert web.get(SOURCE, url_of(server)).json() == {"a": 1}
    assert "not written" in caplog.text


# Recorded answers

INDEX = """\
answers:
  - provider: register
    url: https://www.example.com/search
    params: {q: 552032534}
    file: acme.json
  - provider: register
    url: https://www.example.com/search
    params: {q: 552032534, page: 2}
    status: 404
  - page: https://www.example.org/
    file: acme.html
"""


def recorded(folder: Path, index: str = INDEX) -> Recorded:
    (folder / "answers.yaml").write_text(index, encoding="utf-8")
    (folder / "acme.json").write_text('{"found": 1}', encoding="utf-8")
    (folder / "acme.html").write_text("<p>Acme</p>", encoding="utf-8")
    return Recorded(folder, NOW)


def test_recorded_answers_come_by_the_params_that_are_named(tmp_path: Path) -> None:
    web = recorded(tmp_path)
    url = "https://www.example.com/search"
    first = web.get(SOURCE, url, {"q": "552032534", "minimal": "true"})
    assert (first.json(), first.fetched_at) == ({"found": 1}, NOW)
    assert web.get(SOURCE, url, {"q": "552032534", "page": "2"}).status == 404
    page = web.page("https://www.example.org/")
    assert (page.body, page.content_type) == (b"<p>Acme</p>", "text/html; charset=utf-8")
    for ask in (
        lambda: web.get(SOURCE, url, {"q": "1"}),
        lambda: web.get("other", url, {"q": "552032534"}),
        lambda: web.page("https://www.example.org/legal"),
    ):
        with pytest.raises(LookupFailed, match="not recorded"):
            ask()


def test_what_is_not_recorded_may_be_nothing(tmp_path: Path) -> None:
    web = recorded(tmp_path, "otherwise: nothing\n" + INDEX)
    assert web.get(SOURCE, "https://www.example.com/search", {"q": "1"}).status == 404
    assert web.page("https://www.example.net/").body == b""


@pytest.mark.parametrize(
    ("index", "problem"),
    [
        ("answers: [{provider: a, file: acme.json}]", "either provider and url, or page"),
        ("answers: [{page: a, file: none.json}]", "there is no file none.json"),
        ("answers: [{page: a}]", "file that holds the body"),
        ("answer: []", "answer: Extra inputs"),
        ("answers: [", r"answers\.yaml:1: .*expected the node content"),
    ],
)
def test_a_wrong_index_is_a_setting_to_mend(index: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=problem):
        recorded(tmp_path, index)


def test_a_provider_without_judgement_knows_404_as_nothing() -> None:
    provider = replace(provider_of(), worth=provider_of().worth)
    assert provider.worth(Answer(404, b"", "", NOW)) == Worth.NOTHING
    assert provider.worth(Answer(200, b"", "", NOW)) == Worth.ANSWER
