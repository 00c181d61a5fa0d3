"""Which findings are open, since when, and which are solved, snoozed or waived?"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import blake2b
from typing import Any, Protocol

import sqlalchemy as sa

from sfsync.errors import NotFound
from sfsync.garbage import uncollected
from sfsync.journal.entries import encode_evidence
from sfsync.journal.lock import check_fence
from sfsync.journal.plain import Plain, fetch_plain, in_plain, insert_plain, plain, update_plain
from sfsync.journal.rows import Row, decode_evidence
from sfsync.journal.tables import FINDINGS, FINDINGS_SEEN, LAST_SEEN
from sfsync.model import Finding, OpenFinding

Key = tuple[str, str, str]
Found = Sequence[tuple[Finding, float | None]]

# What says which finding a row is, and what a pass says of it.
_KEY = (FINDINGS.c.org, FINDINGS.c.code, FINDINGS.c.object, FINDINGS.c.record_id)
_SAID = tuple(
    FINDINGS.c[name]
    for name in ("name", "owner_id", "message", "evidence", "amount", "fingerprint")
)
_IS_OPEN = FINDINGS.c.solved_at.is_(None)
# So many records are named in a question; where there are more it is as quick to read all.
_NAMED = 10_000


@dataclass(frozen=True, slots=True)
class FindingCounts:
    """What became of the findings in a pass: how many are new, open as before, solved, returned."""

    new: int
    open: int
    solved: int
    returned: int


class Unsaid(Protocol):
    """Findings that are put into words when somebody looks at them."""

    def fingerprints(self) -> Sequence[int]:
        """Return a number for each, which is the same in the next pass where all of it is."""

    def some(self, places: Sequence[int]) -> Found:
        """Put some into words, each with the amount at stake; `places` are in order."""


def merge(
    connection: sa.Connection, org: str, at: datetime, found: Found, unsaid: Unsaid | None
) -> FindingCounts:
    """Put what a whole pass at `at` found beside what is known, and close what it did not find.

    Of hour after hour most findings are the same: what is open with the same fingerprint is not
    looked at, and only what differs is written.
    """
    with uncollected():
        return _merged(connection, org, at, found, unsaid)


def _merged(
    connection: sa.Connection, org: str, at: datetime, found: Found, unsaid: Unsaid | None
) -> FindingCounts:
    opened = _opened(connection, org)
    same, here = _apart(found, unsaid, opened)
    gone = {opened[number] for number in opened.keys() - same}
    gone.update(_unmarked(connection, org))
    known = _known(connection, org, gone.union(record for _, _, record in here))
    moment = in_plain(connection, FINDINGS.c.last_seen, at)
    before = _seen(connection, org, at)
    new, changed, returned = list[Plain](), list[Plain](), list[Plain]()
    for key, said in here.items():
        was = known.get(key)
        if was is None:
            new.append(
                (org, *key, *said[:-1], moment, moment, False, None, None, None, "", said[-1])
            )
        elif was[0] is not None:
            returned.append((*said, moment, True, None, org, *key))
        elif was[1:] != said:
            changed.append((*said, org, *key))
    solved = [
        (moment, before, org, *key)
        for key, was in known.items()
        if was[0] is None and was[-1] not in same and key not in here
    ]
    insert_plain(connection, FINDINGS, new)
    update_plain(connection, _SAID, _KEY, changed)
    again = (*_SAID, FINDINGS.c.first_seen, FINDINGS.c.returned, FINDINGS.c.solved_at)
    update_plain(connection, again, _KEY, returned)
    update_plain(connection, [FINDINGS.c.solved_at, FINDINGS.c.last_seen], _KEY, solved)
    as_before = len(same) + len(here) - len(new) - len(returned)
    return FindingCounts(len(new), as_before, len(solved), len(returned))


def _seen(connection: sa.Connection, org: str, at: datetime) -> Any:
    """Enter which pass found last what is open; return which one did before, as it is kept."""
    mine = FINDINGS_SEEN.c.org == org
    before = connection.scalar(sa.select(*plain([FINDINGS_SEEN.c.at])).where(mine))
    if before is None:
        connection.execute(sa.insert(FINDINGS_SEEN).values(org=org, at=at))
    else:
        connection.execute(sa.update(FINDINGS_SEEN).where(mine).values(at=at))
    return before


def _opened(connection: sa.Connection, org: str) -> dict[int, str]:
    """Read the record of each open finding, by fingerprint."""
    told = FINDINGS.c
    query = sa.select(told.fingerprint, told.record_id).where(told.org == org, _IS_OPEN)
    return dict(fetch_plain(connection, query.where(told.fingerprint.is_not(None))))


def _unmarked(connection: sa.Connection, org: str) -> list[str]:
    """Read the records of open findings without a fingerprint: of an earlier version, or cut."""
    told = FINDINGS.c
    query = sa.select(told.record_id).where(told.org == org, _IS_OPEN, told.fingerprint.is_(None))
    return [*connection.scalars(query)]


def _apart(
    found: Found, unsaid: Unsaid | None, opened: Collection[int]
) -> tuple[set[int], dict[Key, Plain]]:
    """Part what was found: the fingerprints of what is open and the same; all else by its key, with
    what is said of it.
    """
    numbers = unsaid.fingerprints() if unsaid else ()
    same = {*numbers}.intersection(opened)
    here: dict[Key, Plain] = {}
    differ = [place for place, number in enumerate(numbers) if number not in same]
    for place, (finding, amount) in zip(differ, unsaid.some(differ) if unsaid else (), strict=True):
        here[_key(finding)] = (*_told(finding, amount), numbers[place])
    for finding, amount in found:
        key, said = _key(finding), _told(finding, amount)
        number = _fingerprint(key, said)
        if number in opened:
            same.add(number)
        else:
            here[key] = (*said, number)
    return same, here


def _fingerprint(key: Key, said: Plain) -> int:
    """Return a number for what is said, such as the database keeps."""
    text = "\0".join(map(repr, (*key, *said)))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)


def _known(connection: sa.Connection, org: str, records: Collection[str]) -> dict[Key, Plain]:
    """Read what is known of these records' findings: when each was solved, and what was last said
    of it.
    """
    columns = (*_KEY[1:], FINDINGS.c.solved_at, *_SAID)
    query = sa.select(*plain(columns)).where(FINDINGS.c.org == org)
    if len(records) <= _NAMED:
        query = query.where(FINDINGS.c.record_id.in_(sorted(records)))
    rows = fetch_plain(connection, query)
    return {(code, name, record): tuple(told) for code, name, record, *told in rows}


def foreseen(known: Sequence[OpenFinding], at: datetime, found: Found) -> Iterator[OpenFinding]:
    """Yield what `merge` would make of what is known; nothing is written. At an earlier moment than
    that of the last pass, what came up later is not there yet.
    """
    left = {_key(each.finding): each for each in known}
    for finding, amount in found:
        was = left.pop(_key(finding), None)
        if was is None:
            yield OpenFinding(finding, at, at, amount)
            continue
        has_returned = was.solved_at is not None and was.solved_at <= at
        yield replace(
            was,
            finding=finding,
            first_seen=at if has_returned else min(was.first_seen, at),
            last_seen=at,
            amount=amount,
            returned=was.returned or has_returned,
            solved_at=None,
        )
    for each in left.values():
        if each.solved_at is None and each.first_seen <= at:
            yield replace(each, solved_at=at)
        elif each.solved_at is not None:
            yield each


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


def _key(finding: Finding) -> Key:
    return finding.code, finding.object, finding.id


def _told(finding: Finding, amount: float | None) -> Plain:
    evidence = encode_evidence(finding.evidence)
    return finding.name, finding.owner_id, finding.message, evidence, amount


class FindingsBook:
    """The part of the journal that keeps findings. Each method is one transaction."""

    _engine: sa.Engine

    def merge_findings(
        self, books: str, at: datetime, found: Found, unsaid: Unsaid | None = None
    ) -> FindingCounts:
        """Put what a whole pass at `at` (aware) found, each with the amount at stake, beside what
        is known: what it did not find is solved, what had been solved before has returned. What is
        `unsaid` was found, too; it is only put into words where it differs. Raises Locked where
        another machine has taken over the lock of the runs.
        """
        with self._engine.begin() as connection:
            check_fence(connection)
            return merge(connection, books, at, found, unsaid)

    def findings_foreseen(self, books: str, at: datetime, found: Found) -> tuple[OpenFinding, ...]:
        """What `merge_findings` would make of these, sorted by code, object and Id; nothing is
        written.
        """
        made = foreseen(self.findings(books), at, found)
        return tuple(sorted(made, key=lambda each: _key(each.finding)))

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
