"""Is a journal of any older version brought up to date, whole or not at all, with all it holds?"""

import os
import stat
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier

import pytest
import sqlalchemy as sa
from deaths import in_a_child
from old_journals import CHANGES_OF, OLD_JOURNALS, WRITTEN, sql_of
from postgres_server import Server, tell

from sfsync.errors import ConfigError
from sfsync.journal import Journal
from sfsync.journal.database import exclusively
from sfsync.journal.migrations import migrate
from sfsync.journal.tables import LAYOUT, METADATA
from sfsync.model import RunState

RUN = "20261125-190301-aaaa"
ORG = "00D000000000001AAA"
VERSIONS = sorted(OLD_JOURNALS)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database in which there is nothing yet."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgresql").new())
    return f"sqlite:///{tmp_path / 'journal.db'}"


def left_by(version: str, url: str) -> str:
    """Write a journal as an older version left it; return its URL."""
    tell(url, *sql_of(version, postgresql=url.startswith("postgresql")))
    if version == "5":
        engine = sa.create_engine(url)
        with exclusively(engine) as connection:
            migrate(connection, version)
        engine.dispose()
        assert layout(url) == [(5,)]
    return url


def layout(url: str) -> list[tuple[object, ...]]:
    return tell(url, "SELECT version FROM journal_version")


