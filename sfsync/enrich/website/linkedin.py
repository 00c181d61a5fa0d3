"""Which company page at LinkedIn does a link lead to?

Only the address is read; LinkedIn itself is never asked.
"""

import re
from unicodedata import normalize
from urllib.parse import quote, unquote, urlsplit

# People, advertisements, groups and what the site itself has there are no company's page.
_PAGE = re.compile(r"/+company(?:-beta)?/+([^/]+)(?:/.*)?", re.IGNORECASE | re.DOTALL)
_HOST = re.compile(r"(?:(?:www|m|[a-z]{2})\.)?linkedin\.com")
_SLUG = re.compile(r"[\w&'’.!+-]{1,100}")
_NO_SLUGS = frozenset({"setup", "unavailable", "new", "login", "undefined", "null"})


def company_page(url: str) -> str:
    """Return the address of a company's page in its normal form,
    `https://www.linkedin.com/company/SLUG`; "" where the link leads to none.
    """
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return ""
    page = _PAGE.fullmatch(parts.path)
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(host) or page is None:
        return ""
    slug = normalize("NFC", unquote(page[1])).strip().casefold()
    if not _SLUG.fullmatch(slug) or not any(each.isalnum() for each in slug) or slug in _NO_SLUGS:
        return ""
    return f"https://www.linkedin.com/company/{quote(slug, safe='')}"
