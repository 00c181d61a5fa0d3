"""Is each public register asked as its rules say, and does what it sends never break us?"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from register_answers import (
    ANSWERS,
    BRITISH,
    BRITISH_HITS,
    FACTS,
    FILER,
    FRENCH,
    HITS,
    ITEM,
    LEI,
    NO_HITS,
    SIREN,
    SIRENE,
    TICKERS,
    VAT,
    VIES,
    WORLD,
    PaperWeb,
    answer_of,
)
from register_rows import SAMPLES

import sfsync.enrich
from sfsync.enrich import (
    PROVIDERS,
    companies_house,
    gleif,
    insee_sirene,
    recherche_entreprises,
    sec_edgar,
    vies,
    wikidata,
)
from sfsync.enrich.model import Company, Entry, Found, Item, Scheme, Verdict
from sfsync.enrich.provider import Answer, Provider, Worth
from sfsync.errors import LookupFailed, SourceUnavailable

NOW = datetime(2026, 6, 15, 8, tzinfo=UTC)
ROOT = Path(__file__).parents[1]
# The company's own website is no register: its answers are pages.
REGISTERS = [name for name in PROVIDERS if name != "website"]

ATELIER = Company("001", "Atelier Exemple SAS", "FR", postal_code="31000", city="Toulouse")
BY_SIREN = Company("001", "Atelier Exemple", "FR", identifiers={Scheme.SIREN: SIREN})
WORKSHOP = Company("002", "Example Workshop Ltd", "GB", postal_code="G1 1AA", city="Glasgow")
FILING = Company("003", "Example Workshop", "US", postal_code="98501", city="Tumwater")
POLISH = "PL9999999999"
MASKED = {"results": [FRENCH["results"][0] | {"statut_diffusion": "P"}], "total_results": 1}


def listed(lei: str, name: str, **entity: object) -> dict[str, Any]:
    """What the list of LEIs has of the company, under this name."""
    record: dict[str, Any] = json.loads(json.dumps(WORLD["data"][0]))
    record["attributes"]["lei"] = lei
    record["attributes"]["entity"] |= {"legalName": {"name": name}, **entity}
    return record


EXACT = {"data": [listed(LEI, "Atelier Exemple")]}
NAMESAKE = listed("529900OTHEREXAMPLE17", "ATELIER EXEMPLE SAS", registeredAs="552032534")
LONGER = listed("529900THIRDEXAMPLE65", "ATELIER EXEMPLE ET FILS")
NAMESAKES = {"data": [*EXACT["data"], NAMESAKE]}
WIDER = {"data": [*EXACT["data"], LONGER]}


@dataclass(frozen=True)
class LookUp:
    """One company looked up: what the source would answer, what it is asked, what comes of it."""

    why: str
    provider: str
    company: Company
    answers: Sequence[tuple[str, object]]
    asked: Sequence[str]
    verdict: Verdict | None = None
    key: str = ""


LOOK_UPS = (
    LookUp(
        "a number costs one request",
        "recherche-entreprises",
        BY_SIREN,
        [("", FRENCH)],
        [f"/search q={SIREN}"],
        Verdict.SURE,
        SIREN,
    ),
    LookUp(
        "a SIRET asks for the establishment",
        "recherche-entreprises",
        Company("001", "Atelier Exemple", identifiers={Scheme.SIRET: "73282932000074"}),
        [("", FRENCH)],
        ["q=73282932000074"],
        Verdict.SURE,
        SIREN,
    ),
    LookUp(
        "a French VAT number holds the SIREN",
        "recherche-entreprises",
        Company("001", "Atelier Exemple", identifiers={Scheme.VAT: VAT}),
        [("", FRENCH)],
        [f"q={SIREN}"],
        Verdict.SURE,
        SIREN,
    ),
    LookUp(
        "the legal form is not searched for; name and postal code are enough",
        "recherche-entreprises",
        ATELIER,
        [("code_postal=31000", FRENCH)],
        ["q=atelier exemple code_postal=31000"],
        Verdict.SURE,
        SIREN,
    ),
    LookUp(
        "what is not found by postal code is asked by town and by name, and no more",
        "recherche-entreprises",
        ATELIER,
        [],
        ["q=atelier exemple code_postal=31000", "q=atelier exemple Toulouse", "q=atelier exemple"],
    ),
    LookUp(
        "a name alone is for a person",
        "recherche-entreprises",
        Company("001", "Atelier Exemple"),
        [("", FRENCH)],
        ["q=atelier exemple"],
        Verdict.REVIEW,
        SIREN,
    ),
    LookUp(
        "whose own number is masked is not looked for under its name",
        "recherche-entreprises",
        Company("001", "Atelier Exemple", "FR", "", "31000", identifiers={Scheme.SIREN: SIREN}),
        [("", MASKED)],
        [f"q={SIREN}"],
        Verdict.HIDDEN,
    ),
    LookUp(
        "the number on its website is its own where the name agrees",
        "recherche-entreprises",
        Company("001", "Atelier Exemple", "FR", claimed={Scheme.SIREN: SIREN}),
        [("", FRENCH)],
        [f"q={SIREN}"],
        Verdict.SURE,
        SIREN,
    ),
    LookUp(
        "the number on its website is its host's: the company is asked by name",
        "recherche-entreprises",
        Company("001", "Muster", "FR", "", "31000", claimed={Scheme.SIREN: SIREN}),
        [(f"q={SIREN}", FRENCH)],
        [f"q={SIREN}", "q=muster code_postal=31000", "q=muster"],
    ),
    LookUp(
        "the British number on its website is its host's",
        "companies-house",
        Company("002", "Muster", "GB", claimed={Scheme.COMPANIES_HOUSE: "SC123456"}),
        [("company/SC123456", BRITISH)],
        ["/company/SC123456", "/search/companies q=muster"],
    ),
    LookUp(
        "a company of another country is not asked by name",
        "recherche-entreprises",
        WORKSHOP,
        [("", FRENCH)],
        [],
    ),
    LookUp(
        "a placeholder is no question",
        "recherche-entreprises",
        Company("001", "test", "FR", postal_code="31000", city="Toulouse"),
        [("", FRENCH)],
        [],
    ),
    LookUp(
        "Insee gives the address with one request",
        "insee-sirene",
        BY_SIREN,
        [("", SIRENE)],
        [f"/siret q=siren:{SIREN} AND etablissementSiege:true"],
        Verdict.SURE,
        SIREN,
    ),
    LookUp(
        "a name cannot leave its quotes",
        "insee-sirene",
        Company("001", 'Atelier" OR etat:A Exemple', "FR", postal_code="31000"),
        [],
        [
            'denominationUniteLegale:"atelier or etat a exemple" AND codePostal',
            'denominationUniteLegale:"atelier or etat a exemple" AND etablissementSiege:true',
        ],
    ),
    LookUp(
        "a name is searched as it stands in the register, without accents",
        "insee-sirene",
        Company("001", "Société d'Œuvres Étonnées", "FR"),
        [],
        ['denominationUniteLegale:"societe d oeuvres etonnees" AND etablissementSiege:true'],
    ),
    LookUp(
        "an LEI is the address of its record",
        "gleif",
        Company("001", "Atelier Exemple", "FR", identifiers={Scheme.LEI: LEI}),
        [(f"lei-records/{LEI}", {"data": WORLD["data"][0]})],
        [f"/lei-records/{LEI}"],
        Verdict.SURE,
        LEI,
    ),
    LookUp(
        "a national number is asked in both spellings",
        "gleif",
        BY_SIREN,
        [(f"[entity.registeredAs]={SIREN}", {"data": []}), ("", WORLD)],
        [f"filter[entity.registeredAs]={SIREN}", "filter[entity.registeredAs]=732 829 320"],
        Verdict.SURE,
        LEI,
    ),
    LookUp(
        "by name, an answer in which a longer name stands is all that there is",
        "gleif",
        ATELIER,
        [("", WIDER)],
        ["filter[entity.legalName]=atelier exemple filter[entity.legalAddress.country]=FR"],
        Verdict.SURE,
        LEI,
    ),
    LookUp(
        "by name, one that may want the whole name hides no namesake elsewhere",
        "gleif",
        ATELIER,
        [("entity.legalName", EXACT), ("fulltext", NAMESAKES)],
        ["filter[entity.legalName]=atelier exemple", "filter[fulltext]=atelier exemple"],
        Verdict.REVIEW,
        LEI,
    ),
    LookUp(
        "a SIREN in two spellings and a name are three questions",
        "gleif",
        BY_SIREN,
        [("", {"data": []})],
        ["entity.registeredAs", "entity.registeredAs", "filter[fulltext]=atelier exemple"],
    ),
    LookUp(
        "a British number gives the profile",
        "companies-house",
        Company("002", "Example Workshop", "GB", identifiers={Scheme.COMPANIES_HOUSE: "SC123456"}),
        [("company/SC123456", BRITISH)],
        ["/company/SC123456"],
        Verdict.SURE,
        "SC123456",
    ),
    LookUp(
        "of a name that fits the profile is asked too",
        "companies-house",
        WORKSHOP,
        [("search/companies", BRITISH_HITS), ("company/SC123456", BRITISH)],
        ["/search/companies q=example workshop", "/company/SC123456"],
        Verdict.SURE,
        "SC123456",
    ),
    LookUp(
        "of a filer the figures are asked once it is the one",
        "sec-edgar",
        FILING,
        [("company_tickers", TICKERS), ("submissions", FILER), ("companyfacts", FACTS)],
        ["company_tickers.json", "submissions/CIK0000999001.json", "CIK0000999001.json"],
        Verdict.SURE,
        "0000999001",
    ),
    LookUp(
        "nobody on the list is near: one request",
        "sec-edgar",
        Company("003", "Muster und Beispiel", "US"),
        [("company_tickers", TICKERS)],
        ["company_tickers.json"],
    ),
    LookUp("a French company files nothing with the SEC", "sec-edgar", ATELIER, [], []),
    LookUp(
        "no item has the number: three requests, the label and the items",
        "wikidata",
        BY_SIREN,
        [("list=search", NO_HITS), ("wbsearchentities", HITS), ("wbgetentities", ITEM)],
        [f"haswbstatement:P1616={SIREN}", "search=atelier exemple", "ids=Q42000000"],
        Verdict.SURE,
        "Q42000000",
    ),
    LookUp(
        "a label is for a person",
        "wikidata",
        Company("001", "Atelier Exemple", "FR"),
        [("wbsearchentities", HITS), ("wbgetentities", ITEM)],
        ["search=atelier exemple", "ids=Q42000000"],
        Verdict.REVIEW,
        "Q42000000",
    ),
    LookUp(
        "a label and the website are enough",
        "wikidata",
        Company("001", "Atelier Exemple", "FR", website="https://atelier.example.org"),
        [("wbsearchentities", HITS), ("wbgetentities", ITEM)],
        ["search=atelier exemple", "ids=Q42000000"],
        Verdict.SURE,
        "Q42000000",
    ),
    LookUp(
        "a VAT number whose owner has the name is confirmed",
        "vies",
        Company("004", "Atelier Exemple S.A.", "PL", identifiers={Scheme.VAT: POLISH}),
        [("", VIES)],
        ["/ms/PL/vat/9999999999"],
        Verdict.SURE,
        POLISH,
    ),
    LookUp(
        "an owner that is not told confirms nothing",
        "vies",
        Company("004", "Atelier Exemple", "DE", identifiers={Scheme.VAT: "DE136695976"}),
        [("", VIES | {"name": "---", "address": "---"})],
        ["/ms/DE/vat/136695976"],
    ),
    LookUp(
        "of a number that is not valid a person hears",
        "vies",
        Company("004", "Atelier Exemple", "PL", identifiers={Scheme.VAT: POLISH}),
        [("", VIES | {"isValid": False, "userError": "INVALID"})],
        ["/ms/PL/vat/9999999999"],
        Verdict.REVIEW,
    ),
    LookUp("France is asked nothing", "vies", BY_SIREN, [("", VIES)], []),
)


@pytest.mark.parametrize("case", LOOK_UPS, ids=lambda case: f"{case.provider}: {case.why}")
def test_a_look_up_asks_little_and_the_surest_first(case: LookUp) -> None:
    web = PaperWeb(case.answers)
    provider = PROVIDERS.find(case.provider)
    match = provider.look_up(case.company, web, "a key" if provider.key else "")
    assert len(web.asked) == len(case.asked), web.asked
    for question, words in zip(web.asked, case.asked, strict=True):
        said = question.casefold()
        assert all(word.casefold() in said for word in words.split()), question
    assert (match.verdict if match else None) == case.verdict, match
    best = match.candidates[0].entry.key if match and match.candidates else ""
    assert best == case.key


def test_directors_are_never_asked_for() -> None:
    web = PaperWeb([])
    PROVIDERS.find("recherche-entreprises").look_up(ATELIER, web, "")
    for question in web.asked:
        assert "minimal=true include=siege,finances,tva,matching_etablissements" in question


def test_a_filer_s_revenue_comes_with_it() -> None:
    answers = [("company_tickers", TICKERS), ("submissions", FILER), ("companyfacts", FACTS)]
    match = PROVIDERS.find("sec-edgar").look_up(FILING, PaperWeb(answers), "")
    assert match is not None
    found = {each.item.value: each.value for each in match.candidates[0].entry.found}
    assert (found["revenue"], found["revenue_year"], found["activity"]) == (
        6000000,
        2024,
        "ussic:7372",
    )


def test_a_vat_number_that_is_not_valid_is_named() -> None:
    company = Company("004", "Atelier Exemple", "PL", identifiers={Scheme.VAT: POLISH})
    said = VIES | {"isValid": False, "userError": "INVALID"}
    match = PROVIDERS.find("vies").look_up(company, PaperWeb([("", said)]), "")
    assert match is not None
    assert match.why == f"the VAT number {POLISH} is not valid"
    assert match.candidates == ()


@pytest.mark.parametrize("name", [name for name, each in PROVIDERS.items() if each.key])
def test_without_its_key_a_source_is_not_asked(name: str) -> None:
    web = PaperWeb([])
    with pytest.raises(SourceUnavailable, match="key"):
        PROVIDERS.find(name).look_up(WORKSHOP, web, "")
    assert web.asked == []


def test_a_key_goes_where_the_source_wants_it_and_nowhere_else() -> None:
    web = PaperWeb([])
    PROVIDERS.find("insee-sirene").look_up(ATELIER, web, "a secret")
    assert web.headers == {"X-INSEE-Api-Key-Integration": "a secret"}
    PROVIDERS.find("companies-house").look_up(WORKSHOP, web, "another secret")
    assert (web.headers, web.key) == ({}, "another secret")
    assert not any("secret" in question for question in web.asked)


WORTHS: Sequence[tuple[str, object, Worth]] = (
    ("recherche-entreprises", FRENCH, Worth.ANSWER),
    ("recherche-entreprises", {"results": [], "total_results": 0}, Worth.NOTHING),
    ("gleif", {"data": []}, Worth.NOTHING),
    ("companies-house", {"items": []}, Worth.NOTHING),
    ("insee-sirene", SIRENE, Worth.ANSWER),
    ("wikidata", HITS, Worth.ANSWER),
    ("wikidata", NO_HITS, Worth.NOTHING),
    ("wikidata", ITEM, Worth.ANSWER),
    ("wikidata", {"error": {"code": "maxlag"}}, Worth.LATER),
    ("vies", VIES, Worth.ANSWER),
    ("vies", VIES | {"name": "---"}, Worth.ANSWER),
    ("vies", VIES | {"isValid": False, "userError": "INVALID"}, Worth.NOTHING),
    ("vies", VIES | {"isValid": False, "userError": "MS_UNAVAILABLE"}, Worth.LATER),
    ("vies", {"actionSucceed": False, "errorWrappers": [{"error": "TIMEOUT"}]}, Worth.LATER),
    ("sec-edgar", FACTS, Worth.ANSWER),
)


@pytest.mark.parametrize(("name", "body", "worth"), WORTHS)
def test_what_an_answer_is_worth(name: str, body: object, worth: Worth) -> None:
    assert PROVIDERS.find(name).worth(answer_of(body)) == worth


@pytest.mark.parametrize("name", REGISTERS)
def test_what_is_not_found_is_nothing(name: str) -> None:
    if name != "vies":  # which says so in its answer
        assert PROVIDERS.find(name).worth(answer_of({}, 404)) == Worth.NOTHING


@pytest.mark.parametrize("name", ["recherche-entreprises", "gleif", "companies-house", "wikidata"])
def test_what_is_no_answer_of_the_source_is_said(name: str) -> None:
    with pytest.raises(ValueError, match=re.escape(PROVIDERS.find(name).title)):
        PROVIDERS.find(name).worth(answer_of(["a page of somebody else"]))


# Every function that reads an answer, and the answers that it reads.
READERS: Mapping[Callable[[object], object], Sequence[object]] = {
    recherche_entreprises.entries_of: ANSWERS["recherche-entreprises"],
    insee_sirene.entries_of: ANSWERS["insee-sirene"],
    gleif.entries_of: ANSWERS["gleif"],
    companies_house.entries_of: ANSWERS["companies-house"],
    sec_edgar.entries_of: (FILER,),
    sec_edgar.revenue_of: (FACTS,),
    wikidata.entries_of: (ITEM,),
    wikidata.candidates_of: (HITS, NO_HITS),
    vies.entries_of: ANSWERS["vies"],
}
NUMBERS = (0, -1, 10**400, float("nan"), float("inf"), "2024", "２０２４")
TEXTS = ("", "x", "None", "\ud800", "\x00\x1b[31m")
SHAPES = (None, True, [], {}, [[]], [None], {"x": None}, {"": {}}, {"\n\x07": 1})
JUNK = st.sampled_from((*NUMBERS, *TEXTS, *SHAPES))


def paths_of(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The way to each part of a JSON value, itself first."""
    inner: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [path, *(each for name, part in inner for each in paths_of(part, (*path, name)))]


