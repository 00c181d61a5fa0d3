"""Which contacts are likely the same person?

The address of a desk (info@) or with a tag (jane+fair@) says it where the names agree too,
wherever the two are. A near name does at the same account, unless the two have different addresses
of one domain and are not the same word by word. Two with the same address are never in one group:
that is a finding of its own (the fact `email_shared_with`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sfsync.columns import Array
from sfsync.duplicates.alike import SAME_WORDS, Likeness
from sfsync.duplicates.blocks import likely_pairs
from sfsync.duplicates.names import Words, person_words
from sfsync.duplicates.pair import Clue, Kind, Pair, as_pairs, sharing, two_of
from sfsync.duplicates.text import positions_of, texts_of
from sfsync.facts import Look
from sfsync.facts.email import Mailboxes, mail_keys, mailboxes
from sfsync.policy import DuplicateSettings

CONTACT = "Contact"
_NOBODY: Words = ()
_WORDS_OF_A_PERSON = 2


@dataclass(frozen=True, slots=True)
class Contacts:
    """What tells people apart, row by row; `accounts`: the row of each one's account, -1 none;
    `mails`: what those have in common whose address is one.
    """

    names: Sequence[Words]
    mailboxes: Mailboxes
    accounts: Array
    mails: Array

    def apart(self, left: int, right: int) -> bool:
        """Tell whether two have the same address, which is told elsewhere."""
        mail = self.mails[left]
        return mail is not None and bool(mail == self.mails[right])


def contacts_of(look: Look) -> Contacts:
    """Read what tells contacts apart."""
    return Contacts(
        names=texts_of(look, CONTACT, "name", person_words, _NOBODY),
        mailboxes=mailboxes(look, CONTACT),
        accounts=positions_of(look, CONTACT, "account"),
        mails=mail_keys(look, CONTACT),
    )


def alike_contacts(contacts: Contacts, settings: DuplicateSettings) -> list[Pair]:
    """Return the pairs of contacts that are likely one person, with why."""
    likeness = Likeness(contacts.names, settings.near_name)
    found: dict[tuple[int, int], list[Clue]] = {}
    for ends, clue in (
        *by_email(contacts, likeness, settings),
        *by_name(contacts, likeness, settings),
    ):
        found.setdefault(ends, []).append(clue)
    return as_pairs(found)


def by_email(
    contacts: Contacts, likeness: Likeness, settings: DuplicateSettings
) -> Iterator[tuple[tuple[int, int], Clue]]:
    """Yield the pairs of contacts with one mailbox that is one person's."""
    boxes = contacts.mailboxes
    for rows in sharing(boxes.addresses, settings.most_alike):
        for left, right in two_of(rows):
            is_sure = boxes.sure[left] and boxes.sure[right]
            if is_sure or likeness.score(contacts.names[left], contacts.names[right]) is not None:
                yield (left, right), Clue(Kind.EMAIL, boxes.addresses[left])


def by_name(
    contacts: Contacts, likeness: Likeness, settings: DuplicateSettings
) -> Iterator[tuple[tuple[int, int], Clue]]:
    """Yield the pairs of contacts of one account with near names."""
    # A first name alone is many people's.
    names = [words if len(words) >= _WORDS_OF_A_PERSON else _NOBODY for words in contacts.names]
    pairs = likely_pairs(names, contacts.accounts, lambda: likeness.spread, settings.near_name)
    for left, right in pairs:
        score = likeness.score(names[left], names[right])
        if score is not None and (score == SAME_WORDS or not _mails_differ(contacts, left, right)):
            yield (left, right), Clue(Kind.NAME, "", score)


def _mails_differ(contacts: Contacts, left: int, right: int) -> bool:
    """Tell whether two have addresses of their own in one domain."""
    ours, theirs = contacts.mailboxes.addresses[left], contacts.mailboxes.addresses[right]
    if ours is None or theirs is None or ours == theirs:
        return False
    return bool(ours.rpartition("@")[2] == theirs.rpartition("@")[2])
