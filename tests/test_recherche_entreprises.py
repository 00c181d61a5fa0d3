"""Does each recorded answer of the French register give what a person reads in the file?

Every row was written by hand from the file. A row is: SIREN | names | form | standing | activity |
employees | turnover | seat | establishments; "-" is nothing, and (closed) is said of a place.
"""

import json

import pytest
from register_rows import SAMPLES, found_of, place_row, recorded

from sfsync.enrich.model import Entry, Item, Place, Scheme, Standing
from sfsync.enrich.recherche_entreprises import entries_of, total_of
from sfsync.errors import LookupFailed

FOLDER = "recherche-entreprises"

ROWS = {
    "siren-123456789-ghost-invalid-checksum": [],
    "siren-130025265-dinum": [
        "130025265 | DIRECTION INTERMINISTERIELLE DU NUMERIQUE; DINUM | - | active | naf2:84.11Z"
        " | 250-499 in 2023 | - | 20 AVENUE DE SEGUR, 75007 PARIS FR | -",
    ],
    "siren-300025764-non-diffusible": ["300025764 | masked person"],
    "siren-302474648-naturalia-france": [
        "302474648 | NATURALIA FRANCE | sas | active | naf2:47.29Z | 1000-1999 in 2023"
        " | 309041273 EUR in 2024 | 14 RUE MARC BLOCH, 92110 CLICHY FR | -",
    ],
    "siren-351556394-finassur": [
        "351556394 | FINASSUR | sarl | active | naf2:66.22Z | - | -"
        " | 1 IMPASSE DES CAMISARDS, 97420 LE PORT FR (closed) | -",
    ],
    "siren-356000000-la-poste": [
        "356000000 | LA POSTE | sa | active | naf2:53.10Z | 10000+ in 2023"
        " | 34569000000 EUR in 2024 | 9 RUE DU COLONEL PIERRE AVIA, 75015 PARIS FR | -",
    ],
    "siren-400461356-restaurants-du-coeur-association": [
        "400461356 | LES RESTAURANTS DU COEUR | association | active | naf2:88.99B"
        " | 50-99 in 2023 | - | 10 SQUARE DUMONT D'URVILLE, 49000 ANGERS FR | -",
    ],
    "siren-423208180-ganymede-sci": [
        "423208180 | GANYMEDE | sci | active | naf2:68.20B | - | -"
        " | ESPACE SOLEIL BAT C ROUTE DE GRUISSAN, 11100 NARBONNE FR | -",
    ],
    "siren-487444697-essor-energies": [
        "487444697 | ESSOR ENERGIES; SOLARSUD | sarl | active | naf2:35.11Z | 20-49 in 2023"
        " | 1848367 EUR in 2022 | 22 RUE MAISON BLANCHE, 24330 BOULAZAC ISLE MANOIRE FR | -",
    ],
    "siren-533744991-iddee-13": [
        "533744991 | IDDEE 13 | sas | active | naf2:38.32Z | 20-49 in 2023 | 3130136 EUR in 2024"
        " | 1 AVENUE DE LA BAUXITE, 13015 MARSEILLE FR | -",
    ],
    "siren-552032534-danone": [
        "552032534 | DANONE | sa | active | naf2:70.10Z | 1000-1999 in 2023"
        " | 27376000000 EUR in 2024 | 59-61 RUE LA FAYETTE, 75009 PARIS FR | -",
    ],
    "siren-784410607-comite-entreprise": [
        "784410607 | COMITE D'ENTREPRISE DU JOURNAL LE MONDE | - | active | naf2:94.20Z"
        " | 3-5 in 2023 | - | 80 BOULEVARD AUGUSTE BLANQUI, 75013 PARIS FR | -",
    ],
    "siren-839517323-red-needles-closed": [
        "839517323 | RED NEEDLES | sarl | ceased | - | - | -"
        " | 17 RUE DE FRANCEVILLE, 93220 GAGNY FR (closed) | -",
    ],
    "siren-843701079-besoin-de-toit": [
        "843701079 | BESOIN DE TOIT | sas | active | naf2:43.91A | 6-9 in 2023 | -"
        " | LD LA VAURELLE, 81170 CORDES-SUR-CIEL FR | -",
    ],
    "siren-880878145-ganymede-closed": [
        "880878145 | GANYMEDE | sas | ceased | - | - | -"
        " | 128 RUE LA BOETIE, 75008 PARIS 8 FR (closed) | -",
    ],
    "siren-908595879-severnaya": [
        "908595879 | SEVERNAYA | sas | active | naf2:70.21Z | 1-2 in 2023 | -"
        " | 10 RUE DE PENTHIEVRE, 75008 PARIS FR | -",
    ],
    "siret-12345678900003-no-result": [],
    "siret-48744469700428-essor-energies": [
        "487444697 | ESSOR ENERGIES; SOLARSUD | sarl | active | naf2:35.11Z | 20-49 in 2023"
        " | 1848367 EUR in 2022 | 22 RUE MAISON BLANCHE, 24330 BOULAZAC ISLE MANOIRE FR | -",
    ],
    "siret-88087814500015-ganymede-closed": [
        "880878145 | GANYMEDE | sas | ceased | - | - | -"
        " | 128 RUE LA BOETIE, 75008 PARIS 8 FR (closed) | -",
    ],
    "text-ag-code_postal-35000": [
        "435246145 | P&T TECHNOLOGY AG | - | active | naf2:71.12B | - | - | DE | 35000 RENNES FR",
        "835013798 | DERBAS AG; L'EPICERIE D'ALPHONSE | sas | active | naf2:47.11B | 1-2 in 2023"
        " | - | LD LA BARBERAIS RUE DE RENNES, 35650 LE RHEU FR | 35000 RENNES FR",
        "389600982 | ELOTEX AG | - | active | naf2:46.75Z | - | - | CH | 35000 RENNES FR (closed)",
        "841311574 | AG INVEST | sc | active | naf2:64.20Z | - | -"
        " | 22 RUE DES JARDINS, 53000 LAVAL FR | 35000 RENNES FR (closed)",
        "492659784 | AG OFFICE | sarl | active | naf2:70.22Z | - | -"
        " | 8 RUE DU LOUIS D'OR, 35000 RENNES FR | -",
        "823403233 | AG CONSULTANT | sarl | active | naf2:70.10Z | - | 114997 EUR in 2022"
        " | 40 RUE DES LILAS, 35510 CESSON-SEVIGNE FR | 35000 RENNES FR (closed)",
        "888427994 | AG DEVELOPMENT | sarl | active | naf2:70.22Z | - | 96000 EUR in 2022"
        " | 78 AVENUE DES CHAMPS ELYSEES, 75008 PARIS FR"
        " | 35000 RENNES FR (closed); 35000 RENNES FR (closed)",
        "977850965 | AG CONSEIL | sas | active | naf2:82.11Z | - | -"
        " | 22 RUE DES JARDINS, 53000 LAVAL FR | 35000 RENNES FR (closed)",
        "892707498 | AG TRAINING & CONSULTING | sas | active | naf2:70.22Z | - | -"
        " | 9 RUE LA MOTTE PICQUET, 35000 RENNES FR | -",
        "775695901 | AUBADE PARIS; AUBADE L ART D AIMER | sas | active | naf2:14.14Z"
        " | 250-499 in 2023 | 64085787 EUR in 2024 | 10 RUE DU COLONEL DRIANT, 75001 PARIS FR"
        " | 35000 RENNES FR",
    ],
    "text-aga": [
        "981407265 | AGA | sci | active | naf2:68.20B | - | -"
        " | 65 RUE D'AVON, 77300 FONTAINEBLEAU FR | -",
        "933292930 | AGA | sci | active | naf2:68.20B | - | -"
        " | 22 RUE JEAN GABIN, 92300 LEVALLOIS-PERRET FR | -",
        "537537870 | AGA | sci | active | naf2:68.20B | - | -"
        " | 8 RUE DE NORMANDIE, 14440 DOUVRES-LA-DELIVRANDE FR | 75009 PARIS FR (closed)",
        "910287226 | AGA | sarl | active | naf2:56.10A | 3-5 in 2023 | -"
        " | 51 COURS DU GENERAL DE GAULLE, 33640 ARBANATS FR | 33410 CADILLAC-SUR-GARONNE FR",
        "904438777 | AGA | sas | active | naf2:47.11B | 3-5 in 2023 | 1008734 EUR in 2023"
        " | 1 RUE DU MOULIN DE L'ARMANCE, 10210 CHAOURCE FR | 21330 LAIGNES FR",
        "102476066 | AGA | sci | active | naf2:68.20B | - | -"
        " | 9 ALLEE DES TILLEULS, 92220 BAGNEUX FR | -",
        "514337534 | AGA | sarl | active | naf2:43.99C | - | -"
        " | 18 RUE GUSTAVE EIFFEL, 91100 CORBEIL-ESSONNES FR | -",
        "899197248 | AGA | sci | active | naf2:68.20B | - | -"
        " | 15 RUE GENERAL DE GAULLE, 27180 SAINT-SEBASTIEN-DE-MORSENT FR | -",
        "903387264 | AGA | sci | active | naf2:68.20B | - | -"
        " | 37 RUE MAURICE THOREZ, 92000 NANTERRE FR | -",
        "890385818 | AGA | sc | active | naf2:68.20B | - | -"
        " | 46 BOULEVARD RICHARD LENOIR, 75011 PARIS FR | 75008 PARIS FR (closed)",
    ],
    "text-ganymede-ca_min-100-resultat_net_max-100000": [
        "817883150 | GANYMEDE | sas | active | naf2:70.22Z | 1-2 in 2023 | 106650 EUR in 2018"
        " | 3 RUE DE LA GAITE, 75014 PARIS FR | -",
        "414971929 | FINANCIERE GANYMEDE | sas | active | naf2:64.30Z | 1-2 in 2023"
        " | 19200 EUR in 2024 | ZAC DE COURTINE IV RUE RIGOBERTA MENCHU, 84000 AVIGNON FR"
        " | 92800 PUTEAUX FR; 78160 MARLY-LE-ROI FR (closed)",
        "491470597 | MCDC 31264 | sarl | active | naf2:46.19B | - | 80666 EUR in 2019"
        " | 16 CHEMIN DE GANYMEDE, 33460 MACAU FR | -",
        "479285801 | FRANK HATEM & EUGENIE ROSEC; UCER - GANYMEDE;"
        " SARL FRANK HATEM & EUGENIE ROSEC UCER-GANYMEDE | sarl | active | naf2:46.18Z | -"
        " | 16458 EUR in 2023 | 16 B BOULEVARD CHAMBLAIN, 77000 MELUN FR | -",
        "800069130 | SOL GRAND SUD; S.G.S | sarl | active | naf2:43.33Z | 1-2 in 2023"
        " | 130677 EUR in 2022 | 125 RUE GANYMEDE, 34990 JUVIGNAC FR | -",
        "852504034 | PATRIMOINE OCCITAN; GANYMEDE PATRIMOINE | sas | active | naf2:68.31Z"
        " | 3-5 in 2023 | 360098 EUR in 2020 | 3 GALERIE DU MIDI, 31250 REVEL FR | -",
    ],
    "text-ganymede": [
        "901723403 | GANYMEDE | sci | active | naf2:68.20B | - | -"
        " | 58 BOULEVARD ARISTIDE BRIAND, 63000 CLERMONT-FERRAND FR | -",
        "940221229 | GANYMEDE | sc | active | naf2:66.30Z | - | -"
        " | 1226 CHEMIN DE SAINT-MARC, 13410 LAMBESC FR | -",
        "510973431 | GANYMEDE | sci | active | naf2:68.20B | - | -"
        " | 3 TRAVERSE DES PENITENTS NOIRS, 13600 LA CIOTAT FR | 13600 LA CIOTAT FR (closed)",
        "981195464 | GANYMEDE; UNE POIGNEE DE FRIANDISES | sas | active | naf2:47.24Z | - | -"
        " | 6 RUE GEORGES WODLI, 67000 STRASBOURG FR | -",
        "423208180 | GANYMEDE | sci | active | naf2:68.20B | - | -"
        " | ESPACE SOLEIL BAT C ROUTE DE GRUISSAN, 11100 NARBONNE FR | -",
        "817883150 | GANYMEDE | sas | active | naf2:70.22Z | 1-2 in 2023 | 106650 EUR in 2018"
        " | 3 RUE DE LA GAITE, 75014 PARIS FR | -",
        "803657048 | GANYMEDE | sc | active | naf2:68.20B | - | -"
        " | 4 IMPASSE BEL AIR, 57970 YUTZ FR | -",
        "940583776 | GANYMEDE | sas | active | naf2:66.30Z | - | -"
        " | 78 CHEMIN DES SEPT DENIERS, 31200 TOULOUSE FR | -",
        "944661834 | GANYMEDE | sas | active | naf2:66.30Z | - | -"
        " | 231 RUE SAINT-HONORE, 75001 PARIS FR | -",
        "449544444 | GANYMEDE | sarl | active | naf1:51.4A | - | -"
        " | 16 RUE JEAN JACQUES ROUSSEAU, 93400 SAINT-OUEN-SUR-SEINE FR (closed) | -",
    ],
    "text-kikou": [
        "441232121 | KIKOU | sci | active | naf2:68.20B | - | -"
        " | 16 RUE ALEXANDER FLEMING, 31240 SAINT-JEAN FR | -",
        "910866482 | KIKOU | sarl | active | naf2:56.10C | 1-2 in 2023 | 229786 EUR in 2024"
        " | 56 RUE CATHERINE DE LA ROCHEFOUCAULD, 75009 PARIS FR | -",
        "910014489 | KIKOU | sas | active | naf2:66.30Z | - | -"
        " | 10 RUE BOUTAREL, 75004 PARIS FR | -",
        "480189679 | KIKOU | sarl | active | naf2:47.71Z | 1-2 in 2023 | 335869 EUR in 2016"
        " | 10 RUE GENERAL ROSE, 83110 SANARY-SUR-MER FR | -",
        "421782335 | KIKOU | sci | active | naf2:68.20B | - | -"
        " | 11 AVENUE DE GRASSI, 13100 AIX-EN-PROVENCE FR"
        " | 13100 AIX-EN-PROVENCE FR (closed); 13100 AIX-EN-PROVENCE FR (closed)",
        "104215660 | KIKOU | sci | active | naf2:68.20B | - | -"
        " | 97 AVENUE MICHEL-ANGE, 83600 FREJUS FR | -",
        "488549601 | KIKOU | sci | active | naf2:68.20B | - | -"
        " | RTE DE LA CHAPELLE, 21310 ARCEAU FR | -",
        "821795283 | KIKOU | sci | active | naf2:68.20A | - | -"
        " | 85 RUE BRANCION, 75015 PARIS FR | -",
        "531606028 | KIKOU | sci | active | naf2:68.20B | - | -"
        " | VILLA PITCHOUNE MARIGOT, 97133 SAINT-BARTHELEMY FR"
        " | 97133 SAINT BARTHELEMY FR (closed); 97133 SAINT BARTHELEMY FR (closed)",
        "503302861 | KIKOU; MY GYM | sas | active | naf2:68.10Z | - | -"
        " | 27 CHEMIN DE SAINT-JEAN, 31850 MONTRABE FR | 31700 BEAUZELLE FR (closed)",
    ],
    "text-la-poste": [
        "356000000 | LA POSTE | sa | active | naf2:53.10Z | 10000+ in 2023"
        " | 34569000000 EUR in 2024 | 9 RUE DU COLONEL PIERRE AVIA, 75015 PARIS FR"
        " | 72300 SABLE-SUR-SARTHE FR; 72120 SAINT-CALAIS FR; 72380 SAINTE-JAMME-SUR-SARTHE FR",
        "532484755 | LA POSTE | sci | active | naf2:68.20B | - | -"
        " | 4 RUE DUBOURDIEU, 33370 TRESSES FR | -",
        "903908796 | LA POSTE | sci | active | naf2:68.20B | - | -"
        " | FRM DE VALSERY, 02600 COEUVRES-ET-VALSERY FR | -",
        "505017012 | LA POSTE | sci | active | naf2:68.20B | - | -"
        " | 81 RUE JOUFFROY D'ABBANS, 75017 PARIS FR | 75009 PARIS FR (closed)",
        "987940533 | LA POSTE | sci | active | naf2:68.20B | - | -"
        " | 431 CHEMIN DE MARBAN, 36130 DEOLS FR | -",
        "811113067 | LA POSTE | sci | active | naf2:68.20B | - | -"
        " | 12 RUE DU GENERAL DE GAULLE, 88500 MATTAINCOURT FR | -",
        "883262073 | LA POSTE | sci | active | naf2:68.20B | - | -"
        " | 118 RUE DES JONQUILLES, 85220 COMMEQUIERS FR | -",
        "928695022 | LA POSTE | sci | active | naf2:68.20B | - | -"
        " | 2 BOULEVARD DU 11 NOVEMBRE, 50150 SOURDEVAL FR | -",
        "483315974 | LA POSTE | - | active | naf2:81.10Z | - | -"
        " | 27 GRANDE RUE, 25500 MORTEAU FR | -",
        "338403827 | LA POSTE | sci | active | naf2:68.20B | - | -"
        " | 350 ROUTE DES ANGERES, 38410 SAINT-MARTIN-D'URIAGE FR (closed)"
        " | 38000 GRENOBLE FR (closed)",
    ],
}


