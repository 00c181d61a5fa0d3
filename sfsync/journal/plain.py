"""How do very many rows go to the database and back without being looked at one by one?

SQLAlchemy looks at each value of each row, which takes longer than the database itself. Here rows
are what the database driver takes and gives: an instant, for one, is its text (`in_plain`).
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import sqlalchemy as sa

Plain = tuple[Any, ...]
# So many records are named in a question; where there are more it is as quick to read all.
_NAMED = 10_000
# What is in no Id, state or number.
SEPARATOR, _NONE = "\x1f", "\x1e"


def plain(columns: Iterable[sa.ColumnElement[Any]]) -> tuple[sa.ColumnElement[Any], ...]:
    """Return columns to select, whose values come as the database keeps them."""
    return tuple(
        sa.type_coerce(each, each.type.impl_instance)
        if isinstance(each.type, sa.TypeDecorator)
        else each
        for each in columns
    )


def fetch_plain(connection: sa.Connection, query: sa.Select[Any]) -> list[Plain]:
    """Return all rows of a query as the database driver gives them."""
    with connection.execute(query) as found:
        rows = found.cursor.fetchall() if found.cursor is not None else ()
    return [*rows]


def fetch_of(
    connection: sa.Connection,
    query: sa.Select[Any],
    record: sa.Column[str],
    ids: Collection[str],
) -> list[Plain]:
    """Return rows as `fetch_plain` does: at least those of the records with these Ids."""
    if len(ids) <= _NAMED:
        query = query.where(record.in_(sorted(ids)))
    return fetch_plain(connection, query)


def joined(column: sa.ColumnElement[Any]) -> sa.ColumnElement[str]:
    """Return, to select, all values of a column as one text, for `unjoined`: a database makes it in
    a fraction of the time that its driver takes for as many rows.
    """
    texts = sa.func.coalesce(sa.cast(column, sa.Text), _NONE)
    return sa.func.aggregate_strings(texts, SEPARATOR)


def unjoined(text: str) -> list[str | None]:
    """Return the values of a column that was `joined`."""
    return [None if each == _NONE else each for each in text.split(SEPARATOR)]


def in_plain(connection: sa.Connection, column: sa.Column[Any], value: object) -> Any:
    """Return a value as the database keeps it in a column."""
    kept = column.type.bind_processor(connection.dialect)
    return value if kept is None else kept(value)


def insert_plain(connection: sa.Connection, table: sa.Table, rows: Sequence[Plain]) -> None:
    """Insert rows of a table's columns, in their order; none is allowed."""
    if rows:
        names = [_named(connection, each) for each in table.columns]
        marks = ", ".join([_mark(connection)] * len(names))
        _execute(connection, f"INSERT INTO {{}} ({', '.join(names)}) VALUES ({marks})", table, rows)


def update_plain(
    connection: sa.Connection,
    columns: Sequence[sa.Column[Any]],
    by: Sequence[sa.Column[Any]],
    rows: Sequence[Plain],
) -> None:
    """Give rows new values: each is those of `columns`, then the ones of `by` that say which row it
    is; none is allowed.
    """
    if rows:
        mark = _mark(connection)
        new = ", ".join(f"{_named(connection, each)} = {mark}" for each in columns)
        which = " AND ".join(f"{_named(connection, each)} = {mark}" for each in by)
        _execute(connection, f"UPDATE {{}} SET {new} WHERE {which}", columns[0].table, rows)


def _execute(
    connection: sa.Connection, statement: str, table: sa.FromClause, rows: Sequence[Plain]
) -> None:
    name = connection.dialect.identifier_preparer.format_table(table)
    connection.exec_driver_sql(statement.format(name), list(rows))


def _named(connection: sa.Connection, column: sa.Column[Any]) -> str:
    return connection.dialect.identifier_preparer.format_column(column)


def _mark(connection: sa.Connection) -> str:
    return "?" if connection.dialect.paramstyle == "qmark" else "%s"
