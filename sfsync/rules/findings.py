"""What must a person look at, and which fields of which record are blank?"""

from collections.abc import Iterator, Sequence
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
)


def findings_of(look: Look, machine: Machine, moved: Mask) -> Iterator[Finding]:
    """Yield what a person must look at, finding by finding, in the order of the records.

    `moved` tells which records a rule moves in this pass. A finding for which the org lacks a field
    is left out: what is nowhere to be filled in is nobody's to mend.
    """
    # Of an object without records there is nothing to work out.
    for rule in machine.findings if look.size(machine.object) else ():
        here = holds_for(look, machine, rule, moved)
        # Most findings are of few records, or of none.
        if here is not None and here.any():
            yield from found_in(look, machine.object, rule, np.flatnonzero(here))


def holds_for(look: Look, machine: Machine, rule: FindingRule, moved: Mask) -> Mask | None:
    """Tell of which records a finding holds; None where the org lacks a field that it asks about,
    so that nobody can judge.

    `moved` tells which records a rule moves in this pass.
    """
    if fields_lacking(look, machine.object, rule):
        return None
    here = rule.when.truth(look.on(machine.object)).holds
    if rule.in_states is not None:
        here = here & look.in_states(machine.object, rule.in_states)
    if rule.is_of_unmoved:
        here = here & ~moved
    if rule.missing:
        blanks = [blank_in(look, machine.object, name) for name in rule.missing]
        here = here & np.logical_or.reduce(blanks)
    return here


def found_in(look: Look, object_name: str, rule: FindingRule, rows: Array) -> Iterator[Finding]:
    """Put a finding of some records, by their rows, into words, with what proves it, in order."""
    blank, proofs = _blank_fields(look, object_name, rule, rows)
    parts = zip(
        ids_of(look, object_name, rows),
        names_of(look, object_name, rows),
        owners_of(look, object_name, rows),
        all_in_words(look, object_name, rows, rule.because, {MISSING: blank}),
        map(add, evidence_for(look, object_name, rows, proofs_of(rule)), proofs),
        strict=True,
    )
    for id, name, owner, message, evidence in parts:
        yield Finding(rule.name, object_name, id, name, owner, message, evidence)


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
    fields: list[list[str]] = [[] for _ in rows]
    proofs: list[tuple[Evidence, ...]] = [()] * len(rows)
    for name in rule.missing:
        path = path_of(look, object_name, name)
        here = np.flatnonzero(blank_in(look, object_name, name)[rows])
        records = None if path.rows is None else referred_to(look, path, rows[here])
        found = made_evidence(name, path.take(rows[here]), records)
        for place, evidence in zip(here.tolist(), found, strict=True):
            fields[place].append(path.field)
            proofs[place] += (evidence,)
    return [", ".join(each) for each in fields], proofs


def referred_to(look: Look, path: FieldPath, rows: Array) -> list[str | None]:
    """Return the Ids of the records that have the field; None for the records' own fields."""
    there = np.full(len(rows), -1) if path.rows is None else path.rows[rows]
    return referred_ids(look, path.object, there)


def owners_of(look: Look, object_name: str, rows: Array) -> list[str | None]:
    """Return the Ids of the records' owners; None where the owner is no user (a queue)."""
    return referred_ids(look, "User", look.column(object_name, "owner").values[rows])


def referred_ids(look: Look, object_name: str, places: Array) -> list[str | None]:
    """Return the Ids of records by their rows, as a reference holds them; None where there is none
    (-1).
    """
    known = np.flatnonzero(places >= 0)
    found: list[str | None] = [None] * len(places)
    for place, id in zip(known.tolist(), ids_of(look, object_name, places[known]), strict=True):
        found[place] = id
    return found
