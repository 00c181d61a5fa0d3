"""Which records of an org that is too large to be looked at as a whole are likely the same?

What two records have in common (a domain, a town, an address) says into which bucket both are put,
so that each bucket is compared on its own; the clues of all buckets then are what looking at the
whole gives. A bucket holds about as much as a shard, unless very many have the same.
"""

from collections.abc import Iterator
from functools import cache, partial

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from sfsync.columns import Array
from sfsync.duplicates import Records, findings_of
from sfsync.duplicates import accounts as of_accounts
from sfsync.duplicates import contacts as of_contacts
from sfsync.duplicates.accounts import ACCOUNT, Accounts
from sfsync.duplicates.alike import Likeness
from sfsync.duplicates.contacts import CONTACT, Contacts
from sfsync.duplicates.names import Words
from sfsync.duplicates.pair import Clue, as_pairs
from sfsync.extract.compared import BETWEEN, Many, account_rows, contact_rows, spread
from sfsync.facts.email import Mailboxes
from sfsync.model import Finding
from sfsync.store import Table
from sfsync.store.order import in_order
from sfsync.typed import ID

Found = dict[tuple[int, int], list[Clue]]
Clues = Iterator[tuple[tuple[int, int], Clue]]


def alike_in_shards(many: Many) -> tuple[Finding, ...]:
    """Return what `likely_duplicates` does, of an org in shards."""
    if not many.policy.duplicates.find:
        return ()
    return (*_alike_accounts(many), *_alike_contacts(many))


def _alike_accounts(many: Many) -> Iterator[Finding]:
    settings, met = many.policy.duplicates, _Met()
    known = cache(partial(spread, many, ACCOUNT, account_rows))
    for way, table in many.buckets(ACCOUNT, account_rows, ("town", "domain", "block")):
        accounts = _accounts(table, np.arange(len(table)))
        likeness = Likeness(accounts.names, settings.near_name, known)
        if way == "block":
            met.enter(table, of_accounts.by_number(accounts, settings))
        elif way == "domain":
            met.enter(table, of_accounts.by_domain(accounts, likeness, settings))
        else:
            met.enter(table, of_accounts.by_name(accounts, likeness, settings))
    rows, found = met.together()
    if rows is None:
        return
    accounts = _accounts(rows, many.families(rows))
    near = {ends: clues for ends, clues in found.items() if not accounts.apart(*ends)}
    told, most = _records(ACCOUNT, rows), settings.most_alike
    yield from findings_of(told, as_pairs(near), accounts.apart, most)


def _alike_contacts(many: Many) -> Iterator[Finding]:
    settings, met = many.policy.duplicates, _Met()
    known = cache(partial(spread, many, CONTACT, contact_rows))
    for way, table in many.buckets(CONTACT, contact_rows, ("address", "account")):
        contacts = _contacts(table)
        likeness = Likeness(contacts.names, settings.near_name, known)
        if way == "address":
            met.enter(table, of_contacts.by_email(contacts, likeness, settings))
        else:
            met.enter(table, of_contacts.by_name(contacts, likeness, settings))
    rows, found = met.together()
    if rows is None:
        return
    told, apart = _records(CONTACT, rows), _contacts(rows).apart
    yield from findings_of(told, as_pairs(found), apart, settings.most_alike)


class _Met:
    """The clues that buckets gave so far, and the rows of the records that they tell of."""

    def __init__(self) -> None:
        self._rows: list[Table] = []
        self._clues: list[tuple[str, str, Clue]] = []

    def enter(self, table: Table, clues: Clues) -> None:
        """Enter the clues of a bucket, whose rows are in the order of their Ids."""
        ids = table[ID].to_pylist()
        told = [(ids[left], ids[right], clue) for (left, right), clue in clues]
        there = pa.array(
            sorted({id for left, right, _ in told for id in (left, right)}), pa.string()
        )
        self._rows.append(table.filter(pc.is_in(table[ID], value_set=there)))
        self._clues += told

    def together(self) -> tuple[Table | None, Found]:
        """Return the rows of all of them, each once and in the order of their Ids, and the clues by
        pairs of rows.
        """
        if not self._clues:
            return None, {}
        rows = in_order(pa.concat_tables(self._rows))
        places = {id: place for place, id in enumerate(rows[ID].to_pylist())}
        found: Found = {}
        for left, right, clue in self._clues:
            found.setdefault((places[left], places[right]), []).append(clue)
        return rows, found


def _words(table: Table) -> list[Words]:
    return [tuple(text.split(BETWEEN)) if text else () for text in table["words"].to_pylist()]


def _accounts(table: Table, families: Array) -> Accounts:
    towns = table["town"].fill_null("").to_pylist()
    columns = (table["domain"].to_pylist(), table["number"].to_pylist())
    return Accounts(_words(table), towns, *columns, families)


def _contacts(table: Table) -> Contacts:
    addresses = np.array(table["address"].to_pylist(), dtype=object)
    sure = table["sure"].to_numpy().astype(bool)
    mails = np.array(table["mail"].to_pylist(), dtype=object)
    codes, _ = pd.factorize(np.array(table["account"].to_pylist(), dtype=object))
    return Contacts(_words(table), Mailboxes(addresses, sure), codes, mails)


def _records(name: str, table: Table) -> Records:
    return Records(
        object=name,
        ids=table[ID].to_pylist(),
        names=table["name"].to_pylist(),
        towns=table["city"].to_pylist(),
        owners=table["owner"].to_pylist(),
        created=table["created"].to_pylist(),
    )
