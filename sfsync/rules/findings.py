"""What must a person look at, and which fields of which record are blank?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import add

import numpy as np

from sfsync.columns import Array, Mask
from sfsync.facts import Look
from sfsync.facts.blank import FieldPath, blank_in, path_of
from sfsync.model import Evidence, Finding
from sfsync.policy import MISSING, FindingRule, Machine
from sfsync.rules.blind import fields_lacking
from sfsync.rules.words import (
    all_in_words,
    evidence_for,
    ids_of,
    made_evidence,
    names_of,
    proofs_of,
    referred_ids,
)


@dataclass(frozen=True, slots=True)
class Named:
    """What some records are called: their rows, in order, Ids, names, and the Ids of their owners.
    Of most records several things are found, and their names are the same for all.
    """

    rows: Array
    ids: list[str]
    names: list[str]
    owners: list[str | None]

    @classmethod
    def of(cls, look: Look, object_name: str, rows: Array) -> "Named":
        """Read what some records are called, by their rows in order."""
        names = names_of(look, object_name, rows)
        return cls(rows, ids_of(look, object_name, rows), names, owners_of(look, object_name, rows))

    def only(self, rows: Array) -> Iterator[tuple[str, str, str | None]]:
        """Give the Id, name and owner of some of them."""
        places = np.searchsorted(self.rows, rows).tolist()
        ids, names = map(self.ids.__getitem__, places), map(self.names.__getitem__, places)
        return zip(ids, names, map(self.owners.__getitem__, places), strict=True)


def holds_for(look: Look, machine: Machine, rule: FindingRule, moved: Mask) -> Mask | None:
    """Tell of which records a finding holds; None where the org lacks a field that it asks about,
    so that nobody can judge.

    `moved` tells which records a rule moves in this pass.
    """
    if fields_lacking(look, machine.object, rule):
        return None
    here = rule.when.holds(look.on(machine.object))
    if rule.in_states is not None:
        here = here & look.in_states(machine.object, rule.in_states)
    if rule.is_of_unmoved:
        here = here & ~moved
    if rule.missing:
        blanks = [blank_in(look, machine.object, name) for name in rule.missing]
        here = here & np.logical_or.reduce(blanks)
    return here


def found_in(
    look: Look, object_name: str, rule: FindingRule, rows: Array, named: Named | None = None
) -> list[Finding]:
    """Put a finding of some records, by their rows in order, into words, with what proves it.
    `named` says what these records, and perhaps others, are called.
    """
    named = named or Named.of(look, object_name, rows)
    blank, proofs = _blank_fields(look, object_name, rule, rows)
    parts = zip(
        named.only(rows),
        all_in_words(look, object_name, rows, rule.because, {MISSING: blank}),
        map(add, evidence_for(look, object_name, rows, proofs_of(rule)), proofs),
        strict=True,
    )
    return [
        Finding(rule.name, object_name, id, name, owner, message, evidence)
        for (id, name, owner), message, evidence in parts
    ]


def found_for(
    look: Look, machine: Machine, asked: Sequence[FindingRule], rows: Array
) -> tuple[list[str], list[tuple[Evidence, ...]]]:
    """Say, for each record by its row, which of these findings hold: in words, and with all that
    proves them.
    """
    said: list[list[str]] = [[] for _ in rows]
    proved: list[dict[Evidence, None]] = [{} for _ in rows]
    nobody = np.zeros(look.size(machine.object), dtype=bool)
    for each in asked:
        mask = holds_for(look, machine, each, nobody)
        here = np.flatnonzero(nobody[rows] if mask is None else mask[rows])
        found = found_in(look, machine.object, each, rows[here])
        for place, finding in zip(here.tolist(), found, strict=True):
            said[place].append(finding.message)
            proved[place].update(dict.fromkeys(finding.evidence))
    return ["; ".join(each) for each in said], [tuple(each) for each in proved]


def _blank_fields(
    look: Look, object_name: str, rule: FindingRule, rows: Array
) -> tuple[list[str], list[tuple[Evidence, ...]]]:
    """Return, for each record, the API names of its blank fields, and what stands in each."""
    texts = [""] * len(rows)
    proofs: list[tuple[Evidence, ...]] = [()] * len(rows)
    if not rule.missing:
        return texts, proofs
    masks = np.array([blank_in(look, object_name, name)[rows] for name in rule.missing])
    # Records that lack the same fields are looked at together.
    kinds, kind = np.unique(masks, axis=1, return_inverse=True)
    for number, lacks in enumerate(kinds.T):
        here = np.flatnonzero(kind == number)
        names = [name for name, is_blank in zip(rule.missing, lacks, strict=True) if is_blank]
        paths = [path_of(look, object_name, name) for name in names]
        text = ", ".join(path.field for path in paths)
        stands = [
            made_evidence(
                name,
                path.take(rows[here]),
                None if path.rows is None else referred_to(look, path, rows[here]),
            )
            for name, path in zip(names, paths, strict=True)
        ]
        for place, evidence in zip(here.tolist(), zip(*stands, strict=True), strict=bool(names)):
            texts[place], proofs[place] = text, evidence
    return texts, proofs


def referred_to(look: Look, path: FieldPath, rows: Array) -> list[str | None]:
    """Return the Ids of the records that have the field; None for the records' own fields."""
    there = np.full(len(rows), -1) if path.rows is None else path.rows[rows]
    return referred_ids(look, path.object, there)


def owners_of(look: Look, object_name: str, rows: Array) -> list[str | None]:
    """Return the Ids of the records' owners; None where the owner is no user (a queue)."""
    return referred_ids(look, "User", look.column(object_name, "owner").values[rows])