def with_part(value: object, path: tuple[str | int, ...], part: object) -> object:
    """A copy in which the part at `path` is another."""
    if not path:
        return part
    first, *rest = path
    if isinstance(value, dict):
        return value | {first: with_part(value[first], tuple(rest), part)}
    assert isinstance(value, list)
    assert isinstance(first, int)
    return [*value[:first], with_part(value[first], tuple(rest), part), *value[first + 1 :]]


def said_by(read: Callable[[object], object], answer: object) -> str | tuple[object, ...]:
    """What a reader gives, or the message with which it refuses."""
    try:
        found = read(answer)
    except (LookupFailed, SourceUnavailable) as error:
        return str(error)
    assert isinstance(found, tuple)
    return found


def name_of(read: Callable[[object], object]) -> str:
    """The provider whose answers a function reads."""
    return read.__module__.removeprefix("sfsync.enrich.").replace("_", "-")


def recorded_of(read: Callable[[object], object]) -> list[object]:
    """The recorded answers that are at hand, of what this function reads."""
    files = (SAMPLES / name_of(read)).glob("*.json") if SAMPLES.is_dir() else ()
    found = []
    for path in sorted(files, key=lambda path: path.stat().st_size)[:6]:
        body = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(said_by(read, body), str):
            found.append(body)
    return found


