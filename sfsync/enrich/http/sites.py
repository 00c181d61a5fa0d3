"""May this page of a stranger's website be read now, and what is in it?

A site is what belongs to one registered domain. Each is asked once a second at most, and no more
than three pages of it are read in a run; robots.txt is obeyed.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from sfsync.enrich.http.address import Address, Unfit, follow, read_address, shown
from sfsync.enrich.http.body import Limits
from sfsync.enrich.http.cache import Cache, Kept
from sfsync.enrich.http.manners import Manners
from sfsync.enrich.http.network import Budget, Network
from sfsync.enrich.http.pace import Clock, Pace
from sfsync.enrich.http.robots import MOST_BYTES, allows
from sfsync.enrich.http.visit import Reply, Wanted, visit
from sfsync.enrich.provider import Answer, Moved
from sfsync.errors import LookupFailed, SourceUnavailable

# The provider under whose name pages are kept and counted.
WEBSITE = "website"
MOST_PAGES = 3
PAGE_SECONDS = 15.0
_PER_SECOND = 1.0
_MOST_REDIRECTS = 4
_MOVED = 301
_REDIRECTS = (_MOVED, 302, 303, 307, 308)
_PAGE_BYTES = 2 * 1024**2
_ROBOTS_DAYS = 1.0
_PAGE = Wanted(("text/html", "application/xhtml+xml"), Limits(_PAGE_BYTES, _PAGE_BYTES))
_ROBOTS = Wanted((), Limits(MOST_BYTES, MOST_BYTES, cuts=True))


@dataclass
class Site:
    """What this run knows of a site: its turns, how many pages it gave, why it is left alone."""

    pace: Pace
    lock: threading.Lock = field(default_factory=threading.Lock)
    pages: int = 0
    left_because: str = ""


@dataclass(frozen=True, slots=True)
class Ages:
    """For how many days pages are kept, and reasons why there is none."""

    page: float
    nothing: float


class Sites:
    """Websites in one run; several may be read at the same time, each by one thread."""

    def __init__(
        self, manners: Manners, network: Network, cache: Cache, clock: Clock, ages: Ages
    ) -> None:
        self._manners = manners
        self._network = network
        self._cache = cache
        self._clock = clock
        self._ages = ages
        self._sites: dict[str, Site] = {}
        self._lock = threading.Lock()

    def page(self, url: str) -> Answer:
        """Read a page, or take what is kept of it; see `Web.page`."""
        if not self._manners.websites:
            raise SourceUnavailable("companies' websites are not read: a setting turned it off")
        address = read_address(url, self._network.ports)
        self._must_be_allowed(address)
        site = self._site(address.site)
        with site.lock:
            kept = self._cache.find(WEBSITE, address.url, self._clock.now())
            if kept is None:
                kept = self._asked(site, address)
            else:
                self._count(hits=1)
        if kept.refusal:
            raise (Moved if kept.answer.status == _MOVED else Unfit)(kept.refusal)
        return kept.answer

    def _site(self, name: str) -> Site:
        with self._lock:
            if name not in self._sites:
                self._sites[name] = Site(Pace(_PER_SECOND, self._clock, starts_rested=True))
            return self._sites[name]

    def _must_be_allowed(self, address: Address) -> None:
        if not self._manners.may_visit(address.host):
            raise LookupFailed(f"{shown(address.url)}: its host is not among those to be read")

    def _asked(self, site: Site, address: Address) -> Kept:
        """Read the page from its server, and keep what came of it, unless that may pass."""
        if site.left_because:
            raise LookupFailed(f"{shown(address.url)}: {site.left_because}")
        if site.pages >= MOST_PAGES:
            raise LookupFailed(f"{shown(address.url)}: {MOST_PAGES} pages of it were read already")
        site.pages += 1
        budget = Budget(PAGE_SECONDS, self._clock.monotonic)
        days = self._ages.page
        try:
            there, reply = self._followed(address, lambda here: self._allowed(site, here, budget))
            kept = Kept(self._answer(there, reply))
        except (Unfit, Moved) as error:
            status = _MOVED if isinstance(error, Moved) else 0
            kept = Kept(self._answer(address, Reply(status, {})), str(error))
            days = self._ages.nothing
        self._cache.keep(WEBSITE, address.url, kept, days)
        return kept

    def _answer(self, address: Address, reply: Reply) -> Answer:
        now = self._clock.now()
        return Answer(reply.status, reply.body, address.url, now, reply.content_type)

    def _followed(self, address: Address, ask: Callable[[Address], Reply]) -> tuple[Address, Reply]:
        """Ask, and follow redirects within the site, each checked as the first address was."""
        here = address
        for _ in range(_MOST_REDIRECTS + 1):
            reply = ask(here)
            if reply.status not in _REDIRECTS:
                return here, reply
            there = follow(here, reply.headers.get("location", ""), self._network.ports)
            if there.site != address.site:
                raise Moved(
                    f"{shown(address.url)}: moved or parked: it leads to {shown(there.host)}, "
                    "which is not the same site"
                )
            self._must_be_allowed(there)
            here = there
        raise Unfit(f"{shown(address.url)}: it leads on more than {_MOST_REDIRECTS} times")

    def _allowed(self, site: Site, address: Address, budget: Budget) -> Reply:
        """Ask for a page where robots.txt lets us; give status 200 and redirects only."""
        if not allows(self._robots(site, address, budget), address.url):
            raise Unfit(f"{shown(address.url)}: its robots.txt asks to stay away")
        reply = self._visited(site, address, _PAGE, budget)
        status = reply.status
        said = f"{shown(address.url)}: it answers with status {status}"
        if status in (403, 429):
            site.left_because = f"it answered with status {status}, and is left alone for this run"
        if status == 429 or status >= 500:
            raise LookupFailed(said)
        if status not in (200, *_REDIRECTS):
            raise Unfit(said)
        return reply

    def _robots(self, site: Site, address: Address, budget: Budget) -> bytes:
        """Return a host's robots.txt, empty where it has none; raises LookupFailed where it cannot
        be known, which by the RFC means to stay away.
        """
        question = f"{address.origin}/robots.txt"
        kept = self._cache.find(WEBSITE, question, self._clock.now())
        if kept is not None:
            return kept.answer.body
        first = read_address(question, self._network.ports)
        there, reply = self._followed(
            first, lambda here: self._visited(site, here, _ROBOTS, budget)
        )
        if reply.status == 429:
            site.left_because = "it answered with status 429, and is left alone for this run"
        if reply.status == 429 or reply.status >= 500:
            raise LookupFailed(f"{shown(question)}: it answers with status {reply.status}")
        self._cache.keep(WEBSITE, question, Kept(self._answer(there, reply)), _ROBOTS_DAYS)
        return reply.body

    def _visited(self, site: Site, address: Address, wanted: Wanted, budget: Budget) -> Reply:
        with site.pace.turn():
            self._count(requests=1)
            return visit(address, self._manners.user_agent, wanted, self._network, budget)

    def _count(self, *, requests: int = 0, hits: int = 0) -> None:
        self._cache.count(WEBSITE, self._clock.now().date(), requests=requests, hits=hits)
