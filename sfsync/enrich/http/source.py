"""How is one known source asked?

One question at a time, at its quota, over one connection to each host. A source that fails three
times in a row, or sends us away, is left alone for some time, also by the runs that come.
"""

import base64
import errno
import logging
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import httpx

from sfsync.enrich.http.body import ACCEPTED, BodyRefused, Limits, read_body
from sfsync.enrich.http.cache import Rest
from sfsync.enrich.http.manners import Manners
from sfsync.enrich.http.pace import Clock, Pace
from sfsync.enrich.http.trouble import (
    LONGEST_PAUSE,
    OUTAGE_SECONDS,
    Trouble,
    of_connection,
    of_later,
    of_status,
)
from sfsync.enrich.provider import Answer, Provider, Worth
from sfsync.errors import LookupFailed, SourceUnavailable

logger = logging.getLogger(__name__)

_MOST_FAILURES = 3
_TIMEOUTS = httpx.Timeout(connect=5, read=20, write=10, pool=5)
_TOTAL_SECONDS = 60.0
_LIMITS = Limits(raw=8 * 1024**2, unpacked=32 * 1024**2)
_HERE = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class Question:
    """What a source is asked; the key is in no text made of it."""

    url: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Line:
    """The way to one host: a connection, and its turns."""

    client: httpx.Client
    pace: Pace


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered of a source beyond a run: `resting` says that it is to be left alone,
    `counted` notes a request, `rest` that it is to be left alone from now on.
    """

    resting: Rest | None
    counted: Callable[[], None]
    rest: Callable[[Rest], None]


class Source:
    """A known source in one run; `lock` is for who asks it."""

    def __init__(
        self,
        provider: Provider,
        manners: Manners,
        clock: Clock,
        trust: ssl.SSLContext,
        memory: Memory,
    ) -> None:
        self.lock = threading.Lock()
        self._provider = provider
        self._manners = manners
        self._clock = clock
        self._trust = trust
        self._memory = memory
        self._lines: dict[str, Line] = {}
        self._failures = 0
        self._left_because = ""
        self._first_rest = self._rest_left(memory.resting)
        if provider.needs_contact and not manners.contact:
            self._left_because = (
                "it answers only those who say how they are reached: set a contact "
                "(SFSYNC_ENRICH_CONTACT)"
            )

    def ask(self, question: Question) -> tuple[Answer, Worth]:
        """Put a question, once more where the trouble may have passed; raises as `Web.get` does."""
        tried: Trouble | None = None
        for _ in range(2):
            self._must_be_open()
            got = self._once(question)
            if not isinstance(got, Trouble):
                self._failures = 0
                return got
            tried = got
            self._note(got)
            if not got.again:
                break
        raise LookupFailed(f"{self._provider.title}: {tried.said if tried else ''}")

    def close(self) -> None:
        """Let go of the connections."""
        for line in self._lines.values():
            line.client.close()

    def _rest_left(self, rest: Rest | None) -> float:
        """Return the seconds that are left of an earlier run's rest: waited for where they are few,
        else the source is left.
        """
        left = (rest.until - self._clock.now()).total_seconds() if rest else 0.0
        if rest is None or left <= LONGEST_PAUSE:
            return max(0.0, left)
        self._left_because = _left_alone(rest.why, rest.until)
        return 0.0

    def _must_be_open(self) -> None:
        if self._left_because:
            raise SourceUnavailable(f"{self._provider.title}: {self._left_because}")

    def _note(self, trouble: Trouble) -> None:
        """Leave the source where it is time to; raises SourceUnavailable then."""
        self._failures = self._failures + 1 if trouble.counts else 0
        is_left = trouble.leaves or self._failures >= _MOST_FAILURES
        rests = trouble.rests
        if is_left and not trouble.leaves:
            rests = max(rests, OUTAGE_SECONDS)
        until = self._clock.now() + timedelta(seconds=rests)
        if rests:
            self._memory.rest(Rest(until, trouble.said))
        if is_left:
            self._left_because = _left_alone(trouble.said, until if rests else None)
            logger.warning("%s: %s", self._provider.title, self._left_because)
            self._must_be_open()

    def _once(self, question: Question) -> tuple[Answer, Worth] | Trouble:
        line = self._line(question.url)
        with line.pace.turn():
            self._memory.counted()
            got = self._sent(line, question)
        if isinstance(got, Trouble):
            line.pace.rest(got.pause)
        return got

    def _sent(self, line: Line, question: Question) -> tuple[Answer, Worth] | Trouble:
        try:
            with line.client.stream(
                "GET",
                question.url,
                params=dict(question.params) or None,
                headers=self._headers(question),
                follow_redirects=False,
            ) as response:
                return self._read(response)
        except httpx.TransportError as error:
            return of_connection(type(error).__name__, is_refused=_is_refused(error))

    def _read(self, response: httpx.Response) -> tuple[Answer, Worth] | Trouble:
        now = self._clock.now()
        if response.status_code not in (200, 404):
            return of_status(response.status_code, response.headers, now)
        answer = Answer(
            response.status_code,
            self._body(response),
            # Without what a provider may have put before the host.
            str(response.url.copy_with(userinfo=b"")),
            now,
            response.headers.get("content-type", ""),
        )
        try:
            worth = self._provider.worth(answer)
        except ValueError:
            return Trouble("its answer is not in its own form", counts=True)
        return of_later(response.headers, now) if worth == Worth.LATER else (answer, worth)

    def _body(self, response: httpx.Response) -> bytes:
        try:
            return read_body(
                self._timed(response.iter_raw()),
                response.headers.get("content-encoding", ""),
                _LIMITS,
            )
        except BodyRefused as error:
            raise LookupFailed(f"{self._provider.title}: the answer is not read: {error}") from None

    def _timed(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        started = self._clock.monotonic()
        for chunk in chunks:
            if self._clock.monotonic() - started > _TOTAL_SECONDS:
                raise httpx.ReadTimeout("the answer takes too long")
            yield chunk

    def _headers(self, question: Question) -> dict[str, str]:
        headers = {**question.headers, "User-Agent": self._manners.user_agent}
        headers["Accept-Encoding"] = ACCEPTED
        if question.key:
            basic = base64.b64encode(f"{question.key}:".encode()).decode("ascii")
            headers["Authorization"] = f"Basic {basic}"
        return headers

    def _line(self, url: str) -> Line:
        parts = urlsplit(url)
        host = parts.hostname or ""
        quota = self._provider.quota
        if host not in quota.hosts or (parts.scheme != "https" and host not in _HERE):
            raise ValueError(f"the provider {self._provider.name} may not ask {host or 'no host'}")
        if host not in self._lines:
            client = httpx.Client(
                verify=self._trust,
                timeout=_TIMEOUTS,
                limits=httpx.Limits(max_connections=1, max_keepalive_connections=1),
            )
            self._lines[host] = Line(client, Pace(quota.per_second, self._clock))
            self._lines[host].pace.rest(self._first_rest)
        return self._lines[host]


def _left_alone(why: str, until: datetime | None) -> str:
    when = "for this run" if until is None else f"until {until:%Y-%m-%d %H:%M} UTC"
    return f"{why}; it is left alone {when}"


def _is_refused(error: BaseException | None) -> bool:
    while error is not None:
        if getattr(error, "errno", None) == errno.ECONNREFUSED:
            return True
        error = error.__cause__ or error.__context__
    return False
