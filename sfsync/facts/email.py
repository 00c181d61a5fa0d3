"""Which e-mail addresses are none, and which belong to several contacts and leads?"""

from itertools import chain

import numpy as np

from sfsync.columns import Array, Column, Kind, Proof
from sfsync.facts.look import Look
from sfsync.facts.mailbox import Mailbox, is_malformed, mailbox_of
from sfsync.facts.people import folded


def mailboxes(look: Look, object_name: str) -> list[Mailbox | None]:
    """Return the mailbox of each record's e-mail address, each distinct text read once; None where
    there is none, or it is malformed.
    """
    return look.once(f"{object_name} mailboxes", lambda look: _mailboxes(look, object_name))


def _mailboxes(look: Look, object_name: str) -> list[Mailbox | None]:
    if "email" not in look.policy.objects.get(object_name, {}):
        return [None] * look.size(object_name)
    column = look.column(object_name, "email")
    found = [*map(mailbox_of, column.words), None]
    return [found[code] for code in column.values.tolist()]


def mail_keys(look: Look, object_name: str) -> list[str | None]:
    """Return what two records have in common whose e-mail address is the same: the address; that of
    a desk (info@) or with a tag (jane+fair@) with the name, as several may be behind it.
    """
    return look.once(f"{object_name} mail keys", lambda look: _mail_keys(look, object_name))


def _mail_keys(look: Look, object_name: str) -> list[str | None]:
    boxes = mailboxes(look, object_name)
    keys = [box.address if box else None for box in boxes]
    unsure = [row for row, box in enumerate(boxes) if box and not box.is_sure]
    for row, name in zip(unsure, _names(look, object_name, np.array(unsure, int)), strict=True):
        words = sorted(folded(name).split())
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
    malformed = np.array([*map(is_malformed, column.words), False], dtype=bool)
    return Column(Kind.FLAG, malformed[column.values])


def shared_with(look: Look, among: tuple[str, ...]) -> Column:
    """Name, for each record of the last object `among` several, the one to keep of those that have
    its address: the oldest of the first object. No word for that one itself, and where too many
    have the address for it to say anything.
    """
    tables = tuple((name, look.size(name)) for name in among)
    known: dict[str, int] = {}
    keys = chain.from_iterable(mail_keys(look, name) for name in among)
    numbers = (-1 if key is None else known.setdefault(key, len(known)) for key in keys)
    codes = np.fromiter(numbers, dtype="int64")
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
