"""Can a website's address, name or server lead sfsync astray, or fill its memory?"""

import gzip
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from web_hostile import ADDRESSES, NAMES, SERVERS, Serve, bomb
from web_server import (
    HERE,
    NO_ROBOTS,
    Request,
    Respond,
    Server,
    answer,
    certificate_of,
    leads_to,
    serving,
)
from web_visits import NOW, quick_clock

from sfsync.enrich.http import Cache, HttpWeb, Manners, Network
from sfsync.enrich.http.address import Address, Unfit, follow, read_address, shown, site_of
from sfsync.enrich.http.body import Limits
from sfsync.enrich.http.network import Budget, is_public
from sfsync.enrich.http.robots import allows
from sfsync.enrich.http.visit import Wanted, visit
from sfsync.enrich.provider import Answer, Moved
from sfsync.errors import LookupFailed, SourceUnavailable

HOST = "www.example.com"
# Lets an address name a server's port, and leads to no server.
ELSEWHERE = "127.0.0.99"

# Of these and of noise are answers made that are nearly right.
PIECES = (
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 302 Found\r\n",
    b"Content-Length: 5\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Content-Encoding: gzip\r\n",
    b"Content-Type: \xff\xfe\r\n",
    b"\r\n",
    b"5\r\nhello\r\n",
    b"0\r\n\r\n",
    b"hello",
    b"\x1f\x8b\x08",
)

Resolve = Callable[[str, int], Sequence[str]]


@pytest.fixture
def canary() -> Iterator[Server]:
    """A server that must never be asked."""
    with serving(lambda _: answer(b"secret")) as server:
        yield server
        assert server.connections == 0, "it was asked"


@contextmanager
def web_to(folder: Path, network: Network, manners: Manners | None = None) -> Iterator[HttpWeb]:
    cache = Cache(folder / "enrich.db", NOW)
    with HttpWeb(cache, quick_clock(), manners or Manners(), {}, network) as web:
        yield web
    cache.close()


@contextmanager
def site(
    folder: Path, respond: Respond, manners: Manners | None = None, resolve: Resolve | None = None
) -> Iterator[tuple[HttpWeb, Server]]:
    """A web that may reach one server on this machine, by any name."""
    with serving(respond) as server:
        network = Network(resolve or (lambda *_: [HERE]), frozenset({(HERE, server.port)}))
        with web_to(folder, network, manners) as web:
            yield web, server


def page_of(server: Server, path: str = "/", host: str = HOST) -> str:
    return f"http://{host}:{server.port}{path}"


def pages(respond: Respond) -> Respond:
    return lambda request: NO_ROBOTS if request.path == "/robots.txt" else respond(request)


# Addresses


@pytest.mark.parametrize("text", ADDRESSES, ids=lambda text: f"{ADDRESSES[text]}: {shown(text)}")
def test_an_address_is_refused(text: str, canary: Server, tmp_path: Path) -> None:
    asked: list[str] = []

    def resolve(host: str, _: int) -> list[str]:
        asked.append(host)
        return [HERE]

    # The port may be named here: what refuses must be something else.
    network = Network(resolve, frozenset({(ELSEWHERE, canary.port)} if "PORT" in text else ()))
    with web_to(tmp_path, network) as web, pytest.raises(LookupFailed) as error:
        web.page(text.replace("PORT", str(canary.port)))
    assert not asked, "a refused address is not even resolved"
    assert str(error.value).isprintable()
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("addresses", NAMES, ids=lambda found: f"{NAMES[found]}: {found}")
def test_a_name_is_refused(addresses: tuple[str, ...], canary: Server, tmp_path: Path) -> None:
    network = Network(lambda *_: addresses, frozenset({(ELSEWHERE, canary.port)}))
    with web_to(tmp_path, network) as web, pytest.raises(Unfit, match="not public"):
        web.page(page_of(canary))


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "8.8.8.8", "2606:2800:220:1::1", "2a00:1450:4007::5"]
)
def test_a_public_address_is_not_refused(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("HTTP://WWW.Example.COM", "http://www.example.com/"),
        ("https://www.example.com:443/a?b=c#d", "https://www.example.com/a?b=c"),
        ("http://www.example.com./", "http://www.example.com/"),
        (" http://bücher.example.com/ä ", "http://xn--bcher-kva.example.com/%C3%A4"),
        ("https://www.example.com:80/", "https://www.example.com:80/"),
        ("http://straße.example.com/", "http://xn--strae-oqa.example.com/"),
    ],
)
def test_an_address_is_read_once_and_written_in_ascii(text: str, url: str) -> None:
    assert read_address(text).url == url
    assert read_address(url).url == url


