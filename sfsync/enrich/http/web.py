"""Who is asked when a provider asks the web: the cache, a known source, or a stranger's website?"""

import ssl
import threading
from collections.abc import Mapping
from datetime import date
from functools import cache, partial
from types import TracebackType

import httpx

from sfsync.enrich.http.cache import Cache, Kept, Use, question_of
from sfsync.enrich.http.manners import Manners
from sfsync.enrich.http.network import Network
from sfsync.enrich.http.pace import Clock
from sfsync.enrich.http.sites import WEBSITE, Ages, Sites
from sfsync.enrich.http.source import Memory, Question, Source
from sfsync.enrich.provider import PROVIDERS, Answer, Provider, Worth

_PAGE_DAYS, _NO_PAGE_DAYS = 30.0, 7.0


@cache
def _trust() -> ssl.SSLContext:
    # Known sources may be behind a company's proxy, with an authority of its own.
    return httpx.create_ssl_context()


class HttpWeb:
    """The role `Web` over the network, for one run; see docs/enrich.md.

    It may be used by several threads: providers are asked side by side, each one question at a
    time. Close it at the end, or use it in `with`; the cache stays open for its owner.
    """

    def __init__(
        self,
        cache: Cache,
        clock: Clock,
        manners: Manners,
        providers: Mapping[str, Provider] = PROVIDERS,
        network: Network | None = None,
    ) -> None:
        self._cache = cache
        self._clock = clock
        self._manners = manners
        self._providers = providers
        self._sources: dict[str, Source] = {}
        self._lock = threading.Lock()
        website = providers.get(WEBSITE)
        ages = (
            Ages(website.keeps_days, website.keeps_nothing_days)
            if website
            else Ages(_PAGE_DAYS, _NO_PAGE_DAYS)
        )
        self._sites = Sites(manners, network or Network(), cache, clock, ages)

    def get(
        self,
        provider: str,
        url: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        key: str = "",
    ) -> Answer:
        """Ask a known source, or take what it answered lately; see `Web.get`."""
        about = self._providers[provider]
        question = question_of(url, params)
        source = self._source(about)
        with source.lock:
            kept = self._cache.find(provider, question, self._clock.now())
            if kept is not None:
                self._count(provider, hits=1)
                return kept.answer
            answer, worth = source.ask(Question(url, params or {}, headers or {}, key))
            answer = about.redact(answer)
            days = about.keeps_nothing_days if worth == Worth.NOTHING else about.keeps_days
            self._cache.keep(provider, question, Kept(answer), days)
            return answer

    def page(self, url: str) -> Answer:
        """Read a page of a stranger's website, or what is kept of it; see `Web.page`."""
        return self._sites.page(url)

    def use_of(self, day: date) -> Mapping[str, Use]:
        """Return how often each provider was asked on a day (UTC)."""
        return self._cache.use_of(day)

    def close(self) -> None:
        """Let go of all connections."""
        with self._lock:
            for source in self._sources.values():
                source.close()
            self._sources.clear()

    def __enter__(self) -> "HttpWeb":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _source(self, about: Provider) -> Source:
        with self._lock:
            if about.name not in self._sources:
                name = about.name
                memory = Memory(
                    self._cache.rests(self._clock.now()).get(name),
                    counted=partial(self._count, name, requests=1),
                    rest=partial(self._cache.rest, name),
                )
                self._sources[name] = Source(about, self._manners, self._clock, _trust(), memory)
            return self._sources[about.name]

    def _count(self, provider: str, *, requests: int = 0, hits: int = 0) -> None:
        self._cache.count(provider, self._clock.now().date(), requests=requests, hits=hits)
