"""What does the register of companies of the United Kingdom say?

Companies House gives name, number, status, trade and registered office. Employees and turnover are
in the accounts that companies file, and not in what is asked here; the type of accounts is no
figure.
"""

from collections.abc import Iterator

from sfsync.enrich import british, countries
from sfsync.enrich.answers import Part, address, given
from sfsync.enrich.asking import Asker, Question, may_know, worth_of
from sfsync.enrich.matching import question_names, weigh
from sfsync.enrich.model import Company, Entry, Found, Item, Match, Place, Scheme, Standing
from sfsync.enrich.provider import PROVIDERS, Provider, Quota, Web
from sfsync.errors import LookupFailed, SourceUnavailable

NAME = "companies-house"
TITLE = "Companies House"
_API = "https://api.company-information.service.gov.uk"
_PAGE = "https://find-and-update.company-information.service.gov.uk/company"
_COUNTRIES = frozenset({"GB"})


def entries_of(answer: object) -> tuple[Entry, ...]:
    """Read a company's profile, or an answer of the search, parsed from JSON; "not found" has no
    entry.

    Raises LookupFailed where it is neither.
    """
    whole = Part(TITLE, answer)
    for error in whole.at("errors").each():
        if error.at("error").text() == "company-profile-not-found":
            return ()
        raise LookupFailed(f"{TITLE}: {error.at('error').text() or 'an error without a name'}")
    if whole.at("company_number"):
        companies: tuple[Part, ...] = (whole,)
    elif whole.at("items").value is not None:
        companies = whole.at("items").each()
    else:
        raise LookupFailed(f"{TITLE}: an answer without a company")
    return tuple(entry for part in companies if (entry := _entry(part)))


def _entry(part: Part) -> Entry | None:
    number = part.at("company_number").text()
    name = part.at("company_name").text() or part.at("title").text()
    earlier = (each.at("name").text() for each in part.at("previous_company_names").each())
    if not name or not british.is_number(number):
        return None
    kind = part.at("type").text() or part.at("company_type").text()
    places = tuple(_places(part))
    return Entry(
        provider=NAME,
        key=number,
        url=f"{_PAGE}/{number}",
        names=tuple(filter(None, dict.fromkeys((name, *earlier)))),
        legal_form=british.legal_form(kind),
        places=places,
        identifiers={Scheme.COMPANIES_HOUSE: number},
        standing=british.standing(part.at("company_status").text()),
        found=tuple(_found(part, name, places)),
    )


def _places(part: Part) -> Iterator[Place]:
    office = part.at("registered_office_address") or part.at("address")
    is_wrong = any(
        part.at(name).flag()
        for name in ("registered_office_is_in_dispute", "undeliverable_registered_office_address")
    )
    if not office or is_wrong:
        return
    names = ("premises", "address_line_1", "address_line_2")
    yield Place(
        street=", ".join(filter(None, (office.at(name).text() for name in names))),
        postal_code=office.at("postal_code").text(),
        city=office.at("locality").text(),
        country=countries.of_british(office.at("country").text()),
        is_seat=True,
    )


def _found(part: Part, name: str, places: tuple[Place, ...]) -> Iterator[Found]:
    standing = british.standing(part.at("company_status").text())
    known = {
        Item.REGISTRATION_NUMBER: part.at("company_number").text(),
        Item.LEGAL_NAME: name,
        Item.STATUS: standing.value if standing != Standing.UNKNOWN else "",
    }
    yield from given(known, "")
    if standing != Standing.ACTIVE:
        return
    for code in part.at("sic_codes").texts()[:1]:
        yield Found(Item.ACTIVITY, f"uksic:{code}")
    for place in places:
        yield from address(place, "")


def look_up(company: Company, web: Web, key: str) -> Match | None:
    """Ask by number, else by name, and then for the profile of the best candidate."""
    if not key:
        raise SourceUnavailable(f"{TITLE} is asked with a key only, and none is set")
    asker = Asker(web, NAME, TITLE, key=key)
    scheme = Scheme.COMPANIES_HOUSE
    own = company.identifiers.get(scheme, "")
    number = own or company.claimed.get(scheme, "")
    if number and (entries := _profile(asker, number)):
        match = weigh(company, entries)
        if match or own:  # the number on a website may be its host's: then the name is asked
            return match
    return _by_name(company, asker) if may_know(_COUNTRIES, company) else None


def _by_name(company: Company, asker: Asker) -> Match | None:
    """Weigh what the search gives, and again with the profile of the best: only it tells the trade
    and earlier names.

    The search gives whatever shares a word. How many hits it has in all does not matter: no two
    companies of this register have the same name at a time, and the nearest names come first.
    """
    for name in question_names(company)[:1]:
        question = Question(f"{_API}/search/companies", {"q": name, "items_per_page": "50"})
        answer = asker.ask(question)
        entries = () if answer is None else entries_of(answer)
        match = weigh(company, entries)
        if not match or not match.candidates:
            return match
        best = match.candidates[0].entry.key
        profile = {entry.key: entry for entry in _profile(asker, best)}
        return weigh(company, tuple(profile.get(entry.key, entry) for entry in entries))
    return None


def _profile(asker: Asker, number: str) -> tuple[Entry, ...]:
    answer = asker.ask(Question(f"{_API}/company/{number}"))
    return () if answer is None else entries_of(answer)


PROVIDERS.add(
    NAME,
    Provider(
        name=NAME,
        title=TITLE,
        home="https://www.gov.uk/government/organisations/companies-house",
        licence="Open Government Licence v3.0",
        attribution="Contains public sector information licensed under the Open Government "
        "Licence v3.0; source: Companies House",
        quota=Quota(2, ("api.company-information.service.gov.uk",)),
        look_up=look_up,
        key="companies_house_key",
        countries=_COUNTRIES,
        worth=worth_of(TITLE, entries_of),
    ),
)
