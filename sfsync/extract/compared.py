"""What of the records in shards is compared with that of others, in which buckets?"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from sfsync.columns import Array
from sfsync.duplicates import records_of
from sfsync.duplicates.accounts import ACCOUNT, accounts_of
from sfsync.duplicates.alike import spread_of
from sfsync.duplicates.contacts import CONTACT, contacts_of
from sfsync.duplicates.names import Words, registration_block
from sfsync.extract.seen import Origin, snapshot_of
from sfsync.extract.shards import by_own_id
from sfsync.extract.spool import Bins
from sfsync.facts import Look
from sfsync.policy import Policy
from sfsync.rules.words import tested
from sfsync.store import Filed, Shards, Table, table_of
from sfsync.typed import ID

# What stands between the words of a name where they are one text; no word has it.
BETWEEN = " "
_DEEPEST_FAMILY = 10
_USER = "User"
_COMPARED: Mapping[str, Sequence[str]] = {
    ACCOUNT: ("name", "owner", "created", "billing_city", "website", "registration_number"),
    CONTACT: ("name", "owner", "created", "email", "account"),
}
_TEXTS = (ID, "name", "city", "owner", "words", "town", "domain", "number", "block", "parent",
          "account", "address", "mail")  # fmt: skip
_ROWS = pa.schema(
    [*((name, pa.string()) for name in _TEXTS), ("created", pa.float64()), ("sure", pa.bool_())]
)
_WORD = pa.schema([("words", pa.string())])

Rows = Callable[[Look, Table], Table]


@dataclass(frozen=True, slots=True)
class Many:
    """The shards of an org, and how they are looked at; buckets are written into a folder."""

    tables: Mapping[str, Shards]
    policy: Policy
    origin: Origin
    folder: Path

    def rows(self, name: str, rows: Rows, shard: int) -> Table:
        """Return what is compared of an object's records that are in the loop, of one shard."""
        asked: dict[str, set[str]] = {name: {*_COMPARED[name], "parent"}, _USER: {"name"}}
        if name == CONTACT:
            asked[ACCOUNT] = {"created"}
        narrow: dict[str, Shards] = {}
        for each, columns in asked.items():
            if each in self.tables:
                shards = self.tables[each]
                narrow[each] = (self._only(each, shards[0 if each == _USER else shard], columns),)
        look = Look(snapshot_of(narrow, self.policy, self.origin, guests={}), self.policy)
        return rows(look, table_of(narrow[name][0]))

    def _only(self, name: str, shard: Table | Filed, columns: Iterable[str]) -> Table:
        out = self.policy.leave_out.get(name)
        wanted = {ID, *columns, *(tested(out) if out is not None else ())}
        there = shard.names() if isinstance(shard, Filed) else shard.column_names
        return table_of(shard, [each for each in there if each in wanted])

    def buckets(self, name: str, rows: Rows, ways: Sequence[str]) -> Iterator[tuple[str, Table]]:
        """Yield, way by way (a column), the records that have the same there as another one, some
        at a time, sorted by Id.
        """
        if name not in self.tables:
            return
        count = len(self.tables[name])
        with ExitStack() as stack:
            bins = {
                way: stack.enter_context(Bins(self.made(f"{name} {way}"), count, _ROWS))
                for way in ways
            }
            for shard in range(count):
                table = self.rows(name, rows, shard)
                for way in ways:
                    some = table.filter(pc.is_valid(table[way]))
                    bins[way].put(in_buckets(some, way, count))
        for way in ways:
            for table in bins[way].tables():
                shared = _shared(table, way)
                if len(shared):
                    yield way, shared

    def families(self, rows: Table) -> Array:
        """Return a number for the topmost parent of each account."""
        top, above = rows[ID].to_pylist(), rows["parent"].to_pylist()
        known: dict[str, str | None] = {}
        for _ in range(_DEEPEST_FAMILY):
            self._look_up({each for each in above if each is not None} - known.keys(), known)
            for place, parent in enumerate(above):
                if parent is not None and parent in known:
                    top[place], above[place] = parent, known[parent]
        codes, _ = pd.factorize(np.array(top, dtype=object))
        return codes

    def _look_up(self, ids: set[str], known: dict[str, str | None]) -> None:
        """Enter the parents of accounts in the loop, by their Ids."""
        wanted = pa.array(sorted(ids), pa.string())
        places = by_own_id(wanted, len(self.tables[ACCOUNT])) if ids else np.array([])
        for shard in np.unique(places).tolist():
            table = self.rows(ACCOUNT, _parents, shard)
            here = table.filter(pc.is_in(table[ID], value_set=wanted))
            known.update(zip(here[ID].to_pylist(), here["parent"].to_pylist(), strict=True))

    def made(self, name: str) -> Path:
        """Make a folder for buckets."""
        folder = self.folder / name
        folder.mkdir()
        return folder


