"""What is kept of a journal before its layout is changed, for whoever wants to go back?"""

import os
from pathlib import Path

import sqlalchemy as sa

_FOR_ITS_OWNER = 0o600


def keep_copy(engine: sa.Engine, layout: int) -> None:
    """Keep a copy of an SQLite journal beside it, before it gets this layout: `FILE.before-N`.

    Of a database on a server whoever looks after it has backups. Raises DatabaseError or OSError
    where no copy can be made: then nothing is to be changed.
    """
    if engine.dialect.name != "sqlite":
        return
    # A second connection: it sees what stands there before the change that is under way.
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        name = connection.scalar(sa.text("SELECT file FROM pragma_database_list WHERE seq = 0"))
        if not name:
            return
        path = Path(f"{name}.before-{layout}")
        begun = path.with_name(f"{path.name}.begun")
        begun.unlink(missing_ok=True)
        os.close(os.open(begun, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _FOR_ITS_OWNER))
        connection.exec_driver_sql("VACUUM INTO ?", (str(begun),))
    with begun.open("rb") as file:
        os.fsync(file.fileno())
    begun.replace(path)