SEEDS = {read: [*bodies, *recorded_of(read)] for read, bodies in READERS.items()}


@pytest.mark.parametrize("read", READERS, ids=lambda read: f"{read.__module__}.{read.__name__}")
@given(data=st.data())
@settings(max_examples=40)
def test_whatever_a_source_sends_is_read_or_refused_by_name(
    read: Callable[[object], object], data: st.DataObject
) -> None:
    answer = data.draw(st.sampled_from(SEEDS[read]))
    for _ in range(data.draw(st.integers(1, 3))):
        paths = paths_of(answer)
        answer = with_part(answer, data.draw(st.sampled_from(paths)), data.draw(JUNK))
    said = said_by(read, answer)
    if isinstance(said, str):
        title = PROVIDERS.find(name_of(read)).title
        assert said.startswith(title)
        assert said.isprintable()
    else:
        # What is left away of people changes nothing of what is read.
        body = Answer(200, json.dumps(answer).encode(), "", NOW)
        redacted = PROVIDERS.find(name_of(read)).redact(body)
        assert said_by(read, json.loads(redacted.body)) == said
        for each in said:
            assert_fit_to_write(each)


def assert_fit_to_write(each: object) -> None:
    """Nothing that goes on from here breaks a line, a terminal or a database."""
    if isinstance(each, Entry):
        assert all(name and name.isprintable() for name in each.names)
        hides = each.is_masked or each.is_person
        assert not (hides and (each.names or each.places or each.found))
        for found in each.found:
            assert_fit_to_write(found)
    elif isinstance(each, Found):
        assert each.value not in ("", None)
        assert not isinstance(each.value, str) or each.value.isprintable()
        assert each.as_of.isprintable()
    else:
        assert isinstance(each, str)