def differences(url: str) -> list[object]:
    """What Alembic would still have to change."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    engine = sa.create_engine(url)
    with closing(engine.connect()) as connection:
        options = {"compare_type": True, "include_object": is_of_today}
        context = MigrationContext.configure(connection, opts=options)
        found = list(compare_metadata(context, METADATA))
    engine.dispose()
    return found


def is_of_today(_: object, name: str, kind: str, *others: object) -> bool:
    # What older versions noted of editions stays where they noted it.
    return (kind, name) != ("table", "editions")


@pytest.mark.parametrize("version", VERSIONS)
def test_an_older_journal_is_brought_up_to_date_with_all_it_holds(version: str, place: str) -> None:
    left_by(version, place)
    for _ in range(2):
        with closing(Journal.open(place)) as journal:
            assert [
                (each.change.id, each.outcome.state, each.change.fields["Status__c"].after)
                for each in journal.changes(RUN)
            ] == CHANGES_OF[version]
            assert journal.run(RUN).state is RunState.RUNNING
            assert WRITTEN[version](journal)
    assert layout(place) == [(LAYOUT,)]
    assert differences(place) == []
    with closing(Journal.open(place)) as journal:
        journal.mark_sent(RUN, [0], journal.run(RUN).now, job="750000000000001AAA")
        assert journal.jobs(RUN)["750000000000001AAA"] == [0]


def test_a_new_journal_is_what_the_steps_make_and_what_the_code_thinks(place: str) -> None:
    engine = sa.create_engine(place)
    with exclusively(engine) as connection:
        migrate(connection)
    engine.dispose()
    assert layout(place) == [(LAYOUT,)]
    assert differences(place) == []
    if place.startswith("sqlite"):
        other = f"{place}.new"
        Journal.open(other).close()
        assert shape(other) == shape(place)


def shape(url: str) -> set[tuple[object, ...]]:
    """The columns of every table: its name, theirs, type, must be there, place in the key."""
    names = [str(name) for (name,) in tell(url, "SELECT name FROM sqlite_master")]
    return {
        (name, *column[1:4], column[5])
        for name in names
        for column in tell(url, f"PRAGMA table_info('{name}')")
    }


def test_a_new_journal_has_the_layout_that_the_code_thinks(place: str) -> None:
    Journal.open(place).close()
    assert layout(place) == [(LAYOUT,)]
    assert differences(place) == []


def test_a_journal_of_a_newer_version_is_refused_and_left_alone(place: str) -> None:
    Journal.open(place).close()
    tell(place, "UPDATE journal_version SET version = 99")
    with pytest.raises(ConfigError, match=f"has layout 99, this sfsync knows layout {LAYOUT}: ins"):
        Journal.open(place)
    assert layout(place) == [(99,)]


def test_a_step_that_an_older_version_left_half_done_is_finished(place: str) -> None:
    left_by("1", place)
    tell(place, "ALTER TABLE changes ADD COLUMN job VARCHAR(18)")
    with closing(Journal.open(place)) as journal:
        assert [run.counts for run in journal.open_runs(ORG)] == [{"sent": 1}]
    assert differences(place) == []


def broken_off(place: str, step: Callable[[], object]) -> None:
    """Begin to bring a journal up to date, and take this step when the last change is made."""
    engine = sa.create_engine(place)
    try:
        with exclusively(engine) as connection:
            migrate(connection)
            step()
    finally:
        engine.dispose()


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_killed_before_all_is_done_nothing_is(place: str) -> None:
    left_by("1", place)
    before = shape(place)
    assert not in_a_child(lambda: broken_off(place, lambda: os.kill(os.getpid(), 9)))
    assert (layout(place), shape(place)) == ([(1,)], before)
    with closing(Journal.open(place)) as journal:
        assert len(journal.changes(RUN)) == 1


def test_what_fails_on_the_way_leaves_the_journal_as_it_was(place: str) -> None:
    left_by("1", place)
    with pytest.raises(ZeroDivisionError):
        broken_off(place, lambda: 1 / 0)
    assert layout(place) == [(1,)]
    assert [row[0] for row in tell(place, "SELECT state FROM changes")] == ["sent"]
    Journal.open(place).close()
    assert differences(place) == []


def test_several_processes_may_open_an_older_journal_at_once(place: str) -> None:
    left_by("1", place)
    assert opened_at_once(place, 4) == [[RUN]] * 4
    assert differences(place) == []


def test_several_processes_may_make_a_new_journal_at_once(place: str) -> None:
    assert opened_at_once(place, 4) == [[]] * 4
    assert layout(place) == [(LAYOUT,)]


def opened_at_once(url: str, times: int) -> Sequence[list[str]]:
    start = Barrier(times)

    def opened(_: int) -> list[str]:
        start.wait()
        with closing(Journal.open(url)) as journal:
            return [run.id for run in journal.runs()]

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(opened, range(times)))


def test_what_was_there_is_kept_beside_it_for_its_owner_alone(tmp_path: Path) -> None:
    url = left_by("4", f"sqlite:///{tmp_path / 'journal.db'}")
    (tmp_path / f"journal.db.before-{LAYOUT}").write_text("left by one that was broken off")
    Journal.open(url).close()
    kept = tmp_path / f"journal.db.before-{LAYOUT}"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert layout(f"sqlite:///{kept}") == [(4,)]
    assert tell(f"sqlite:///{kept}", "SELECT id FROM runs") == [(RUN,)]
    assert sorted(path.name for path in tmp_path.glob("*.b*")) == [kept.name]
    kept.unlink()
    Journal.open(url).close()
    assert not kept.exists()


def test_where_no_copy_can_be_kept_nothing_is_changed(tmp_path: Path) -> None:
    url = left_by("4", f"sqlite:///{tmp_path / 'journal.db'}")
    (tmp_path / f"journal.db.before-{LAYOUT}").mkdir()
    with pytest.raises(ConfigError, match=r"cannot be opened: .*before-"):
        Journal.open(url)
    assert layout(url) == [(4,)]


def test_whoever_only_reads_may_open_a_journal_that_is_up_to_date(
    tmp_path: Path, postgresql: Server
) -> None:
    file = tmp_path / "journal.db"
    Journal.open(f"sqlite:///{file}").close()
    with closing(Journal.open(f"sqlite:///file:{file}?mode=ro&uri=true")) as journal:
        assert journal.runs() == []
    url = postgresql.new()
    Journal.open(url).close()
    schema = url.rpartition("%3D")[2]
    tell(
        url,
        "CREATE ROLE reader LOGIN",
        f"GRANT USAGE ON SCHEMA {schema} TO reader",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO reader",
    )
    with closing(Journal.open(url.replace("journal@", "reader@"))) as journal:
        assert journal.runs() == []


OPEN = """
import sys
from sfsync.journal import Journal
Journal.open(sys.argv[1]).close()
print([name for name in ("alembic", "mako") if name in sys.modules])
"""


def test_a_journal_that_is_up_to_date_or_new_does_not_wait_for_alembic(tmp_path: Path) -> None:
    for _ in range(2):
        told = subprocess.run(
            [sys.executable, "-c", OPEN, f"sqlite:///{tmp_path / 'journal.db'}"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert told.stdout.strip() == "[]"
