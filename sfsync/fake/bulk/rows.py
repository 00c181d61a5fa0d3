"""How is one record of an ingest job written?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sfsync.fake.bulk.cells import Column, body_of
from sfsync.fake.bulk.dialect import Table, UploadRefused
from sfsync.fake.bulk.jobs import IngestJob, Result
from sfsync.fake.bulk.parents import Names
from sfsync.fake.errors import ApiError, Problem, refuse_record
from sfsync.fake.external import external_field
from sfsync.fake.ids import normalise
from sfsync.fake.schema import Field, ObjectType
from sfsync.fake.write import Writer

Body = dict[str, object]


@dataclass(slots=True)
class RowWriter:
    """Writes the records of one job; `seen` holds what the chunk under way has touched."""

    job: IngestJob
    table: Table
    owner: ObjectType
    names: Names
    columns: Sequence[Column]
    key: Field | None
    seen: set[str] = field(default_factory=set)

    def write(self, writer: Writer, place: int) -> Result:
        """Write the record at a place of the upload, or tell why it is refused.

        Nothing of a refused one stays.
        """
        cells = self.table.records[place]
        if place in self.table.problems:
            return Result(cells, "", error=f"API_ERROR:CSV: {self.table.problems[place]}:--")
        store = writer.state.store
        mark = store.mark()
        try:
            record_id, is_new = self._operation(writer, body_of(self.columns, cells))
        except ApiError as refusal:
            store.roll_back(mark)
            return Result(cells, self._given_id(cells), error=_worded(refusal.problems))
        return Result(cells, record_id, is_new)

    @property
    def _operation(self) -> Callable[[Writer, Body], tuple[str, bool]]:
        return {
            "insert": self._insert,
            "update": self._update,
            "upsert": self._upsert,
            "delete": self._delete,
            "hardDelete": self._delete,
        }[self.job.operation]

    def _insert(self, writer: Writer, body: Body) -> tuple[str, bool]:
        record_id = writer.create(self.owner, body)
        self.names.note(self.owner, record_id, body, is_new=True)
        return record_id, True

    def _update(self, writer: Writer, body: Body) -> tuple[str, bool]:
        text = str(body.pop("Id", None) or "")
        if not text:
            raise refuse_record("MISSING_ARGUMENT", "Id not specified in an update call")
        record_id = str(writer.target(self.owner, text)["Id"])
        self._once(record_id, "id")
        writer.update(self.owner, record_id, body)
        self.names.note(self.owner, record_id, body, is_new=False)
        return record_id, False

    def _delete(self, writer: Writer, body: Body) -> tuple[str, bool]:
        text = str(body.get("Id") or "")
        if not text:
            raise refuse_record("MISSING_ARGUMENT", "Id not specified in a delete call")
        record_id = str(writer.target(self.owner, text)["Id"])
        writer.delete(self.owner, record_id)
        return record_id, False

    def _upsert(self, writer: Writer, body: Body) -> tuple[str, bool]:
        assert self.key is not None
        given = body.get(self.key.name)
        if self.key.name == "Id":
            return self._update(writer, body) if given else self._insert(writer, _without_id(body))
        if given is None:
            raise refuse_record("MISSING_ARGUMENT", f"{self.key.name} not specified", self.key.name)
        self._once(str(given).lower(), "external id")
        found = self.names.ids(self.owner, self.key, str(given))
        if len(found) > 1:
            raise refuse_record(
                "DUPLICATE_EXTERNAL_ID",
                f"{self.key.name}: more than one record found for external id field: {found}",
                self.key.name,
            )
        if not found:
            return self._insert(writer, body)
        others = {name: value for name, value in body.items() if name != self.key.name}
        writer.update(self.owner, found[0], others)
        self.names.note(self.owner, found[0], others, is_new=False)
        return found[0], False

    def _once(self, key: str, kind: str) -> None:
        if key in self.seen:
            raise refuse_record("DUPLICATE_VALUE", f"Duplicate {kind} specified: {key}")
        self.seen.add(key)

    def _given_id(self, cells: Sequence[str]) -> str:
        for column, cell in zip(self.columns, cells, strict=True):
            if column.name == "Id":
                return normalise(cell) or ""
        return ""


def check_header(job: IngestJob, header: Sequence[str]) -> None:
    """Raise UploadRefused where a job that deletes has more than Ids in its upload."""
    if job.operation in ("delete", "hardDelete") and list(header) != ["Id"]:
        raise UploadRefused(f"InvalidBatch : The '{job.operation}' batch must contain only ids")


def key_of(job: IngestJob, owner: ObjectType) -> Field | None:
    """Return the field by which an upsert finds its records; None for other operations."""
    return external_field(owner, job.external_id) if job.external_id else None


def _without_id(body: Body) -> Body:
    return {name: value for name, value in body.items() if name != "Id"}


def _worded(problems: Sequence[Problem]) -> str:
    return ";".join(
        f"{each.code}:{each.message}:{' '.join([*(each.fields or ()), '--'])}" for each in problems
    )
