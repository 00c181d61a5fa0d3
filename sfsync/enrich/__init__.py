"""What do public sources know of an account?

`provider.py` says what a provider is, `model.py` which values pass. A new provider is a file here
and a line below.
"""

from sfsync.enrich import (
    companies_house,
    gleif,
    insee_sirene,
    recherche_entreprises,
    sec_edgar,
    vies,
    website,
    wikidata,
)
from sfsync.enrich.provider import PROVIDERS

__all__ = [
    "PROVIDERS",
    "companies_house",
    "gleif",
    "insee_sirene",
    "recherche_entreprises",
    "sec_edgar",
    "vies",
    "website",
    "wikidata",
]
