"""Which records of an org likely say the same company or person twice?

Of each group the oldest record is the one to keep; each of the others is a finding that names the
rest of the group and why.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sfsync.duplicates.accounts import ACCOUNT, accounts_of, alike_accounts
from sfsync.duplicates.alike import SAME_WORDS
from sfsync.duplicates.contacts import CONTACT, alike_contacts, contacts_of
from sfsync.duplicates.groups import Apart, groups_of
from sfsync.duplicates.pair import Clue, Kind, Pair
from sfsync.duplicates.text import positions_of, texts_of
from sfsync.facts import Look
from sfsync.model import Evidence, Finding
from sfsync.policy import DUPLICATES

# Columns read where the policy names them.
READS = (
    *(f"Account.{name}" for name in ("billing_city", "website", "registration_number", "parent")),
    *(f"Contact.{name}" for name in ("account", "email")),
)
_WHAT: Mapping[Kind, str] = {
    Kind.REGISTRATION: "registration number",
    Kind.EMAIL: "e-mail address",
    Kind.DOMAIN: "website domain",
}
# The fact that names each record that is likely the same, in the evidence of a finding.
ALIKE = "alike"
OBJECTS = (ACCOUNT, CONTACT)

__all__ = [
    "ALIKE",
    "DUPLICATES",
    "OBJECTS",
    "READS",
    "SAME_WORDS",
    "Records",
    "findings_of",
    "likely_duplicates",
    "records_of",
]


def likely_duplicates(look: Look) -> tuple[Finding, ...]:
    """Return a finding for each account and contact that likely repeats an older one, sorted by
    object and Id; none where the policy does not look for them.
    """
    settings = look.policy.duplicates
    if not settings.find:
        return ()
    accounts, contacts = accounts_of(look, settings), contacts_of(look)
    of_accounts = alike_accounts(accounts, settings)
    of_contacts = alike_contacts(contacts, settings)
    most = settings.most_alike
    alike = ((ACCOUNT, of_accounts, accounts.apart), (CONTACT, of_contacts, contacts.apart))
    return tuple(
        finding
        for name, pairs, apart in alike
        # Of an org without any there is nothing to be said.
        if pairs
        for finding in findings_of(records_of(look, name), pairs, apart, most)
    )


@dataclass(frozen=True, slots=True)
class Records:
    """What is said of the records of one object, row by row in the order of their Ids: names (empty
    where there is none), towns, the owners' Ids (None: a queue), and when they were created, in
    seconds; those of which nobody knows are the newest.
    """

    object: str
    ids: Sequence[str]
    names: Sequence[str]
    towns: Sequence[str]
    owners: Sequence[str | None]
    created: Sequence[float]


def records_of(look: Look, object_name: str) -> Records:
    """Return what is said of an object's records."""
    users = [*look.frame("User").index.tolist(), None]
    return Records(
        object=object_name,
        ids=look.frame(object_name).index.tolist(),
        names=texts_of(look, object_name, "name", str, ""),
        towns=texts_of(look, object_name, "billing_city", str.strip, ""),
        owners=[users[place] for place in positions_of(look, object_name, "owner").tolist()],
        created=_created(look, object_name),
    )


def findings_of(
    records: Records, pairs: Sequence[Pair], apart: Apart, most: int
) -> Iterator[Finding]:
    """Yield a finding for each record that likely repeats an older one, in the order of their Ids.
    No group is of more than `most`.
    """
    kept = [pair for pair in pairs if not apart(pair.left, pair.right)]
    groups = groups_of(kept, apart, most)
    clues = {(pair.left, pair.right): pair.clues for pair in kept}
    losing = {}
    for rows in groups:
        keeper = min(rows, key=lambda row: (records.created[row], row))
        for row in rows:
            if row != keeper:
                losing[row] = [keeper, *(each for each in rows if each not in (row, keeper))]
    yield from _said(records, losing, clues)


def _created(look: Look, object_name: str) -> list[float]:
    if "created" not in look.policy.objects[object_name]:
        return [0.0] * look.size(object_name)
    created = look.column(object_name, "created").values
    seconds = np.where(np.isnat(created), np.inf, created.astype("int64"))
    return [float(each) for each in seconds]


def _said(
    records: Records,
    losing: Mapping[int, Sequence[int]],
    clues: Mapping[tuple[int, int], Sequence[Clue]],
) -> Iterator[Finding]:
    ids, names = records.ids, records.names
    for row, others in sorted(losing.items()):
        place = "at the same account" if records.object == CONTACT else f"in {records.towns[row]}"
        told, evidence = [], []
        for other in others:
            why = clues.get((min(row, other), max(row, other)), ())
            told.append(f"{names[other] or ids[other]} ({ids[other]}): {_in_words(why, place)}")
            evidence.append(Evidence(ALIKE, names[other] or ids[other], ids[other]))
            evidence += [Evidence(each.kind.value, _value(each), ids[other]) for each in why]
        yield Finding(
            DUPLICATES,
            records.object,
            ids[row],
            names[row] or ids[row],
            records.owners[row],
            f"likely the same as {'; '.join(told)}",
            tuple(evidence),
        )


def _value(clue: Clue) -> str | int:
    return clue.score if clue.kind is Kind.NAME else clue.value


def _in_words(clues: Sequence[Clue], place: str) -> str:
    return ", ".join(_clue_in_words(each, place) for each in clues) or "like the others"


def _clue_in_words(clue: Clue, place: str) -> str:
    if clue.kind is Kind.NAME:
        is_same = clue.score == SAME_WORDS
        return f"same name {place}" if is_same else f"near name {place} ({clue.score} of 100)"
    return f"same {_WHAT[clue.kind]} {clue.value}"