def in_buckets(table: Table, column: str, count: int) -> list[Table]:
    """Cut a table so that rows with the same text in a column are together."""
    texts = table[column].to_numpy()
    numbers = pd.util.hash_array(texts, categorize=False) % np.uint64(count)
    return [table.filter(pa.array(numbers == number)) for number in range(count)]


def _shared(table: Table, way: str) -> Table:
    counts = table[way].value_counts()
    many = counts.field("values").filter(pc.greater(counts.field("counts"), 1))
    return table.filter(pc.is_in(table[way], value_set=many)).sort_by(ID)


def account_rows(look: Look, table: Table) -> Table:
    """Return what is compared of accounts."""
    accounts = accounts_of(look, look.policy.duplicates)
    return _table(
        look,
        ACCOUNT,
        words=_joined(accounts.names),
        town=[town or None for town in accounts.towns],
        domain=accounts.domains,
        number=accounts.numbers,
        block=[number and registration_block(number) for number in accounts.numbers],
        parent=_parents(look, table)["parent"],
    )


def contact_rows(look: Look, _table_read: Table) -> Table:
    """Return what is compared of contacts."""
    contacts = contacts_of(look)
    ids = [*look.frame(ACCOUNT).index.tolist(), None]
    return _table(
        look,
        CONTACT,
        words=_joined(contacts.names),
        account=[ids[place] for place in contacts.accounts.tolist()],
        address=contacts.mailboxes.addresses.tolist(),
        sure=contacts.mailboxes.sure,
        mail=contacts.mails.tolist(),
    )


def _parents(look: Look, table: Table) -> Table:
    """Return the Ids of the parents of accounts, wherever these are."""
    ids = pa.array(look.frame(ACCOUNT).index, pa.string())
    if "parent" not in table.column_names:
        return pa.table({ID: ids, "parent": pa.nulls(len(ids), pa.string())})
    rows = pc.index_in(ids, value_set=table[ID].combine_chunks())
    return pa.table({ID: ids, "parent": table["parent"].take(rows)})


def _table(look: Look, name: str, **columns: object) -> Table:
    told = records_of(look, name)
    mine = {
        ID: told.ids, "name": told.names, "city": told.towns, "owner": told.owners,
        "created": told.created, **columns,
    }  # fmt: skip
    size = len(told.ids)
    return pa.table(
        [mine[field.name] if field.name in mine else pa.nulls(size, field.type) for field in _ROWS],
        schema=_ROWS,
    )


def _joined(names: Iterable[Words]) -> list[str]:
    return [BETWEEN.join(words) for words in names]


class _Spread(dict[str, int]):
    """In how many names each word is; what is in one alone need not be held."""

    def __missing__(self, word: str) -> int:
        return 1


def spread(many: Many, name: str, rows: Rows) -> Mapping[str, int]:
    """Count in how many distinct names of an org each word is."""
    count = len(many.tables[name])
    with Bins(many.made(f"{name} names"), count, _WORD) as names:
        for shard in range(count):
            texts = many.rows(name, rows, shard)["words"].unique()
            names.put(in_buckets(pa.table([texts], schema=_WORD), "words", count))
    with Bins(many.made(f"{name} words"), count, _WORD) as bins:
        for table in names.tables():
            texts = table["words"].unique().to_pylist()
            words = [*spread_of(tuple(text.split(BETWEEN)) for text in texts if text).elements()]
            bins.put(in_buckets(pa.table([words], schema=_WORD), "words", count))
    found = _Spread()
    for table in bins.tables():
        counts = table["words"].value_counts()
        often = counts.filter(pc.greater(counts.field("counts"), 1))
        found.update(
            zip(often.field("values").to_pylist(), often.field("counts").to_pylist(), strict=True)
        )
    return found
