"""Which letters, words and signs in a company's name say nothing of it, or something else?"""

import re

from sfsync.duplicates.names import JOINING, words_in
from sfsync.facts.people import folded

LETTERS = str.maketrans(
    {"œ": "oe", "Œ": "oe", "æ": "ae", "Æ": "ae", "ø": "o", "Ø": "o", "ł": "l", "Ł": "l", "đ": "d"}
)
UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "ae", "Ö": "oe", "Ü": "ue"})
WEB_SUFFIX = re.compile(
    r"\b(?:https?://)?(?:www\.)?([^\W_][\w-]{2,})\.(?:com|fr|io|co\.uk|co|net|org|eu|ai|app|tech|"
    r"shop|de|be|ch|uk|biz|info|paris|bzh|lu|nl|it|es)\b(?!\.\w)/?",
    re.IGNORECASE,
)
AND = re.compile(r"\s*[&+]\s*")
BRACKETS = re.compile(r"[(\[{]([^()\[\]{}]*)[)\]}]")
DASHES = re.compile(r"\s+[-–—/|:]+\s+|\s*[|;]\s*")
JOINING_WORDS = JOINING - {"y", "e"} | {"au", "aux"}
ELIDED = frozenset("dl")
VOWELS = frozenset("aeiouyh")
SPELLED_OUT = {
    "ets": "etablissements",
    "etb": "etablissements",
    "etab": "etablissements",
    "etablissement": "etablissements",
    "cie": "compagnie",
    "st": "saint",
    "ste": "sainte",
    "soc": "societe",
    "frs": "freres",
    "bros": "brothers",
    "intl": "international",
}
ROMAN = words_in("ii iii iv vi vii viii ix xi xii xiii")
# What people add to a name and no register knows.
SAYS_NOTHING = frozenset(
    tuple(text.split())
    for text in (
        "siege",
        "siege social",
        "hq",
        "headquarters",
        "head office",
        "cedex",
        "loi 1901",
        "loi 1908",
    )
)
TAILS = (("siege", "social"), ("siege",), ("hq",), ("headquarters",), ("head", "office"))
# Each line's texts, between commas, stand for no name. Case, accents and signs do not matter.
_NO_NAMES = (
    "test, tests, test test, demo, dummy, example, exemple, sample, essai, bidon, fake, n/a, na",
    "none, null, nil, nan, unknown, inconnu, inconnue, non renseigné, à compléter, à définir",
    "à voir, néant, tbd, tbc, todo, x, xx, xxx, xxxx, abc, asdf, azerty, qwerty, client",
    "prospect, company, société, entreprise, account, compte, nouveau compte, new account",
    "particulier, private, privé, divers, autre, other, no name, sans nom, my company, ma société",
    "test company, test account, compte test, société test, client test, lead, foo, foobar, self",
    "moi, personal, perso, indépendant, freelance, auto entrepreneur, student, étudiant",
)
PLACEHOLDERS = frozenset(folded(text).strip() for line in _NO_NAMES for text in line.split(","))
NUMBERED = re.compile(r"(?:test|compte|account|client|demo)s?\d*")
ALONG_THE_KEYS = re.compile(r"azerty|qwerty|qwertz|asdf|qsdf|wxcv|yxcv")
