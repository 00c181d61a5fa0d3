"""What does an org know besides its records?"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from threading import RLock
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from sfsync.fake.clock import Clock
from sfsync.fake.errors import refuse_request
from sfsync.fake.metadata.kept import Metadata
from sfsync.fake.store import Store
from sfsync.fake.values import Row

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from sfsync.fake.bulk.jobs import Job

API_VERSIONS = tuple(range(31, 68))

# A rule gets the record before (None on creation) and after; it returns None, or the text of its
# error, or the text and the field it is shown at.
ValidationRule = Callable[[Row | None, Row], str | tuple[str, str] | None]

# Asked with the Id of each record that is to be updated or deleted; may raise RecordRefused.
RecordFault = Callable[[str], None]


# Asked with the path of each bulk job whose records are about to be written: what ends it early?
JobFault = Callable[[str], "JobEnd | None"]


@dataclass(frozen=True, slots=True)
class JobEnd:
    """How a bulk job ends before its records do: its state then, and after how many written."""

    state: Literal["Failed", "Aborted"]
    after: int = 0
    message: str = ""


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
    """An org: records, clock, sign-ins, limits. Everything that one request may read or change.

    What starts with `bulk_` is of Bulk API 2.0. `bulk_polls`: how many looks at a job let it begin,
    and how many more let it end (0: none, it goes on by itself). `bulk_page_size`: records of a
    page of results where the client does not say. Where the platform's habit is not known for
    certain there is a switch: `bulk_header_every_page` (else on the first page only) and
    `bulk_next_key` (in the answer of resultPages, nextRecordsUrl or nextRecordUrl).
    `bulk_hard_delete`: whether users have the permission Bulk API Hard Delete, which even
    administrators have to be given.
    """

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
    # Whether records bear a new stamp that only follow another: are deleted with it, or get another
    # account by it. The platform does not promise it.
    stamps_followers: bool = True
    sessions: dict[str, Session] = field(default_factory=dict)
    tokens_issued: int = 0
    cursors: dict[str, Cursor] = field(default_factory=dict)
    cursors_made: int = 0
    validation_rules: dict[str, list[ValidationRule]] = field(default_factory=dict)
    record_faults: list[RecordFault] = field(default_factory=list)
    used_calls: deque[datetime] = field(default_factory=deque)
    bulk_jobs: "dict[str, Job]" = field(default_factory=dict)
    bulk_jobs_made: int = 0
    bulk_faults: list[JobFault] = field(default_factory=list)
    bulk_polls: tuple[int, int] = (1, 1)
    bulk_page_size: int = 50_000
    bulk_header_every_page: bool = True
    bulk_next_key: Literal["nextRecordsUrl", "nextRecordUrl"] = "nextRecordsUrl"
    bulk_hard_delete: bool = False
    bulk_query_quota: int = 10_000
    bulk_batch_quota: int = 15_000
    used_query_jobs: deque[datetime] = field(default_factory=deque)
    used_batches: deque[datetime] = field(default_factory=deque)
    archived_on: date | None = None
    on_commit: list[Callable[[list[tuple[str, str]]], None]] = field(default_factory=list)
    lock: RLock = field(default_factory=RLock)
    metadata: Metadata = field(default_factory=Metadata)
    _outer_moment: datetime | None = None

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
        return self._left(self.daily_quota, self.used_calls)

    def query_jobs_left(self) -> int:
        """Return how many query jobs may be created in the rolling 24 hours; 0 or more."""
        return self._left(self.bulk_query_quota, self.used_query_jobs)

    def batches_left(self) -> int:
        """Return how many batches ingest jobs may have in the rolling 24 hours; 0 or more."""
        return self._left(self.bulk_batch_quota, self.used_batches)

    def _left(self, quota: int, used: deque[datetime]) -> int:
        since = self.clock.now() - timedelta(hours=24)
        while used and used[0] <= since:
            used.popleft()
        return max(0, quota - len(used))

    def spend_call(self) -> None:
        """Count one API call; raises ApiError 403 where none is left."""
        if self.calls_left() < 1:
            raise refuse_request(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
        self.used_calls.append(self.clock.now())

    @contextmanager
    def transaction(self) -> Iterator[datetime]:
        """Give the moment to stamp writes with; commit on leaving, take all back on an error.

        That moment is one second later than the clock, and the clock moves there if anything was
        written: two committed requests never bear the same stamp. One inside another (a composite
        request) has the outer one's moment and leaves the commit to it.
        """
        mark = self.store.mark()
        outer = self._outer_moment
        moment = outer or self.clock.now() + timedelta(seconds=1)
        self._outer_moment = moment
        try:
            yield moment
        except BaseException:
            self.store.roll_back(mark)
            raise
        finally:
            self._outer_moment = outer
        if outer is None and self.store.mark() > mark:
            self.clock.set(moment)
            self.commit()

    def commit(self) -> None:
        """Make what was written final and tell whoever keeps a log, before anybody is answered."""
        touched = self.store.commit()
        for listener in self.on_commit:
            listener(touched)
