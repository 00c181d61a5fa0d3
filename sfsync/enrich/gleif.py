"""What does the world's list of legal entities (LEI) say?

GLEIF gives the legal name, the national number, addresses and whether an entity lives. National
numbers stand there as somebody typed them, `383 474 814` or `383474814`.
"""

from collections.abc import Iterator

from stdnum import lei as lei_number
from stdnum.fr import siren as siren_number

from sfsync.enrich import british, countries, french
from sfsync.enrich.answers import Part, address, given
from sfsync.enrich.asking import (
    MOST_REQUESTS,
    Asker,
    Question,
    Reply,
    first_match,
    worth_of,
)
from sfsync.enrich.matching import question_names
from sfsync.enrich.matching.names import words_of
from sfsync.enrich.model import Company, Entry, Found, Item, Match, Place, Scheme, Standing
from sfsync.enrich.persons import LEFT_AWAY, Record, redacted
from sfsync.enrich.provider import PROVIDERS, Answer, Provider, Quota, Web
from sfsync.errors import LookupFailed

NAME = "gleif"
TITLE = "GLEIF"
_RECORDS = "https://api.gleif.org/api/v1/lei-records"
_PAGE = {"page[size]": "100", "page[number]": "1"}
_STANDINGS = {"ACTIVE": Standing.ACTIVE, "INACTIVE": Standing.CEASED}
# A sole trader; a fund and a branch, whose name is near that of the company behind it.
_PERSON = "SOLE_PROPRIETOR"
_OTHERS = ("FUND", "BRANCH")
# The registration lapses where nobody pays for it, and lives on: these entries never did.
_VOID = ("DUPLICATE", "ANNULLED", "CANCELLED")
_FORMS = {
    "6CHY": "sas",
    "V9QP": "sarl",
    "QVPB": "sa",
    "H1U2": "snc",
    "FY0F": "sci",
    "2HBR": "gmbh",
    "6QQB": "ag",
    "SGST": "se",
    "AXSB": "gmbh",
    "EQOV": "ag",
    "3EKS": "gmbh",
    "MVII": "ag",
    "B6ES": "plc",
    "H0PO": "ltd",
    "Z0EY": "llp",
    "MNQ7": "ltd",
    "VYAX": "plc",
    "54M6": "bv",
    "B5PM": "nv",
    "3W7E": "bv",
    "R85P": "nv",
    "OV32": "srl",
    "P418": "spa",
    "DP3Q": "sl",
    "R6UT": "slu",
    "5GGB": "sa",
    "DVXS": "sarl",
    "XJHM": "ab",
    "FJ0E": "sa",
    "HZEH": "llc",
    "T91T": "lp",
    "XTIQ": "inc",
    "NHYA": "inc",
}


def entries_of(answer: object) -> tuple[Entry, ...]:
    """Read an answer of /lei-records, one record or a page of them, parsed from JSON.

    Funds, branches and what is no record are left out. Raises LookupFailed where it is no answer.
    """
    whole = Part(TITLE, answer)
    for error in whole.at("errors").each():
        raise LookupFailed(f"{TITLE}: {error.at('title').text() or 'an error without a title'}")
    data = whole.at("data")
    if data.value is None:
        raise LookupFailed(f"{TITLE}: an answer without data")
    records = data.each() if isinstance(data.value, list) else (data,)
    entries = (_entry(record) for record in records if record.at("type").text() == "lei-records")
    return tuple(entry for entry in entries if entry)


def total_of(answer: object) -> int | None:
    """Return how many records there are in all."""
    return Part(TITLE, answer).at("meta", "pagination", "total").whole()


def _entry(record: Part) -> Entry | None:
    lei = record.at("attributes", "lei").text()
    entity = record.at("attributes", "entity")
    category = entity.at("category").text()
    registration = record.at("attributes", "registration")
    names = tuple(dict.fromkeys(_names(entity)))
    is_void = registration.at("status").text() in _VOID or category in _OTHERS
    if not names or is_void or not lei_number.is_valid(lei):
        return None
    is_person = category == _PERSON
    day = registration.at("lastUpdateDate").text()[:10]
    return Entry(
        provider=NAME,
        key=lei,
        url=f"https://search.gleif.org/#/record/{lei}",
        names=() if is_person else names,
        legal_form=_FORMS.get(entity.at("legalForm", "id").text(), ""),
        places=() if is_person else tuple(dict.fromkeys(_places(entity))),
        identifiers={Scheme.LEI: lei} | ({} if is_person else _national(entity)),
        standing=_STANDINGS.get(entity.at("status").text(), Standing.UNKNOWN),
        is_person=is_person,
        found=() if is_person else tuple(_found(entity, day)),
    )


def _names(entity: Part) -> Iterator[str]:
    yield from filter(None, (entity.at("legalName", "name").text(),))
    for group in ("otherNames", "transliteratedOtherNames"):
        yield from (name for part in entity.at(group).each() if (name := part.at("name").text()))


def _number(entity: Part) -> str:
    return entity.at("registeredAs").text().replace(" ", "")


