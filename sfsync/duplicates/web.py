"""Which company does a website belong to?"""

import re
from collections.abc import Collection

from sfsync.duplicates.hosts import SHARED_HOSTS, public_suffixes
from sfsync.facts.mailbox import HOST, ascii_host

_SCHEME = re.compile(r"^(?:(?:https?|ftp):)?[/\\]*")
_REST = re.compile(r"[/?#\\\s,;].*", re.DOTALL)
_PORT = re.compile(r":\d*$")


def domain_of(website: str, also_shared: Collection[str] = ()) -> str | None:
    """Return the registered domain of a website (`acme.co.uk`), international names in their ASCII
    form.

    None where the text is no address, and where its host is shared by many (`also_shared`: domains
    beside those known).
    """
    text = website.strip().casefold()
    text = _REST.sub("", _SCHEME.sub("", text))
    host = ascii_host(_PORT.sub("", text.rpartition("@")[2]).strip("."))
    if host is None or not HOST.fullmatch(host):
        return None
    domain = _registered(host)
    is_shared = domain is None or domain in SHARED_HOSTS or domain in also_shared
    return None if is_shared else domain


def _registered(host: str) -> str | None:
    """Return the name registered below a public suffix; None where the host is one itself."""
    labels = host.split(".")
    length = 3 if ".".join(labels[-2:]) in public_suffixes() else 2
    own = labels[-length:]
    # `www` below a suffix of two names is still nobody's.
    return ".".join(own) if len(own) == length and own[0] != "www" else None


def label_of(domain: str) -> str:
    """Return the company's own part of a domain: `acme` of acme.co.uk and of acme.fr."""
    return domain.partition(".")[0]
