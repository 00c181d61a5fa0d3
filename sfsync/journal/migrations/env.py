"""How does Alembic get at the journal that is to be brought up to date?"""

from alembic import context

from sfsync.journal.tables import VERSION

context.configure(connection=context.config.attributes["connection"], version_table=VERSION.name)
context.run_migrations()
