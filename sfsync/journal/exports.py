"""What does the journal hold, row by row, for a spreadsheet?

It is read in portions, so that a journal of any size takes the same memory.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from sfsync.journal.finding_tables import FINDINGS, LAST_SEEN
from sfsync.journal.losers import LOSERS, read_losers
from sfsync.journal.rows import decode, decode_evidence, decode_source
from sfsync.journal.tables import CHANGE_FIELDS, CHANGES, RUNS
from sfsync.model import MASTER_FIELD, Action, Loser, State

Row = Mapping[str, Any]
Condition = sa.ColumnElement[bool]

# So many changes, runs or findings are read at once.
_PORTION = 2_000
_CHANGE_KEY = (CHANGES.c.run, CHANGES.c.seq)
_FINDING_KEY = (FINDINGS.c.org, FINDINGS.c.code, FINDINGS.c.object, FINDINGS.c.record_id)


@dataclass(frozen=True, slots=True)
class Cut:
    """Which rows are meant; what is not said does not narrow them.

    `run` is the whole id of a run. Runs, and their changes, are those that began, findings those
    that were seen, at `since` or later and before `until` (aware). `cause` is a cause, or what
    stands behind its colon; `owners` are Ids of users.
    """

    run: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    object: str | None = None
    ids: Sequence[str] = ()
    cause: str | None = None
    code: str | None = None
    owners: Collection[str] | None = None


class Exports:
    """The rows of the journal, of all orgs. Each portion is one transaction."""

    def __init__(self, engine: sa.Engine, portion: int = _PORTION) -> None:
        self._engine = engine
        self._portion = portion

    def runs(self, cut: Cut) -> Iterator[Row]:
        """Yield the runs, oldest first, each with its changes counted by outcome."""
        for found in self._portions(sa.select(RUNS), (RUNS.c.number,), _of_runs(cut)):
            counts = self._counts(found[0].number, found[-1].number)
            for row in found:
                data = row._asdict()
                number = data.pop("number")
                yield data | {each.value: counts.get((number, each.value), 0) for each in State}

    def changes(self, cut: Cut) -> Iterator[Row]:
        """Yield the changes, oldest run first, with a row for each of their fields, and, as plans
        have it, for each record that was to be merged away; one that has no field has one row.
        """
        about = (RUNS.c.id, RUNS.c.org, RUNS.c.job, RUNS.c.started)
        query = sa.select(
            *(each.label(f"run_{each.name}") for each in about),
            *(each for each in CHANGES.c if each is not CHANGES.c.job),
        ).join(RUNS, RUNS.c.number == CHANGES.c.run)
        conditions = [*_of_runs(cut), *_of_changes(cut)]
        for found in self._portions(query, _CHANGE_KEY, conditions, with_fields=True):
            losers = self._losers(found)
            for key, of_change in groupby(found, key=lambda row: (row.run, row.seq)):
                rows = [_change_row(row) for row in of_change]
                rows += [_loser_row(rows[0], each) for each in losers.get(key, ())]
                yield from (row for row in rows if not cut.ids or _is_of(row, cut.ids))

    def findings(self, cut: Cut) -> Iterator[Row]:
        """Yield the findings, open and solved, by org, code, object and Id."""
        own = (each for each in FINDINGS.c if each.name not in ("last_seen", "fingerprint"))
        query = sa.select(*own, LAST_SEEN.label("last_seen"))
        for found in self._portions(query, _FINDING_KEY, _of_findings(cut)):
            for row in found:
                data = row._asdict()
                data["id"] = data.pop("record_id")
                data["evidence"] = _in_words(data["evidence"])
                data["state"] = "open" if data["solved_at"] is None else "solved"
                yield data

    def _portions(
        self,
        query: sa.Select[Any],
        key: Sequence[Any],
        conditions: Sequence[Condition],
        *,
        with_fields: bool = False,
    ) -> Iterator[Sequence[sa.Row[Any]]]:
        """Yield what a query finds, in the order of a key that tells rows apart, piece by piece."""
        last: list[Condition] = []
        while True:
            piece = query.where(*conditions, *last).order_by(*key).limit(self._portion)
            with self._engine.connect() as connection:
                found = connection.execute(_with_fields(piece) if with_fields else piece).all()
            if not found:
                return
            yield found
            reached = [getattr(found[-1], each.name) for each in key]
            literals = [
                sa.literal(value, each.type) for value, each in zip(reached, key, strict=True)
            ]
            last = (
                [sa.tuple_(*key) > sa.tuple_(*literals)] if len(key) > 1 else [key[0] > reached[0]]
            )

    def _losers(self, found: Sequence[sa.Row[Any]]) -> Mapping[tuple[int, int], tuple[Loser, ...]]:
        if not any(row.action == Action.MERGE.value for row in found):
            return {}
        key, ends = sa.tuple_(*_CHANGE_KEY), (found[0], found[-1])
        first, last = (sa.tuple_(sa.literal(end.run), sa.literal(end.seq)) for end in ends)
        with self._engine.connect() as connection:
            return read_losers(connection, [key >= first, key <= last])

    def _counts(self, first: int, last: int) -> Mapping[tuple[int, str], int]:
        query = (
            sa.select(CHANGES.c.run, CHANGES.c.state, sa.func.count())
            .where(CHANGES.c.run.between(first, last))
            .group_by(CHANGES.c.run, CHANGES.c.state)
        )
        with self._engine.connect() as connection:
            return {(run, state): number for run, state, number in connection.execute(query)}


def _with_fields(piece: sa.Select[Any]) -> sa.Select[Any]:
    changes = piece.subquery()
    of_change = (CHANGE_FIELDS.c.run == changes.c.run) & (CHANGE_FIELDS.c.seq == changes.c.seq)
    told = (CHANGE_FIELDS.c.field, CHANGE_FIELDS.c.before, CHANGE_FIELDS.c.after)
    return (
        sa.select(changes, *told, CHANGE_FIELDS.c.source)
        .select_from(changes.outerjoin(CHANGE_FIELDS, of_change))
        .order_by(changes.c.run, changes.c.seq, CHANGE_FIELDS.c.field)
    )


def _of_runs(cut: Cut) -> list[Condition]:
    found = [] if cut.run is None else [RUNS.c.id == cut.run]
    found += [] if cut.since is None else [RUNS.c.started >= cut.since]
    return found + ([] if cut.until is None else [RUNS.c.started < cut.until])


def _of_changes(cut: Cut) -> list[Condition]:
    found = [] if cut.object is None else [CHANGES.c.object == cut.object]
    if cut.ids:
        ids = sorted(cut.ids)
        merged = sa.exists().where(
            LOSERS.c.run == CHANGES.c.run,
            LOSERS.c.seq == CHANGES.c.seq,
            LOSERS.c.record_id.in_(ids),
        )
        found.append(sa.or_(CHANGES.c.record_id.in_(ids), CHANGES.c.created.in_(ids), merged))
    if cut.cause is not None:
        ends = CHANGES.c.cause.endswith(f":{cut.cause}", autoescape=True)
        found.append(sa.or_(CHANGES.c.cause == cut.cause, ends))
    return found


def _of_findings(cut: Cut) -> list[Condition]:
    found = [] if cut.object is None else [FINDINGS.c.object == cut.object]
    found += [FINDINGS.c.record_id.in_(sorted(cut.ids))] if cut.ids else []
    found += [] if cut.code is None else [FINDINGS.c.code == cut.code]
    found += [] if cut.since is None else [cut.since <= LAST_SEEN]
    found += [] if cut.until is None else [FINDINGS.c.first_seen < cut.until]
    return found + ([] if cut.owners is None else [FINDINGS.c.owner_id.in_(sorted(cut.owners))])


def _change_row(row: sa.Row[Any]) -> Row:
    source = decode_source(row.source)
    return {
        "run": row.run_id,
        "org": row.run_org,
        "job": row.run_job,
        "started": row.run_started,
        "seq": row.seq,
        "object": row.object,
        "id": row.record_id,
        "created": row.created,
        "name": row.name,
        "action": row.action or Action.UPDATE.value,
        "field": row.field,
        "before": None if row.before is None else decode(row.before),
        "after": None if row.after is None else decode(row.after),
        "source": source,
        "cause": row.cause,
        "reason": row.reason,
        "outcome": row.state,
        "code": row.code,
        "message": row.message,
        "sent_at": row.sent_at,
        "evidence": _in_words(row.evidence),
    }


def _loser_row(row: Row, loser: Loser) -> Row:
    into = {"field": MASTER_FIELD, "before": None, "after": row["id"], "source": None}
    return {**row, "id": loser.id, "name": loser.name, **into}


def _is_of(row: Row, ids: Collection[str]) -> bool:
    return row["id"] in ids or row["created"] in ids


def _in_words(evidence: str) -> str:
    return "; ".join(
        f"{each.fact}: {'' if each.value is None else each.value}"
        + (f" ({each.record})" if each.record else "")
        for each in decode_evidence(evidence)
    )
