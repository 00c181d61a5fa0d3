"""What do companies listed in the United States file with the SEC?

EDGAR has names, trade, address and revenue, and no count of employees. One period stands in many
filings, and a year's figure beside those of its quarters.
"""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from rapidfuzz import fuzz
from stdnum import lei as lei_number

from sfsync.duplicates.names import company_words
from sfsync.enrich import countries
from sfsync.enrich.answers import Part, address, given, money
from sfsync.enrich.asking import Asker, Question, may_know
from sfsync.enrich.matching import question_names, weigh
from sfsync.enrich.model import Company, Entry, Found, Item, Match, Place, Scheme
from sfsync.enrich.provider import PROVIDERS, Provider, Quota, Web
from sfsync.errors import LookupFailed

NAME = "sec-edgar"
TITLE = "SEC EDGAR"
_NAMES = "https://www.sec.gov/files/company_tickers.json"
_COMPANY = "https://data.sec.gov/submissions/CIK{cik}.json"
_FACTS = "https://data.sec.gov/api/xbrl/companyfacts/CIK{cik}.json"
_PAGE = "https://www.sec.gov/edgar/browse/?CIK={cik}"
_COUNTRIES = frozenset({"US"})
_FORMS = ("10-K", "20-F", "40-F", "10-K/A", "20-F/A", "40-F/A")
_SHORTEST_YEAR, _LONGEST_YEAR = 350, 380  # days
_NEAR = 85.0  # likeness of a name that is worth two requests more
_CIK = re.compile(r"0*(\d{1,10})")
_CURRENCY = re.compile(r"[A-Z]{3}")
# What a company calls its revenue, the best word first.
_CONCEPTS = (
    ("us-gaap", "RevenueFromContractWithCustomerExcludingAssessedTax"),
    ("us-gaap", "Revenues"),
    ("us-gaap", "SalesRevenueNet"),
    ("ifrs-full", "Revenue"),
)


def entries_of(answer: object) -> tuple[Entry, ...]:
    """Read an answer of /submissions, parsed from JSON; without revenue, which is filed elsewhere.

    Raises LookupFailed where it is no such answer.
    """
    whole = Part(TITLE, answer)
    cik = _padded(whole.at("cik"))
    name = _text(whole.at("name"))
    former = (_text(each.at("name")) for each in whole.at("formerNames").each())
    if not cik or not name:
        raise LookupFailed(f"{TITLE}: an answer without CIK or name")
    places = tuple(_places(whole))
    lei = whole.at("lei").text()
    entry = Entry(
        provider=NAME,
        key=cik,
        url=_PAGE.format(cik=cik),
        names=tuple(filter(None, dict.fromkeys((name, *former)))),
        places=places,
        identifiers={Scheme.CIK: cik} | ({Scheme.LEI: lei} if lei_number.is_valid(lei) else {}),
        website=_text(whole.at("website")),
        found=tuple(_found(whole, name, places)),
    )
    return (entry,)


def _padded(part: Part) -> str:
    """Return a CIK with its ten digits; it stands as a number, as text, with and without zeros."""
    said = str(part.whole()) if isinstance(part.value, int) else part.text()
    digits = _CIK.fullmatch(said)
    return digits[1].zfill(10) if digits and int(digits[1]) else ""


def _text(part: Part) -> str:
    """Return a text; some fields hold the word None."""
    return "" if part.text() == "None" else part.text()


def _places(whole: Part) -> Iterator[Place]:
    office = whole.at("addresses", "business")
    if office:
        streets = (_text(office.at(name)) for name in ("street1", "street2"))
        yield Place(
            street=", ".join(filter(None, streets)),
            postal_code=_text(office.at("zipCode")),
            city=_text(office.at("city")),
            country=countries.of_sec(_text(office.at("stateOrCountry"))),
            is_seat=True,
        )