READS = {
    "recherche-entreprises": recherche_entreprises.entries_of,
    "insee-sirene": insee_sirene.entries_of,
    "gleif": gleif.entries_of,
}
PEOPLE: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "recherche-entreprises": (
        {
            **FRENCH["results"][0],
            "nature_juridique": "1000",
            "nom_complet": "JEANNE EXEMPLE (CHEZ JEANNE)",
        },
        "results",
    ),
    "insee-sirene": (
        {
            **SIRENE["etablissements"][0],
            "uniteLegale": {
                **SIRENE["etablissements"][0]["uniteLegale"],
                "denominationUniteLegale": None,
                "nomUniteLegale": "EXEMPLE",
                "prenom1UniteLegale": "JEANNE",
            },
        },
        "etablissements",
    ),
    "gleif": (
        {
            "type": "lei-records",
            "attributes": {
                "lei": LEI,
                "entity": {
                    "category": "SOLE_PROPRIETOR",
                    "legalName": {"name": "JEANNE EXEMPLE"},
                    "legalAddress": {"addressLines": ["3 RUE DES EXEMPLES"]},
                },
                "registration": {"status": "ISSUED"},
            },
        },
        "data",
    ),
}


@pytest.mark.parametrize("name", PEOPLE)
def test_of_people_only_a_number_is_kept(name: str) -> None:
    record, part = PEOPLE[name]
    body = json.dumps({part: [record]}).encode()
    kept = PROVIDERS.find(name).redact(Answer(200, body, "", NOW)).body.decode()
    assert not [word for word in ("JEANNE", "EXEMPLE", "31000") if word in kept]
    (entry,) = READS[name](json.loads(kept))
    assert entry.is_person
    assert (entry.names, entry.places, entry.found) == ((), (), ())


