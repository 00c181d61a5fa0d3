"""What does a spreadsheet take for a formula, and how is it kept from it?"""

import re
import unicodedata

# The minus sign of typography is no variant of the hyphen to Unicode; to some spreadsheets it is.
_SIGNS = frozenset("=+-@−")
# By themselves they make some spreadsheets begin a new cell.
_BREAKS = ("\t", "\r", "\n")


# Where a spreadsheet parts cells by semicolons, as it does in countries that write 0,5, it heeds no
# quotes but those at the beginning of a cell of its own: what follows one of these is a new cell.
_PARTS = re.compile(r"([;\t\r\n])")


def harmless(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: with an apostrophe before it where it
    begins as one, also in wide letters, and behind blanks or what cannot be seen; and so before
    each part that some take for a cell of its own.

    It is for cells of CSV that hold text; numbers are none, and stay as they are.
    """
    first, *others = _PARTS.split(text)
    marked = f"'{first}" if _is_formula(first) or text.startswith(_BREAKS) else first
    return marked + "".join(f"'{each}" if _is_formula(each) else each for each in others)


def _is_formula(text: str) -> bool:
    if not text or text[0].isalnum():
        return False
    first = next((char for char in text if char not in ' "' and char.isprintable()), "")
    return bool(first) and not _SIGNS.isdisjoint(unicodedata.normalize("NFKC", first))
