"""Which company does a website, and which mailbox does an e-mail address belong to?"""

import re
from collections.abc import Collection
from dataclasses import dataclass

from sfsync.duplicates.hosts import DESKS, PUBLIC_SUFFIXES, SHARED_HOSTS

_SCHEME = re.compile(r"^(?:(?:https?|ftp):)?[/\\]*")
_REST = re.compile(r"[/?#\\\s,;].*", re.DOTALL)
_PORT = re.compile(r":\d*$")
_HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?\.)+(?:[a-z]{2,}|xn--[a-z0-9-]+)")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An address as mail servers see it, and whether it may be that of several people.

    `address` is without case and without what follows a + before the @. `is_sure`: one person's,
    as it was written; a desk's address and a tagged one are not.
    """

    address: str
    is_sure: bool


def domain_of(website: str, also_shared: Collection[str] = ()) -> str | None:
    """Return the registered domain of a website (`acme.co.uk`), international names in their ASCII
    form.

    None where the text is no address, and where its host is shared by many (`also_shared`: domains
    beside those known).
    """
    text = website.strip().casefold()
    text = _REST.sub("", _SCHEME.sub("", text))
    host = _ascii(_PORT.sub("", text.rpartition("@")[2]).strip("."))
    if host is None or not _HOST.fullmatch(host):
        return None
    domain = _registered(host)
    is_shared = domain is None or domain in SHARED_HOSTS or domain in also_shared
    return None if is_shared else domain


def _ascii(host: str) -> str | None:
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        # A label is empty or too long: no name of a host.
        return None


def _registered(host: str) -> str | None:
    """Return the name registered below a public suffix; None where the host is one itself."""
    labels = host.split(".")
    length = 3 if ".".join(labels[-2:]) in PUBLIC_SUFFIXES else 2
    own = labels[-length:]
    # `www` below a suffix of two names is still nobody's.
    return ".".join(own) if len(own) == length and own[0] != "www" else None


def label_of(domain: str) -> str:
    """Return the company's own part of a domain: `acme` of acme.co.uk and of acme.fr."""
    return domain.partition(".")[0]


def mailbox_of(email: str) -> Mailbox | None:
    """Return the mailbox of an address; None where it is malformed.

    What follows a + reaches the same mailbox at nearly all providers, yet some companies give
    each part to another person: the mailbox is the same, and it is not sure. Dots stay: only one
    provider ignores them.
    """
    local, at, host = email.strip().casefold().rpartition("@")
    name, plus, _ = local.partition("+")
    ascii_host = _ascii(host)
    if not (at and name and ascii_host and _HOST.fullmatch(ascii_host)) or re.search(
        r"[\s@]", local
    ):
        return None
    return Mailbox(f"{name}@{ascii_host}", is_sure=not plus and name not in DESKS)
