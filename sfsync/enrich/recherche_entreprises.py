"""What does the French register of companies say, asked without a key?

API Recherche d'entreprises gives Sirene, the size band, one year of turnover and the VAT number.
Its search finds companies by address and directors too, so a hit need not have a name in common
with what was asked.
"""

import re
from collections.abc import Iterator

from stdnum.fr import siren as siren_number

from sfsync.enrich import countries, french
from sfsync.enrich.answers import Part, address, given, money
from sfsync.enrich.asking import Asker, Question, Reply, first_match, may_know, worth_of
from sfsync.enrich.matching import question_names
from sfsync.enrich.model import Company, Entry, Found, Item, Match, Place, Scheme, Standing
from sfsync.enrich.persons import LEFT_AWAY, Record, redacted
from sfsync.enrich.provider import PROVIDERS, Answer, Provider, Quota, Web
from sfsync.errors import LookupFailed

NAME = "recherche-entreprises"
TITLE = "API Recherche d'entreprises"
_SEARCH = "https://recherche-entreprises.api.gouv.fr/search"
# Directors are persons: by this list they are never sent to us.
_ASKED = {
    "minimal": "true",
    "include": "siege,finances,tva,matching_etablissements",
    "per_page": "25",
    "limite_matching_etablissements": "100",
}
_SHORTEST = 3  # a shorter text is not searched for without a place
_STANDINGS = {"A": Standing.ACTIVE, "C": Standing.CEASED}
_BRACKETS = re.compile(r"\(([^()]*)\)")
_CARE_OF = re.compile(r"^(?:chez|c/o)\b", re.IGNORECASE)
_YEAR = re.compile(r"\d{4}")


def entries_of(answer: object) -> tuple[Entry, ...]:
    """Read an answer of /search, parsed from JSON; companies without any name are left out.

    Raises LookupFailed where it is not such an answer.
    """
    whole = Part(TITLE, answer)
    if whole.at("results").value is None:
        said = whole.at("erreur").text() or "an answer without results"
        raise LookupFailed(f"{TITLE}: {said}")
    entries = (_entry(result) for result in whole.at("results").each())
    return tuple(entry for entry in entries if entry)


def total_of(answer: object) -> int | None:
    """Return how many companies the search found in all, also those not in the answer."""
    return Part(TITLE, answer).at("total_results").whole()


def _entry(result: Part) -> Entry | None:
    siren = result.at("siren").text()
    names = tuple(dict.fromkeys(_names(result)))
    if not siren_number.is_valid(siren) or not names:
        return None
    is_masked = any(french.MASK in name for name in names)
    is_masked |= result.at("statut_diffusion").text() != "O"
    is_person = french.is_person(result.at("nature_juridique").text())
    hides = is_masked or is_person
    found = () if hides else tuple(_found(result, siren))
    vat = [(Scheme.VAT, str(each.value)) for each in found if each.item == Item.VAT_NUMBER]
    return Entry(
        provider=NAME,
        key=siren,
        url=french.page_of(siren),
        names=() if hides else names,
        legal_form=french.legal_form(result.at("nature_juridique").text()),
        places=() if hides else tuple(_places(result)),
        identifiers=dict([(Scheme.SIREN, siren), *vat]),
        standing=_standing(result),
        is_masked=is_masked,
        is_person=is_person,
        found=found,
    )


def _standing(result: Part) -> Standing:
    return _STANDINGS.get(result.at("etat_administratif").text(), Standing.UNKNOWN)


def _names(result: Part) -> Iterator[str]:
    """Give the legal name, the trade names, and the initials."""
    legal, full = (result.at(name).text() for name in ("nom_raison_sociale", "nom_complet"))
    # The full name is the legal name, then the trade name and the initials in brackets. A legal
    # name may hold brackets of its own.
    tail = full.removeprefix(legal) if legal else full[full.find("(") :] if "(" in full else ""
    yield from filter(None, (legal or full.removesuffix(tail).strip(),))
    yield from (part.strip() for part in _BRACKETS.findall(tail) if part.strip())
    for part in (result.at("siege"), *result.at("matching_etablissements").each()):
        if _is_shown(part):
            yield from filter(None, (part.at("nom_commercial").text(),))
            yield from part.at("liste_enseignes").texts()
    yield from filter(None, (result.at("sigle").text(),))


def _places(result: Part) -> Iterator[Place]:
    """Give the seat, then the establishments that the answer shows."""
    seat = result.at("siege")
    if _is_shown(seat) and seat.at("siret").text():
        yield _place(seat, is_seat=True)
    for part in result.at("matching_etablissements").each():
        if _is_shown(part) and part.at("siret").text() != seat.at("siret").text():
            yield _place(part)


def _is_shown(establishment: Part) -> bool:
    return establishment.at("statut_diffusion_etablissement").text() in ("O", "")


def _place(part: Part, *, is_seat: bool = False) -> Place:
    country = countries.of_insee(part.at("code_pays_etranger").text())
    is_open = part.at("etat_administratif").text() != "F"
    if country != "FR":  # Towns and streets abroad stand in any order there
        return Place(country=country, is_open=is_open, is_seat=is_seat)
    return Place(
        street=_street(part),
        postal_code=_shown(part.at("code_postal").text()),
        city=_shown(part.at("libelle_commune").text()),
        country=country,
        is_open=is_open,
        is_seat=is_seat,
        names=tuple(_signs(part, is_seat=is_seat)),
    )


