"""In which state (status or stage) did the last runs leave each record?"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from sfsync.journal.rows import insert
from sfsync.journal.tables import PASS_STATES

States = Mapping[tuple[str, str], str | None]

_OF_RECORD = (
    PASS_STATES.c.org == sa.bindparam("of"),
    PASS_STATES.c.object == sa.bindparam("of_object"),
    PASS_STATES.c.record_id == sa.bindparam("of_id"),
)


def kept_states(
    connection: sa.Connection, org: str
) -> Iterator[tuple[tuple[str, str], str | None]]:
    """Yield (object, id) and state of each record of an org, as the last runs left it."""
    columns = (PASS_STATES.c.object, PASS_STATES.c.record_id, PASS_STATES.c.state)
    query = sa.select(*columns).where(PASS_STATES.c.org == org)
    for object, record_id, state in connection.execute(query):
        yield (object, record_id), state


def keep_states(connection: sa.Connection, org: str, states: States) -> None:
    """Keep the states of records, by (object, id); only what differs is written."""
    if not states:
        return
    kept = dict(kept_states(connection, org))
    new: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    for key, state in states.items():
        if key not in kept:
            new.append({"org": org, "object": key[0], "record_id": key[1], "state": state})
        elif kept[key] != state:
            changed.append({"of": org, "of_object": key[0], "of_id": key[1], "state": state})
    insert(connection, PASS_STATES, new)
    if changed:
        statement = sa.update(PASS_STATES).where(*_OF_RECORD).values(state=sa.bindparam("state"))
        connection.execute(statement, changed)


def forget_states(
    connection: sa.Connection, org: str, forgotten: Collection[tuple[str, str]]
) -> None:
    """Let go of what is kept of records, named as (object, id)."""
    records = [{"of": org, "of_object": object, "of_id": id} for object, id in forgotten]
    if records:
        connection.execute(sa.delete(PASS_STATES).where(*_OF_RECORD), records)