def row_of(entry: Entry) -> str:
    if entry.is_masked or entry.is_person:
        said = (("masked", entry.is_masked), ("person", entry.is_person))
        return f"{entry.key} | {' '.join(word for word, holds in said if holds)}"
    found = found_of(entry)
    seats = [place_row(place) for place in entry.places if place.is_seat]
    others = [place_row(place) for place in entry.places if not place.is_seat]
    band, year = found.get(Item.EMPLOYEES_BAND), found.get(Item.EMPLOYEES_YEAR)
    sales = [
        str(found.get(item)) for item in (Item.REVENUE, Item.REVENUE_CURRENCY, Item.REVENUE_YEAR)
    ]
    cells = [
        entry.key,
        "; ".join(entry.names),
        entry.legal_form,
        entry.standing.value,
        str(found.get(Item.ACTIVITY) or ""),
        f"{band} in {year}" if band else "",
        "{} {} in {}".format(*sales) if Item.REVENUE in found else "",
        "; ".join(seats),
        "; ".join(others),
    ]
    return " | ".join(cell or "-" for cell in cells)


def of_file(name: str) -> tuple[Entry, ...]:
    return entries_of(recorded(FOLDER, name))


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the recorded answers are not at hand here")
@pytest.mark.parametrize("name", ROWS)
def test_each_recorded_answer_gives_what_stands_in_the_file(name: str) -> None:
    assert [row_of(entry) for entry in of_file(name)] == ROWS[name]


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the recorded answers are not at hand here")
def test_no_recorded_answer_is_left_out() -> None:
    there = {path.stem for path in (SAMPLES / FOLDER).glob("si*.json")}
    there |= {path.stem for path in (SAMPLES / FOLDER).glob("text-*.json")}
    assert there == set(ROWS)
    assert len(there) == 25


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the recorded answers are not at hand here")
def test_each_value_says_of_when_it_is() -> None:
    (entry,) = of_file("siren-552032534-danone")
    assert {each.item.value: (each.value, each.as_of) for each in entry.found} == {
        "registration_number": ("552032534", "2026-05-17"),
        "legal_name": ("DANONE", "2026-05-17"),
        "status": ("active", "2026-05-17"),
        "vat_number": ("FR27552032534", "2026-05-17"),
        "activity": ("naf2:70.10Z", "2026-05-17"),
        "employees_band": ("1000-1999", "2023"),
        "employees_least": (1000, "2023"),
        "employees_most": (1999, "2023"),
        "employees_year": (2023, "2023"),
        "revenue": (27376000000, "2024"),
        "revenue_year": (2024, "2024"),
        "revenue_currency": ("EUR", "2024"),
        "street": ("59-61 RUE LA FAYETTE", "2026-05-17"),
        "postal_code": ("75009", "2026-05-17"),
        "city": ("PARIS", "2026-05-17"),
        "country": ("FR", "2026-05-17"),
    }
    assert entry.identifiers == {Scheme.SIREN: "552032534", Scheme.VAT: "FR27552032534"}
    assert entry.url == "https://annuaire-entreprises.data.gouv.fr/entreprise/552032534"


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the recorded answers are not at hand here")
def test_a_ceased_company_gives_no_figures_and_no_address() -> None:
    (entry,) = of_file("siren-839517323-red-needles-closed")
    assert found_of(entry) == {
        Item.REGISTRATION_NUMBER: "839517323",
        Item.LEGAL_NAME: "RED NEEDLES",
        Item.STATUS: "ceased",
    }


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the recorded answers are not at hand here")
def test_what_is_masked_leaves_nothing_behind() -> None:
    (entry,) = of_file("siren-300025764-non-diffusible")
    assert (entry.names, entry.places, entry.found) == ((), (), ())
    assert "NON-DIFFUSIBLE" not in repr(entry)


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the recorded answers are not at hand here")
def test_a_seat_that_is_closed_or_abroad_gives_no_address() -> None:
    (closed,) = of_file("siren-351556394-finassur")
    assert not {Item.STREET, Item.CITY, Item.COUNTRY} & set(found_of(closed))
    abroad = of_file("text-ag-code_postal-35000")[0]
    assert abroad.places[0] == Place(country="DE", is_seat=True)
    assert found_of(abroad)[Item.COUNTRY] == "DE"
    assert not {Item.STREET, Item.CITY, Item.VAT_NUMBER} & set(found_of(abroad))


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the recorded answers are not at hand here")
def test_an_error_says_what_the_source_says() -> None:
    for each in json.loads((SAMPLES / FOLDER / "error-bodies.json").read_text()):
        with pytest.raises(LookupFailed) as caught:
            entries_of(each["body"])
        assert each["body"]["erreur"] in str(caught.value)


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the recorded answers are not at hand here")
def test_how_many_there_are_in_all() -> None:
    assert total_of(recorded(FOLDER, "text-kikou")) == 91
    assert total_of(recorded(FOLDER, "text-la-poste")) == 10000


