"""What does an org say whose records are dicts in memory?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from sfsync.org import Budget, FieldInfo

Records = Mapping[str, Sequence[Mapping[str, Any]]]


@dataclass(frozen=True)
class RecordsOrg:
    """An OrgReader over records in the REST API's form.

    `columns` says which fields an object has where no record shows them; an object without an entry
    does not exist.
    """

    data: Records
    columns: Mapping[str, Sequence[str]]
    zone: str = "Europe/Paris"
    id: str = "00D000000000001EAA"
    name: str = "Records"
    user_id: str = "005000000000001AAA"
    url: str = "https://records.example.com"
    calls: int = 0

    def fields(self, object: str) -> Mapping[str, FieldInfo] | None:
        """Describe an object, or None."""
        if object not in self.columns:
            return None
        return {
            name: FieldInfo(name, "string", name, True, True, True, 255)
            for name in self.columns[object]
        }

    def describe(self, objects: Sequence[str]) -> None:
        """Do nothing: `fields` knows."""

    def counts(self, objects: Sequence[str]) -> Mapping[str, int]:
        """Count the records of each object."""
        return {name: len(self.data.get(name, ())) for name in objects}

    def usage(self) -> Budget | None:
        """Tell nothing."""
        return None

    def budget(self) -> Budget | None:
        """Tell nothing."""
        return None

    def tables(
        self,
        object: str,
        fields: Sequence[str],
        *,
        archived: bool = False,
        where: str = "",
        expected: int = 0,
        kinds: Mapping[str, str] | None = None,
    ) -> Iterator[pa.Table]:
        """Give all records that are not deleted, in one piece (`where` only ever saves work)."""
        rows = [row for row in self.data.get(object, ()) if not row.get("IsDeleted")]
        yield pa.table(
            {
                name: pa.array([_text(row.get(name)) for row in rows], pa.string())
                for name in dict.fromkeys(["Id", *fields])
            }
        )


def _text(value: Any) -> str | None:
    if value in (None, "") and value is not False:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
