"""By which number is a finding known again, without being put into words?

It is made of all that its words and its evidence are made of: the policy, which has the rule, and
the values of the record and of those that prove them. Where these are the same, the words are.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from sfsync import __version__
from sfsync.columns import Array, Column, Kind
from sfsync.facts import Look
from sfsync.facts.blank import FieldPath, blank_in, path_of
from sfsync.places import letters_of
from sfsync.policy import FindingRule
from sfsync.rules.words import proofs_of

# Of splitmix64: each bit of a number moves about half of the bits of what comes out.
_STEPS = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))
_LAST = np.uint64(31)
# Of what is null or unknown, which say the same; no number, day or flag is kept like this.
_NOTHING = np.uint64(0x9E3779B97F4A7C15)
# An Id is so many words of so many letters, filled up with nothing.
_WORDS, _LETTERS = 3, 8


def mixed(numbers: Array, more: Array) -> Array:
    """Return numbers (uint64) made of two each, in this order."""
    both = numbers * np.uint64(3) + more.astype("uint64")
    for shift, odd in _STEPS:
        both = (both ^ (both >> np.uint64(shift))) * np.uint64(odd)
    return np.asarray(both ^ (both >> _LAST))


def of_texts(texts: Sequence[str | None]) -> Array:
    """Return a number for each text (uint64), the same in every process."""
    return np.asarray(pd.util.hash_array(np.array(texts, dtype=object), categorize=False))


def fingerprints_of(look: Look, object_name: str, rule: FindingRule, rows: Array) -> Array:
    """Return a number for the finding of each record, by their rows (uint64)."""
    # Words change with a release, too.
    terms = (__version__, look.policy.hash, look.snapshot.zone, object_name, rule.name)
    numbers = np.repeat(of_texts(["\0".join(terms)]), len(rows))
    for more in _told(look, object_name, rule, rows):
        numbers = mixed(numbers, more)
    return numbers


def _told(look: Look, object_name: str, rule: FindingRule, rows: Array) -> Iterator[Array]:
    yield _ids(look, object_name)[rows]
    if "name" in look.frame(object_name):
        yield _standing(look, object_name, "name")[rows]
    yield _standing(look, object_name, "owner")[rows]
    for name in proofs_of(rule):
        yield _standing(look, object_name, name)[rows]
        proof = look.column(object_name, name).proof
        if proof is not None:
            proving = np.zeros(len(rows), dtype="uint64")
            for table, here, proofs in proof.by_table(rows):
                proving[here] = ids_of(look, table, proofs)
            yield proving
    for name in rule.missing:
        blank = blank_in(look, object_name, name)[rows]
        yield blank
        path = path_of(look, object_name, name)
        yield np.where(blank, _in_path(look, path, rows), _NOTHING)


def _in_path(look: Look, path: FieldPath, rows: Array) -> Array:
    if path.rows is None:
        return _of_column(path.column)[rows]
    there = path.rows[rows]
    values, ids = _of_column(path.column), _ids(look, path.object)
    both = np.append(mixed(ids, values), _NOTHING)
    return np.asarray(both[there])


def _standing(look: Look, object_name: str, name: str) -> Array:
    """Return a number for what stands in a field or fact of each record."""
    return look.once(
        f"fingerprints of {object_name}.{name}", lambda look: _of_field(look, object_name, name)
    )


def _of_field(look: Look, object_name: str, name: str) -> Array:
    column = look.column(object_name, name)
    if column.kind is not Kind.REFERENCE:
        return _of_column(column)
    to = look.policy.objects[object_name][name].to
    return _of_column(column) if to is None else np.append(_ids(look, to), _NOTHING)[column.values]


def _of_column(column: Column) -> Array:
    if not column.known:
        return np.full(len(column.values), _NOTHING)
    if column.kind is Kind.WORDS:
        return np.append(of_texts(column.words), _NOTHING)[column.values]
    if column.kind is Kind.FLAG:
        return column.values.astype("uint64")
    # Of two zeros one has a sign.
    values = column.values + 0.0 if column.kind is Kind.NUMBER else column.values
    return np.where(column.present, values.view("uint64"), _NOTHING)


def _ids(look: Look, object_name: str) -> Array:
    return look.once(
        f"fingerprints of {object_name}",
        lambda look: ids_of(look, object_name, np.arange(look.size(object_name))),
    )


def ids_of(look: Look, object_name: str, rows: Array) -> Array:
    """Return a number for the Id of each of these records, by their rows (uint64)."""
    letters = letters_of(look.frame(object_name).index)[rows]
    if letters.dtype.itemsize > _WORDS * _LETTERS:
        return of_texts([each.decode() for each in letters.tolist()])
    words = letters.astype(f"S{_WORDS * _LETTERS}").view("<u8").reshape(-1, _WORDS)
    first, second, third = words.T
    return mixed(mixed(mixed(np.zeros_like(first), first), second), third)
