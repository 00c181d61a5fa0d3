"""What would the same facts and rules, written as DuckDB SQL, change in the org?

The alternative of somebody who knows SQL well: typed native tables, one statement a step, days
counted with the org's offsets instead of the slow functions for time zones. The texts lie in
`duck/`; this module gives them the moments, the time zone and the words that they ask for.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
from plain_facts import GOOD_INDUSTRIES, QUALIFIED_STAGES, RECENT_DAYS, TITLE, Clock
from plain_loop import FRESH_DAYS

TEXTS = Path(__file__).resolve().parent / "duck"
# What lies before has the offset of this year's first moment.
FIRST_YEAR = 1990
A_DAY = timedelta(days=1)
NUMBERS = frozenset({"Backlog_Count__c", "Potential_Score__c"})


def loaded(
    folder: Path, now: datetime, previous: datetime, zone: str, own_user: str, *, threads: int
) -> duckdb.DuckDBPyConnection:
    """Load the records in `folder` into native tables. `now` and `previous` are aware UTC."""
    config = {"threads": threads, "preserve_insertion_order": False}
    connection = duckdb.connect(config=config)
    clock = Clock.at(now, zone)
    variables = {
        "folder": str(folder),
        "now": clock.now.replace(tzinfo=None),
        "today": clock.today,
        "previous": previous.astimezone(UTC).replace(tzinfo=None),
        "recent_from": clock.start(clock.today - RECENT_DAYS * A_DAY).replace(tzinfo=None),
        "enriched_from": clock.start(clock.today - FRESH_DAYS * A_DAY).replace(tzinfo=None),
        "own_user": own_user,
        "titles": TITLE.pattern,
        "good_industries": sorted(GOOD_INDUSTRIES),
        "qualified_stages": sorted(QUALIFIED_STAGES),
    }
    for name, value in variables.items():
        connection.execute(f"SET VARIABLE {name} = $value", {"value": value})
    for text in (*zone_macros(ZoneInfo(zone), now.year + 2), text_of("macros"), text_of("tables")):
        connection.execute(text)
    return connection


def text_of(name: str) -> str:
    """Return the SQL of one step."""
    return (TEXTS / f"{name}.sql").read_text("utf-8")


def changes(zone: ZoneInfo, last_year: int) -> Iterator[tuple[datetime, timedelta]]:
    """Yield the instants (UTC) from which a zone has another offset, and the offset."""
    moment = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)
    offset = moment.astimezone(zone).utcoffset()
    while moment.year <= last_year:
        later = moment + A_DAY
        if later.astimezone(zone).utcoffset() != offset:
            early = moment
            while later - early > timedelta(seconds=1):
                middle = early + (later - early) // 2
                is_before = middle.astimezone(zone).utcoffset() == offset
                early, later = (middle, later) if is_before else (early, middle)
            later = later.replace(microsecond=0)
            offset = later.astimezone(zone).utcoffset()
            yield later, offset or timedelta()
        moment = later


def zone_macros(zone: ZoneInfo, last_year: int) -> tuple[str, str]:
    """Write the macros that tell the day of an instant and the first instant of a day: the latest
    offsets are asked for first, since most moments are recent.
    """
    first = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC).astimezone(zone).utcoffset() or timedelta()
    of_instants, of_days = str(_micros(first)), str(_micros(first))
    days, instants = [], []
    before = first
    for moment, offset in changes(zone, last_year):
        instants.append(f"WHEN moment >= '{moment:%Y-%m-%d %H:%M:%S}' THEN {_micros(offset)}")
        # The first day that begins with the new offset; a midnight that is skipped, or is put back
        # as it strikes, is told by the lower one.
        midnight = datetime.combine((moment + before).date(), datetime.min.time(), UTC)
        begins = midnight - before
        is_new = begins > moment or (begins == moment and offset < before)
        day = midnight.date() if is_new else midnight.date() + A_DAY
        days.append(f"WHEN day >= '{day}' THEN {_micros(offset)}")
        before = offset
    of_instants = f"CASE {' '.join(reversed(instants))} WHEN true THEN {of_instants} END"
    of_days = f"CASE {' '.join(reversed(days))} WHEN true THEN {of_days} END"
    return (
        f"CREATE MACRO day_of(moment) AS make_timestamp(epoch_us(moment) + {of_instants})::DATE",
        f"CREATE MACRO start_of(day) AS make_timestamp(epoch_us(day) - {of_days})",
    )


def _micros(offset: timedelta) -> int:
    return int(offset.total_seconds()) * 1_000_000


def plan(connection: duckdb.DuckDBPyConnection) -> pa.Table:
    """Compute the plan: a row for each field of a record that changes, in no order (object, id,
    field, value as text, cause).
    """
    connection.execute(text_of("facts"))
    connection.execute(text_of("plan"))
    return connection.sql("FROM plan").to_arrow_table()
