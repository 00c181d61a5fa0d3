"""Which mails, however old, tell what their readers know?"""

from typing import Any

import sqlalchemy as sa

from sfsync.journal.messages import MESSAGES, not_in_vain, perhaps_read
from sfsync.journal.notes import ALERTS, EDITIONS


def kept_messages(connection: sa.Connection) -> frozenset[tuple[str, str]]:
    """Return books and keys of the last mail of each report to each reader, of each alert, and to
    each address: without them readers would be told again, and troubles would count as over.
    """
    found: set[tuple[str, str]] = set()
    for query in (_editions(), _alerts(), _recipients()):
        found.update((row[0], row[1]) for row in connection.execute(query))
    return frozenset(found)


def _editions() -> sa.Select[Any]:
    series = (EDITIONS.c.org, EDITIONS.c.report, EDITIONS.c.reader)
    last = (
        sa.select(*series, sa.func.max(EDITIONS.c.as_of).label("as_of"))
        .where(perhaps_read(EDITIONS))
        .group_by(*series)
        .subquery()
    )
    same = [last.c[column.name] == column for column in series]
    query = sa.select(EDITIONS.c.org, EDITIONS.c.message)
    return query.join(last, sa.and_(*same, last.c.as_of == EDITIONS.c.as_of))


def _alerts() -> sa.Select[Any]:
    series = (ALERTS.c.org, ALERTS.c.series, ALERTS.c.object, ALERTS.c.record_id)
    ends = (
        sa.func.max(ALERTS.c.as_of).label("as_of"),
        sa.func.max(ALERTS.c.spell).label("spell"),
    )
    last = sa.select(*series, *ends).where(not_in_vain(ALERTS)).group_by(*series).subquery()
    same = [last.c[column.name] == column for column in series]
    is_last = sa.or_(last.c.as_of == ALERTS.c.as_of, last.c.spell == ALERTS.c.spell)
    query = sa.select(ALERTS.c.org, ALERTS.c.message).distinct()
    return query.join(last, sa.and_(*same, is_last))


def _recipients() -> sa.Select[Any]:
    last = sa.select(sa.func.max(MESSAGES.c.number)).group_by(MESSAGES.c.org, MESSAGES.c.recipient)
    return sa.select(MESSAGES.c.org, MESSAGES.c.key).where(MESSAGES.c.number.in_(last))
