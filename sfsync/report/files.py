"""How are the files of a mail named?"""

import re
import unicodedata

from sfsync.report.people import Person


def file_name(key: str, reader: Person) -> str:
    """Name the files of the mail with this key, without what comes behind the dot:
    `exceptions-2026-06-15-maud.verchere-lys`.
    """
    name, period, _ = key.split(":")
    who = reader.email.partition("@")[0] or reader.name
    plain = unicodedata.normalize("NFKD", who).encode("ascii", "ignore").decode()
    return f"{name}-{period}-{re.sub(r'[^A-Za-z0-9.-]+', '-', plain).lower()}"
