"""How does a step make what may be there already?

Up to layout 4 steps were no transactions, and tables came without a number of their own: what died
then left a part, and nobody can tell from the number which tables there are.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op


def add_column(table: str, column: sa.Column[Any]) -> None:
    """Give a table a column that it lacks."""
    there = {each["name"] for each in sa.inspect(op.get_bind()).get_columns(table)}
    if column.name not in there:
        op.add_column(table, column)


def create_table(name: str, *parts: sa.Column[Any] | sa.Constraint, **how: Any) -> None:
    """Create a table where it is missing."""
    op.create_table(name, *parts, if_not_exists=True, **how)


def create_index(name: str, table: str, *columns: str, **how: Any) -> None:
    """Create an index where it is missing."""
    op.create_index(name, table, list(columns), if_not_exists=True, **how)


def set_aside(table: str, name: str, *indexes: str) -> None:
    """Give a table another name, without these indexes of it, so that one like it can be made."""
    for index in indexes:
        op.drop_index(index, table)
    op.rename_table(table, name)


def drop_table(name: str) -> None:
    """Let go of a table and all that is in it."""
    op.drop_table(name)


def connection() -> sa.Connection:
    """Return the connection, for what is brought over row by row."""
    return op.get_bind()


def execute(statement: str) -> None:
    """Carry out a statement of SQL that all databases understand."""
    op.execute(statement)
