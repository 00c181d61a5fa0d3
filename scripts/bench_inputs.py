"""Which files hold a bench org, for engines that run in processes of their own?

Parquet files in one folder: the records of each object as the API gives them (instants as text,
flags and numbers as such), what the previous pass left, and what the journal knows of the service's
own writes. A large org is made of parts, one after the other, so that no size takes more memory
than one part; its Ids go on from part to part.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bench_data
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from bench_data import PREVIOUS_AT, BenchOrg
from plain_facts import OwnWrite, Previous
from records_org import RecordsOrg

PART = 100_000
PREVIOUS, OWN_WRITES, DONE = "previous", "own_write", "complete"

DIGITS = 12
_TEXT = pa.string()
_TYPES = {
    **dict.fromkeys(("IsActive", "IsDeleted", "IsClosed", "IsWon"), pa.bool_()),
    **dict.fromkeys(("IsRecurrence", "IsAllDayEvent", "IsChild"), pa.bool_()),
    **dict.fromkeys(("NumberOfEmployees", "Potential_Score__c"), pa.int64()),
    "Backlog_Count__c": pa.float64(),
}
# What the plain loop asks for: all but what it never looks at.
UNREAD = frozenset({"Name", "OwnerId", "SystemModstamp", "WhatId"})


@dataclass(frozen=True, slots=True)
class Inputs:
    """The files of one bench org."""

    folder: Path

    def table(self, name: str, columns: Sequence[str] | None = None) -> pa.Table:
        """Read one file."""
        return pq.read_table(self.folder / f"{name}.parquet", columns=columns)

    @property
    def objects(self) -> Mapping[str, int]:
        """How many records each object has."""
        names = sorted(path.stem for path in self.folder.glob("*.parquet"))
        return {
            name: pq.read_metadata(self.folder / f"{name}.parquet").num_rows
            for name in names
            if name not in (PREVIOUS, OWN_WRITES)
        }

    def records(self) -> Mapping[str, list[dict[str, Any]]]:
        """Return the records as dicts, without the fields that nobody asks for."""
        found = {}
        for name in self.objects:
            schema = pq.read_schema(self.folder / f"{name}.parquet")
            asked = [column for column in schema.names if column not in UNREAD]
            found[name] = self.table(name, asked).to_pylist()
        return found

    def previous(self) -> Previous:
        """Return what the previous pass left."""
        found = []
        for name in ("Account", "Opportunity"):
            left = self.table(PREVIOUS).filter(pc.field("object") == name)
            found.append(
                dict(zip(*(left[each].to_pylist() for each in ("id", "state")), strict=True))
            )
        return Previous(PREVIOUS_AT, *found)

    def own_writes(self) -> tuple[OwnWrite, ...]:
        """Return what the service wrote itself."""
        return tuple(
            OwnWrite(each["object"], each["id"], each["value"], each["sent_at"])
            for each in self.table(OWN_WRITES).to_pylist()
        )


class FilesOrg(RecordsOrg):
    """An OrgReader over the files."""

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
        """Give all records that are not deleted, in one piece."""
        inputs = Inputs(Path(self.id))
        table = inputs.table(object) if object in inputs.objects else pa.table({"Id": []})
        if "IsDeleted" in table.column_names:
            table = table.filter(pc.invert(table["IsDeleted"]))
        empty = pa.nulls(len(table), _TEXT)
        yield pa.table(
            {
                name: table[name].cast(_TEXT) if name in table.column_names else empty
                for name in dict.fromkeys(["Id", *fields])
            }
        )


def make(folder: Path, accounts: int, *, settled: bool = True, part: int = PART) -> Inputs:
    """Write a bench org of so many accounts into a folder; one that lies there is left as it is."""
    if (folder / DONE).exists():
        return Inputs(folder)
    folder.mkdir(parents=True, exist_ok=True)
    writers: dict[str, pq.ParquetWriter] = {}
    for number, first in enumerate(range(0, accounts, part)):
        size = min(part, accounts - first)
        org = bench_data.make(size, seed=number + 1, settled=settled)
        for name, table in _tables(org).items():
            if name == "User" and number:
                continue
            if name not in writers:
                writers[name] = pq.ParquetWriter(folder / f"{name}.parquet", table.schema)
            # No object has more than ten times as many records as there are accounts.
            writers[name].write_table(_counted_on(table, first * 10))
    for writer in writers.values():
        writer.close()
    (folder / DONE).touch()
    return Inputs(folder)


def _tables(org: BenchOrg) -> Mapping[str, pa.Table]:
    tables = {}
    for name, rows in org.records.items():
        fields = [pa.field(each, _TYPES.get(each, _TEXT)) for each in rows[0]]
        tables[name] = pa.Table.from_pylist(rows, schema=pa.schema(fields))
    left = {"Account": org.previous.statuses, "Opportunity": org.previous.stages}
    states = [(name, *each) for name, states in left.items() for each in states.items()]
    tables[PREVIOUS] = pa.table(
        {
            name: pa.array([each[place] for each in states], _TEXT)
            for place, name in enumerate(("object", "id", "state"))
        }
    )
    writes = org.own_writes
    tables[OWN_WRITES] = pa.table(
        {
            "object": pa.array([write.object for write in writes], _TEXT),
            "id": pa.array([write.id for write in writes], _TEXT),
            "value": pa.array([write.value for write in writes], _TEXT),
            "sent_at": pa.array([write.sent_at for write in writes], pa.timestamp("s", "UTC")),
        }
    )
    return tables


def _counted_on(table: pa.Table, first: int) -> pa.Table:
    """Add a number to all Ids but those of users."""
    for place, name in enumerate(table.column_names):
        if first and name in ("Id", "id", "AccountId", "OpportunityId", "WhatId"):
            table = table.set_column(place, name, _added(table[name], first))
    return table


def _added(ids: pa.ChunkedArray, first: int) -> pa.ChunkedArray:
    prefix, suffix = pc.utf8_slice_codeunits(ids, 0, 3), pc.utf8_slice_codeunits(ids, 15, 18)
    numbers = pc.add(pc.utf8_slice_codeunits(ids, 3, 15).cast(pa.int64()), first).cast(_TEXT)
    padded = pc.utf8_lpad(numbers, DIGITS, "0")
    return pc.binary_join_element_wise(prefix, padded, suffix, "")