def company(**values: object) -> dict[str, object]:
    """One result of the search, of a company that does not exist."""
    result: dict[str, object] = {
        "siren": "732829320",
        "nom_complet": "ATELIER EXEMPLE (L'EXEMPLAIRE) (A.E)",
        "nom_raison_sociale": "ATELIER EXEMPLE",
        "sigle": "A.E",
        "siege": {
            "siret": "73282932000074",
            "etat_administratif": "A",
            "numero_voie": "3",
            "type_voie": "RUE",
            "libelle_voie": "DES EXEMPLES",
            "code_postal": "31000",
            "libelle_commune": "TOULOUSE",
        },
        "activite_principale": "62.01Z",
        "etat_administratif": "A",
        "nature_juridique": "5710",
        "tranche_effectif_salarie": "12",
        "annee_tranche_effectif_salarie": "2023",
        "statut_diffusion": "O",
        "finances": {"2024": {"ca": 1200000, "resultat_net": 0}},
        "date_mise_a_jour": "2026-05-17T10:30:52",
    }
    return {"results": [result | values]}


def only(answer: object) -> Entry:
    (entry,) = entries_of(answer)
    return entry


@pytest.mark.parametrize(
    ("code", "year", "band"),
    [
        ("12", "2023", "20-49"),
        ("00", "2023", "0"),
        ("53", "2023", "10000+"),
        ("NN", None, None),
        ("NN", "2023", None),
        (None, "2023", None),
        ("12", None, None),
        ("99", "2023", None),
    ],
)
def test_a_band_without_year_or_meaning_says_nothing(
    code: str | None, year: str | None, band: str | None
) -> None:
    answer = company(tranche_effectif_salarie=code, annee_tranche_effectif_salarie=year)
    found = found_of(only(answer))
    assert found.get(Item.EMPLOYEES_BAND) == band
    assert (Item.EMPLOYEES_LEAST in found) == (band is not None)


