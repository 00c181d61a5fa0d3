"""How does an org become a recording: a folder that can be opened as an org, for rehearsals?

The form is that of Salesforce's Data Export: a CSV per object, beside it `describe.json` (what the
org says about the fields) and `state.json` (the moment of the recording, and the service's user).
The org is only read.
"""

import logging
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import mkdtemp

from sfsync.model import to_wire
from sfsync.org import OrgReader
from sfsync.policy import Policy
from sfsync.recording.anonymise import Anonymiser
from sfsync.recording.files import described, write_json, write_rows
from sfsync.recording.wanted import Wanted, history_of, wanted_of

logger = logging.getLogger(__name__)

__all__ = ["Anonymiser", "Recorded", "record_org"]


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was recorded: records by object, and what `config/` names and the org lacks, sorted."""

    counts: Mapping[str, int]
    missing: tuple[str, ...]


def record_org(
    org: OrgReader,
    policy: Policy,
    now: datetime,
    folder: Path,
    anonymiser: Anonymiser | None = None,
) -> Recorded:
    """Write the org's records, fields and moment (`now`, aware UTC) to a folder that is new or
    empty.

    Records are written as they come, so that memory stays flat. The folder is there when all of it
    is there, and only for this user to read. Raises OrgUnavailable or OrgRefused from the door,
    OSError where the folder cannot be written or is not empty; then nothing is left behind.
    """
    folder = folder.absolute()
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(mkdtemp(dir=folder.parent, prefix=f".{folder.name}.", suffix=".part"))
    try:
        recorded = _write(org, policy, now, made, anonymiser)
        made.rename(folder)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise
    return recorded


def _write(
    org: OrgReader, policy: Policy, now: datetime, folder: Path, anonymiser: Anonymiser | None
) -> Recorded:
    wanted, missing = wanted_of(org, policy)
    counts: dict[str, int] = {}
    tracked: dict[str, set[str]] = {}
    for each in wanted:
        change = anonymiser.changing(each, _parents_fields(each, wanted)) if anonymiser else None
        counts[each.object], fields_changed = write_rows(org, each, folder, change)
        parent = history_of(each.object)
        if parent is not None:
            tracked[parent] = fields_changed
        logger.info("%s: %d records recorded", each.object, counts[each.object])
    descriptions = {
        each.object: described(each, tracked.get(each.object, set())) for each in wanted
    }
    write_json(folder / "describe.json", descriptions)
    write_json(folder / "state.json", {"now": to_wire(now), "user_id": org.user_id})
    return Recorded(counts, missing)


def _parents_fields(history: Wanted, wanted: tuple[Wanted, ...]) -> Wanted | None:
    parent = history_of(history.object)
    return next((each for each in wanted if each.object == parent), None)
