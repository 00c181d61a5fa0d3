"""How does a run or a change become rows of the journal, and rows a run or a change again?"""

import json
from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from sfsync.journal.tables import CHANGE_FIELDS, CHANGES, RUNS
from sfsync.model import (
    Evidence,
    Run,
    RunState,
    Source,
    State,
    Value,
)

Row = dict[str, Any]

OF_CHANGE = sa.and_(CHANGE_FIELDS.c.run == CHANGES.c.run, CHANGE_FIELDS.c.seq == CHANGES.c.seq)
# What was sent may have been written, whether or not the answer came.
PERHAPS_WRITTEN = CHANGES.c.state.in_(
    [state.value for state in (State.APPLIED, State.SENT, State.UNKNOWN)]
)


def run_row(run: Run) -> Row:
    """The row of a run that begins; its counts are never stored, they follow from its changes."""
    return {
        "id": run.id,
        "org": run.org,
        "zone": run.zone,
        "job": run.job,
        "now": run.now,
        "started": run.started,
        "finished": run.finished,
        "state": run.state.value,
        "policy_hash": run.policy_hash,
        "undoes": run.undoes,
        "error": run.error,
        "is_pass": False,
        "api_calls": run.api_calls,
    }


def insert(connection: sa.Connection, table: sa.Table, new: list[Row]) -> None:
    """Insert rows into a table; none is allowed."""
    # An empty list would insert one row of defaults.
    if new:
        connection.execute(sa.insert(table), new)


def read_runs(connection: sa.Connection, *conditions: sa.ColumnElement[bool]) -> list[Run]:
    """Read the runs that meet all conditions (on RUNS), newest first, with counts by outcome."""
    tally = (
        sa.select(RUNS.c.id, CHANGES.c.state, sa.func.count())
        .join(CHANGES, CHANGES.c.run == RUNS.c.number)
        .where(*conditions)
        .group_by(RUNS.c.id, CHANGES.c.state)
        .order_by(CHANGES.c.state)
    )
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    for run_id, state, count in connection.execute(tally):
        counts[run_id][state] = count
    query = sa.select(RUNS).where(*conditions).order_by(RUNS.c.number.desc())
    return [_run(row, counts.get(row.id, {})) for row in connection.execute(query)]


def _run(row: sa.Row[Any], counts: Mapping[str, int]) -> Run:
    return Run(
        id=row.id,
        org=row.org,
        job=row.job,
        now=row.now,
        started=row.started,
        finished=row.finished,
        state=RunState(row.state),
        policy_hash=row.policy_hash,
        counts=counts,
        undoes=row.undoes,
        error=row.error,
        zone=row.zone,
        api_calls=row.api_calls,
        pruned_at=row.pruned_at,
    )


def numbers_of(connection: sa.Connection, org: str) -> dict[str, int]:
    """Read the numbers of an org's runs, by their ids: the later a run began, the higher."""
    query = sa.select(RUNS.c.id, RUNS.c.number).where(RUNS.c.org == org)
    return {row.id: row.number for row in connection.execute(query)}


@lru_cache(maxsize=4_096)
def decode_evidence(text: str) -> tuple[Evidence, ...]:
    """Read stored evidence."""
    return tuple(Evidence(*each) for each in json.loads(text))


def decode_source(text: str | None) -> Source | None:
    """Read where a stored value came from; None where it was no public source."""
    return None if text is None else Source(**json.loads(text))


@lru_cache(maxsize=4_096)
def decode(text: str) -> Value:
    """Read one stored field value."""
    value: Value = json.loads(text)
    return value
