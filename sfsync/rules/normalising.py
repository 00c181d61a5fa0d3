"""Which keys may stand in `normalise.yaml`, and what do they say?"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Literal

from babel import Locale
from pydantic import BeforeValidator, Field

from sfsync.facts.people import folded
from sfsync.lines import Path
from sfsync.policy import NormaliseSettings
from sfsync.registry import nearest
from sfsync.rules.build import Problems
from sfsync.rules.kinds import Shape

Word = Annotated[str, Field(min_length=1)]


def _none_is_empty(value: object) -> object:
    return () if value is None else value


# A value may stand alone, without other words for it.
Words = Annotated[tuple[Word, ...], BeforeValidator(_none_is_empty)]


class CountriesShape(Shape):
    """How countries are written."""

    hold: Literal["names", "codes"] = Field(
        "names", description="What the fields hold: English names, or codes (ISO 3166 alpha-2)."
    )
    names: dict[Word, Word] = Field(
        default_factory=dict, description="By code, names that are not the English ones."
    )
    means: dict[Word, Words] = Field(
        default_factory=dict, description="By code, other words for a country."
    )


class WebAddressShape(Shape):
    """What is left out of web addresses."""

    tracking: tuple[Annotated[str, Field(pattern=r"^[^\s&=#*]+\*?$")], ...] = Field(
        (), description="Parameters that name no page; `*` at the end stands for any ending."
    )


class NormaliseFile(Shape):
    """The file normalise.yaml."""

    sources: dict[Word, Words] = Field(default_factory=dict)
    industries: dict[Word, Words] = Field(default_factory=dict)
    countries: CountriesShape = CountriesShape.model_construct()
    websites: WebAddressShape = WebAddressShape.model_construct()


def normalise_settings(
    file: NormaliseFile,
    problems: Problems,
    industries: Mapping[str, Mapping[str, str | None]],
) -> NormaliseSettings:
    """Make the settings of a file; words that mean two things, and codes of no country, are told
    in `problems`. `industries` is the table of `industries.yaml`, whose values are known as well.
    """
    named = {value for table in industries.values() for value in table.values() if value}
    known = dict.fromkeys(sorted(named - file.industries.keys()), ())
    _check_words(("sources",), file.sources, {}, problems)
    _check_words(("industries",), file.industries, known, problems)
    _check_countries(file.countries, problems)
    return NormaliseSettings(
        sources=file.sources,
        industries={**file.industries, **known},
        countries=file.countries.means,
        country_names=file.countries.names,
        holds_codes=file.countries.hold == "codes",
        tracking=file.websites.tracking,
    )


def _check_words(
    path: Path,
    values: Mapping[str, Iterable[str]],
    known: Mapping[str, Iterable[str]],
    problems: Problems,
) -> None:
    """Check that each word means one value; case, accents and signs do not matter."""
    meanings = {folded(value): value for value in known}
    for where, word, value in _words(path, values):
        first = meanings.setdefault(folded(word), value)
        if not folded(word).strip():
            problems.add(where, f'"{word}" has no letter and no digit: nothing means it')
        elif first != value:
            problems.add(where, f'"{word}" means {first} already, and cannot mean {value}')


def _words(path: Path, values: Mapping[str, Iterable[str]]) -> Iterator[tuple[Path, str, str]]:
    """Yield where each word stands, the word, and what it means: the values themselves first."""
    yield from (((*path, value), value, value) for value in values)
    for value, words in values.items():
        yield from (((*path, value, place), word, value) for place, word in enumerate(words))


def _check_countries(file: CountriesShape, problems: Problems) -> None:
    territories = map(str, Locale("en").territories)
    codes = [code for code in territories if len(code) == 2 and code.isalpha()]
    for key, each in (("names", file.names), ("means", file.means)):
        for code in each:
            if code not in codes:
                hint = nearest(code, codes)
                problems.add(("countries", key, code), f'"{code}" is no country{hint}')
    names = {code: (name,) for code, name in file.names.items()}
    meanings: dict[str, str] = {}
    for key, words in (("names", names), ("means", file.means)):
        for (*_, place), word, code in _words((), words):
            where = ("countries", key, code, place) if key == "means" else ("countries", key, code)
            if word != code and meanings.setdefault(folded(word), code) != code:
                first = meanings[folded(word)]
                problems.add(where, f'"{word}" means {first} already, and cannot mean {code}')
