"""What does Wikidata know of a company?

It knows few small companies, and what it says may be years old: values of employees and revenue are
given with their date or not at all. It is good for websites, LinkedIn pages and the numbers of
other registers. A search by label gives candidates, never more.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import islice

from stdnum import lei as lei_number
from stdnum.eu import vat as vat_number
from stdnum.fr import siren as siren_number

from sfsync.enrich import british, french
from sfsync.enrich.answers import Part, given, money
from sfsync.enrich.asking import Asker, Question, worth_of
from sfsync.enrich.matching import question_names, weigh
from sfsync.enrich.model import Company, Entry, Found, Item, Match, Place, Scheme, Standing
from sfsync.enrich.provider import PROVIDERS, Provider, Quota, Web
from sfsync.enrich.statements import is_said, newest, statements
from sfsync.errors import LookupFailed, SourceUnavailable

NAME = "wikidata"
TITLE = "Wikidata"
_API = "https://www.wikidata.org/w/api.php"
_ASKED = {"format": "json", "maxlag": "5"}
_LANGUAGES = ("en", "fr", "de", "es", "it", "nl")
_MOST_CANDIDATES = 10
_DOWN = ("maxlag", "ratelimited", "readonly")

_KIND, _DISSOLVED, _COUNTRY, _SEAT, _POSTAL_CODE = "P31", "P576", "P17", "P159", "P281"
_WEBSITE, _APPLIES_TO, _LINKEDIN = "P856", "P1001", "P4264"
_EMPLOYEES, _REVENUE = "P1128", "P2139"
_NUMBERS = {
    Scheme.SIREN: "P1616",
    Scheme.LEI: "P1278",
    Scheme.CIK: "P5531",
    Scheme.COMPANIES_HOUSE: "P2622",
    Scheme.VAT: "P3608",
}
_NO_COMPANIES = ("Q5", "Q4167410")  # a human being; a page that tells names apart
_COUNTRIES = {
    "Q142": "FR",
    "Q30": "US",
    "Q145": "GB",
    "Q183": "DE",
    "Q31": "BE",
    "Q39": "CH",
    "Q32": "LU",
    "Q38": "IT",
    "Q29": "ES",
    "Q55": "NL",
    "Q45": "PT",
    "Q27": "IE",
    "Q40": "AT",
    "Q36": "PL",
    "Q34": "SE",
    "Q35": "DK",
    "Q20": "NO",
    "Q33": "FI",
    "Q16": "CA",
}
_CURRENCIES = {"Q4917": "USD", "Q4916": "EUR", "Q25224": "GBP", "Q25344": "CHF", "Q8146": "JPY"}
_UNIT_PAGE = re.compile(r"https?://www\.wikidata\.org/entity/(Q\d+)")
_ITEM = re.compile(r"Q[1-9]\d*")
_SLUG = re.compile(r"[\w%.&'-]+")


def entries_of(answer: object) -> tuple[Entry, ...]:
    """Read an answer of wbgetentities or Special:EntityData, parsed from JSON; people and what is
    no company by its kind are left out.

    Raises LookupFailed where it is no such answer, SourceUnavailable where Wikidata is behind.
    """
    whole = Part(TITLE, answer)
    code = whole.at("error", "code").text()
    if code in _DOWN:
        raise SourceUnavailable(f"{TITLE} is busy ({code})")
    if code == "no-such-entity":
        return ()
    if code or whole.at("entities").value is None:
        raise LookupFailed(f"{TITLE}: {code or 'an answer without entities'}")
    entries = (_entry(item, entity) for item, entity in whole.at("entities").items())
    return tuple(entry for entry in entries if entry)


def candidates_of(answer: object) -> tuple[str, ...]:
    """Read the items that a search gave, by label (wbsearchentities) or by number (list=search).

    Raises as `entries_of` does.
    """
    whole = Part(TITLE, answer)
    code = whole.at("error", "code").text()
    if code in _DOWN:
        raise SourceUnavailable(f"{TITLE} is busy ({code})")
    hits = whole.at("search") or whole.at("query", "search")
    if code or hits.value is None:
        raise LookupFailed(f"{TITLE}: {code or 'an answer without hits'}")
    items = (hit.at("id").text() or hit.at("title").text() for hit in hits.each())
    return tuple(item for item in items if _ITEM.fullmatch(item))


def _entry(item: str, entity: Part) -> Entry | None:
    claims = entity.at("claims")
    names = tuple(dict.fromkeys(_names(entity)))
    kinds = {each.item() for each in statements(claims, _KIND)}
    if not names or not _ITEM.fullmatch(item) or kinds & set(_NO_COMPANIES):
        return None
    numbers = dict(_identifiers(claims))
    is_gone = is_said(claims, _DISSOLVED)
    day = entity.at("modified").text()[:10]
    website = _website(claims)
    return Entry(
        provider=NAME,
        key=item,
        url=f"https://www.wikidata.org/wiki/{item}",
        names=names,
        places=tuple(_places(claims)),
        identifiers={Scheme.WIKIDATA: item, **numbers},
        standing=Standing.CEASED if is_gone else Standing.UNKNOWN,
        website=website,
        found=() if is_gone else tuple(_found(claims, numbers, website, day)),
    )


def _names(entity: Part) -> Iterator[str]:
    """Give the labels, then the aliases, by language."""
    for language in _LANGUAGES:
        yield from filter(None, (entity.at("labels", language, "value").text(),))
    for language in _LANGUAGES:
        for alias in entity.at("aliases", language).each():
            yield from filter(None, (alias.at("value").text(),))


def _identifiers(claims: Part) -> Iterator[tuple[Scheme, str]]:
    """Give the numbers of other registers that are valid, of each the only one."""
    valid = {
        Scheme.SIREN: siren_number.is_valid,
        Scheme.LEI: lei_number.is_valid,
        Scheme.CIK: lambda number: bool(re.fullmatch(r"\d{10}", number)),
        Scheme.COMPANIES_HOUSE: british.is_number,
        Scheme.VAT: vat_number.is_valid,
    }
    for scheme, name in _NUMBERS.items():
        numbers = {each.value.text() for each in statements(claims, name)}
        if len(numbers) == 1 and valid[scheme](number := numbers.pop()):
            yield scheme, number


def _places(claims: Part) -> Iterator[Place]:
    countries = {_COUNTRIES.get(each.item(), "") for each in statements(claims, _COUNTRY)}
    codes = [
        code.text() for seat in statements(claims, _SEAT) for code in seat.qualified(_POSTAL_CODE)
    ]
    if len(countries) == 1:
        code = codes[0].split(" ")[0] if len(codes) == 1 else ""
        yield Place(postal_code=code, country=countries.pop(), is_seat=True)


def _website(claims: Part) -> str:
    """Return the one website of the best rank, rather one for the whole world."""
    sites = statements(claims, _WEBSITE)
    general = [site for site in sites if not site.qualified(_APPLIES_TO)] or list(sites)
    addresses = {site.value.text() for site in general}
    address = addresses.pop() if len(addresses) == 1 else ""
    return address if address.startswith(("https://", "http://")) else ""


def _found(claims: Part, numbers: Mapping[Scheme, str], website: str, day: str) -> Iterator[Found]:
    known = {
        Item.REGISTRATION_NUMBER: numbers.get(Scheme.SIREN, ""),
        Item.WEBSITE: website,
        Item.LINKEDIN: _linkedin(claims),
    }
    yield from given(known, day)
    for amount, unit, moment in newest(claims, _EMPLOYEES):
        if unit == "1":
            yield Found(Item.EMPLOYEES_LEAST, amount, moment)
            yield Found(Item.EMPLOYEES_MOST, amount, moment)
            yield Found(Item.EMPLOYEES_YEAR, int(moment[:4]), moment)
    for amount, unit, moment in newest(claims, _REVENUE):
        page = _UNIT_PAGE.fullmatch(unit)
        if page and (currency := _CURRENCIES.get(page[1])):
            yield from money(amount, currency, moment)


def _linkedin(claims: Part) -> str:
    slugs = {each.value.text() for each in statements(claims, _LINKEDIN)}
    slug = slugs.pop() if len(slugs) == 1 else ""
    return f"https://www.linkedin.com/company/{slug}" if _SLUG.fullmatch(slug) else ""


def look_up(company: Company, web: Web, key: str) -> Match | None:
    """Ask by numbers, else by label; then for what the candidates are."""
    asker = Asker(web, NAME, TITLE)
    items = _items(company, asker)
    if not items:
        return None
    params = _ASKED | {
        "action": "wbgetentities",
        "ids": "|".join(items),
        "props": "info|labels|aliases|claims",
        "languages": "|".join(_LANGUAGES),
    }
    answer = asker.ask(Question(_API, params))
    return None if answer is None else weigh(company, entries_of(answer))


def _items(company: Company, asker: Asker) -> tuple[str, ...]:
    """Return the items that may be the company: two requests at most."""
    if item := company.identifiers.get(Scheme.WIKIDATA):
        return (item,)
    for params in _searches(company):
        answer = asker.ask(Question(_API, _ASKED | params))
        items = () if answer is None else candidates_of(answer)
        if items:
            return tuple(islice(items, _MOST_CANDIDATES))
    return ()


def _searches(company: Company) -> Iterator[dict[str, str]]:
    numbers = {scheme: company.identifiers.get(scheme, "") for scheme in _NUMBERS}
    own, _ = french.numbers_of(company)
    numbers[Scheme.SIREN] = french.siren_of(own)
    said = [f"{_NUMBERS[scheme]}={number}" for scheme, number in numbers.items() if number]
    if said:
        # A bar means "or", and values of external identifiers are all searched: see
        # https://www.mediawiki.org/wiki/Help:Extension:WikibaseCirrusSearch
        query = f"haswbstatement:{'|'.join(said)}"
        yield {"action": "query", "list": "search", "srsearch": query, "srlimit": "5"}
    for name in question_names(company)[:1]:
        language = "fr" if company.country == "FR" else "en"
        yield {
            "action": "wbsearchentities",
            "search": name,
            "language": language,
            "uselang": language,
            "type": "item",
            "limit": str(_MOST_CANDIDATES),
        }


def _read(answer: object) -> tuple[object, ...]:
    """Read an answer of any kind that is asked for."""
    is_search = any(name in ("search", "query") for name, _ in Part(TITLE, answer).items())
    return candidates_of(answer) if is_search else entries_of(answer)


PROVIDERS.add(
    NAME,
    Provider(
        name=NAME,
        title=TITLE,
        home="https://www.wikidata.org",
        licence="CC0 1.0",
        attribution="Source: Wikidata",
        quota=Quota(2, ("www.wikidata.org",)),
        look_up=look_up,
        worth=worth_of(TITLE, _read),
        needs_contact=True,
    ),
)