def test_customers_of_one_host_are_sites_of_their_own() -> None:
    assert site_of("a.github.io") != site_of("b.github.io")
    assert site_of("www.example.co.uk") == "example.co.uk"


def read_or_refused(text: str) -> tuple[str, Address | None]:
    try:
        address = read_address(text)
    except Unfit as error:
        return str(error), None
    return address.url, address


@given(st.text(max_size=60).map(lambda text: f"http://{text}"))
@settings(max_examples=300)
def test_whatever_is_typed_is_an_address_or_unfit(text: str) -> None:
    said, address = read_or_refused(text)
    assert said.isprintable()
    if address is not None:
        assert address.url.isascii()
        assert site_of(address.host)


# Servers


def with_port(respond: Serve, server: Server, canary: Server) -> Respond:
    """What a server says, its own host and the canary's port put in."""

    def put(request: Request) -> bytes | Iterator[bytes]:
        said = respond(request)
        if isinstance(said, bytes) and request.path != "/secret":
            own = b"HOST" in said or b"private" in said or b"example.net" in said
            port = server.port if own else canary.port
            return said.replace(b"HOST", HOST.encode()).replace(b"PORT", str(port).encode())
        return said

    return put


def test_hostile_servers_are_refused_within_the_time_and_50_megabytes(canary: Server) -> None:
    bomb()
    with ExitStack() as open_servers:
        ports = {}
        for name, respond in SERVERS.items():
            server = open_servers.enter_context(serving(lambda _: b""))
            server.respond = with_port(respond, server, canary)
            ports[name] = server.port
        done = subprocess.run(
            [sys.executable, str(Path(__file__).with_name("web_visits.py")), json.dumps(ports)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert set(told["told"]) == set(SERVERS)
    read = {name: said for name, (said, _) in told["told"].items() if said[:7] != "refused"}
    assert not read
    # 15 seconds of the clock given, and what a busy machine adds.
    slow = {name: seconds for name, (_, seconds) in told["told"].items() if seconds > 10}
    assert not slow
    assert told["rose"] < 50 * 1024**2, f"{told['rose'] / 1024**2:.0f} MB"


def test_the_tables_are_long_enough() -> None:
    assert len(ADDRESSES) + len(NAMES) + len(SERVERS) >= 60


def test_a_name_that_leads_elsewhere_the_second_time_is_refused(
    canary: Server, tmp_path: Path
) -> None:
    answers = iter([[HERE], ["127.0.0.2"]])
    with (
        site(tmp_path, pages(lambda _: answer()), resolve=lambda *_: next(answers)) as (web, own),
        pytest.raises(Unfit, match=r"127\.0\.0\.2, which is not public"),
    ):
        web.page(page_of(own))
    assert own.paths == ["/robots.txt"]


def test_each_connection_resolves_once_and_goes_to_what_was_checked(tmp_path: Path) -> None:
    asked: list[str] = []

    def resolve(host: str, _: int) -> list[str]:
        asked.append(host)
        return [HERE]

    with site(tmp_path, pages(lambda _: answer()), resolve=resolve) as (web, server):
        web.page(page_of(server))
    assert len(asked) == server.connections == 2


def test_a_server_that_takes_the_connection_and_stays_silent_is_left(tmp_path: Path) -> None:
    def silent(_: Request) -> Iterator[bytes]:
        quick_clock().sleep(40)
        yield b""

    # Nearly all of the page's 15 seconds pass before the connection.
    def slow(*_: object) -> list[str]:
        quick_clock().sleep(14.7)
        return [HERE]

    with (
        site(tmp_path, silent, resolve=slow) as (web, server),
        pytest.raises(LookupFailed, match="took too long"),
    ):
        web.page(page_of(server))


def test_a_name_that_is_not_resolved_in_time_is_left() -> None:
    done = threading.Event()

    def never(*_: object) -> list[str]:
        done.wait(10)
        return [HERE]

    with pytest.raises(LookupFailed, match="not resolved in time"):
        Network(never).checked(HOST, 80, 0.1)
    done.set()


def test_200000_brackets_are_no_json_and_no_crash() -> None:
    for text in (b"[" * 200_000, b'{"a":' * 200_000, b"[" * 200_000 + b"]" * 200_000):
        with pytest.raises(ValueError, match=r"."):
            Answer(200, text, "https://www.example.com/", NOW).json()


def test_a_robots_txt_of_many_names_and_rules_is_no_burden() -> None:
    names = b"".join(b"User-agent: a%d\n" % number for number in range(15_000))
    rules = b"".join(b"Disallow: /*a*b*%d$\n" % number for number in range(10_000))
    assert allows(names + rules, "https://www.example.com/")


@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=30), max_size=8))
@settings(max_examples=60)
def test_whatever_a_server_sends_is_a_page_or_a_failed_look_up(pieces: list[bytes]) -> None:
    with serving(lambda _: iter(pieces)) as server:
        network = Network(lambda *_: [HERE], frozenset({(HERE, server.port)}))
        address = read_address(page_of(server), network.ports)
        wanted = Wanted((), Limits(1_000, 1_000))
        with suppress(LookupFailed):
            visit(address, "test", wanted, network, Budget(15, quick_clock().monotonic))