def _signs(part: Part, *, is_seat: bool) -> Iterator[str]:
    """Give an establishment's own names; the seat's trade name is the whole company's."""
    if not is_seat:
        yield from filter(None, (part.at("nom_commercial").text(),))
    yield from part.at("liste_enseignes").texts()


def _street(part: Part) -> str:
    """Return the street without the person at whose home a company has its seat."""
    number = part.at("numero_voie").text()
    if last := part.at("dernier_numero_voie").text():
        number = f"{number}-{last}"
    repeated = part.at("indice_repetition").text()
    way = " ".join(part.at(name).text() for name in ("type_voie", "libelle_voie")).strip()
    addition = part.at("complement_adresse").text()
    if number or _CARE_OF.match(addition):
        addition = ""
    return _shown(" ".join(filter(None, (addition, number, repeated, way))))


def _shown(text: str) -> str:
    return "" if french.MASK in text else text


def _found(result: Part, siren: str) -> Iterator[Found]:
    day = result.at("date_mise_a_jour").text()[:10]
    standing = _standing(result)
    known = {
        Item.REGISTRATION_NUMBER: siren,
        Item.LEGAL_NAME: result.at("nom_raison_sociale").text(),
        Item.STATUS: standing.value if standing != Standing.UNKNOWN else "",
    }
    yield from given(known, day)
    if standing == Standing.CEASED:
        return
    activity = french.activity(result.at("activite_principale").text())
    yield from given({Item.VAT_NUMBER: _vat(result, siren), Item.ACTIVITY: activity}, day)
    yield from french.band(
        result.at("tranche_effectif_salarie").text(),
        result.at("annee_tranche_effectif_salarie").text(),
    )
    yield from _revenue(result.at("finances"))
    yield from _address(result.at("siege"), day)


def _vat(result: Part, siren: str) -> str:
    """Return the VAT number listed; where no list is given at all, the one that the SIREN makes.

    An empty list says that the company has none.
    """
    listed = result.at("tva")
    is_abroad = bool(result.at("siege", "code_pays_etranger").text())
    if not listed and not is_abroad:
        return french.vat_of(siren)
    return next((number for number in listed.texts() if french.is_vat(number)), "")


def _revenue(finances: Part) -> Iterator[Found]:
    """Give the newest year's turnover; none, zero and less say nothing."""
    years = [
        (year, amount)
        for year, part in finances.items()
        if _YEAR.fullmatch(year) and (amount := part.at("ca").whole()) is not None
    ]
    year, amount = max(years, default=("", 0))
    if amount > 0:
        yield from money(amount, "EUR", year)


def _address(seat: Part, day: str) -> Iterator[Found]:
    """Give the address of the seat, where it is open."""
    if seat.at("siret").text() and _is_shown(seat):
        place = _place(seat, is_seat=True)
        yield from address(place, day) if place.is_open else ()


def redact(answer: Answer) -> Answer:
    """Leave of sole traders, and of who asked not to be shown, only that there is one."""
    return redacted(answer, "results", _rest_of)


def _rest_of(result: Record) -> Record | None:
    is_person = french.is_person(str(result.get("nature_juridique") or ""))
    if result.get("statut_diffusion") == "O" and not is_person:
        return None
    names = ("siren", "nature_juridique", "etat_administratif", "statut_diffusion")
    return {name: result.get(name) for name in names} | {"nom_complet": LEFT_AWAY}


def look_up(company: Company, web: Web, key: str) -> Match | None:
    """Ask by number, else by names with postal code, name with town, name alone."""
    asker = Asker(web, NAME, TITLE)
    return first_match(company, asker.replies(_questions(company), _reply))


def _reply(answer: object) -> Reply:
    given = len(Part(TITLE, answer).at("results").each())
    return Reply.of_page(entries_of(answer), given, total_of(answer))


def _questions(company: Company) -> Iterator[Question]:
    own, claimed = french.numbers_of(company)
    if own or claimed:
        yield Question(_SEARCH, _ASKED | {"q": own or claimed}, by_number=bool(own))
    if not may_know(french.COUNTRIES, company):
        return
    names = question_names(company)
    if french.is_postal_code(company.postal_code):
        for name in names[:2]:
            yield Question(_SEARCH, _ASKED | {"q": name, "code_postal": company.postal_code})
    for name in names[:1]:
        if company.city:
            yield Question(_SEARCH, _ASKED | {"q": f"{name} {company.city}"})
        if len(name) >= _SHORTEST:
            yield Question(_SEARCH, _ASKED | {"q": name})


PROVIDERS.add(
    NAME,
    Provider(
        name=NAME,
        title=TITLE,
        home="https://recherche-entreprises.api.gouv.fr",
        licence="Licence Ouverte 2.0",
        attribution="Source: API Recherche d'entreprises (DINUM), Insee, INPI, DGFiP",
        quota=Quota(4, ("recherche-entreprises.api.gouv.fr",)),
        look_up=look_up,
        countries=french.COUNTRIES,
        worth=worth_of(TITLE, entries_of),
        redact=redact,
    ),
)
