"""Which accounts are likely the same company?

A registration number says it alone. A domain does, unless it is a chain's (three towns or more):
its shops are duplicates only where town and name agree. A near name does in the same town. What
speaks against it: a common parent account, different registration numbers, and, for names that are
not the same word by word, different domains.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from sfsync.columns import Array
from sfsync.duplicates.alike import SAME_WORDS, Likeness
from sfsync.duplicates.blocks import likely_pairs
from sfsync.duplicates.names import (
    Words,
    company_words,
    registration_block,
    registration_of,
    same_registration,
    town_of,
)
from sfsync.duplicates.pair import Clue, Kind, Pair, as_pairs, sharing, two_of
from sfsync.duplicates.text import positions_of, texts_of
from sfsync.duplicates.web import domain_of, label_of
from sfsync.facts import Look
from sfsync.policy import DuplicateSettings

ACCOUNT = "Account"
_TOWNS_OF_A_CHAIN = 3
_DEEPEST_FAMILY = 10
_NOBODY: Words = ()


@dataclass(frozen=True, slots=True)
class Accounts:
    """What tells companies apart, row by row; `families`: the row of each one's topmost parent."""

    names: Sequence[Words]
    towns: Sequence[str]
    domains: Sequence[str | None]
    numbers: Sequence[str | None]
    families: Array

    def apart(self, left: int, right: int) -> bool:
        """Tell whether two are known to be different companies."""
        ours, theirs = self.numbers[left], self.numbers[right]
        differ = ours is not None and theirs is not None and not same_registration(ours, theirs)
        return differ or bool(self.families[left] == self.families[right])


def accounts_of(look: Look, settings: DuplicateSettings) -> Accounts:
    """Read what tells accounts apart."""
    read_domain = partial(domain_of, also_shared=settings.shared_hosts)
    return Accounts(
        names=texts_of(look, ACCOUNT, "name", company_words, _NOBODY),
        towns=[*texts_of(look, ACCOUNT, "billing_city", town_of, "")],
        domains=[*texts_of(look, ACCOUNT, "website", read_domain, None)],
        numbers=[*texts_of(look, ACCOUNT, "registration_number", registration_of, None)],
        families=_families(positions_of(look, ACCOUNT, "parent")),
    )


def _families(parents: Array) -> Array:
    top = np.arange(len(parents))
    for _ in range(_DEEPEST_FAMILY):
        top = np.where(parents[top] >= 0, parents[top], top)
    return top


def alike_accounts(accounts: Accounts, settings: DuplicateSettings) -> list[Pair]:
    """Return the pairs of accounts that are likely one company, with why."""
    likeness = Likeness(accounts.names, settings.near_name)
    found: dict[tuple[int, int], list[Clue]] = {}
    for ends, clue in (
        *by_number(accounts, settings),
        *by_domain(accounts, likeness, settings),
        *by_name(accounts, likeness, settings),
    ):
        if not accounts.apart(*ends):
            found.setdefault(ends, []).append(clue)
    return as_pairs(found)


def by_number(
    accounts: Accounts, settings: DuplicateSettings
) -> Iterator[tuple[tuple[int, int], Clue]]:
    """Yield the pairs of accounts with one registration number, also those that are apart."""
    blocks = [number and registration_block(number) for number in accounts.numbers]
    for rows in sharing(blocks, settings.most_alike):
        for ends in two_of(rows):
            ours, theirs = (accounts.numbers[row] or "" for row in ends)
            if same_registration(ours, theirs):
                yield ends, Clue(Kind.REGISTRATION, min(ours, theirs, key=len))


def by_domain(
    accounts: Accounts, likeness: Likeness, settings: DuplicateSettings
) -> Iterator[tuple[tuple[int, int], Clue]]:
    """Yield the pairs of accounts with one domain that says something, also those apart."""
    for rows in sharing(accounts.domains, settings.most_alike):
        towns = {accounts.towns[row] for row in rows} - {""}
        is_chain = len(towns) >= _TOWNS_OF_A_CHAIN
        for left, right in two_of(rows):
            ours, theirs = accounts.towns[left], accounts.towns[right]
            is_near = likeness.score(accounts.names[left], accounts.names[right]) is not None
            one_town = bool(ours) and ours == theirs
            maybe_one_town = ours == theirs or not (ours and theirs)
            if (one_town and is_near) if is_chain else (maybe_one_town or is_near):
                yield (left, right), Clue(Kind.DOMAIN, accounts.domains[left] or "")


def by_name(
    accounts: Accounts, likeness: Likeness, settings: DuplicateSettings
) -> Iterator[tuple[tuple[int, int], Clue]]:
    """Yield the pairs of accounts of one town with near names, also those apart."""
    places = {town: place for place, town in enumerate(sorted({*accounts.towns} - {""}))}
    codes = np.array([places.get(town, -1) for town in accounts.towns], dtype="int64")
    names = accounts.names
    pairs = likely_pairs(names, codes, lambda: likeness.spread, settings.near_name)
    for left, right in pairs:
        score = likeness.score(names[left], names[right])
        if score is not None and (score == SAME_WORDS or not _sites_differ(accounts, left, right)):
            yield (left, right), Clue(Kind.NAME, accounts.towns[left], score)


def _sites_differ(accounts: Accounts, left: int, right: int) -> bool:
    """Tell whether two have domains, and not one company's in two countries."""
    ours, theirs = accounts.domains[left], accounts.domains[right]
    return ours is not None and theirs is not None and label_of(ours) != label_of(theirs)
