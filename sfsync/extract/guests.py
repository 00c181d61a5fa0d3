"""Which rows of other partitions must be there for a partition to be judged?

A fact or finding looks beyond the records of its own account in two ways: it compares the e-mail
addresses of all contacts and leads, and it reads fields of a record that another one refers to
(`parent.country`). The rows that it meets so are guests: looked at, and judged elsewhere.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from sfsync.columns import Array
from sfsync.extract.seen import Origin, snapshot_of
from sfsync.extract.spool import Bins
from sfsync.facts import Look
from sfsync.facts.email import mail_keys
from sfsync.policy import Policy
from sfsync.rules.words import tested
from sfsync.store import Shards, Table, table_of
from sfsync.typed import ID

_MAIL = ("Contact", "Lead")
_READ = ("email", "name", "created", "modified")
_KEY, _SHARD = "mail key", "shard"


def mail_guests(
    tables: Mapping[str, Shards], policy: Policy, origin: Origin, folder: Path
) -> Iterator[tuple[str, list[Table]]]:
    """Yield, for contacts and leads, the rows of other partitions with the address of one of its
    own records, a table a partition. Where so many share it that it says nothing, not all of them.
    """
    there = {name: tables[name] for name in _MAIL if name in tables}
    if "email" not in policy.objects.get("Contact", {}) or not there:
        return
    count = max(map(len, there.values()))
    columns = {name: _columns(name, shards, policy) for name, shards in there.items()}
    buckets = {name: _in_buckets(name, there, columns, policy, origin, folder) for name in there}
    found: dict[str, list[list[Table]]] = {name: [[] for _ in range(count)] for name in there}
    for some in zip(*buckets.values(), strict=True):
        named = dict(zip(there, some, strict=True))
        for number, name, table in _met(named, policy.duplicates.most_alike):
            found[name][number].append(table.drop_columns([_KEY, _SHARD]))
    for name, several in found.items():
        nothing = table_of(there[name][0], [ID, *columns[name]]).slice(0, 0)
        yield name, [pa.concat_tables([nothing, *each]) for each in several]


def _columns(name: str, shards: Shards, policy: Policy) -> list[str]:
    out = policy.leave_out.get(name)
    names = {*_READ, *(tested(out) if out is not None else ())}
    return sorted(names & {*table_of(shards[0]).column_names})


def _in_buckets(
    name: str,
    tables: Mapping[str, Shards],
    columns: Mapping[str, Sequence[str]],
    policy: Policy,
    origin: Origin,
    folder: Path,
) -> Iterator[Table]:
    """Put the records that have an address into buckets by it."""
    shards = tables[name]
    # A bucket holds about as many records as a shard: so many buckets, whatever the size.
    count = len(shards)
    schema = table_of(shards[0], [ID, *columns[name]]).schema
    schema = schema.append(pa.field(_KEY, pa.string())).append(pa.field(_SHARD, pa.int32()))
    place = folder / f"mail-{name}"
    place.mkdir()
    with Bins(place, count, schema) as bins:
        for number, shard in enumerate(shards):
            table = table_of(shard, [ID, *columns[name]])
            keyed = _keyed(name, table, policy, origin)
            numbered = keyed.append_column(_SHARD, pa.array([number] * len(keyed), pa.int32()))
            buckets = _bucket(keyed[_KEY], count)
            bins.put([numbered.filter(pa.array(buckets == each)) for each in range(count)])
    return bins.tables()


def _keyed(name: str, table: Table, policy: Policy, origin: Origin) -> Table:
    """Return the records in the loop that have an address, each with what its mailbox is known
    by.
    """
    look = Look(snapshot_of({name: (table,)}, policy, origin, guests={}), policy)
    keys = mail_keys(look, name)
    here = pd.notna(keys)
    found = pa.table({ID: look.frame(name).index[here].to_numpy(), _KEY: keys[here]},
                     schema=pa.schema([(ID, pa.string()), (_KEY, pa.string())]))  # fmt: skip
    rows = pc.index_in(found[ID], value_set=table[ID].combine_chunks())
    return table.take(rows).append_column(_KEY, found[_KEY])


def _bucket(keys: pa.ChunkedArray, count: int) -> Array:
    return np.asarray(pd.util.hash_array(keys.to_numpy(), categorize=False) % np.uint64(count))


def _met(tables: Mapping[str, Table], most: int) -> Iterator[tuple[int, str, Table]]:
    """Yield, for each partition and object, the rows of others that share a key with one of its
    own; of more than `most` not all.
    """
    frames = [
        pd.DataFrame({"key": t[_KEY].to_pandas(), "shard": t[_SHARD].to_numpy(), "object": name})
        for name, t in tables.items()
    ]
    for frame in frames:
        frame["row"] = np.arange(len(frame))
    rows = pd.concat(frames, ignore_index=True)
    spans = rows.groupby("key")["shard"].transform("nunique") > 1
    for (name, number), at in _wanted(rows[spans], most).items():
        yield number, name, tables[name].take(at)


def _wanted(rows: pd.DataFrame, most: int) -> dict[tuple[str, int], list[int]]:
    alike: dict[str, list[tuple[str, int, int]]] = defaultdict(list)
    columns = (rows[name].tolist() for name in ("key", "object", "shard", "row"))
    for key, name, shard, row in zip(*columns, strict=True):
        alike[key].append((name, shard, row))
    found: dict[tuple[str, int], list[int]] = defaultdict(list)
    for several in alike.values():
        numbers = sorted({shard for _, shard, _ in several})
        taken = Counter[str]()
        for name, shard, row in several:
            taken[name] += 1
            if taken[name] <= most + 1:
                for number in numbers:
                    if number != shard:
                        found[name, number].append(row)
    return found


def looked_through(policy: Policy, homes: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yield (object, column, other object) for each reference by which rules or findings look at a
    record that may be in another partition; `homes` names the columns that say where a record is.
    """
    for object_name, machine in policy.judged.items():
        asked = {name for each in machine.findings for name in each.missing if "." in name}
        conditions = [each.when for part in (machine.rules, machine.findings, machine.tasks)
                      for each in part]  # fmt: skip
        conditions += [keep.when for keep in machine.keep if keep.when is not None]
        asked |= {name for each in conditions for name in tested(each)}
        for column in sorted({name.partition(".")[0] for name in asked}):
            spec = policy.objects[object_name].get(column)
            if spec is not None and spec.to in policy.judged and homes.get(object_name) != column:
                yield object_name, column, str(spec.to)


def referred_guests(
    shards: Shards, column: str, others: Shards, homes: Iterable[Array]
) -> Iterator[Table]:
    """Yield, partition by partition, the rows of another object in other partitions to which
    records refer; `homes` says for each partition where what its column leads to is.
    """
    wanted: list[list[tuple[int, str]]] = [[] for _ in others]
    for number, (shard, places) in enumerate(zip(shards, homes, strict=True)):
        ids = table_of(shard, [column])[column].to_pylist()
        for id, place in zip(ids, places.tolist(), strict=True):
            if id is not None and place not in (-1, number):
                wanted[place].append((number, id))
    found: list[list[Table]] = [[table_of(others[0]).slice(0, 0)] for _ in shards]
    for place, each in enumerate(wanted):
        if each:
            table = table_of(others[place])
            for number in sorted({number for number, _ in each}):
                ids = pa.array({id for to, id in each if to == number}, pa.string())
                found[number].append(table.filter(pc.is_in(table[ID], value_set=ids)))
    yield from map(pa.concat_tables, found)
