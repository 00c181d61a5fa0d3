"""Which value of a list does a text mean, and which country?"""

from collections.abc import Iterable, Mapping

from babel import Locale

from sfsync.enrich.matching import country_of
from sfsync.facts.blank import says_nothing
from sfsync.facts.people import folded
from sfsync.policy import NormaliseSettings


class Meanings:
    """What each word means; case, accents, signs and blanks do not matter."""

    def __init__(self, values: Mapping[str, Iterable[str]]) -> None:
        self._values = {folded(word): value for value, words in values.items() for word in words}
        self._values |= {folded(value): value for value in values}

    def value(self, text: str) -> str | None:
        """Return the value that a text means, None where it is none that is known."""
        return self._values.get(folded(text))


class Countries:
    """Which country each text means, and how that is written in the org."""

    def __init__(self, settings: NormaliseSettings, blank_texts: frozenset[str]) -> None:
        self._blank_texts = blank_texts
        self._holds_codes = settings.holds_codes
        self._names = {**Locale("en").territories, **settings.country_names}
        self._own = {
            folded(word): code for code, words in settings.countries.items() for word in words
        }
        self._own |= {folded(name): code for code, name in settings.country_names.items()}

    def code(self, text: str) -> str:
        """Return the country (ISO alpha-2) that a text means; "" where it means none, or nobody
        can tell: "NA" is Namibia, and what people write who know none.
        """
        own = self._own.get(folded(text))
        if own is not None:
            return own
        is_code = self._holds_codes and text == country_of(text)
        return "" if says_nothing(text, self._blank_texts) and not is_code else country_of(text)

    def value(self, text: str) -> str | None:
        """Return how the org writes the country that a text means; None where it means none."""
        code = self.code(text)
        if not code:
            return None
        return code if self._holds_codes else str(self._names[code])
