"""Is a VAT number of the European Union valid, and whose is it?

VIES asks the member state that gave the number. It answers HTTP 200 to everything: `userError`
says what came of it, and only INVALID means that a number is not valid. Some states never tell the
name; then nothing can be compared, and the number says nothing new.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from sfsync.enrich.answers import Part, given, json_of
from sfsync.enrich.asking import Asker, Question
from sfsync.enrich.matching import weigh
from sfsync.enrich.model import Company, Entry, Item, Match, Place, Scheme, Standing, Verdict
from sfsync.enrich.provider import PROVIDERS, Answer, Provider, Quota, Web, Worth
from sfsync.errors import LookupFailed, SourceUnavailable

NAME = "vies"
TITLE = "VIES"
_API = "https://ec.europa.eu/taxation_customs/vies/rest-api/ms"
_PAGE = "https://ec.europa.eu/taxation_customs/vies/#/vat-validation"
_HIDDEN = "---"
# The French number is made from the SIREN, and the French register lists it.
_MEMBERS = frozenset(
    {"AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "EL", "ES", "FI", "HR", "HU", "IE", "IT", "LT"}
    | {"LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK", "XI"}
)
_COUNTRY_OF = {"EL": "GR", "XI": "GB"}
_DOWN = ("SERVICE_UNAVAILABLE", "GLOBAL_MAX_CONCURRENT_REQ", "GLOBAL_MAX_CONCURRENT_REQ_TIME")
_TOWN = re.compile(r"((?:[A-Z]{1,2}-)?\d[\d -]{2,7}\d(?: ?[A-Z]{2}(?= ))?) +(\D.*)")


def entries_of(answer: object) -> tuple[Entry, ...]:
    """Read an answer about one number, parsed from JSON; a number that is not valid, or whose owner
    is not told, has no entry.

    An answer does not repeat the country: the entry's number is without it. Raises LookupFailed
    where the member state did not answer, SourceUnavailable where VIES did not.
    """
    whole = Part(TITLE, answer)
    name, number = whole.at("name").text(), whole.at("vatNumber").text()
    if not is_valid(answer) or name in (_HIDDEN, "") or not number:
        return ()
    known = {Item.VAT_NUMBER: number, Item.LEGAL_NAME: name}
    entry = Entry(
        provider=NAME,
        key=number,
        url=_PAGE,
        names=(name,),
        places=tuple(_places(whole.at("address").lines())),
        identifiers={Scheme.VAT: number},
        standing=Standing.ACTIVE,
        found=tuple(given(known, whole.at("requestDate").text()[:10])),
    )
    return (entry,)


def is_valid(answer: object) -> bool:
    """Tell whether the number asked for is valid; raises as `entries_of` does."""
    whole = Part(TITLE, answer)
    said = whole.at("userError").text()
    for wrapper in whole.at("errorWrappers").each():
        said = said or wrapper.at("error").text()
    if said in _DOWN:
        raise SourceUnavailable(f"{TITLE} is overloaded or down ({said})")
    if said not in ("VALID", "INVALID"):
        raise LookupFailed(f"{TITLE}: the member state did not answer ({said or 'no word why'})")
    return said == "VALID" and whole.at("isValid").flag()


def _places(lines: tuple[str, ...]) -> Iterator[Place]:
    """Give the address, where its last line is a postal code and a town."""
    if lines and lines[-1] != _HIDDEN and (town := _TOWN.fullmatch(lines[-1])):
        yield Place(", ".join(lines[:-1]), town[1], town[2], is_seat=True)


def look_up(company: Company, web: Web, key: str) -> Match | None:
    """Ask about the VAT number; one that is not valid is for a person to see."""
    vat = company.identifiers.get(Scheme.VAT, "")
    member, number = vat[:2], vat[2:]
    if member not in _MEMBERS or not number:
        return None
    answer = Asker(web, NAME, TITLE).ask(Question(f"{_API}/{member}/vat/{number}"))
    if answer is None:
        return None
    if not is_valid(answer):
        return Match(NAME, Verdict.REVIEW, (), f"the VAT number {vat} is not valid", 0.0)
    country = _COUNTRY_OF.get(member, member)
    entries = tuple(_in_country(entry, member, country) for entry in entries_of(answer))
    return weigh(company, entries) if entries else None


def _in_country(entry: Entry, member: str, country: str) -> Entry:
    """Return the entry with the country that VIES was asked for."""
    number = f"{member}{entry.key}"
    found = (
        replace(each, value=number) if each.item == Item.VAT_NUMBER else each
        for each in entry.found
    )
    return replace(
        entry,
        key=number,
        identifiers={Scheme.VAT: number},
        places=tuple(replace(place, country=country) for place in entry.places)
        or (Place(country=country, is_seat=True),),
        found=tuple(found),
    )


def _worth(answer: Answer) -> Worth:
    """Judge an answer: what a member state could not say now it may say later, and a number that is
    not valid may be one day.
    """
    try:
        return Worth.ANSWER if is_valid(json_of(TITLE, answer)) else Worth.NOTHING
    except (LookupFailed, SourceUnavailable):
        return Worth.LATER


PROVIDERS.add(
    NAME,
    Provider(
        name=NAME,
        title=TITLE,
        home="https://ec.europa.eu/taxation_customs/vies",
        licence="Free use, European Commission (legal notice of europa.eu)",
        attribution="Source: VIES, European Commission",
        quota=Quota(1, ("ec.europa.eu",)),
        look_up=look_up,
        countries=frozenset(_COUNTRY_OF.get(member, member) for member in _MEMBERS),
        keeps_days=90,
        worth=_worth,
    ),
)
