"""What does a spreadsheet take for a formula, and how is it kept from it?"""

import unicodedata

# The minus sign of typography is no variant of the hyphen to Unicode; to some spreadsheets it is.
_SIGNS = frozenset("=+-@−")
# By themselves they make some spreadsheets begin a new cell.
_BREAKS = ("\t", "\r", "\n")


def harmless(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: with an apostrophe before it where it
    begins as one, also in wide letters, and behind blanks or what cannot be seen.

    It is for cells of CSV that hold text; numbers are none, and stay as they are.
    """
    if text[:1].isalnum() or not text:
        return text
    first = next((char for char in text if char != " " and char.isprintable()), "")
    is_formula = bool(first) and not _SIGNS.isdisjoint(unicodedata.normalize("NFKC", first))
    return f"'{text}" if is_formula or text.startswith(_BREAKS) else text
