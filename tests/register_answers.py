"""Which answers do sources give of a company that does not exist?

Atelier Exemple, of Toulouse, as each source would have it: enough for a look-up from end to end
where no recorded answers are at hand. All of it is made up.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sfsync.enrich.provider import Answer

SIREN, VAT, LEI = "732829320", "FR44732829320", "529900EXAMPLE0000073"

FRENCH: Mapping[str, Any] = {
    "results": [
        {
            "siren": SIREN,
            "nom_complet": "ATELIER EXEMPLE (L'EXEMPLAIRE) (A.E)",
            "nom_raison_sociale": "ATELIER EXEMPLE",
            "sigle": "A.E",
            "siege": {
                "siret": "73282932000074",
                "etat_administratif": "A",
                "code_pays_etranger": None,
                "complement_adresse": None,
                "numero_voie": "3",
                "type_voie": "RUE",
                "libelle_voie": "DES EXEMPLES",
                "code_postal": "31000",
                "libelle_commune": "TOULOUSE",
                "nom_commercial": "L'EXEMPLAIRE",
                "liste_enseignes": ["L'EXEMPLAIRE"],
            },
            "matching_etablissements": [
                {
                    "siret": "73282932000082",
                    "etat_administratif": "F",
                    "code_postal": "31700",
                    "libelle_commune": "BLAGNAC",
                }
            ],
            "activite_principale": "62.01Z",
            "etat_administratif": "A",
            "nature_juridique": "5710",
            "tranche_effectif_salarie": "12",
            "annee_tranche_effectif_salarie": "2023",
            "statut_diffusion": "O",
            "tva": [VAT],
            "finances": {"2024": {"ca": 1200000, "resultat_net": 0}},
            "date_mise_a_jour": "2026-05-17T10:30:52",
        }
    ],
    "total_results": 1,
}
SIRENE: Mapping[str, Any] = {
    "header": {"statut": 200, "message": "OK", "total": 1, "debut": 0, "nombre": 1},
    "etablissements": [
        {
            "siren": SIREN,
            "siret": "73282932000074",
            "statutDiffusionEtablissement": "O",
            "etablissementSiege": True,
            "uniteLegale": {
                "etatAdministratifUniteLegale": "A",
                "statutDiffusionUniteLegale": "O",
                "categorieJuridiqueUniteLegale": "5710",
                "denominationUniteLegale": "ATELIER EXEMPLE",
                "activitePrincipaleUniteLegale": "62.01Z",
                "nomenclatureActivitePrincipaleUniteLegale": "NAFRev2",
                "trancheEffectifsUniteLegale": "12",
                "anneeEffectifsUniteLegale": "2023",
                "dateDernierTraitementUniteLegale": "2026-04-27T08:13:02",
            },
            "adresseEtablissement": {
                "numeroVoieEtablissement": "3",
                "typeVoieEtablissement": "RUE",
                "libelleVoieEtablissement": "DES EXEMPLES",
                "codePostalEtablissement": "31000",
                "libelleCommuneEtablissement": "TOULOUSE",
            },
            "periodesEtablissement": [{"etatAdministratifEtablissement": "A"}],
        }
    ],
}
WORLD: Mapping[str, Any] = {
    "meta": {"pagination": {"total": 1}},
    "data": [
        {
            "type": "lei-records",
            "attributes": {
                "lei": LEI,
                "entity": {
                    "legalName": {"name": "ATELIER EXEMPLE"},
                    "otherNames": [{"name": "L'EXEMPLAIRE", "type": "TRADING_OR_OPERATING_NAME"}],
                    "legalAddress": {
                        "addressLines": ["3 RUE DES EXEMPLES"],
                        "city": "TOULOUSE",
                        "country": "FR",
                        "postalCode": "31000",
                    },
                    "registeredAs": "732 829 320",
                    "jurisdiction": "FR",
                    "category": "GENERAL",
                    "legalForm": {"id": "6CHY"},
                    "status": "ACTIVE",
                },
                "registration": {"status": "LAPSED", "lastUpdateDate": "2024-10-21T14:09:20Z"},
            },
        }
    ],
}
OFFICE = {"address_line_1": "1 Example Street", "locality": "Glasgow", "postal_code": "G1 1AA"}
BRITISH_HITS: Mapping[str, Any] = {
    "total_results": 812,
    "items": [
        {
            "title": "EXAMPLE WORKSHOP LIMITED",
            "company_number": "SC123456",
            "company_status": "active",
            "company_type": "ltd",
            "address": OFFICE,
        }
    ],
}
BRITISH: Mapping[str, Any] = {
    "company_name": "EXAMPLE WORKSHOP LIMITED",
    "company_number": "SC123456",
    "company_status": "active",
    "type": "ltd",
    "sic_codes": ["62012"],
    "previous_company_names": [{"name": "EXAMPLE SHED LIMITED"}],
    "registered_office_address": OFFICE,
    "registered_office_is_in_dispute": False,
}
TICKERS: Mapping[str, Any] = {
    "0": {"cik_str": 999001, "ticker": "EXWS", "title": "EXAMPLE WORKSHOP INC"},
    "1": {"cik_str": 999002, "ticker": "EXOT", "title": "OTHER EXAMPLES CORP"},
}
FILER: Mapping[str, Any] = {
    "cik": "999001",
    "name": "Example Workshop, Inc.",
    "sic": "7372",
    "website": "",
    "formerNames": [{"name": "EXAMPLE SHED INC"}],
    "addresses": {
        "business": {
            "street1": "1 EXAMPLE WAY",
            "street2": None,
            "city": "TUMWATER",
            "stateOrCountry": "WA",
            "zipCode": "98501",
        }
    },
}
FACTS: Mapping[str, Any] = {
    "facts": {
        "us-gaap": {
            "Revenues": {
                "units": {
                    "USD": [
                        {"start": "2023-01-01", "end": "2023-12-31", "val": 5000000}
                        | {"fp": "FY", "form": "10-K", "filed": "2024-03-01"},
                        {"start": "2024-01-01", "end": "2024-12-31", "val": 6000000}
                        | {"fp": "FY", "form": "10-K", "filed": "2025-03-01"},
                        {"start": "2024-10-01", "end": "2024-12-31", "val": 1500000}
                        | {"fp": "FY", "form": "10-K", "filed": "2025-03-01"},
                    ]
                }
            }
        }
    }
}


def claim(value: object, **qualifiers: object) -> Mapping[str, Any]:
    """One statement of Wikidata."""
    return {
        "mainsnak": {"snaktype": "value", "datavalue": {"value": value}},
        "rank": "normal",
        "qualifiers": {
            name: [{"snaktype": "value", "datavalue": {"value": each}}]
            for name, each in qualifiers.items()
        },
    }


HITS: Mapping[str, Any] = {"search": [{"id": "Q42000000", "label": "Atelier Exemple"}]}
NO_HITS: Mapping[str, Any] = {"query": {"search": []}}
ITEM: Mapping[str, Any] = {
    "entities": {
        "Q42000000": {
            "modified": "2026-02-03T04:05:06Z",
            "labels": {"fr": {"language": "fr", "value": "Atelier Exemple"}},
            "aliases": [],
            "claims": {
                "P31": [claim({"id": "Q4830453"})],
                "P17": [claim({"id": "Q142"})],
                "P856": [claim("https://www.atelier.example.org/")],
                "P4264": [claim("atelier-exemple")],
                "P1616": [claim(SIREN)],
                "P1128": [
                    claim(
                        {"amount": "+32", "unit": "1"},
                        P585={"time": "+2025-06-30T00:00:00Z", "precision": 11},
                    )
                ],
                "P2139": [
                    claim(
                        {"amount": "+1300000", "unit": "http://www.wikidata.org/entity/Q4916"},
                        P585={"time": "+2025-00-00T00:00:00Z", "precision": 9},
                    )
                ],
            },
        }
    }
}
VIES: Mapping[str, Any] = {
    "isValid": True,
    "requestDate": "2026-10-08T04:42:27.326Z",
    "userError": "VALID",
    "name": "ATELIER EXEMPLE SPÓŁKA AKCYJNA",
    "address": "UL. PRZYKŁADOWA 7\n09-411 PŁOCK",
    "vatNumber": "9999999999",
}

# What each provider reads, by its name; the registry's tests ask for one of each.
ANSWERS: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "recherche-entreprises": (FRENCH,),
    "insee-sirene": (SIRENE,),
    "gleif": (WORLD,),
    "companies-house": (BRITISH_HITS, BRITISH),
    "sec-edgar": (TICKERS, FILER, FACTS),
    "wikidata": (HITS, NO_HITS, ITEM),
    "vies": (VIES,),
}


@dataclass
class PaperWeb:
    """The role `Web` from a list: the first whose words are all in the question answers; what is
    not there is not found.
    """

    answers: Sequence[tuple[str, object]]
    asked: list[str] = field(default_factory=list)
    headers: Mapping[str, str] = field(default_factory=dict)
    key: str = ""

    def get(
        self,
        provider: str,
        url: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        key: str = "",
    ) -> Answer:
        self.headers, self.key = dict(headers or {}), key
        said = [f"{name}={value}" for name, value in (params or {}).items()]
        question = " ".join([url, *said])
        self.asked.append(question)
        for words, body in self.answers:
            if all(word in question for word in words.split()):
                return answer_of(body)
        return answer_of({}, 404)

    def page(self, url: str) -> Answer:
        raise AssertionError(f"no register reads a page: {url}")


def answer_of(body: object, status: int = 200) -> Answer:
    """An answer with this body as JSON."""
    moment = datetime(2026, 11, 26, tzinfo=UTC)
    return Answer(status, json.dumps(body).encode(), "https://example.org/", moment)
