"""Which 18 characters name a record?

An Id has 15 case-sensitive base-62 characters (3 of key prefix, then a counter) and a checksum of 3
that says which of the 15 are capitals, so that the 18 survive a program that folds case.
"""

import re

_CHECKSUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_IS_CAPITAL = {code: "1" if 65 <= code <= 90 else "0" for code in range(128)}
# Which of five characters are capitals, as ones and noughts, first character first -> checksum.
_BLOCKS = {f"{bits:05b}"[::-1]: mark for bits, mark in enumerate(_CHECKSUM)}
# In ASCII order, so that the greatest text is also the greatest counter.
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_FORM = re.compile(r"[0-9A-Za-z]{15}(?:[A-Za-z0-5]{3})?")


def with_checksum(short: str) -> str:
    """Return the 18-character form of a 15-character Id; raises ValueError on any other length."""
    if len(short) != 15:
        raise ValueError(f"an Id has 15 characters before its checksum, not {len(short)}: {short}")
    bits = short.translate(_IS_CAPITAL)
    return short + _BLOCKS[bits[:5]] + _BLOCKS[bits[5:10]] + _BLOCKS[bits[10:]]


def normalise(text: object) -> str | None:
    """Return the canonical 18 characters of an Id given with 15 or 18, or None if it is no Id.

    The 18-character form is accepted in any case: the checksum restores the capitals.
    """
    if not isinstance(text, str) or not _FORM.fullmatch(text):
        return None
    if len(text) == 15:
        return with_checksum(text)
    if with_checksum(text[:15]) == text:
        return text
    restored = _restore_case(text)
    return restored if with_checksum(restored[:15]) == restored else None


def _restore_case(text: str) -> str:
    tail = text[15:].upper()
    capitals = sum(_CHECKSUM.index(each) << 5 * at for at, each in enumerate(tail))
    letters = (
        each.upper() if capitals >> at & 1 else each.lower() for at, each in enumerate(text[:15])
    )
    return "".join(letters) + tail


def first_id(prefix: str) -> str:
    """Return the first 15-character Id of a key prefix."""
    return prefix + "1".rjust(12, "0")


def next_id(short: str) -> str:
    """Return the 15-character Id that follows another one of the same prefix."""
    characters = list(short)
    for at in range(14, 2, -1):
        digit = _DIGITS.index(characters[at]) + 1
        if digit < len(_DIGITS):
            characters[at] = _DIGITS[digit]
            return "".join(characters)
        characters[at] = "0"
    raise ValueError(f"no Id follows {short}: the key prefix {short[:3]} is used up")
