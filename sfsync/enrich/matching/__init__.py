"""Is it the same company?

`company.py` reads what the CRM has, `weigh.py` decides, of a company's own website `own_site.py`,
`clues.py` compares, `spoken.py` sums up; names, numbers, legal
forms, countries and places have a file each. Nothing here asks, reads or writes anything.
"""

from sfsync.enrich.matching.company import company_of, question_names
from sfsync.enrich.matching.countries import country_of
from sfsync.enrich.matching.numbers import Identified, identify, siren_of
from sfsync.enrich.matching.own_site import weigh_own_site
from sfsync.enrich.matching.places import site_of
from sfsync.enrich.matching.weigh import weigh

__all__ = [
    "Identified",
    "company_of",
    "country_of",
    "identify",
    "question_names",
    "siren_of",
    "site_of",
    "weigh",
    "weigh_own_site",
]