@pytest.mark.parametrize(
    ("finances", "revenue"),
    [
        ({"2024": {"ca": 5, "resultat_net": 0}}, 5),
        ({"2024": {"ca": None, "resultat_net": 7}}, None),
        ({"2024": {"ca": 0}}, None),
        ({"2024": {"ca": -5}}, None),
        ({"2022": {"ca": 4}, "2024": {"ca": 6}}, 6),
        (None, None),
        ({}, None),
    ],
)
def test_turnover_is_the_newest_year_s_or_none(finances: object, revenue: int | None) -> None:
    assert found_of(only(company(finances=finances))).get(Item.REVENUE) == revenue


@pytest.mark.parametrize(
    ("values", "vat"),
    [
        ({}, "FR44732829320"),  # made from the SIREN
        ({"tva": None}, "FR44732829320"),
        ({"tva": ["FR44732829320"]}, "FR44732829320"),
        ({"tva": ["FR99732829320"]}, None),  # its key is wrong
        ({"tva": []}, None),  # listed as having none
    ],
)
def test_the_vat_number_is_listed_or_made(values: dict[str, object], vat: str | None) -> None:
    assert found_of(only(company(**values))).get(Item.VAT_NUMBER) == vat


@pytest.mark.parametrize(
    ("code", "activity"),
    [
        ("62.01Z", "naf2:62.01Z"),
        ("51.4A", "naf1:51.4A"),
        ("62.10Y", "naf2025:62.10Y"),  # from 2027 on
        ("62", None),
        (None, None),
    ],
)
def test_an_activity_says_of_which_classification(code: str | None, activity: str | None) -> None:
    assert found_of(only(company(activite_principale=code))).get(Item.ACTIVITY) == activity


