"""What did the rules find, before any of it is put into words?

An org has some findings an account, and from hour to hour nearly all of them are the same: only
those that somebody looks at, or that differ from what is known, are worth their words.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np

from sfsync.columns import Array, Mask
from sfsync.facts import Look
from sfsync.model import Finding
from sfsync.policy import FindingRule, Machine
from sfsync.rules.findings import Named, found_in, holds_for
from sfsync.rules.fingerprints import fingerprints_of, mixed


@dataclass(frozen=True, slots=True)
class Group:
    """Of which records of an object a finding holds: their rows in its frame, in order."""

    object: str
    rule: FindingRule
    rows: Array


def groups_of(look: Look, machine: Machine, moved: Mask) -> list[Group]:
    """Return what a person must look at of one object, records that are judged elsewhere left out.

    `moved` tells which records a rule moves in this pass. A finding for which the org lacks a field
    is left out: what is nowhere to be filled in is nobody's to mend.
    """
    found: list[Group] = []
    guests = look.snapshot.guests.get(machine.object)
    # Of an object without records there is nothing to work out.
    for rule in machine.findings if look.size(machine.object) else ():
        here = holds_for(look, machine, rule, moved)
        if here is not None and guests is not None:
            here = here & ~guests
        # Most findings are of few records, or of none.
        if here is not None and here.any():
            found.append(Group(machine.object, rule, np.flatnonzero(here)))
    return found


class Findings(Sequence[Finding]):
    """Findings of some kind of sequence; two are equal where they say the same."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)


class Found(Findings):
    """All that rules found, sorted by object, Id and code; put into words when it is looked at."""

    def __init__(self, look: Look, groups: Sequence[Group]) -> None:
        self._look = look
        self._groups = groups
        names = sorted({each.object for each in groups})
        codes = sorted({each.rule.name for each in groups})
        ranks = [(names.index(each.object), codes.index(each.rule.name)) for each in groups]
        objects, rules = np.array(ranks, dtype="int64").reshape(-1, 2).T
        sizes = [len(each.rows) for each in groups]
        group = np.repeat(np.arange(len(groups)), sizes)
        rows = np.concatenate([np.empty(0, dtype="int64"), *(each.rows for each in groups)])
        order = np.lexsort((rules[group], rows, objects[group]))
        self._group, self._rows = group[order], rows[order]
        self._said: list[Finding] | None = None

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Finding]:
        # Whoever looks at all of them does so again.
        if self._said is None:
            self._said = self.some(np.arange(len(self)))
        return iter(self._said)

    @overload
    def __getitem__(self, place: int) -> Finding: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Finding]: ...

    def __getitem__(self, place: int | slice) -> Finding | Sequence[Finding]:
        places = np.arange(len(self))[place]
        return self.some(places) if isinstance(place, slice) else self.some(places[None])[0]

    def some(self, places: Array) -> list[Finding]:
        """Put some of them into words, named by their places in order."""
        groups, rows = self._group[places], self._rows[places]
        objects = np.array([each.object for each in self._groups], dtype=object)[groups]
        said: list[Finding | None] = [None] * len(places)
        for name in {*objects.tolist()}:
            named = Named.of(self._look, name, np.unique(rows[objects == name]))
            for number, group in enumerate(self._groups):
                here = np.flatnonzero(groups == number)
                if group.object == name and len(here):
                    found = found_in(self._look, name, group.rule, rows[here], named)
                    for place, finding in zip(here.tolist(), found, strict=True):
                        said[place] = finding
        return [each for each in said if each is not None]

    def amounts(self, stakes: Mapping[str, Array]) -> Array:
        """Return the money at stake in the record of each: float64, NaN where there is none.
        `stakes` has it for all records of some objects.
        """
        found = np.full(len(self), np.nan)
        for number, group in enumerate(self._groups):
            if group.object in stakes:
                here = self._group == number
                found[here] = stakes[group.object][group.rows]
        return found

    def fingerprints(self, amounts: Array) -> Array:
        """Return a number for each (int64), which is the same in another process where the finding
        and its amount are, and only there.
        """
        found = np.zeros(len(self), dtype="uint64")
        for number, group in enumerate(self._groups):
            told = fingerprints_of(self._look, group.object, group.rule, group.rows)
            found[self._group == number] = told
        return mixed(found, amounts.view("uint64")).view("int64")


def findings_of(look: Look, machine: Machine, moved: Mask) -> Found:
    """Return what a person must look at of one object, in the order of the records; `moved` tells
    which of them a rule moves in this pass.
    """
    return Found(look, groups_of(look, machine, moved))
