"""Which records are duplicates of each other, as the findings say, and nobody said otherwise?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from sfsync.duplicates import ALIKE, likely_duplicates
from sfsync.facts import Look
from sfsync.journal import Journal
from sfsync.policy import DUPLICATES
from sfsync.rules.findings import holds_for
from sfsync.rules.words import ids_of

EMAIL_DUPLICATE = "email-duplicate"
CONTACT = "Contact"
_SHARED = "email_shared_with"


@dataclass(frozen=True, slots=True, order=True)
class Tie:
    """Two records (the lower Id first) that are alike, and in words by what."""

    one: str
    other: str
    why: str


def ties_of(look: Look, object_name: str) -> list[Tie]:
    """Return which records of an object the findings of duplicates tie together, sorted."""
    ties = list(_likely(look, object_name))
    if object_name == CONTACT:
        ties += _by_email(look)
    return sorted(set(ties))


def _likely(look: Look, object_name: str) -> Iterator[Tie]:
    for finding in likely_duplicates(look):
        if finding.object != object_name:
            continue
        why: dict[str, list[str]] = {}
        for proof in finding.evidence:
            if proof.fact != ALIKE and proof.record is not None:
                told = f"{proof.fact.replace('_', ' ')} {proof.value}".rstrip()
                why.setdefault(proof.record, []).append(told)
        for other, several in why.items():
            yield _tie(finding.id, other, ", ".join(several))


def _by_email(look: Look) -> Iterator[Tie]:
    machine = look.policy.judged.get(CONTACT)
    rule = (
        next((e for e in machine.findings if e.name == EMAIL_DUPLICATE), None) if machine else None
    )
    if machine is None or rule is None:
        return
    mask = holds_for(look, machine, rule, np.zeros(look.size(CONTACT), dtype=bool))
    rows = np.flatnonzero(mask) if mask is not None else np.array([], dtype="int64")
    proof = look.column(CONTACT, _SHARED).proof
    emails = look.column(CONTACT, "email").take(rows)
    told = dict(zip(ids_of(look, CONTACT, rows), emails, strict=True))
    for _, here, keepers in proof.by_table(rows) if proof is not None else ():
        found = ids_of(look, CONTACT, rows[here])
        for id, keeper in zip(found, ids_of(look, CONTACT, keepers), strict=True):
            yield _tie(id, keeper, f"same e-mail address {told[id]}")


def _tie(one: str, other: str, why: str) -> Tie:
    return Tie(min(one, other), max(one, other), why)


def set_aside(journal: Journal, books: str, object_name: str, on: date) -> frozenset[str]:
    """Name the records whose finding of a duplicate somebody waived or snoozed: they are nobody's
    duplicate on that day.
    """
    codes = (DUPLICATES, EMAIL_DUPLICATE)
    found = (each for code in codes for each in journal.findings(books, code=code))
    return frozenset(
        each.finding.id
        for each in found
        if each.finding.object == object_name and each.is_hidden(on)
    )


def groups_by(ties: Sequence[Tie]) -> list[tuple[str, ...]]:
    """Return the groups of Ids that ties hold together, sorted; no Id is in two."""
    group: dict[str, set[str]] = {}
    for tie in ties:
        both = group.get(tie.one, {tie.one}) | group.get(tie.other, {tie.other})
        group.update(dict.fromkeys(both, both))
    return sorted({tuple(sorted(each)) for each in group.values()})


def why_of(ties: Sequence[Tie]) -> Mapping[frozenset[str], str]:
    """Return in words why two records are alike."""
    return {frozenset((tie.one, tie.other)): tie.why for tie in ties}
