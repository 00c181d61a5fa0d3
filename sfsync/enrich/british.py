"""What do the words of Companies House mean?"""

import re

from sfsync.enrich.model import Standing

_NUMBER = re.compile(r"(?:\d{8}|[A-Z]{2}\d{6}|[A-Z]{2}\d{5}[A-Z]|R\d{7})")

# A company that is being wound up trades no more, though it is in the register; one that is being
# saved may.
_STANDINGS = {
    "active": Standing.ACTIVE,
    "open": Standing.ACTIVE,
    "registered": Standing.ACTIVE,
    "dissolved": Standing.CEASED,
    "converted-closed": Standing.CEASED,
    "closed": Standing.CEASED,
    "removed": Standing.CEASED,
    "liquidation": Standing.CEASED,
}
_FORMS = {
    "ltd": "ltd",
    "private-limited-guarant-nsc": "ltd",
    "private-limited-guarant-nsc-limited-exemption": "ltd",
    "private-limited-shares-section-30-exemption": "ltd",
    "plc": "plc",
    "llp": "llp",
    "limited-partnership": "lp",
    "european-public-limited-liability-company-se": "se",
    "united-kingdom-societas": "se",
}


def is_number(text: str) -> bool:
    """Tell whether it has the shape of a company number: eight characters, zeros kept."""
    return bool(_NUMBER.fullmatch(text))


def standing(status: str) -> Standing:
    """Return whether a company of that status trades."""
    return _STANDINGS.get(status, Standing.UNKNOWN)


def legal_form(kind: str) -> str:
    """Return the form of a company type: `ltd`, "" where it has no word."""
    return _FORMS.get(kind, "")
