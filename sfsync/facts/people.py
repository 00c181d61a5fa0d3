"""Who is there to talk to at an account?"""

import re
import unicodedata

import numpy as np

from sfsync.columns import Column, Kind, Mask, Proof, counts, last_rows
from sfsync.facts.look import Look, fact

_WORD = re.compile(r"[^\W_]+")


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
    wanted = [folded(title) for title in look.policy.facts.decision_maker_titles]
    first_words = {each.split()[0] for each in wanted if each.split()}
    titles = look.column("Contact", "title")
    decides = np.zeros(len(titles.words) + 1, dtype=bool)
    for code in np.unique(titles.values[titles.present]).tolist():
        words = folded(titles.words[code])
        # Most titles share no word with any wanted one: one look at their words says so.
        decides[code] = not first_words.isdisjoint(words.split()) and any(
            each in words for each in wanted
        )
    return decides[titles.values]


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