def test_of_an_endless_robots_txt_the_beginning_counts(tmp_path: Path) -> None:
    def endless() -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\n\r\nUser-agent: *\nDisallow: /private\n"
        while True:
            yield b"# and so on\n" * 5_000

    def respond(request: Request) -> bytes | Iterator[bytes]:
        return endless() if request.path == "/robots.txt" else answer()

    with site(tmp_path, respond) as (web, server):
        assert web.page(page_of(server)).status == 200
        with pytest.raises(Unfit, match="stay away"):
            web.page(page_of(server, "/private"))
    assert server.paths == ["/robots.txt", "/"]


# What is right


def test_a_page_is_read_and_sfsync_says_who_it_is(tmp_path: Path) -> None:
    manners = Manners(contact="sales-ops@example.com")
    with site(tmp_path, pages(lambda _: answer()), manners) as (web, server):
        page = web.page(page_of(server, "/a?b=c"))
    assert (page.status, page.body) == (200, b"<p>Hello</p>")
    assert page.content_type == "text/html; charset=utf-8"
    assert page.url == page_of(server, "/a?b=c")
    assert server.paths == ["/robots.txt", "/a?b=c"]
    headers = server.requests[1].headers
    assert headers["user-agent"].startswith("sfsync/")
    assert "(sales-ops@example.com)" in headers["user-agent"]
    assert headers["host"] == f"{HOST}:{server.port}"
    assert not {"cookie", "authorization", "referer"} & set(headers)


def test_gzip_is_unpacked_and_redirects_within_the_site_are_followed(tmp_path: Path) -> None:
    packed = answer(gzip.compress(b"<p>Hello</p>"), Content_Encoding="gzip")

    def respond(request: Request) -> bytes:
        if request.headers["host"].startswith("example.com"):
            return leads_to(f"http://{HOST}:{server.port}/home")
        return leads_to("/end") if request.path == "/home" else packed

    with site(tmp_path, pages(respond)) as (web, server):
        page = web.page(page_of(server, host="example.com"))
    assert page.body == b"<p>Hello</p>"
    assert page.url == page_of(server, "/end")


def test_a_site_that_moved_is_told_from_one_that_cannot_be_read(tmp_path: Path) -> None:
    def respond(request: Request) -> bytes:
        is_old = request.headers["host"].startswith(HOST)
        return leads_to(f"http://www.example.net:{server.port}/") if is_old else answer()

    with site(tmp_path, pages(respond)) as (web, server):
        for _ in range(2):  # asked, then kept
            with pytest.raises(Moved, match=r"moved or parked: it leads to www\.example\.net"):
                web.page(page_of(server))
    assert server.paths == ["/robots.txt", "/"]


def test_proxies_and_cookies_of_the_environment_do_not_count(
    tmp_path: Path, canary: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, f"http://{HERE}:{canary.port}")
    cookie = answer(Set_Cookie="a=b")
    with site(tmp_path, pages(lambda _: cookie)) as (web, server):
        web.page(page_of(server, "/one"))
        web.page(page_of(server, "/two"))
    assert all("cookie" not in each.headers for each in server.requests)


