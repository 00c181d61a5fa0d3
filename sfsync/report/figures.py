"""How are dates, numbers, money and names written for one reader?"""

import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_skeleton, format_time
from babel.numbers import format_currency, format_decimal, format_percent, get_decimal_symbol

from sfsync.report.words import LANGUAGES, counted, unbroken, word

# Whose figures go with a language that is not the reader's own.
_LOCALES = {"en": "en_US", "fr": "fr_FR"}
# What mirrors a text's direction for a name within it, and ends that.
_ISOLATE, _END = "\u2068", "\u2069"
_RIGHT_TO_LEFT = frozenset({"R", "AL"})
# No printable characters by themselves, yet part of emoji and of Persian names.
_JOINERS = frozenset({"\u200c", "\u200d"})


@dataclass(frozen=True)
class Speech:
    """A reader's language (en, fr), and the locale whose figures they are used to."""

    language: str
    locale: Locale

    def say(self, key: str, **values: str) -> str:
        """Say a word or sentence."""
        return word(key, self.language, **values)

    def typeset(self, text: str) -> str:
        """Write a text of the configuration on one line that does not break before a colon."""
        return unbroken(" ".join(text.split()), self.language)

    def count(self, key: str, number: int, **values: str) -> str:
        """Say a number of things."""
        return counted(key, self.language, number, n=self.number(number), **values)

    def number(self, number: float) -> str:
        """Write a number: 12,345 or 12 345."""
        return format_decimal(number, locale=self.locale)

    def money(self, amount: float | None, currency: str) -> str:
        """Write an amount in whole units: €12,345 or 12 345 €; nothing where it is unknown.

        Without a currency it is a bare number.
        """
        if amount is None:
            return ""
        if not currency:
            return self.number(round(amount))
        return format_currency(
            amount, currency, format=self._whole, locale=self.locale, currency_digits=False
        )

    def share(self, share: float) -> str:
        """Write a part of a whole, from 0 to 1, in per cent: 30% or 30 %."""
        return format_percent(share, locale=self.locale)

    def day(self, day: date) -> str:
        """Write a day in figures: 6/15/2026 or 15/06/2026."""
        return format_skeleton("yMd", day, locale=self.locale)

    def short_day(self, day: date) -> str:
        """Write a day without its year: 6/15 or 15/06."""
        return format_skeleton("Md", day, locale=self.locale)

    def moment(self, moment: datetime, zone: str) -> str:
        """Write an instant as day and time in a zone (IANA name)."""
        local = moment.astimezone(ZoneInfo(zone))
        return f"{self.day(local.date())} {format_time(local, 'short', locale=self.locale)}"

    @property
    def has_decimal_comma(self) -> bool:
        """Tell whether the locale parts whole units from cents by a comma."""
        return get_decimal_symbol(self.locale) == ","

    @cached_property
    def _whole(self) -> str:
        """The locale's pattern for money, without the digits behind the point."""
        return str(self.locale.currency_formats["standard"].pattern).replace(".00", "")


def speech_in(language: str, locale: str) -> Speech:
    """Return how to speak a language (en, fr) to a reader who may use another one: figures are
    those of their locale where it is of that language, else those of the language.
    """
    own = _locale(locale)
    if own is None or own.language != language:
        own = Locale.parse(_LOCALES[language])
    return Speech(language, own)


def speech_of(language: str, locale: str) -> Speech:
    """Return how to speak to a reader, by the language and locale of their user in the org.

    A language that is not spoken here is answered in English; one that is unknown is taken from the
    locale. Salesforce's locales (`fr_FR_EURO`, `iw_IL`) are read as near as can be.
    """
    spoken = (language or locale).replace("-", "_").partition("_")[0].lower()
    known = spoken if spoken in LANGUAGES else LANGUAGES[0]
    return Speech(known, _locale(locale) or _locale(language) or Locale(known))


def _locale(name: str) -> Locale | None:
    parts = name.replace("-", "_").split("_")
    for length in range(len(parts), 0, -1):
        try:
            return Locale.parse("_".join(parts[:length]))
        except (ValueError, UnknownLocaleError):
            continue
    return None


def cleaned(text: str) -> str:
    """Return a text of the org on one line, without control characters.

    Marks that turn the direction of what follows them go, too: a name may not turn its neighbours.
    """
    if text.isprintable():
        return " ".join(text.split())
    kept = (char if char.isprintable() or char in _JOINERS else " " for char in text)
    return " ".join("".join(kept).split())


def isolated(text: str) -> str:
    """Return a cleaned text that, if it runs from right to left, leaves its neighbours in place."""
    plain = cleaned(text)
    turns = any(unicodedata.bidirectional(char) in _RIGHT_TO_LEFT for char in plain)
    return f"{_ISOLATE}{plain}{_END}" if turns else plain
