"""What is a meeting called, and on which day is it?"""

from collections.abc import Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sfsync.model import from_wire
from sfsync.org import OrgReader, Question

EVENT = "Event"
# The Ids of events; other records may prove a fact, too.
_PREFIX = "00U"
_FIELDS = ("Id", "Subject", "ActivityDate", "StartDateTime", "IsAllDayEvent")


@dataclass(frozen=True, slots=True)
class Meeting:
    """An event; `day` is that of the org's zone, `YYYY-MM-DD`; empty is what the org does not
    tell.
    """

    id: str
    subject: str
    day: str


def read_meetings(org: OrgReader, ids: Iterable[str]) -> dict[str, Meeting]:
    """Read the events among these records, by Id, in one request; none where there is none.

    Raises OrgUnavailable or OrgRefused from the door.
    """
    wanted = tuple(sorted({each for each in ids if each.startswith(_PREFIX)}))
    if not wanted:
        return {}
    known = org.fields(EVENT) or {}
    (rows,) = org.ask([Question(EVENT, tuple(name for name in _FIELDS if name in known), wanted)])
    found = {}
    for row in rows:
        starts, day = row.get("StartDateTime"), row.get("ActivityDate")
        if starts and not row.get("IsAllDayEvent"):
            day = from_wire(str(starts)).astimezone(ZoneInfo(org.zone)).date().isoformat()
        id = str(row["Id"])
        found[id] = Meeting(id, str(row.get("Subject") or ""), str(day or ""))
    return found
