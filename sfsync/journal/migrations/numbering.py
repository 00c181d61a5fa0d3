"""Under which number does Alembic find and keep the layout of a journal?

In the table that every version of sfsync looks at, so that an older one refuses a newer journal in
words, and there are no two answers.
"""

from typing import Any

import sqlalchemy as sa
from alembic.ddl.impl import DefaultImpl
from sqlalchemy.engine.interfaces import Dialect


class _Number(sa.TypeDecorator[str]):
    """A layout's number, which Alembic knows as text."""

    impl = sa.Integer
    cache_ok = True

    def process_result_value(self, value: Any | None, dialect: Dialect) -> str | None:
        """Read it as Alembic names it."""
        return None if value is None else str(value)


def number_layouts(dialect: Dialect) -> None:
    """Let Alembic keep the layout's number, on databases of this kind, as a number."""
    kind = DefaultImpl.get_by_dialect(dialect)

    class Numbered(kind):  # type: ignore[misc, valid-type]
        __dialect__ = dialect.name

        def version_table_impl(
            self, *, version_table: str, version_table_schema: str | None, **others: Any
        ) -> sa.Table:
            number = sa.Column(
                "version", _Number, key="version_num", primary_key=True, autoincrement=False
            )
            return sa.Table(version_table, sa.MetaData(), number, schema=version_table_schema)
