"""What do an account's texts say of the company, and by which names is it asked for?"""

import re
from collections.abc import Iterable, Mapping

from sfsync.duplicates.names import Words
from sfsync.enrich.matching.countries import FRANCE, country_of, nation_of
from sfsync.enrich.matching.names import is_placeholder, spellings, words_of
from sfsync.enrich.matching.numbers import identify, without_numbers
from sfsync.enrich.matching.words import WEB_SUFFIX
from sfsync.enrich.model import Company

_MOST_NAMES = 3


def company_of(id: str, texts: Mapping[str, str], numbers: Iterable[str] = ()) -> Company:
    """Return the company that an account's texts describe.

    `texts` may have `name`, `country`, `street`, `postal_code`, `city` and `website`, each as
    typed; `numbers` are the texts of all its number fields, whatever their kind.
    """
    plain = {key: _plain(text) for key, text in texts.items()}
    country = country_of(plain.get("country", ""))
    found = identify(plain.get("name", ""), numbers, country)
    return Company(
        id=id,
        name=plain.get("name", ""),
        country=country,
        street=plain.get("street", ""),
        postal_code=plain.get("postal_code", ""),
        city=plain.get("city", ""),
        website=plain.get("website", ""),
        identifiers=found.identifiers,
        wrong=found.wrong,
    )


def _plain(text: str) -> str:
    """Return a text in one line, without what no source can be asked: control characters, halves of
    characters.
    """
    return " ".join("".join(each for each in text if each.isprintable() or each.isspace()).split())


def question_names(company: Company) -> tuple[str, ...]:
    """Return what to ask a source for, as it was typed, best first, three at most: the name without
    legal form, then without trailing town, brackets and what is behind a dash. None for a
    placeholder.
    """
    if is_placeholder(company.name):
        return ()
    is_french = nation_of(company.country) in ("", FRANCE)
    endings = tuple(filter(None, (company.city, company.postal_code)))
    found = spellings(company.name, endings, is_french=is_french)
    best_first = sorted(found, key=lambda each: (bool(each.parts), len(each.words)))
    typed = WEB_SUFFIX.sub(r"\1 ", without_numbers(company.name)).split()
    asked = (_as_typed(typed, each.words) for each in best_first)
    return tuple(dict.fromkeys(asked))[:_MOST_NAMES]


def _as_typed(typed: list[str], words: Words) -> str:
    """Return the longest run of what was typed that has just these words; the words themselves
    where there is none.
    """
    size = len(typed)
    runs = (
        (end - start, start, end) for start in range(size) for end in range(start + 1, size + 1)
    )
    for _, start, end in sorted(runs, key=lambda run: (-run[0], run[1])):
        text = " ".join(typed[start:end])
        if words_of(text) == words:
            return " ".join(re.sub(r"[()\[\]{}]", " ", text).split()).strip(" ,;:-–—/|")
    return " ".join(words)
