"""Which e-mail addresses are none, and which belong to several contacts and leads?"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sfsync.columns import Array, Column, Kind, Mask, Proof
from sfsync.facts.look import Look
from sfsync.facts.mailbox import OF_DESKS, PLAIN, is_malformed, mailbox_of
from sfsync.facts.people import folded_words


@dataclass(frozen=True, slots=True)
class Mailboxes:
    """The mailbox of each record's e-mail address (see `Mailbox`).

    `addresses`: texts, None where there is none, or it is malformed; `sure`: flags.
    """

    addresses: Array
    sure: Mask


def mailboxes(look: Look, object_name: str) -> Mailboxes:
    """Return the mailbox of each record's e-mail address, each distinct text read once."""
    return look.once(f"{object_name} mailboxes", lambda look: _mailboxes(look, object_name))


def _mailboxes(look: Look, object_name: str) -> Mailboxes:
    if "email" not in look.policy.objects.get(object_name, {}):
        size = look.size(object_name)
        return Mailboxes(np.full(size, None), np.zeros(size, dtype=bool))
    column, plain = look.column(object_name, "email"), _plain(look, object_name)
    # One element more than texts, for records without one, whose code is -1.
    addresses = np.array([*map(str.lower, column.words), None], dtype=object)
    sure = np.array([each.partition("@")[0] not in OF_DESKS for each in addresses[:-1]] + [False])
    for code in np.flatnonzero(~plain).tolist():
        box = mailbox_of(column.words[code])
        addresses[code], sure[code] = (box.address, box.is_sure) if box else (None, False)
    return Mailboxes(addresses[column.values], sure[column.values])


def _plain(look: Look, object_name: str) -> Mask:
    """Tell which of an object's distinct addresses are written as nearly all are: they are well
    formed, and their mailbox is what is written, in small letters.
    """
    key = f"{object_name} plain addresses"
    words = look.column(object_name, "email").words
    return look.once(
        key, lambda _: pd.Series(words, dtype="str").str.fullmatch(PLAIN).to_numpy(dtype=bool)
    )


def mail_keys(look: Look, object_name: str) -> Array:
    """Return what two records have in common whose e-mail address is the same: the address; that of
    a desk (info@) or with a tag (jane+fair@) with the name, as several may be behind it. Texts,
    None where there is none.
    """
    return look.once(f"{object_name} mail keys", lambda look: _mail_keys(look, object_name))


def _mail_keys(look: Look, object_name: str) -> Array:
    boxes = mailboxes(look, object_name)
    keys = boxes.addresses.copy()
    unsure = np.flatnonzero(~boxes.sure & pd.notna(keys))
    for row, name in zip(unsure.tolist(), _names(look, object_name, unsure), strict=True):
        words = sorted(folded_words(name))
        keys[row] = f"{keys[row]} {' '.join(words)}" if words else None
    return keys


def _names(look: Look, object_name: str, rows: Array) -> list[str]:
    """Return the names of some records, empty where there is none."""
    if "name" not in look.frame(object_name):
        return [""] * len(rows)
    names = look.frame(object_name)["name"].iloc[rows].tolist()
    return [name if isinstance(name, str) else "" for name in names]


def malformed(look: Look, object_name: str) -> Column:
    """Tell of which records the e-mail field holds no address; an empty one is not malformed."""
    column = look.column(object_name, "email")
    malformed = np.zeros(len(column.words) + 1, dtype=bool)
    for code in np.flatnonzero(~_plain(look, object_name)).tolist():
        malformed[code] = is_malformed(column.words[code])
    return Column(Kind.FLAG, malformed[column.values])


def shared_with(look: Look, among: tuple[str, ...]) -> Column:
    """Name, for each record of the last object `among` several, the one to keep of those that have
    its address: the oldest of the first object. No word for that one itself, and where too many
    have the address for it to say anything.
    """
    tables = tuple((name, look.size(name)) for name in among)
    codes, known = pd.factorize(np.concatenate([mail_keys(look, name) for name in among]))
    rows = np.flatnonzero(codes >= 0)
    times = np.bincount(codes[rows], minlength=len(known) + 1)
    rows = rows[
        (times[codes[rows]] > 1) & (times[codes[rows]] <= look.policy.duplicates.most_alike)
    ]
    table = np.repeat(np.arange(len(among)), [size for _, size in tables])
    created = np.concatenate([look.column(name, "created").values for name in among])
    # A record of which nobody knows since when it is there is the newest (NaT comes last).
    order = rows[np.lexsort((rows, created[rows], table[rows]))]
    keeper = np.full(len(known) + 1, -1)
    keeper[codes[order[::-1]]] = order[::-1]
    proof = np.where(codes >= 0, keeper[codes], -1)
    proof[proof == np.arange(len(proof))] = -1
    return _told(look, Proof(proof[len(proof) - tables[-1][1] :], tables))


def _told(look: Look, proof: Proof) -> Column:
    """Name the records that a proof leads to, each with its Id."""
    values = np.full(len(proof.rows), -1, dtype="int32")
    words: list[str] = []
    for name, here, rows in proof.by_table(np.arange(len(proof.rows))):
        ids = look.frame(name).index[rows].tolist()
        values[here] = np.arange(len(words), len(words) + len(here))
        names = _names(look, name, rows)
        words += [f"{each} ({id})".lstrip() for each, id in zip(names, ids, strict=True)]
    return Column(Kind.WORDS, values, tuple(words), proof)
