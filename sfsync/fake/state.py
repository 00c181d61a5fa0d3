"""What does an org know besides its records?"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from threading import RLock
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sfsync.fake.clock import Clock
from sfsync.fake.store import Store
from sfsync.fake.values import Row

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

API_VERSIONS = tuple(range(31, 68))

# A rule gets the record before (None on creation) and after; it returns None, or the text of its
# error, or the text and the field it is shown at.
ValidationRule = Callable[[Row | None, Row], str | tuple[str, str] | None]

# Asked with the Id of each record that is to be updated or deleted; may raise RecordRefused.
RecordFault = Callable[[str], None]


@dataclass(slots=True)
class Cursor:
    """A query's result: the Ids in order and how to render one of their rows."""

    object_name: str
    record_ids: Sequence[str]
    render: Callable[[Row, str], dict[str, object]]
    all_rows: bool
    made_at: datetime


@dataclass(slots=True)
class Session:
    """A signed-in user."""

    user_id: str
    last_used: datetime


@dataclass(slots=True, repr=False)
class OrgState:
    """An org: records, clock, sign-ins, limits. Everything that one request may read or change."""

    store: Store
    clock: Clock
    org_id: str = ""
    user_id: str = ""
    scheme: str = "https"
    host: str = "fake.my.salesforce.com"
    client_id: str = "fake-client"
    client_secret: str = "fake-secret"
    app_key: "RSAPublicKey | None" = None
    session_seconds: int | None = None
    daily_quota: int = 15_000
    page_size_limit: int = 2_000
    sessions: dict[str, Session] = field(default_factory=dict)
    tokens_issued: int = 0
    cursors: dict[str, Cursor] = field(default_factory=dict)
    cursors_made: int = 0
    validation_rules: dict[str, list[ValidationRule]] = field(default_factory=dict)
    record_faults: list[RecordFault] = field(default_factory=list)
    used_calls: deque[datetime] = field(default_factory=deque)
    archived_on: date | None = None
    on_commit: list[Callable[[list[tuple[str, str]]], None]] = field(default_factory=list)
    lock: RLock = field(default_factory=RLock)

    @property
    def url(self) -> str:
        """Where clients find the org; replies to sign-ins name it."""
        return f"{self.scheme}://{self.host}"

    def zone_of(self, user_id: str) -> ZoneInfo:
        """Return the time zone of a user, else of the organisation, else UTC."""
        user = self.store.row(user_id) or {}
        zone = user.get("TimeZoneSidKey")
        return ZoneInfo(str(zone)) if zone is not None else self.org_zone

    @property
    def org_zone(self) -> ZoneInfo:
        """The organisation's time zone; UTC if it says none."""
        return ZoneInfo(str(self._org_row().get("TimeZoneSidKey", "UTC")))

    @property
    def fiscal_start(self) -> int:
        """The first month of the organisation's fiscal year, 1 to 12."""
        return int(self._org_row().get("FiscalYearStartMonth", 1))

    @property
    def audiences(self) -> frozenset[str]:
        """The addresses that an assertion for this org may be meant for."""
        everybody = "test" if self._org_row().get("IsSandbox") else "login"
        return frozenset({f"https://{self.host}", f"https://{everybody}.salesforce.com"})

    def _org_row(self) -> Row:
        return next(self.store.live_rows("Organization"), {})

    def calls_left(self) -> int:
        """Return how many API calls are left of the rolling 24 hours; 0 or more."""
        since = self.clock.now() - timedelta(hours=24)
        while self.used_calls and self.used_calls[0] <= since:
            self.used_calls.popleft()
        return max(0, self.daily_quota - len(self.used_calls))

    @contextmanager
    def transaction(self) -> Iterator[datetime]:
        """Give the moment to stamp writes with; commit on leaving, take all back on an error.

        That moment is one second later than the clock, and the clock moves there if anything was
        written: two committed requests never bear the same stamp.
        """
        mark = self.store.mark()
        moment = self.clock.now() + timedelta(seconds=1)
        try:
            yield moment
        except BaseException:
            self.store.roll_back(mark)
            raise
        if self.store.mark() > mark:
            self.clock.set(moment)
            self.commit()

    def commit(self) -> None:
        """Make what was written final and tell whoever keeps a log, before anybody is answered."""
        touched = self.store.commit()
        for listener in self.on_commit:
            listener(touched)