@pytest.mark.parametrize("name", PEOPLE)
@pytest.mark.parametrize("odd", [{}, None, "?", ["?"]], ids=["empty", "null", "text", "list"])
def test_a_record_that_cannot_be_read_keeps_no_other_one(name: str, odd: object) -> None:
    record, part = PEOPLE[name]
    body = json.dumps({part: [record, odd]}).encode()
    kept = PROVIDERS.find(name).redact(Answer(200, body, "", NOW)).body.decode()
    assert not [word for word in ("JEANNE", "EXEMPLE", "31000") if word in kept]


def test_of_a_person_whose_registration_is_missing_only_a_number_is_kept() -> None:
    record = json.loads(json.dumps(PEOPLE["gleif"][0]))
    del record["attributes"]["registration"]
    read = gleif.entries_of({"data": [record]})
    answer = Answer(200, json.dumps({"data": [record]}).encode(), "", NOW)
    kept = PROVIDERS.find("gleif").redact(answer).body.decode()
    assert "EXEMPLE" not in kept
    assert gleif.entries_of(json.loads(kept)) == read


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_provider_is_one_file_of_its_name(name: str) -> None:
    provider = PROVIDERS.find(name)
    module = name.replace("-", "_")
    assert provider.name == name
    assert provider.look_up.__module__.startswith(f"sfsync.enrich.{module}")
    folder = Path(sfsync.enrich.__file__).parent
    assert (folder / f"{module}.py").is_file() or (folder / module).is_dir()


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_provider_says_whose_data_it_gives(name: str) -> None:
    provider = PROVIDERS.find(name)
    for text in (provider.title, provider.licence, provider.attribution):
        assert text.strip()
    assert provider.home.startswith("https://")
    assert provider.quota.per_second > 0
    assert provider.countries <= {code for code in provider.countries if len(code) == 2}
    assert 0 < provider.keeps_nothing_days <= provider.keeps_days


