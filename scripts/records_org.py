"""What does an org say whose records are dicts in memory?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sfsync.org import FieldInfo

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

    def pages(
        self, object: str, fields: Sequence[str], *, archived: bool = False, where: str = ""
    ) -> Iterator[list[dict[str, Any]]]:
        """Give all records that are not deleted, in one page (`where` only ever saves work)."""
        rows = [row for row in self.data.get(object, ()) if not row.get("IsDeleted")]
        yield [{name: row.get(name) for name in fields} for row in rows]