def _national(entity: Part) -> dict[Scheme, str]:
    """Return the national number where it is one that others know too."""
    number, country = _number(entity), entity.at("jurisdiction").text()
    if country == "FR" and siren_number.is_valid(number):
        return {Scheme.SIREN: number}
    if country.startswith("GB") and british.is_number(number):
        return {Scheme.COMPANIES_HOUSE: number}
    return {}


def _places(entity: Part) -> Iterator[Place]:
    """Give the headquarters, then the legal seat."""
    for name in ("headquartersAddress", "legalAddress"):
        if entity.at(name):
            yield _place(entity.at(name))


def _place(address: Part) -> Place:
    lines = (line for line in address.at("addressLines").texts() if not _is_care_of(line))
    return Place(
        street=", ".join(lines),
        postal_code=address.at("postalCode").text(),
        city=address.at("city").text(),
        country=countries.of_code(address.at("country").text()),
        is_seat=True,
    )


def _is_care_of(line: str) -> bool:
    return line.casefold().startswith("c/o ")


def _found(entity: Part, day: str) -> Iterator[Found]:
    standing = _STANDINGS.get(entity.at("status").text())
    known = {
        Item.REGISTRATION_NUMBER: _number(entity),
        Item.LEGAL_NAME: entity.at("legalName", "name").text(),
        Item.STATUS: standing.value if standing else "",
    }
    yield from given(known, day)
    place = next(_places(entity), None)
    if place and standing != Standing.CEASED:
        yield from address(place, day)


def redact(answer: Answer) -> Answer:
    """Leave of sole traders only that there is one."""
    return redacted(answer, "data", _rest_of)


def _rest_of(record: Record) -> Record | None:
    told = record.get("attributes") or {}
    entity = told.get("entity") or {}
    if entity.get("category") != _PERSON:
        return None
    kept = {name: entity.get(name) for name in ("category", "status", "legalForm")}
    rest = {
        "lei": told.get("lei"),
        "registration": {"status": (told.get("registration") or {}).get("status")},
        "entity": kept | {"legalName": {"name": LEFT_AWAY}},
    }
    return {"type": record.get("type"), "attributes": rest}


def look_up(company: Company, web: Web, key: str) -> Match | None:
    """Ask by LEI, else by national number in both spellings, else by name in the country."""
    return first_match(company, _replies(company, Asker(web, NAME, TITLE)))


def _replies(company: Company, asker: Asker) -> Iterator[Reply]:
    by_number = tuple(_numbered(company))
    yield from asker.replies(by_number, _reply)
    left = MOST_REQUESTS - len(by_number)
    for name in question_names(company)[:1] if left > 0 else ():
        yield from _by_name(name, company.country, asker, left)


def _by_name(name: str, country: str, asker: Asker, requests: int) -> Iterator[Reply]:
    """Ask by legal name, and, unless that answer shows that names which only hold the text come
    too, in all fields; then both answers count as one.

    No documentation says whether the filter wants the whole name: published clients call it exact,
    a beginning, or a part. Were it exact, a namesake with its legal form behind would not be seen.
    """
    legal = _named("entity.legalName", name, country, asker) if requests > 1 else None
    names = [each.names[0] for each in legal.entries if each.names] if legal else []
    if legal and any(words_of(each) != words_of(name) for each in names):
        yield legal
        return
    anywhere = _named("fulltext", name, country, asker)
    found = {each.key: each for reply in (legal, anywhere) if reply for each in reply.entries}
    unseen = max(((r.total or 0) - len(r.entries) for r in (legal, anywhere) if r), default=0)
    yield Reply(tuple(found.values()), len(found) + unseen)


def _named(filtered: str, name: str, country: str, asker: Asker) -> Reply | None:
    params = _PAGE | {f"filter[{filtered}]": name} | _in(country)
    answer = asker.ask(Question(_RECORDS, params))
    return None if answer is None else _reply(answer)


def _reply(answer: object) -> Reply:
    data = Part(TITLE, answer).at("data")
    given = len(data.each()) if isinstance(data.value, list) else 1
    return Reply.of_page(entries_of(answer), given, total_of(answer))


def _numbered(company: Company) -> Iterator[Question]:
    if lei := company.identifiers.get(Scheme.LEI):
        yield Question(f"{_RECORDS}/{lei}", by_number=True)
    for number, country in _spellings(company):
        params = {"filter[entity.registeredAs]": number}
        yield Question(_RECORDS, _PAGE | params | _in(country), by_number=True)


def _spellings(company: Company) -> Iterator[tuple[str, str]]:
    own, _ = french.numbers_of(company)
    if siren := french.siren_of(own):
        yield siren, "FR"
        yield f"{siren[:3]} {siren[3:6]} {siren[6:]}", "FR"
    elif number := company.identifiers.get(Scheme.COMPANIES_HOUSE):
        yield number, "GB"


def _in(country: str) -> dict[str, str]:
    return {"filter[entity.legalAddress.country]": country} if country else {}


PROVIDERS.add(
    NAME,
    Provider(
        name=NAME,
        title=TITLE,
        home="https://www.gleif.org",
        licence="CC0 1.0",
        attribution="Source: GLEIF, LEI data",
        quota=Quota(1, ("api.gleif.org",)),
        look_up=look_up,
        worth=worth_of(TITLE, entries_of),
        redact=redact,
    ),
)
