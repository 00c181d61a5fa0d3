"""Which Industry of the org does an official activity code mean?"""

from collections.abc import Mapping

# The French revision 2 is the European one with a letter behind.
_TABLE_OF = {"naf2": "nace"}

Table = Mapping[str, Mapping[str, str | None]]


def industry_of(activity: str, industries: Table) -> tuple[str | None, bool]:
    """Return the Industry that a code with its scheme (`naf2:62.01Z`) means by the longest
    beginning in the table, None where it means none; and whether the table knows the code at all.
    """
    scheme, _, code = activity.partition(":")
    table = industries.get(scheme) or industries.get(_TABLE_OF.get(scheme, ""), {})
    for length in range(len(code), 0, -1):
        if code[:length] in table:
            return table[code[:length]], True
    return None, False
