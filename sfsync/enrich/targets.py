"""Which fields of the org may be filled, and with which word for a country?"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from babel import Locale

from sfsync.enrich.matching import country_of
from sfsync.model import Value
from sfsync.org import FieldInfo


@dataclass(frozen=True, slots=True)
class Target:
    """A field of the org that may be written: our name, and what the org describes of it."""

    name: str
    info: FieldInfo


class Countries:
    """How the org writes each country: as most of its accounts do, or else in English."""

    def __init__(self, texts: Iterable[Value]) -> None:
        self._said: dict[str, Counter[str]] = {}
        for text in texts:
            if isinstance(text, str) and (code := country_of(text)):
                self._said.setdefault(code, Counter())[text] += 1

    def word(self, code: str, info: FieldInfo) -> str:
        """Return the word for a country (ISO alpha-2); of a picklist the value that means it, ""
        where there is none.
        """
        if info.type == "picklist":
            return next((each for each in info.values if country_of(each) == code), "")
        said = self._said.get(code)
        if said:
            return min(said, key=lambda text: (-said[text], text))
        return str(Locale("en").territories.get(code, code))
