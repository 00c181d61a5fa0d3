"""What did the records hold that were merged into others, and what hung on them?

It is entered with the change, before anything is sent: the org itself forgets merged records when
its recycle bin does.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from sfsync.journal.tables import CHANGE_ROWS, CHANGES, METADATA, RECORD_ID, RUNS
from sfsync.model import Change, Loser

LOSERS = sa.Table(
    "change_losers",
    METADATA,
    sa.Column("run", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("record_id", RECORD_ID, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    # JSON text: values by field, and the Ids of the records that hung on it by `Object.Field`.
    sa.Column("fields", sa.Text, nullable=False),
    sa.Column("children", sa.Text, nullable=False),
    sa.ForeignKeyConstraint(["run", "seq"], [CHANGE_ROWS.c.run, CHANGE_ROWS.c.seq]),
    sa.Index("losers_of_record", "record_id"),
)

_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


def loser_rows(run: int, seq: int, change: Change) -> Iterator[dict[str, Any]]:
    """The rows of the records that a change merges into its own. Raises ValueError for a value that
    JSON cannot hold.
    """
    for place, loser in enumerate(change.losers):
        try:
            fields = _encode(dict(loser.fields))
        except (TypeError, ValueError) as error:
            raise ValueError(f"{change.object} {loser.id}: {error}") from error
        yield {
            "run": run,
            "seq": seq,
            "place": place,
            "record_id": loser.id,
            "name": loser.name,
            "fields": fields,
            "children": _encode({name: list(ids) for name, ids in loser.children.items()}),
        }


def read_losers(
    connection: sa.Connection, conditions: Sequence[sa.ColumnElement[bool]]
) -> Mapping[tuple[int, int], tuple[Loser, ...]]:
    """Read the losers of the changes that meet all conditions (on RUNS and CHANGES), by run's
    number and seq.
    """
    chosen = CHANGES.join(RUNS, RUNS.c.number == CHANGES.c.run)
    of_change = sa.and_(LOSERS.c.run == CHANGES.c.run, LOSERS.c.seq == CHANGES.c.seq)
    query = (
        sa.select(LOSERS)
        .select_from(chosen.join(LOSERS, of_change))
        .where(*conditions)
        .order_by(LOSERS.c.place)
    )
    found: dict[tuple[int, int], tuple[Loser, ...]] = defaultdict(tuple)
    for row in connection.execute(query):
        children = {name: tuple(ids) for name, ids in json.loads(row.children).items()}
        loser = Loser(row.record_id, row.name, json.loads(row.fields), children)
        found[row.run, row.seq] += (loser,)
    return found
