"""How is the address of a web page written in one way, and still names that page?"""

import re
from collections.abc import Collection
from dataclasses import dataclass

from sfsync.facts.mailbox import HOST, ascii_host
from sfsync.jobs.cleanup.canonical.blanks import without_stray_blanks

_PARTS = re.compile(
    r"(?:(?P<scheme>[a-z]+)://)?(?:(?P<user>[^/?#\\@]*)@)?(?P<host>[^/?#\\@:]+)(?::(?P<port>\d*))?"
    r"(?P<path>/[^?#]*)?(?:\?(?P<query>[^#]*))?(?P<fragment>#.*)?",
    re.IGNORECASE,
)
# The ports that each scheme means anyway.
_USUAL_PORTS = {"http": ("", "80"), "https": ("", "443"), "": ("",)}


@dataclass(frozen=True, slots=True)
class WebAddress:
    """An address in its one form, and the tracking parameters that are left out of it."""

    text: str
    dropped: tuple[str, ...] = ()


def canonical_website(text: str, tracking: Collection[str]) -> WebAddress | None:
    """Write an address with scheme and host in lower case, without the port that the scheme means,
    `tracking` parameters (`*` at the end stands for any ending), and the stroke of the first page.

    The path, all other parameters and the fragment stay as they are, and so does the scheme, or
    that there is none: they may name another page. None where the text is no address.
    """
    found = _PARTS.fullmatch(without_stray_blanks(text))
    if found is None or " " in found[0]:
        return None
    scheme, host = (found["scheme"] or "").lower(), found["host"].lower()
    in_ascii = ascii_host(host)
    if scheme not in _USUAL_PORTS or in_ascii is None or not HOST.fullmatch(in_ascii):
        return None
    if found["user"] is not None and not scheme:
        # A mail address.
        return None
    query, dropped = _without_tracking(found["query"], tracking)
    port = "" if found["port"] in (None, *_USUAL_PORTS[scheme]) else f":{found['port']}"
    user = "" if found["user"] is None else f"{found['user']}@"
    path, fragment = found["path"] or "", found["fragment"] or ""
    if path == "/" and not query and not fragment:
        path = ""
    start = f"{scheme}://" if scheme else ""
    return WebAddress(f"{start}{user}{host}{port}{path}{query}{fragment}", dropped)


def _without_tracking(query: str | None, tracking: Collection[str]) -> tuple[str, tuple[str, ...]]:
    if query is None:
        return "", ()
    exact = {each.casefold() for each in tracking if not each.endswith("*")}
    beginnings = tuple(each[:-1].casefold() for each in tracking if each.endswith("*"))
    kept: list[str] = []
    dropped: list[str] = []
    for part in query.split("&"):
        name = part.partition("=")[0].casefold()
        is_tracking = name in exact or (bool(beginnings) and name.startswith(beginnings))
        (dropped if is_tracking else kept).append(part)
    names = tuple(dict.fromkeys(part.partition("=")[0] for part in dropped))
    return (f"?{'&'.join(kept)}" if kept else ""), names
