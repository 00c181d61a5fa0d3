"""How is a journal brought from an older layout to this one's?

Each step is a file in `versions/`, named for the layout that it leads to. Alembic carries them out;
it is imported only where a journal is older. What a step makes stands in the step itself, never in
the tables of today, which go on changing.
"""

from pathlib import Path

import sqlalchemy as sa

NEWEST = "head"


def migrate(connection: sa.Connection, to: str = NEWEST) -> None:
    """Carry out the steps that are missing, in the transaction of this connection."""
    from alembic import command
    from alembic.config import Config

    from sfsync.journal.migrations.numbering import number_layouts

    number_layouts(connection.dialect)
    config = Config(attributes={"connection": connection})
    # A percent sign in it would be read as the beginning of a name.
    here = str(Path(__file__).parent).replace("%", "%%")
    config.set_main_option("script_location", here)
    config.set_main_option("path_separator", "os")
    command.upgrade(config, to)
