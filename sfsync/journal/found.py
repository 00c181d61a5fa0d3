"""What becomes of the findings that are known when a whole pass has found what there is?

Of hour after hour most findings are the same. A fingerprint says so; what is open with the same one
is neither put into words nor looked at.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Protocol

import sqlalchemy as sa

from sfsync.garbage import uncollected
from sfsync.journal.entries import encode_evidence
from sfsync.journal.finding_tables import FINDINGS, FINDINGS_SEEN
from sfsync.journal.plain import (
    SEPARATOR,
    Plain,
    fetch_plain,
    in_plain,
    insert_plain,
    joined,
    plain,
    update_plain,
)
from sfsync.model import Finding, OpenFinding

if TYPE_CHECKING:
    from sfsync.columns import Array

Key = tuple[str, str, str]
Found = Sequence[tuple[Finding, float | None]]

# What says which finding a row is, and what a pass says of it.
_KEY = (FINDINGS.c.org, FINDINGS.c.code, FINDINGS.c.object, FINDINGS.c.record_id)
_SAID = tuple(
    FINDINGS.c[name]
    for name in ("name", "owner_id", "message", "evidence", "amount", "fingerprint")
)
_IS_OPEN = FINDINGS.c.solved_at.is_(None)
# So many are named in a question; where there are more it is as quick to read all.
_NAMED = 5_000


@dataclass(frozen=True, slots=True)
class FindingCounts:
    """What became of the findings in a pass: how many are new, open as before, solved, returned."""

    new: int
    open: int
    solved: int
    returned: int


class Unsaid(Protocol):
    """Findings that are put into words when somebody looks at them."""

    def __len__(self) -> int:
        """Count them."""

    def fingerprints(self) -> "Array":
        """Return a number for each (int64), which is the same in the next pass where all of it
        is.
        """

    def some(self, places: "Array") -> Found:
        """Put some into words, each with the amount at stake; `places` are in order."""


@dataclass(frozen=True, slots=True)
class Compared:
    """How findings that are not put into words differ from what is open: how many are the `same`;
    all others by their keys, with what is `said` of them; and what is open besides, by the
    fingerprints of what was said of it (`left`), or the keys of what has none (`unmarked`).
    """

    same: int
    said: Mapping[Key, Plain]
    left: frozenset[int]
    unmarked: frozenset[Key]


@dataclass(frozen=True, slots=True)
class Standing:
    """The fingerprints of open findings (int64), and the keys of those that have none: they are of
    an earlier version, or something was cut out of them.
    """

    numbers: "Array"
    unmarked: frozenset[Key]


def standing(connection: sa.Connection, org: str) -> Standing:
    """Read what is open."""
    import numpy as np

    number, is_ours = FINDINGS.c.fingerprint, (FINDINGS.c.org == org, _IS_OPEN)
    marked = sa.select(joined(number)).where(*is_ours, number.is_not(None))
    numbers = np.fromstring(connection.scalar(marked) or "", "int64", sep=SEPARATOR)
    unmarked = connection.execute(sa.select(*_KEY[1:]).where(*is_ours, number.is_(None)))
    return Standing(numbers, frozenset((code, name, record) for code, name, record in unmarked))


def compare(there: Standing, unsaid: Unsaid | None) -> Compared:
    """Compare findings with what is open; of hour after hour most are the same."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    numbers = unsaid.fingerprints() if unsaid else np.empty(0, "int64")
    found, opened = pa.array(numbers), pa.array(there.numbers)
    differ = np.flatnonzero(pc.invert(pc.is_in(found, value_set=opened)))
    said: dict[Key, Plain] = {}
    if unsaid:
        told = zip(unsaid.some(differ), numbers[differ].tolist(), strict=True)
        for (finding, amount), number in told:
            said[key_of(finding)] = (*_told(finding, amount), number)
    left = opened.filter(pc.invert(pc.is_in(opened, value_set=found))).to_pylist()
    same = len(numbers) - len(differ)
    return Compared(same, said, frozenset(left), there.unmarked)


def merge(
    connection: sa.Connection, org: str, at: datetime, found: Found, compared: Compared
) -> FindingCounts:
    """Put what a whole pass at `at` found, and what was `compared` before, beside what is known,
    and close what it did not find. Only what differs is written.
    """
    with uncollected():
        return _merged(connection, org, at, found, compared)


def _merged(
    connection: sa.Connection, org: str, at: datetime, found: Found, compared: Compared
) -> FindingCounts:
    here, left, same = {**compared.said}, {*compared.left}, compared.same
    for finding, amount in found:
        key, said = key_of(finding), _told(finding, amount)
        number = _fingerprint(key, said)
        if number in left:
            left.discard(number)
            same += 1
        else:
            here[key] = (*said, number)
    known = _known(connection, org, left, compared.unmarked.union(here))
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
        if was[0] is None and (was[-1] in left or key in compared.unmarked) and key not in here
    ]
    insert_plain(connection, FINDINGS, new)
    update_plain(connection, _SAID, _KEY, changed)
    again = (*_SAID, FINDINGS.c.first_seen, FINDINGS.c.returned, FINDINGS.c.solved_at)
    update_plain(connection, again, _KEY, returned)
    update_plain(connection, [FINDINGS.c.solved_at, FINDINGS.c.last_seen], _KEY, solved)
    as_before = same + len(here) - len(new) - len(returned)
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


def _fingerprint(key: Key, said: Plain) -> int:
    """Return a number for what is said, such as the database keeps."""
    text = "\0".join(map(repr, (*key, *said)))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)


def _known(
    connection: sa.Connection, org: str, numbers: Collection[int], keys: Collection[Key]
) -> dict[Key, Plain]:
    """Read what is known of at least the open findings with these fingerprints, and those with
    these keys: when each was solved, and what was last said of it.
    """
    columns = (*_KEY[1:], FINDINGS.c.solved_at, *_SAID)
    query = sa.select(*plain(columns)).where(FINDINGS.c.org == org)
    if len(numbers) + len(keys) > _NAMED:
        rows = fetch_plain(connection, query)
    else:
        marked = query.where(_IS_OPEN, FINDINGS.c.fingerprint.in_(sorted(numbers)))
        # Each of these codes is looked up for each of these records: that has an index.
        named = query
        for column, each in zip(_KEY[1:], zip(*keys, strict=True), strict=False):
            named = named.where(column.in_(sorted({*each})))
        asked = [marked, named] if keys else [marked]
        rows = [row for each in asked for row in fetch_plain(connection, each)]
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