def test_a_sole_trader_s_name_and_address_are_not_kept() -> None:
    entry = only(company(nature_juridique="1000", nom_raison_sociale=None))
    assert entry.is_person
    assert (entry.names, entry.places, entry.found) == ((), (), ())
    assert "EXEMPLE" not in repr(entry)


@pytest.mark.parametrize("status", ["P", "N", None])
def test_what_is_not_said_to_be_public_is_masked(status: str | None) -> None:
    entry = only(company(statut_diffusion=status))
    assert entry.is_masked
    assert "EXEMPLE" not in repr(entry)


def test_a_seat_that_is_masked_alone_is_not_shown() -> None:
    seat = {"siret": "73282932000074", "statut_diffusion_etablissement": "P", "commune": "31555"}
    entry = only(company(siege=seat | {"libelle_commune": "TOULOUSE"}))
    assert entry.places == ()
    assert Item.CITY not in found_of(entry)


def test_directors_are_not_read() -> None:
    answer = company(dirigeants=[{"nom": "Personne", "prenoms": "Exemple"}])
    assert "Personne" not in repr(only(answer))


def test_whoever_houses_a_company_is_not_in_its_address() -> None:
    seat = {
        "siret": "73282932000074",
        "complement_adresse": "CHEZ M EXEMPLE",
        "libelle_voie": "LE BOURG",
        "code_postal": "31000",
        "libelle_commune": "TOULOUSE",
    }
    assert only(company(siege=seat)).places[0].street == "LE BOURG"


@pytest.mark.parametrize(
    ("full", "legal", "names"),
    [
        ("EXEMPLE (FRANCE)", "EXEMPLE (FRANCE)", ("EXEMPLE (FRANCE)",)),
        ("EXEMPLE (FRANCE) (LA BOUTIQUE)", "EXEMPLE (FRANCE)", ("EXEMPLE (FRANCE)", "LA BOUTIQUE")),
        ("EXEMPLE (LA BOUTIQUE)", None, ("EXEMPLE", "LA BOUTIQUE")),
        (None, "EXEMPLE", ("EXEMPLE",)),
    ],
)
def test_the_names_within_the_full_name(
    full: str | None, legal: str | None, names: tuple[str, ...]
) -> None:
    answer = company(nom_complet=full, nom_raison_sociale=legal, sigle=None)
    assert only(answer).names == names


def test_an_unknown_state_is_unknown() -> None:
    entry = only(company(etat_administratif=None))
    assert entry.standing == Standing.UNKNOWN
    assert Item.STATUS not in found_of(entry)