@pytest.mark.parametrize("asked", [HOST, "shop.example.com"])
def test_tls_names_the_host_and_takes_no_other_for_it(asked: str, tmp_path: Path) -> None:
    now = datetime.now(UTC)  # noqa: TID251 - TLS compares with the real clock
    ours, theirs = certificate_of(HOST, now)
    with serving(pages(lambda _: answer()), ours) as server:
        network = Network(lambda *_: [HERE], frozenset({(HERE, server.port)}), theirs)
        with web_to(tmp_path, network) as web:
            if asked == HOST:
                assert web.page(f"https://{asked}:{server.port}/").body == b"<p>Hello</p>"
            else:
                with pytest.raises(LookupFailed, match="no answer"):
                    web.page(f"https://{asked}:{server.port}/")
    assert set(server.names) == {asked}
    assert len(server.requests) == (2 if asked == HOST else 0)


def test_https_does_not_lead_back_to_http() -> None:
    here = read_address("https://www.example.com/")
    assert follow(here, "/a").url == "https://www.example.com/a"
    assert follow(here, "//example.com/").url == "https://example.com/"
    with pytest.raises(Unfit, match="back to http"):
        follow(here, "http://www.example.com/")


# Courtesy


def test_three_pages_of_a_site_are_read_in_a_run_one_a_second(tmp_path: Path) -> None:
    clock = quick_clock()
    with site(tmp_path, pages(lambda _: answer())) as (web, server):
        server.clock = clock.monotonic
        for path in ("/a", "/b", "/c"):
            web.page(page_of(server, path))
        with pytest.raises(LookupFailed, match="3 pages"):
            web.page(page_of(server, "/d", host="shop.example.com"))
        web.page(page_of(server, "/d", host="www.example.org"))
    times = [each.at for each in server.requests[:4]]
    assert server.paths[:4] == ["/robots.txt", "/a", "/b", "/c"]
    assert all(later - earlier >= 1 for earlier, later in pairwise(times))


@pytest.mark.parametrize("status", ["403 Forbidden", "429 Too Many Requests"])
def test_a_site_that_sends_us_away_is_left_for_the_run(status: str, tmp_path: Path) -> None:
    with site(tmp_path, pages(lambda _: answer(b"", status))) as (web, server):
        for path in ("/a", "/b"):
            with pytest.raises(LookupFailed, match=status[:3]):
                web.page(page_of(server, path))
    assert server.paths == ["/robots.txt", "/a"]


def test_pages_and_reasons_are_kept_and_what_may_pass_is_not(tmp_path: Path) -> None:
    said = {"/page": answer(), "/none": answer(b"", "404 Not Found")}
    down = answer(b"", "503 Service Unavailable")
    with site(tmp_path, pages(lambda request: said.get(request.path, down))) as (web, server):
        urls = {path: page_of(server, path) for path in (*said, "/down")}
        web.page(urls["/page"])
        for path in ("/none", "/down"):
            with pytest.raises(LookupFailed):
                web.page(urls[path])
        asked = len(server.requests)
        with web_to(tmp_path, Network(allowed=frozenset({(HERE, server.port)}))) as later:
            assert later.page(urls["/page"]).body == b"<p>Hello</p>"
            with pytest.raises(Unfit, match="404"):
                later.page(urls["/none"])
            use = later.use_of(NOW.date())["website"]
        assert len(server.requests) == asked
    assert (use.requests, use.hits) == (4, 2)


def test_websites_can_be_turned_off_or_named(tmp_path: Path) -> None:
    with (
        site(tmp_path, lambda _: answer(), Manners(websites=False)) as (web, server),
        pytest.raises(SourceUnavailable, match="turned"),
    ):
        web.page(page_of(server))
    named = Manners(only_hosts=frozenset({"example.org"}))
    with site(tmp_path, pages(lambda _: answer()), named) as (web, server):
        assert web.page(page_of(server, host="www.example.org")).status == 200
        for host in (HOST, "badexample.org"):
            with pytest.raises(LookupFailed, match="not among"):
                web.page(page_of(server, host=host))
