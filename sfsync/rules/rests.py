"""On which records does a decision rest, each as it was read?"""

from collections.abc import Iterable, Iterator

from sfsync.columns import Array
from sfsync.facts import Look
from sfsync.facts.blank import proof_of
from sfsync.model import Stamp
from sfsync.policy import FindingRule
from sfsync.rules.words import ids_of
from sfsync.snapshot import MODIFIED


def resting_on(
    look: Look,
    object_name: str,
    rows: Array,
    names: Iterable[str],
    asked: Iterable[FindingRule] = (),
) -> Iterator[tuple[Stamp, ...]]:
    """Yield, for each record, its own stamp, those of the records that prove the named facts, or
    have the named fields of others (`account.country`), and of those that have the fields about
    which the findings asked for ask.
    """
    proving: list[set[Stamp]] = [set() for _ in rows]
    proofs = [
        proof_of(look, object_name, name) if "." in name else look.column(object_name, name).proof
        for name in names
    ]
    proofs += [proof_of(look, object_name, path) for each in asked for path in each.missing]
    for proof in proofs:
        for other, here, proved in proof.by_table(rows) if proof is not None else ():
            if MODIFIED in look.policy.objects[other]:
                for place, stamp in zip(here.tolist(), stamps_of(look, other, proved), strict=True):
                    proving[place].add(stamp)
    for own, others in zip(stamps_of(look, object_name, rows), proving, strict=True):
        yield own, *sorted(others - {own})


def stamps_of(look: Look, object_name: str, rows: Array) -> Iterator[Stamp]:
    """Yield the stamps of records by their rows in the object's frame."""
    modified = look.column(object_name, MODIFIED).take(rows)
    for id, at in zip(ids_of(look, object_name, rows), modified, strict=True):
        yield Stamp(object_name, id, None if at is None else str(at))