def _found(whole: Part, name: str, places: tuple[Place, ...]) -> Iterator[Found]:
    sic = _text(whole.at("sic"))
    known = {
        Item.LEGAL_NAME: name,
        Item.ACTIVITY: f"ussic:{sic}" if sic else "",
        Item.WEBSITE: _text(whole.at("website")),
    }
    yield from given(known, "")
    for place in places:
        yield from address(place, "")


@dataclass(frozen=True, slots=True, order=True)
class _Year:
    """The revenue of a business year; the newest is the greatest, of one year the best word's."""

    end: str
    rank: int
    filed: str
    amount: int
    currency: str


def revenue_of(answer: object) -> tuple[Found, ...]:
    """Read the newest business year's revenue from an answer of /companyfacts; dated by its end.

    Raises LookupFailed where it is no such answer.
    """
    facts = Part(TITLE, answer).at("facts")
    if facts.value is None:
        raise LookupFailed(f"{TITLE}: an answer without facts")
    newest = max(_years(facts), default=None)
    return tuple(money(newest.amount, newest.currency, newest.end)) if newest else ()


def _years(facts: Part) -> Iterator[_Year]:
    for rank, path in enumerate(_CONCEPTS):
        for currency, rows in facts.at(*path, "units").items():
            for row in rows.each() if _CURRENCY.fullmatch(currency) else ():
                amount = row.at("val").whole()
                if amount and amount > 0 and _is_year(row):
                    end, filed = row.at("end").text(), row.at("filed").text()
                    yield _Year(end, -rank, filed, amount, currency)


def _is_year(row: Part) -> bool:
    if row.at("fp").text() != "FY" or row.at("form").text() not in _FORMS:
        return False
    try:
        start, end = (date.fromisoformat(row.at(name).text()) for name in ("start", "end"))
    except ValueError:
        return False
    return _SHORTEST_YEAR <= (end - start).days <= _LONGEST_YEAR


@functools.lru_cache(maxsize=16_384)  # all of the list: it is gone through for each account
def _words(name: str) -> str:
    return " ".join(company_words(name))


def nearest(answer: object, name: str) -> str:
    """Return the CIK of the listed company whose name is nearest, "" where none is near, or two are
    equally near; `answer` is company_tickers.json, in which a company may stand several times.
    """
    wanted = _words(name)
    best, ciks = _NEAR, set[str]()
    for _, part in Part(TITLE, answer).items():
        likeness = fuzz.ratio(wanted, _words(part.at("title").text()))
        if likeness > best:
            best, ciks = likeness, set()
        if likeness == best:
            ciks.add(_padded(part.at("cik_str")))
    return ciks.pop() if len(ciks) == 1 else ""


def look_up(company: Company, web: Web, key: str) -> Match | None:
    """Ask by CIK, else by the nearest name of the list of all; the revenue only of a match."""
    asker = Asker(web, NAME, TITLE)
    cik = company.identifiers.get(Scheme.CIK) or _by_name(company, asker)
    answer = asker.ask(Question(_COMPANY.format(cik=cik.zfill(10)))) if cik else None
    entries = () if answer is None else entries_of(answer)
    match = weigh(company, entries)
    if not match:
        return None
    facts = asker.ask(Question(_FACTS.format(cik=entries[0].key)))
    revenue = () if facts is None else revenue_of(facts)
    return weigh(company, (replace(entries[0], found=entries[0].found + revenue),))


def _by_name(company: Company, asker: Asker) -> str:
    if not may_know(_COUNTRIES, company):
        return ""
    for name in question_names(company)[:1]:
        listed = asker.ask(Question(_NAMES))
        return "" if listed is None else nearest(listed, name)
    return ""


PROVIDERS.add(
    NAME,
    Provider(
        name=NAME,
        title=TITLE,
        home="https://www.sec.gov/edgar",
        licence="Public domain (US government)",
        attribution="Source: U.S. Securities and Exchange Commission, EDGAR",
        quota=Quota(5, ("www.sec.gov", "data.sec.gov")),
        look_up=look_up,
        countries=_COUNTRIES,
        needs_contact=True,
    ),
)
