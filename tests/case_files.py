"""Which cases do the files in `cases/` hold, and which records does a case put into an org?

The files' form and the defaults of a record are told in `cases/README.md`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from loop_org import Records

from sfsync.fake.ids import with_checksum
from sfsync.lines import read_yaml
from sfsync.model import Value, to_wire

FOLDER = Path(__file__).parent / "cases"
FILES = tuple(sorted(FOLDER.glob("*.yaml")))

PREFIXES = {
    "Account": "001",
    "Contact": "003",
    "Lead": "00Q",
    "User": "005",
    "Opportunity": "006",
    "Task": "00T",
    "Event": "00U",
    "OpportunityContactRole": "00K",
    "AccountHistory": "017",
    "OpportunityHistory": "008",
}
# The fake org's own user has the first Id of its object.
USERS = {
    "service": "005000000000001AAA",
    "rep": "005000000000002AAA",
    "boss": "005000000000003AAA",
    "gone": "005000000000004AAA",
}
CREATED = datetime(2020, 1, 1, 9, tzinfo=UTC)
LATER_CLOSE_DATE = "2030-12-31"
REFERENCES = frozenset(
    {"Id", "AccountId", "ContactId", "ParentId", "OpportunityId", "WhatId", "WhoId"}
)
PEOPLE = frozenset({"OwnerId", "CreatedById"})


@dataclass(frozen=True, slots=True)
class Case:
    """One case as its file has it, and where it begins."""

    file: str
    line: int
    body: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.file.removesuffix('.yaml')}: {self.body['case']}"

    @property
    def now(self) -> datetime:
        """The moment judged, aware UTC."""
        return self.body["now"].astimezone(UTC)

    @property
    def zone(self) -> str:
        """The org's time zone."""
        return str(self.body.get("zone", "Europe/Paris"))


def cases_of(path: Path) -> list[Case]:
    """Return the cases of one file in its order; ConfigError where it is no YAML."""
    text = path.read_text(encoding="utf-8")
    starts = [n for n, line in enumerate(text.splitlines(), 1) if line.startswith("- case: ")]
    bodies = read_yaml(text, path.name).data
    return [Case(path.name, n, body) for n, body in zip(starts, bodies, strict=True)]


def ids_of(case: Case, number: int = 0) -> dict[str, str]:
    """Return a real Id for each readable one; per object the alphabetical order stays. Cases of
    different numbers share no record but the users.
    """
    ids = dict(USERS)
    for object_name, prefix in PREFIXES.items():
        rows = case.body["given"].get(object_name, ())
        names = sorted(row["Id"] for row in rows if "Id" in row)
        ids |= {
            name: with_checksum(f"{prefix}{number:06d}{n:06d}") for n, name in enumerate(names, 1)
        }
    return ids


def records_of(case: Case, ids: Mapping[str, str]) -> Records:
    """Return the records of a case in the REST API's form, completed by the cases' defaults."""
    people = [
        {
            "Id": ids[name],
            "Name": f"{name.title()} Example",
            "Email": f"{name}@example.com",
            "IsActive": name != "gone",
        }
        for name in ("rep", "boss", "gone")
    ]
    given = {
        object_name: [_record(object_name, row, ids) for row in rows]
        for object_name, rows in case.body["given"].items()
    }
    return {"User": people, **given}


def wire_value(value: Any, now: datetime) -> Value:
    """Return a value of a case as the API has it; the word `now` is the case's moment."""
    if value == "now":
        return to_wire(now)
    if isinstance(value, datetime):
        return to_wire(value)
    plain: Value = value.isoformat() if isinstance(value, date) else value
    return plain


def _record(object_name: str, row: Mapping[str, Any], ids: Mapping[str, str]) -> dict[str, Value]:
    return {
        field: ids[value]
        if value is not None and field in REFERENCES | PEOPLE
        else wire_value(value, CREATED)
        for field, value in {**_defaults(object_name, row), **row}.items()
    }


def _defaults(object_name: str, row: Mapping[str, Any]) -> dict[str, Any]:
    defaults: dict[str, Any] = {"CreatedDate": CREATED, "CreatedById": "rep"}
    if not object_name.endswith(("History", "Role")):
        defaults["OwnerId"] = "rep"
    if object_name in ("Account", "Contact", "Lead", "Opportunity"):
        defaults["Name"] = str(row["Id"]).replace("-", " ").title()
    if object_name == "Opportunity":
        defaults["CloseDate"] = LATER_CLOSE_DATE
    if object_name in ("Task", "Event"):
        defaults["Subject"] = "Call" if object_name == "Task" else "Meeting"
    return defaults


ALL_CASES: Sequence[Case] = tuple(case for path in FILES for case in cases_of(path))
