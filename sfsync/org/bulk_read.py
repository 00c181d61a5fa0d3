"""What does a bulk job read?"""

import logging
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pyarrow as pa
import requests

from sfsync.errors import OrgUnavailable
from sfsync.logs import Worded
from sfsync.org.abreast import ahead
from sfsync.org.job import ABORTED, FAILED, id_of, wait
from sfsync.org.soql import select
from sfsync.org.text import from_csv
from sfsync.org.trouble import Trouble, UnreadableAnswer
from sfsync.org.whole import Whole
from sfsync.org.wire import Wire, unreadable

logger = logging.getLogger(__name__)

# A page of so many records is some 60 MB, and each one costs a call.
_PAGE_RECORDS = 200_000
# Above so many, pages of the platform's own size are read several at a time: memory stays flat.
_PARALLEL_FROM = 1_000_000
_AT_ONCE = 3
_PARALLEL_SINCE = 58.0
# The platform writes the word where there is no further page.
_NO_LOCATOR = frozenset({"", "null"})
_NOT_OFFERED = frozenset({400, 403, 404, 405, 409})


def read_in_bulk(wire: Wire, whole: Whole) -> Iterator[pa.Table] | None:
    """Read all records by a job; None where the org does not offer one for them, or it failed.

    Waits for the job's end; the tables then come page by page. Raises OrgUnavailable or OrgRefused;
    what was yielded until then is not the whole.
    """
    soql = select(whole.object, whole.columns, whole.conditions, sorted_by_id=False)
    operation = "queryAll" if whole.archived else "query"
    # A job whose creation was not answered reads for nobody: another one is no harm.
    created = wire.fetch(
        "jobs/query",
        whole.doing,
        id_of,
        lambda trouble: _is_not_offered(trouble, whole.doing),
        method="POST",
        json={"operation": operation, "query": soql},
    )
    if created is None:
        return None
    path = f"jobs/query/{created}"
    info = wait(wire, path, whole.doing)
    if info["state"] == FAILED:
        logger.warning(
            "%s: the bulk job failed (%s): reading page by page",
            whole.doing,
            Worded(info.get("errorMessage") or "without a reason", "for the org's reason"),
        )
        return None
    if info["state"] == ABORTED:
        raise OrgUnavailable(f"{whole.doing}: somebody aborted the bulk job. Try again")
    return _Results(wire, whole, path, info.get("numberRecordsProcessed")).tables()


def _is_not_offered(trouble: Trouble, doing: str) -> bool:
    """Tell whether the org reads this in no job; another way, by pages, tells if it is allowed."""
    if trouble.status not in _NOT_OFFERED or trouble.code == "REQUEST_LIMIT_EXCEEDED":
        return False
    logger.info("%s: no bulk job (%s): reading page by page", doing, trouble.code)
    return True


@dataclass(slots=True)
class _Results:
    """The pages of a job that is done; `expected` records, None where the job does not tell."""

    wire: Wire
    whole: Whole
    path: str
    expected: int | None
    count: int = field(default=0, init=False)

    def tables(self) -> Iterator[pa.Table]:
        links = self._links()
        pages = self._one_by_one() if links is None else self._in_parallel(links)
        with closing(pages):
            for table in pages:
                self.count += table.num_rows
                yield table
        # A record too few would look like one that was deleted.
        if self.expected is not None and self.count < self.expected:
            raise OrgUnavailable(
                f"{self.whole.doing}: the bulk job read {self.expected} records and handed out "
                f"{self.count}. Read the object again"
            )

    def _links(self) -> Iterator[str] | None:
        """Give the paths of the pages; None where they are few, or the org does not tell."""
        if float(self.wire.version) < _PARALLEL_SINCE or (self.expected or 0) <= _PARALLEL_FROM:
            return None
        first = self._link_page(f"{self.path}/resultPages")
        return None if first is None else self._all_links(first)

    def _all_links(self, answer: Mapping[str, Any]) -> Iterator[str]:
        while True:
            for each in answer["resultPages"]:
                yield self._relative(each.get("resultUrl"))
            if answer["done"]:
                return
            # The platform's manual spells it both ways.
            following = answer.get("nextRecordsUrl") or answer.get("nextRecordUrl")
            more = self._link_page(self._relative(following))
            if more is None:
                raise unreadable(self.whole.doing)
            answer = more

    def _link_page(self, path: str) -> Mapping[str, Any] | None:
        answer = self.wire.get(path, self.whole.doing, lambda each: each.status in _NOT_OFFERED)
        if answer is None:
            return None
        pages = answer.get("resultPages")
        if not isinstance(pages, list) or "done" not in answer:
            raise unreadable(self.whole.doing)
        return answer

    def _relative(self, link: object) -> str:
        """Give a link as a path below the API's root; no other place is given the token."""
        root = f"/services/data/v{self.wire.version}/"
        text = str(link)
        text = text if text.startswith("/") else f"/{text}"
        if not text.startswith(f"{root}{self.path}/"):
            raise unreadable(self.whole.doing)
        return text.removeprefix(root)

    def _in_parallel(self, links: Iterable[str]) -> Generator[pa.Table, None, None]:
        for page in ahead((partial(self._page, link) for link in links), _AT_ONCE):
            yield page.table

    def _one_by_one(self) -> Generator[pa.Table, None, None]:
        locator = ""
        while True:
            cursor = f"&locator={locator}" if locator else ""
            path = f"{self.path}/results?maxRecords={_PAGE_RECORDS}{cursor}"
            page = self._page(path)
            yield page.table
            locator = page.locator
            if locator in _NO_LOCATOR:
                return

    def _page(self, path: str) -> "_Page":
        accepted = {"Accept": "text/csv"}
        page = self.wire.fetch(path, self.whole.doing, self._read, headers=accepted)
        if page is None:
            raise unreadable(self.whole.doing)
        return page

    def _read(self, answer: requests.Response) -> "_Page":
        try:
            whole = self.whole
            table = from_csv(answer.content, whole.columns, whole.instants, whole.kinds)
        except ValueError:
            raise UnreadableAnswer("the answer is no CSV of these fields") from None
        told = answer.headers.get("Sforce-NumberOfRecords", "")
        if told.isdigit() and int(told) != table.num_rows:
            raise UnreadableAnswer("the answer has not as many records as it says")
        return _Page(table, answer.headers.get("Sforce-Locator", "").strip())


@dataclass(frozen=True, slots=True)
class _Page:
    table: pa.Table
    locator: str
