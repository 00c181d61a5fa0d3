"""What do an account's texts say of the company, and by which names is it asked for?"""

from collections.abc import Iterable, Mapping

from sfsync.enrich.matching.countries import FRANCE, country_of, nation_of
from sfsync.enrich.matching.names import is_placeholder, spellings
from sfsync.enrich.matching.numbers import identify
from sfsync.enrich.model import Company

_MOST_NAMES = 3


def company_of(id: str, texts: Mapping[str, str], numbers: Iterable[str] = ()) -> Company:
    """Return the company that an account's texts describe.

    `texts` may have `name`, `country`, `street`, `postal_code`, `city` and `website`, each as
    typed; `numbers` are the texts of all its number fields, whatever their kind.
    """
    plain = {key: " ".join(text.split()) for key, text in texts.items()}
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


def question_names(company: Company) -> tuple[str, ...]:
    """Return what to ask a source for, best first, three at most: the name without legal form,
    then without trailing town, brackets and what is behind a dash. None for a placeholder.
    """
    if is_placeholder(company.name):
        return ()
    is_french = nation_of(company.country) in ("", FRANCE)
    found = spellings(company.name, filter(None, (company.city,)), is_french=is_french)
    whole = sorted(found, key=lambda each: (bool(each.parts), not each.town))
    return tuple(dict.fromkeys(" ".join(each.words) for each in whole))[:_MOST_NAMES]
