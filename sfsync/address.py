"""To which address can a mail be sent?"""

import re
from email.errors import HeaderParseError
from email.headerregistry import Address as HeaderAddress
from functools import lru_cache

_PARTS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", re.ASCII)
_LONGEST = 254


def checked(email: str) -> str:
    """Return an address in the ASCII form that every server takes, with a domain of other letters
    in theirs. Raises ValueError, in words for people, where it has none.
    """
    local, _, domain = email.strip().rpartition("@")
    problem = f"{email!r} is no mail address that can be written to: correct it"
    try:
        written = f"{local}@{domain.encode('idna').decode('ascii')}"
        if len(written) > _LONGEST or not _PARTS.fullmatch(written):
            raise ValueError(problem)
        HeaderAddress(addr_spec=written)
    except (ValueError, HeaderParseError) as error:
        raise ValueError(problem) from error
    return written


@lru_cache(maxsize=4096)
def can_be_written_to(email: str) -> bool:
    """Tell whether a mail can be sent to an address."""
    try:
        checked(email)
    except ValueError:
        return False
    return True
