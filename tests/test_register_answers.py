"""Does each recorded answer of the other registers give what a person reads in the file?

What is expected was written by hand from the files. Answers of the French register are in
test_recherche_entreprises.py.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest
from register_rows import SAMPLES, found_of, place_row, recorded

from sfsync.enrich import companies_house, gleif, insee_sirene, sec_edgar, vies, wikidata
from sfsync.enrich.model import Entry, Found, Item, Scheme
from sfsync.errors import LookupFailed, SourceUnavailable
from sfsync.model import Value

pytestmark = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason="the recorded answers are not at hand here"
)

Read = Callable[[object], tuple[Entry, ...]]
READ: Mapping[str, Read] = {
    "gleif": gleif.entries_of,
    "companies-house": companies_house.entries_of,
    "vies": vies.entries_of,
    "insee-sirene": insee_sirene.entries_of,
    "wikidata": wikidata.entries_of,
    "sec-edgar": sec_edgar.entries_of,
}


@dataclass(frozen=True)
class Row:
    """What one company of an answer gives; `found` leaves out what says who and where it is."""

    key: str
    names: tuple[str, ...]
    places: tuple[str, ...]
    form: str = ""
    numbers: str = ""
    standing: str = "active"
    flags: str = ""
    found: str = ""


_WHO = (Item.LEGAL_NAME, Item.STATUS, Item.STREET, Item.POSTAL_CODE, Item.CITY, Item.COUNTRY)


def row_of(entry: Entry) -> Row:
    found = {item: value for item, value in found_of(entry).items() if item not in _WHO}
    flags = (("masked", entry.is_masked), ("person", entry.is_person))
    return Row(
        key=entry.key,
        names=entry.names,
        places=tuple(place_row(place) for place in entry.places),
        form=entry.legal_form,
        numbers=" ".join(f"{scheme}:{number}" for scheme, number in entry.identifiers.items()),
        standing=entry.standing.value,
        flags=" ".join(word for word, holds in flags if holds),
        found=" ".join(f"{item}:{value}" for item, value in found.items()),
    )


AMAZON_UK = Row(
    "254900LNRYNOQ9YPU758",
    (
        "Amazon Digital UK Limited",
        "AMAZON VIDEO LIMITED",
        "AMAZON INSTANT VIDEO LIMITED",
        "LOVEFILM UK LIMITED",
        "LOVEFILM LIMITED",
    ),
    ("1 Principal Place, Worship Street, EC2A 2FA London GB",),
    "ltd",
    "lei:254900LNRYNOQ9YPU758 companies_house:06528297",
    found="registration_number:06528297",
)
SHELL = Row(
    "21380068P1DRHMJ8KU70",
    ("SHELL PLC", "ROYAL DUTCH SHELL PLC"),
    ("SHELL CENTRE, SE1 7NA LONDON GB",),
    "plc",
    "lei:21380068P1DRHMJ8KU70 companies_house:04366849",
    found="registration_number:04366849",
)
PUMA = Row(
    "529900GRZ2BQY5ZM9N49",
    ("PUMA SE",),
    ("PUMA Way 1, 91074 Herzogenaurach DE",),
    "se",
    "lei:529900GRZ2BQY5ZM9N49",
    found="registration_number:HRB13085",
)
MICROSOFT = Row(
    "INR2EJN1ERAN0W5ZP974",
    ("MICROSOFT CORPORATION",),
    (
        "ONE MICROSOFT WAY, 98052-8300 REDMOND US",
        "300 DESCHUTES WAY SW STE 208 MC-CSC1, 98501 TUMWATER US",
    ),
    "inc",
    "lei:INR2EJN1ERAN0W5ZP974",
    found="registration_number:600413485",
)
# Its registration lapsed for want of a fee; it lives. It is one person's.
SOLE_TRADER = Row(
    "335800CCCPHKUOXPC332", (), (), numbers="lei:335800CCCPHKUOXPC332", flags="person"
)

ROWS: Mapping[str, list[Row]] = {
    "gleif/lei-record-21380068P1DRHMJ8KU70-shell": [SHELL],
    "gleif/lei-record-335800CCCPHKUOXPC332-lapsed": [SOLE_TRADER],
    "gleif/lei-record-529900GRZ2BQY5ZM9N49-puma": [PUMA],
    "gleif/lei-record-549300LBI3LRIZ2V8V66-lapsed-fund": [],
    "gleif/lei-record-INR2EJN1ERAN0W5ZP974-microsoft": [MICROSOFT],
    "gleif/ultimate-parent-amazon-digital-uk": [
        Row(
            "ZXTILKJKG63JELOEG630",
            ("AMAZON.COM, INC.",),
            (
                "410 Terry Ave North, 98109 Seattle US",
                "251 LITTLE FALLS DRIVE, 19808 WILMINGTON US",
            ),
            "inc",
            "lei:ZXTILKJKG63JELOEG630",
            found="registration_number:2620453",
        )
    ],
    "gleif/lei-records-search-12": [
        AMAZON_UK,
        SOLE_TRADER,
        Row(
            "984500983AD71E4FBC41",
            ("PROVENANT INC.",),
            ("8 THE GREEN, STE B, 19901 DOVER US",),
            "inc",
            "lei:984500983AD71E4FBC41",
            found="registration_number:4763016",
        ),
        Row(
            "254900MSZM6DMP853B11",
            ("ROCA NETWORKS INC.",),
            ("445 Apple Creek Blvd., Suite 220, L3R 9X7 Markham CA",),
            "",
            "lei:254900MSZM6DMP853B11",
            found="registration_number:2167978",
        ),
        Row(
            "549300YX4S1LLSMK2627",
            ("APPLE ENERGY LLC",),
            (
                "One Apple Park Way, 95014 Cupertino US",
                "Corporation Trust Center, 1209 Orange Street, 19801 Wilmington US",
            ),
            "llc",
            "lei:549300YX4S1LLSMK2627",
            found="registration_number:6021863",
        ),
        Row(
            "549300O897ZC5H7CY412",
            ("Nordic Legal Entity Identifier AB",),
            ("Kungsgatan 56, 111 22 Stockholm SE",),
            "ab",
            "lei:549300O897ZC5H7CY412",
            found="registration_number:556708-1699",
        ),
        SHELL,
        PUMA,
        Row(
            "5299001ERX0K10IZUL40",
            ("Fraport AG Frankfurt Airport Services Worldwide",),
            ("Flughafen,Geb. 178, 60547 Frankfurt am Main DE",),
            "ag",
            "lei:5299001ERX0K10IZUL40",
            found="registration_number:HRB7042",
        ),
        Row(
            "5493001KJTIIGC8Y1R12",
            ("Bloomberg Finance L.P.",),
            (
                "731 Lexington Avenue, 10022 New York US",
                "251 Little Falls Drive, 19808 Wilmington US",
            ),
            "lp",
            "lei:5493001KJTIIGC8Y1R12",
            found="registration_number:4348344",
        ),
        MICROSOFT,
        Row(
            "851WYGNLUQLFZBSYGB56",
            ("COMMERZBANK Aktiengesellschaft",),
            ("Kaiserstraße 16, 60311 Frankfurt am Main DE",),
            "ag",
            "lei:851WYGNLUQLFZBSYGB56",
            found="registration_number:HRB32000",
        ),
    ],
    "gleif/direct-children-empty-page": [],
    "gleif/direct-parent-reporting-exception": [],
    "gleif/fuzzycompletions-facebook": [],
    "gleif/autocompletions-global": [],
    "companies-house/company-00002065-lloyds": [
        Row(
            "00002065",
            (
                "LLOYDS BANK PLC",
                "LLOYDS TSB BANK PLC",
                "LLOYDS BANK LIMITED",
                "LLOYDS, BARNETTS AND BOSANQUETS BANK LIMITED",
                "LLOYDS BANKING COMPANY LIMITED",
            ),
            ("25 Gresham Street, EC2V 7HN London GB",),
            "plc",
            "companies_house:00002065",
            found="registration_number:00002065 activity:uksic:64191",
        )
    ],
    "companies-house/synthetic-search-companies-tesco": [
        Row(
            "00445790",
            ("TESCO PLC",),
            ("Tesco House, Shire Park, Kestrel Way, AL7 1GA Welwyn Garden City GB",),
            "plc",
            "companies_house:00445790",
            found="registration_number:00445790",
        ),
        Row(
            "SC123456",
            ("EXAMPLE TESCO CATERING LIMITED",),
            ("1 Example Street, G1 1AA Glasgow GB",),
            "ltd",
            "companies_house:SC123456",
            "ceased",
            found="registration_number:SC123456",
        ),
    ],
    "companies-house/synthetic-error-not-found": [],
    "vies/ms-PL-vat-7740001454-valid": [
        Row(
            "7740001454",
            ("ORLEN SPÓŁKA AKCYJNA",),
            ("CHEMIKÓW 7, 09-411 PŁOCK",),
            numbers="vat:7740001454",
            found="vat_number:7740001454",
        )
    ],
    "vies/handedited-ms-FR-vat-danone-2023": [
        Row(
            "29528163777",
            ("SA DANONE",),
            ("17 BD HAUSSMANN, 75009 PARIS",),
            numbers="vat:29528163777",
            found="vat_number:29528163777",
        )
    ],
    "vies/synthetic-ms-DE-valid-no-name": [],
    "vies/synthetic-ms-FR-invalid": [],
    "insee-sirene/v3-siren-130025265-dinum-a-date": [
        Row(
            "130025265",
            ("DIRECTION INTERMINISTERIELLE DU …", "DINUM"),
            (),
            numbers="siren:130025265",
            found="registration_number:130025265 activity:naf2:84.11Z employees_band:100-199"
            " employees_least:100 employees_most:199 employees_year:2020",
        )
    ],
    "insee-sirene/v3-siren-130025265-dinum-historique": [
        Row(
            "130025265",
            ("DIRECTION INTERMINISTERIELLE DU …", "DINUM"),
            (),
            numbers="siren:130025265",
            found="registration_number:130025265 activity:naf2:84.11Z employees_band:100-199"
            " employees_least:100 employees_most:199 employees_year:2020",
        )
    ],
    "insee-sirene/v3-siren-345086177-camaieu-a-date": [
        Row(
            "345086177",
            ("CAMAIEU INTERNATIONAL",),
            (),
            "sas",
            "siren:345086177",
            found="registration_number:345086177 activity:naf2:47.71Z employees_band:0"
            " employees_least:0 employees_most:0 employees_year:2020",
        )
    ],
    "insee-sirene/v3-siret-26570134200148-masquer-valeurs-nulles": [
        Row(
            "265701342",
            ("CENTRE COMMUNAL D'ACTION SOCIALE", "CCAS"),
            ("22 RUE DU WAD BILLY, 57000 METZ FR",),
            numbers="siren:265701342",
            found="registration_number:265701342 activity:naf2:88.99B employees_band:50-99"
            " employees_least:50 employees_most:99 employees_year:2019",
        )
    ],
    "sec-edgar/submissions-CIK0001318605-tesla": [
        Row(
            "0001318605",
            ("Tesla, Inc.", "TESLA MOTORS INC"),
            ("3500 DEER CREEK RD, 94304 PALO ALTO US",),
            numbers="cik:0001318605",
            standing="unknown",
            found="activity:ussic:3711",
        )
    ],
    "wikidata/entity-Q217595-oxford-university-press": [
        Row(
            "Q217595",
            (
                "Oxford University Press",
                "OUP",
                "Clarendon Press",
                "Oxford UP",
                "Oxford University Press -- Correspondence",
                "Oxford Univ. Press",
            ),
            ("GB",),
            numbers="wikidata:Q217595",
            standing="unknown",
            found="website:http://oup.com linkedin:https://www.linkedin.com/company/oup",
        )
    ],
    "wikidata/entity-Q2283-microsoft": [
        Row(
            "Q2283",
            (
                "Microsoft",
                "Microsoft Corporation",
                "MS",
                "MSFT",
                "Microsoft Corp.",
                "Micro-Soft",
            ),
            ("98052 US",),
            numbers="wikidata:Q2283 lei:INR2EJN1ERAN0W5ZP974 cik:0000789019",
            standing="unknown",
            found="website:https://www.microsoft.com/ employees_least:144000 employees_most:144000"
            " employees_year:2019 revenue:125843000000 revenue_year:2019 revenue_currency:USD",
        )
    ],
    "wikidata/entity-Q29568422-wikitribune": [
        Row(
            "Q29568422",
            ("WikiTribune", "Wikitribune", "wikitribune.com", "Wiki TRIBUNE"),
            ("GB",),
            numbers="wikidata:Q29568422",
            standing="unknown",
            found="website:https://www.wikitribune.com/"
            " linkedin:https://www.linkedin.com/company/wikitribune",
        )
    ],
    "wikidata/entity-Q2994760-couperin": [
        Row(
            "Q2994760",
            (
                "Couperin Consortium",
                "Consortium universitaire de publications numériques",
                "Couperin",
                "Academic Consortium for Electronic Publications",
                "Consortium unifié des établissements universitaires et de recherche pour l'accès"
                " aux publications numériques",
                "couperin.org",
                "COUPERIN",
                "Consortium Couperin",
            ),
            ("FR",),
            numbers="wikidata:Q2994760 siren:509232856 vat:FR87509232856",
            standing="unknown",
            found="registration_number:509232856 website:http://www.couperin.org/",
        )
    ],
    "wikidata/entity-Q30273752-microsoft-france": [
        Row(
            "Q30273752",
            ("Microsoft (France)",),
            ("FR",),
            numbers="wikidata:Q30273752 siren:327733184",
            standing="unknown",
            found="registration_number:327733184 website:https://www.microsoft.com/fr-fr",
        )
    ],
    "wikidata/entity-Q773832-warsaw-commuter-railway": [
        Row(
            "Q773832",
            ("Warsaw Commuter Railway", "Warszawska Kolej Dojazdowa", "WKD"),
            ("PL",),
            numbers="wikidata:Q773832",
            standing="unknown",
            found="website:http://www.wkd.com.pl employees_least:252 employees_most:252"
            " employees_year:2015",
        )
    ],
    "wikidata/error-no-such-entity": [],
}

# Answers to questions that are not asked, or that are read otherwise below.
ELSEWHERE = {
    "gleif/lei-record-data-529900FCMZ4LKXFD0R69-airbus-fr",
    "companies-house/enumerations-subset",
    "vies/synthetic-ms-ms-max-concurrent-req",
    "vies/synthetic-ms-ms-unavailable",
    "vies/synthetic-ms-timeout",
    "vies/synthetic-post-check-error",
    "sec-edgar/company_tickers-first-300",
    "sec-edgar/companyfacts-CIK0001640147-snowflake",
    "sec-edgar/companyfacts-CIK0001997711-lpa-ifrs",
    "wikidata/entity-Q83259-ens-paris",
    "wikidata/error-maxlag",
    "wikidata/wbsearchentities-abc",
    "wikidata/synthetic-statement-shapes",
    "wikidata/synthetic-sparql-by-siren-327733184",
    "wikidata/synthetic-sparql-empty",
}


def of_file(path: str) -> tuple[Entry, ...]:
    folder, name = path.split("/")
    return READ[folder](recorded(folder, name))


@pytest.mark.parametrize("path", ROWS)
def test_each_recorded_answer_gives_what_stands_in_the_file(path: str) -> None:
    assert [row_of(entry) for entry in of_file(path)] == ROWS[path]


def test_no_recorded_answer_is_left_out() -> None:
    there = {
        f"{folder}/{path.stem}" for folder in READ for path in (SAMPLES / folder).glob("*.json")
    }
    assert there == set(ROWS) | ELSEWHERE


def values(found: tuple[Found, ...]) -> dict[str, tuple[Value, str]]:
    return {each.item.value: (each.value, each.as_of) for each in found}


def test_a_french_number_typed_with_blanks_is_a_siren() -> None:
    name = "lei-record-data-529900FCMZ4LKXFD0R69-airbus-fr"
    (entry,) = gleif.entries_of({"data": recorded("gleif", name)})
    assert entry.identifiers == {Scheme.LEI: "529900FCMZ4LKXFD0R69", Scheme.SIREN: "383474814"}
    assert entry.legal_form == "sas"
    assert values(entry.found) == {
        "registration_number": ("383474814", "2024-10-21"),
        "legal_name": ("AIRBUS", "2024-10-21"),
        "status": ("active", "2024-10-21"),
        "street": ("2 ÉTOLE DEWOITINE POINT ROUND", "2024-10-21"),
        "postal_code": ("31700", "2024-10-21"),
        "city": ("BLAGNAC", "2024-10-21"),
        "country": ("FR", "2024-10-21"),
    }
    assert gleif.total_of(recorded("gleif", "lei-records-search-12")) == 12


def test_a_british_company_gives_its_office_and_no_figures() -> None:
    (entry,) = of_file("companies-house/company-00002065-lloyds")
    assert values(entry.found) == {
        "registration_number": ("00002065", ""),
        "legal_name": ("LLOYDS BANK PLC", ""),
        "status": ("active", ""),
        "activity": ("uksic:64191", ""),
        "street": ("25 Gresham Street", ""),
        "postal_code": ("EC2V 7HN", ""),
        "city": ("London", ""),
        "country": ("GB", ""),
    }
    search = recorded("companies-house", "synthetic-search-companies-tesco")
    assert set(found_of(companies_house.entries_of(search)[1])) == {
        Item.REGISTRATION_NUMBER,
        Item.LEGAL_NAME,
        Item.STATUS,
    }


def test_the_status_words_of_companies_house_are_all_known_or_left_open() -> None:
    words = recorded("companies-house", "enumerations-subset")
    assert isinstance(words, dict)
    standings = {word: companies_house.british.standing(word) for word in words["company_status"]}
    assert {word: standing.value for word, standing in standings.items()} == {
        "active": "active",
        "open": "active",
        "registered": "active",
        "dissolved": "ceased",
        "liquidation": "ceased",
        "converted-closed": "ceased",
        "closed": "ceased",
        "removed": "ceased",
        "receivership": "unknown",
        "voluntary-arrangement": "unknown",
        "insolvency-proceedings": "unknown",
        "administration": "unknown",
    }


@pytest.mark.parametrize(
    "name",
    [
        "synthetic-ms-ms-max-concurrent-req",
        "synthetic-ms-ms-unavailable",
        "synthetic-ms-timeout",
        "synthetic-post-check-error",
    ],
)
def test_a_member_state_that_does_not_answer_says_nothing_of_a_number(name: str) -> None:
    with pytest.raises(LookupFailed, match="VIES"):
        vies.entries_of(recorded("vies", name))


def test_only_invalid_means_that_a_number_is_not_valid() -> None:
    assert vies.is_valid(recorded("vies", "synthetic-ms-DE-valid-no-name"))
    assert not vies.is_valid(recorded("vies", "synthetic-ms-FR-invalid"))


def test_vies_says_of_when_it_is() -> None:
    (entry,) = of_file("vies/ms-PL-vat-7740001454-valid")
    assert values(entry.found) == {
        "vat_number": ("7740001454", "2026-10-08"),
        "legal_name": ("ORLEN SPÓŁKA AKCYJNA", "2026-10-08"),
    }


def test_insee_gives_the_address_with_the_seat_s_answer_only() -> None:
    (entry,) = of_file("insee-sirene/v3-siret-26570134200148-masquer-valeurs-nulles")
    found = values(entry.found)
    assert found["street"] == ("22 RUE DU WAD BILLY", "2021-10-27")
    assert found["postal_code"] == ("57000", "2021-10-27")
    assert found["employees_band"] == ("50-99", "2019")


def test_the_sec_s_address_leaves_out_the_word_none() -> None:
    (entry,) = of_file("sec-edgar/submissions-CIK0001318605-tesla")
    assert values(entry.found) == {
        "legal_name": ("Tesla, Inc.", ""),
        "activity": ("ussic:3711", ""),
        "street": ("3500 DEER CREEK RD", ""),
        "postal_code": ("94304", ""),
        "city": ("PALO ALTO", ""),
        "country": ("US", ""),
    }


@pytest.mark.parametrize(
    ("name", "amount", "year", "end"),
    [
        ("companyfacts-CIK0001640147-snowflake", 3626396000, 2025, "2025-01-31"),
        ("companyfacts-CIK0001997711-lpa-ifrs", 43862372, 2024, "2024-12-31"),
    ],
)
def test_revenue_is_the_newest_business_year_s(name: str, amount: int, year: int, end: str) -> None:
    assert values(sec_edgar.revenue_of(recorded("sec-edgar", name))) == {
        "revenue": (amount, end),
        "revenue_year": (year, end),
        "revenue_currency": ("USD", end),
    }


@pytest.mark.parametrize(
    ("name", "cik"),
    [
        ("Apple", "0000320193"),
        ("Microsoft Corporation", "0000789019"),
        ("AMAZON COM", "0001018724"),
        ("Exemple de Toulouse", ""),
    ],
)
def test_the_nearest_listed_name(name: str, cik: str) -> None:
    assert sec_edgar.nearest(recorded("sec-edgar", "company_tickers-first-300"), name) == cik


def test_a_school_has_its_names_and_its_number() -> None:
    (entry,) = of_file("wikidata/entity-Q83259-ens-paris")
    assert entry.names[:3] == (
        "École normale supérieure",
        "École Normale Supérieure",
        "Ecole Normale Superieure",
    )
    assert "ENS Ulm" in entry.names
    assert entry.identifiers == {Scheme.WIKIDATA: "Q83259", Scheme.SIREN: "197534597"}
    assert [place_row(place) for place in entry.places] == ["75230 FR"]
    assert values(entry.found) == {
        "registration_number": ("197534597", ""),
        "website": ("https://www.ens.fr/", ""),
    }


def test_statements_deprecated_without_value_or_date_say_nothing() -> None:
    shapes = recorded("wikidata", "synthetic-statement-shapes")
    assert isinstance(shapes, dict)
    entity = {"labels": {"fr": {"value": "Exemple"}}, "claims": shapes["claims"]}
    (entry,) = wikidata.entries_of({"entities": {"Q42000000": entity}})
    # 250 employees stand there without any date.
    assert found_of(entry) == {Item.LINKEDIN: "https://www.linkedin.com/company/exemple-sas"}


def test_values_of_wikidata_say_of_when_they_are() -> None:
    (entry,) = of_file("wikidata/entity-Q2283-microsoft")
    found = values(entry.found)
    assert found["employees_least"] == (144000, "2019-06-30")
    assert found["revenue"] == (125843000000, "2019")


def test_a_search_by_label_gives_items_in_their_order() -> None:
    items = wikidata.candidates_of(recorded("wikidata", "wbsearchentities-abc"))
    assert items == (
        *("Q169889", "Q286874", "Q781365", "Q287076"),
        *("Q304330", "Q1057802", "Q26298"),
    )


@pytest.mark.parametrize("read", [wikidata.entries_of, wikidata.candidates_of])
def test_wikidata_that_is_behind_is_asked_later(read: Callable[[object], object]) -> None:
    with pytest.raises(SourceUnavailable, match="maxlag"):
        read(recorded("wikidata", "error-maxlag"))


@pytest.mark.parametrize("name", ["synthetic-sparql-by-siren-327733184", "synthetic-sparql-empty"])
def test_an_answer_to_another_kind_of_question_is_none(name: str) -> None:
    with pytest.raises(LookupFailed, match="Wikidata"):
        wikidata.entries_of(recorded("wikidata", name))
