"""Does a site's robots.txt let us read a page (RFC 9309)?"""

import re

from protego import Protego

from sfsync.enrich.http.manners import TOKEN

# What the RFC asks to be read at least; what is behind it is left away.
MOST_BYTES = 500 * 1024
_AGENT = re.compile(r"\s*user[- ]?agent\s*(?::|\s)\s*(.*)", re.IGNORECASE)
_OURS = re.compile(rf"{TOKEN}(?![a-z_-])")


def allows(robots: bytes, url: str) -> bool:
    """Say whether a robots.txt allows a page."""
    text = robots.removeprefix(b"\xef\xbb\xbf").decode("utf-8", errors="replace")
    return Protego.parse("\n".join(map(_narrowed, text.splitlines()))).can_fetch(url, TOKEN)


def _narrowed(line: str) -> str:
    """Give all who are not us one name.

    Each of a group's names gets a copy of each of its rules: 20,000 names and 10,000 rules would be
    200 million copies.
    """
    found = _AGENT.match(line)
    if found is None:
        return line
    name = found[1].partition("#")[0].strip().lower()
    if name == "*":
        return line
    return f"User-agent: {TOKEN if _OURS.match(name) else 'somebody-else'}"
