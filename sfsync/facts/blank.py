"""Which fields did nobody fill in, whatever stands there?

Null, blank text, a text without a letter or digit, and the placeholders of `config/` ("TBD") are
blank; so are 0 and an unticked box.
"""

from dataclasses import dataclass

import numpy as np

from sfsync.columns import Array, Column, Kind, Mask, Proof
from sfsync.facts.look import Look
from sfsync.facts.people import folded
from sfsync.model import Value
from sfsync.policy import Policy


@dataclass(frozen=True, slots=True)
class FieldPath:
    """A field of a record, or of the one to which it refers.

    `field` is its API name, for another object `Account.BillingCity`. `rows` says for each record
    the row of the other object (-1: none); None where the field is the record's own.
    """

    object: str
    field: str
    column: Column
    rows: Array | None

    def take(self, positions: Array) -> list[Value]:
        """Return what stands in the field, for some records; None where there is nothing."""
        if self.rows is None:
            return self.column.take(positions)
        there = self.rows[positions]
        found = np.flatnonzero(there >= 0)
        values: list[Value] = [None] * len(positions)
        for place, value in zip(found.tolist(), self.column.take(there[found]), strict=True):
            values[place] = value
        return values


def path_of(look: Look, object_name: str, name: str) -> FieldPath:
    """Find the field that `plan` or `account.billing_city` names."""
    first, _, second = name.partition(".")
    if not second:
        field = look.policy.field(object_name, first)
        return FieldPath(object_name, field, look.column(object_name, first), None)
    other = look.policy.objects[object_name][first].to or ""
    field = f"{other}.{look.policy.field(other, second)}"
    rows = look.column(object_name, first).values
    return FieldPath(other, field, look.column(other, second), rows)


def proof_of(look: Look, object_name: str, name: str) -> Proof | None:
    """Return which record has the field that `name` leads to, where it is one that the record
    refers to; None for a field of its own.
    """
    path = path_of(look, object_name, name)
    if path.rows is None:
        return None
    return Proof(path.rows, ((path.object, look.size(path.object)),))


def blank_in(look: Look, object_name: str, name: str) -> Mask:
    """Tell which records of an object have nothing in the field that `name` (a path) leads to."""
    return look.once(f"{object_name}.{name} is blank", lambda look: _blank(look, object_name, name))


def says_nothing(value: Value, blank_texts: frozenset[str]) -> bool:
    """Tell of one field's value, by `blank_texts_of` the policy, whether nobody filled it in."""
    return folded(value) in blank_texts if isinstance(value, str) else not value


def blank_texts_of(policy: Policy) -> frozenset[str]:
    """Return the texts, folded, that fill nothing in: the placeholders, and what is blank."""
    return frozenset(folded(each) for each in ("", *policy.facts.placeholders))


def _blank(look: Look, object_name: str, name: str) -> Mask:
    path = path_of(look, object_name, name)
    blank = _is_blank(path.column, blank_texts_of(look.policy))
    if path.rows is None:
        return blank
    # A record that refers to nothing has nothing there.
    return np.asarray(np.append(blank, True)[path.rows] & ~unread_in(look, object_name, name))


def unread_in(look: Look, object_name: str, name: str) -> Mask:
    """Tell which records refer, for the field that `name` (a path) leads to, to one that was not
    read, such as an account that is left out of the loop: nobody can say whether it is blank.

    That is known where the policy names the reference a second time, without `to`.
    """
    first, _, second = name.partition(".")
    twin = look.policy.twin_of(object_name, first) if second else None
    if twin is None:
        return np.zeros(look.size(object_name), dtype=bool)
    return np.asarray(
        look.column(object_name, twin).present & (look.column(object_name, first).values < 0)
    )


def _is_blank(column: Column, blank_texts: frozenset[str]) -> Mask:
    if column.kind is Kind.FLAG:
        return np.asarray(~column.values)
    if column.kind is Kind.NUMBER:
        return np.asarray(~column.present | (column.values == 0))
    if column.kind is not Kind.WORDS:
        return ~column.present
    words = np.array([folded(word) in blank_texts for word in column.words] + [True], dtype=bool)
    return np.asarray(words[column.values])
