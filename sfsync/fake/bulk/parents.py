"""Which records bear an external id, asked for thousands of them in a row?"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sfsync.fake.errors import refuse_record
from sfsync.fake.ids import normalise
from sfsync.fake.schema import Field, ObjectType
from sfsync.fake.soql.literals import is_text
from sfsync.fake.state import OrgState
from sfsync.fake.values import Value, from_cell

_Key = tuple[str, str]


@dataclass(slots=True)
class Names:
    """The Ids of live records by external id, looked through once and kept true while one job runs.

    Whoever writes a record tells it by `note`.
    """

    state: OrgState
    _found: dict[_Key, dict[Value, list[str]]] = field(default_factory=dict)

    def ids(self, owner: ObjectType, key: Field, text: str) -> list[str]:
        """Return the Ids of the records that bear a value given as text."""
        if key.name == "Id":
            row = self.state.store.table(owner.name).rows.get(normalise(text) or "")
            return [str(row["Id"])] if row is not None and not row.get("IsDeleted") else []
        value = from_cell(key, text)
        return [] if value is None else self._index(owner, key).get(_folded(key, value), [])

    def parent_id(self, owner: ObjectType, key: Field, text: str) -> str:
        """Return the Id of the one record that bears a value; raises RecordRefused otherwise."""
        found = self.ids(owner, key, text)
        if len(found) != 1:
            raise refuse_record(
                "INVALID_FIELD",
                f"Foreign key external ID: {text} not found for field {key.name} in entity "
                f"{owner.name}",
            )
        return found[0]

    def note(
        self, owner: ObjectType, record_id: str, body: Mapping[str, object], *, is_new: bool
    ) -> None:
        """Take note that a record was saved with the values of a body."""
        row = self.state.store.table(owner.name).rows[record_id]
        for (object_name, name), index in list(self._found.items()):
            if object_name != owner.name or name not in body:
                continue
            if not is_new:
                # It may have borne another value before: look through all of them again.
                del self._found[object_name, name]
            elif name in row:
                folded = _folded(owner.fields[name], row[name])
                index.setdefault(folded, []).append(record_id)

    def _index(self, owner: ObjectType, key: Field) -> dict[Value, list[str]]:
        found = self._found.get((owner.name, key.name))
        if found is None:
            found = self._found[owner.name, key.name] = {}
            for row in self.state.store.live_rows(owner.name):
                if key.name in row:
                    folded = _folded(key, row[key.name])
                    found.setdefault(folded, []).append(str(row["Id"]))
        return found


def _folded(key: Field, value: Value) -> Value:
    return value.lower() if isinstance(value, str) and is_text(key) else value
