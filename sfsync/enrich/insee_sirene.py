"""What does Insee's own register of French companies say, where a key is at hand?

API Sirene 3.11 gives what API Recherche d'entreprises gives, without turnover and VAT number: it is
for who wants Insee's answer of today, or a second source of it. Values that changed are in periods,
the current one first.
"""

from collections.abc import Iterator
from itertools import groupby

from stdnum.fr import siren as siren_number

from sfsync.enrich import countries, french
from sfsync.enrich.answers import Part, address, given
from sfsync.enrich.asking import Asker, Question, Reply, first_match, may_know, worth_of
from sfsync.enrich.matching import question_names
from sfsync.enrich.matching.words import LETTERS
from sfsync.enrich.model import Company, Entry, Found, Item, Match, Place, Scheme, Standing
from sfsync.enrich.persons import LEFT_AWAY, Record, redacted
from sfsync.enrich.provider import PROVIDERS, Answer, Provider, Quota, Web
from sfsync.errors import LookupFailed, SourceUnavailable
from sfsync.facts.people import folded

NAME = "insee-sirene"
TITLE = "Insee Sirene"
_SIRETS = "https://api.insee.fr/api-sirene/3.11/siret"
_STANDINGS = {"A": Standing.ACTIVE, "C": Standing.CEASED}
_SCHEMES = {"NAFRev2": "naf2", "NAFRev1": "naf1", "NAF2025": "naf2025"}


def entries_of(answer: object) -> tuple[Entry, ...]:
    """Read an answer of /siren or /siret, one or a list of them, parsed from JSON; establishments
    of one company are one entry.

    Raises LookupFailed where it is no such answer.
    """
    whole = Part(TITLE, answer)
    units = (*_one(whole.at("uniteLegale")), *whole.at("unitesLegales").each())
    places = (*_one(whole.at("etablissement")), *whole.at("etablissements").each())
    if not units and not places:
        if whole.at("header", "statut").whole() == 404:
            return ()
        said = whole.at("header", "message").text() or "an answer without companies"
        raise LookupFailed(f"{TITLE}: {said}")
    of_units = (_entry(_siren(unit), unit, ()) for unit in units)
    grouped = groupby(sorted(places, key=_siren), key=_siren)
    of_places = (_of_establishments(siren, tuple(group)) for siren, group in grouped)
    return tuple(entry for entry in (*of_units, *of_places) if entry)


def total_of(answer: object) -> int | None:
    """Return how many entries the search found in all."""
    return Part(TITLE, answer).at("header", "total").whole()


def _one(part: Part) -> tuple[Part, ...]:
    return (part,) if part else ()


def _siren(part: Part) -> str:
    return part.at("siren").text()


def _of_establishments(siren: str, group: tuple[Part, ...]) -> Entry | None:
    return _entry(siren, group[0].at("uniteLegale"), group)


def _now(unit: Part) -> Part:
    """Return the part that holds the current values: the unit within an establishment has none."""
    periods = unit.at("periodesUniteLegale").each()
    return periods[0] if periods else unit


def _entry(siren: str, unit: Part, group: tuple[Part, ...]) -> Entry | None:
    now = _now(unit)
    category = now.at("categorieJuridiqueUniteLegale").text()
    is_person = french.is_person(category) or bool(now.at("nomUniteLegale").text())
    names = tuple(dict.fromkeys(_names(unit, now, group)))
    if not siren_number.is_valid(siren) or not (names or is_person):
        return None
    is_masked = unit.at("statutDiffusionUniteLegale").text() != "O"
    is_masked |= any(french.MASK in name for name in names)
    hides = is_person or is_masked
    shown = [part for part in group if part.at("statutDiffusionEtablissement").text() == "O"]
    places = () if hides else tuple(_place(part) for part in shown)
    return Entry(
        provider=NAME,
        key=siren,
        url=french.page_of(siren),
        names=() if hides else names,
        legal_form=french.legal_form(category),
        places=places,
        identifiers={Scheme.SIREN: siren},
        standing=_standing(now),
        is_masked=is_masked,
        is_person=is_person,
        found=() if hides else tuple(_found(siren, unit, places)),
    )


def _standing(now: Part) -> Standing:
    return _STANDINGS.get(now.at("etatAdministratifUniteLegale").text(), Standing.UNKNOWN)


def _names(unit: Part, now: Part, group: tuple[Part, ...]) -> Iterator[str]:
    yield from filter(None, (now.at("denominationUniteLegale").text(),))
    usual = (now.at(f"denominationUsuelle{number}UniteLegale").text() for number in "123")
    yield from filter(None, usual)
    for part in group:
        yield from _signs(part)
    yield from filter(None, (unit.at("sigleUniteLegale").text(),))


def _signs(part: Part) -> Iterator[str]:
    """Give an establishment's own names."""
    names = [f"enseigne{number}Etablissement" for number in "123"]
    for period in part.at("periodesEtablissement").each()[:1]:
        shown = (period.at(name).text() for name in (*names, "denominationUsuelleEtablissement"))
        yield from filter(None, shown)


