"""What becomes of the findings that are known when a whole pass has found what there is?

Of hour after hour most findings are the same. A fingerprint says so; what is open with the same one
is neither put into words nor looked at.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b
from typing import Any, Protocol

import sqlalchemy as sa

from sfsync.garbage import uncollected
from sfsync.journal.entries import encode_evidence
from sfsync.journal.plain import (
    Plain,
    fetch_of,
    fetch_plain,
    in_plain,
    insert_plain,
    plain,
    update_plain,
)
from sfsync.journal.tables import FINDINGS, FINDINGS_SEEN
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
        here[key_of(finding)] = (*_told(finding, amount), numbers[place])
    for finding, amount in found:
        key, said = key_of(finding), _told(finding, amount)
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
    rows = fetch_of(connection, query, FINDINGS.c.record_id, records)
    return {(code, name, record): tuple(told) for code, name, record, *told in rows}


def foreseen(known: Sequence[OpenFinding], at: datetime, found: Found) -> Iterator[OpenFinding]:
    """Yield what `merge` would make of what is known; nothing is written. At an earlier moment than
    that of the last pass, what came up later is not there yet.
    """
    left = {key_of(each.finding): each for each in known}
    for finding, amount in found:
        was = left.pop(key_of(finding), None)
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


def key_of(finding: Finding) -> Key:
    """Return what says which finding it is: code, object and Id."""
    return finding.code, finding.object, finding.id


def _told(finding: Finding, amount: float | None) -> Plain:
    evidence = encode_evidence(finding.evidence)
    return finding.name, finding.owner_id, finding.message, evidence, amount
