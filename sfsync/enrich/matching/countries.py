"""Which country does a text of the CRM mean?"""

import functools

from babel import Locale

from sfsync.duplicates.names import spelled_together, words_in
from sfsync.facts.people import folded

FRANCE = "FR"
_LANGUAGES = ("en", "fr", "de", "es", "it", "nl", "pt", "pl", "sv", "da", "nb", "fi", "cs")
# What people write and Babel does not know.
_ALIASES = {
    "usa": "US",
    "united states of america": "US",
    "etats unis d amerique": "US",
    "uk": "GB",
    "great britain": "GB",
    "grande bretagne": "GB",
    "england": "GB",
    "angleterre": "GB",
    "scotland": "GB",
    "ecosse": "GB",
    "wales": "GB",
    "northern ireland": "GB",
    "holland": "NL",
    "hollande": "NL",
    "pays bas": "NL",
    "the netherlands": "NL",
    "suisse romande": "CH",
    "czech republic": "CZ",
    "republique tcheque": "CZ",
    "fra": "FR",
    "france metropolitaine": "FR",
    "gbr": "GB",
    "deu": "DE",
    "ger": "DE",
    "bel": "BE",
    "che": "CH",
    "esp": "ES",
    "ita": "IT",
    "nld": "NL",
    "lux": "LU",
    "uae": "AE",
    "el": "GR",
}
# Regions and made-up codes that stand among the territories.
_NO_COUNTRY = words_in("EU EZ UN QO XA XB ZZ")
# The French register covers these, as France.
_OVERSEAS = words_in("GP MQ GF RE YT BL MF PM")


def country_of(text: str) -> str:
    """Return the country that a text names, in one of thirteen languages or by its code, as ISO
    3166 alpha-2; "" where it names none.
    """
    return _names().get(" ".join(spelled_together(folded(text).split())), "")


def nation_of(country: str) -> str:
    """Return the country in whose register a company of `country` is: France for its overseas."""
    return FRANCE if country in _OVERSEAS else country


@functools.cache
def _names() -> dict[str, str]:
    found: dict[str, str] = {}
    for language in _LANGUAGES:
        for code, name in sorted(Locale.parse(language).territories.items()):
            if len(code) == 2 and code.isalpha() and code not in _NO_COUNTRY:
                found.setdefault(folded(name).strip(), code)
                found[code.lower()] = code
    return found | _ALIASES
