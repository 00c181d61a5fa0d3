"""Which people does the journal know, under which names and with which addresses?"""

import json
from collections.abc import Iterator

import sqlalchemy as sa

from sfsync.journal.finding_tables import FINDINGS
from sfsync.journal.losers import LOSERS
from sfsync.journal.rows import OF_CHANGE, decode
from sfsync.journal.tables import CHANGE_FIELDS, CHANGES
from sfsync.model import State
from sfsync.traces import PERSONS, Held, is_address

_WRITTEN = (State.APPLIED.value, State.SENT.value, State.UNKNOWN.value)


def people_in(connection: sa.Connection) -> Iterator[Held]:
    """Yield the records of people that were changed, merged away, or of which something was found,
    under each name and with each address that the books of all orgs have of them.
    """
    names = [
        sa.select(table.c.object, table.c.record_id, table.c.name)
        .where(table.c.object.in_(PERSONS))
        .distinct()
        for table in (CHANGES, FINDINGS)
    ]
    fields = (CHANGE_FIELDS.c.before, CHANGE_FIELDS.c.after)
    about = (CHANGES.c.object, CHANGES.c.record_id, CHANGES.c.name, CHANGES.c.state)
    values = (
        sa.select(*about, *fields)
        .join(CHANGE_FIELDS, OF_CHANGE)
        .where(CHANGES.c.object.in_(PERSONS))
        .where(sa.or_(*(each.contains("@") for each in fields)))
    )
    loser = (LOSERS.c.record_id, LOSERS.c.name, LOSERS.c.fields)
    survivor = (CHANGES.c.record_id.label("survivor"), CHANGES.c.state)
    merged = (
        sa.select(CHANGES.c.object, *loser, *survivor)
        .join(CHANGES, (CHANGES.c.run == LOSERS.c.run) & (CHANGES.c.seq == LOSERS.c.seq))
        .where(CHANGES.c.object.in_(PERSONS))
    )
    for object, id, name in connection.execute(sa.union(*names)):
        yield Held(object, id, name)
    for row in connection.execute(merged):
        held = json.loads(row.fields).values()
        texts = (str(each or "").strip().casefold() for each in held)
        # What was only planned to become one are still two, perhaps of two people.
        into = row.survivor if row.state in _WRITTEN else ""
        addresses = frozenset(filter(is_address, texts))
        yield Held(row.object, row.record_id, row.name, addresses, into)
    for object, id, name, state, before, after in connection.execute(values):
        # What was never written is perhaps of the other record of a merge.
        told = (before, after) if state in _WRITTEN else (before,)
        texts = (str(decode(each) or "").strip().casefold() for each in told)
        yield Held(object, id, name, frozenset(filter(is_address, texts)))
