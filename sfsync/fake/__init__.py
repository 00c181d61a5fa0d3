"""How do demo and tests get a Salesforce without Salesforce?

`FakeOrg` is a stateful org behind a transport adapter of `requests`, so that simple-salesforce
itself runs unchanged against it. It imports nothing of the rest of sfsync: a wrong belief about
Salesforce that both sides shared would pass its own test.
"""

from collections.abc import Mapping
from pathlib import Path

from sfsync.fake.clock import Clock
from sfsync.fake.errors import ApiError, RecordingError, RecordRefused
from sfsync.fake.org import FakeOrg
from sfsync.fake.recording.load import load_state
from sfsync.fake.recording.log import revise_log
from sfsync.fake.server import Call, Hook
from sfsync.fake.wire import Reply, Request, json_reply


def load_folder(
    path: Path,
    log: Path | None = None,
    *,
    likely: Mapping[str, Mapping[str, str]] | None = None,
) -> FakeOrg:
    """Return the org that a folder, or a zip, in the form of Salesforce's Data Export holds.

    One `<Object>.csv` per object, its header the API names, UTF-8, one record per line; empty cells
    are null. Only what is there exists: an object without file, a standard field without column, is
    unknown to the org. Exceptions: every object with a file has Id, CreatedDate, LastModifiedDate,
    SystemModstamp and (unless the platform's has none, as User) IsDeleted, a missing stamp being
    taken from another one; and these are made up where they have no file or no row: Organization
    (Id from the folder's name, zone UTC), OpportunityStage (from the stages of the opportunities),
    TaskStatus (the platform's default), User (with the one user the service signs in as, who is
    added to recorded users as well unless state.json names another).

    Columns that are no standard fields are typed by their values: boolean, int, double, date,
    datetime, else string or, over 255 characters, textarea; those without any value by `likely`
    (object -> field -> type). An optional `describe.json` (object -> list of fields in the keys of
    a describe, plus `history_tracked`; or an object with `fields`) declares fields and objects or
    overrides what would be assumed. Derived fields are kept as recorded; Task.AccountId,
    Event.AccountId and LastActivityDate are derived where the column is there and the cell is
    empty. Activities a year old are archived if the org has IsArchived.

    The clock stands at the latest stamp found (2000-01-01 UTC without any), or where an optional
    `state.json` puts it. `log`: a file of committed writes; it is replayed, and each further
    committed write is appended, on the disk, before it is answered. Path itself is never written.

    Raises RecordingError with all problems at once, each with file and line.
    """
    return FakeOrg.of(load_state(path, log, likely or {}))


__all__ = [
    "ApiError",
    "Call",
    "Clock",
    "FakeOrg",
    "Hook",
    "RecordRefused",
    "RecordingError",
    "Reply",
    "Request",
    "json_reply",
    "load_folder",
    "revise_log",
]
