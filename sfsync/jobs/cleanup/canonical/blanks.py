"""Which blanks and signs that nobody sees does a text have too many of?"""

import re

# They have no width, and mean nothing: zero width blank, word joiner, byte order mark, soft hyphen.
_UNSEEN = re.compile("[\u200b\u2060\ufeff\u00ad]")
# Joiners spell words of some scripts, and make one picture of several; beside Latin letters, signs
# and blanks they do nothing.
_PLAIN = r"\s\u0000-\u024f"
_JOINER = "[\u200c\u200d]+"
_STRAY_JOINERS = re.compile(rf"(?:^|(?<=[{_PLAIN}])){_JOINER}|{_JOINER}(?=[{_PLAIN}]|$)")
_BLANKS = re.compile(r"\s+")


def without_stray_blanks(text: str) -> str:
    """Return the text with one plain blank where there are blanks of any kind, none at its ends,
    and without signs of no width that spell nothing.
    """
    seen = _STRAY_JOINERS.sub("", _UNSEEN.sub("", text))
    return _BLANKS.sub(" ", seen).strip()