@pytest.mark.parametrize("name", REGISTERS)
def test_a_register_has_hosts_and_an_answer_to_test_with(name: str) -> None:
    assert PROVIDERS.find(name).quota.hosts
    assert ANSWERS[name]
    assert not SAMPLES.is_dir() or any((SAMPLES / name).glob("*.json"))


def row_of(provider: Provider) -> str:
    """A provider's row in the table of docs/enrich.md, behind what it gives."""
    key = f"`{provider.key}`" if provider.key else "none"
    quota = f"{provider.quota.per_second:g}/s"
    title = f"[{provider.title}]({provider.home})"
    return " | ".join((title, provider.licence, provider.attribution, quota, key))


@pytest.mark.parametrize("name", PROVIDERS)
def test_the_docs_tell_of_each_source(name: str) -> None:
    page = (ROOT / "docs" / "enrich.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \| ([^|]+) \| (.+) \|$", page, re.MULTILINE)
    said = {first: (gives, rest) for first, gives, rest in rows}
    gives, rest = said[name]
    assert rest == row_of(PROVIDERS.find(name))
    assert len(gives) > len("what it gives")


def test_the_example_of_add_a_provider_finds_its_company(monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs" / "add-a-provider.md").read_text(encoding="utf-8")
    (source,) = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    monkeypatch.setattr(PROVIDERS, "_items", dict(PROVIDERS._items))
    exec(compile(source, "docs/add-a-provider.md", "exec"), {})  # the docs' own code
    provider = PROVIDERS.find("example-register")
    works = {"number": "7", "name": "Example Works", "town": "Exampleton", "employees": 12}
    answer = {"companies": [works | {"updated": "2026-05-17"}], "total": 1}
    web = PaperWeb([("town=Exampleton", answer)])
    company = Company("005", "Example Works Ltd", "XX", city="Exampleton")
    match = provider.look_up(company, web, "")
    assert match is not None
    assert (match.verdict, match.candidates[0].entry.key) == (Verdict.SURE, "7")
    assert Found(Item.EMPLOYEES_LEAST, 12, "2026-05-17") in match.candidates[0].entry.found
    elsewhere = Company("006", "Example Works", "FR", city="Exampleton")
    assert provider.look_up(elsewhere, web, "") is None
    assert len(web.asked) == 1
    assert provider.worth(answer_of({"companies": []})) == Worth.NOTHING