def _place(part: Part) -> Place:
    where = part.at("adresseEtablissement")
    country = countries.of_insee(where.at("codePaysEtrangerEtablissement").text())
    states = [
        period.at("etatAdministratifEtablissement").text()
        for period in part.at("periodesEtablissement").each()[:1]
    ]
    is_open, is_seat = states != ["F"], part.at("etablissementSiege").flag()
    if country != "FR":  # Towns and streets abroad stand in any order there
        return Place(country=country, is_open=is_open, is_seat=is_seat)
    names = ("numeroVoie", "indiceRepetition", "typeVoie", "libelleVoie")
    street = " ".join(filter(None, (where.at(f"{name}Etablissement").text() for name in names)))
    return Place(
        street=_shown(street),
        postal_code=_shown(where.at("codePostalEtablissement").text()),
        city=_shown(where.at("libelleCommuneEtablissement").text()),
        country=country,
        is_open=is_open,
        is_seat=is_seat,
        names=tuple(_signs(part)),
    )


def _shown(text: str) -> str:
    return "" if french.MASK in text else text


def _found(siren: str, unit: Part, places: tuple[Place, ...]) -> Iterator[Found]:
    now = _now(unit)
    standing = _standing(now)
    day = unit.at("dateDernierTraitementUniteLegale").text()[:10]
    known = {
        Item.REGISTRATION_NUMBER: siren,
        Item.LEGAL_NAME: now.at("denominationUniteLegale").text(),
        Item.STATUS: standing.value if standing != Standing.UNKNOWN else "",
    }
    yield from given(known, day)
    if standing == Standing.CEASED:
        return
    yield from given({Item.ACTIVITY: _activity(now)}, day)
    yield from french.band(
        unit.at("trancheEffectifsUniteLegale").text(),
        unit.at("anneeEffectifsUniteLegale").text(),
    )
    for place in places:
        if place.is_seat and place.is_open:
            yield from address(place, day)


def _activity(now: Part) -> str:
    scheme = _SCHEMES.get(now.at("nomenclatureActivitePrincipaleUniteLegale").text(), "")
    code = french.activity(now.at("activitePrincipaleUniteLegale").text())
    return code if scheme and code.startswith(f"{scheme}:") else ""


def redact(answer: Answer) -> Answer:
    """Leave of sole traders, and of who asked not to be shown, only that there is one."""
    return redacted(answer, "etablissements", _rest_of)


def _rest_of(place: Record) -> Record | None:
    unit = place.get("uniteLegale") or {}
    now = (unit.get("periodesUniteLegale") or [unit])[0]
    category, surname = (now.get(f"{name}UniteLegale") for name in ("categorieJuridique", "nom"))
    is_shown = unit.get("statutDiffusionUniteLegale") == "O"
    if is_shown and not surname and not french.is_person(str(category or "")):
        return None
    names = (now.get("denominationUniteLegale"), unit.get("sigleUniteLegale"), surname)
    rest = {
        "statutDiffusionUniteLegale": unit.get("statutDiffusionUniteLegale"),
        "etatAdministratifUniteLegale": now.get("etatAdministratifUniteLegale"),
        "categorieJuridiqueUniteLegale": category,
        "nomUniteLegale": surname and LEFT_AWAY,
        "denominationUniteLegale": LEFT_AWAY if any(names) else None,
    }
    return {"siren": place.get("siren"), "uniteLegale": rest}


def look_up(company: Company, web: Web, key: str) -> Match | None:
    """Ask by number, else by name with postal code, and by name among the seats."""
    if not key:
        raise SourceUnavailable(f"{TITLE} is asked with a key only, and none is set")
    asker = Asker(web, NAME, TITLE, headers={"X-INSEE-Api-Key-Integration": key})
    return first_match(company, asker.replies(_questions(company), _reply))


def _reply(answer: object) -> Reply:
    given = len(Part(TITLE, answer).at("etablissements").each())
    return Reply.of_page(entries_of(answer), given, total_of(answer))


def _questions(company: Company) -> Iterator[Question]:
    """Ask as published clients of 3.11 do (apisirene, pynsee): what a company and an address are
    called now stands as it is, only what is kept by period would need `periode(...)`.
    """
    own, claimed = french.numbers_of(company)
    if siren := french.siren_of(own or claimed):
        yield _search(f"siren:{siren} AND etablissementSiege:true", by_number=bool(own))
    if not may_know(french.COUNTRIES, company):
        return
    for name in question_names(company)[:1]:
        # Names stand there in capitals without accents; whether a search folds them nobody says.
        plain = folded(name.translate(LETTERS)).strip().upper()
        called = f'denominationUniteLegale:"{plain}"'
        if french.is_postal_code(company.postal_code):
            yield _search(f"{called} AND codePostalEtablissement:{company.postal_code}")
        yield _search(f"{called} AND etablissementSiege:true")


def _search(query: str, *, by_number: bool = False) -> Question:
    return Question(_SIRETS, {"q": query, "nombre": "100"}, by_number)


PROVIDERS.add(
    NAME,
    Provider(
        name=NAME,
        title=TITLE,
        home="https://portail-api.insee.fr",
        licence="Licence Ouverte 2.0",
        attribution="Source: Insee, Sirene",
        quota=Quota(0.5, ("api.insee.fr",)),
        look_up=look_up,
        key="insee_key",
        countries=french.COUNTRIES,
        worth=worth_of(TITLE, entries_of),
        redact=redact,
    ),
)
