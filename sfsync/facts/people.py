"""Who is there to talk to at an account?"""

import re
import unicodedata
from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sfsync.columns import Column, Kind, Mask, Proof, counts, last_rows
from sfsync.facts.look import Look, fact

_WORD = re.compile(r"[^\W_]+")
# What parts words of plain ASCII.
_GAP = "[^a-z0-9]"


class _Letters(dict[int, str]):
    """What each letter is without its accents, found out when it first occurs."""

    def __missing__(self, code: int) -> str:
        parts = unicodedata.normalize("NFKD", chr(code))
        self[code] = "".join(part for part in parts if not unicodedata.combining(part))
        return self[code]


_PLAIN = _Letters()


def folded_words(text: str) -> list[str]:
    """Return the words of a text without case, accents and punctuation."""
    plain = text.casefold()
    return _WORD.findall(plain if plain.isascii() else plain.translate(_PLAIN))


def folded(text: str) -> str:
    """Return the words of a text without case, accents and punctuation, each between blanks."""
    return f" {' '.join(folded_words(text))} "


def _decides(look: Look) -> Mask:
    """Tell which contacts have a decision maker's title; each title that occurs is read once."""
    titles = look.column("Contact", "title")
    decides = np.zeros(len(titles.words) + 1, dtype=bool)
    occur = np.flatnonzero(np.bincount(titles.values[titles.present], minlength=1))
    decides[occur] = _name_one_of(
        look.policy.facts.decision_maker_titles, [titles.words[code] for code in occur.tolist()]
    )
    return decides[titles.values]


def _name_one_of(wanted: Iterable[str], titles: list[str]) -> Mask:
    """Tell which titles hold all words of a wanted one, in a row; case and accents ignored."""
    phrases = [words for words in map(folded_words, wanted) if words]
    if not phrases:
        return np.zeros(len(titles), dtype=bool)
    texts = pa.array(titles, pa.string())
    # In plain ASCII, as most titles are, nothing is to be folded but case.
    either = "|".join(f"{_GAP}+".join(words) for words in phrases)
    pattern = f"(^|{_GAP})({either})($|{_GAP})"
    found = pc.match_substring_regex(texts, pattern, ignore_case=True)
    named = found.to_numpy(zero_copy_only=False).copy()
    spaced = [f" {' '.join(words)} " for words in phrases]
    plain = pc.string_is_ascii(texts).to_numpy(zero_copy_only=False)
    for place in np.flatnonzero(~plain).tolist():
        title = folded(titles[place])
        named[place] = any(each in title for each in spaced)
    return np.asarray(named)


@fact(
    "Account",
    Kind.NUMBER,
    reads=("Contact.account", "Contact.title"),
    needs=("Contact", "Contact.account", "Contact.title"),
)
def decision_makers(look: Look) -> Column:
    """How many contacts have a decision maker's title, as whole words, case and accents ignored."""
    groups = np.where(_decides(look), look.column("Contact", "account").values, -1)
    size = look.size("Account")
    proof = Proof(last_rows(groups, size), (("Contact", look.size("Contact")),))
    return Column(Kind.NUMBER, counts(groups, size), proof=proof)
