"""Who is there to talk to at an account?"""

import re
import unicodedata

import numpy as np

from sfsync.columns import Column, Kind, Proof, counts, latest
from sfsync.facts.look import Look, fact


def _folded(text: str) -> str:
    """Return the words of a text without case, accents and punctuation, each between blanks."""
    plain = "".join(
        c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c)
    )
    return " ".join(["", *re.findall(r"[^\W_]+", plain), ""])


@fact(
    "Account",
    Kind.NUMBER,
    reads=("Contact.account", "Contact.title"),
    needs=("Contact", "Contact.account", "Contact.title"),
)
def decision_makers(look: Look) -> Column:
    """How many contacts have a decision maker's title, as whole words, case and accents ignored."""
    wanted = [_folded(title) for title in look.policy.facts.decision_maker_titles]
    title = look.column("Contact", "title")
    table = np.array(
        [any(each in _folded(word) for each in wanted) for word in title.words] + [False],
        dtype=bool,
    )
    groups = np.where(table[title.values], look.column("Contact", "account").values, -1)
    size = look.size("Account")
    _, rows = latest(groups, np.arange(len(groups)).astype("datetime64[s]"), size)
    return Column(
        Kind.NUMBER, counts(groups, size), proof=Proof(rows, (("Contact", look.size("Contact")),))
    )
