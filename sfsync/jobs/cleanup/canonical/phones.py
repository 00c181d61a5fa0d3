"""How is a phone number dialled from everywhere?"""

import re

from sfsync.jobs.cleanup.canonical.blanks import without_stray_blanks

# A number, and an extension perhaps. What else somebody noted there would be lost.
_NUMBER = r"(?:tel:)?\+?[\d(][\d\s()./\-\u2010-\u2015]*"
_EXTENSION = r"(?:\s*(?:;\s*ext=|,?\s*ext(?:ension|n)?\.?:?|x|#)\s*\d{1,7})?"
_SHAPE = re.compile(rf"(?:\(\s*(?=\+))?{_NUMBER}{_EXTENSION}", re.IGNORECASE)
# Where a few digits follow a stroke a second number is meant: 030 1234567/68.
_TWO_NUMBERS = re.compile(r"/\s*\d{1,4}$")


def canonical_phone(text: str, region: str) -> str | None:
    """Return a number in the form E.164, with its extension behind: `+33199000000 ext. 12`.

    `region` is the country (ISO alpha-2) from which a number without + is dialled; "" where nobody
    knows. None where the text is not surely one valid number.
    """
    # Its tables take their time to load, and most commands need none.
    import phonenumbers

    plain = without_stray_blanks(text)
    if not _SHAPE.fullmatch(plain) or _TWO_NUMBERS.search(plain):
        return None
    try:
        number = phonenumbers.parse(plain, region or None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    dialled = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return f"{dialled} ext. {number.extension}" if number.extension else dialled
