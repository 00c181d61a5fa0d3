"""Which mailbox does an e-mail address belong to, and is it an address at all?"""

import re
from dataclasses import dataclass

HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?\.)+(?:[a-z]{2,}|xn--[a-z0-9-]+)")
# Words before the @ that name a desk of a company and no person.
_DESKS = (
    "info infos contact contacts contactus hello bonjour sales vente ventes commercial office",
    "accueil admin administration secretariat secretary compta comptabilite accounting",
    "accounts billing invoices invoice facturation factures support help service services",
    "team mail email marketing rh hr jobs recrutement direction reception press presse",
    "webmaster noreply no-reply kontakt buero post",
)
OF_DESKS = frozenset(word for line in _DESKS for word in line.split())
# An address as nearly all are written. RE2 reads it: no looking ahead or back.
PLAIN = (
    r"[A-Za-z0-9_-][A-Za-z0-9._-]*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)
_BLANK_OR_AT = re.compile(r"[\s@]")
# The platform takes two dots, and one at the end, since mailboxes in Japan have them.
_LOCAL = re.compile(r'[^\s@"(),:;<>\[\]\\.][^\s@"(),:;<>\[\]\\]*|"[^"]+"')
_COMMENT = re.compile(r"\([^()]*\)")
_LABEL = re.compile(r"[\w](?:[\w-]{0,61}[\w])?")
_LITERAL = re.compile(r"\[[^\[\]\s]+\]")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An address as mail servers see it, and whether it may be that of several people.

    `address` is without case and without what follows a + before the @. `is_sure`: one person's,
    as it was written; a desk's address and a tagged one are not.
    """

    address: str
    is_sure: bool


def mailbox_of(email: str) -> Mailbox | None:
    """Return the mailbox of an address; None where it is malformed.

    What follows a + reaches the same mailbox at nearly all providers, yet some companies give
    each part to another person: the mailbox is the same, and it is not sure. Dots stay: only one
    provider ignores them.
    """
    local, at, host = email.strip().casefold().rpartition("@")
    name, plus, _ = local.partition("+")
    in_ascii = ascii_host(host)
    if not (at and name and in_ascii and HOST.fullmatch(in_ascii)) or _BLANK_OR_AT.search(local):
        return None
    return Mailbox(f"{name}@{in_ascii}", is_sure=not plus and name not in OF_DESKS)


def ascii_host(host: str) -> str | None:
    """Return a host's name in the ASCII form of international names; None where it is none."""
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        # A label is empty or too long: no name of a host.
        return None


def is_malformed(email: str) -> bool:
    """Tell whether a text surely is no e-mail address. Blank text is none that is malformed.

    What the platform's own e-mail fields take is never malformed: letters of every language,
    comments in brackets, two dots in a row, a domain that nobody knows.
    """
    plain = _COMMENT.sub("", email).strip()
    if not email.strip():
        return False
    local, _, host = plain.rpartition("@")
    if not _LOCAL.fullmatch(local.strip()):
        return True
    if _LITERAL.fullmatch(host):
        return False
    labels = host.strip().removesuffix(".").split(".")
    return len(labels) < 2 or not all(map(_LABEL.fullmatch, labels))
