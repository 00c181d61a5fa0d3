"""Which findings are open, since when, and which are solved, snoozed or waived?"""

from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime

import sqlalchemy as sa

from sfsync.errors import NotFound
from sfsync.journal.finding_tables import FINDINGS, LAST_SEEN
from sfsync.journal.found import (
    Compared,
    FindingCounts,
    Found,
    Unsaid,
    compare,
    foreseen,
    key_of,
    merge,
    standing,
)
from sfsync.journal.lock import check_fence
from sfsync.journal.rows import Row, decode_evidence
from sfsync.model import Finding, OpenFinding


def set_aside(connection: sa.Connection, org: str, code: str, record_id: str, values: Row) -> None:
    """Write until when an open finding is not shown. Raises NotFound where none is open."""
    found = sa.and_(
        FINDINGS.c.org == org,
        FINDINGS.c.code == code,
        FINDINGS.c.record_id == record_id,
        FINDINGS.c.solved_at.is_(None),
    )
    if connection.execute(sa.update(FINDINGS).where(found).values(values)).rowcount == 0:
        raise NotFound(
            f"no open finding {code} of {record_id}: `sfsync findings list` shows those there are"
        )


def read(
    connection: sa.Connection, org: str, conditions: Sequence[sa.ColumnElement[bool]]
) -> Iterator[OpenFinding]:
    """Yield findings of an org, sorted by code, object and Id."""
    order = (FINDINGS.c.code, FINDINGS.c.object, FINDINGS.c.record_id)
    told = sa.select(FINDINGS, LAST_SEEN.label("seen"))
    query = told.where(FINDINGS.c.org == org, *conditions).order_by(*order)
    for row in connection.execute(query):
        finding = Finding(
            row.code,
            row.object,
            row.record_id,
            row.name,
            row.owner_id,
            row.message,
            decode_evidence(row.evidence),
        )
        yield OpenFinding(
            finding,
            row.first_seen,
            row.seen,
            row.amount,
            row.returned,
            row.solved_at,
            row.snoozed_until,
            row.waived_until,
            row.why,
        )


class FindingsBook:
    """The part of the journal that keeps findings. Each method is one transaction."""

    _engine: sa.Engine

    def compare_findings(self, books: str, unsaid: Unsaid | None = None) -> Compared:
        """Compare what a whole pass found with what is open; it is only put into words where it
        differs. Nothing is written.
        """
        with self._engine.connect() as connection:
            there = standing(connection, books)
        return compare(there, unsaid)

    def merge_findings(
        self, books: str, at: datetime, found: Found, compared: Compared | None = None
    ) -> FindingCounts:
        """Put what a whole pass at `at` (aware) found, each with the amount at stake, and what was
        `compared` before, beside what is known: what it did not find is solved, what had been
        solved before has returned. Raises Locked where another machine has taken over the lock of
        the runs.
        """
        with self._engine.begin() as connection:
            check_fence(connection)
            compared = compared or compare(standing(connection, books), None)
            return merge(connection, books, at, found, compared)

    def findings_foreseen(self, books: str, at: datetime, found: Found) -> tuple[OpenFinding, ...]:
        """What `merge_findings` would make of these, sorted by code, object and Id; nothing is
        written.
        """
        made = foreseen(self.findings(books), at, found)
        return tuple(sorted(made, key=lambda each: key_of(each.finding)))

    def findings(
        self,
        books: str,
        *,
        is_open: bool | None = None,
        shown_on: date | None = None,
        code: str | None = None,
        record_id: str | None = None,
        owner_ids: Collection[str] | None = None,
    ) -> tuple[OpenFinding, ...]:
        """The findings of an org, sorted by code, object and Id: open ones, solved ones, or (None)
        both; of one code, one record or some owners where these are given.

        With `shown_on` those that are snoozed or waived on that day are left out.
        """
        conditions: list[sa.ColumnElement[bool]] = []
        if is_open is not None:
            solved_at = FINDINGS.c.solved_at
            conditions.append(solved_at.is_(None) if is_open else solved_at.is_not(None))
        for column, wanted in ((FINDINGS.c.code, code), (FINDINGS.c.record_id, record_id)):
            conditions += [] if wanted is None else [column == wanted]
        if owner_ids is not None:
            conditions.append(FINDINGS.c.owner_id.in_(sorted(owner_ids)))
        with self._engine.connect() as connection:
            kept = list(read(connection, books, conditions))
        return tuple(each for each in kept if shown_on is None or not each.is_hidden(shown_on))

    def finding_owners(self, books: str) -> frozenset[str]:
        """The Ids of the owners of all records of which something was ever found."""
        of_org = (FINDINGS.c.org == books, FINDINGS.c.owner_id.is_not(None))
        with self._engine.connect() as connection:
            told = connection.scalars(sa.select(FINDINGS.c.owner_id).distinct().where(*of_org))
            return frozenset(told)

    def snooze(self, books: str, code: str, record_id: str, until: date) -> None:
        """Do not show an open finding before a day. Raises NotFound where none is open."""
        self._set_aside(books, code, record_id, {"snoozed_until": until})

    def waive(self, books: str, code: str, record_id: str, until: date, why: str) -> None:
        """Do not ask for what an open finding is about before a day, for a reason. Raises NotFound
        where none is open.
        """
        self._set_aside(books, code, record_id, {"waived_until": until, "why": why})

    def _set_aside(self, books: str, code: str, record_id: str, values: Row) -> None:
        with self._engine.begin() as connection:
            set_aside(connection, books, code, record_id, values)
